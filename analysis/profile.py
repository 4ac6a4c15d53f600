"""A quarter's profile: every indicator with its year, its rank, its history and larger areas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis import wording
from analysis.comparison import areas_of_year, comparable_vintage
from analysis.indicators import (
    Indicator,
    Vintage,
    narrowed,
    quarter_figures,
    series_vintages,
    vintages,
)
from analysis.sentences import difference
from geo.territory import Comparator

NO_RANK = "sans rang"
# The four key figures of a quarter, the two that are told over time, the areas beside them.
POPULATION, POVERTY = "population", "poverty_rate"
KEYS = (POPULATION, POVERTY, "median_income", "social_benefits_share")
TRENDS = (POVERTY, "median_income")
LEVELS = ("epci", "country")


@dataclass(frozen=True)
class Reading:
    """One indicator in one vintage: the quarters, and the larger areas in the same year.

    ``quarters`` is indexed by code: ``value, status, place`` (see ``places``). ``areas`` has one
    row a comparator: ``level, label, value, status``. ``compared`` says that one of them is
    published for that year; else they are "absent" or "not_comparable".
    """

    indicator: Indicator
    vintage: Vintage | None
    compared: bool
    quarters: pd.DataFrame
    areas: pd.DataFrame

    def text(self, code: str) -> str:
        """Write a quarter's figure in French, or the word of its status."""
        value: Any = self.quarters["value"].at[code]
        return self.indicator.text(value, self.status(code))

    def status(self, code: str) -> str:
        """Return the status of a quarter's figure (see ``analysis.indicators``)."""
        return str(self.quarters["status"].at[code])

    def area_texts(self, levels: Sequence[str] | None = None) -> dict[str, str]:
        """Write the figure of each larger area, by label, all of them unless ``levels`` says."""
        kept = self.areas if levels is None else self.areas[self.areas["level"].isin(list(levels))]
        return {
            label: self.indicator.text(value, status)
            for label, value, status in zip(
                kept["label"], kept["value"], kept["status"], strict=True
            )
        }

    def rank(self, code: str) -> str:
        """Say a quarter's place among the published ones, from the nearer end.

        ``2e plus bas sur 13``; past the middle the place is counted from the other end.
        """
        places = self.quarters["place"]
        place: Any = places.at[code]
        if pd.isna(place):
            return NO_RANK
        same = int((places == place).sum())
        ends = ("plus élevé", "plus bas")
        first, last = reversed(ends) if self.indicator.direction == "less" else ends
        behind = int((places > place).sum()) + 1  # the place counted from the other end
        end, shown = (first, int(place)) if place <= behind else (last, behind)
        order = "le " if shown == 1 else f"{shown}e "
        tied = " ex æquo" if same > 1 else ""
        return f"{order}{end}{tied} sur {places.count()}"

    @property
    def year(self) -> str:
        """Say the year of the figure, for a column: ``2021``, or why it is not known."""
        if self.vintage is None:
            return wording.MISSING
        if self.vintage.data_year is None:
            edition = self.vintage.file_year
            return f"non établie (fichier {edition})" if edition else "non établie"
        return str(self.vintage.data_year)

    @property
    def perimeter(self) -> str:
        """Say the generation of the perimeters on which the figure was measured."""
        known = self.vintage is not None and self.vintage.generation is not None
        return str(self.vintage.generation) if known and self.vintage else wording.MISSING


def readings(
    indicators: Mapping[str, Indicator],
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    comparators: Sequence[Comparator],
) -> list[Reading]:
    """Read every indicator in its latest vintage, then in the latest year common with an area.

    The second reading comes only where that year is earlier: figures of two years never stand on
    one line. Frames are FIGURES and CROSSWALK; quarters are those of the crosswalk (2024 codes).
    """
    return [
        reading(indicator, own, crosswalk, comparators, vintage)
        for indicator, own in narrowed(indicators, figures)
        for common in [comparable_vintage(indicator, own, comparators)]
        for vintage in _shown(indicator, own, common)
    ]


def _shown(
    indicator: Indicator, figures: pd.DataFrame, common: Vintage | None
) -> list[Vintage | None]:
    found = vintages(indicator, figures)
    last = found[-1] if found else None
    return [last] if common in (None, last) else [last, common]


def reading(
    indicator: Indicator,
    figures: pd.DataFrame,
    crosswalk: pd.DataFrame,
    comparators: Sequence[Comparator],
    vintage: Vintage | None,
) -> Reading:
    """Read an indicator in one vintage, with the larger areas measured the same year."""
    quarters = quarter_figures(indicator, figures, crosswalk, vintage)
    quarters["place"] = places(quarters, indicator.direction)
    year = vintage.data_year if vintage else None
    areas = areas_of_year(indicator, figures, comparators, year)
    compared = bool((areas["status"] == "published").any())
    return Reading(indicator.in_year(year), vintage, compared, quarters, areas)


def latest_of(found: Sequence[Reading], code: str) -> Reading:
    """Return the latest reading of an indicator; raises StopIteration when it has none."""
    return next(reading for reading in found if reading.indicator.code == code)


def compared_of(found: Sequence[Reading], code: str) -> Reading | None:
    """Return the reading of the last year common with a larger area, if there is one."""
    return next((one for one in found if one.indicator.code == code and one.compared), None)


