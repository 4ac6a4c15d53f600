"""Layers of quarters of any generation, in every published spelling of their columns.

Known spellings: ``code_qp, lib_qp, insee_com, lib_com`` (2024), ``Code_QP, Lib_QP``,
``CODE_QP, NOM_QP, COMMUNE_QP`` (2015 shapefile) and ``code_qp, nom_qp, commune_qp``.
"""

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa
import shapely
from pyproj import CRS
from pyproj.exceptions import ProjError

from geo.catalogue import Dataset
from geo.cells import require
from geo.containers import open_layer
from geo.crs import to_wgs84
from geo.errors import ContractError, CrsError, DataFileError
from geo.repair import repair
from geo.schema import GENERATIONS, LAYER, report

_COLUMNS = {
    "qpv_code": ("code_qp",),
    "qpv_name": ("lib_qp", "nom_qp"),
    "commune_codes": ("insee_com",),
    "commune_names": ("lib_com", "commune_qp"),
}
_LISTS = ("commune_codes", "commune_names")
_WRAPPED = re.compile(r'="(.*)"')  # how CSV editions keep a spreadsheet from eating a zero
# Where the numbers of metropolitan Lambert-93 lie, in metres.
_LAMBERT_93 = (0.0, 6_000_000.0, 1_300_000.0, 7_200_000.0)


class Epci(NamedTuple):
    """An intercommunality: its SIREN, and the codes of its communes for a layer without SIREN."""

    siren: str
    communes: Callable[[], Collection[str]]


