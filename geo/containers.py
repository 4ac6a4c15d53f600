"""Vector files opened safely: GeoJSON parsed without GDAL, the others only after their magic bytes.

GDAL picks a driver from the content and follows addresses written in some formats, so a text named
``.geojson`` could make it read another file of the machine. Here the format is known before GDAL
sees a byte, GDAL only ever sees bytes in memory, and the driver it took is checked.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError
from shapely.geometry import shape

from geo.archives import UNREADABLE, ZIP
from geo.catalogue import Dataset, read_verified
from geo.crs import WGS84
from geo.errors import CrsError, DataFileError

FORMATS = "GeoJSON (une FeatureCollection), GeoPackage ou shapefile (.shp et ses fichiers, ou .zip)"
_SQLITE, _SHAPEFILE = b"SQLite format 3\x00", b"\x00\x00\x27\x0a"
FLATGEOBUF = b"fgb\x03fgb"
_GEOPACKAGES = (b"GPKG", b"GP10", b"GP11")
_LAYERS = (".geojson", ".json", ".gpkg", ".shp")
_PARTS = (".shp", ".shx", ".dbf", ".prj")
_LARGEST = 2**29  # bytes of one file of an archive; the national layer has about 2**25
_CRS_NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:)?(OGC|EPSG):(?:[0-9.]*:)?(CRS84|[0-9]{4,6})", re.I
)


def open_layer(
    source: Dataset | Path, entry: str | None = None, *, blank: bool = False
) -> tuple[gpd.GeoDataFrame, str]:
    """Open a vector layer and return it in its own CRS, columns as published, with its name.

    A ``Dataset`` of the catalogue is checked against its fingerprint first. ``entry`` names the
    file of an archive, or the layer of a GeoPackage, when there are several. ``blank`` keeps the
    features of a GeoJSON that have no geometry. Text of GeoJSON is kept letter by letter. Raises
    DataFileError when the file is missing, of another format, damaged, incomplete or ambiguous,
    CrsError when its coordinate system is absent or unknown.
    """
    name = source.path.name if isinstance(source, Dataset) else source.name
    if isinstance(source, Dataset):
        entry = entry or source.entry or None
    content = read_verified(source) if isinstance(source, Dataset) else read_content(source)
    if content.startswith(ZIP):
        return _archive(content, name, entry)
    if content.startswith(_SHAPEFILE):
        return _shapefile(_siblings(source, name), name), name
    return _single(content, name, entry, blank), name


def open_content(content: bytes, name: str) -> gpd.GeoDataFrame:
    """Open the one vector layer of a file already in memory, in its own CRS.

    GeoJSON, GeoPackage, FlatGeobuf, or an archive with one shapefile; every feature has a shape.
    ``name`` is used in messages only. Raises what ``open_layer`` raises.
    """
    if content.startswith(ZIP):
        return _archive(content, name, None)[0]
    if content.startswith(FLATGEOBUF):
        frame = _gdal(_packed({"layer.fgb": content}), name, "FlatGeobuf", None, None)
        _require_earth(frame.crs, name)
        return frame
    return _single(content, name, None)


def read_content(path: Path) -> bytes:
    """Return the bytes of a file; raises DataFileError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataFileError(
            f"Le fichier {path.name} est absent ou illisible ; vérifiez son nom et son dossier."
        ) from error


def _single(content: bytes, name: str, entry: str | None, blank: bool = False) -> gpd.GeoDataFrame:
    if content.startswith(_SQLITE):
        return _geopackage(content, name, entry)
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return _geojson(content, name, blank)
    raise DataFileError(f"{name} : format de fichier non reconnu ; attendu : {FORMATS}.")


