"""Measure the cell index against its peers on a synthetic national layer and 26 million points.

Every way runs in a process of its own (its memory is its own) and gives the quarter of each point;
the answers are compared point by point with those of ``geopandas.sjoin``. The quarters are the
embedded ones, turned, stretched and spread over the country as towns; none overlaps another, so
that a point has one quarter at most. The points are clustered like towns, in random order, which
is the hard case for any index. Peers that are not installed are left out.

Usage: ``python bench/locate.py [--points 26000000] [--quick] [--rounds 5]``
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geo.cell_digest import layer_digest
from geo.cell_index import CellIndex
from geo.stream import Question, answers, locate_parquet

ROOT = Path(__file__).resolve().parent.parent
CRS = "EPSG:2154"
SEED, TOWNS, QUARTERS, GROUP = 62, 400, 1600, 1_000_000
SMALL = (1, 100, 1_000, 10_000, 100_000)
PACKAGES = ("numpy", "numba", "shapely", "geopandas", "pyarrow", "duckdb", "sedonadb", "dask")
Members = NDArray[np.int32]
Way = Callable[[Path], Members | None]


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


def write_points(path: Path, layer: gpd.GeoDataFrame, count: int) -> None:
    """Write points in random order, clustered like towns: 7-8 % inside a quarter."""
    rng = np.random.default_rng(SEED)
    centres, middles = towns(rng), shapely.get_coordinates(layer.geometry.centroid.to_numpy())
    others = rng.uniform(centres.min(0), centres.max(0), (3000, 2))
    # Where they gather, their share, and the spread in metres of each gathering.
    kinds = ((middles, 0.24, 450.0), (centres, 0.40, 2500.0), (others, 0.36, 4000.0))
    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    schema = pa.schema([("row", pa.int64()), *((name, pa.float64()) for name in AXES)])
    with pq.ParquetWriter(path, schema) as writer:
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


AXES = ("x", "y", "lon", "lat")


def points_of(folder: Path) -> Path:
    return folder / "points.parquet"


def layer_of(folder: Path) -> gpd.GeoDataFrame:
    return gpd.read_parquet(folder / "quarters.parquet")


def index_of(folder: Path, name: str = "metres") -> CellIndex:
    return CellIndex.load(folder / f"{name}.index", (folder / f"{name}.digest").read_text())


def prepare(folder: Path, count: int) -> list[str]:
    """Write layer, indexes and points; tell what the index costs."""
    layer = national_layer()
    layer.to_parquet(folder / "quarters.parquet")
    CellIndex.build(layer.iloc[:9])  # compiles
    lines = []
    for name, crs in (("metres", CRS), ("degrees", "EPSG:4326")):
        options: dict[str, Any] = {"points_crs": crs, "npnru": layer["qpv_code"].iloc[::4]}
        index, build = timed(partial(CellIndex.build, layer, **options))
        path, digest = folder / f"{name}.index", layer_digest(layer, **options)
        index.save(path)
        (folder / f"{name}.digest").write_text(digest)
        loads = [timed(partial(CellIndex.load, path, digest))[1] for _ in range(9)]
        lines.append(
            f"index for {name}: {len(layer)} quarters, {path.stat().st_size / 1e6:.0f} MB, built "
            f"in {build:.2f} s, reopened in {median(loads) * 1e3:.1f} ms"
        )
    write_points(points_of(folder), layer, count)
    return lines


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def coordinates(folder: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    table = pq.read_table(points_of(folder), columns=["x", "y"])
    return table["x"].to_numpy(), table["y"].to_numpy()


def read_table(folder: Path) -> None:
    pq.read_table(points_of(folder), columns=["x", "y"])


def read_groups(folder: Path) -> None:
    """Read as the atlas does: row group by row group, in as many threads as processors."""
    metadata = pq.read_metadata(points_of(folder))

    def read(group: int) -> None:
        with pq.ParquetFile(points_of(folder), metadata=metadata) as file:
            file.read_row_group(group, columns=["x", "y"], use_threads=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(read, range(metadata.num_row_groups)))


def streamed(folder: Path, index: CellIndex, question: Question) -> Members:
    """Keep the codes' places only: what a count by quarter needs."""
    path, done = points_of(folder), 0
    with pq.ParquetFile(path) as file:
        members = np.empty(file.metadata.num_rows, dtype="int32")
        for table in answers(file, path, index, question, columns=question.read):
            for code in table["qpv_code"].chunks:
                places = code.indices.fill_null(-1).to_numpy()
                members[done : done + len(places)] = places
                done += len(places)
    return members


