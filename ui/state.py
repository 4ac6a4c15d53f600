"""The selection: kept in the session, written in the URL, so that a link gives the same figures."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from analysis import vocabulary
from analysis.allocation import RULES
from analysis.equity import BASES
from analysis.measure import EFFORT
from analysis.need import METHODS
from analysis.selection import USUAL_INDICATOR, Selection, link_words, rules_of
from analysis.vocabulary import SHARINGS, labels
from geo.errors import AtlasError
from geo.schema import QPV_CODE, QPV_CODE_2015
from store.atlas import Atlas
from store.coverage import COLUMNS
from store.equity import candidates
from store.measures import measure_labels

MOST_QUARTERS = 4
_QUARTER = re.compile(f"{QPV_CODE}|{QPV_CODE_2015}")
FIGURE_PAGES = ("comparer", "evolutions")  # pages on one published indicator
# What a page asks besides the selection, by its word in the URL (session key of the same name).
PAGE_WORDS = {"besoins": ("besoin", "echelle", "base"), "couverture": ("colonnes", "seuil")}
_WEIGHTED = re.compile("([a-z0-9_]+)(?::(?:[1-9]|10))?")


@dataclass(frozen=True)
class Filter:
    """A filter of the selection: field, word in the URL, column of the ledger, French label."""

    field: str
    word: str
    column: str
    label: str
    every: str


FILTERS = (
    Filter("themes", "theme", "theme", "Thèmes", vocabulary.EVERY["themes"][1]),
    Filter("funders", "financeur", "funder", "Financeurs", vocabulary.EVERY["funders"][1]),
    Filter("statuses", "statut", "status", "Statuts", vocabulary.EVERY["statuses"][1]),
    Filter(
        "dispositifs", "dispositif", "dispositif", "Dispositifs", vocabulary.EVERY["dispositifs"][1]
    ),
)


def key(name: str) -> str:
    """Return the session key of a part of the selection."""
    return f"selection_{name}"


def start(atlas: Atlas) -> bool:
    """Fill the session from the URL, once; unknown values become notices, never errors.

    Returns True when the link names quarters and nothing else: it asks for their page.
    """
    if key("started") in st.session_state:
        return False
    words = st.query_params.to_dict()
    values, notices = parse(words, atlas)
    filters = {item.field for item in FILTERS}
    for name, value in values.items():
        # A filter that is left empty is not set: set, Streamlit would send its options twice.
        if value or name not in filters:
            st.session_state[key(name)] = value
    st.session_state[key("notices")] = notices
    st.session_state[key("started")] = True
    return set(words) == {"quartier"} and bool(values["quarters"])


def years_of(atlas: Atlas, programme: str) -> list[int]:
    """Return the years of a programme, latest first; this year alone if it cannot be read.

    The pages say what is wrong with the file; the selection must still let one leave for another
    programme.
    """
    try:
        return atlas.years(programme)
    except AtlasError:
        return [date.today().year]


def quarter_names(atlas: Atlas) -> dict[str, str]:
    """Return the label of every quarter; none if their layer cannot be read."""
    try:
        return atlas.quarter_labels
    except AtlasError:
        return {}


def parse(query: Mapping[str, str], atlas: Atlas) -> tuple[dict[str, Any], list[str]]:
    """Read the words of a URL: the session's values and the French notices of what was unknown."""
    territory = atlas.territory
    notices: list[str] = []
    programmes = {programme.code: programme.label for programme in territory.programmes}
    code = _known(
        query.get("programme"), programmes, territory.default_programme, "Programme", notices
    )
    years = [str(year) for year in years_of(atlas, code)]
    known = dict(zip(years, years, strict=True))
    year = _known(query.get("annee"), known, years[0], "Année", notices)
    values: dict[str, Any] = {"programme": code, "year": int(year)}
    for item in FILTERS:
        words = labels(territory, item.column)
        values[item.field] = _all_known(query.get(item.word), words, item.label, notices)
    word = query.get("indicateur")
    values["measure"] = _measure(word, atlas, notices)
    values["indicator"] = word if word in _indicators(atlas) else USUAL_INDICATOR
    values |= {f"years_{page}": query.get("donnees", "") for page in FIGURE_PAGES}
    values |= _page_words(query, atlas, notices)
    values["rules"] = _rules(query.get("partage"), notices)
    values["quarters"] = _quarters(query.get("quartier"), atlas, notices)
    return values, notices


def _measure(word: str | None, atlas: Atlas, notices: list[str]) -> str:
    try:
        measures = measure_labels(atlas)
    except AtlasError:
        return EFFORT  # the pages say what is wrong; the word of the link is not at fault
    if word in _indicators(atlas) and word not in measures:
        return EFFORT  # known, and for another page than the map
    return _known(word, measures, EFFORT, "Indicateur", notices)


def _indicators(atlas: Atlas) -> set[str]:
    try:
        return set(atlas.indicators)
    except AtlasError:
        return set()


def _page_words(query: Mapping[str, str], atlas: Atlas, notices: list[str]) -> dict[str, str]:
    """Return what each page asks for in the link; a word it does not know becomes a notice."""
    percents = [str(share) for share in range(101)]
    known: dict[str, Iterable[str]] = {
        "besoin": _needs(atlas, query.get("besoin", "")),
        "echelle": METHODS,
        "base": BASES,
        "colonnes": COLUMNS,
        "seuil": percents,
    }
    return {
        word: ",".join(_all_known(query.get(word), allowed, word.capitalize(), notices))
        for word, allowed in known.items()
    }


