"""The ways that are measured, and how one is run: in a process of its own, with its own memory."""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from bench.positions.files import ROOT

PACKAGES = ("numpy", "numba", "shapely", "geopandas", "pyarrow", "duckdb", "sedonadb", "dask")


class Way(NamedTuple):
    """Where a way is written, and how often it is run: always once only, when it is long."""

    place: str  # module of this folder, and function
    rounds: int | None = None  # None: as many as asked
    exact: bool = True  # whether each answer must be that of sjoin


READ, GROUPS = "reading the two columns, whole table", "reading the two columns, by row groups"
ATLAS, FULL = "atlas, quarter", "atlas, full answer (state, signed distance, bands)"
SJOIN = "geopandas.sjoin"
WAYS = {
    READ: Way("ours.read_table"),
    GROUPS: Way("ours.read_groups"),
    ATLAS: Way("ours.quarter"),
    FULL: Way("ours.full"),
    # Rounding to the millionth of a degree moves a point by centimetres: some change quarter.
    "atlas, quarter, from degrees": Way("ours.degrees_quarter", 2, exact=False),
    "atlas, full answer, from degrees": Way("ours.degrees_full", 2, exact=False),
    "atlas, quarter, all columns written": Way("ours.written", 1),
    SJOIN: Way("peers.sjoin", 1),
    "shapely STRtree": Way("peers.strtree", 1),
    "SedonaDB": Way("peers.sedona", 1),
    "DuckDB spatial": Way("peers.duckdb", 1),
    "Dask-geopandas": Way("peers.dask", 1),
}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), time.perf_counter() - start


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
    module, function = WAYS[name].place.split(".")
    way = getattr(import_module(f"bench.positions.{module}"), function)
    if module == "ours":
        way(folder)  # compiled code is read from disk, files from memory
    seconds, work, members = [], [], None
    for _ in range(rounds):
        members, begun = None, time.process_time()
        members, spent = timed(lambda: way(folder))
        seconds.append(spent)
        work.append(time.process_time() - begun)
    memory = peak_memory()
    if members is not None:
        np.save(folder / "members.npy", members)
    found = {"seconds": seconds, "work": work, "memory": memory}
    print(json.dumps(found | {"answers": members is not None}))


def run_apart(name: str, folder: Path, rounds: int) -> dict[str, Any] | None:
    """Run one way in a process of its own; None when it cannot run here."""
    print(f"… {name}", file=sys.stderr, flush=True)
    found, why = in_process(folder, "--way", name, "--rounds", str(rounds))
    if found is None:
        print(f"{name}: left out ({why})")
        return None
    found["members"] = np.load(folder / "members.npy") if found.pop("answers") else None
    return found


def in_process(folder: Path, *options: str) -> tuple[dict[str, Any] | None, str]:
    """Run this benchmark with options; return what it prints last, or why it failed."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    answer = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "locate.py"), "--folder", str(folder), *options],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}, check=False,
    )  # fmt: skip
    if answer.returncode:
        return None, (answer.stderr.strip().splitlines() or ["killed"])[-1][:120]
    return json.loads(answer.stdout.strip().splitlines()[-1]), ""


def compare_all(folder: Path, rounds: int) -> dict[str, dict[str, Any]]:
    """Run every way, and say whether the answers of each are those of ``geopandas.sjoin``.

    Each of the short ways is run twice, in turn, so that a change of the machine strikes all.
    """
    results: dict[str, dict[str, Any]] = {}
    for name, way in WAYS.items():
        found = run_apart(name, folder, min(way.rounds or rounds, rounds))
        if found:
            results[name] = found
    for name in (READ, GROUPS, ATLAS, FULL):
        again = run_apart(name, folder, rounds)
        if again and name in results:
            for cost in ("seconds", "work"):
                results[name][cost] += again[cost]
            results[name]["memory"] = max(results[name]["memory"], again["memory"])
    truth = results[SJOIN]["members"]
    for name, result in results.items():
        members = result.pop("members")
        result["differ"] = None if members is None else int((members != truth).sum())
        result["wrong"] = bool(WAYS[name].exact and result["differ"])
        result |= {cost: median(result[cost]) for cost in ("seconds", "work")}
    results[SJOIN]["inside"] = float((truth >= 0).mean())
    return results


def versions() -> str:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} absent")
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, " + ", ".join(found)
