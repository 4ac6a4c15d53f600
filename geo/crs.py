"""Reference systems: WGS 84 at the borders of the system, one metric CRS per territory inside."""

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Proj
from pyproj.exceptions import CRSError

from geo.errors import CrsError

WGS84 = "EPSG:4326"
DEGREES = 0  # stands for WGS 84 among the EPSG codes of systems
_PUBLISHED = {2154: "Lambert-93", 3857: "Web Mercator"} | {
    3900 + zone: f"CC{zone}" for zone in range(42, 51)
}


def metric_crs(name: str) -> CRS:
    """Return the projected CRS called ``name`` (``EPSG:2154``), whose unit must be the metre.

    Raises CrsError when the name is unknown, geographic, in another unit, or a Mercator, whose
    lengths are not those of the ground.
    """
    try:
        crs = CRS.from_user_input(name)
    except CRSError as error:
        raise CrsError(
            f"Système de coordonnées « {name} » inconnu ; attendu : un code comme EPSG:2154."
        ) from error
    units = {axis.unit_name for axis in crs.axis_info[:2]}
    if not crs.is_projected or units != {"metre"} or _is_mercator(crs):
        raise CrsError(
            f"« {name} » ne mesure pas en mètres ; attendu : un système projeté (EPSG:2154)."
        )
    return crs


def _is_mercator(crs: CRS) -> bool:
    # Web maps' Mercator says "metre", but its metre is 1.6 times too long at 50° north.
    method = crs.coordinate_operation.method_name if crs.coordinate_operation else ""
    return method.startswith(("Mercator", "Popular Visualisation"))


def require_crs(layer: gpd.GeoDataFrame, expected: object, what: str) -> None:
    """Refuse a layer that is not in the expected CRS.

    geopandas only warns on a mismatch; a distance taken in the wrong unit is a wrong answer, so
    this raises CrsError instead.
    """
    wanted = CRS.from_user_input(expected)
    if layer.crs is None:
        raise CrsError(f"{what} : aucun système de coordonnées ; attendu : {wanted.to_string()}.")
    if CRS(layer.crs) != wanted:
        raise CrsError(
            f"{what} : coordonnées en {layer.crs.to_string()} ; attendu : {wanted.to_string()}. "
            "Reprojetez la couche avant de l'utiliser."
        )


def to_metric(layer: gpd.GeoDataFrame, crs: CRS) -> gpd.GeoDataFrame:
    """Project a WGS 84 layer to the territory's metric CRS."""
    require_crs(layer, WGS84, "Couche à projeter")
    return layer.to_crs(crs)


def to_wgs84(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Bring a layer of known CRS back to WGS 84 (longitude, latitude in degrees)."""
    if layer.crs is None:
        raise CrsError("Couche sans système de coordonnées : impossible de la rendre en WGS 84.")
    return layer.to_crs(WGS84)


def scale_error(layer: gpd.GeoDataFrame, crs: CRS) -> float:
    """Return by what part a metre of ``crs`` differs from a metre of the ground, at the worst.

    ``layer`` is in EPSG:4326; every vertex counts, along the meridian and along the parallel. The
    national Lambert-93 stretches northern France by 1.5 per mille; a conformal conic of the zone
    (CC42 to CC50) stays below 1 in 10 000. Raises CrsError for a layer of another CRS.
    """
    require_crs(layer, WGS84, "Couche mesurée")
    lon, lat = shapely.get_coordinates(layer.geometry.to_numpy()).T
    factors = Proj(crs).get_factors(lon, lat)
    scales = np.concatenate([np.ravel(factors.meridional_scale), np.ravel(factors.parallel_scale)])
    return float(np.abs(scales - 1.0).max())


def systems_in_use(crs: CRS, lon: float, lat: float) -> dict[int, str]:
    """Return the systems in use around a place, by EPSG code: degrees, then metres.

    Those are the territory's metric ``crs`` and the published ones of France that cover the place
    (``lon``, ``lat`` in degrees).
    """
    found = {DEGREES: "degrés"}
    for epsg in dict.fromkeys((crs.to_epsg() or DEGREES, *_PUBLISHED)):
        area = CRS.from_epsg(epsg).area_of_use if epsg else None
        if area and area.west <= lon <= area.east and area.south <= lat <= area.north:
            found[epsg] = f"{_PUBLISHED.get(epsg) or CRS.from_epsg(epsg).name} (EPSG:{epsg})"
    return found
