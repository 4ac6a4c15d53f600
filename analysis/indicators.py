"""The catalogue of indicators, and the figure of each quarter with everything needed to trust it.

An indicator is data (``data/indicators.toml``). A quarter's figure is a value *or* a status:
"published", "secret", "absent" or "not_comparable", never a zero in its place.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from analysis import wording
from geo.crosswalk import carry
from geo.schema import GENERATIONS

Source = tuple[str, str]


@dataclass(frozen=True)
class Indicator:
    """One indicator: words, unit, nature and where its figures are (data set, variable).

    ``breaks`` are the years not to be compared with the year before; ``breaks_note`` says why.
    ``rounded`` are the years published to the unit, whatever ``decimals``.
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
    sources: tuple[Source, ...]
    comparators: tuple[Source, ...] = ()
    breaks: tuple[int, ...] = ()
    breaks_note: str = ""
    rounded: tuple[int, ...] = ()

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


def catalogue(
    entries: Mapping[str, dict[str, Any]], datasets: Mapping[str, str]
) -> dict[str, Indicator]:
    """Build the indicators, by code and in order, from the parsed TOML.

    ``datasets`` gives the territory's data set for each part ("insee", "filosofi"…): the same
    indicators serve every territory.
    """
    return {code: _indicator(code, entry, datasets) for code, entry in entries.items()}


def _indicator(code: str, entry: dict[str, Any], datasets: Mapping[str, str]) -> Indicator:
    sources = _sources(entry["sources"], datasets)
    others = _sources(entry.get("comparators", ()), datasets)
    years = {name: tuple(entry.get(name, ())) for name in ("breaks", "rounded")}
    read = {"sources": sources, "comparators": others, **years}
    return Indicator(**{**entry, **read, "code": code})


def _sources(parts: Iterable[Mapping[str, str]], datasets: Mapping[str, str]) -> tuple[Source, ...]:
    return tuple((datasets[part["part"]], part["variable"]) for part in parts)


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
        return f"fichier {self.file_year}, année de la donnée non établie"


def vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage]:
    """List the vintages of an indicator for quarters, oldest first, first source that has any."""
    return next(iter(_by_source(indicator, figures)), [])


def series_vintages(indicator: Indicator, figures: pd.DataFrame) -> list[Vintage]:
    """List the vintages a series is made of, oldest first.

    Those of ``vintages``, and those of the next sources for perimeters the first does not cover:
    the figures of the former generation stay in the history of the new one.
    """
    found: list[Vintage] = []
    for source in _by_source(indicator, figures):
        covered = {vintage.generation for vintage in found}
        found += [vintage for vintage in source if vintage.generation not in covered]
    return sorted(found, key=lambda vintage: vintage.file_year or vintage.data_year or 0)


def _by_source(indicator: Indicator, figures: pd.DataFrame) -> Iterator[list[Vintage]]:
    for dataset, variable in indicator.sources:
        rows = _select(figures, dataset, variable, "quarter")
        rows = rows[rows["status"] == "published"]
        if len(rows):
            keys = rows[["data_year", "file_year", "generation"]].drop_duplicates()
            # A file's year orders its editions even where the data year is not proven.
            order = keys["file_year"].fillna(keys["data_year"])
            keys = keys.loc[order.sort_values(kind="stable").index]
            yield [Vintage(dataset, *_optional(key)) for key in keys.to_numpy()]


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
    variable = dict(indicator.sources)[vintage.dataset]
    rows = _select(figures, vintage.dataset, variable, "quarter")
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


def _select(figures: pd.DataFrame, dataset: str, variable: str, level: str) -> pd.DataFrame:
    keep = (
        (figures["dataset"] == dataset)
        & (figures["variable"] == variable)
        & (figures["area_level"] == level)
    )
    return figures[keep]


def _same(years: pd.Series, year: int | None) -> pd.Series:
    return years.isna() if year is None else (years == year).fillna(False)


def _optional(key: object) -> list[int | None]:
    return [None if pd.isna(part) else int(part) for part in key]  # type: ignore[attr-defined]


def _frame(value: pd.Series, status: pd.Series, codes: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame(index=pd.Index(codes, name="qpv_code"))
    frame["value"] = value.reindex(frame.index).astype("float64")
    frame["status"] = status.reindex(frame.index).fillna("absent").astype("str")
    return frame
