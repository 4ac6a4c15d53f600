"""The journal of imports: who brought what and when; undo one."""

import pandas as pd
import streamlit as st

from analysis import wording
from geo.errors import AtlasError
from store.atlas import Atlas
from store.imports import MOST_AUTHOR
from ui import comparing, frame
from ui.grid import choose_row

_HEADERS = {
    "number": "N°",
    "day": "Le",
    "author": "Par",
    "programme": "Programme",
    "year": "Exercice",
    "file_name": "Fichier",
    "rows": "Lignes",
    "change": "Projets",
    "state": "État",
}
_WIDTHS = {"number": 50, "day": 130, "file_name": 150, "change": 190, "state": 130}


def render(atlas: Atlas) -> None:
    """Draw the journal, latest first, and the undoing of the chosen import."""
    entries = atlas.imports.entries().iloc[::-1]
    if entries.empty:
        st.info("Aucun import pour l'instant.", icon=":material/history:")
        return
    imports = int(entries["undoes"].isna().sum())
    st.markdown(
        f"{wording.plural(imports, 'import')}. Rien n'est effacé : une annulation s'ajoute."
    )
    rows = entries.to_dict("records")
    shown = entries.assign(
        number=entries["id"].astype("str"),
        day=[wording.day(moment) for moment in entries["imported_at"]],
        year=entries["year"].astype("str"),
        rows=[_rows(row) for row in rows],
        change=[_change(row) for row in rows],
        state=[_state(row) for row in rows],
    ).set_index("id")
    chosen = choose_row(
        shown, _HEADERS, key="imports", title="Journal des imports", widths=_WIDTHS, height=360
    )
    if chosen is None:
        st.caption("Cochez un import pour l'annuler.")
        return
    _undo_form(atlas, entries[entries["id"] == chosen].iloc[0])


def _rows(row: dict) -> str:
    rejected = f", {row['rejected']} rejetées" if row["rejected"] else ""
    return "" if pd.notna(row["undoes"]) else f"{wording.number(row['rows_in'])}{rejected}"


def _change(row: dict) -> str:
    words = ("added", "changed", "removed")
    labels = ("ajouté", "modifié", "retiré")
    told = [
        wording.plural(int(row[word]), label)
        for word, label in zip(words, labels, strict=True)
        if row[word]
    ]
    return ", ".join(told) or "aucun changement"


def _state(row: dict) -> str:
    if pd.notna(row["undoes"]):
        return f"annule le n° {row['undoes']}"
    return f"annulé par le n° {row['undone_by']}" if pd.notna(row["undone_by"]) else "en vigueur"


def _undo_form(atlas: Atlas, entry: pd.Series) -> None:
    if pd.notna(entry["undone_by"]) or pd.notna(entry["undoes"]):
        st.caption("Cette ligne du journal ne s'annule pas (elle est annulée, ou en annule une).")
        return
    refusal = atlas.database.refusal()
    if refusal:
        st.warning(frame.plain(refusal), icon=":material/lock:")
        return
    number = int(entry["id"])
    with st.container(border=True):
        st.markdown(f"Annuler l'import n° {number}")
        st.text_input("Votre nom", key=f"{comparing.AUTHOR}_undo", max_chars=MOST_AUTHOR)
        st.button("Annuler cet import", on_click=_undo, args=(atlas, number))


def _undo(atlas: Atlas, number: int) -> None:
    try:
        author = st.session_state.get(f"{comparing.AUTHOR}_undo", "")
        entry = atlas.imports.undo(number, author=author)
        atlas.refresh()
    except AtlasError as error:
        comparing.say(fault=str(error))
        return
    comparing.say(f"Import n° {number} annulé (n° {entry} au journal).")