def _needs(atlas: Atlas, text: str) -> list[str]:
    """Return the words of a link that are an indicator of need, with or without its weight."""
    try:
        known = candidates(atlas) if text else {}
    except AtlasError:
        return []
    found = [(word, _WEIGHTED.fullmatch(word)) for word in text.split(",")]
    return [word for word, read in found if read and read[1] in known]


def _quarters(text: str | None, atlas: Atlas, notices: list[str]) -> list[str]:
    # Without the layer nothing says that a well-formed code is unknown.
    known = quarter_names(atlas) or filter(_QUARTER.fullmatch, (text or "").split(","))
    return _all_known(text, list(known), "Quartier", notices)


def _known(
    word: str | None, known: Mapping[str, str], default: str, label: str, notices: list[str]
) -> str:
    if word is None or word in known:
        return word or default
    shown = known.get(default, default)
    notices.append(f"{label} « {word[:40]} » : valeur inconnue ; à la place, « {shown} ».")
    return default


def _all_known(text: str | None, known: Iterable[str], label: str, notices: list[str]) -> list[str]:
    words = list(dict.fromkeys(filter(None, (text or "").split(","))))
    unknown = [word for word in words if word not in known]
    if unknown:
        shown = ", ".join(f"« {word[:40]} »" for word in unknown[:5])
        notices.append(f"{label} {shown} : valeur inconnue, ignorée.")
    return [word for word in words if word in known]


def _rules(text: str | None, notices: list[str]) -> tuple[str, ...]:
    if text is None:
        return RULES
    rules = rules_of(text)
    if rules is None:
        usual = SHARINGS[RULES].lower()
        notices.append(f"Partage « {text[:40]} » : valeur inconnue ; à la place, {usual}.")
    return RULES if rules is None else rules


def current() -> Selection:
    """Return the selection of the session."""
    read = st.session_state
    # A filter left empty in a link is not in the session until it is drawn (see ``start``).
    filters = {item.field: tuple(read.get(key(item.field), ())) for item in FILTERS}
    return Selection(
        programme=read[key("programme")],
        year=read[key("year")],
        quarters=tuple(read[key("quarters")]),
        rules=tuple(read[key("rules")]),
        **filters,
    )


def query(selection: Selection) -> dict[str, str]:
    """Return the words of the URL that reproduce a selection."""
    return link_words(selection)


def words_of(selection: Selection, page: str) -> dict[str, str]:
    """Return the words of the URL of a page: its selection and what the page itself asks."""
    words = query(selection)
    measure = st.session_state[key("measure")]
    if page == "carte" and measure != EFFORT:
        words["indicateur"] = measure
    if page in FIGURE_PAGES:
        words["indicateur"] = st.session_state[key("indicator")]
        years = st.session_state[key(f"years_{page}")]
        words |= {"donnees": years} if years else {}
    for word in PAGE_WORDS.get(page, ()):
        if asked := st.session_state.get(key(word)):
            words[word] = asked
    return words


def write_url(selection: Selection, page: str) -> str:
    """Write the selection, and the words of this page, in the URL if they differ from it.

    Streamlit adds each change to the history of the browser: ``follow_url`` reads it back. A menu
    leads to a bare address, already a step of the history: its words are returned, to be written
    in its place (``frame.complete_address``), since Back would stop twice at each page. Else "".
    """
    words, shown = words_of(selection, page), st.query_params.to_dict()
    before, _ = st.session_state.get(key("written"), (page, words))
    st.session_state[key("written")] = (page, words)
    if not shown and before != page:
        return urlencode(words, safe=",")
    if shown != words:
        st.query_params.from_dict(words)
    return ""


def follow_url(atlas: Atlas, page: str) -> None:
    """Take the selection from the URL when it is the URL that changed: Back, Forward, a link.

    Nothing is taken when the session changed since it was written (a widget, a click on the map:
    the URL is then late, not ahead), nor from the bare address of a menu. A page keeps what it
    asks by itself unless the URL is of the same page or says it. Before the filters are drawn.
    """
    words = st.query_params.to_dict()
    before, written = st.session_state.get(key("written"), ("", words))
    if not words or words == written or words_of(current(), before) != written:
        return
    values, notices = parse(words, atlas)
    for name in ("programme", "year", "quarters", "rules", *(item.field for item in FILTERS)):
        st.session_state[key(name)] = values[name]
    names = {"carte": {"measure": "indicateur"}}.get(page, {})
    if page in FIGURE_PAGES:
        names = {"indicator": "indicateur", f"years_{page}": "donnees"}
    for name, word in {**names, **{one: one for one in PAGE_WORDS.get(page, ())}}.items():
        if page == before or word in words:
            st.session_state[key(name)] = values[name]
    st.session_state[key("notices")] = notices


def choose_quarters(codes: list[str]) -> None:
    """Replace the chosen quarters (to be called from a callback, before widgets are drawn)."""
    st.session_state[key("quarters")] = codes


def open_programme(code: str, year: int) -> None:
    """Select a year of a programme, without any filter (called from a callback)."""
    st.session_state[key("programme")], st.session_state[key("year")] = code, year
    reset()


def reset() -> None:
    """Empty every filter and drop a what-if; programme and year stay (called from a callback)."""
    for item in FILTERS:
        st.session_state[key(item.field)] = []
    st.session_state[key("quarters")] = []
    st.session_state[key("rules")] = RULES


def in_words(selection: Selection, atlas: Atlas) -> str:
    """Say a selection in French, as the line under a page's title."""
    return vocabulary.selection_words(selection, atlas.territory, quarter_names(atlas))
