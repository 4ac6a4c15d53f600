"""Reference systems: WGS 84 at the borders of the system, one metric CRS per territory inside."""

import geopandas as gpd
from pyproj import CRS
from pyproj.exceptions import CRSError

from geo.errors import CrsError
from geo.schema import WGS84


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
