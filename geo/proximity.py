"""Nearness to the quarters: nearest one, and the bands of 300 m and, around an NPNRU site, 500 m.

Source: reduced VAT (5.5 %) for home ownership applies in a QPV and up to 300 m around it, and up
to 500 m around a QPV that is an NPNRU site. Metres are those of the territory's metric CRS,
which must be those of the ground: in Lambert-93 a band of 300 m would reach 299.5 m in the north of
France; ``geo.crs.scale_error`` measures it.
"""

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import require_crs

BAND_M = 300.0
NPNRU_BAND_M = 500.0
_ARCS = 32  # segments a quarter circle: the drawn edge is at most 0.15 m inside the true one


def bands(quarters: gpd.GeoDataFrame, npnru: Collection[str], crs: object) -> gpd.GeoDataFrame:
    """Return one polygon a quarter: the band around it, without the quarter itself.

    ``quarters`` is in the metric ``crs``; so is the result (``qpv_code``, ``width_m``, geometry).
    A drawing: ``in_bands`` decides by exact distance. Raises CrsError on another CRS.
    """
    require_crs(quarters, crs, "Couche des quartiers")
    widths = quarters["qpv_code"].isin(npnru).map({True: NPNRU_BAND_M, False: BAND_M})
    shapes = quarters.geometry.to_numpy()
    around = shapely.buffer(shapes, widths.to_numpy(), quad_segs=_ARCS)
    rings = shapely.difference(around, shapes)
    return gpd.GeoDataFrame(
        {"qpv_code": quarters["qpv_code"], "width_m": widths}, geometry=rings, crs=quarters.crs
    )


def nearest_of(
    shapes: NDArray[np.object_], polygons: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the row of the nearest polygon and the metres to it, 0 where it is touched.

    Of polygons equally near, the first is named. A missing shape, or no polygon at all, gives
    row -1 and NaN.
    """
    rows = np.full(len(shapes), -1, dtype="int64")
    metres = np.full(len(shapes), np.nan)
    (asked, closest), away = shapely.STRtree(polygons).query_nearest(shapes, return_distance=True)
    # Written from the last polygon to the first, so that the first stays.
    order = np.lexsort((-closest, asked))
    rows[asked[order]], metres[asked[order]] = closest[order], away[order]
    return rows, metres


def in_bands(
    nearest: NDArray[np.int64],
    away_m: NDArray[np.float64],
    site: NDArray[np.int64],
    site_m: NDArray[np.float64],
    uncertainty_m: NDArray[np.float64],
) -> tuple[list[bool | None], NDArray[np.int64]]:
    """Say whether each position lies in a band, by exact distance, and in which quarter's.

    ``nearest`` and ``site`` are the rows of the nearest quarter and NPNRU site, ``away_m`` and
    ``site_m`` the metres to them (0 inside, NaN for none). True within 300 m of a quarter or 500 m
    of a site, the limit included; None when a limit is nearer than the uncertainty, or nothing is
    located. The quarter named, only when True, is the nearest one, else the site; -1 otherwise.
    """
    near_limit = [
        np.abs(metres - width) < uncertainty_m
        for metres, width in ((away_m, BAND_M), (site_m, NPNRU_BAND_M))
    ]
    by_quarter = (away_m <= BAND_M) & ~near_limit[0]
    by_site = (site_m <= NPNRU_BAND_M) & ~near_limit[1]
    sure = by_quarter | by_site
    doubt = ~sure & (near_limit[0] | near_limit[1] | np.isnan(away_m))
    answer = [None if d else bool(s) for s, d in zip(sure, doubt, strict=True)]
    return answer, np.where(by_quarter, nearest, np.where(by_site, site, -1))
