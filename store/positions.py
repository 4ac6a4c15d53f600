"""Files of positions of any shape: read as frames that lose no row, written with their answers.

CSV is read as text, so that codes keep their zeros; what comes out can be opened by a spreadsheet
without running anything that a cell holds.
"""

import csv
import io
import re
import tempfile
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException
from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

from geo.containers import open_layer, read_content
from geo.crs import to_wgs84
from geo.errors import DataFileError
from geo.writers import to_csv, to_geojson, write_file

FORMATS = (".csv", ".xlsx", ".geojson", ".gpkg", ".parquet")
_LAYERS = (".geojson", ".gpkg")
_NEGATIVE, _DECIMAL = re.compile("-"), re.compile("[.,]")
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:[.,][0-9]{1,12})?")
_XLSX_ROWS = 1_048_576
_MOST_LINES = 20


def require_format(path: Path) -> str:
    """Return the suffix of a file, in lower case; raises DataFileError for another than FORMATS."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise DataFileError(
            f"{path.name} : format « {suffix or 'sans suffixe'} » inconnu ; attendu : un nom qui "
            f"finit par {', '.join(FORMATS)}."
        )
    return suffix


def read_positions(path: Path) -> pd.DataFrame:
    """Read every row of a file in its order; a GeoDataFrame in its own CRS when it has shapes.

    Cells of CSV are text; those of the other formats keep their types; a blank cell is missing.
    Raises DataFileError, or CrsError for a layer without a known reference system.
    """
    suffix = require_format(path)
    if suffix in _LAYERS:
        return open_layer(path, blank=True)[0].reset_index(drop=True)
    content = read_content(path)
    if suffix == ".parquet":
        return _parquet(content, path.name)
    rows, lines = _csv(content, path.name) if suffix == ".csv" else _xlsx(content, path.name)
    return _table(rows, lines, path.name)


def _parquet(content: bytes, name: str) -> pd.DataFrame:
    try:
        table = pq.read_table(io.BytesIO(content))
        if b"geo" in (table.schema.metadata or {}):
            return gpd.read_parquet(io.BytesIO(content)).reset_index(drop=True)
        return table.to_pandas().reset_index(drop=True)
    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
        raise DataFileError(
            f"{name} n'est pas un fichier Parquet lisible ; vérifiez le format du fichier."
        ) from error


def _csv(content: bytes, name: str) -> tuple[list[list[Any]], list[int]]:
    text = _decoded(content, name)
    header = text.split("\n", 1)[0]
    separator = max((";", ",", "\t"), key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[Any]] = []
    lines: list[int] = []
    try:
        for row in reader:
            rows.append([cell if cell.strip() else None for cell in row])
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataFileError(
            f"{name}, ligne {reader.line_num} : CSV illisible ; attendu : une ligne d'en-tête, "
            "des cellules séparées par « ; » ou « , »."
        ) from error
    return rows, lines


def _decoded(content: bytes, name: str) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataFileError(
        f"{name} : codage du texte inconnu ; attendu : UTF-8 ou Windows-1252. Enregistrez le "
        "fichier en « CSV UTF-8 »."
    )


def _xlsx(content: bytes, name: str) -> tuple[list[list[Any]], list[int]]:
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise DataFileError(
            f"{name} n'est pas un classeur Excel lisible ; attendu : un fichier .xlsx dont la "
            "première feuille porte le tableau."
        ) from error
    while rows and all(cell is None for cell in rows[-1]):
        rows.pop()  # a spreadsheet remembers rows that were once used
    return rows, list(range(1, len(rows) + 1))


def _table(rows: list[list[Any]], lines: list[int], name: str) -> pd.DataFrame:
    """Return the rows below the header; raises DataFileError for cells without a column."""
    if not rows or not any(rows[0]):
        raise DataFileError(f"{name} : aucune ligne d'en-tête ; attendu : le nom des colonnes.")
    header = [str(cell).strip() if cell is not None else "" for cell in rows[0]]
    while header and not header[-1]:
        header.pop()
    wide = [
        str(line)
        for row, line in zip(rows[1:], lines[1:], strict=True)
        if any(cell is not None for cell in row[len(header) :])
    ]
    if wide:
        more = f" et {len(wide) - _MOST_LINES} autres" if len(wide) > _MOST_LINES else ""
        raise DataFileError(
            f"{name} : plus de cellules que de colonnes, ligne(s) {', '.join(wide[:_MOST_LINES])}"
            f"{more} ; attendu : {len(header)} cellules par ligne, un texte qui contient le "
            "séparateur étant entre guillemets."
        )
    columns = [title or f"colonne {place}" for place, title in enumerate(header, start=1)]
    twice = sorted({title for title in columns if columns.count(title) > 1})
    if twice:
        raise DataFileError(
            f"{name} : colonne(s) {', '.join(twice)} présente(s) plusieurs fois ; gardez-en une."
        )
    full = [(row + [None] * len(header))[: len(header)] for row in rows[1:]]
    return pd.DataFrame(full, columns=columns, dtype="object")


def numbers(column: pd.Series) -> NDArray[np.float64]:
    """Return cells as numbers, decimal comma or point; NaN for a blank or what is no number."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return np.asarray(column.to_numpy(dtype="float64", na_value=np.nan))
    return np.array([_number(cell) for cell in column], dtype="float64")


