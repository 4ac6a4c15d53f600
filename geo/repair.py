"""Invalid rings made valid, and every repair told in square metres: nothing changes in silence.

Published layers cross themselves where coordinates were rounded or simplified; such a polygon has
no reliable area and no reliable inside.
"""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from geo.crs import WGS84, require_crs
from geo.errors import DataFileError

COLUMNS = (
    *("qpv_code", "reason", "area_before_m2", "area_after_m2", "difference_m2"),
    *("vertices_before", "vertices_after"),
)
_ELLIPSOID = Geod(ellps="WGS84")
_REASON = re.compile(r"(?P<words>[^\[]+?)\s*(?:\[(?P<x>\S+) (?P<y>\S+)\])?")
# What GEOS says of an invalid polygon.
_WORDS = {
    "Self-intersection": "le contour se croise",
    "Ring Self-intersection": "le contour se touche lui-même",
    "Too few points in geometry component": "un anneau a moins de trois sommets distincts",
    "Hole lies outside shell": "un trou est hors du contour",
    "Holes are nested": "un trou est dans un autre trou",
    "Nested holes": "un trou est dans un autre trou",
    "Nested shells": "une partie du quartier est dans une autre",
    "Interior is disconnected": "l'intérieur est coupé en morceaux",
    "Duplicate Rings": "un anneau est répété",
}


def repair(layer: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Make every invalid polygon valid; return the layer and one row a repair.

    ``layer`` is in EPSG:4326 with ``qpv_code``; rows, order and valid polygons stay as they are.
    Shapes are rebuilt by GEOS's "structure" method: shells are added up, holes taken out (a hole
    outside its shell becomes a part), lines and points that remain are dropped. The report holds
    COLUMNS: the first fault in French with its longitude and latitude, areas in square metres on
    the WGS 84 ellipsoid (so that overseas quarters measure the same way), vertices.
    ``area_before_m2`` is that of the rings as they were written, in which the loops of a crossing
    cancel out. Raises CrsError on another CRS, DataFileError naming the quarters of which no
    surface remains.
    """
    require_crs(layer, WGS84, "Couche à réparer")
    shapes = layer.geometry.to_numpy()
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    repaired = shapes.copy()
    repaired[wrong] = [_rebuilt(one) for one in shapes[wrong]]
    lost = [str(layer["qpv_code"].iloc[k]) for k in wrong if repaired[k].is_empty]
    if lost:
        raise DataFileError(
            f"{source} : contour sans surface pour {', '.join(lost)} ; attendu : des polygones. "
            "Corrigez ces contours dans le fichier, ou retirez ces quartiers."
        )
    rows = [
        _row(str(layer["qpv_code"].iloc[k]), before=shapes[k], after=repaired[k]) for k in wrong
    ]
    return layer.set_geometry(repaired, crs=layer.crs), _frame(rows)


def reason(shape: shapely.Geometry) -> str:
    """Say in French why a polygon is invalid and where (longitude ; latitude); empty if valid."""
    if shapely.is_valid(shape):
        return ""
    found = _REASON.fullmatch(shapely.is_valid_reason(shape))
    words = found["words"] if found else ""
    text = _WORDS.get(words, "le contour n'est pas un polygone valide")
    if not found or found["x"] is None:
        return text
    return f"{text} (en {_degrees(found['x'])} ; {_degrees(found['y'])})"


def area_m2(shape: shapely.Geometry) -> float:
    """Return the area of a polygon of EPSG:4326, in square metres on the WGS 84 ellipsoid."""
    # Shells one way and holes the other, as the ellipsoid's sum is signed.
    return float(abs(_ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(shape))[0]))


def sentence(repairs: pd.DataFrame) -> str:
    """Say in French how many outlines were repaired and by how many square metres at most."""
    if repairs.empty:
        return ""
    widest = repairs["difference_m2"].abs().max()
    metres = f"{widest:,.0f}".replace(",", "\u202f")
    count = len(repairs)
    words = "1 contour réparé" if count == 1 else f"{count} contours réparés"
    return f"{words} à la lecture ; plus grand écart de surface : {metres}\u202fm²."


def still_valid(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a projected layer whose polygons are all valid.

    Two vertices a hair apart may change places when they are projected: such a polygon, valid in
    degrees, is rebuilt as ``repair`` does; what moves is far below a millimetre.
    """
    shapes = layer.geometry.to_numpy().copy()
    wrong = np.flatnonzero(~shapely.is_valid(shapes))
    shapes[wrong] = [_rebuilt(one) for one in shapes[wrong]]
    return layer.set_geometry(gpd.GeoSeries(shapes, index=layer.index, crs=layer.crs))


def _rebuilt(shape: shapely.Geometry) -> shapely.Geometry:
    valid = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(valid)
    surfaces = parts[np.isin(shapely.get_type_id(parts), (3, 6)) & ~shapely.is_empty(parts)]
    return surfaces[0] if len(surfaces) == 1 else shapely.union_all(surfaces)


def _row(code: str, before: shapely.Geometry, after: shapely.Geometry) -> dict[str, object]:
    areas = area_m2(before), area_m2(after)
    counts = shapely.get_num_coordinates([before, after])
    values = (code, reason(before), *areas, areas[1] - areas[0], *map(int, counts))
    return dict(zip(COLUMNS, values, strict=True))


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    text = dict.fromkeys(("qpv_code", "reason"), "str")
    areas = dict.fromkeys(("area_before_m2", "area_after_m2", "difference_m2"), "float64")
    counts = dict.fromkeys(("vertices_before", "vertices_after"), "int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**text, **areas, **counts})


def _degrees(text: str) -> str:
    return f"{float(text):.5f}".replace(".", ",")
