"""Write files that others read; the only door out to disk besides the store."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import geopandas as gpd
import pandas as pd
import shapely
from pandas.api.types import is_bool_dtype, is_object_dtype, is_string_dtype

from geo.crs import WGS84, require_crs
from geo.errors import DataFileError

# What a spreadsheet may take for the start of a formula. Blanks and apostrophes before the sign
# count too: the former are dropped by some spreadsheets, and the latter make the mark reversible.
_FORMULA = re.compile(r"^(?:[\s']*[=+\-@＝＋－＠]|'*[\t\r\n])")


def to_geojson(layer: gpd.GeoDataFrame) -> bytes:
    """Return a layer as RFC 7946 GeoJSON, UTF-8.

    ``layer`` is in EPSG:4326. Outer rings run counter-clockwise; a missing geometry or value is
    null; there is no ``crs`` member; text is written letter by letter. GDAL's own RFC 7946 writer
    is not used because it cuts a text at a NUL and reads ``[1, 2]`` in a text as a list. Raises
    CrsError on another CRS, ValueError on an infinite number.
    """
    require_crs(layer, WGS84, "Couche à exporter en GeoJSON")
    oriented = layer.set_geometry(shapely.orient_polygons(layer.geometry.array))
    text = oriented.to_json(drop_id=True, na="null", ensure_ascii=False, allow_nan=False)
    return str(text).encode("utf-8")


def to_csv(frame: pd.DataFrame, dialect: str = "fr") -> bytes:
    """Return a table as CSV, UTF-8, CRLF; a missing value is an empty cell and codes stay text.

    ``fr`` is what a French spreadsheet opens as it is: BOM, ``;``, decimal comma, booleans oui or
    non; ``international`` has no BOM, ``,``, a decimal point, true or false. A text that a
    spreadsheet could run as a formula (``= + - @``, tab or line break first) gets a leading
    apostrophe; removing one apostrophe before such a start gives the text back. Numbers are left
    alone.
    """
    return _encoded(_readable(frame, dialect), dialect)


def to_csv_parts(frame: pd.DataFrame, optional: Sequence[str] = ()) -> dict[str, bytes]:
    """Return ``to_csv`` of the rows of each label of the index, made in one go.

    A column of ``optional`` that a part leaves empty is left out of that part.
    """
    found = {}
    for label, part in _readable(frame, "fr").groupby(level=0, sort=False):
        blank = [name for name in optional if name in part and part[name].isna().all()]
        found[str(label)] = _encoded(part.drop(columns=blank), "fr")
    return found


def _readable(frame: pd.DataFrame, dialect: str) -> pd.DataFrame:
    """Return a table whose booleans are words, and whose texts no spreadsheet can run."""
    words = {True: "oui", False: "non"} if dialect == "fr" else {True: "true", False: "false"}
    return pd.DataFrame({_harmless(name): _cells(frame[name], words) for name in frame.columns})


def _encoded(table: pd.DataFrame, dialect: str) -> bytes:
    french = dialect == "fr"
    sep, decimal = (";", ",") if french else (",", ".")
    text = str(table.to_csv(sep=sep, decimal=decimal, index=False, lineterminator="\r\n"))
    return text.encode("utf-8-sig" if french else "utf-8")


def _cells(column: pd.Series, words: dict[bool, str]) -> pd.Series:
    if is_bool_dtype(column):
        return column.astype("object").map(words)
    if is_string_dtype(column) or is_object_dtype(column):
        return column.map(_harmless, na_action="ignore")
    return column


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def write_file(path: Path, content: bytes) -> None:
    """Write a file the user named, in one step: a failure leaves the former file as it was.

    Raises DataFileError when the folder does not exist or the disk refuses.
    """
    try:
        _replace(path, content)
    except OSError as error:
        raise DataFileError(
            f"Écriture de « {path} » impossible ; attendu : un fichier dans un dossier qui existe, "
            "où vous pouvez écrire et où il reste de la place."
        ) from error


def publish(directory: Path, name: str, content: bytes) -> Path:
    """Put ``content`` under ``directory/name`` in one step and return its path.

    ``name`` is relative and may hold folders (``vendor/leaflet.js``). A reader sees the old file
    or the new one, never half of it; a file that already holds the same bytes is left alone, so
    that browsers keep their copy. Raises DataFileError when ``name`` leaves the directory or the
    disk refuses.
    """
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.name:
        raise DataFileError(f"Nom de fichier « {name} » refusé ; attendu : un chemin relatif.")
    target = directory / relative
    try:
        if not _holds(target, content):
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content)
    except OSError as error:
        raise DataFileError(
            f"Écriture de « {name} » impossible dans le dossier « {directory.name} » "
            f"({error.strerror}) ; vérifiez la place et les droits de ce dossier."
        ) from error
    return target


def _holds(target: Path, content: bytes) -> bool:
    if not target.is_file() or target.stat().st_size != len(content):
        return False
    return target.read_bytes() == content


def _replace(target: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)  # mkstemp makes it private; another user may serve it
        Path(temporary).replace(target)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
