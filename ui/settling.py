"""Settle a case: the decision and what it would change, its reason, its author; undo one."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis import wording
from analysis.decisions import DECISIONS
from analysis.selection import Selection
from geo.errors import AtlasError
from store.atlas import Atlas
from store.cases import Answer, case_of, effect, taken
from store.decisions import MOST_AUTHOR, MOST_REASON
from ui import frame
from ui.grid import choose_row

_AUTHOR, _SAID, _FAULT = "settling_author", "settling_said", "settling_fault"
_EVERYWHERE = ("serves", "outside", "territory", "unallocated")
_OFFERED = {
    "declared_elsewhere": ("keep_declared", *_EVERYWHERE),
    "split_code": ("keep_declared", *_EVERYWHERE),
    "suspect_position": ("accept_position", "keep_position", *_EVERYWHERE),
}
_HEADERS = {
    "number": "N°",
    "title": "Projet",
    "label": "Décision",
    "author": "Par",
    "day": "Le",
    "reason": "Motif",
    "state": "État",
}
_WIDTHS = {"number": 50, "title": 230, "label": 220, "author": 120, "day": 130, "reason": 220}


def told() -> None:
    """Show once what the last decision or undoing did, or why it was refused."""
    said, fault = st.session_state.pop(_SAID, ""), st.session_state.pop(_FAULT, "")
    if said:
        st.success(frame.plain(said), icon=":material/check:")
    if fault:
        st.error(frame.plain(fault), icon=":material/error:")


def form(atlas: Atlas, selection: Selection, case: pd.Series) -> None:
    """Draw the form that settles a case; read-only where the journal cannot be written."""
    refusal = atlas.journal.refusal()
    if refusal:
        st.warning(frame.plain(refusal), icon=":material/lock:")
        return
    key = f"settling_{case['project_id']}"
    choice = st.radio(
        "Décision",
        _choices(case),
        format_func=lambda word: DECISIONS[word].label,
        key=f"{key}_decision",
    )
    quarters = _quarters(atlas, case, choice, key)
    answer = Answer(choice, quarters, _position(case, choice))
    if DECISIONS[choice].needs != "quarters" or quarters:
        st.markdown(frame.plain(effect(atlas, selection, str(case["project_id"]), answer)))
    st.text_area("Motif", key=f"{key}_reason", max_chars=MOST_REASON, height=80)
    st.text_input("Votre nom", key=_AUTHOR, max_chars=MOST_AUTHOR)
    st.button(
        "Enregistrer la décision",
        type="primary",
        on_click=_record,
        args=(atlas, selection, str(case["project_id"]), answer, f"{key}_reason"),
    )


def _choices(case: pd.Series) -> list[str]:
    words = _OFFERED.get(case["kind"], _EVERYWHERE)
    proposed = pd.notna(case["proposed_lon"])
    return [word for word in words if word != "accept_position" or proposed]


def _quarters(atlas: Atlas, case: pd.Series, choice: str, key: str) -> tuple[str, ...]:
    if choice == "keep_declared":
        return tuple(case["codes"])
    if choice != "serves":
        return ()
    names = atlas.quarter_labels
    likely = [case["nearest_qpv_code"]] if case["kind"] == "undecided" else []
    chosen = st.multiselect(
        "Quartiers servis",
        list(names),
        default=likely,
        format_func=names.__getitem__,
        key=f"{key}_quarters",
        placeholder="Choisissez un quartier ou plusieurs",
        select_all=False,
    )
    return tuple(chosen)


def _position(case: pd.Series, choice: str) -> tuple[float, float] | None:
    columns = {"accept_position": ("proposed_lon", "proposed_lat"), "keep_position": ("lon", "lat")}
    if choice not in columns:
        return None
    lon, lat = columns[choice]
    return float(case[lon]), float(case[lat])


def _record(
    atlas: Atlas, selection: Selection, project_id: str, answer: Answer, reason: str
) -> None:
    read = st.session_state
    try:
        said = effect(atlas, selection, project_id, answer) if answer.quarters else ""
        number = atlas.journal.decide(
            case_of(atlas, selection, project_id),
            answer.decision,
            reason=read[reason],
            author=read[_AUTHOR],
            quarters=answer.quarters,
            position=answer.position,
        )
    except AtlasError as error:
        read[_FAULT] = str(error)
    else:
        read[_SAID] = f"Décision n° {number} enregistrée. {said}".strip()


def taken_list(atlas: Atlas, selection: Selection) -> None:
    """Draw the decisions taken on the year's projects; one in force may be undone."""
    table = taken(atlas, selection)
    st.subheader("Décisions prises", anchor=False)
    if table.empty:
        st.caption(f"Aucune décision sur un projet de {selection.year}.")
        return
    chosen = choose_row(
        table.assign(
            number=table["id"].astype("str"),
            label=[_decided(atlas, row) for row in table.to_dict("records")],
            day=[wording.day(moment) for moment in table["decided_at"]],
        ).set_index("id"),
        _HEADERS,
        key="taken",
        title="Décisions prises",
        widths=_WIDTHS,
        height=300,
    )
    if chosen is None:
        st.caption("Cochez une décision pour l'annuler. Rien n'est effacé : l'annulation s'ajoute.")
    else:
        _undo_form(atlas, table[table["id"] == chosen].iloc[0])


def _decided(atlas: Atlas, entry: Mapping[Any, Any]) -> str:
    label = DECISIONS[entry["decision"]].label
    codes = [code for code in entry["quarters"].split(", ") if code]
    if not codes:
        return label
    names = wording.listing([atlas.quarter_labels.get(code, code) for code in codes])
    return f"{label} : {names}"


def _undo_form(atlas: Atlas, entry: pd.Series) -> None:
    if pd.notna(entry["undone_by"]):
        st.caption("Cette décision est déjà annulée.")
        return
    refusal = atlas.journal.refusal()
    if refusal:
        st.warning(frame.plain(refusal), icon=":material/lock:")
        return
    number = int(entry["id"])
    with st.container(border=True):
        st.markdown(f"Annuler la décision n° {number}")
        st.text_input("Motif de l'annulation", key=f"undo_{number}", max_chars=MOST_REASON)
        st.text_input("Votre nom", key=f"{_AUTHOR}_undo", max_chars=MOST_AUTHOR)
        st.button("Annuler cette décision", on_click=_undo, args=(atlas, number))


def _undo(atlas: Atlas, number: int) -> None:
    read = st.session_state
    try:
        atlas.journal.undo(number, author=read[f"{_AUTHOR}_undo"], reason=read[f"undo_{number}"])
    except AtlasError as error:
        read[_FAULT] = str(error)
    else:
        read[_SAID] = f"Décision n° {number} annulée."
