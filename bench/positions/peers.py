"""The general tools that the atlas is compared with: each gives the quarter of every point."""

from importlib import import_module
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from bench.positions.files import CRS, layer_of, points_of

Members = NDArray[np.int32]


def coordinates(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = pq.read_table(points_of(folder), columns=["x", "y"])
    return table["x"].to_numpy(), table["y"].to_numpy()


def from_pairs(rows: Any, quarters: Any, count: int) -> Members:
    members = np.full(count, -1, dtype="int32")
    members[np.asarray(rows)] = np.asarray(quarters)
    return members


def tree_of(folder: Path) -> shapely.STRtree:
    return shapely.STRtree(layer_of(folder).geometry)


def sjoin(folder: Path) -> Members:
    x, y = coordinates(folder)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y, crs=CRS))
    pairs = gpd.sjoin(points, layer_of(folder)[["geometry"]], predicate="intersects")
    return from_pairs(pairs.index, pairs["index_right"], len(x))


def strtree(folder: Path) -> Members:
    x, y = coordinates(folder)
    tree = tree_of(folder)
    rows, quarters = tree.query(shapely.points(x, y), predicate="intersects")
    return from_pairs(rows, quarters, len(x))


def sedona(folder: Path) -> Members:
    engine = import_module("sedonadb").connect()
    layer = layer_of(folder)
    layer = layer.assign(place=np.arange(len(layer))).set_crs(None, allow_override=True)
    engine.create_data_frame(layer[["place", "geometry"]]).to_view("quarters")
    engine.read_parquet(str(points_of(folder))).to_view("points")
    pairs = engine.sql(
        "SELECT p.row, q.place FROM points p JOIN quarters q "
        "ON ST_Intersects(q.geometry, ST_Point(p.x, p.y))"
    ).to_arrow_table()
    return from_pairs(pairs["row"], pairs["place"], pq.read_metadata(points_of(folder)).num_rows)


def duckdb(folder: Path) -> Members:
    engine = import_module("duckdb").connect()
    extension = import_module("duckdb_extensions")
    extension.import_extension("spatial", con=engine)
    engine.execute("LOAD spatial")
    layer = layer_of(folder)
    table = pa.table({"place": np.arange(len(layer)), "wkb": layer.to_wkb()["geometry"]})
    engine.register("shapes", table)
    engine.execute("CREATE TABLE quarters AS SELECT place, ST_GeomFromWKB(wkb) AS geom FROM shapes")
    pairs = engine.execute(
        "SELECT p.row, q.place FROM read_parquet(?) p JOIN quarters q "
        "ON ST_Intersects(q.geom, ST_Point(p.x, p.y))",
        [str(points_of(folder))],
    ).to_arrow_table()
    return from_pairs(pairs["row"], pairs["place"], pq.read_metadata(points_of(folder)).num_rows)


def dask(folder: Path) -> Members:
    frames, spatial = import_module("dask.dataframe"), import_module("dask_geopandas")
    points = frames.read_parquet(points_of(folder), columns=["row", "x", "y"])
    points = points.set_geometry(spatial.points_from_xy(points, "x", "y", crs=CRS))
    pairs = spatial.sjoin(points, layer_of(folder)[["geometry"]], predicate="intersects")
    found = pairs[["row", "index_right"]].compute()
    return from_pairs(
        found["row"], found["index_right"], pq.read_metadata(points_of(folder)).num_rows
    )
