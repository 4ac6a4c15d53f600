"""Vector files as bytes: GeoPackage with styles and metadata, GeoParquet 1.1, FlatGeobuf.

No file says when it was written: the same content gives the same bytes.
"""

import io
import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from geo.errors import DataFileError

STILL = "1980-01-01T00:00:00.000Z"  # the date of every file: the earliest that a zip can say
_STYLES = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256),
    f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256),
    styleName TEXT(30), styleQML TEXT, styleSLD TEXT, useAsDefault BOOLEAN, description TEXT,
    owner TEXT(30), ui TEXT(30), update_time DATETIME)
"""


@dataclass(frozen=True)
class Layer:
    """One layer of a GeoPackage: its frame, what it is in French, and its QGIS style (QML)."""

    frame: pd.DataFrame
    title: str
    style: str = ""


def to_gpkg(layers: Mapping[str, Layer], metadata: Mapping[str, str]) -> bytes:
    """Return a GeoPackage of several layers; a frame without geometry is a table.

    Styles go into ``layer_styles``, from which QGIS draws a layer as it opens it; ``metadata`` goes
    into ``gpkg_metadata``. Raises DataFileError when the file cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atlas.gpkg"
        try:
            for name, layer in layers.items():
                _add(path, name, layer, metadata)
            with closing(sqlite3.connect(path)) as connection:
                _settle(connection, layers)
        except (pyogrio.errors.DataSourceError, sqlite3.Error, OSError) as error:
            raise DataFileError(f"GeoPackage impossible à écrire ({error}).") from error
        return _uncounted(path.read_bytes())


def _uncounted(content: bytes) -> bytes:
    """Set the counters of changes of a SQLite file to one: GDAL commits more or less often.

    They are big-endian at bytes 24 and 92 of the header (file format of SQLite, section 1.3) and
    must be equal.
    """
    one = (1).to_bytes(4, "big")
    return content[:24] + one + content[28:92] + one + content[96:]


def _add(path: Path, name: str, layer: Layer, metadata: Mapping[str, str]) -> None:
    pyogrio.write_dataframe(
        _plain(layer.frame),
        path,
        layer=name,
        driver="GPKG",
        append=False,
        geometry_type=_geometry_type(layer.frame),
        dataset_metadata=dict(metadata),
        dataset_options={"VERSION": "1.3"},  # what QGIS 3.22 and its GDAL read without a warning
        layer_options={"IDENTIFIER": layer.title, "DESCRIPTION": layer.title},
    )


def _settle(connection: sqlite3.Connection, layers: Mapping[str, Layer]) -> None:
    connection.execute(_STYLES)
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles', 'Styles QGIS')"
    )
    for name, layer in layers.items():
        if layer.style:
            connection.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
                "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
                "owner, update_time) VALUES ('', '', ?, 'geom', ?, ?, '', 1, ?, '', ?)",
                (name, name, layer.style, layer.title, STILL),
            )
    connection.execute("UPDATE gpkg_contents SET last_change = ?", (STILL,))
    for (table,) in connection.execute(
        "SELECT name FROM sqlite_master WHERE name = 'gpkg_metadata_reference'"
    ).fetchall():
        connection.execute(f"UPDATE {table} SET timestamp = ?", (STILL,))  # noqa: S608
    connection.commit()
    connection.execute("VACUUM")


def _geometry_type(frame: pd.DataFrame) -> str | None:
    if not isinstance(frame, gpd.GeoDataFrame):
        return None
    kinds = {str(kind).removeprefix("Multi") for kind in frame.geom_type.dropna()}
    if kinds == {"Polygon"}:
        return "MultiPolygon"
    return "Point" if kinds in ({"Point"}, set()) else "Unknown"


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    # GDAL cuts a text at a NUL; pyogrio takes numpy's types of booleans only.
    texts = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name])]
    safe = frame.copy()
    for name in texts:
        safe[name] = safe[name].str.replace("\x00", "\ufffd", regex=False)
    for name in frame.columns[[str(kind) == "boolean" for kind in frame.dtypes]]:
        if not frame[name].hasnans:
            safe[name] = safe[name].astype(bool)
    return safe


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Return GeoParquet 1.1, geometries as WKB; a frame without geometry is plain Parquet.

    The column ``bbox`` covers the shapes where every row has one: the standard asks for a box on a
    row exactly when it has a shape, which the writer cannot say.
    """
    buffer = io.BytesIO()
    if isinstance(frame, gpd.GeoDataFrame):
        frame.to_parquet(
            buffer,
            index=False,
            schema_version="1.1.0",
            write_covering_bbox=covered(frame),
            compression="zstd",
        )
    else:
        frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def covered(layer: gpd.GeoDataFrame) -> bool:
    """Say whether every row has a shape, so that boxes and an index can be written."""
    return bool(layer.geometry.notna().all()) and len(layer) > 0


def to_flatgeobuf(layer: gpd.GeoDataFrame, name: str) -> bytes:
    """Return a layer as FlatGeobuf; without its spatial index where a row has no shape."""
    buffer = io.BytesIO()
    pyogrio.write_dataframe(
        _plain(layer),
        buffer,
        layer=name,
        driver="FlatGeobuf",
        geometry_type=_geometry_type(layer),
        promote_to_multi=_geometry_type(layer) == "MultiPolygon",
        layer_options={"SPATIAL_INDEX": "YES" if covered(layer) else "NO", "TITLE": name},
    )
    return buffer.getvalue()