def read_layer(
    source: Dataset | Path,
    *,
    entry: str | None = None,
    contract: pa.DataFrameSchema = LAYER,
    epci: Epci | None = None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Read a layer of quarters, EPSG:4326, sorted by code, and the report of its repairs.

    ``source`` is a data set of the catalogue or a path: GeoJSON, GeoPackage, shapefile (zipped or
    not); ``entry`` chooses the file of an archive or the layer of a GeoPackage. ``contract`` is
    LAYER, where communes that the edition does not publish are missing, or QUARTERS, which wants
    them; several are joined by ", ". Of a wider layer, only the quarters of ``epci`` are read, if
    it is given: a fault elsewhere is no matter. Invalid rings are repaired and reported (see
    ``geo.repair``). Raises DataFileError, CrsError, or ContractError with every
    fault of the columns and of the shapes at once.
    """
    raw, name = open_layer(source, entry)
    if raw.empty:
        raise DataFileError(f"{name} : aucun quartier dans la couche ; attendu : au moins un.")
    if epci is not None:
        raw = _of_epci(raw, epci, name)
    published = raw.drop(columns=raw.geometry.name)
    needed = [column for column in _COLUMNS if not contract.columns[column].nullable]
    columns = _spellings([str(column) for column in published.columns], needed, name)
    cells = {
        column: _cells(published.iloc[:, place], several=column in _LISTS)
        for column, (place, _) in columns.items()
    }
    table = pd.DataFrame(cells, columns=list(_COLUMNS), index=raw.index).astype("str")
    layer = gpd.GeoDataFrame(table, geometry=shapely.force_2d(raw.geometry.array), crs=raw.crs)
    names = {column: spelling for column, (_, spelling) in columns.items()}
    faults = report(layer, contract, name, first_line=1, row="entité", names=names)
    degrees, misplaced = _in_degrees(layer, name)
    shapes = _shape_faults(layer, misplaced, name)
    if faults:
        raise ContractError("\n".join(filter(None, (faults, shapes))))
    if shapes:
        raise DataFileError(shapes)
    generation_of(degrees["qpv_code"], name)
    repaired, repairs = repair(degrees, name)
    return repaired.sort_values("qpv_code", ignore_index=True), repairs


def _of_epci(raw: gpd.GeoDataFrame, epci: Epci, name: str) -> gpd.GeoDataFrame:
    """Return the quarters whose list of EPCI, else of communes, holds one of ``epci``.

    A layer that publishes neither is taken as it is.
    """
    folded = {str(column).strip().casefold(): place for place, column in enumerate(raw.columns)}
    if "siren_epci" in folded:
        column, wanted = folded["siren_epci"], {epci.siren}
    elif "insee_com" in folded:
        column, wanted = folded["insee_com"], set(epci.communes())
    else:
        return raw
    cells = _cells(raw.iloc[:, column], several=True)
    mine = raw[[not wanted.isdisjoint(str(cell).split(", ")) for cell in cells]]
    if mine.empty:
        raise DataFileError(
            f"{name} : aucun quartier de l'intercommunalité {epci.siren} parmi {len(raw)} ; "
            "attendu : la couche nationale (« cli.py fetch »), ou une couche qui la contient."
        )
    return mine


def with_names(layer: gpd.GeoDataFrame, communes: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a layer whose missing names of communes are those of its codes.

    ``communes`` keeps contract COMMUNES; a code that it does not hold stands for itself.
    """
    names = dict(zip(communes["commune_code"], communes["commune_name"], strict=True))
    found = layer["commune_codes"].map(
        lambda codes: ", ".join(names.get(code, code) for code in codes.split(", ")),
        na_action="ignore",
    )
    return layer.assign(commune_names=layer["commune_names"].fillna(found).astype("str"))


def with_points(communes: pd.DataFrame, quarters: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the communes (contract COMMUNES) that have a point, so that positions are judged.

    A commune without one takes a point inside a quarter that it is the first to hold
    (``quarters``, EPSG:4326): within a few kilometres, it is in the commune. The others are left
    out.
    """
    first = quarters["commune_codes"].str.split(", ").str[0]
    inside = quarters.geometry.representative_point()
    points = pd.DataFrame({"lon": inside.x, "lat": inside.y}).groupby(first).first()
    known = communes.set_index("commune_code")
    places = known[["lon", "lat"]].fillna(points)
    return known.assign(**places).reset_index()[list(communes.columns)].dropna(subset="lon")


def generation_of(codes: Iterable[str], source: str = "Couche des quartiers") -> int:
    """Return the generation of perimeters a layer belongs to, read from its codes (QP…, QN…).

    Raises DataFileError when there is no quarter, or quarters of both generations.
    """
    by_prefix = {"QP": GENERATIONS[0], "QN": GENERATIONS[1]}
    found: dict[int, list[str]] = {}
    for code in codes:
        found.setdefault(by_prefix[code[:2]], []).append(code)
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise DataFileError(f"{source} : aucun quartier ; attendu : au moins un.")
    told = " et ".join(
        f"{len(found[year])} de {year} ({found[year][0]}…)" for year in sorted(found)
    )
    raise DataFileError(
        f"{source} : quartiers de deux générations, {told} ; attendu : une seule génération par "
        "couche. Séparez-les en deux fichiers."
    )


def _spellings(
    published: list[str], needed: Collection[str], source: str
) -> dict[str, tuple[int, str]]:
    """Return, for each column of the contract, where it is and how the file spells it."""
    folded = [column.strip().casefold() for column in published]
    found: dict[str, tuple[int, str]] = {}
    for column, spellings in _COLUMNS.items():
        places = [place for place, name in enumerate(folded) if name in spellings]
        if len(places) > 1:
            told = ", ".join(published[place] for place in places)
            raise DataFileError(
                f"{source} : colonnes {told} pour une seule information ; gardez-en une."
            )
        if places:
            found[column] = (places[0], published[places[0]])
    missing = [_COLUMNS[column][0] for column in needed if column not in found]
    if missing:
        require(missing, published, source)
    return found


def _cells(column: pd.Series, *, several: bool) -> pd.Series:
    """Return published cells as text: unwrapped, trimmed, blanks missing, lists joined by ", "."""
    return column.map(lambda cell: _cell(cell, several), na_action="ignore")


def _cell(cell: object, several: bool) -> str | None:
    text = str(cell).strip()
    wrapped = _WRAPPED.fullmatch(text)
    text = wrapped[1].strip() if wrapped else text
    if several:
        text = ", ".join(part for part in map(str.strip, text.split(",")) if part)
    return text or None


def _in_degrees(layer: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, pd.Series]:
    """Return the layer in EPSG:4326, and which shapes lie where their CRS does not hold."""
    try:
        degrees = to_wgs84(layer)
    except ProjError as error:
        raise CrsError(
            f"{source} : {layer.crs.name}, un système que rien ne relie à la longitude et à la "
            "latitude ; attendu : par exemple EPSG:2154 (Lambert-93) ou EPSG:4326 (WGS 84)."
        ) from error
    use = _area_of_use(layer.crs)
    bounds = degrees.bounds
    inside = (
        (bounds["minx"] >= use[0])
        & (bounds["miny"] >= use[1])
        & (bounds["maxx"] <= use[2])
        & (bounds["maxy"] <= use[3])
    )
    return degrees, ~inside & ~bounds.isna().any(axis=1)


def _area_of_use(crs: CRS) -> tuple[float, float, float, float]:
    # A .prj gives no area of use of its own; the authority's definition it stands for does.
    code = crs.to_epsg(min_confidence=20) if crs.is_projected else None
    known = CRS.from_epsg(code).area_of_use if code else None
    return known.bounds if known else (-180.0, -90.0, 180.0, 90.0)


def _shape_faults(layer: gpd.GeoDataFrame, misplaced: pd.Series, source: str) -> str:
    polygons = layer.geom_type.isin(["Polygon", "MultiPolygon"]) & ~layer.is_empty
    lines = [
        f"{source} : contour inutilisable pour {_listed(layer['qpv_code'][wrong])} ; "
        f"attendu : {expected}."
        for wrong, expected in (
            (~polygons, "des polygones"),
            (polygons & misplaced, _expected_place(layer)),
        )
        if wrong.any()
    ]
    return "\n".join(lines)


def _expected_place(layer: gpd.GeoDataFrame) -> str:
    if layer.crs.is_projected:
        return f"des coordonnées en {layer.crs.name}, le système que dit le fichier"
    words = "des longitudes et latitudes en degrés (WGS 84)"
    x, y, to_x, to_y = layer.total_bounds
    low_x, low_y, high_x, high_y = _LAMBERT_93
    if x >= low_x and y >= low_y and to_x <= high_x and to_y <= high_y:
        return f"{words} ; ces nombres ressemblent à du Lambert-93 (EPSG:2154) non déclaré"
    return words


def _listed(codes: Collection[object]) -> str:
    named = [str(code) for code in codes]
    more = f" et {len(named) - 20} autres" if len(named) > 20 else ""
    return f"{', '.join(named[:20])}{more}"
