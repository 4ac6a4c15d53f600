"""Measure the cell index against its peers on a synthetic national layer and 26 million points.

Every way runs in a process of its own and gives the quarter of each point; the answers are compared
point by point with those of ``geopandas.sjoin``. Peers that are not installed are left out. What is
read and drawn is told in ``bench/positions/``. Results are printed as Markdown.

Usage: ``python bench/locate.py [--points 26000000] [--quick] [--rounds 5]``
"""

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.positions.files import CRS, GROUP  # noqa: E402
from bench.positions.ways import WAYS, compare_all, run_here, timed, versions  # noqa: E402


def prepare(folder: Path, count: int) -> list[tuple[str, str, str]]:
    """Write layer, indexes and points; tell what the index costs."""
    from bench.positions.synthetic import national_layer, write_points
    from geo.cell_digest import layer_digest
    from geo.cell_index import CellIndex

    layer = national_layer()
    layer.to_parquet(folder / "quarters.parquet")
    CellIndex.build(layer.iloc[:9])  # compiles
    told = []
    for name, crs in (("metres", CRS), ("degrees", "EPSG:4326")):
        options: dict[str, Any] = {"points_crs": crs, "npnru": layer["qpv_code"].iloc[::4]}
        index, build = timed(partial(CellIndex.build, layer, **options))
        path, digest = folder / f"{name}.index", layer_digest(layer, **options)
        index.save(path)
        (folder / f"{name}.digest").write_text(digest)
        loads = [timed(partial(CellIndex.load, path, digest))[1] for _ in range(9)]
        size = f"{len(layer)} quarters, {path.stat().st_size / 1e6:.0f} MB"
        told.append((f"index for {name}: {size}, built once (s)", f"{build:.2f}", ""))
        told.append((f"index for {name}, reopened (ms)", f"{median(loads) * 1e3:.1f}", "≤ 20"))
    write_points(folder, layer, count)
    return told


def measure(folder: Path, count: int, rounds: int) -> None:
    """Run everything on the files of a folder and print what is found."""
    from bench.positions.growth import print_growth, print_small
    from bench.positions.report import print_ratios, print_table, write_plot

    print(versions())
    more = prepare(folder, count)
    results = compare_all(folder, rounds)
    print_table(results, count)
    never = "never" if print_small(folder) else "sometimes"
    more.append(("slower than STRtree or sjoin, 1 to 100,000 points", never, "never"))
    if count > GROUP:
        grown = print_growth(folder, rounds)
        more.append(("exponent of time, from 1 million points", f"{grown:.2f}", "≤ 1.1"))
    print_ratios(results, more)
    write_plot(results, ROOT / "bench" / "locate.svg")
    if any(result["wrong"] for result in results.values()):
        sys.exit("answers differ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=26_000_000)
    parser.add_argument("--quick", action="store_true", help="one million points")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--growth", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.way:
        run_here(asked.way, asked.folder, asked.rounds)
    elif asked.growth:
        from bench.positions.growth import grow_here

        grow_here(asked.folder, asked.rounds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), GROUP if asked.quick else asked.points, asked.rounds)


if __name__ == "__main__":
    main()
