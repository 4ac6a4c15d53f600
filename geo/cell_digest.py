"""What a cell index depends on, and the digest by which a kept one is known to be up to date."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

import geopandas as gpd
import shapely
from pyproj import CRS

from geo import kernels
from geo.errors import CrsError
from geo.proximity import NPNRU_BAND_M

# The widest band, and the uncertainty of a position known by its street.
REACH_M = NPNRU_BAND_M + 100.0
_FORMAT = 3


@dataclass(frozen=True)
class Options:
    """What an index depends on besides the shapes; ``reach`` in metres, 0 for none."""

    crs: CRS
    points_crs: CRS
    reach: float
    npnru: frozenset[str]

    @classmethod
    def of(
        cls, layer: gpd.GeoDataFrame, points_crs: object, reach_m: float, npnru: Collection[str]
    ) -> Self:
        """Read the options of an index; a layer that is not in metres has no reach."""
        if layer.crs is None:
            raise CrsError("Couche des quartiers : aucun système de coordonnées ; déclarez-le.")
        crs = CRS(layer.crs)
        given = crs if points_crs is None else CRS.from_user_input(points_crs)
        metric = crs.is_projected and crs.axis_info[0].unit_name == "metre"
        return cls(crs, given, float(reach_m) if metric else 0.0, frozenset(npnru))


def layer_digest(
    layer: gpd.GeoDataFrame,
    *,
    points_crs: object = None,
    reach_m: float = REACH_M,
    npnru: Collection[str] = (),
) -> str:
    """Return the sha256 of all that an index built with these arguments depends on.

    The order of the rows does not count. Raises CrsError when the layer has no CRS.
    """
    return digest_of(layer.sort_values("qpv_code"), Options.of(layer, points_crs, reach_m, npnru))


def digest_of(ordered: gpd.GeoDataFrame, options: Options) -> str:
    """Return the digest of a layer in the order of codes, with these options."""
    systems = [options.crs.to_wkt(), options.points_crs.to_wkt()]
    described = [_FORMAT, kernels.SHIFT, *systems, options.reach, sorted(options.npnru)]
    labels = [ordered["qpv_code"].tolist(), names_of(ordered)]
    found = hashlib.sha256(json.dumps([described, labels]).encode())
    for shape in shapely.to_wkb(ordered.geometry.to_numpy()):
        found.update(shape or b"-")
    return found.hexdigest()


def names_of(layer: gpd.GeoDataFrame) -> list[str]:
    """Return the name of each quarter, its code where the layer has no names."""
    return [str(name) for name in layer.get("qpv_name", layer["qpv_code"])]
