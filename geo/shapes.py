"""Where lines, areas and sets of points are: shared between quarters by what overlaps."""

from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from geo.crs import WGS84, require_crs
from geo.errors import ContractError
from geo.location import (
    Facts,
    Floats,
    Places,
    Shapes,
    answers,
    assess,
    checked_layer,
    uncertainties,
)

# How a share is measured, by the dimension of the shape.
UNITS = ("points", "m", "m²")
SHARED = "shared"
_COLLECTION = shapely.GeometryType.GEOMETRYCOLLECTION
# Two quarters that overlap by less only differ by the rounding of their common boundary.
_LEAST_M2 = 1e-6
# A smaller share is the rounding of coordinates along a boundary.
_LEAST_SHARE = 1e-9
_ARCS = 32  # segments a quarter circle of a margin: it is true to 0.03 %


def locate_shapes(
    layer: gpd.GeoDataFrame,
    quarters: gpd.GeoDataFrame,
    crs: CRS,
    uncertainty_m: Mapping[str, float],
    *,
    npnru: Collection[str] = (),
    generation: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Say for each shape in which quarters it lies, and for what part of it.

    ``layer`` is in EPSG:4326, any kind of geometry, with ``position_method`` and ``score`` if
    known; the other arguments are those of ``geo.location.locate``. Two frames come back:

    - one row a shape, on the index of ``layer``, with the columns of ``locate`` and
      ``share_in_quarters``. ``location_status`` may also be SHARED: the shape reaches, beyond its
      uncertainty, several quarters, or a quarter and the outside. Metres are 0 across a boundary.
    - one row a shape and quarter: ``row`` (number of the shape, from 0), ``qpv_code``, ``share``
      (0 to 1 of the shape), ``measure``, ``unit`` (UNITS), indexed like the shape.

    Areas are shared by area, lines by length, sets of points by number; a collection by its areas,
    else its lines, else its points. What several quarters hold goes to the lowest code, so that
    the shares of a shape add up to 1 at most. An invalid shape is repaired before it is measured.
    A missing or empty shape, or one with impossible coordinates, is "not_located". Raises CrsError
    and ContractError as ``locate`` does.
    """
    ordered = checked_layer(quarters, crs)
    shapes = _plain(layer, crs)
    facts = assess(shapes, ordered, npnru, "covered_by")
    shares = _shares(shapes, ordered)
    method, metres = uncertainties(layer, facts, uncertainty_m)
    found = answers(layer, ordered, facts, method, metres, generation)
    astride = _astride(shapes, ordered.geometry.to_numpy(), facts, metres, shares)
    found.loc[astride, "location_status"] = SHARED
    parts = shares.groupby("row")["share"].sum().clip(upper=1.0).reindex(range(len(layer)))
    located = found["location_status"] != "not_located"
    found["share_in_quarters"] = np.where(located, parts.fillna(0.0), np.nan)
    shares["qpv_code"] = ordered["qpv_code"].to_numpy()[shares.pop("quarter")]
    columns = ["row", "qpv_code", "share", "measure", "unit"]
    return found, shares.set_index(layer.index.take(shares["row"]))[columns]


def overlaps(quarters: gpd.GeoDataFrame, crs: CRS) -> pd.DataFrame:
    """Return every pair of quarters that overlap: ``qpv_code``, ``other_code``, ``area_m2``.

    ``quarters`` is in the metric ``crs``; quarters that only touch are not listed. The lower code
    comes first: ``locate`` gives it what both hold. Raises as ``locate`` does.
    """
    layer = checked_layer(quarters, crs)
    shapes, codes = layer.geometry.to_numpy(), layer["qpv_code"].to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one < other], other[one < other]
    area = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    frame = pd.DataFrame({"qpv_code": codes[one], "other_code": codes[other], "area_m2": area})
    frame = frame[frame["area_m2"] > _LEAST_M2]
    return frame.sort_values(["qpv_code", "other_code"], ignore_index=True)


def _plain(layer: gpd.GeoDataFrame, crs: CRS) -> Shapes:
    """Return each shape in metres, valid, of one dimension; None for one that is nowhere."""
    if not isinstance(layer, gpd.GeoDataFrame) or layer.active_geometry_name is None:
        raise ContractError(
            "Couche à localiser : aucune géométrie ; attendu : une colonne de points, de lignes ou "
            "de surfaces."
        )
    require_crs(layer, WGS84, "Couche à localiser")
    given = shapely.force_2d(layer.geometry.to_numpy())
    possible = _possible(given, 180.0, 90.0)
    project = Transformer.from_crs(WGS84, crs, always_xy=True).transform

    def to_metres(points: Floats) -> Floats:
        """Project longitudes and latitudes (n, 2) to metres."""
        return np.column_stack(project(points[:, 0], points[:, 1]))

    shapes = np.full(len(layer), None, dtype=object)
    shapes[possible] = shapely.transform(given[possible], to_metres)
    shapes[~_possible(shapes, np.inf, np.inf)] = None
    return np.array([_one_dimension(shape) for shape in shapes], dtype=object).reshape(len(layer))


def _possible(shapes: Shapes, most_x: float, most_y: float) -> NDArray[np.bool_]:
    """Say which shapes have coordinates, all finite and within limits."""
    points, row = shapely.get_coordinates(shapes, return_index=True)
    most = np.array([most_x, most_y])
    wrong = ~(np.isfinite(points) & (np.abs(points) <= most)).all(axis=1)
    count = np.bincount(row, minlength=len(shapes))
    return np.asarray((count > 0) & (np.bincount(row[wrong], minlength=len(shapes)) == 0))


def _one_dimension(shape: Any) -> Any:
    if shape is None:
        return None
    parts = shapely.get_parts(shape if shapely.is_valid(shape) else shapely.make_valid(shape))
    while (nested := shapely.get_type_id(parts) == _COLLECTION).any():
        parts = np.append(parts[~nested], shapely.get_parts(parts[nested]))
    dimension = shapely.get_dimensions(parts)
    # Merged, so that what a shape covers twice counts once.
    return shapely.union_all(parts[dimension == dimension.max()])


def _measures(shapes: Shapes) -> Floats:
    """Return the area, the length or the number of points of each shape, by its dimension."""
    dimension = shapely.get_dimensions(shapes)
    counts = shapely.get_num_coordinates(shapes)
    lengths = np.where(dimension == 1, shapely.length(shapes), counts)
    return np.where(dimension == 2, shapely.area(shapes), lengths)


def _shares(shapes: Shapes, layer: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what each quarter holds of each shape: row, quarter, share, measure, unit."""
    polygons = layer.geometry.to_numpy()
    rows, quarters = shapely.STRtree(polygons).query(shapes, predicate="intersects")
    order = np.lexsort((quarters, rows))
    pairs = np.column_stack([rows[order], quarters[order]]).tolist()
    left: dict[int, Any] = {}
    kept = []
    for row, quarter in pairs:
        rest = left.get(row, shapes[row])
        part = _same_dimension(shapely.intersection(rest, polygons[quarter]), shapes[row])
        left[row] = shapely.difference(rest, polygons[quarter])
        if part is not None:
            kept.append((row, quarter, part))
    frame = pd.DataFrame(kept, columns=["row", "quarter", "part"])
    frame = frame.astype({"row": "int64", "quarter": "int64"})
    whole = shapes[frame["row"].to_numpy()]
    frame["measure"] = _measures(frame.pop("part").to_numpy(dtype=object))
    frame["share"] = np.minimum(frame["measure"] / _measures(whole), 1.0)
    frame["unit"] = np.array(UNITS, dtype=object)[shapely.get_dimensions(whole)]
    return frame[frame["share"] > _LEAST_SHARE]


def _same_dimension(part: Any, whole: Any) -> Any:
    """Return what of the part has the dimension of the whole, None if nothing has.

    An area that shares only an edge, or a line that meets only a corner, is not held at all.
    """
    parts = shapely.get_parts(part)
    kept = parts[shapely.get_dimensions(parts) == shapely.get_dimensions(whole)]
    kept = kept[~shapely.is_empty(kept)]
    return shapely.union_all(kept) if len(kept) else None


def _astride(
    shapes: Shapes, polygons: Shapes, facts: Facts, metres: Floats, shares: pd.DataFrame
) -> NDArray[np.bool_]:
    """Say which shapes are surely in two places: two quarters, or a quarter and the outside."""
    zones = np.zeros(len(shapes), dtype="int64")
    across = shares[facts.member[shares["row"].to_numpy()] < 0]
    for row, quarters in across.groupby("row")["quarter"]:
        held: Places = quarters.to_numpy()
        shape, doubt = shapes[row], metres[row]
        near = polygons[shapely.dwithin(polygons, shape, doubt)]
        beyond = shapely.difference(
            shape, shapely.union_all(shapely.buffer(near, doubt, quad_segs=_ARCS))
        )
        sure = shapely.intersects(shapely.buffer(polygons[held], -doubt, quad_segs=_ARCS), shape)
        zones[row] = sure.sum() + (not beyond.is_empty)
    return zones >= 2
