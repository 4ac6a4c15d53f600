"""Where a position is: inside, outside or undecided, never more than the position knows.

A position is as good as the way it was obtained: a surveyed point errs by a few metres, a street
by a hundred. When the nearest boundary is closer than that, the honest answer is "undecided".
An answer is indicative and no attestation.
"""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.crs import require_crs
from geo.schema import WGS84

STATES = ("inside", "outside", "undecided", "not_located")
_NEVER_INSIDE = ("locality", "commune")


def locate(
    positions: pd.DataFrame,
    quarters: gpd.GeoDataFrame,
    crs: CRS,
    uncertainty_m: Mapping[str, float],
) -> pd.DataFrame:
    """Say for each position in which quarter it lies, and how far the nearest boundary is.

    ``positions`` holds ``lon``, ``lat`` (EPSG:4326, degrees) and ``position_method``; ``quarters``
    the polygons in the metric ``crs``; ``uncertainty_m`` the metres of each method (``unknown``
    for a position of unsaid or unlisted origin). The result has the index and the rows of
    ``positions``: ``location_status``, ``qpv_code`` (only when inside), ``nearest_qpv_code``,
    ``distance_to_edge_m`` (metres, negative inside), ``uncertainty_m``. A position in several
    quarters, or on a shared edge, is given to the lowest code. Missing, infinite or impossible
    coordinates are "not_located". Raises CrsError when the layer is in another CRS.
    """
    require_crs(quarters, crs, "Couche des quartiers")
    ordered = quarters.sort_values("qpv_code", ignore_index=True)
    points, located = _project(positions, crs)
    inside, nearest, distance = _query(points[located], ordered.geometry.array)
    return _assemble(positions, ordered, located, inside, nearest, distance, uncertainty_m)


def _project(positions: pd.DataFrame, crs: CRS) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    lon = positions["lon"].to_numpy(dtype="float64", na_value=np.nan)
    lat = positions["lat"].to_numpy(dtype="float64", na_value=np.nan)
    possible = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    to_metres = Transformer.from_crs(WGS84, crs, always_xy=True)
    x, y = to_metres.transform(np.where(possible, lon, 0.0), np.where(possible, lat, 0.0))
    located = possible & np.isfinite(x) & np.isfinite(y)
    points = shapely.points(np.column_stack([np.where(located, x, 0.0), np.where(located, y, 0.0)]))
    return np.asarray(points, dtype=object), located


def _query(
    points: NDArray[np.object_], polygons: gpd.array.GeometryArray
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    shapes = np.asarray(polygons)
    edges = shapely.boundary(shapes)
    inside = np.full(len(points), -1, dtype="int64")
    hit, quarter = shapely.STRtree(shapes).query(points, predicate="intersects")
    # Written from the last to the first, so that the lowest code stays.
    order = np.lexsort((-quarter, hit))
    inside[hit[order]] = quarter[order]
    nearest = inside.copy()
    found, closest = shapely.STRtree(edges).query_nearest(points, all_matches=False)
    nearest[found] = np.where(inside[found] >= 0, inside[found], closest)
    away = shapely.distance(points, edges[nearest])
    return inside, nearest, np.where(inside >= 0, -away, away)


def _assemble(
    positions: pd.DataFrame,
    quarters: gpd.GeoDataFrame,
    located: NDArray[np.bool_],
    inside: NDArray[np.int64],
    nearest: NDArray[np.int64],
    distance: NDArray[np.float64],
    uncertainty_m: Mapping[str, float],
) -> pd.DataFrame:
    codes = quarters["qpv_code"].to_numpy(dtype=object)
    method = positions["position_method"].astype("object").where(located).fillna("unknown")
    known = method.map(dict(uncertainty_m)).astype("float64")
    metres = known.fillna(uncertainty_m["unknown"]).where(located)
    signed = pd.Series(np.nan, index=positions.index)
    signed[located] = distance
    status = pd.Series("not_located", index=positions.index, dtype="str")
    status[located] = np.where(inside >= 0, "inside", "outside")
    vague = method.isin(_NEVER_INSIDE) & (status == "inside")
    status = status.mask(located & ((signed.abs() < metres) | vague), "undecided")
    code = pd.Series(None, index=positions.index, dtype="str")
    code[located] = [codes[k] if k >= 0 else None for k in inside]
    close = pd.Series(None, index=positions.index, dtype="str")
    close[located] = codes[nearest]
    return pd.DataFrame(
        {
            "location_status": status,
            "qpv_code": code.where(status == "inside"),
            "nearest_qpv_code": close,
            "distance_to_edge_m": signed,
            "uncertainty_m": metres,
        }
    )
