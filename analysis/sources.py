"""Where an indicator's figures are in the long table, and the figures computed from published ones.

The only figures computed here are sums of published counts of one area and ratios of two of them.
"""

from dataclasses import dataclass, replace

import pandas as pd

# What makes a row of the long table one figure of one vintage of one published table.
FIGURE = ("dataset", "table", "area_level", "area_code", "data_year", "file_year", "generation")

# From the figure that is told to the one nothing is known of.
_RANKS = ("published", "not_significant", "not_comparable", "secret", "absent")


@dataclass(frozen=True)
class Source:
    """Where an indicator's figures are: data set, published table, column, years of the file.

    ``variable`` is a column (``TP60``), a sum of columns (``C_C2SNP+C_C2SP``) or a ratio of two
    published counts, in per cent (``ABC_25/ABC``). ``since`` and ``until`` bound the file years in
    which the column bears this name. Sources of one ``part`` make one series.
    """

    part: str
    dataset: str
    variable: str
    table: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def numerator(self) -> "Source | None":
        """Return the count above the line of a ratio; None for a published figure."""
        over, line, _ = self.variable.partition("/")
        return replace(self, variable=over) if line else None

    @property
    def denominator(self) -> "Source | None":
        """Return the count below the line of a ratio; None for a published figure."""
        _, line, under = self.variable.partition("/")
        return replace(self, variable=under) if line else None


def select(figures: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Return the rows of a source (contract FIGURES); sums and ratios are computed row by row.

    A computed figure is published when all its terms are; otherwise it has the status that tells
    least of them (absent, secret, not significant…), and no value.
    """
    rows = figures[(figures["dataset"] == source.dataset) & (figures["table"] == source.table)]
    columns = source.variable.replace("/", "+").split("+")
    rows = rows[rows["variable"].isin(columns)]
    if source.since is not None:
        rows = rows[(rows["file_year"] >= source.since).fillna(False)]
    if source.until is not None:
        rows = rows[(rows["file_year"] <= source.until).fillna(False)]
    return rows if len(columns) == 1 else _computed(rows, source.variable)


def _computed(rows: pd.DataFrame, formula: str) -> pd.DataFrame:
    over, line, under = formula.partition("/")
    top = _summed(rows, over.split("+"))
    if line:
        bottom = _summed(rows, under.split("+"))
        # A share of nobody is not a number: it is not published.
        value = 100 * top["value"] / bottom["value"].where(bottom["value"] != 0)
        worst = (
            top[["rank"]].join(bottom["rank"], rsuffix="_under", how="inner").max(axis="columns")
        )
        top = pd.DataFrame({"value": value.reindex(worst.index), "rank": worst})
        top["rank"] = top["rank"].mask(top["value"].isna() & (top["rank"] == 0), len(_RANKS) - 1)
    top["value"] = top["value"].where(top["rank"] == 0)
    status = top["rank"].map(dict(enumerate(_RANKS))).astype("str")
    frame = top.drop(columns="rank").assign(status=status, variable=formula).reset_index()
    return frame[rows.columns]


def _summed(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    terms = rows[rows["variable"].isin(columns)]
    terms = terms.assign(rank=terms["status"].map(_RANKS.index))
    groups = terms.groupby(list(FIGURE), dropna=False)
    frame = groups.agg(value=("value", "sum"), rank=("rank", "max"), terms=("rank", "size"))
    return frame[frame["terms"] == len(columns)].drop(columns="terms")
