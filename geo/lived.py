"""*Quartier vécu*: places and areas outside a quarter that its residents use.

A territory declares them, with a reason and a source; nothing is guessed. A project that stands
there, outside every quarter, counts as serving the quarter, and is marked as such.
"""

import json
from collections.abc import Iterable, Mapping

import geopandas as gpd
import pandas as pd
from pyproj import CRS
from shapely import Point, unary_union
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo.catalogue import Dataset, read_verified
from geo.crs import WGS84
from geo.errors import DataFileError
from geo.location import locate
from geo.territory import LivedArea, LivedPlace

_ARCS = 32  # segments a quarter circle, like the bands


def read_area(dataset: Dataset) -> BaseGeometry:
    """Read the polygons of a GeoJSON (EPSG:4326, degrees) as one geometry.

    Raises DataFileError when it is not readable or holds something else than valid polygons.
    """
    content = read_verified(dataset)
    try:
        shapes = [shape(feature["geometry"]) for feature in json.loads(content)["features"]]
    except (ValueError, KeyError, TypeError, AttributeError, ShapelyError) as error:
        raise DataFileError(
            f"{dataset.path.name} n'est pas un GeoJSON lisible ({error}) ; attendu : une "
            "FeatureCollection de polygones."
        ) from error
    if not shapes or not all(_usable(one) for one in shapes):
        raise DataFileError(
            f"{dataset.path.name} : attendu, au moins un polygone, sans auto-intersection, en "
            "longitudes et latitudes (WGS 84)."
        )
    return unary_union(shapes)


def _usable(found: BaseGeometry) -> bool:
    if found.geom_type not in ("Polygon", "MultiPolygon") or found.is_empty or not found.is_valid:
        return False
    west, south, east, north = found.bounds
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def lived_layer(
    places: Iterable[LivedPlace],
    areas: Mapping[LivedArea, BaseGeometry],
    crs: CRS,
) -> gpd.GeoDataFrame:
    """Return the places and areas of a territory in the metric ``crs``: ``qpv_code, label``.

    A place is the disc of ``radius_m`` metres around its point; ``areas`` gives the geometry of
    each area in EPSG:4326.
    """
    declared = [*places]
    points = gpd.GeoSeries([Point(one.lon, one.lat) for one in declared], crs=WGS84).to_crs(crs)
    discs = points.buffer([one.radius_m for one in declared], quad_segs=_ARCS)
    drawn = gpd.GeoSeries(list(areas.values()), crs=WGS84).to_crs(crs)
    both: list[LivedPlace | LivedArea] = [*declared, *areas]
    frame = pd.DataFrame(
        {"qpv_code": [one.qpv for one in both], "label": [one.label for one in both]}, dtype="str"
    )
    return gpd.GeoDataFrame(frame, geometry=[*discs, *drawn], crs=crs)


def lived_in(
    positions: pd.DataFrame,
    located: pd.DataFrame,
    layer: gpd.GeoDataFrame,
    uncertainty_m: Mapping[str, float],
) -> pd.DataFrame:
    """Say which quarters' lived places hold each position that is outside every quarter.

    ``positions`` and ``located`` are those of ``geo.location.locate``, ``layer`` is
    ``lived_layer``'s. A place holds a position by the same rule as a quarter: farther inside than
    the position may be wrong. Result on the same index: ``codes`` (tuple of quarters) and
    ``labels`` (names of the places).
    """
    outside = located["location_status"] == "outside"
    codes: list[list[str]] = [[] for _ in range(len(positions))]
    labels: list[list[str]] = [[] for _ in range(len(positions))]
    rows = outside.to_numpy().nonzero()[0]
    for k in range(len(layer)):
        place = layer.iloc[k : k + 1]
        found = locate(positions.iloc[rows], place, CRS(layer.crs), uncertainty_m)
        for row in rows[(found["location_status"] == "inside").to_numpy()]:
            codes[row].append(place["qpv_code"].iloc[0])
            labels[row].append(place["label"].iloc[0])
    return pd.DataFrame(
        {
            "codes": pd.Series(
                [tuple(dict.fromkeys(one)) for one in codes], index=positions.index, dtype="object"
            ),
            "labels": pd.Series(
                [", ".join(one) for one in labels], index=positions.index, dtype="str"
            ),
        }
    )
