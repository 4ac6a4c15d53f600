"""The tables of a selection: one source for the screen, the exports and the command line."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd

from analysis.allocation import CENTS
from analysis.perimeters import became
from analysis.profile import latest_of
from analysis.programme import (
    NO_THEME,
    LoadedProgramme,
    by_quarter,
    by_target,
    grand_total,
    per_inhabitant,
    placed,
    placed_projects,
    quarter_projects,
)
from analysis.selection import Selection, apply
from analysis.vocabulary import (
    FIGURE_WORDS,
    LOCATION_WORDS,
    RULE_WORDS,
    SITUATION_WORDS,
    TARGET_WORDS,
    labels,
    sharing,
)
from geo.crs import WGS84
from geo.location import INDICATIVE
from store.atlas import Atlas

EUROS = ("demande_eur", "accorde_eur", "annee_precedente_eur")  # CENTS, as they leave the atlas


def loaded(atlas: Atlas, selection: Selection) -> LoadedProgramme:
    """Return the programme of a selection, its money shared by the selection's rules."""
    return atlas.programme(selection.programme, selection.rules)


def selected(atlas: Atlas, selection: Selection, *, quarters: bool = True) -> pd.DataFrame:
    """Return the ledger rows of a selection (see ``analysis.selection.apply``)."""
    return apply(loaded(atlas, selection).ledger, selection, quarters=quarters)


def year_before(atlas: Atlas, selection: Selection) -> pd.DataFrame | None:
    """Return the rows of the same selection a year earlier; None if the programme lacks it."""
    if selection.year - 1 not in atlas.years(selection.programme):
        return None
    return selected(atlas, replace(selection, year=selection.year - 1))


