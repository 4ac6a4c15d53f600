"""Need and effort of a selection, gathered: one source for the page and the command line."""

from dataclasses import dataclass, replace

import pandas as pd

from analysis import effort
from analysis.equity import BASES, Equity, compare, poor_residents
from analysis.findings import measure
from analysis.indicators import Indicator, Vintage
from analysis.need import DEFAULT, Measured, composite, refusal
from analysis.profile import latest_of
from analysis.selection import Selection
from geo.errors import AtlasError
from store.atlas import Atlas
from store.tables import loaded, selected

BREAKDOWNS = {"theme": "Thème", "funder": "Financeur", "year": "Année"}


@dataclass(frozen=True)
class Choice:
    """How need is measured: weight of each indicator, method, and whom euros are counted for."""

    weights: tuple[tuple[str, float], ...] = ((DEFAULT, 1.0),)
    method: str = "zscore"
    basis: str = "population"


@dataclass(frozen=True)
class Answers:
    """How requests are answered; None where a filter of the selection leaves nothing to compare."""

    leverage: effort.Part | None
    renewal: effort.Part
    number: effort.Part | None
    euros: effort.Part | None
    delay: effort.Delay


def candidates(atlas: Atlas) -> dict[str, Indicator]:
    """Return the indicators that may measure a need, by code, the default first.

    Those without a published figure for any quarter are left out: nothing could be compared.
    """
    known = {one.indicator.code for one in atlas.readings if one.vintage}
    allowed = {code: one for code, one in atlas.indicators.items() if not refusal(one)}
    found = {code: one for code, one in allowed.items() if code in known or code == DEFAULT}
    return dict(sorted(found.items(), key=lambda item: item[0] != DEFAULT))


def measured(atlas: Atlas, code: str) -> Measured:
    """Return an indicator with its latest figures; a masked one is never filled by an older."""
    indicator = atlas.indicators[code]
    reading = latest_of(atlas.readings, code)
    return Measured(indicator, reading.vintage, reading.quarters[["value", "status"]])


def poverty_vintage(atlas: Atlas) -> Vintage | None:
    """Return when and where the poverty rate behind the number of poor residents was measured."""
    return measured(atlas, DEFAULT).vintage


def equity(atlas: Atlas, selection: Selection, choice: Choice) -> Equity:
    """Set need against effort for every quarter of the territory.

    The choice of quarters of the selection is left out: a quarter is compared with all the others.
    Raises NeedRefused for an indicator, a weight or a method that cannot be used, AtlasError for an
    unknown basis.
    """
    if choice.basis not in BASES:
        raise AtlasError(f"Base « {choice.basis} » inconnue ; attendu : {', '.join(BASES)}.")
    wanted = [code for code, _ in (*choice.weights, (DEFAULT, 1)) if code in atlas.indicators]
    known = {code: measured(atlas, code) for code in wanted}
    need = composite(known, dict(choice.weights), choice.method)
    vintage, population = atlas.population
    poverty = known[DEFAULT]
    table = effort_table(atlas, selection)[["granted_cents"]]
    table["population"] = population.reindex(table.index).astype("float64")
    table["poor"] = poor_residents(table["population"], vintage, poverty.figures, poverty.vintage)
    return compare(table, need, atlas.indicators, choice.basis)


def effort_table(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return the effort for each quarter (``analysis.effort.quarters``) with its label."""
    programme = loaded(atlas, selection)
    rows = selected(atlas, selection, quarters=False)
    audience = effort.people(effort.supported(rows), programme.projects, programme.services)
    codes = list(atlas.quarters["qpv_code"])
    table = effort.quarters(rows, audience, atlas.population[1], codes)
    table.insert(0, "label", [atlas.quarter_labels[code] for code in table.index])
    return table


def breakdown(atlas: Atlas, selection: Selection, column: str) -> pd.DataFrame:
    """Return the effort by ``theme``, ``funder`` or ``year`` (every year of the programme)."""
    years = atlas.years(selection.programme) if column == "year" else [selection.year]
    rows = pd.concat([selected(atlas, replace(selection, year=year)) for year in years])
    shown = list(selection.quarters) or list(atlas.quarters["qpv_code"])
    people = int(atlas.population[1].reindex(shown).sum())
    return effort.breakdown(rows, loaded(atlas, selection).projects, column, people or None)


def answers(atlas: Atlas, selection: Selection) -> Answers:
    """Return leverage, renewal, share of requests granted and delay of a selection.

    A filter of funders, or a file of one funder, leaves no "others" to lever; a filter of statuses,
    or a file without requested amounts, no refusal to count.
    """
    rows = selected(atlas, selection)
    programme = loaded(atlas, selection)
    city = set(atlas.territory.city_funders)
    others = city and not selection.funders and set(programme.funding["funder"]) - city
    asked = not selection.statuses and programme.funding["requested_cents"].notna().any()
    number, euros = effort.requests(rows)
    return Answers(
        leverage=effort.leverage(rows, city) if others else None,
        renewal=effort.renewal(rows),
        number=number if asked else None,
        euros=euros if asked else None,
        delay=effort.delay(rows, programme.funding),
    )


def export_equity(atlas: Atlas, selection: Selection, choice: Choice) -> pd.DataFrame:
    """Return need against effort as it leaves the atlas: every quarter, French columns.

    Compared quarters first, greatest need first; the others have a reason (``motif``) and no rank.
    Money in euros, shares in per cent of the compared quarters, the gap in points.
    """
    found = equity(atlas, selection, choice)
    ranks = pd.Series(range(1, len(found.table) + 1), index=found.table.index, dtype="Int64")
    codes = [*found.table.index, *found.left_out.index]
    table = found.table.reindex(codes)
    engine = effort_table(atlas, selection).reindex(codes)
    values = found.need.score.round(4)
    if found.need.alone:
        values = found.need.steps.set_index("qpv_code")["value"]
    reasons = dict(found.left_out)
    return pd.DataFrame(
        {
            "rang": ranks.reindex(codes),
            "code_qpv": codes,
            "nom": engine["label"],
            "besoin": values.reindex(codes),
            "besoin_mesure": measure(found.need),
            "habitants": atlas.population[1].reindex(codes),
            "habitants_pauvres": table["poor"].round(0),
            "accorde_eur": engine["granted_cents"].astype("Float64") / 100,
            "projets_soutenus": engine["projects"],
            "par_habitant_eur": (engine["granted_per_inhabitant"] / 100).round(2),
            "par_habitant_pauvre_eur": (table["per_poor"] / 100).round(2),
            "part_habitants": table["share_population"].round(1),
            "part_pauvres": table["share_poor"].round(1),
            "part_credits": table["share_cents"].round(1),
            "ecart_points": table["gap"].round(1),
            "besoin_fort": pd.Series([code in found.high for code in codes], index=codes),
            "motif": pd.Series([reasons.get(code) for code in codes], index=codes),
            "donnees_fictives": atlas.territory.programme(selection.programme).fictitious,
        }
    ).reset_index(drop=True)
