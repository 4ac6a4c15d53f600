"""The same project entered twice: reported with its reasons, never merged nor taken out.

Two signs, within one year: the same reference (dossier and action), or a title, an operator and
an amount that are nearly the same. Whoever knows the files decides.
"""

import re
from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from analysis import wording
from analysis.search import fold

REASON_WORDS = {
    "reference": "Même référence de dossier",
    "likeness": "Intitulé, porteur et montant presque identiques",
    "both": "Même référence ; intitulé, porteur et montant presque identiques",
}
# Likeness out of 100 (rapidfuzz's ratio: 200 × letters in common / letters in all). Below, titles
# of one operator that differ by a place or a public are as alike as typing mistakes.
_TITLE = 92.0
_OPERATOR = 90.0
_AMOUNT = 0.01  # share of the larger amount by which two amounts may differ
_DAUPHIN = re.compile(r"DA0*([0-9]+)(?:-0*([0-9]+))?")
_NOT_WORDS = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"[0-9]+")
# What a file of hundreds of thousands of rows, honest or not, may ask of this machine: comparisons
# in all, neighbours at least, names of operators compared letter by letter, pairs told.
_COMPARISONS, _NEIGHBOURS, _NAMES, MOST_PAIRS = 4_000_000, 50, 2_000, 10_000
_COLUMNS = ["project_id_a", "project_id_b", "reason", "score"]

Pair = tuple[Hashable, Hashable]
Texts = dict[Hashable, Any]


def duplicates(projects: pd.DataFrame, funding: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of projects that may be one and the same, the likeliest first.

    ``projects`` and ``funding`` keep contracts PROJECTS and FUNDING. Columns: ``project_id_a``,
    ``project_id_b`` (the later one in the file), ``reason`` (a word of REASON_WORDS) and ``score``,
    the likeness of title and operator out of 100. The amount compared is the one requested, else
    the one granted; without an amount only a reference can tell. Titles whose numbers differ (a
    first and a second session) are not alike. A programme of at most 2,000 projects a year is
    compared whole; beyond, each project with those whose amount is nearest, and of groups of
    doubles each is paired with the one before. MOST_PAIRS of either sign are told at most.
    """
    frame = _texts(projects, funding)
    filed, alike = (set(islice(one, MOST_PAIRS)) for one in (_same_reference(frame), _alike(frame)))
    order = {key: row for row, key in enumerate(frame.index)}
    texts: dict[Hashable, Texts] = frame[["title", "operator"]].to_dict("index")
    rows = [
        (a, b, _reason((a, b) in filed, (a, b) in alike), _score(texts[a], texts[b]))
        for a, b in sorted(filed | alike, key=lambda pair: (order[pair[0]], order[pair[1]]))
    ]
    found = pd.DataFrame(rows, columns=_COLUMNS).astype(
        {"project_id_a": "str", "project_id_b": "str", "reason": "str", "score": "float64"}
    )
    return found.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def counted_twice(pairs: pd.DataFrame, granted: pd.Series) -> int:
    """Return the most cents counted twice if every pair is one project.

    ``granted`` gives cents by project; of each group of look-alikes all but the first count.
    """
    later = pairs["project_id_b"].unique()
    return int(granted.reindex(later).sum())


def sentence(pairs: pd.DataFrame, granted: pd.Series) -> str:
    """Say how many pairs look alike and what is at stake, nothing when there is none.

    ``granted`` gives cents by project.
    """
    if pairs.empty:
        return ""
    count = wording.plural(len(pairs), "paire de projets", "paires de projets")
    cents = wording.euros(counted_twice(pairs, granted))
    least = "Au moins " if len(pairs) >= MOST_PAIRS else ""
    return (
        f"{least}{count} à vérifier : si chacune est un seul projet, {cents} accordés sont comptés "
        "deux fois. Rien n'est fusionné ni retiré des totaux."
    )


def _texts(projects: pd.DataFrame, funding: pd.DataFrame) -> pd.DataFrame:
    sums = funding.groupby("project_id")[["requested_cents", "granted_cents"]].sum(min_count=1)
    amounts = sums["requested_cents"].fillna(sums["granted_cents"])
    titles = [_plain(title) for title in projects["title"]]
    operators = [_plain(operator) for operator in projects["operator"]]
    return pd.DataFrame(
        {
            "year": projects["year"].to_numpy(),
            "reference": [_reference(cell) for cell in projects["reference"]],
            "title": titles,
            "operator": operators,
            "numbers": [" ".join(_DIGITS.findall(title)) for title in titles],
            "amount": amounts.reindex(projects["project_id"]).astype("Float64").to_numpy(),
        },
        index=pd.Index(projects["project_id"]),
    )


def _plain(text: str) -> str:
    return _NOT_WORDS.sub(" ", fold(text)).strip()


def _reference(cell: object) -> str | None:
    """Write a reference in one way: spreadsheets lose zeros, hands add blanks and capitals."""
    if not isinstance(cell, str) or not cell.strip():
        return None
    text = "".join(cell.upper().split())
    found = _DAUPHIN.fullmatch(text)
    return f"DA{found[1]}-{found[2] or ''}" if found else text


def _same_reference(frame: pd.DataFrame) -> Iterator[Pair]:
    known = frame[frame["reference"].notna()]
    twice = known[known.duplicated(["year", "reference"], keep=False)]
    for _, rows in twice.groupby(["year", "reference"]):
        keys = list(rows.index)
        most = len(keys) if len(keys) <= _NEIGHBOURS else 1
        yield from ((a, b) for k, a in enumerate(keys) for b in keys[k + 1 : k + 1 + most])


def _alike(frame: pd.DataFrame) -> Iterator[Pair]:
    """Compare only projects of one year whose amounts are close: never all pairs."""
    known = frame[frame["amount"].notna()].reset_index(names="key")
    for _, rows in known.groupby("year"):
        yield from _alike_in(rows.sort_values("amount", kind="stable"))


def _alike_in(rows: pd.DataFrame) -> Iterator[Pair]:
    names = rows["operator"].unique()
    few = len(names) <= _NAMES
    same = process.cdist(names, names, scorer=fuzz.ratio) >= _OPERATOR if few else None
    operator = pd.Index(names).get_indexer(rows["operator"])
    amounts = rows["amount"].to_numpy(dtype="float64")
    until = np.searchsorted(amounts, amounts / (1 - _AMOUNT), side="right")
    most = max(_NEIGHBOURS, _COMPARISONS // len(rows))
    until = np.minimum(until, np.arange(len(rows)) + 1 + most)
    columns: list[list[Any]] = [rows[name].tolist() for name in ("key", "title", "numbers")]
    keys, titles, numbers = columns
    places = rows.index.to_numpy()
    for k, last in enumerate(until):
        near = np.arange(k + 1, last)
        alike_names = (
            operator[near] == operator[k] if same is None else same[operator[k], operator[near]]
        )
        for other in near[alike_names]:
            alike = fuzz.ratio(titles[k], titles[other], score_cutoff=_TITLE)
            if alike and numbers[k] == numbers[other]:
                first, second = (k, other) if places[k] < places[other] else (other, k)
                yield keys[first], keys[second]


def _reason(filed: bool, alike: bool) -> str:
    if filed and alike:
        return "both"
    return "reference" if filed else "likeness"


def _score(one: Texts, other: Texts) -> float:
    likeness = (fuzz.ratio(one[name], other[name]) for name in ("title", "operator"))
    return round(min(likeness), 1)
