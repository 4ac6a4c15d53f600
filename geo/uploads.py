"""A file that someone uploads, known by its content and made a table of text.

Formats are told by their first bytes, never by their name. ``read_upload`` runs in a process of
its own (``geo.sandbox``), so that a hostile file can exhaust or crash nothing else.
"""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

import pyarrow as pa

from geo import archives, delimited, headers, workbooks
from geo.errors import CrsError, DataFileError

MOST_BYTES = 100 * 2**20
ACCEPTED = (
    "CSV, XLSX, XLS, ODS, GeoJSON, GeoPackage, shapefile dans un .zip, FlatGeobuf, GeoParquet ou "
    "KML"
)
SUFFIXES = (
    *("csv", "txt", "tsv", "xlsx", "xls", "ods", "geojson", "json", "gpkg", "zip", "fgb"),
    *("parquet", "geoparquet", "kml"),
)
# Drivers of GDAL that an upload may reach; the others are left out before GDAL is loaded.
DRIVERS = ("GPKG", "ESRI Shapefile", "FlatGeobuf")
_PARQUET, _SQLITE, _FLATGEOBUF = b"PAR1", b"SQLite format 3\x00", b"fgb\x03fgb"
_PROGRAMS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj")
_STEP = 5_000  # rows between two words of progress
# What is being done, by the words the reading process may say.
STEPS = {"rows": "lignes", "shapes": "formes", "table": "mise en table des entités"}
# Told the share done, from 0 to 1, and a key of STEPS.
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Upload:
    """A table as it was uploaded.

    ``table`` is text, one column a column of the file, and ``geo.headers.LINE`` (int32), the line
    of each row in the file or the number of the feature; ``row`` is the French word for a row;
    ``sheets`` are those that can be chosen; ``long_lines`` have more cells than the header;
    ``notes`` say in French what was found.
    """

    table: pa.Table
    kind: str
    row: str = "ligne"
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    long_lines: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


def refuse_size(size: int, name: str) -> None:
    """Refuse an empty file, and one beyond MOST_BYTES; raises DataFileError."""
    if size == 0:
        raise DataFileError(f"{name} : fichier vide ; attendu : {ACCEPTED}.")
    if size > MOST_BYTES:
        raise DataFileError(
            f"{name} : {math.ceil(size / 2**20)} Mo ; attendu : {MOST_BYTES // 2**20} Mo au plus. "
            "Partagez ce fichier, ou retirez-en les colonnes inutiles."
        )


def read_upload(
    content: bytes, name: str, sheet: str | None = None, progress: Progress | None = None
) -> Upload:
    """Read an uploaded file as a table of text, whatever its name says.

    ``sheet`` chooses a sheet of a workbook. A shape becomes ``longitude`` and ``latitude``
    (EPSG:4326, degrees; a point inside it for a line or a polygon). No address is ever followed
    and no other file opened. ``progress`` is told how far a text or a workbook is read; the shapes
    of a layer are read in one go, and that is told. Raises DataFileError or CrsError for anything
    that is not one of the ACCEPTED formats, whole and alone in its file.
    """
    refuse_size(len(content), name)
    if content.startswith(_PROGRAMS):
        raise DataFileError(f"{name} est un programme, pas des données ; attendu : {ACCEPTED}.")
    if content.startswith(archives.ZIP):
        return _archive(content, name, sheet, progress)
    if content.startswith(workbooks.OLE):
        return _workbook(content, name, sheet, "XLS", progress)
    if content.startswith(_PARQUET):
        return _parquet(content, name, progress)
    if content.startswith(_SQLITE):
        return _layer(content, name, "GeoPackage", progress)
    if content.startswith(_FLATGEOBUF):
        return _layer(content, name, "FlatGeobuf", progress)
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start in (b"{", b"["):
        return _layer(content, name, "GeoJSON", progress)
    return (_kml if start == b"<" else _csv)(content, name, progress)


