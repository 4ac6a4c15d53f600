"""Projets: which projects, for whom, and carried by whom."""

import pandas as pd
import streamlit as st

from analysis import summaries, wording
from analysis.allocation import CENTS
from analysis.duplicates import REASON_WORDS
from analysis.duplicates import sentence as duplicates_sentence
from analysis.network import network_sentence, projects_sentence
from analysis.palette import GROUP_COLOURS
from analysis.programme import by_quarter, grand_total, operators, totals
from analysis.search import matches
from analysis.selection import Selection
from analysis.vocabulary import AMOUNT_WORDS, TARGET_WORDS, labels
from reports import legend, map_content
from reports.map_state import LIVED, Points
from store.atlas import Atlas
from store.tables import duplicates_of, loaded, projects_of, selected
from ui import accounts, dossier, frame, layers, maps, panel, profile, state
from ui.charts import PALE
from ui.grid import choose_row
from ui.tables import html_table

_SEARCHED = ("title", "operator", "reference")
_AMOUNTS = {name: AMOUNT_WORDS[name] for name in CENTS}
_PROJECT_HEADERS = {
    "title": "Intitulé",
    "operator": "Porteur",
    "served": "Pour qui",
    **_AMOUNTS,
    "status": "Statut",
    "theme": "Thème",
    "dispositif": "Dispositif",
}
_ACTOR_HEADERS = {
    "operator": "Porteur",
    "projects": "Projets",
    **_AMOUNTS,
    "served": "Quartiers",
    "paid_by": "Financeurs",
}
# In pixels: what matters most fits without scrolling sideways on a screen of 1 400.
_WIDTHS = dict.fromkeys(CENTS, 115) | {"title": 270, "served": 170, "status": 140, "theme": 220}
_GROUND = (PALE,)


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw the projects of the selection or their operators; one search for both."""
    head = st.container()
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    view = left.segmented_control(
        "Vue", ("Projets", "Acteurs"), default="Projets", required=True, key="projects_view"
    )
    query = right.text_input(
        "Chercher",
        key="projects_query",
        placeholder="Intitulé, porteur ou référence",
        max_chars=100,
        type="search",
    )
    table = projects_of(atlas, selection)
    table = table[matches(table, _SEARCHED, query or "")]
    rows = selected(atlas, selection)
    rows = rows[rows["project_id"].isin(table["project_id"])]
    if rows.empty:
        frame.empty()
    elif view == "Acteurs":
        _actors(atlas, selection, table, rows, head)
    else:
        _projects(atlas, selection, table, rows, head, (query or "").strip())
    programme = atlas.territory.programme(selection.programme)
    keys = (*programme.datasets.values(), atlas.dataset("quarters").key)
    frame.sources(atlas, keys, frame.INDICATIVE)


def _projects(
    atlas: Atlas,
    selection: Selection,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    head: st.delta_generator.DeltaGenerator,
    query: str,
) -> None:
    whole = grand_total(rows)
    sentence = projects_sentence(selection.year, whole, rows["operator"].nunique(), query)
    with head:
        profile.lead(f"{sentence} {_listed_sentence(table, rows)}")
    head.html(accounts.identity(rows, f"Totaux de la liste, {selection.year}"))
    chosen = _project_grid(atlas, table, "projects")
    _detail(atlas, selection, chosen)
    _duplicates(atlas, table, rows)
    _map(atlas, selection, rows)


def _listed_sentence(table: pd.DataFrame, rows: pd.DataFrame) -> str:
    known = table.dropna(subset=["granted_cents"]).sort_values("granted_cents", kind="stable")
    known = known[known["granted_cents"] > 0]
    last = known.iloc[-1] if len(known) else None
    largest = None if last is None else (str(last["title"]), int(last["granted_cents"]))
    return summaries.listed(rows["qpv_code"].nunique(), largest)


def _project_grid(atlas: Atlas, table: pd.DataFrame, key: str, without: str = "") -> object | None:
    return choose_row(
        _in_words(atlas, table).set_index("project_id"),
        {name: header for name, header in _PROJECT_HEADERS.items() if name != without},
        key=key,
        title="Projets de la sélection",
        euros=CENTS,
        widths=_WIDTHS | {"operator": 175},
    )


def _in_words(atlas: Atlas, table: pd.DataFrame) -> pd.DataFrame:
    words = {name: labels(atlas.territory, name) for name in ("theme", "dispositif", "status")}
    return table.assign(
        served=[
            _served(atlas, quarters, targets) + (LIVED if situation == "lived_area" else "")
            for quarters, targets, situation in zip(
                table["quarters"], table["targets"], table["situation"], strict=True
            )
        ],
        theme=table["theme"].map(words["theme"]),
        dispositif=table["dispositif"].map(words["dispositif"]),
        status=table["statuses"].map(lambda codes: _listed(codes, words["status"])),
    )


def _served(atlas: Atlas, quarters: tuple[str, ...], targets: tuple[str, ...]) -> str:
    names = [atlas.quarter_labels[code] for code in quarters]
    others = [TARGET_WORDS[target] for target in targets if target != "quarter"]
    return ", ".join([*names, *others])


def _listed(codes: tuple[str, ...], words: dict[str, str]) -> str:
    return ", ".join(word for code, word in words.items() if code in codes)


def _duplicates(atlas: Atlas, table: pd.DataFrame, rows: pd.DataFrame) -> None:
    pairs = duplicates_of(atlas, rows)
    if pairs.empty:
        return
    own = table.set_index("project_id").assign(reference=table["reference"].fillna("").to_numpy())
    with st.expander(f"Doublons possibles ({len(pairs)})", icon=":material/content_copy:"):
        st.markdown(frame.plain(duplicates_sentence(pairs, own["granted_cents"])))
        keys = pairs[["project_id_a", "project_id_b"]].to_numpy().ravel()
        both = own.loc[keys]
        amounts = map(wording.euros, both["granted_cents"])
        lines = list(zip(both["title"], both["operator"], both["reference"], amounts, strict=True))
        sections = {
            2 * row: f"{REASON_WORDS[reason]} (ressemblance {wording.percent(score, 0)})"
            for row, (reason, score) in enumerate(zip(pairs["reason"], pairs["score"], strict=True))
        }
        headers = ("Projet", "Porteur", "Référence", "Accordé")
        title = "Paires de projets qui se ressemblent"
        st.html(html_table(title, headers, lines, sections=sections))


def _detail(atlas: Atlas, selection: Selection, chosen: object | None) -> None:
    if chosen is None:
        st.info(
            "Cochez une ligne du tableau pour voir le projet en entier : financements, position, "
            "quartiers servis.",
            icon=":material/checklist:",
        )
        return
    dossier.render(atlas, loaded(atlas, selection), str(chosen))


def _map(atlas: Atlas, selection: Selection, rows: pd.DataFrame) -> None:
    drawn = layers.points(atlas, atlas.edition, selection.programme)
    placed = rows["project_id"].isin(drawn.projects["project_id"])
    if placed.any():
        base = layers.base(atlas, atlas.fingerprint)
        maps.draw(
            base,
            _look(atlas, selection, rows, base, drawn),
            drawn.layer,
            key="projets",
            height=460,
            on_click=lambda code: state.choose_quarters([code]),
            on_project=panel.open_project,
        )
        _opened(atlas, selection, rows)
        st.html(legend.projects_legend(atlas.territory, drawn))
    if not placed.all():
        absent = grand_total(rows[~placed])
        count, granted = int(absent["projects"]), wording.euros(absent["granted_cents"])
        words = wording.plural(count, "projet sans position", "projets sans position")
        st.caption(f"{words} ({granted} accordés) : comptés dans la liste, absents de la carte.")


def _opened(atlas: Atlas, selection: Selection, rows: pd.DataFrame) -> None:
    """Draw the project opened on the map under it, unless the list no longer holds it."""
    project = panel.opened_project(atlas, selection)
    if (rows["project_id"] == project).any():
        with st.container(border=True):
            dossier.render(atlas, loaded(atlas, selection), project)
            st.button("Fermer le projet", icon=":material/close:", on_click=panel.close_project)


def _look(
    atlas: Atlas,
    selection: Selection,
    rows: pd.DataFrame,
    base: maps.MapBase,
    drawn: Points,
) -> map_content.MapState:
    """Return the map's state: only the projects of the rows, quarters of one plain colour."""
    served = by_quarter(rows, base.quarter_codes)
    granted = totals(rows, "project_id")["granted_cents"]
    shown = drawn.projects["project_id"].isin(granted.index)
    amounts = granted.reindex(drawn.projects["project_id"])
    return map_content.MapState(
        classes="0" * len(served),
        labels=[
            _count_label(count, cents)
            for count, cents in zip(served["projects"], served["granted_cents"], strict=True)
        ],
        colours=_GROUND,
        note=f"Projets de la liste, {selection.year}",
        selected=selection.quarters[0] if selection.quarters else None,
        sizes=map_content.circle_codes(list(amounts), list(shown), drawn.largest_cents),
        theme_colours=GROUP_COLOURS,
        theme_letters=[group.letter for group in atlas.territory.nomenclature.groups] + ["?"],
        clusters=False,
    )


