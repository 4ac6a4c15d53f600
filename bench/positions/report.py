"""What a run tells: a table of costs, ratios against what is wanted, a plot."""

import math
from pathlib import Path
from typing import Any

from bench.positions.ways import ATLAS, FULL, GROUPS, READ, SJOIN

Results = dict[str, dict[str, Any]]
PEERS = {SJOIN: 25, "DuckDB spatial": 6, "SedonaDB": 6}


def print_table(results: Results, count: int) -> None:
    base = results[ATLAS]
    print(
        f"\n{count:,} points, {results[SJOIN]['inside']:.1%} inside; medians, each way in its own"
    )
    print(
        "process. « Work » is time of all processors together, which other programs disturb less.\n"
    )
    print("| way | seconds | × atlas | work (s) | × atlas | memory (GB) | pairs that differ |")
    print("|---|---|---|---|---|---|---|")
    for name, result in results.items():
        differ = "" if result["differ"] is None else f"{result['differ']:,}"
        print(
            f"| {name} | {result['seconds']:.2f} | {result['seconds'] / base['seconds']:.2f} "
            f"| {result['work']:.2f} | {result['work'] / base['work']:.2f} "
            f"| {result['memory']:.2f} | {differ} |"
        )


def print_ratios(results: Results, more: list[tuple[str, str, str]]) -> None:
    """Print each ratio, by seconds and by work, and what is wanted of it."""
    print("\n| ratio | measured | by work | wanted |\n|---|---|---|---|")
    for name, words in ((READ, "whole table"), (GROUPS, "by row groups")):
        line(f"atlas, quarter / reading, {words}", results[ATLAS], results[name], "≤ 2")
    for name, least in PEERS.items():
        if name in results:
            line(f"{name} / atlas, quarter", results[name], results[ATLAS], f"≥ {least}")
    line("atlas, full answer / quarter", results[FULL], results[ATLAS], "≤ 3")
    print(f"| memory of the atlas, quarter (GB) | {results[ATLAS]['memory']:.2f} | | ≤ 0.6 |")
    for what, found, wanted in more:
        print(f"| {what} | {found} | | {wanted} |")


def line(words: str, one: dict[str, Any], other: dict[str, Any], wanted: str) -> None:
    seconds, work = (one[cost] / other[cost] for cost in ("seconds", "work"))
    print(f"| {words} | {seconds:.2f} | {work:.2f} | {wanted} |")


def write_plot(results: Results, path: Path) -> None:
    """Draw the seconds of each way as bars on a logarithmic scale."""
    bars = sorted((result["seconds"], name) for name, result in results.items())
    low = min(0.1, bars[0][0] / 2)
    scale = 420 / math.log10(bars[-1][0] / low)
    rows = []
    for place, (spent, name) in enumerate(bars):
        y, width = 24 * place + 8, scale * math.log10(spent / low)
        colour = "#1b6ca8" if name.startswith("atlas") else "#9aa5b1"
        rows.append(
            f'<text x="320" y="{y + 13}" text-anchor="end">{name}</text>'
            f'<rect x="330" y="{y}" width="{width:.0f}" height="18" fill="{colour}"/>'
            f'<text x="{336 + width:.0f}" y="{y + 13}">{spent:.2f} s</text>'
        )
    size = f'width="830" height="{24 * len(bars) + 12}"'
    style = 'font-family="sans-serif" font-size="12"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(rows)}</svg>\n'
    path.write_text(svg, encoding="utf-8")
