"""A quarter against its communes, larger areas and the quarters together: gaps, and how sure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analysis import wording
from analysis.arithmetic import POINTS, gap, together
from analysis.indicators import Indicator, Vintage, quarter_figures
from analysis.intervals import differs, wilson
from analysis.profile import Reading, reading
from analysis.refusals import Outcome, Refusal
from geo.territory import Comparator

NOT_COMPUTED = "non calculé"
NOT_SIGNIFICANT = "écart non significatif"
TOGETHER = "quarters"


@dataclass(frozen=True)
class Comparison:
    """One indicator of one vintage: every quarter, and one of them against each larger area.

    ``reading.quarters`` has ``low`` and ``high`` too (95 % interval of a share whose counts are
    published, else missing). ``rows`` has one row an area, in order: ``level, label, value,
    status`` and, against the quarter ``code``, ``gap`` (see ``analysis.arithmetic.gap``),
    ``refusal`` (a Refusal or None) and ``significant`` (missing where nothing tells).
    """

    reading: Reading
    code: str | None
    rows: pd.DataFrame

    @property
    def indicator(self) -> Indicator:
        """Return the indicator, as it is written for this year."""
        return self.reading.indicator

    def value_text(self, row: pd.Series) -> str:
        """Write the figure of an area, or why there is none."""
        if row["level"] == TOGETHER and pd.isna(row["value"]):
            return NOT_COMPUTED
        return self.indicator.text(row["value"], row["status"])

    def gap_text(self, row: pd.Series) -> str:
        """Write the gap of the quarter to an area, « non significatif », or the reason refused."""
        if row["refusal"] is not None:
            return str(row["refusal"].sentence)
        if pd.notna(row["significant"]) and not row["significant"]:
            return NOT_SIGNIFICANT
        return gap_words(self.indicator, row["gap"], row["value"])

    @property
    def gap_unit(self) -> str:
        """Return what a gap is counted in: points, the index's own unit, a ratio, a part."""
        if self.indicator.operation == "sum":
            return "% de l'ensemble"
        if self.indicator.kind not in POINTS:
            return "rapport"
        return "points" if self.indicator.unit == "%" else self.indicator.unit or "indice"

    def interval_text(self, code: str) -> str:
        """Write the interval of a quarter's share (``de 9,1 à 16,2 %``), empty without one."""
        row: Any = self.reading.quarters.loc[code]
        low, high = row["low"], row["high"]
        if pd.isna(low):
            return ""
        digits = self.indicator.decimals
        return f"de {wording.number(low, digits)} à {wording.percent(high, digits)}"


def gap_words(indicator: Indicator, value: float, other: float) -> str:
    """Write a gap: in points, in the index's unit, or a ratio in euros and per cent.

    Of a count, only its part of the quarters together has a meaning. ``value`` is that of a
    ``gap``, ``other`` the figure of the larger area.
    """
    if indicator.operation == "sum":
        return f"{wording.percent(value)} de l'ensemble"
    if indicator.kind not in POINTS:
        euros = wording.signed(value * other - other, indicator.decimals)
        part = wording.percent(100 * abs(value - 1))
        side = "de moins" if value < 1 else "de plus"
        return f"{euros}{wording.NARROW}{indicator.unit} ({part} {side})"
    if indicator.unit == "%":
        return wording.points(value, indicator.decimals)
    return wording.signed(value, indicator.decimals)