def _count_label(count: int, cents: int | None) -> str:
    if not count:
        return "aucun projet de la liste"
    return f"{wording.plural(count, 'projet')}, {wording.euros(cents)} accordés"


def _actors(
    atlas: Atlas,
    selection: Selection,
    table: pd.DataFrame,
    rows: pd.DataFrame,
    head: st.delta_generator.DeltaGenerator,
) -> None:
    actors = operators(rows)
    with head:
        profile.lead(network_sentence(selection.year, actors))
    head.html(accounts.identity(rows, f"Totaux de la liste, {selection.year}"))
    funders = labels(atlas.territory, "funder")
    shown = actors.assign(
        operator=actors.index,
        served=actors["quarters"].map(lambda codes: _listed(codes, atlas.quarter_labels)),
        paid_by=actors["funders"].map(lambda codes: _listed(codes, funders)),
    )
    chosen = choose_row(
        shown,
        _ACTOR_HEADERS,
        key="actors",
        title="Porteurs de la sélection",
        euros=CENTS,
        widths=_WIDTHS | {"operator": 330, "served": 260},
    )
    if chosen is None:
        st.info("Cochez un porteur pour voir ses projets.", icon=":material/checklist:")
        return
    st.subheader(frame.plain(str(chosen)), anchor=False)
    own = table[table["operator"] == chosen]
    project = _project_grid(atlas, own, "own", without="operator")
    _detail(atlas, selection, project)
