"""An indicator, and the figure of each quarter with everything needed to trust it.

An indicator is data (``data/indicators.toml``, read by ``analysis.definitions``). A quarter's
figure is a value *or* a status of ``geo.schema.FIGURE_STATUSES``, never a zero in its place.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from analysis import wording
from analysis.sources import Source, select
from geo.crosswalk import carry
from geo.schema import GENERATIONS


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
        if len(rows):
            keys = rows[["dataset", "data_year", "file_year", "generation"]].drop_duplicates()
            # The same edition in two data sets is read in the first one named.
            keys = keys[~keys.duplicated(["data_year", "file_year", "generation"])]
            # A file's year orders its editions even where the data year is not proven.
            order = keys["file_year"].fillna(keys["data_year"])
            keys = keys.loc[order.sort_values(kind="stable").index]
            yield [Vintage(str(key[0]), *_optional(key[1:])) for key in keys.to_numpy()]


def quarter_figures(
    indicator: Indicator, figures: pd.DataFrame, crosswalk: pd.DataFrame, vintage: Vintage | None
) -> pd.DataFrame:
    """Return ``value`` and ``status`` of every 2024 quarter, for one vintage.

    A figure measured on 2015 perimeters is carried by the official correspondence (one for one);
    its vintage keeps saying so. A quarter without a figure is "absent"; one that was split off or
    merged has no figure of its own in 2015, and is "not_comparable".
    """
    codes = pd.Series(crosswalk["qpv_code"].dropna().unique())
    if vintage is None:
        return _frame(pd.Series(dtype="float64"), pd.Series(dtype="str"), codes)
    rows = _quarters(indicator, figures)
    rows = rows[rows["dataset"] == vintage.dataset]
    rows = rows[_same(rows["data_year"], vintage.data_year)]
    rows = rows[_same(rows["file_year"], vintage.file_year)]
    rows = rows[_same(rows["generation"], vintage.generation)].set_index("area_code")
    if vintage.generation != GENERATIONS[0]:
        return _frame(rows["value"], rows["status"], codes)
    status = carry(rows["status"], crosswalk)
    redrawn = crosswalk.dropna()[["qpv_code"]].query("qpv_code not in @status.index")["qpv_code"]
    apart = pd.Series("not_comparable", index=redrawn.unique(), dtype="str")
    return _frame(carry(rows["value"], crosswalk), pd.concat([status, apart]), codes)


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


def narrowed(indicator: Indicator, figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows an indicator is read from and no other: a smaller frame to ask often."""
    named = {
        name
        for source in every_source({indicator.code: indicator})
        for term in (source.variable, *re.split("[+/]", source.variable))
        for name in (term, term.rpartition(".")[2])
    }
    return figures[figures["variable"].isin(named)]


def _quarters(indicator: Indicator, figures: pd.DataFrame, part: str = "") -> pd.DataFrame:
    sources = [one for one in indicator.sources if part in ("", one.part)]
    found = [select(figures, source) for source in sources]
    rows = pd.concat(found) if len(found) > 1 else found[0] if found else figures.iloc[:0]
    rows = rows[rows["area_level"] == "quarter"]
    # A column that bears two names in one file is read under the first.
    return rows[~rows.duplicated(["dataset", "area_code", "data_year", "file_year", "generation"])]


def _same(years: pd.Series, year: int | None) -> pd.Series:
    return years.isna() if year is None else (years == year).fillna(False)


def _optional(key: object) -> list[int | None]:
    return [None if pd.isna(part) else int(part) for part in key]  # type: ignore[attr-defined]


def _frame(value: pd.Series, status: pd.Series, codes: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(index=pd.Index(codes, name="qpv_code"))
    frame["value"] = value.reindex(frame.index).astype("float64")
    frame["status"] = status.reindex(frame.index).fillna("absent").astype("str")
    return frame
