"""What moved between two vintages, quarter by quarter, and why nothing is computed where it is."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pandas as pd

from analysis import wording
from analysis.arithmetic import apart, change
from analysis.gaps import counts, share_intervals
from analysis.indicators import Indicator, Vintage, quarter_figures, series_vintages
from analysis.intervals import counts_differ
from analysis.refusals import Refusal

NOT_SIGNIFICANT = "non significatif"


def proven_vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage]:
    """Return the vintages of a series whose data year is proven, oldest first, one a year.

    A year given by two files is read in the later one.
    """
    found = series_vintages(indicator, figures)
    known = {vintage.data_year: vintage for vintage in found if vintage.data_year is not None}
    return [known[year] for year in sorted(known)]


def longest(indicator: Indicator, found: Sequence[Vintage]) -> tuple[Vintage, Vintage] | None:
    """Return the two vintages farthest apart between which a change is lawful, the latest such.

    None where no two of them measure a change.
    """
    pairs = [
        (before, now)
        for k, now in enumerate(found)
        for before in found[:k]
        if apart(indicator, before, now) is None
    ]
    return max(pairs, key=lambda pair: (_years(*pair), pair[1].data_year or 0), default=None)


def _years(before: Vintage, now: Vintage) -> int:
    return (now.data_year or 0) - (before.data_year or 0)


def steps(indicator: Indicator, found: Sequence[Vintage]) -> list[tuple[int, int, Refusal | None]]:
    """Say of each year and the next one of a series whether they measure a change, or why not."""
    return [
        (int(before.data_year or 0), int(now.data_year or 0), apart(indicator, before, now))
        for before, now in pairwise(found)
    ]


def changes(
    indicator: Indicator,
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    before: Vintage,
    now: Vintage,
) -> pd.DataFrame:
    """Return what moved in each quarter between two vintages.

    Indexed by quarter: ``before``, ``before_status``, ``now``, ``now_status``, ``change`` (see
    ``analysis.arithmetic.change``), ``refusal`` (a Refusal or None) and ``significant`` (missing
    where nothing tells): two counts that differ by chance alone, two shares whose intervals meet.
    """
    past, last = (quarter_figures(indicator, figures, crosswalk, one) for one in (before, now))
    ends = [_ends(indicator, figures, crosswalk, one) for one in (before, now)]
    lines = []
    for code in past.index:
        then: Any = past.loc[code]
        own: Any = last.loc[code]
        pair = (before, then["value"], then["status"]), (now, own["value"], own["status"])
        answer = change(indicator, *pair)
        lines.append((*then, *own, answer.value, answer.refusal, None))
        if answer.value is not None:
            sure = _significant(indicator, then["value"], own["value"], [e.loc[code] for e in ends])
            lines[-1] = (*lines[-1][:-1], sure)
    names = ["before", "before_status", "now", "now_status", "change", "refusal", "significant"]
    frame = pd.DataFrame(lines, index=past.index, columns=names)
    return frame.astype({"change": "float64", "refusal": "object", "significant": "object"})


def _ends(
    indicator: Indicator, figures: pd.DataFrame, crosswalk: pd.DataFrame, vintage: Vintage
) -> pd.DataFrame:
    codes = quarter_figures(indicator, figures, crosswalk, vintage).index
    return share_intervals(counts(indicator, figures, crosswalk, vintage), codes)


def _significant(
    indicator: Indicator, before: float, now: float, ends: Sequence[Any]
) -> bool | None:
    if indicator.kind == "count":
        return counts_differ(before, now)
    first, last = ends
    if pd.isna(first["low"]) or pd.isna(last["low"]):
        return None
    return bool(first["high"] < last["low"] or last["high"] < first["low"])


def change_text(indicator: Indicator, row: Any) -> str:
    """Write the change of one quarter (a row of ``changes``), or the reason why there is none."""
    if row["refusal"] is not None:
        return str(row["refusal"].sentence)
    if row["significant"] is False:
        return f"{_moved(indicator, row)} ({NOT_SIGNIFICANT})"
    return _moved(indicator, row)


def _moved(indicator: Indicator, row: Any) -> str:
    if indicator.unit == "%":
        return wording.points(row["change"], indicator.decimals)
    words = wording.signed(row["change"], indicator.decimals)
    unit = f"{wording.NARROW}{indicator.unit}" if indicator.unit else ""
    if not row["before"] or indicator.kind == "index":
        return f"{words}{unit}"
    part = wording.signed(100 * row["change"] / row["before"], 1)
    return f"{words}{unit} ({part}{wording.NARROW}%)"