def compare(
    indicator: Indicator,
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    comparators: Sequence[Comparator],
    vintage: Vintage | None,
    code: str | None,
) -> Comparison:
    """Compare the quarters in one vintage, and the quarter ``code`` with each comparator.

    ``comparators`` are the quarter's communes, then larger areas; a row for all the quarters
    together, where that is lawful, stands before the department. Only figures of the same data
    year are put side by side.
    """
    found = reading(indicator, figures, crosswalk, comparators, vintage)
    parts = counts(indicator, figures, crosswalk, vintage)
    quarters = found.quarters.join(share_intervals(parts, found.quarters.index))
    whole = together(indicator, found.quarters, parts)
    rows = [*_others(found), (TOGETHER, f"{len(quarters)} quartiers ensemble", whole)]
    rows.sort(key=lambda row: _ORDER.index(row[0]))
    table = pd.DataFrame([_against(found.indicator, quarters, code, row) for row in rows])
    return Comparison(replace(found, quarters=quarters), code, table)


_ORDER = ("commune", "epci", TOGETHER, "department", "region", "country")


def counts(
    indicator: Indicator,
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    vintage: Vintage | None,
) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the published numerators and denominators of a share; None where they are not."""
    if indicator.operation != "weighted_mean" or vintage is None:
        return None
    sides = (
        tuple(filter(None, (source.numerator for source in indicator.sources))),
        tuple(filter(None, (source.denominator for source in indicator.sources))),
    )
    over, under = (
        quarter_figures(replace(indicator, sources=side), figures, crosswalk, vintage)
        for side in sides
    )
    return over, under


def share_intervals(
    parts: tuple[pd.DataFrame, pd.DataFrame] | None, codes: pd.Index
) -> pd.DataFrame:
    """Return ``low`` and ``high`` of each quarter's share in per cent, missing where not known.

    ``parts`` comes from ``counts``; the interval is Wilson's, at 95 %.
    """
    ends = pd.DataFrame({"low": float("nan"), "high": float("nan")}, index=codes)
    if parts is not None:
        both = pd.DataFrame({"count": parts[0]["value"], "whole": parts[1]["value"]}).dropna()
        both = both[(both["whole"] > 0) & both["count"].between(0, both["whole"])]
        for code, count, whole in both.itertuples(name=None):
            ends.loc[code] = [100 * end for end in wilson(count, whole)]
    return ends


def _others(found: Reading) -> list[tuple[str, str, Outcome]]:
    """Return the comparators with their figure, or the reason why it cannot stand beside."""
    unproven = found.vintage is not None and found.vintage.data_year is None
    return [
        (
            level,
            label,
            Outcome(float(value))
            if status == "published"
            else Outcome(refusal=Refusal.UNPROVEN_YEAR if unproven else _reason(status)),
        )
        for level, label, value, status in found.areas[
            ["level", "label", "value", "status"]
        ].itertuples(index=False)
    ]


def _reason(status: str) -> Refusal:
    return Refusal[status.upper()]


def _against(
    indicator: Indicator,
    quarters: pd.DataFrame,
    code: str | None,
    row: tuple[str, str, Outcome],
) -> dict[str, object]:
    level, label, other = row
    line: dict[str, object] = {"level": level, "label": label, "value": other.value}
    line["status"] = "published" if other.refusal is None else _status(other.refusal)
    if code is None:
        return {**line, "gap": None, "refusal": other.refusal, "significant": None}
    own: Any = quarters.loc[code]
    answer = _answer(indicator, own, level, other)
    told = indicator.kind in POINTS and answer.value is not None and pd.notna(own["low"])
    sure = differs((own["low"], own["high"]), float(other.value or 0)) if told else None
    return {**line, "gap": answer.value, "refusal": answer.refusal, "significant": sure}


def _answer(indicator: Indicator, own: Any, level: str, other: Outcome) -> Outcome:
    """Return the gap; of a count, its part in per cent of the quarters together."""
    if level != TOGETHER or indicator.operation != "sum":
        return gap(indicator, (own["value"], own["status"]), other)
    if other.value is None:
        return other
    return (
        Outcome(100 * own["value"] / other.value)
        if other.value
        else Outcome(refusal=Refusal.NO_BASE)
    )


def _status(refusal: Refusal) -> str:
    word = refusal.name.lower()
    return word if word in ("secret", "not_comparable", "not_significant") else "absent"