def _archive(content: bytes, name: str, entry: str | None) -> tuple[gpd.GeoDataFrame, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {one.filename: one for one in archive.infolist() if not one.is_dir()}
            chosen = _choose(files, name, entry)
            shapefile = PurePosixPath(chosen).suffix.lower() == ".shp"
            wanted = _companions(files, chosen) if shapefile else [chosen]
            _refuse_large([files[file] for file in wanted], name)
            read = {file: archive.read(file) for file in wanted}
    except UNREADABLE as error:
        raise DataFileError(
            f"{name} : archive ZIP illisible ou protégée par un mot de passe ; refaites-la."
        ) from error
    where = f"{name}/{chosen}"
    if not shapefile:
        return _single(read[chosen], where, None), where
    parts = {PurePosixPath(file).suffix.lower(): part for file, part in read.items()}
    return _shapefile(parts, where), where


def _companions(files: Iterable[str], chosen: str) -> list[str]:
    stem = PurePosixPath(chosen).with_suffix("")
    return [
        file
        for file in files
        if PurePosixPath(file).with_suffix("") == stem
        and PurePosixPath(file).suffix.lower() in (*_PARTS, ".cpg")
    ]


def _refuse_large(files: Iterable[zipfile.ZipInfo], name: str) -> None:
    for file in files:
        if file.file_size > _LARGEST:
            raise DataFileError(
                f"{name} : {file.filename} dépasse {_LARGEST // 2**20} Mo une fois décompressé ; "
                "attendu : une couche de quartiers."
            )


def _choose(files: Mapping[str, object], name: str, entry: str | None) -> str:
    layers = [
        file
        for file in files
        if PurePosixPath(file).suffix.lower() in _LAYERS
        and not PurePosixPath(file).name.startswith("._")
    ]
    listed = ", ".join(layers) or "aucune"
    if entry is not None:
        if entry not in layers:
            raise DataFileError(f"{name} : « {entry} » absent ; couches trouvées : {listed}.")
        return entry
    if len(layers) != 1:
        raise DataFileError(
            f"{name} : {len(layers)} couches dans l'archive ({listed}) ; attendu : une seule, "
            "ou le nom de celle à lire."
        )
    return layers[0]


def _siblings(source: Dataset | Path, name: str) -> dict[str, bytes]:
    if isinstance(source, Dataset):
        raise DataFileError(
            f"{name} : un shapefile du catalogue se met dans une archive .zip, pour que son "
            "empreinte porte sur tous ses fichiers."
        )
    wanted = (*_PARTS, ".cpg")
    return {
        path.suffix.lower(): read_content(path)
        for path in sorted(source.parent.iterdir())
        if path.stem == source.stem and path.suffix.lower() in wanted
    }


def _shapefile(parts: Mapping[str, bytes], name: str) -> gpd.GeoDataFrame:
    missing = [part for part in _PARTS if not parts.get(part)]
    if missing:
        raise DataFileError(
            f"{name} : shapefile incomplet, fichier(s) {', '.join(missing)} absent(s) ou vide(s) ; "
            f"attendu : {', '.join(_PARTS)} du même nom, dans le même dossier ou la même archive."
        )
    if not parts[".shp"].startswith(_SHAPEFILE):
        raise DataFileError(f"{name} n'est pas un shapefile ; attendu : {FORMATS}.")
    # The .prj is read here: GDAL fails without a word on one that is not text.
    files = {f"layer{part}": parts[part] for part in _PARTS if part != ".prj"}
    frame = _gdal(_packed(files), name, "ESRI Shapefile", None, _encoding(parts))
    return frame.set_crs(_projection(parts[".prj"], name))


def _projection(prj: bytes, name: str) -> CRS:
    try:
        crs = CRS.from_wkt(prj.decode("utf-8", "replace").strip("\ufeff\0 \r\n"))
    except CRSError:
        crs = None
    return _require_earth(crs, name)


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as an archive in memory: GDAL wants a suffix, and finds only what we named."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for file, content in files.items():
            packed.writestr(file, content)
    return archive.getvalue()


def _encoding(parts: Mapping[str, bytes]) -> str:
    # Without a .cpg, GDAL guesses Latin-1 and turns "é" of a UTF-8 table into "Ã©". A text that
    # can be read as UTF-8 and holds an accent is UTF-8, whatever the .cpg says.
    records = parts[".dbf"][int.from_bytes(parts[".dbf"][8:10], "little") :]
    try:
        records.decode("utf-8")
    except UnicodeDecodeError:
        return "CP1252"
    return "UTF-8"


def _geopackage(content: bytes, name: str, entry: str | None) -> gpd.GeoDataFrame:
    if content[68:72] not in _GEOPACKAGES:
        raise DataFileError(f"{name} : base SQLite qui n'est pas un GeoPackage.")
    packed = _packed({"layer.gpkg": content})
    try:
        tables = [str(table) for table, kind in pyogrio.list_layers(packed) if kind is not None]
    except DataSourceError as error:
        raise DataFileError(f"{name} : GeoPackage illisible ou tronqué.") from error
    wanted = [entry] if entry is not None else tables
    if len(wanted) != 1 or wanted[0] not in tables:
        raise DataFileError(
            f"{name} : couches trouvées : {', '.join(tables) or 'aucune'} ; attendu : une seule, "
            "ou le nom de celle à lire."
        )
    frame = _gdal(packed, name, "GPKG", wanted[0], None)
    _require_earth(frame.crs, name)
    return frame


def _gdal(
    content: bytes, name: str, driver: str, layer: str | None, encoding: str | None
) -> gpd.GeoDataFrame:
    try:
        taken = pyogrio.read_info(content, layer=layer)["driver"]
        frame = pyogrio.read_dataframe(content, layer=layer, encoding=encoding, force_2d=True)
    except (DataSourceError, DataLayerError, ShapelyError, ValueError, IndexError) as error:
        raise DataFileError(f"{name} : couche illisible ou tronquée ({driver}).") from error
    if taken != driver or not isinstance(frame, gpd.GeoDataFrame):
        raise DataFileError(f"{name} : couche sans géométrie ; attendu : une couche vectorielle.")
    return frame


def _require_earth(crs: CRS | None, name: str) -> CRS:
    if crs is None or not (crs.is_geographic or crs.is_projected):
        raise CrsError(
            f"{name} : système de coordonnées absent ou inconnu ; attendu : celui de la couche, "
            "par exemple EPSG:2154 (Lambert-93) ou EPSG:4326 (WGS 84)."
        )
    return crs


def _geojson(content: bytes, name: str, blank: bool) -> gpd.GeoDataFrame:
    try:
        text = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
        features = text["features"]
        rows = [dict(feature["properties"]) for feature in features]
        geometries = [feature["geometry"] for feature in features]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataFileError(
            f"{name} n'est pas un GeoJSON lisible ({_cause(error)}) ; attendu : une "
            "FeatureCollection."
        ) from error
    crs = _declared_crs(text.get("crs"), name)
    shapes, faults = _shapes(geometries, blank)
    if faults:
        raise DataFileError(
            f"{name} : géométrie illisible, {' ; '.join(faults)}. Attendu : une FeatureCollection."
        )
    return gpd.GeoDataFrame(pd.DataFrame(rows), geometry=shapes, crs=crs)


def _refuse_constant(constant: str) -> float:
    raise ValueError(constant)


def _cause(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"ligne {error.lineno}, colonne {error.colno}"
    if isinstance(error, KeyError | TypeError | AttributeError):
        return "membre « features », « properties » ou « geometry » absent"
    return "contenu inattendu"


def _shapes(geometries: list[Any], blank: bool) -> tuple[list[Any], list[str]]:
    shapes: list[Any] = []
    faults: list[str] = []
    for number, geometry in enumerate(geometries, start=1):
        try:
            shapes.append(None if blank and geometry is None else shape(geometry))
        except (ValueError, KeyError, TypeError, AttributeError, ShapelyError, RecursionError):
            shapes.append(None)
            faults.append(f"entité {number}" + (" sans géométrie" if geometry is None else ""))
    return shapes, faults


def _declared_crs(member: Any, name: str) -> CRS:
    """Return the CRS of the old ``crs`` member, WGS 84 without one; no address is ever followed."""
    if member is None:
        return CRS.from_user_input(WGS84)
    properties = member.get("properties") if isinstance(member, dict) else None
    text = properties.get("name") if isinstance(properties, dict) else None
    named = isinstance(member, dict) and member.get("type") == "name"
    found = _CRS_NAME.fullmatch(text) if named and isinstance(text, str) else None
    if found is None:
        raise CrsError(
            f"{name} : membre « crs » non reconnu ; attendu : aucun, ou un nom comme "
            "urn:ogc:def:crs:OGC:1.3:CRS84 ou EPSG:2154. Une adresse n'est jamais suivie."
        )
    code = found[2].upper()
    try:
        crs = CRS.from_user_input(WGS84 if code == "CRS84" else f"EPSG:{code}")
    except CRSError as error:
        raise CrsError(f"{name} : système de coordonnées EPSG:{code} inconnu.") from error
    return _require_earth(crs, name)
