"""What every page shares: title, selection in words, banner, notices, sources, errors."""

import json
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis import wording
from analysis.indicators import Vintage
from analysis.perimeters import measured_on
from analysis.selection import Selection
from analysis.vocabulary import what_if
from geo import location
from geo.errors import AtlasError
from geo.territory import NO_PROGRAMME
from reports import map_scripts
from store.atlas import Atlas
from store.registry import IMPORTED
from ui import lexicon, sharing, state
from ui.navigation import Entry, link

INDICATIVE = location.INDICATIVE
_STYLES = (Path(__file__).parent / "assets" / "atlas.css", map_scripts.ASSETS / "legend.css")
# One element whatever the files: each costs bytes at every change of a filter.
STYLE = f"<style>{''.join(path.read_text(encoding='utf-8') for path in _STYLES)}</style>"
_BANNER = (
    '<div role="note" class="demo"><strong>Données fictives</strong> : porteurs, projets '
    "et montants sont inventés pour la démonstration ; périmètres et indicateurs des quartiers "
    "sont réels.</div>"
)
_WHAT_IF = '<div role="note" class="demo"><strong>Hypothèse</strong>{}</div>'

# What these pages show comes from no programme.
_WITHOUT_PROJECTS = ("comparer", "evolutions", "importer", "accessibilite")

# Streamlit speaks English and has no setting for it (streamlit/streamlit#15726).
_FRENCH = (Path(__file__).parent / "assets" / "streamlit.js").read_text(encoding="utf-8")

_COMPLETE = (
    "<script>if (!location.search) history.replaceState({{}}, '', location.pathname + {})</script>"
)

_NO_PROGRAMME = (
    "Aucun programme pour ce territoire : seuls ses quartiers sont montrés, avec leurs indicateurs "
    "s'ils sont installés. Il n'y a ni projet ni montant tant qu'aucun fichier n'est importé."
)


def teller(bar: DeltaGenerator) -> Callable[[float, str], None]:
    """Return what shows on a progress bar a share, from 0 to 1, and what is being done."""

    def tell(share: float, words: str) -> None:
        """Show how far it is."""
        bar.progress(share, plain(f"{words} : {wording.percent(100 * share, 0)}"))

    return tell


def speak_french() -> None:
    """Declare the language of the page, which a screen reader speaks, and name Streamlit's buttons.

    The names are those of ``ui/assets/streamlit.js``.
    """
    with st.container(key="language"):
        st.html(f"<script>{_FRENCH}</script>", unsafe_allow_javascript=True)


def complete_address(words: str) -> None:
    """Write ``words`` in the address that a menu left bare, as the same step of the history."""
    if words:
        with st.container(key="address"):
            st.html(_COMPLETE.format(json.dumps(f"?{words}")), unsafe_allow_javascript=True)


def draw_page(entry: Entry, atlas: Atlas, selection: Selection) -> None:
    """Draw a page in the shared frame; an error of the atlas becomes its French message."""
    if atlas.territory.programme(selection.programme).fictitious:
        st.html(_BANNER)
    if selection.what_if:
        st.html(_WHAT_IF.format(escape(what_if(selection.rules).removeprefix("Hypothèse"))))
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(entry.title, anchor=False, width="content")
        with st.container(horizontal=True, width=250, gap=None, horizontal_alignment="right"):
            lexicon.button(atlas.directory)
            if not st.context.is_embedded:
                sharing.button(entry)
    shown = escape(state.in_words(selection, atlas))
    st.html(f'<div class="q"><h2>{escape(entry.question)}</h2> <span>{shown}</span></div>')
    notices = st.session_state.pop(state.key("notices"), [])
    if notices:
        words = ["Le lien n'a pas été suivi en entier.", *notices]
        st.info(plain("\n".join(words)), icon=":material/link_off:")
    head = st.container()
    error = ""
    if selection.programme == NO_PROGRAMME.code:
        st.info(_NO_PROGRAMME, icon=":material/inbox:")
    if selection.programme != NO_PROGRAMME.code or not entry.needs_projects:
        error = _fault(lambda: entry.render(atlas, selection))
    if entry.word not in _WITHOUT_PROJECTS and not error:
        error = _fault(lambda: _imported(atlas, selection))
    with head:
        _faults(atlas, error)
    if entry.word != "accessibilite":
        link("accessibilite", "Accessibilité", state.query(selection))


def _imported(atlas: Atlas, selection: Selection) -> None:
    """Credit an imported programme to its files, as the data sets of the catalogue are."""
    if atlas.territory.programme(selection.programme).format == IMPORTED:
        credits = atlas.imports.credits(selection.programme, selection.year)
        sources(atlas, (), *(f"Source : {one}." for one in credits))


def _fault(draw: Callable[[], None]) -> str:
    """Draw a page; return the message of the error that stopped it, empty if none did."""
    try:
        draw()
    except AtlasError as error:
        return str(error)
    return ""


def guarded(draw: Callable[[], None]) -> None:
    """Draw a part of a page; an error of the atlas shows as its message, not as a traceback."""
    error = _fault(draw)
    if error:
        st.error(plain(error), icon=":material/error:")


def _faults(atlas: Atlas, error: str) -> None:
    """Say in one box all that is wrong with the files, above a page that may be cut short."""
    figures = list(dict.fromkeys(atlas.figure_faults.values()))
    if error:
        # What stopped the page, then every other file at fault: mended at once, not one by one.
        words = list(dict.fromkeys([error, *atlas.file_faults, *figures]))
        st.error(plain("\n".join(words)), icon=":material/error:")
    elif figures:
        words = ["Des indicateurs manquent, montrés « n.d. ».", *figures]
        st.warning(plain("\n".join(words)), icon=":material/warning:")


def plain(text: str) -> str:
    """Escape a text for Streamlit's Markdown, so that it is shown letter by letter."""
    escaped = "".join(f"\\{sign}" if sign in r"\`*_{}[]()<>#+-.!|~$:" else sign for sign in text)
    return escaped.replace("\n", "  \n")


def sources(atlas: Atlas, keys: Iterable[str], *remarks: str) -> None:
    """Write the credit of each data set under the figures, then remarks, as small print."""
    credits = [f"Source : {atlas.catalogue[key].credit}." for key in dict.fromkeys(keys)]
    lines = "<br>".join(escape(line) for line in [*credits, *remarks] if line)
    st.html(f'<p class="sources">{lines}</p>')


def perimeter_remark(vintage: Vintage | None, shown: int) -> str:
    """Say on which perimeter a figure was measured, and on which generation it is shown."""
    words = measured_on(vintage, shown)
    return f"Chiffre {words}." if words else ""


def empty(message: str = "Aucun projet ne correspond à cette sélection.") -> None:
    """Say that the selection is empty, and what to do."""
    st.info(f"{message} Élargissez les filtres ou réinitialisez-les.", icon=":material/search_off:")
