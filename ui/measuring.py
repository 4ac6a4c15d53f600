"""How the need is measured: asked on the page, kept in the session and in the link.

The session keeps words as the URL writes them (``first_decile:2,employment_rate``); a widget only
shows them and writes them back.
"""

import streamlit as st

from analysis.equity import BASES
from analysis.need import DEFAULT, METHODS
from store.atlas import Atlas
from store.equity import Choice, candidates
from ui import state

_INDICATORS = "besoins_indicators"


def choose(atlas: Atlas) -> Choice:
    """Draw the choice of indicators, weights, scale and basis; return it."""
    words = {code: one.label for code, one in candidates(atlas).items()}
    kept = _kept()
    weights = {code: weight for code, weight in kept.items() if code in words} or {DEFAULT: 1}
    st.session_state[_INDICATORS] = [code for code in kept if code in words] or [DEFAULT]
    with st.expander("Mesurer le besoin autrement", icon=":material/tune:"):
        st.multiselect(
            "Indicateurs du besoin",
            list(words),
            format_func=words.__getitem__,
            key=_INDICATORS,
            placeholder="Choisissez au moins un indicateur",
            select_all=False,
            on_change=_keep,
        )
        if len(weights) > 1:
            for code, weight in weights.items():
                _weigh(code, f"Poids : {words[code]}", weight)
        method = switch("Mise à la même échelle", METHODS, "echelle")
        basis = switch("Compter les euros par", BASES, "base")
        st.caption(
            "Un effectif ou un indicateur sans sens de lecture ne peut pas mesurer un besoin : il "
            "n'est pas proposé. Un quartier dont un chiffre manque n'est pas comparé."
        )
    return Choice(tuple((code, float(weight)) for code, weight in weights.items()), method, basis)


def switch(label: str, words: dict[str, str], word: str, *, hidden: bool = False) -> str:
    """Draw a switch between the codes of ``words``; return the one chosen.

    ``word`` is its name in the link and in the session; the first code is the usual one.
    """
    usual = next(iter(words))
    asked = st.session_state.get(state.key(word)) or usual
    name = f"besoins_{word}"
    st.session_state[name] = asked if asked in words else usual
    st.segmented_control(
        label,
        list(words),
        format_func=lambda code: f"{words[code][:1].upper()}{words[code][1:]}",
        required=True,
        key=name,
        on_change=_keep_switch,
        args=(word, usual),
        label_visibility="collapsed" if hidden else "visible",
    )
    return str(st.session_state[name])


def _keep_switch(word: str, usual: str) -> None:
    chosen = st.session_state[f"besoins_{word}"]
    st.session_state[state.key(word)] = "" if chosen == usual else chosen


def _weigh(code: str, label: str, weight: int) -> None:
    name = f"besoins_weight_{code}"
    st.session_state[name] = weight
    st.number_input(label, 1, 10, key=name, width=420, on_change=_keep)


def _kept() -> dict[str, int]:
    """Return the weight of each indicator kept, in order; none when the usual one is used."""
    pairs = [
        word.partition(":") for word in (st.session_state.get(state.key("besoin")) or "").split(",")
    ]
    return {code: int(weight or 1) for code, _, weight in pairs if code}


def _keep() -> None:
    codes = st.session_state[_INDICATORS]
    weights = {code: st.session_state.get(f"besoins_weight_{code}", 1) for code in codes}
    usual = codes in ([], [DEFAULT])
    words = [code if weight == 1 else f"{code}:{weight}" for code, weight in weights.items()]
    st.session_state[state.key("besoin")] = "" if usual else ",".join(words)