def quarter_table(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return one row a quarter, by code: names, population, projects, cents, cents an inhabitant.

    Every quarter is there, chosen or not; zero where the selection has no project for it. Where
    nothing says that any line of the selection serves a quarter, the amount an inhabitant is
    missing everywhere: zero would say that the quarters receive nothing.
    """
    rows = selected(atlas, selection, quarters=False)
    frame = pd.DataFrame(atlas.quarters.drop(columns="geometry")).set_index("qpv_code")
    frame["label"] = frame.index.map(atlas.quarter_labels)
    frame["npnru"] = frame.index.isin(list(atlas.territory.npnru))
    frame["population"] = atlas.population[1].reindex(frame.index)
    frame = frame.join(by_quarter(rows, list(frame.index)))
    frame["granted_per_inhabitant"] = per_inhabitant(frame["granted_cents"], frame["population"])
    if len(rows) and not (rows["target"] == "quarter").any():
        frame["granted_per_inhabitant"] = float("nan")
    return frame


def projects_of(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return one row a project of the selection with its amounts (cents) and its position.

    The amounts are those of the selected lines: with a quarter chosen, the part of that quarter.
    """
    return placed_projects(loaded(atlas, selection), selected(atlas, selection))


def duplicates_of(atlas: Atlas, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the possible duplicates (``analysis.duplicates``) among the projects of some rows."""
    if rows.empty:
        return pd.DataFrame(columns=["project_id_a", "project_id_b", "reason", "score"])
    pairs = pd.concat([atlas.duplicates(str(code)) for code in rows["programme"].unique()])
    shown = rows["project_id"].unique()
    both = pairs["project_id_a"].isin(shown) & pairs["project_id_b"].isin(shown)
    return pairs[both]


def export_quarters(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the quarters of a selection as they leave the atlas (EPSG:4326, French columns).

    Money in euros; for each indicator its latest value, status, year and perimeter generation;
    ``montants_fictifs`` says that the money comes from a fictitious programme; shapes and
    indicators are real.
    """
    table = quarter_table(atlas, selection)
    vintage, _ = atlas.population
    frame = pd.DataFrame(
        {
            "code_qpv": table.index,
            "nom": table["qpv_name"],
            "communes": table["commune_names"],
            "codes_insee": table["commune_codes"],
            "npnru": table["npnru"],
            "generation": atlas.territory.generation,
            "annee_programme": selection.year,
            "projets": table["projects"],
            **money(table),
            "accorde_par_habitant_eur": (table["granted_per_inhabitant"] / 100).round(2),
            "accorde_par_habitant_base": vintage.label if vintage else None,
            "regle_partage": sharing(selection.rules),
            "montants_fictifs": atlas.territory.programme(selection.programme).fictitious,
            "depuis_2015": [became(atlas.relations, code) for code in table.index],
            "recouvre": _overlapping(atlas, table.index),
            "avertissement": INDICATIVE,
        }
    )
    frame = pd.concat([frame, _indicator_columns(atlas, table.index)], axis="columns")
    if selection.quarters:
        frame = frame[frame["code_qpv"].isin(selection.quarters)]
    shapes = atlas.quarters.set_index("qpv_code").geometry.reindex(frame["code_qpv"])
    return gpd.GeoDataFrame(frame.reset_index(drop=True), geometry=shapes.to_numpy(), crs=WGS84)


def export_projects(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return the projects of a selection as they leave the atlas (EPSG:4326, French columns).

    A project that is not located has no geometry and is kept; the position is indicative:
    ``quartier_position`` is where it lies, ``quartiers`` whom the project serves.
    ``partage`` is the rule met by the project, ``regle_partage`` the rules of the selection.
    """
    return _written(atlas, selection, projects_of(atlas, selection))


def export_quarter_projects(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return ``export_projects`` of each quarter alone, indexed by the quarter, made in one go."""
    table = placed(loaded(atlas, selection), quarter_projects(selected(atlas, selection)))
    return _written(atlas, selection, table).set_axis(table["served"], axis="index")


def _written(atlas: Atlas, selection: Selection, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table of placed projects in the words and the types of an export."""
    words = {name: labels(atlas.territory, name) for name in ("theme", "dispositif", "status")}
    frame = pd.DataFrame(
        {
            "identifiant": table["project_id"],
            "programme": table["programme"],
            "donnees_fictives": table["fictitious"].astype(bool),
            "reference": table["reference"],
            "annee": table["year"],
            "intitule": table["title"],
            "porteur": table["operator"],
            "siret": table["operator_siret"],
            "rna": table["operator_rna"],
            "theme_code": table["theme"].where(table["theme"] != NO_THEME),
            "theme": table["theme"].map(words["theme"]),
            "dispositif": table["dispositif"].map(words["dispositif"]),
            "date_debut": table["starts_on"],
            "date_fin": table["ends_on"],
            "cout_total_eur": table["total_cost_cents"].astype("Float64") / 100,
            "statuts": _joined(table["statuses"], words["status"]),
            "quartiers": table["quarters"].map(", ".join),
            "beneficie_a": _joined(table["targets"], TARGET_WORDS),
            "situation": table["situation"].map(SITUATION_WORDS),
            "partage": _joined(table["rules"], RULE_WORDS),
            "regle_partage": sharing(selection.rules),
            "etat_position": table["location_status"].map(LOCATION_WORDS),
            "distance_limite_m": table["distance_to_edge_m"].round(1),
            "incertitude_m": table["uncertainty_m"],
            "quartier_position": table["qpv_code"],
            "quartier_le_plus_proche": table["nearest_qpv_code"],
            "origine_position": table["method"].map(atlas.territory.nomenclature.positions),
            "score_geocodage": table["score"],
            "sur_une_limite": table["on_edge"],
            "autres_quartiers_position": table["overlap"],
            "perimetre": table["perimeter"],
            "avertissement": INDICATIVE,
            **money(table),
        }
    )
    shapes = gpd.points_from_xy(table["lon"], table["lat"])
    # Coordinates that were not used (a seat, a doubtful position) would say a false place.
    located = table["location_status"] != "not_located"
    layer = gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS84)
    layer.loc[~located, "geometry"] = None
    return layer


def totals_of(atlas: Atlas, selection: Selection) -> pd.DataFrame:
    """Return where all the money of a selection goes: the five targets, then « Total ».

    Columns ``destination``, ``projets`` and EUROS; the lines add up to the total, to the cent, for
    each amount apart. A project that serves several targets counts once in each of them.
    """
    rows = selected(atlas, selection)
    frame = by_target(rows).rename(index=TARGET_WORDS)
    frame.loc["Total"] = grand_total(rows)
    return pd.DataFrame(
        {
            "destination": frame.index,
            "projets": frame["projects"].to_numpy(),
            **{name: column.to_numpy() for name, column in money(frame).items()},
        }
    )


def export_totals(atlas: Atlas, selection: Selection) -> gpd.GeoDataFrame:
    """Return ``totals_of`` as it leaves the atlas: no line has a geometry."""
    programme = atlas.territory.programme(selection.programme)
    frame = totals_of(atlas, selection).assign(
        annee=selection.year,
        programme=programme.code,
        donnees_fictives=programme.fictitious,
        regle_partage=sharing(selection.rules),
        avertissement=INDICATIVE,
    )
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs=WGS84)


def money(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the amounts of a table of cents in euros, by their exported names (EUROS)."""
    names = zip(CENTS, EUROS, strict=True)
    return {name: table[cents].astype("Float64") / 100 for cents, name in names}


def _overlapping(atlas: Atlas, codes: pd.Index) -> list[str]:
    """Return the other quarters that each one overlaps, comma-separated."""
    pairs = atlas.overlaps[["qpv_code", "other_code"]].to_numpy().tolist()
    both = [*pairs, *([b, a] for a, b in pairs)]
    return [", ".join(sorted(b for a, b in both if a == code)) for code in codes]


def _joined(codes: pd.Series, words: dict[str, str]) -> pd.Series:
    return codes.map(lambda found: ", ".join(words.get(code, code) for code in found))


def _indicator_columns(atlas: Atlas, index: pd.Index) -> pd.DataFrame:
    columns: dict[str, pd.Series | str | int | None] = {}
    for code, indicator in atlas.indicators.items():
        reading = latest_of(atlas.readings, code)
        vintage, frame = reading.vintage, reading.quarters
        figures = frame["value"].reindex(index)
        columns[code] = figures.astype("Int64") if indicator.kind == "count" else figures
        columns[f"{code}_statut"] = frame["status"].reindex(index).map(FIGURE_WORDS)
        columns[f"{code}_annee"] = vintage.label if vintage else None
        columns[f"{code}_perimetre"] = vintage.generation if vintage else None
    return pd.DataFrame(columns, index=index)
