"""Bands around quarters: 300 m, and 500 m around an NPNRU site.

Source: reduced VAT (5.5 %) for home ownership applies in a QPV and up to 300 m around it, and up
to 500 m around a QPV that is an NPNRU site.
"""

from collections.abc import Collection

import geopandas as gpd
import shapely

from geo.crs import require_crs

BAND_M = 300.0
NPNRU_BAND_M = 500.0
_ARCS = 32  # segments a quarter circle: the drawn edge is at most 0.15 m inside the true one


def bands(quarters: gpd.GeoDataFrame, npnru: Collection[str], crs: object) -> gpd.GeoDataFrame:
    """Return one polygon a quarter: the band around it, without the quarter itself.

    ``quarters`` is in the metric ``crs``; so is the result (``qpv_code``, ``width_m``, geometry).
    Raises CrsError on another CRS.
    """
    require_crs(quarters, crs, "Couche des quartiers")
    widths = quarters["qpv_code"].isin(npnru).map({True: NPNRU_BAND_M, False: BAND_M})
    shapes = quarters.geometry.to_numpy()
    around = shapely.buffer(shapes, widths.to_numpy(), quad_segs=_ARCS)
    rings = shapely.difference(around, shapes)
    return gpd.GeoDataFrame(
        {"qpv_code": quarters["qpv_code"], "width_m": widths}, geometry=rings, crs=quarters.crs
    )
