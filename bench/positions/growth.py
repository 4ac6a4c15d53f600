"""How time grows with the points, and what a few points cost."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow.parquet as pq
import shapely

from bench.positions.files import CRS, GROUP, layer_of, points_of
from bench.positions.ours import index_of, pieces
from bench.positions.peers import coordinates, tree_of
from bench.positions.ways import ATLAS, FULL, in_process, timed
from geo.stream import Question

SMALL = (1, 10, 100, 1_000, 10_000, 100_000)
QUESTIONS = {ATLAS: Question("x", "y"), FULL: Question("x", "y", 0.0)}


def sizes(rows: int) -> list[int]:
    """Return whole row groups, from one to all of them, each step about doubled."""
    groups = rows // GROUP
    return [GROUP * round(groups ** (step / 4)) for step in range(5) if groups > 1]


def grow_here(folder: Path, rounds: int) -> None:
    """Time each size in turn, round after round, and print the medians."""
    index, found = index_of(folder), {}
    rows = pq.read_metadata(points_of(folder)).num_rows
    for name, question in QUESTIONS.items():
        costs: dict[int, list[tuple[float, float]]] = {size: [] for size in sizes(rows)}
        for _ in range(rounds + 1):
            for size, spent in costs.items():
                begun = time.process_time()
                _, seconds = timed(partial(exhausted, folder, index, question, size))
                spent.append((seconds, time.process_time() - begun))
        found[name] = {
            size: [median(c) for c in zip(*t[1:], strict=True)] for size, t in costs.items()
        }
    print(json.dumps(found))


def exhausted(folder: Path, index: Any, question: Question, size: int) -> None:
    for _ in pieces(folder, index, question, size):
        pass


def print_growth(folder: Path, rounds: int) -> float:
    """Print how time grows from a million points; return the exponent of the plain answer."""
    found, why = in_process(folder, "--growth", "--rounds", str(rounds))
    if found is None:
        raise RuntimeError(why)
    print("\n| points (M) | " + " | ".join(f"{name} (s) | work (s)" for name in found) + " |")
    print("|---" * (1 + 2 * len(found)) + "|")
    for size in found[ATLAS]:
        costs = [f"{cost:.3f}" for name in found for cost in found[name][size]]
        print(f"| {int(size) // GROUP} | " + " | ".join(costs) + " |")
    exponents = {name: _exponents(costs) for name, costs in found.items()}
    for name, (seconds, work) in exponents.items():
        print(f"{name}: time grows as points to the power {seconds:.2f} (work: {work:.2f})")
    return exponents[ATLAS][0]


def _exponents(costs: dict[str, list[float]]) -> tuple[float, ...]:
    """Return the slopes of the straight lines through the logarithms, by least squares."""
    logs = np.log([int(size) for size in costs])
    return tuple(
        float(np.polyfit(logs, np.log(values), 1)[0])
        for values in zip(*costs.values(), strict=True)
    )


def best(ways: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Return the median milliseconds of each way, run in turn."""
    for way in ways:
        way()
    spent = [[timed(way)[1] for way in ways] for _ in range(rounds)]
    return [median(times) * 1e3 for times in zip(*spent, strict=True)]


def joined(layer: gpd.GeoDataFrame, a: Any, b: Any) -> Any:
    return gpd.sjoin(gpd.GeoDataFrame(geometry=gpd.points_from_xy(a, b, crs=CRS)), layer)


def queried(tree: shapely.STRtree, a: Any, b: Any) -> Any:
    return tree.query(shapely.points(a, b), predicate="intersects")


def opened(folder: Path, a: Any, b: Any) -> Any:
    return index_of(folder).locate(a, b)


def tree_opened(folder: Path, a: Any, b: Any) -> Any:
    return queried(tree_of(folder), a, b)


def layer_opened(folder: Path, a: Any, b: Any) -> Any:
    return joined(layer_of(folder), a, b)


def print_small(folder: Path) -> bool:
    """Compare on few points, where starting costs count; say whether the atlas is never slower."""
    index, tree, (x, y) = index_of(folder), tree_of(folder), coordinates(folder)
    layer = layer_of(folder)

    print("\nFew points, milliseconds: index, tree and layer kept in memory, then read anew.\n")
    print("| points |" + 2 * " atlas | STRtree | sjoin |" + "\n" + "|---" * 7 + "|")
    never = True
    for n in SMALL:
        a, b, rounds = x[:n].copy(), y[:n].copy(), 15 if n < 10_000 else 5
        held: list[Callable[[Any, Any], Any]] = [
            index.locate, partial(queried, tree), partial(joined, layer)
        ]  # fmt: skip
        kept = best([partial(way, a, b) for way in held], rounds)
        from_files = (opened, tree_opened, layer_opened)
        read = best([partial(way, folder, a, b) for way in from_files], rounds)
        never = never and all(way[0] <= min(way[1:]) for way in (kept, read))
        print(f"| {n} | " + " | ".join(f"{spent:.3f}" for spent in (*kept, *read)) + " |")
    return never