def _archive(content: bytes, name: str, sheet: str | None, progress: Progress | None) -> Upload:
    files = archives.entries(content, name)
    folded = {file.lower() for file in files}
    if "xl/vbaproject.bin" in folded or "xl/workbook.bin" in folded:
        raise DataFileError(
            f"{name} : classeur à macros ou binaire ; enregistrez-le au format .xlsx."
        )
    if "xl/workbook.xml" in folded:
        return _workbook(content, name, sheet, "XLSX", progress)
    if "content.xml" in folded and "mimetype" in folded:
        return _workbook(content, name, sheet, "ODS", progress)
    shapes = [file for file in files if PurePosixPath(file).suffix.lower() == ".shp"]
    if not shapes:
        raise DataFileError(f"{name} : archive sans shapefile ; attendu : {ACCEPTED}.")
    if len(shapes) > 1:
        raise DataFileError(
            f"{name} : {len(shapes)} couches dans l'archive ({', '.join(shapes[:10])}) ; attendu : "
            "une seule."
        )
    stem = PurePosixPath(shapes[0]).with_suffix("")
    found = {
        PurePosixPath(file).suffix.lower()
        for file in files
        if PurePosixPath(file).with_suffix("") == stem
    }
    missing = [part for part in _SHAPEFILE_PARTS if part not in found]
    if missing:
        raise DataFileError(
            f"{name} : shapefile incomplet, fichier(s) {', '.join(missing)} absent(s) ; attendu : "
            f"{', '.join(_SHAPEFILE_PARTS)} du même nom dans l'archive."
        )
    return _layer(content, name, "shapefile", progress)


def _told(
    rows: Iterator[headers.Row], total: int, progress: Progress | None
) -> Iterator[headers.Row]:
    """Give rows on, saying now and then how many of ``total`` are done."""
    for done, row in enumerate(rows):
        if progress and done % _STEP == 0:
            progress(min(1.0, done / max(1, total)), "rows")
        yield row


def _csv(content: bytes, name: str, progress: Progress | None) -> Upload:
    rows, notes = delimited.rows_of(content, name)
    rows = _told(rows, content.count(b"\n"), progress)
    table, header, long = headers.tabulate(rows, name)
    return Upload(table, "CSV", long_lines=tuple(long), notes=(*notes, *_header_notes(header)))


def _workbook(
    content: bytes, name: str, chosen: str | None, kind: str, progress: Progress | None
) -> Upload:
    sheet, names = workbooks.sheet_of(content, name, chosen)
    rows, left, merges = workbooks.rows_of(sheet)
    where = f"{name}, feuille « {sheet.name} »"
    rows = _told(rows, sheet.height, progress)
    table, header, long = headers.tabulate(rows, where, merges, first_column=left)
    notes = (f"Feuille : {sheet.name}.", *_header_notes(header))
    return Upload(table, kind, "ligne", sheet.name, names, tuple(long), notes)


def _header_notes(header: headers.Header) -> tuple[str, ...]:
    notes = []
    if header.first:
        notes.append(f"En-tête à la ligne {header.first + 1} ; les lignes au-dessus sont laissées.")
    if header.last > header.first:
        notes.append(f"En-tête sur {header.last - header.first + 1} lignes, réunies.")
    return tuple(notes)


def _step(progress: Progress | None, share: float, step: str) -> None:
    if progress:
        progress(share, step)


def _layer(content: bytes, name: str, kind: str, progress: Progress | None) -> Upload:
    # geopandas takes a second to load: a spreadsheet does without.
    _step(progress, 0, "shapes")
    from geo.containers import open_content
    from geo.placed import table_of

    layer = open_content(content, name)
    _step(progress, 0.5, "table")
    return Upload(table_of(layer, name), kind, row="entité")


def _kml(content: bytes, name: str, progress: Progress | None) -> Upload:
    from geo.kml import placemarks
    from geo.placed import shapes_table

    _step(progress, 0, "shapes")
    records, shapes = placemarks(content, name)
    _step(progress, 0.5, "table")
    return Upload(shapes_table(records, shapes, name), "KML", row="entité")


def _parquet(content: bytes, name: str, progress: Progress | None) -> Upload:
    from geo.placed import parquet_layer, table_of

    _step(progress, 0, "shapes")
    try:
        layer = parquet_layer(io.BytesIO(content), name)
    except (pa.ArrowException, ValueError, OSError) as error:
        if isinstance(error, CrsError | DataFileError):
            raise
        raise DataFileError(f"{name} : GeoParquet illisible ou tronqué.") from error
    _step(progress, 0.5, "table")
    return Upload(table_of(layer, name), "GeoParquet", row="entité")