def atlas(folder: Path) -> Members:
    return streamed(folder, index_of(folder), Question("x", "y"))


def atlas_full(folder: Path) -> Members:
    return streamed(folder, index_of(folder), Question("x", "y", 0.0))


def atlas_degrees(folder: Path) -> None:
    streamed(folder, index_of(folder, "degrees"), Question("lon", "lat"))


def atlas_degrees_full(folder: Path) -> None:
    streamed(folder, index_of(folder, "degrees"), Question("lon", "lat", 0.0))


def atlas_written(folder: Path) -> None:
    target = folder / "located.parquet"
    locate_parquet(points_of(folder), target, index_of(folder), Question("x", "y"))


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


# Ways, the rounds each may take of those asked for, and whether its answers are compared.
ATLAS = "atlas, quarter"
WAYS: dict[str, tuple[Way, bool]] = {
    "read the two columns, read_table": (read_table, True),
    "read the two columns, by row groups": (read_groups, True),
    ATLAS: (atlas, True),
    "atlas, full answer": (atlas_full, True),
    "atlas, quarter, from degrees": (atlas_degrees, True),
    "atlas, full answer, from degrees": (atlas_degrees_full, True),
    "atlas, quarter, all columns written": (atlas_written, True),
    "geopandas.sjoin": (sjoin, False),
    "shapely STRtree": (strtree, False),
    "SedonaDB": (sedona, False),
    "DuckDB spatial": (duckdb, False),
    "Dask-geopandas": (dask, False),
}


