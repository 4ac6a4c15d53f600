"""The layer and the points that positions are measured on: synthetic, seeded, the same each time.

The quarters are the embedded ones, turned, stretched and spread over the country as towns; none
overlaps another, so that a point has one quarter at most. The points are clustered like towns, in
random order, which is the hard case for any index.
"""

import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from bench.positions.files import AXES, CRS, GROUP, ROOT, points_of

SEED, TOWNS, QUARTERS = 62, 400, 1600


def towns(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform([200_000, 6_200_000], [1_050_000, 7_050_000], (TOWNS, 2))


def national_layer() -> gpd.GeoDataFrame:
    """Draw about 1,600 quarters of realistic shape, none over another, in towns (EPSG:2154)."""
    rng = np.random.default_rng(SEED)
    models = gpd.read_file(ROOT / "data" / "qpv" / "qpv_2024.geojson").to_crs(CRS).geometry
    shapes = [
        drawn(model, centre, rng)
        for centre in towns(rng)
        for model in rng.choice(models.to_numpy(), 5)
    ]
    layer = gpd.GeoDataFrame(geometry=[one for one in shapes if one.is_valid], crs=CRS)
    a, b = shapely.STRtree(layer.geometry).query(layer.geometry, predicate="intersects")
    layer = layer.drop(index=np.unique(a[a > b])).iloc[:QUARTERS]
    codes = [f"QN{1 + k // 100:03d}{k % 100:02d}M" for k in range(len(layer))]
    return gpd.GeoDataFrame({"qpv_code": codes}, geometry=layer.geometry.to_numpy(), crs=CRS)


def drawn(model: Any, centre: NDArray[np.float64], rng: np.random.Generator) -> Any:
    turn, stretch = rng.uniform(0, 2 * math.pi), rng.uniform(0.7, 1.3, 2)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = np.array(model.centroid.coords[0])
    shift = centre + rng.normal(0, 2500, 2)
    return shapely.transform(model, lambda xy: ((xy - middle) * stretch) @ rotation + shift)


def write_points(folder: Path, layer: gpd.GeoDataFrame, count: int) -> None:
    """Write points in random order, clustered like towns: 7-8 % inside a quarter."""
    rng = np.random.default_rng(SEED)
    centres, middles = towns(rng), shapely.get_coordinates(layer.geometry.centroid.to_numpy())
    others = rng.uniform(centres.min(0), centres.max(0), (3000, 2))
    # Where they gather, their share, and the spread in metres of each gathering.
    kinds = ((middles, 0.24, 450.0), (centres, 0.40, 2500.0), (others, 0.36, 4000.0))
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    schema = pa.schema([("row", pa.int64()), *((name, pa.float64()) for name in AXES)])
    with pq.ParquetWriter(points_of(folder), schema) as writer:
        for begin in range(0, count, GROUP):
            n = min(GROUP, count - begin)
            parts = [
                places[rng.integers(0, len(places), round(share * n))]
                + rng.normal(0, spread, (round(share * n), 2))
                for places, share, spread in kinds
            ]
            # To the decimetre and the millionth of a degree, as published files have them.
            where = rng.permutation(np.vstack(parts)).round(1)
            row = np.arange(begin, begin + len(where))
            columns = [row, *where.T, *np.round(to_degrees.transform(*where.T), 6)]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=GROUP)
