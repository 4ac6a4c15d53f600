"""An indicator, and the figure of each quarter with everything needed to trust it.

An indicator is data (``data/indicators.toml``, read by ``analysis.definitions``). A quarter's
figure is a value *or* a status of ``geo.schema.FIGURE_STATUSES``, never a zero in its place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Any

import pandas as pd

from analysis import wording
from analysis.sources import Source, select
from geo.crosswalk import carriers
from geo.schema import GENERATIONS

_ABSENT = (nan, "absent")
_APART = (nan, "not_comparable")  # split off or merged: no figure of its own in 2015


@dataclass(frozen=True)
class Indicator:
    """One indicator: words, unit, nature and where its figures are.

    ``kind`` is what it is (``definitions.KINDS``) and ``operation`` what may be done with it over
    several areas: "sum", "weighted_mean" (numerator and denominator are both published counts:
    see ``Source``) or "none". ``numerator`` and ``denominator`` say in French what a share divides;
    ``perimeter`` who or what is counted. ``direction`` is which way is worse. ``breaks`` are the
    data years not to be compared with the year before; ``breaks_note`` says why. ``rounded`` are
    the data years published to the unit, whatever ``decimals``. Two data years closer than
    ``least_years`` do not measure a change.
    """

    code: str
    label: str
    short: str
    theme: str
    unit: str
    decimals: int
    kind: str
    direction: str
    definition: str
    perimeter: str
    operation: str
    sources: tuple[Source, ...]
    numerator: str = ""
    denominator: str = ""
    comparators: tuple[Source, ...] = ()
    breaks: tuple[int, ...] = ()
    breaks_note: str = ""
    rounded: tuple[int, ...] = ()
    least_years: int = 2

    @property
    def weights(self) -> tuple[Source, ...]:
        """Return the published denominators a weighted mean is taken by; none if it is unlawful."""
        found = [source.denominator for source in self.sources]
        return tuple(one for one in found if one) if self.operation == "weighted_mean" else ()

    def in_year(self, year: int | None) -> "Indicator":
        """Return the indicator as it is written for a data year: no decimal that is not published.

        The figures of a year in ``rounded`` have none.
        """
        return replace(self, decimals=0) if year in self.rounded else self

    def text(self, value: float | None, status: str = "published") -> str:
        """Write a value in French with its unit, or the word of its status."""
        if status != "published":
            return wording.STATUS_WORDS[status]
        if self.unit == "%":
            return wording.percent(value, self.decimals)
        words = wording.number(value, self.decimals)
        if words == wording.MISSING or not self.unit.startswith("€"):
            return words
        return f"{words}{wording.NARROW}{self.unit}"


@dataclass(frozen=True)
class Vintage:
    """When and where a set of figures was measured; ``label`` is shown beside each figure."""

    dataset: str
    data_year: int | None
    file_year: int | None
    generation: int | None

    @property
    def label(self) -> str:
        """Say the year in French: the data year, or the file year when the former is unproven."""
        if self.data_year is not None:
            return f"donnée {self.data_year}"
        named = f"fichier {self.file_year}, " if self.file_year is not None else ""
        return f"{named}année de la donnée non établie"


def vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage]:
    """List the vintages of an indicator for quarters, oldest first, first source that has any."""
    return next(iter(_by_part(indicator, figures)), [])


def series_vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage]:
    """List the vintages a series is made of, oldest first.

    Those of ``vintages``, and those of the next sources for perimeters the first does not cover:
    the figures of the former generation stay in the history of the new one.
    """
    found: list[Vintage] = []
    for source in _by_part(indicator, figures):
        covered = {vintage.generation for vintage in found}
        found += [vintage for vintage in source if vintage.generation not in covered]
    return sorted(found, key=lambda vintage: vintage.file_year or vintage.data_year or 0)


def _by_part(indicator: Indicator, figures: pd.DataFrame) -> Iterator[list[Vintage]]:
    for part in dict.fromkeys(source.part for source in indicator.sources):
        rows = _quarters(indicator, figures, part)
        rows = rows[rows["status"] == "published"]
        editions: dict[tuple[int | None, ...], str] = {}
        names = ("dataset", "data_year", "file_year", "generation")
        for dataset, *years in zip(*(rows[name] for name in names), strict=True):
            # The same edition in two data sets is read in the first one named.
            editions.setdefault(_optional(years), str(dataset))
        if editions:
            yield sorted((Vintage(one, *key) for key, one in editions.items()), key=_edition)


def quarter_figures(
    indicator: Indicator, figures: pd.DataFrame, crosswalk: pd.DataFrame, vintage: Vintage | None
) -> pd.DataFrame:
    """Return ``value`` and ``status`` of every 2024 quarter, for one vintage.

    A figure measured on 2015 perimeters is carried by the official correspondence (one for one);
    its vintage keeps saying so. A quarter without a figure is "absent"; one that was split off or
    merged has no figure of its own in 2015, and is "not_comparable".
    """
    codes = list(dict.fromkeys(crosswalk["qpv_code"].dropna()))
    cells = {} if vintage is None else _cells(_quarters(indicator, figures), vintage)
    if vintage and vintage.generation == GENERATIONS[0]:
        former = carriers(crosswalk)
        cells = {new: cells.get(old, _ABSENT) if old else _APART for new, old in former.items()}
    found = [cells.get(code, _ABSENT) for code in codes]
    columns = {
        "value": pd.array([value for value, _ in found], dtype="float64"),
        "status": pd.array([status for _, status in found], dtype="str"),
    }
    return pd.DataFrame(columns, index=pd.Index(codes, name="qpv_code", dtype="str"))


def latest(
    indicator: Indicator, figures: pd.DataFrame, crosswalk: pd.DataFrame
) -> tuple[Vintage | None, pd.DataFrame]:
    """Return the most recent vintage and its figures.

    A quarter masked in that vintage stays masked: an older figure never fills the gap.
    """
    found = vintages(indicator, figures)
    vintage = found[-1] if found else None
    return vintage, quarter_figures(indicator, figures, crosswalk, vintage)


def every_source(indicators: Mapping[str, Indicator]) -> Iterator[Source]:
    """Return the sources of all indicators, of quarters then of larger areas."""
    for one in indicators.values():
        yield from (*one.sources, *one.comparators)


def narrowed(
    indicators: Mapping[str, Indicator], figures: pd.DataFrame
) -> Iterator[tuple[Indicator, pd.DataFrame]]:
    """Yield each indicator with the rows it is read from and no other: a smaller frame to ask."""
    places = figures.groupby("variable", sort=False).indices
    for code, indicator in indicators.items():
        named = {
            name
            for source in every_source({code: indicator})
            for term in (source.variable, *re.split("[+/]", source.variable))
            for name in (term, term.rpartition(".")[2])
        }
        rows = [row for name in named for row in places.get(name, ())]
        yield indicator, figures.take(sorted(rows))


def _quarters(indicator: Indicator, figures: pd.DataFrame, part: str = "") -> pd.DataFrame:
    sources = [one for one in indicator.sources if part in ("", one.part)]
    found = [select(figures, source) for source in sources]
    found = [rows[rows["area_level"] == "quarter"] for rows in found if len(rows)]
    if len(found) < 2:
        return found[0] if found else figures.iloc[:0]
    rows = pd.concat(found)
    # A column that bears two names in one file is read under the first.
    return rows[~rows.duplicated(["dataset", "area_code", "data_year", "file_year", "generation"])]


def _same(years: pd.Series, year: int | None) -> pd.Series:
    return years.isna() if year is None else (years == year).fillna(False)


def _optional(years: Iterable[Any]) -> tuple[int | None, ...]:
    return tuple(None if pd.isna(year) else int(year) for year in years)


def _edition(vintage: Vintage) -> float:
    """Order editions: a file's year does even where the data year is not proven."""
    year = vintage.data_year if vintage.file_year is None else vintage.file_year
    return inf if year is None else year


def _cells(rows: pd.DataFrame, vintage: Vintage) -> dict[str, tuple[float, str]]:
    """Return value and status of one vintage, by code of the area."""
    one = (rows["dataset"] == vintage.dataset) & _same(rows["data_year"], vintage.data_year)
    one &= _same(rows["file_year"], vintage.file_year)
    one &= _same(rows["generation"], vintage.generation)
    figures = rows.loc[one, ["area_code", "value", "status"]]
    return {code: (value, status) for code, value, status in figures.itertuples(index=False)}
