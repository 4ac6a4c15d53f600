"""Measure the sheets of all the quarters against the bare Typst compile of the same pages.

Each way runs in a process of its own, in turn, so that Typst answers nothing out of its memory of
another: opening the atlas and printing; printing from an atlas already open; and Typst alone, given
the words and pictures of the same sheets. Results are printed as Markdown.

Usage: ``PYTHONPATH=. python bench/sheets.py [--rounds 5]``. Work is the time of all processors
together, which other programs disturb less.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
DAY = date(2026, 1, 31)
WAYS = {
    "cold": "atlas opened, then 16 sheets",
    "open": "16 sheets, atlas already open",
    "bare": "Typst alone, the same pages",
}


def run_here(way: str, contents: Path) -> None:
    """Run one way in this process; print its seconds, and the most memory it held (MB)."""
    from analysis.selection import Selection
    from reports import press
    from reports.printing import EVERY, printed
    from store.atlas import open_atlas
    from store.material import gather

    begun, work = time.perf_counter(), time.process_time()
    if way == "bare":
        pages = json.loads(contents.read_text(encoding="utf-8"))
        begun, work = time.perf_counter(), time.process_time()
        size = sum(len(press.pdf("quarter", page, DAY)) for page in pages)
    else:
        atlas = open_atlas()
        if way == "open":
            atlas.programme("demo"), atlas.indicators, atlas.figures
            begun, work = time.perf_counter(), time.process_time()
        selection = Selection("demo", 2025)
        size = sum(len(content) for _, content in printed(gather(atlas, selection, DAY), [EVERY]))
    seconds, work = time.perf_counter() - begun, time.process_time() - work
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({"seconds": seconds, "work": work, "memory": memory, "bytes": size}))


def write_contents(path: Path) -> int:
    """Write what the sheets say, as Typst is given it, and count them."""
    from analysis.selection import Selection
    from reports.sheet import content
    from store.atlas import open_atlas
    from store.material import gather

    atlas = open_atlas()
    material = gather(atlas, Selection("demo", 2025), DAY)
    pages = [content(material, code) for code in atlas.quarter_labels]
    path.write_text(json.dumps(pages, ensure_ascii=False), encoding="utf-8")
    return len(pages)


def main(rounds: int) -> None:
    """Run the ways in turn and print medians, ratio and memory."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        contents = Path(folder) / "contents.json"
        count = write_contents(contents)
        for _ in range(rounds):
            for way in WAYS:
                command = [sys.executable, __file__, "--way", way, "--contents", str(contents)]
                env = os.environ | {"PYTHONPATH": str(ROOT)}
                answer = subprocess.run(command, capture_output=True, check=True, env=env)
                found[way].append(json.loads(answer.stdout))
    sizes = {one["bytes"] for runs in found.values() for one in runs}
    print(f"{count} sheets, {rounds} rounds; bytes of the three ways equal: {len(sizes) == 1}\n")
    print("| way | seconds | processor (s) | memory (MB) |\n|---|---|---|---|")
    middle = {
        name: {way: median(one[name] for one in runs) for way, runs in found.items()}
        for name in ("seconds", "work")
    }
    for way, words in WAYS.items():
        memory = max(one["memory"] for one in found[way])
        print(
            f"| {words} | {middle['seconds'][way]:.2f} | {middle['work'][way]:.2f} | {memory:.0f} |"
        )
    for way in ("open", "cold"):
        clock, work = (times[way] / times["bare"] for times in middle.values())
        print(f"{WAYS[way]} / Typst alone: {clock:.2f} by the clock, {work:.2f} by work (≤ 3)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--way", choices=WAYS)
    parser.add_argument("--contents", type=Path, default=Path("contents.json"))
    asked = parser.parse_args()
    if asked.way:
        run_here(asked.way, asked.contents)
    else:
        main(asked.rounds)
