"""The sidebar: programme, year, quarters and filters, the same on every page."""

from typing import Final

import streamlit as st

from analysis.vocabulary import SHARINGS, labels, sharing
from store.atlas import Atlas
from ui import state

# Without this a click on another page while one is still being drawn would empty the filters:
# Streamlit forgets a widget that an interrupted run had not reached.
KEPT: Final = "session"


def render(atlas: Atlas) -> None:
    """Draw the sidebar; its widgets hold the selection in the session."""
    territory = atlas.territory
    with st.sidebar:
        names = {programme.code: programme.label for programme in territory.programmes}
        st.selectbox(
            "Programme",
            list(names),
            format_func=names.__getitem__,
            key=state.key("programme"),
            persist_state=KEPT,
            on_change=_keep_year,
            args=(atlas,),
        )
        years = state.years_of(atlas, st.session_state[state.key("programme")])
        st.selectbox("Année", years, key=state.key("year"), persist_state=KEPT)
        quarters = _quarters(atlas)
        st.multiselect(
            "Quartiers",
            list(quarters),
            format_func=quarters.__getitem__,
            key=state.key("quarters"),
            persist_state=KEPT,
            placeholder="Tous les quartiers",
            select_all=False,  # Streamlit words it in English
        )
        for item in state.FILTERS:
            words = labels(territory, item.column)
            st.multiselect(
                item.label,
                list(words),
                format_func=words.__getitem__,
                key=state.key(item.field),
                persist_state=KEPT,
                placeholder=item.every[0].upper() + item.every[1:],
                select_all=False,
            )
        rules = st.session_state[state.key("rules")]
        st.selectbox(
            "Partage entre quartiers",
            list(dict.fromkeys((*SHARINGS, rules))),
            format_func=lambda chosen: SHARINGS.get(chosen) or sharing(chosen).capitalize(),
            key=state.key("rules"),
            persist_state=KEPT,
            help="Comment répartir un projet qui sert plusieurs quartiers. Un autre choix que la "
            "règle par défaut est une hypothèse : elle vaut sur toutes les pages et dans les "
            "exports.",
        )
        st.button("Réinitialiser les filtres", on_click=state.reset, width="stretch")


def _quarters(atlas: Atlas) -> dict[str, str]:
    """Return the quarters to choose from; those of the link alone if the layer cannot be read."""
    chosen = st.session_state[state.key("quarters")]
    names = state.quarter_names(atlas)
    if not names:
        return {code: code for code in chosen}
    known = [code for code in chosen if code in names]
    if known != chosen:  # a code kept while the layer could not be read
        st.session_state[state.key("quarters")] = known
    return names


def _keep_year(atlas: Atlas) -> None:
    # The other programme may not have this year: fall back on its latest.
    years = state.years_of(atlas, st.session_state[state.key("programme")])
    if st.session_state[state.key("year")] not in years:
        st.session_state[state.key("year")] = years[0]
