"""À décider: what is not sure, what each answer would change, and what was decided."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis import summaries, wording
from analysis.decisions import CASES
from analysis.selection import Selection
from geo.writers import to_csv
from reports import map_content
from store.atlas import Atlas
from store.cases import cases, counts, export_cases
from store.exports import MIME_TYPES
from store.tables import projects_of, selected
from ui import (
    accounts,
    addresses,
    dossier,
    frame,
    layers,
    maps,
    navigation,
    profile,
    settling,
    state,
)
from ui.charts import PALE
from ui.grid import choose_row
from ui.tables import html_table

_HEADERS = {
    "kind": "Cas",
    "title": "Intitulé",
    "granted_cents": "Accordé",
    "requested_cents": "Demandé",
    "operator": "Porteur",
    "finding": "Constat",
}
_EUROS = ("granted_cents", "requested_cents")
_WIDTHS = dict.fromkeys(_EUROS, 105) | {"kind": 230, "title": 250, "operator": 170}
_NEAR_ZOOM = 16


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the queue, the chosen case with its form, then the decisions already taken."""
    queue = cases(atlas, selection)
    count = projects_of(atlas, replace(selection, quarters=())).shape[0]
    told = summaries.queued(counts(queue), CASES, count)
    profile.lead(f"{sentence(queue, selection.year)} {told}")
    settling.told()
    addresses.render(atlas, selection)
    if len(queue):
        st.html(_counted(queue))
        chosen = _grid(queue)
        _duplicates(atlas, selection)
        _export(atlas, selection)
        if chosen is None:
            st.info(
                "Cochez une ligne du tableau pour voir le projet et décider.",
                icon=":material/checklist:",
            )
        else:
            _case(atlas, selection, queue[queue["project_id"] == chosen].iloc[0])
    else:
        _duplicates(atlas, selection)
    settling.taken_list(atlas, selection)
    rows = selected(atlas, selection)
    with st.expander("Ce que changent les doutes : le total, au centime", icon=":material/table:"):
        st.html(accounts.identity(rows, f"Totaux de la sélection, {selection.year}"))
    keys = atlas.territory.programme(selection.programme).datasets.values()
    frame.sources(atlas, (*keys, atlas.dataset("quarters").key), frame.INDICATIVE)


def sentence(queue: pd.DataFrame, year: int) -> str:
    """Say how much awaits a decision."""
    if queue.empty:
        return f"En {year}, aucun projet de la sélection n'attend de décision."
    count = len(queue)
    wait = "attend une décision" if count == 1 else "attendent une décision"
    cents = queue["granted_cents"].sum(min_count=1)
    money = wording.euros(None if pd.isna(cents) else int(cents))
    return (
        f"En {year}, {wording.plural(count, 'projet')} de la sélection {wait}, pour {money} "
        "accordés : leur quartier n'est pas sûr tant que personne n'a tranché."
    )


def _counted(queue: pd.DataFrame) -> str:
    table = counts(queue)
    lines = [(CASES[str(kind)], *_cells(row)) for kind, row in table.iterrows() if row["projects"]]
    total = ("Total", *_cells(table.sum(min_count=1)))
    headers = ("Cas", "Projets", "Demandé", "Accordé")
    return html_table("Ce qui n'est pas sûr, par cas", headers, lines, totals=[total])


def _cells(row: pd.Series) -> tuple[str, str, str]:
    requested, granted = wording.euros(row["requested_cents"]), wording.euros(row["granted_cents"])
    return wording.number(row["projects"]), requested, granted


def _grid(queue: pd.DataFrame) -> object | None:
    shown = queue.set_index("project_id")
    return choose_row(
        shown.assign(kind=shown["kind"].map(CASES)),
        _HEADERS,
        key="cases",
        title="Projets à décider",
        euros=_EUROS,
        widths=_WIDTHS,
    )


def _duplicates(atlas: Atlas, selection: Selection) -> None:
    programme = atlas.programme(selection.programme)
    this_year = programme.projects.loc[programme.projects["year"] == selection.year, "project_id"]
    pairs = atlas.duplicates(selection.programme)
    count = int(pairs["project_id_a"].isin(this_year).sum())
    if count:
        words = wording.plural(count, "doublon possible", "doublons possibles")
        st.caption(f"Pour information : {words} en {selection.year}, à vérifier dans les dossiers.")
        navigation.link("projets", "Voir les doublons possibles", state.query(selection))


def _export(atlas: Atlas, selection: Selection) -> None:
    flag = "_fictif" if atlas.territory.programme(selection.programme).fictitious else ""
    st.download_button(
        "Télécharger la liste (CSV)",
        lambda: to_csv(export_cases(atlas, selection)),
        file_name=f"a-decider_{atlas.territory.code}_{selection.year}{flag}.csv",
        mime=MIME_TYPES["csv"],
        on_click="ignore",
        icon=":material/download:",
    )


def _case(atlas: Atlas, selection: Selection, case: pd.Series) -> None:
    with st.container(border=True):
        left, right = st.columns([1, 1], gap="medium")
        with left:
            dossier.render(atlas, atlas.programme(selection.programme), str(case["project_id"]))
        with right:
            st.markdown(f"**{frame.plain(case['finding'])}**")
            _place(atlas, case)
            settling.form(atlas, selection, case)


def _place(atlas: Atlas, case: pd.Series) -> None:
    """Draw the place in question among the quarters: as proposed, else as given."""
    given, proposed = (case["lon"], case["lat"]), (case["proposed_lon"], case["proposed_lat"])
    point = proposed if pd.notna(proposed[0]) else given
    used = case["location_status"] != "not_located" or pd.notna(proposed[0])
    if not used or pd.isna(point[0]):
        return
    base = layers.base(atlas, atlas.fingerprint)
    count = len(base.quarter_codes)
    look = map_content.MapState(
        classes="0" * count,
        labels=[""] * count,
        colours=(PALE,),
        point=(float(point[0]), float(point[1])),
        near=_NEAR_ZOOM,
    )
    maps.draw(base, look, key="cas", height=380)