def card(found: Sequence[Reading], word: str, code: str) -> tuple[str, str, list[str]]:
    """Return a key figure of a quarter: its name, its value, then its year, rank and areas."""
    one = latest_of(found, word)
    when = one.vintage.label if one.vintage else wording.MISSING
    notes = [f"{when}, périmètre {one.perimeter}"]
    if one.status(code) == "published":
        notes.append(f"{one.rank(code)} quartiers publiés")
    if word == POPULATION:
        part = wording.percent(share_of_people(one, code), 0)
        notes.append(f"{part} des habitants des {len(one.quarters)} quartiers")
    else:
        notes += _beside(one, compared_of(found, word), code)
    return one.indicator.short, one.text(code), notes


def _beside(one: Reading, common: Reading | None, code: str) -> list[str]:
    texts = (common or one).area_texts(LEVELS)
    areas = [f"{label} : {text}" for label, text in texts.items()]
    if common is None or common is one:
        return areas
    return [f"En {common.year}, dernière année commune : {common.text(code)}", *areas]


def places(quarters: pd.DataFrame, direction: str) -> pd.Series:
    """Return the rank of each published value, on the frame's index; missing for the others.

    1 is the least favourable: the highest for ``direction`` "more", the lowest for "less"; for
    "neither" it is the highest, and says nothing good or bad. Equal values share a place.
    """
    published = quarters["value"].where(quarters["status"] == "published")
    ranked = published.rank(method="min", ascending=direction == "less")
    return ranked.astype("Int64").rename("place")


def history(indicator: Indicator, figures: pd.DataFrame, crosswalk: pd.DataFrame) -> pd.DataFrame:
    """Return every proven year of an indicator, sorted by quarter and year.

    ``qpv_code, year, value, status, segment, generation, break_reason``. ``segment`` counts the
    breaks up to a year: only years of one segment may be joined by a line. The series breaks where
    the producer says so and where the perimeters change; ``break_reason`` says in French why a
    year cannot be compared with the one before, empty if it can. A year given by two files is read
    in the later one; figures whose year is not proven are left out.
    """
    known = {v.data_year: v for v in series_vintages(indicator, figures) if v.data_year is not None}
    columns = ["qpv_code", "year", "value", "status", "segment", "generation", "break_reason"]
    parts = []
    segment, before = 0, None
    for year, vintage in sorted(known.items()):
        reason = _break(indicator, before, vintage)
        segment += bool(reason)
        rows = quarter_figures(indicator, figures, crosswalk, vintage)
        parts.append(
            rows.assign(
                year=year,
                segment=segment,
                generation=pd.array([vintage.generation] * len(rows), dtype="Int64"),
                break_reason=reason,
            )
        )
        before = vintage
    if not parts:
        return pd.DataFrame(columns=columns)
    frame = pd.concat(parts).reset_index()[columns]
    return frame.sort_values(["qpv_code", "year"], ignore_index=True)


def _break(indicator: Indicator, before: Vintage | None, now: Vintage) -> str:
    if before is None or before.data_year is None or now.data_year is None:
        return ""
    if before.generation != now.generation:
        return f"changement de périmètre : {before.generation}, puis {now.generation}"
    cut = any(before.data_year < year <= now.data_year for year in indicator.breaks)
    return "rupture" if cut else ""


def share_of_people(population: Reading, code: str) -> float | None:
    """Return a quarter's inhabitants in per cent of those of all quarters of the territory.

    None as soon as the population of one quarter is not published.
    """
    people = population.quarters["value"]
    if (population.quarters["status"] != "published").any() or not people.sum():
        return None
    return float(100 * people[code] / people.sum())


def portrait(population: Reading, poverty: Reading, code: str) -> str:
    """Say in one French sentence how many live in a quarter and how poor they are, with years."""
    return f"{_inhabitants(population, code)} ; {_poverty(poverty, code)}"


def _inhabitants(population: Reading, code: str) -> str:
    if population.status(code) != "published" or population.vintage is None:
        return "La population de ce quartier n'est pas disponible"
    text = f"Ce quartier réunit {population.text(code)} habitants ({population.vintage.label})"
    share = share_of_people(population, code)
    if share is None:
        return text
    count = len(population.quarters)
    return f"{text}, soit {wording.percent(share, 0)} des habitants des {count} quartiers"


def _poverty(poverty: Reading, code: str) -> str:
    status = poverty.status(code)
    when = f"({poverty.vintage.label})" if poverty.vintage else ""
    if status == "secret":
        return f"son taux de pauvreté {when} est couvert par le secret statistique."
    if status != "published":
        return "son taux de pauvreté n'est pas disponible."
    rank = f"{poverty.rank(code)} quartiers dont le taux est publié"
    return f"son taux de pauvreté est de {poverty.text(code)} {when}, {rank}."


def support(year: int, now: pd.Series, before: pd.Series | None) -> str:
    """Say in French what a programme gives a quarter, and how it moved since the year before.

    ``now`` and ``before`` are ``programme.grand_total`` of the quarter's rows; ``before`` is None
    when the programme does not hold the year before.
    """
    count = int(now["projects"])
    if not count:
        return f"En {year}, aucun projet de la sélection ne sert ce quartier."
    serve = f"{wording.plural(count, 'projet')} {'sert' if count == 1 else 'servent'} ce quartier"
    if pd.isna(now["granted_cents"]):
        return f"En {year}, {serve} ; aucun montant accordé n'est connu."
    moved = ""
    if before is not None and pd.notna(before["granted_cents"]):
        then = int(before["granted_cents"])
        gap = int(now["granted_cents"]) - then
        moved = f" ({difference(gap, then)} par rapport à {year - 1})"
    return f"En {year}, {serve} et {wording.euros(now['granted_cents'])} lui sont accordés{moved}."
