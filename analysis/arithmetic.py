"""What may be computed from published figures, and the named refusal of all the rest.

A figure is a ``value`` and a ``status`` (``analysis.indicators``). Frames of figures are indexed by
quarter. A secret or absent figure is never zero, never filled, and never left to be found by
subtraction: a sum in which one is secret is withheld.
"""

import pandas as pd

from analysis.indicators import Indicator, Vintage
from analysis.refusals import Outcome, Refusal

_KINDS = {
    "median": Refusal.MEDIAN,
    "quantile": Refusal.QUANTILE,
    "share": Refusal.SHARE,
    "mean": Refusal.MEAN,
    "index": Refusal.INDEX,
    "evolution": Refusal.EVOLUTION,
    "count": Refusal.COUNT,
}
_STATUSES = {
    "secret": Refusal.SECRET,
    "absent": Refusal.ABSENT,
    "not_comparable": Refusal.NOT_COMPARABLE,
    "not_significant": Refusal.NOT_SIGNIFICANT,
}
POINTS = ("share", "index", "evolution")  # kinds whose gaps are differences, not ratios


def missing(status: pd.Series) -> Refusal | None:
    """Return why a set of figures cannot be used as a whole, if it cannot; secrecy comes first."""
    found = set(status.astype("str"))
    return next((refusal for word, refusal in _STATUSES.items() if word in found), None)


def total(indicator: Indicator, figures: pd.DataFrame) -> Outcome:
    """Add up a count over quarters (``figures``: ``value, status``).

    Refused for what may not be added up, and as soon as one figure is secret, absent or measured
    on another extent.
    """
    if indicator.operation != "sum":
        return Outcome(refusal=_KINDS[indicator.kind])
    refusal = missing(figures["status"])
    if refusal or figures.empty:
        return Outcome(refusal=refusal or Refusal.ABSENT)
    return Outcome(float(figures["value"].sum()))


def pooled(numerator: pd.DataFrame, denominator: pd.DataFrame) -> Outcome:
    """Return the share of an ensemble, in per cent: sum of numerators over sum of denominators.

    This is the mean of the quarters' shares weighted by their denominators. Both frames are
    figures of the same quarters; refused as soon as one of them is not published. Raises
    ValueError when the quarters are not the same.
    """
    if not numerator.index.equals(denominator.index):
        raise ValueError("numerator and denominator are not of the same quarters")
    refusal = missing(pd.concat([numerator["status"], denominator["status"]]))
    if refusal or numerator.empty:
        return Outcome(refusal=refusal or Refusal.ABSENT)
    whole = float(denominator["value"].sum())
    if not whole:
        return Outcome(refusal=Refusal.NO_BASE)
    return Outcome(100 * float(numerator["value"].sum()) / whole)


def together(
    indicator: Indicator,
    figures: pd.DataFrame,
    parts: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> Outcome:
    """Return the figure of all the quarters of a frame together, where that is lawful.

    ``operation`` of the indicator decides: a sum, a share pooled from ``parts`` (the published
    numerators and denominators of the same vintage), or a refusal named after what the figure is.
    """
    if indicator.operation == "sum":
        return total(indicator, figures)
    if indicator.operation != "weighted_mean" or parts is None:
        return Outcome(refusal=_KINDS[indicator.kind])
    return pooled(*parts)


def apart(indicator: Indicator, before: Vintage, now: Vintage) -> Refusal | None:
    """Return why two vintages of an indicator do not measure a change, whatever the area."""
    if before.data_year is None or now.data_year is None:
        return Refusal.UNPROVEN_YEAR
    first, last = sorted((before.data_year, now.data_year))
    if first == last:
        return Refusal.SAME_YEAR
    if before.generation != now.generation:
        return Refusal.PERIMETER
    if any(first < year <= last for year in indicator.breaks):
        return Refusal.BREAK
    return Refusal.CONSECUTIVE if last - first < indicator.least_years else None


def change(
    indicator: Indicator,
    before: tuple[Vintage, float | None, str],
    now: tuple[Vintage, float | None, str],
) -> Outcome:
    """Return the change of one area's figure between two vintages, in the indicator's own unit.

    Each end is ``(vintage, value, status)``. Points for a share, euros for a median, units for a
    count. Refused, in this order, where a year is unproven, the years are the same, the perimeters
    differ, the producer broke the series between them, they are closer than ``least_years`` of the
    indicator, or a figure is secret or absent.
    """
    refusal = apart(indicator, before[0], now[0]) or missing(pd.Series([before[2], now[2]]))
    if refusal or before[1] is None or now[1] is None:
        return Outcome(refusal=refusal or Refusal.ABSENT)
    return Outcome(now[1] - before[1])


def gap(indicator: Indicator, own: tuple[float | None, str], other: Outcome) -> Outcome:
    """Return how far a quarter's figure is from a larger area's of the same vintage.

    ``own`` is ``(value, status)``. In points for a share, in the index's own unit for an index,
    as a ratio (quarter over area) for euros. A count depends on the size of its area:
    refused.
    """
    if indicator.kind == "count":
        return Outcome(refusal=Refusal.SIZE)
    value, status = own
    refusal = missing(pd.Series([status])) or other.refusal
    if refusal or value is None or other.value is None:
        return Outcome(refusal=refusal or Refusal.ABSENT)
    if indicator.kind in POINTS:
        return Outcome(value - other.value)
    return Outcome(value / other.value) if other.value else Outcome(refusal=Refusal.NO_BASE)
