"""The panel beside the map: the chosen quarter, or the whole territory."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.comparison import beside
from analysis.programme import by_target, grand_total, totals
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS, labels
from reports.map_state import LIVED
from store.atlas import Atlas
from store.tables import loaded, projects_of, quarter_table, selected
from ui import dossier, frame, navigation, state
from ui.charts import bar_table
from ui.tables import html_table

_COMPARED = ("poverty_rate", "median_income", "social_benefits_share")
_AREAS = {"epci": "Agglo.", "country": "France"}
_MAIN_PROJECTS = 5
_PROJECT = "map_project"


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the panel of the project opened on the map, else of the first chosen quarter.

    Without either, the territory's.
    """
    project = opened_project(atlas, selection)
    if project:
        st.button("Fermer le projet", icon=":material/close:", on_click=close_project)
        dossier.render(atlas, loaded(atlas, selection), project)
    elif selection.quarters:
        _quarter(atlas, selection, selection.quarters[0])
    else:
        _territory(atlas, selection)


def open_project(project_id: str) -> None:
    """Keep the project opened on the map (to be called from the map's callback)."""
    st.session_state[_PROJECT] = project_id


def close_project() -> None:
    """Forget the project opened on the map (to be called from a callback)."""
    st.session_state.pop(_PROJECT, None)


def opened_project(atlas: Atlas, selection: Selection) -> str:
    """Return the project opened on the map, empty unless it is one of the selection's."""
    project = st.session_state.get(_PROJECT, "")
    known = selected(atlas, selection)["project_id"]
    return project if (known == project).any() else ""


def _territory(atlas: Atlas, selection: Selection) -> None:
    rows = selected(atlas, selection)
    st.subheader(frame.plain(atlas.territory.short_name), anchor=False)
    st.caption("Choisissez un quartier sur la carte pour ouvrir son panneau.")
    _show(_targets(rows, selection), *_money(atlas, rows))


def _targets(rows: pd.DataFrame, selection: Selection) -> str:
    whole = grand_total(rows)["granted_cents"]
    if pd.isna(whole) or not whole:
        return f'<p class="sources">Aucun montant accordé en {selection.year} à répartir.</p>'
    lines = [
        (TARGET_WORDS[str(target)], wording.euros(cents), _share(cents, whole))
        for target, cents in by_target(rows)["granted_cents"].items()
    ]
    return html_table(
        f"Où vont les {wording.euros(whole)} accordés en {selection.year}",
        ("", "Accordé", "Part"),
        lines,
        totals=[("Total", wording.euros(whole), _share(whole, whole))],
    )


def _quarter(atlas: Atlas, selection: Selection, code: str) -> None:
    one = replace(selection, quarters=(code,))
    row: Any = quarter_table(atlas, one).loc[code]
    site = " · site NPNRU" if row["npnru"] else ""
    st.subheader(frame.plain(row["qpv_name"]), anchor=False)
    st.caption(frame.plain(f"{row['commune_names']} · {code}{site}"))
    if len(selection.quarters) > 1:
        others = len(selection.quarters) - 1
        st.caption(
            f"Et {wording.plural(others, 'autre quartier choisi', 'autres quartiers choisis')}."
        )
        navigation.link("quartiers", "Comparer ces quartiers", state.query(selection))
    rows = selected(atlas, one)
    if rows.empty:
        _show(_key_figures(atlas, code, row))
        frame.empty("Aucun projet de la sélection ne sert ce quartier.")
        return
    _show(_key_figures(atlas, code, row), *_money(atlas, rows), _main_projects(atlas, one))
    words = state.query(one)
    navigation.link("quartiers", "Tout sur ce quartier", words)
    navigation.link("projets", "Tous ses projets", words)


def _show(*parts: str) -> None:
    # One message: the parts compress together, and the panel stays light to send again.
    st.html("".join(parts))


def _key_figures(atlas: Atlas, code: str, row: Any) -> str:
    vintage, _ = atlas.population
    year = vintage.data_year or vintage.file_year if vintage else wording.MISSING
    lines = [
        (f"Population {year}", wording.number(row["population"]), "", ""),
        *(_compared(atlas, name, code) for name in _COMPARED),
        ("Accordé par habitant", wording.euros(_cents(row["granted_per_inhabitant"])), "", ""),
    ]
    note = (
        '<p class="sources">Chiffres mesurés sur le périmètre '
        f"{atlas.territory.figures_generation}, montrés sur le quartier de "
        f"{atlas.territory.generation} ; comparaison à la dernière année "
        "publiée pour tous. « n.d. » : non disponible.</p>"
    )
    return html_table("Chiffres clés", ("", "Quartier", *_AREAS.values()), lines) + note


def _compared(atlas: Atlas, name: str, code: str) -> tuple[str, ...]:
    indicator = atlas.indicators[name]
    areas = [area for area in atlas.territory.comparators if area.level in _AREAS]
    table = beside(indicator, atlas.figures, atlas.crosswalk, areas, code)
    year = table["data_year"].iloc[0]
    shown = indicator.in_year(None if pd.isna(year) else int(year))
    texts = [
        shown.text(value, status)
        for value, status in zip(table["value"], table["status"], strict=True)
    ]
    missing = [""] * (1 + len(_AREAS) - len(texts))
    return (f"{indicator.short} {_year(year)}", *texts, *missing)


def _money(atlas: Atlas, rows: pd.DataFrame) -> list[str]:
    titles = {"group": "Accordé par famille de thèmes", "funder": "Accordé par financeur"}
    return [_bars(atlas, rows, column, title) for column, title in titles.items()]


def _bars(atlas: Atlas, rows: pd.DataFrame, column: str, title: str) -> str:
    words = labels(atlas.territory, column)
    cents = totals(rows, column)["granted_cents"].dropna()
    ordered = cents[cents > 0].sort_values(ascending=False)
    if ordered.empty:
        return ""
    return bar_table(title, [(words.get(str(k), str(k)), int(v)) for k, v in ordered.items()])


def _main_projects(atlas: Atlas, selection: Selection) -> str:
    table = projects_of(atlas, selection)
    main = table.head(_MAIN_PROJECTS)
    lived = main["situation"].eq("lived_area").map({True: LIVED, False: ""})
    lines = [
        (title, wording.euros(cents))
        for title, cents in zip(main["title"] + lived, main["granted_cents"], strict=True)
    ]
    count = wording.plural(len(table), "projet")
    return html_table(f"Principaux projets ({count} en tout)", ("Projet", "Accordé"), lines)


def _share(part: Any, whole: Any) -> str:
    return wording.MISSING if pd.isna(part) or pd.isna(whole) else wording.share(part, whole)


def _year(year: Any) -> str:
    return wording.MISSING if pd.isna(year) else str(year)


def _cents(value: float) -> int | None:
    return None if pd.isna(value) else round(value)
