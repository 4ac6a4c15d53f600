"""What a programme gives a quarter: amounts, families of themes, funders, projects."""

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.allocation import RULES
from analysis.profile import support
from analysis.programme import change, grand_total, per_inhabitant, totals
from analysis.selection import Selection
from analysis.vocabulary import RULE_WORDS, labels
from reports.map_state import LIVED
from store.atlas import Atlas
from store.tables import loaded, projects_of, selected, year_before
from ui import accounts, charts, dossier, frame, navigation, profile, state
from ui.grid import choose_row

_AMOUNTS = ("requested_cents", "granted_cents")
_HEADERS = {
    "title": "Intitulé",
    "requested_cents": "Demandé",
    "granted_cents": "Accordé",
    "operator": "Porteur",
    "theme": "Thème",
    "status": "Statut",
}
_WIDTHS = {
    "title": 320,
    "requested_cents": 95,
    "granted_cents": 95,
    "operator": 190,
    "theme": 160,
}


def sentence(atlas: Atlas, selection: Selection) -> str:
    """Return the sentence on the projects and credits of the selection's quarter."""
    then = year_before(atlas, selection)
    now = grand_total(selected(atlas, selection))
    return support(selection.year, now, None if then is None else grand_total(then))


def render(atlas: Atlas, selection: Selection) -> None:
    """Draw what the programme gives the selection's one quarter."""
    code = selection.quarters[0]
    rows = selected(atlas, selection)
    st.subheader(f"Les moyens en {selection.year}", anchor=False)
    if rows.empty:
        frame.empty("Aucun projet de la sélection ne sert ce quartier.")
        elsewhere(atlas, selection)
        return
    st.html(profile.cards(_cards(atlas, rows, code)))
    with st.container(key="pair_money"):
        for column, title in (("group", "famille de thèmes"), ("funder", "financeur")):
            with st.container():
                st.html(_bars(atlas, rows, column, f"Accordé par {title}"))
                _change(atlas, selection, rows, column)
    _projects(atlas, selection)


def elsewhere(atlas: Atlas, selection: Selection) -> None:
    """Say how many projects of the selection are tied to no quarter."""
    rows = selected(atlas, selection, quarters=False)
    loose = rows[rows["target"] != "quarter"]
    if loose.empty:
        return
    whole = grand_total(loose)
    count = int(whole["projects"])
    tied = "n'est rattaché" if count == 1 else "ne sont rattachés"
    st.caption(
        f"Dans cette sélection, {wording.plural(count, 'projet')} "
        f"({wording.euros(whole['granted_cents'])} accordés) {tied} à aucun quartier."
    )


def _cards(atlas: Atlas, rows: pd.DataFrame, code: str) -> list[tuple[str, str, list[str]]]:
    whole = grand_total(rows)
    supported = rows.loc[rows["granted_cents"].fillna(0) > 0, "project_id"].nunique()
    vintage, people = atlas.population
    each = per_inhabitant(pd.Series({code: whole["granted_cents"]}), people)[code]
    when = f"population : {vintage.label}, périmètre {vintage.generation}" if vintage else ""
    return [
        ("Accordé", wording.euros(whole["granted_cents"]), ["part de ce quartier"]),
        ("Demandé", wording.euros(whole["requested_cents"]), ["part de ce quartier"]),
        (
            "Projets",
            wording.number(whole["projects"]),
            [f"dont {wording.number(supported)} avec un montant accordé"],
        ),
        ("Accordé par habitant", per_head(each), [when]),
    ]


def per_head(cents: float) -> str:
    """Write cents an inhabitant in whole euros; « n.d. » when missing."""
    return wording.euros(None if pd.isna(cents) else round(cents))


def _bars(atlas: Atlas, rows: pd.DataFrame, column: str, title: str) -> str:
    words = labels(atlas.territory, column)
    cents = totals(rows, column)["granted_cents"].dropna()
    cents = cents[cents > 0].sort_values(ascending=False, kind="stable")
    whole = wording.euros(grand_total(rows)["granted_cents"])
    hues = charts.group_colours(atlas.territory) if column == "group" else {}
    pairs = [(words.get(str(key), str(key)), int(value)) for key, value in cents.items()]
    paints = [hues.get(str(key), charts.ACCENT) for key in cents.index]
    return charts.bar_table(f"{title} : {whole}", pairs, colours=paints)


def _change(atlas: Atlas, selection: Selection, rows: pd.DataFrame, column: str) -> None:
    then = year_before(atlas, selection)
    if then is None:
        st.caption(f"Ce programme n'a pas d'année {selection.year - 1} : pas d'évolution.")
        return
    words = labels(atlas.territory, column)
    moved = change(rows, then, column)
    moved = moved.reindex([key for key in words if key in moved.index])
    named = moved.assign(label=moved.index.map(words))
    st.html(accounts.change_table(named, selection.year))


def _projects(atlas: Atlas, selection: Selection) -> None:
    table = projects_of(atlas, selection)
    st.subheader(wording.plural(len(table), "projet"), anchor=False)
    words = {name: labels(atlas.territory, name) for name in ("theme", "status")}
    lived = table["situation"].eq("lived_area").map({True: LIVED, False: ""})
    shown = table.set_index("project_id").assign(
        title=(table["title"] + lived).to_numpy(),
        theme=table["theme"].map(words["theme"]).to_numpy(),
        status=[
            ", ".join(words["status"].get(code, code) for code in codes)
            for codes in table["statuses"]
        ],
    )
    title = f"Projets qui servent {atlas.quarter_labels[selection.quarters[0]]}"
    chosen = choose_row(
        shown, _HEADERS, key="quarter_projects", title=title, euros=_AMOUNTS, widths=_WIDTHS
    )
    st.caption(_total(selected(atlas, selection)))
    if chosen is not None:
        with st.container(border=True):
            dossier.render(atlas, loaded(atlas, selection), str(chosen))
    navigation.link("projets", "Tous ses projets", state.query(selection))


def _total(rows: pd.DataFrame) -> str:
    whole = grand_total(rows)
    text = (
        f"Total : {wording.euros(whole['requested_cents'])} demandés, "
        f"{wording.euros(whole['granted_cents'])} accordés. Choisissez une ligne pour le détail."
    )
    shared = [RULE_WORDS[rule] for rule in RULES if (rows["rule"] == rule).any()]
    if not shared:
        return text
    how = " ou ".join(shared)
    return f"{text} Un projet commun à plusieurs quartiers est partagé entre eux, {how}."
