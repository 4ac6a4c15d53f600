"""Where a position is: inside, outside or undecided, never more than the position knows.

A position is as good as the way it was obtained: a surveyed point errs by a few metres, a street
by a hundred. When the nearest boundary is closer than that, the honest answer is "undecided".
An answer is indicative and no attestation.
"""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.crs import WGS84, metric_crs, require_crs
from geo.errors import ContractError
from geo.proximity import in_bands, nearest_of

INDICATIVE = "Positions indicatives : elles ne valent pas attestation d'appartenance à un quartier."
STATES = ("inside", "outside", "undecided", "not_located")
# A boundary nearer than this is under the position: what projecting a point may lose is less.
EDGE_M = 0.001
Holds = Literal["intersects", "covered_by"]
NEVER_INSIDE = ("locality", "commune")

Shapes = NDArray[np.object_]
Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def locate(
    positions: pd.DataFrame,
    quarters: gpd.GeoDataFrame,
    crs: CRS,
    uncertainty_m: Mapping[str, float],
    *,
    npnru: Collection[str] = (),
    generation: int | None = None,
) -> pd.DataFrame:
    """Say for each position in which quarter it lies, and how far the nearest boundary is.

    ``positions`` holds ``lon``, ``lat`` (EPSG:4326, degrees), ``position_method`` and ``score``
    (both may be absent); ``quarters`` the polygons (``qpv_code``, ``qpv_name`` if known) in the
    metric ``crs``; ``uncertainty_m`` the metres of each method (``unknown`` for a position of
    unsaid or unlisted origin); ``npnru`` the codes of renewal sites; ``generation`` the one of
    the layer. The result has the index and the rows of ``positions``:

    - ``location_status`` (STATES), ``qpv_code`` and ``qpv_name`` (only when inside);
    - ``nearest_qpv_code``, ``distance_to_edge_m`` (metres, negative inside), ``uncertainty_m``;
    - ``method`` (a key of ``uncertainty_m``), ``score`` (of the geocoder), ``perimeter``;
    - ``on_edge`` (a boundary passes under the position, within 1 mm) and ``overlap`` (the other
      quarters that hold it, comma-separated);
    - ``in_band`` and ``band_code``: reduced VAT, see ``geo.proximity.in_bands``.

    A position in several quarters, or on a shared edge, is given to the lowest code; so is one
    that is as near to two. Missing, infinite or impossible coordinates are "not_located". Raises
    CrsError when the layer is in another CRS, ContractError for a layer, an uncertainty or columns
    that cannot be used.
    """
    layer = checked_layer(quarters, crs)
    facts = assess(_project(positions, crs), layer, npnru, "intersects")
    method, metres = uncertainties(positions, facts, uncertainty_m)
    return answers(positions, layer, facts, method, metres, generation)


class Facts(NamedTuple):
    """What geometry alone says of each shape; places are rows of the layer, -1 for none."""

    located: NDArray[np.bool_]
    member: Places  # the quarter that holds the shape, the lowest code of several
    others: Shapes  # the codes of the other ones
    nearest: Places
    signed_m: Floats  # metres to the boundary, negative inside, 0 for a shape across one
    site: Places  # nearest renewal site
    site_m: Floats


def checked_layer(quarters: gpd.GeoDataFrame, crs: CRS) -> gpd.GeoDataFrame:
    """Return the quarters in the order of codes, if positions can be asked of them.

    Raises CrsError when the layer is not in the metric ``crs``, ContractError naming every quarter
    that is not a valid polygon or whose code comes twice, or when there is no quarter at all.
    """
    require_crs(quarters, metric_crs(str(CRS(crs))), "Couche des quartiers")
    if quarters.empty:
        raise ContractError("Couche des quartiers : aucun quartier ; attendu : un au moins.")
    codes, shapes = quarters["qpv_code"], quarters.geometry
    polygons = shapes.geom_type.isin(["Polygon", "MultiPolygon"]) & ~shapes.is_empty
    wrong = {
        "contour absent ou qui n'est pas un polygone": ~polygons,
        "contour non valide (il se recoupe)": polygons & ~shapes.is_valid,
        "code présent plusieurs fois": codes.duplicated(),
        "code absent": codes.isna(),
    }
    faults = [
        f"{what} : {', '.join(map(str, codes[rows]))}" for what, rows in wrong.items() if rows.any()
    ]
    if faults:
        raise ContractError(
            f"Couche des quartiers : {' ; '.join(faults)}. Corrigez la couche, puis recommencez."
        )
    return quarters.sort_values("qpv_code", ignore_index=True)


def assess(
    shapes: Shapes, layer: gpd.GeoDataFrame, npnru: Collection[str], predicate: Holds
) -> Facts:
    """Ask of each shape which quarter holds it (``predicate``) and which one is nearest.

    ``shapes`` are in the CRS of ``layer``, None where nothing is located.
    """
    polygons = layer.geometry.to_numpy()
    codes = layer["qpv_code"].to_numpy(dtype=object)
    member, others = _holders(shapes, polygons, codes, predicate)
    nearest, away = nearest_of(shapes, polygons)
    sites = np.flatnonzero(layer["qpv_code"].isin(npnru))
    closest, site_m = nearest_of(shapes, polygons[sites])
    site = np.append(sites, -1)[closest]
    nearest = np.where(member >= 0, member, nearest)
    to_edge = shapely.distance(shapes, shapely.boundary(polygons)[nearest])
    signed = np.where(member >= 0, -to_edge, away)
    return Facts(~shapely.is_missing(shapes), member, others, nearest, signed, site, site_m)


