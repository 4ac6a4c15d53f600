"""Statistical secrecy of the counts that the atlas makes itself from lists of people.

A count of fewer people than the threshold is not shown, nor anything that gives it away: others
are hidden with it (secondary suppression) until what is shown, margins and nested totals included,
leaves each hidden count as vague as the threshold itself. Zero is shown: nobody is there.

Principles: A. Hundepool and others, "Statistical Disclosure Control" (Wiley, 2012), chapter 4: an
audit of the bounds an attacker can compute, here by integer linear programming (HiGHS).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

Path = tuple[str, ...]
Cell = tuple[Path, Path]  # a line and a column, each a path: () is the total, ("A", "B") B of A
Relation = tuple[Cell, tuple[Cell, ...]]  # a total, and the parts that add up to it

UNKNOWN = "non précisé"
TOTAL = "Total"


def protected_counts(
    people: pd.DataFrame, rows: Sequence[str], columns: Sequence[str] = (), *, threshold: int
) -> pd.DataFrame:
    """Count people by line and column, totals included, and hide what secrecy forbids to show.

    ``people`` has one row a person; ``rows`` and ``columns`` name its columns from the widest to
    the narrowest (commune, then quarter); a person without an answer is under UNKNOWN. One row a
    cell: ``rows``, ``columns`` (TOTAL where all are counted), ``value`` (missing where hidden) and
    ``status`` ("published" or "secret").
    """
    counts, relations = cross(people, rows, columns)
    hidden = suppressed(counts, relations, threshold)
    cells = [[*_padded(line, len(rows)), *_padded(head, len(columns))] for line, head in counts]
    frame = pd.DataFrame(cells, columns=[*rows, *columns])
    secret = pd.Series([cell in hidden for cell in counts], dtype="bool")
    frame["value"] = pd.Series(list(counts.values()), dtype="Int64").mask(secret)
    frame["status"] = secret.map({True: "secret", False: "published"}).astype("str")
    return frame


def _padded(path: Path, depth: int) -> list[str]:
    return [*path, *[TOTAL] * (depth - len(path))]


def cross(
    people: pd.DataFrame, rows: Sequence[str], columns: Sequence[str] = ()
) -> tuple[dict[Cell, int], list[Relation]]:
    """Count people in every cell and total, and say which cells add up to which."""
    names = [*rows, *columns]
    answers = people[names].astype("object").where(people[names].notna(), UNKNOWN)
    one_each = [
        (tuple(map(str, answer[: len(rows)])), tuple(map(str, answer[len(rows) :])))
        for answer in answers.itertuples(index=False, name=None)
    ]
    grid = product(_tree(line for line, _ in one_each), _tree(head for _, head in one_each))
    counts = dict.fromkeys(grid, 0)
    for line, head in one_each:
        for cell in product(_above(line), _above(head)):
            counts[cell] += 1
    return counts, _relations(counts)


def _above(path: Path) -> list[Path]:
    return [path[:depth] for depth in range(len(path) + 1)]


def _tree(paths: Iterable[Path]) -> list[Path]:
    found = {(), *(above for path in paths for above in _above(path))}
    return sorted(found, key=lambda path: (len(path), path))


def _relations(cells: Collection[Cell]) -> list[Relation]:
    """Return each total with its parts, one level below along the lines, then the columns."""
    parts: dict[tuple[Cell, int], list[Cell]] = {}
    for line, head in cells:
        if line:
            parts.setdefault(((line[:-1], head), 0), []).append((line, head))
        if head:
            parts.setdefault(((line, head[:-1]), 1), []).append((line, head))
    return [(whole, tuple(found)) for (whole, _), found in parts.items()]


def suppressed(
    counts: Mapping[Cell, int], relations: Sequence[Relation], threshold: int
) -> set[Cell]:
    """Return the cells to hide.

    First the counts above zero and under the threshold; then, while what is shown situates a hidden
    count among fewer than ``threshold - 1`` values, the smallest count of a sum it is part of.
    Raises ValueError when a total is not the sum of its parts: the answer would protect nothing.
    """
    if any(counts[whole] != sum(counts[part] for part in parts) for whole, parts in relations):
        raise ValueError("a total is not the sum of its parts")
    hidden = {cell for cell, people in counts.items() if 0 < people < threshold}
    safe: set[Cell] = set()
    while more := _alone(counts, relations, hidden) or _narrow(
        counts, relations, hidden, safe, threshold - 2
    ):
        hidden.add(more)
    return hidden


def _alone(
    counts: Mapping[Cell, int], relations: Sequence[Relation], hidden: set[Cell]
) -> Cell | None:
    """Return what to hide beside the only hidden count of a sum, which subtraction would give."""
    for whole, parts in relations:
        if len(hidden.intersection((whole, *parts))) == 1:
            found = _smallest(counts, (whole, *parts), hidden)
            if found:
                return found
    return None


def _narrow(
    counts: Mapping[Cell, int],
    relations: Sequence[Relation],
    hidden: set[Cell],
    safe: set[Cell],
    width: int,
) -> Cell | None:
    """Return what to hide for the first hidden count whose bounds are too narrow, if there is one.

    Hiding one more only widens the bounds of the others: a cell found ``safe`` is kept as such.
    """
    for cell in sorted(hidden - safe):
        low, high = bounds(counts, relations, hidden, cell)
        near = [(whole, *parts) for whole, parts in relations if cell in (whole, *parts)]
        found = _smallest(counts, [one for members in near for one in members], hidden)
        found = found or _smallest(counts, list(counts), hidden)
        if high - low < width and found:
            return found
        safe.add(cell)
    return None


def _smallest(counts: Mapping[Cell, int], cells: Sequence[Cell], hidden: set[Cell]) -> Cell | None:
    """Return the shown count to hide first: the most detailed, then the smallest; never a zero."""
    shown = [cell for cell in cells if counts[cell] and cell not in hidden]
    return min(
        shown, key=lambda cell: (-len(cell[0]) - len(cell[1]), counts[cell], cell), default=None
    )


def bounds(
    counts: Mapping[Cell, int],
    relations: Sequence[Relation],
    hidden: Collection[Cell],
    cell: Cell,
) -> tuple[float, float]:
    """Return the least and the most that a hidden cell may count, for who sees all the others.

    The attacker knows every sum and that a hidden count is never zero.
    """
    unknown = sorted(hidden)
    place = {one: k for k, one in enumerate(unknown)}
    lines, sums = [], []
    for whole, parts in relations:
        members = [(whole, -1), *((part, 1) for part in parts)]
        if any(one in place for one, _ in members):
            line = np.zeros(len(unknown))
            for one, sign in members:
                if one in place:
                    line[place[one]] = sign
            lines.append(line)
            sums.append(-sum(sign * counts[one] for one, sign in members if one not in place))
    # Where every total is hidden there is no upper bound: any number much above all will do.
    most = 10 * max(counts.values(), default=0) + 1000
    limits = LinearConstraint(np.array(lines), sums, sums) if lines else ()
    ends = []
    for sign in (1, -1):
        goal = np.zeros(len(unknown))
        goal[place[cell]] = sign
        found = milp(
            goal, integrality=np.ones(len(unknown)), bounds=Bounds(1, most), constraints=limits
        )
        ends.append(sign * float(found.fun))
    return round(ends[0]), round(ends[1])
