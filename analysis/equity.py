"""Need against effort: whether the money goes where the need is.

Only quarters whose need, inhabitants and amount are all known are compared; the others are named
with the reason. Nothing here measures what the projects change.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.indicators import Indicator, Vintage
from analysis.inequality import (
    Curve,
    Interval,
    Values,
    concentration,
    curve,
    disparity,
    gini,
    theil,
)
from analysis.need import Need
from analysis.programme import per_inhabitant
from analysis.wording import NOT_COMPARABLE, STATUS_WORDS

# What the euros are counted against.
BASES = {"population": "habitant", "poor": "habitant pauvre"}
UNDECIDED = "montant accordé pas encore connu"
UNPEOPLED = "population inconnue"
UNCOUNTED = "habitants pauvres : population ou taux de pauvreté non publié"


@dataclass(frozen=True)
class Unevenness:
    """How unevenly the euros are shared by inhabitant (``basis``), over ``count`` quarters."""

    gini: float
    theil: float
    count: int


@dataclass(frozen=True)
class Equity:
    """Need against effort of the quarters that can be compared.

    ``table`` is by quarter, greatest need first: ``need``, ``population``, ``poor``,
    ``granted_cents``, ``per_inhabitant`` and ``per_poor`` (cents), ``share_population``,
    ``share_poor`` and ``share_cents`` (per cent of the compared quarters) and ``gap`` (points:
    share of euros less share of the basis). ``left_out`` gives the reason by quarter. ``high`` are
    the quarters above the median need, ``low`` the others; ``disparity`` is high less low, in cents
    per person of the basis. What cannot be computed is None.
    """

    need: Need
    basis: str
    table: pd.DataFrame
    left_out: pd.Series
    high: tuple[str, ...]
    low: tuple[str, ...]
    disparity: Interval | None
    curve: Curve | None
    concentration: float | None
    unevenness: Unevenness | None

    @property
    def weights(self) -> Values:
        """Return the people of the basis in each compared quarter, in the order of the table."""
        return self.table[self.basis].to_numpy(dtype="float64")

    def per_person(self, codes: tuple[str, ...]) -> float:
        """Return the cents per person of the basis over some compared quarters together."""
        chosen = self.table.loc[list(codes)]
        return float(chosen["granted_cents"].sum() / chosen[self.basis].sum())


def poor_residents(
    population: pd.Series,
    counted: Vintage | None,
    poverty: pd.DataFrame,
    measured: Vintage | None,
) -> pd.Series:
    """Return inhabitants times poverty rate, by quarter: an order of magnitude, in persons.

    Only where both are published, and only if both were measured on the same perimeters (their
    vintages say); their years may differ and must be shown. Missing everywhere otherwise.
    """
    if counted is None or measured is None or counted.generation != measured.generation:
        return pd.Series(np.nan, index=population.index, name="poor")
    rate = poverty["value"].where(poverty["status"] == "published").reindex(population.index)
    return (population.astype("float64") * rate / 100).rename("poor")


def compare(
    effort: pd.DataFrame,
    need: Need,
    indicators: Mapping[str, Indicator],
    basis: str = "population",
) -> Equity:
    """Set the need of each quarter against its euros.

    ``effort`` is by quarter: ``granted_cents``, ``population``, ``poor``. ``basis`` is a key of
    BASES: whom the euros are counted for. Quarters of equal need stand together in the curve and on
    the same side of the median.
    """
    left_out = _left_out(effort, need, indicators, basis)
    table = effort.drop(index=left_out.index).join(need.score)
    table = table.sort_values("need", ascending=False, kind="stable")
    table = _with_shares(table, basis)
    high = tuple(table.index[table["need"] > table["need"].median()])
    low = tuple(code for code in table.index if code not in high)
    amounts, weights = _arrays(table, basis)
    shared = len(table) > 0 and amounts.sum() > 0
    needs = table["need"].to_numpy(dtype="float64")
    return Equity(
        need=need,
        basis=basis,
        table=table,
        left_out=left_out,
        high=high,
        low=low,
        disparity=_disparity(table, high, low, basis) if shared else None,
        curve=curve(amounts, weights, -needs) if shared else None,
        concentration=concentration(amounts, weights, needs) if shared else None,
        unevenness=unevenness(effort, basis),
    )


def unevenness(effort: pd.DataFrame, basis: str = "population") -> Unevenness | None:
    """Return how unevenly the euros are shared over every quarter whose people are known.

    The need plays no part. None when no euro is shared.
    """
    known = effort[(effort[basis].fillna(0) > 0) & effort["granted_cents"].notna()]
    amounts, weights = _arrays(known, basis)
    if not amounts.sum() > 0:
        return None
    return Unevenness(gini(amounts, weights), theil(amounts, weights), len(known))


def _left_out(
    effort: pd.DataFrame, need: Need, indicators: Mapping[str, Indicator], basis: str
) -> pd.Series:
    reasons: dict[str, list[str]] = {}
    for code, indicator, status in need.left_out.itertuples(index=False):
        words = STATUS_WORDS.get(str(status), NOT_COMPARABLE)
        label = indicators[str(indicator)].short.lower()
        reasons.setdefault(str(code), []).append(f"{label} : {words}")
    for code, people, cents in zip(
        effort.index, effort[basis], effort["granted_cents"], strict=True
    ):
        if pd.isna(people) or not people > 0:
            # Where the need is not known either, that reason is the one to give.
            what = UNPEOPLED if basis == "population" else UNCOUNTED
            reasons.setdefault(str(code), [what])
        if pd.isna(cents):
            reasons.setdefault(str(code), []).append(UNDECIDED)
    ordered = {code: ", ".join(reasons[code]) for code in effort.index if code in reasons}
    index = pd.Index(list(ordered), name="qpv_code", dtype="str")
    return pd.Series(list(ordered.values()), index=index, dtype="str")


def _with_shares(table: pd.DataFrame, basis: str) -> pd.DataFrame:
    shared = {"population": "population", "poor": "poor", "granted_cents": "cents"}
    for column, name in shared.items():
        values = table[column].astype("float64")
        # A share needs every part of its whole.
        whole = values.sum(skipna=False)
        table[f"share_{name}"] = 100 * values / whole if whole else np.nan
    table["gap"] = table["share_cents"] - table[f"share_{basis}"]
    table["per_inhabitant"] = per_inhabitant(table["granted_cents"], table["population"])
    table["per_poor"] = per_inhabitant(table["granted_cents"], table["poor"])
    return table


def _disparity(
    table: pd.DataFrame, high: tuple[str, ...], low: tuple[str, ...], basis: str
) -> Interval | None:
    groups = [_arrays(table.loc[list(codes)], basis) for codes in (high, low)]
    return disparity(groups[0], groups[1])


def _arrays(table: pd.DataFrame, basis: str) -> tuple[Values, Values]:
    return (
        table["granted_cents"].to_numpy(dtype="float64"),
        table[basis].to_numpy(dtype="float64"),
    )