def _holders(
    shapes: Shapes, polygons: Shapes, codes: Shapes, predicate: Holds
) -> tuple[Places, Shapes]:
    member = np.full(len(shapes), -1, dtype="int64")
    others = np.full(len(shapes), None, dtype=object)
    hit, quarter = shapely.STRtree(polygons).query(shapes, predicate=predicate)
    order = np.lexsort((quarter, hit))
    for k, q in zip(hit[order].tolist(), quarter[order].tolist(), strict=True):
        if member[k] < 0:
            member[k] = q
        else:
            others[k] = f"{others[k]}, {codes[q]}" if others[k] else codes[q]
    return member, others


def _project(positions: pd.DataFrame, crs: CRS) -> Shapes:
    """Return the points in the metric CRS, None for coordinates that are none."""
    lon, lat = degrees(positions, "lon"), degrees(positions, "lat")
    possible = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    to_metres = Transformer.from_crs(WGS84, crs, always_xy=True)
    x, y = to_metres.transform(np.where(possible, lon, 0.0), np.where(possible, lat, 0.0))
    located = possible & np.isfinite(x) & np.isfinite(y)
    points = np.full(len(positions), None, dtype=object)
    points[located] = shapely.points(x[located], y[located])
    return points


def degrees(positions: pd.DataFrame, column: str) -> Floats:
    """Return a column of coordinates as numbers, NaN for a cell that is not one.

    Raises ContractError when the column is absent or there more than once.
    """
    if list(positions.columns).count(column) != 1:
        raise ContractError(
            f"Positions : colonne « {column} » absente ou présente plusieurs fois ; attendu : une "
            f"colonne lon et une colonne lat, en degrés. Colonnes trouvées : "
            f"{', '.join(map(str, positions.columns))}."
        )
    cells = positions[column]
    if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_complex_dtype(cells):
        return np.asarray(cells.to_numpy(dtype="float64", na_value=np.nan))
    return np.array([_number(cell) for cell in cells], dtype="float64")


def _number(cell: object) -> float:
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return np.nan


def uncertainties(
    positions: pd.DataFrame, facts: Facts, uncertainty_m: Mapping[str, float]
) -> tuple[pd.Series, Floats]:
    """Return the method of each position, known to ``uncertainty_m``, and its metres.

    Raises ContractError when ``uncertainty_m`` lacks "unknown" or holds no plain metres.
    """
    wrong = [name for name, metres in uncertainty_m.items() if not 0 <= metres < np.inf]
    if wrong or "unknown" not in uncertainty_m:
        raise ContractError(
            f"Incertitude des positions : valeur inutilisable ou absente pour "
            f"{', '.join(wrong) or 'unknown'} ; attendu : un nombre de mètres, positif ou nul, "
            "pour chaque origine et pour « unknown »."
        )
    given = positions.get("position_method", pd.Series(None, index=positions.index, dtype="object"))
    method = given.astype("object").where(given.isin(list(uncertainty_m)), "unknown")
    metres = method.map(dict(uncertainty_m)).to_numpy(dtype="float64")
    return method.where(facts.located, None), np.where(facts.located, metres, np.nan)


def answers(
    asked: pd.DataFrame,
    layer: gpd.GeoDataFrame,
    facts: Facts,
    method: pd.Series,
    metres: Floats,
    generation: int | None,
) -> pd.DataFrame:
    """Write facts as the columns that ``locate`` promises, on the index of ``asked``."""
    codes, vague = layer["qpv_code"].to_numpy(dtype=object), method.isin(NEVER_INSIDE).to_numpy()
    held, inside = facts.member >= 0, np.where(facts.member >= 0, "inside", "outside")
    unsure = (np.abs(facts.signed_m) < metres) | (held & vague)
    status = np.where(facts.located, np.where(unsure, "undecided", inside), "not_located")
    own = np.where(status == "inside", facts.member, -1)
    names = layer.get("qpv_name", pd.Series(None, index=layer.index, dtype="object"))
    edge = facts.located & (np.abs(facts.signed_m) <= EDGE_M)
    away = np.where(held, 0.0, facts.signed_m)
    in_band, band = in_bands(facts.nearest, away, facts.site, facts.site_m, metres)
    columns = {
        "location_status": (status, "str"),
        "qpv_code": (_named(codes, own), "str"),
        "qpv_name": (_named(names.to_numpy(dtype=object), own), "str"),
        "nearest_qpv_code": (_named(codes, facts.nearest), "str"),
        "distance_to_edge_m": (facts.signed_m, "float64"),
        "uncertainty_m": (metres, "float64"),
        "method": (method.to_numpy(), "str"),
        "score": (_scores(asked), "float64"),
        "perimeter": ([generation] * len(asked), "Int64"),
        "on_edge": (edge, "bool"),
        "overlap": (facts.others, "str"),
        "in_band": (in_band, "boolean"),
        "band_code": (_named(codes, band), "str"),
    }
    index = asked.index
    return pd.DataFrame(
        {name: pd.Series(values, index, dtype=kind) for name, (values, kind) in columns.items()},
        index=index,
    )


def _scores(asked: pd.DataFrame) -> Floats:
    """Return the geocoder's scores, missing where there is none or it is no number."""
    if "score" not in asked:
        return np.full(len(asked), np.nan)
    found = degrees(asked, "score")
    return np.where(np.isfinite(found), found, np.nan)


def _named(words: Shapes, places: Places) -> Shapes:
    known = np.full(len(words) + 1, None, dtype=object)
    known[:-1] = words
    return known[places]
