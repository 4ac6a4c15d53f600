"""Which quarters resemble one another, by the places they hold on a few chosen indicators."""

from collections.abc import Sequence

import pandas as pd

from analysis.profile import Reading


def ranks(readings: Sequence[Reading]) -> pd.DataFrame:
    """Return the rank of every quarter (index) on each indicator (columns, by code).

    1 is the lowest value; equal values share the mean of their ranks; a quarter whose figure is
    not published has none.
    """
    return pd.DataFrame(
        {
            one.indicator.code: one.quarters["value"]
            .where(one.quarters["status"] == "published")
            .rank(method="average")
            for one in readings
        }
    )


def nearest(readings: Sequence[Reading], code: str) -> pd.DataFrame:
    """Return the other quarters, the most alike first, with their distance to ``code``.

    The distance is the mean, over the indicators, of the difference between the two ranks: 0 for
    the same places, about a third of the number of quarters for two quarters taken at random.
    Every indicator counts the same. Only quarters published for every indicator are compared:
    without one of them the distance would be another. Empty where ``code`` itself lacks a figure.
    Indexed by quarter: ``distance``, then the difference of ranks for each indicator.
    """
    table = ranks(readings).dropna()
    if code not in table.index or table.columns.empty:
        return pd.DataFrame(columns=["distance", *table.columns], dtype="float64")
    apart = (table - table.loc[code]).abs().drop(index=code)
    apart.insert(0, "distance", apart.mean(axis="columns"))
    return apart.sort_values("distance", kind="stable")


def left_out(readings: Sequence[Reading], code: str) -> list[str]:
    """Return the other quarters that cannot be compared: a figure of theirs is not published."""
    table = ranks(readings)
    return [str(other) for other in table.index[table.isna().any(axis=1)] if other != code]