def _number(cell: object) -> float:
    text = re.sub(r"\s", "", str(cell)).replace(",", ".")
    try:
        return float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan


def write_positions(frame: pd.DataFrame, points: gpd.GeoSeries, path: Path) -> None:
    """Write a frame in the format of the suffix of ``path``, whole or not at all.

    ``points`` (EPSG:4326, on the index of ``frame``) are the shapes of a table written as a layer;
    a layer written as a table keeps its shapes as WKT. Raises DataFileError.
    """
    suffix = require_format(path)
    try:
        if suffix in _LAYERS:
            shapes = isinstance(frame, gpd.GeoDataFrame)
            layer = frame if shapes else gpd.GeoDataFrame(frame, geometry=points)
            content = _layer(layer, suffix)
        elif suffix == ".parquet":
            content = _to_parquet(frame)
        else:
            table = _flat(frame)
            content = to_csv(_signed(table)) if suffix == ".csv" else _to_xlsx(table)
    except (ValueError, TypeError, pa.ArrowException, *_GDAL_FAULTS) as error:
        raise DataFileError(
            f"{path.name} : contenu que ce format ne peut pas porter ({error}). Choisissez un "
            "autre format de sortie."
        ) from error
    write_file(path, content)


_GDAL_FAULTS = (DataSourceError, FeatureError, FieldError, GeometryError)


def _layer(layer: gpd.GeoDataFrame, suffix: str) -> bytes:
    if suffix == ".geojson":
        return to_geojson(_plain_json(to_wgs84(layer)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.gpkg"
        layer.to_file(path, driver="GPKG", layer="positions", engine="pyogrio")
        return path.read_bytes()


def _plain_json(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer as JSON may hold it: dates and infinite numbers as text, nowhere as null."""
    columns: dict[str, pd.Series] = {}
    for name in layer.columns.drop(layer.geometry.name):
        values = layer[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            columns[name] = values.astype("str")
        elif pd.api.types.is_float_dtype(values) and np.isinf(numbers(values)).any():
            columns[name] = values.astype("object").mask(np.isinf(numbers(values)), "inf")
    placed = np.isfinite(layer.geometry.bounds).all(axis=1)
    return layer.assign(**columns).set_geometry(layer.geometry.where(placed))


def _to_parquet(frame: pd.DataFrame) -> bytes:
    # A column of a spreadsheet may mix numbers and texts; a column of Parquet may not.
    mixed = {
        name: frame[name].map(str, na_action="ignore").astype("str")
        for name in frame.columns
        if frame[name].dtype == object
        and pd.api.types.infer_dtype(frame[name], skipna=True).startswith("mixed")
    }
    target = io.BytesIO()
    frame.assign(**mixed).to_parquet(target, index=False)
    return target.getvalue()


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    name = frame.geometry.name
    return pd.DataFrame(frame).assign(**{name: to_wgs84(frame).geometry.to_wkt()})


def _signed(frame: pd.DataFrame) -> pd.DataFrame:
    """Make numbers of the text columns of plain numbers, some negative.

    As text, a negative number would be taken for the start of a formula and marked.
    """
    plain: dict[str, pd.Series] = {}
    for name in frame.columns:
        known = frame[name].dropna()
        texts = frame[name].dtype == object and all(isinstance(cell, str) for cell in known)
        if texts and any(map(_NEGATIVE.match, known)) and all(map(_PLAIN.fullmatch, known)):
            values = pd.Series(numbers(frame[name]), index=frame.index)
            plain[name] = values if any(map(_DECIMAL.search, known)) else values.astype("Int64")
    return frame.assign(**plain)


def _to_xlsx(frame: pd.DataFrame) -> bytes:
    if len(frame) >= _XLSX_ROWS:
        raise ValueError(f"{len(frame)} lignes, plus qu'une feuille n'en tient")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("positions")
    sheet.append([_cell(sheet, str(name)) for name in frame.columns])
    for row in frame.astype("object").itertuples(index=False, name=None):
        sheet.append([_cell(sheet, value) for value in row])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    """Return what a sheet may hold; a text is always a text, whatever sign it begins with."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e300):
        return value
    if isinstance(value, datetime | date) and getattr(value, "tzinfo", None) is None:
        return value
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", str(value)))
    cell.data_type = "s"
    return cell
