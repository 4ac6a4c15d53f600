"""What several pages ask the same way: an indicator, a quarter; kept in the session and the URL."""

from collections.abc import Iterable, Sequence

import streamlit as st

from analysis.indicators import Vintage
from analysis.selection import Selection
from store.atlas import Atlas
from ui import state
from ui.filters import KEPT

NO_QUARTER = "Tous les quartiers"


def indicator(atlas: Atlas, codes: Iterable[str]) -> str:
    """Ask for one of the indicators ``codes``; return its code."""
    names = {code: atlas.indicators[code] for code in codes}
    key = state.key("indicator")
    if st.session_state[key] not in names:
        st.session_state[key] = next(iter(names))
    return st.selectbox(
        "Indicateur",
        list(names),
        format_func=lambda code: f"{names[code].theme} : {names[code].short}",
        key=key,
        persist_state=KEPT,
    )


def quarter(atlas: Atlas, selection: Selection) -> str | None:
    """Ask for a quarter, the first of the selection; a choice replaces the selection's quarters."""
    labels = {"": NO_QUARTER, **atlas.quarter_labels}
    st.session_state["asked_quarter"] = selection.quarters[0] if selection.quarters else ""
    st.selectbox(
        "Quartier",
        list(labels),
        format_func=labels.__getitem__,
        key="asked_quarter",
        on_change=_choose,
    )
    return selection.quarters[0] if selection.quarters else None


def _choose() -> None:
    code = st.session_state["asked_quarter"]
    state.choose_quarters([code] if code else [])


def vintages(
    page: str,
    found: Sequence[Vintage],
    usual: Sequence[Vintage | None],
    places: Sequence[st.delta_generator.DeltaGenerator],
) -> list[Vintage]:
    """Ask, each in its place, for as many vintages of ``found`` as there are usual ones.

    The link's own years (``donnees=2012-2015``) are kept where this indicator has them.
    """
    words = {_word(one): one for one in found}
    kept = state.key(f"years_{page}")
    asked = st.session_state[kept].split("-")
    if len(asked) != len(usual) or not set(asked) <= set(words):
        asked = [_word(one) if one else next(iter(words)) for one in usual]
    labels = _YEAR_LABELS[len(usual)]
    for part, (label, word, place) in enumerate(zip(labels, asked, places, strict=True)):
        st.session_state[f"{kept}_{part}"] = word
        place.selectbox(
            label,
            list(words),
            format_func=lambda one: _year(words[one]),
            key=f"{kept}_{part}",
            on_change=_keep_years,
            args=(kept, len(usual)),
        )
    return [words[word] for word in asked]


_YEAR_LABELS = {1: ["Année de la donnée"], 2: ["De", "À"]}


def _keep_years(kept: str, count: int) -> None:
    st.session_state[kept] = "-".join(st.session_state[f"{kept}_{part}"] for part in range(count))


def _word(vintage: Vintage) -> str:
    return str(vintage.data_year or f"f{vintage.file_year}")


def _year(vintage: Vintage) -> str:
    if vintage.data_year is not None:
        return str(vintage.data_year)
    return f"fichier {vintage.file_year} (année non établie)"
