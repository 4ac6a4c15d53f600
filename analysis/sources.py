"""Where an indicator's figures are in the long table, and the figures computed from published ones.

The only figures computed here are sums of published counts of one area and ratios of two of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd

# What makes a row of the long table one figure of one edition of a data set.
_FIGURE = ["dataset", "area_level", "area_code", "data_year", "file_year", "generation"]

# From the figure that is told to the one nothing is known of.
_RANKS = ("published", "not_significant", "not_comparable", "secret", "absent")


@dataclass(frozen=True)
class Source:
    """Where an indicator's figures are: data set, published table, column, years of the file.

    ``variable`` is a column (``TP60``), a sum of columns (``C_C2SNP+C_C2SP``) or a ratio of two
    published counts, in per cent (``ABC_25/ABC``); a column of another table of the same year is
    named with it (``DEMO.A``). ``since`` and ``until`` bound the file years in which the column
    bears this name. Sources of one ``part`` make one series.
    """

    part: str
    dataset: str
    variable: str
    table: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def computed(self) -> bool:
        """Say whether the figure is a sum or a ratio of published counts."""
        return "/" in self.variable or "+" in self.variable

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
    rows = figures[figures["dataset"] == source.dataset]
    if rows.empty:
        return rows
    if source.since is not None:
        rows = rows[(rows["file_year"] >= source.since).fillna(False)]
    if source.until is not None:
        rows = rows[(rows["file_year"] <= source.until).fillna(False)]
    ready = _column(rows, source.table, source.variable)
    over, line, under = source.variable.partition("/")
    if len(ready) or not source.computed or _column(rows, source.table, over.split("+")[0]).empty:
        return ready
    top = _summed(rows, source.table, over)
    total = _shared(top, _summed(rows, source.table, under)) if line else top
    return _figures(total, source)[list(figures.columns)]


def with_computed(figures: pd.DataFrame, sources: Iterable[Source]) -> pd.DataFrame:
    """Return the figures and, after them, those that ``sources`` compute: ``select`` finds them.

    Whoever reads many indicators computes each sum and ratio once.
    """
    wanted = [source for source in dict.fromkeys(sources) if source.computed]
    made = [rows for rows in (select(figures, source) for source in wanted) if len(rows)]
    return pd.concat([figures, *made], ignore_index=True) if made else figures


def _column(rows: pd.DataFrame, table: str, name: str) -> pd.DataFrame:
    other, dot, column = name.partition(".")
    wanted = (other, column) if dot and not re.search(r"[+/]", name) else (table, name)
    return rows[(rows["table"] == wanted[0]) & (rows["variable"] == wanted[1])]


def _summed(rows: pd.DataFrame, table: str, formula: str) -> pd.DataFrame:
    """Return ``value`` and ``rank`` (of its status) of a sum, where every term is in the file."""
    names = formula.split("+")
    terms = pd.concat([_column(rows, table, name) for name in names])
    terms = terms.assign(rank=terms["status"].map(_RANKS.index).astype("int64"))
    groups = terms.groupby(_FIGURE, dropna=False)
    frame = groups.agg(value=("value", "sum"), rank=("rank", "max"), terms=("rank", "size"))
    return frame[frame["terms"] == len(names)].drop(columns="terms")


def _shared(top: pd.DataFrame, bottom: pd.DataFrame) -> pd.DataFrame:
    both = top.join(bottom.add_suffix("_under"), how="inner")
    rank = both[["rank", "rank_under"]].max(axis="columns")
    # A share of nobody is not a number: there is no figure.
    rank = rank.mask((rank == 0) & (both["value_under"] == 0), _RANKS.index("absent"))
    value = 100 * both["value"] / both["value_under"].where(both["value_under"] != 0)
    return pd.DataFrame({"value": value, "rank": rank})


def _figures(total: pd.DataFrame, source: Source) -> pd.DataFrame:
    status = total["rank"].map(dict(enumerate(_RANKS))).astype("str")
    frame = total.assign(value=total["value"].where(total["rank"] == 0), status=status)
    return frame.reset_index().assign(table=source.table, variable=source.variable)