def peak_memory() -> float:
    """Return the most memory this process ever held, in GB.

    From the kernel's own count for the program: ``ru_maxrss`` may be that of the parent it was
    forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def run_here(name: str, folder: Path, rounds: int) -> None:
    """Run one way in this process and print what it cost."""
    way, quick = WAYS[name]
    if quick:
        way(folder)  # compiled code is read from disk, files from memory
    seconds, work, members = [], [], None
    for _ in range(rounds if quick else 1):
        begun = time.process_time()
        members, spent = timed(lambda: way(folder))
        seconds.append(spent)
        work.append(time.process_time() - begun)
    if members is not None:
        np.save(folder / "members.npy", members)
    found = {"seconds": seconds, "work": work, "memory": peak_memory()}
    print(json.dumps(found | {"answers": members is not None}))


def run_apart(name: str, folder: Path, rounds: int) -> dict[str, Any] | None:
    """Run one way in a process of its own; None when it cannot run here."""
    command = [sys.executable, __file__, "--way", name, "--folder", str(folder)]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths}
    answer = subprocess.run(
        [*command, "--rounds", str(rounds)],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    if answer.returncode:
        print(f"{name}: left out ({answer.stderr.strip().splitlines()[-1][:120]})")
        return None
    result: dict[str, Any] = json.loads(answer.stdout.strip().splitlines()[-1])
    result["members"] = np.load(folder / "members.npy") if result.pop("answers") else None
    return result


def compare_all(folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    results = {name: run_apart(name, folder, rounds) for name in WAYS}
    kept = {name: result for name, result in results.items() if result}
    truth = kept["geopandas.sjoin"]["members"]
    for result in kept.values():
        members = result.pop("members")
        result["same"] = None if members is None else bool(np.array_equal(members, truth))
    kept["geopandas.sjoin"]["inside"] = float((truth >= 0).mean())
    return kept


def print_table(results: dict[str, dict[str, Any]], count: int) -> None:
    base, base_work = (median(results[ATLAS][what]) for what in ("seconds", "work"))
    share = results["geopandas.sjoin"]["inside"]
    print(f"\n{count:,} points, {share:.1%} inside; medians, each way in its own process")
    print("(« work » is time of all processors together, which other programs disturb less)")
    print(f"{'way':38} {'seconds':>8} {'x atlas':>8} {'work s':>8} {'x':>6} {'GB':>6}  answers")
    for name, result in results.items():
        spent = median(result["seconds"])
        same = {True: "same", False: "DIFFERENT", None: "-"}[result["same"]]
        work = median(result["work"])
        print(
            f"{name:38} {spent:8.2f} {spent / base:8.2f} {work:8.2f} {work / base_work:6.2f} "
            f"{result['memory']:6.2f}  {same}"
        )


def best(work: Callable[[], Any], rounds: int = 15) -> float:
    work()
    return median(timed(work)[1] for _ in range(rounds)) * 1e3


def print_small(folder: Path) -> None:
    """Compare on few points, where starting costs count: from arrays to answers."""
    index, tree, (x, y) = index_of(folder), tree_of(folder), coordinates(folder)
    layer = layer_of(folder)

    def joined(layer: gpd.GeoDataFrame, a: Any, b: Any) -> Any:
        return gpd.sjoin(gpd.GeoDataFrame(geometry=gpd.points_from_xy(a, b, crs=CRS)), layer)

    def queried(tree: shapely.STRtree, a: Any, b: Any) -> Any:
        return tree.query(shapely.points(a, b), predicate="intersects")

    print("\nfew points, milliseconds: all kept in memory, then all read from files each time")
    print(f"{'points':>8}" + 2 * f" {'atlas':>9} {'STRtree':>9} {'sjoin':>9}")
    for n in SMALL:
        a, b = x[:n].copy(), y[:n].copy()
        ways = (
            partial(index.locate, a, b),
            partial(queried, tree, a, b),
            partial(joined, layer, a, b),
            lambda a=a, b=b: index_of(folder).locate(a, b),
            lambda a=a, b=b: queried(tree_of(folder), a, b),
            lambda a=a, b=b: joined(layer_of(folder), a, b),
        )
        print(f"{n:8} " + " ".join(f"{best(way):9.3f}" for way in ways))


def write_plot(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw the seconds of each way as bars on a logarithmic scale."""
    bars = sorted((median(result["seconds"]), name) for name, result in results.items())
    scale = 420 / math.log10(bars[-1][0] / 0.1)
    rows = []
    for place, (spent, name) in enumerate(bars):
        y, width = 24 * place + 8, scale * math.log10(spent / 0.1)
        colour = "#1b6ca8" if name.startswith("atlas") else "#9aa5b1"
        rows.append(
            f'<text x="250" y="{y + 13}" text-anchor="end">{name}</text>'
            f'<rect x="260" y="{y}" width="{width:.0f}" height="18" fill="{colour}"/>'
            f'<text x="{266 + width:.0f}" y="{y + 13}">{spent:.2f} s</text>'
        )
    size = f'width="760" height="{24 * len(bars) + 12}"'
    style = 'font-family="sans-serif" font-size="12"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(rows)}</svg>\n'
    path.write_text(svg, encoding="utf-8")


def versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, " + ", ".join(found)


def exponent(folder: Path, rounds: int, results: dict[str, dict[str, Any]], count: int) -> None:
    """Print how time grows from a million points to all of them."""
    write_points(points_of(folder), layer_of(folder), GROUP)
    for name in (ATLAS, "atlas, full answer"):
        few = run_apart(name, folder, max(rounds, 5))
        if few is None:
            continue
        ratio = median(results[name]["seconds"]) / median(few["seconds"])
        grown = math.log(ratio) / math.log(count / GROUP)
        print(f"{name}: time grows as points to the power {grown:.2f} from 1 M")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=26_000_000)
    parser.add_argument("--quick", action="store_true", help="one million points")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.way:
        run_here(asked.way, asked.folder, asked.rounds)
        return
    count = GROUP if asked.quick else asked.points
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        print(versions(), *prepare(folder, count), sep="\n")
        results = compare_all(folder, asked.rounds)
        print_table(results, count)
        print_small(folder)
        write_plot(results, ROOT / "bench" / "locate.svg")
        if count > GROUP:
            exponent(folder, asked.rounds, results, count)
        if any(result["same"] is False for result in results.values()):
            sys.exit("answers differ")


if __name__ == "__main__":
    main()
