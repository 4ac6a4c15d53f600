"""Vector layers of uploads made tables of text: their columns, then where each feature is."""

import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import IO, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geo.crs import to_wgs84
from geo.errors import CrsError, DataFileError
from geo.headers import LINE, MOST_ROWS, letters, refuse_twice

_PLACES = ("longitude", "latitude")


def parquet_layer(file: IO[bytes], name: str) -> gpd.GeoDataFrame:
    """Read a GeoParquet in its own CRS; raises DataFileError when it is a Parquet without shapes.

    Its size once unpacked is judged from its footer first. Raises pyarrow's or geopandas' own
    errors (ArrowException, ValueError, OSError) when it is damaged.
    """
    footer = pq.ParquetFile(file)
    unpacked = sum(
        footer.metadata.row_group(k).total_byte_size for k in range(footer.num_row_groups)
    )
    if footer.metadata.num_rows > MOST_ROWS or unpacked > 2**30:
        raise DataFileError(f"{name} : plus de {MOST_ROWS} lignes ou d'un gigaoctet décompressé.")
    if b"geo" not in (footer.schema_arrow.metadata or {}):
        raise DataFileError(
            f"{name} : Parquet sans géométrie ; attendu : un GeoParquet, ou le même tableau en CSV."
        )
    file.seek(0)
    layer = gpd.read_parquet(file)
    if layer.crs is None:
        raise CrsError(f"{name} : système de coordonnées absent ; attendu : celui de la couche.")
    return layer


def table_of(layer: gpd.GeoDataFrame, name: str) -> pa.Table:
    """Return a layer as text with LINE and a position (EPSG:4326) for each feature.

    Raises DataFileError, with every fault, for a feature without a finite shape.
    """
    shapes = to_wgs84(layer).geometry.array
    published = layer.drop(columns=layer.geometry.name)
    columns = [_texts(published.iloc[:, k]) for k in range(published.shape[1])]
    return _assemble([str(one) for one in published.columns], columns, shapes, name)


def shapes_table(
    records: Sequence[dict[str, str]], shapes: Sequence[shapely.Geometry], name: str
) -> pa.Table:
    """Return records and their shapes (EPSG:4326) as ``table_of`` does."""
    names = list(dict.fromkeys(key for record in records for key in record))
    columns: list[list[str | None]] = [
        [record.get(key) or None for record in records] for key in names
    ]
    return _assemble(names, columns, np.asarray(shapes, dtype=object), name)


def _assemble(
    names: list[str], columns: list[list[str | None]], shapes: Any, name: str
) -> pa.Table:
    if not len(shapes):
        raise DataFileError(f"{name} : aucune entité ; attendu : une par projet.")
    shapes = np.asarray(shapes, dtype=object)
    lost = np.flatnonzero(~np.isfinite(shapely.bounds(shapes)).all(axis=1))
    if len(lost):
        told = ", ".join(str(k + 1) for k in lost[:20])
        raise DataFileError(
            f"{name} : géométrie absente, vide ou infinie, entité(s) {told} ; attendu : une "
            "position pour chaque entité. Complétez la couche, ou importez-la en CSV sans position."
        )
    points = shapely.point_on_surface(shapes)
    x, y = shapely.get_x(points), shapely.get_y(points)
    names = [one.strip() or f"colonne {letters(k)}" for k, one in enumerate(names)]
    refuse_twice(names, name, [letters(k) for k in range(len(names))])
    # The shape is where a feature is; columns of that name, if any, were written by hand.
    kept = [k for k, one in enumerate(names) if one.casefold() not in _PLACES]
    places = [[f"{value:.7f}" for value in values] for values in (x, y)]
    arrays = [pa.array(range(1, len(x) + 1), pa.int32())]
    arrays += [pa.array(one, pa.string()) for one in (*(columns[k] for k in kept), *places)]
    return pa.table(arrays, names=[LINE, *(names[k] for k in kept), *_PLACES])


def _texts(column: pd.Series) -> list[str | None]:
    return [_text(cell) for cell in column.astype("object")]


def _text(cell: object) -> str | None:
    if cell is None or cell is pd.NaT or cell is pd.NA:
        return None
    if isinstance(cell, bool | np.bool_):
        return "oui" if cell else "non"
    if isinstance(cell, float | np.floating):
        number = float(cell)
        if math.isnan(number):
            return None
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip() or None
