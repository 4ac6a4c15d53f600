"""The permanent link of a view and the lines that put it in another site, on every page."""

from html import escape
from urllib.parse import urlencode

import streamlit as st

from ui import state
from ui.navigation import PAGES, Entry

_HELP = (
    "L'adresse garde le programme, l'année et les filtres : qui l'ouvre lit les mêmes chiffres, "
    "tant que les données ne changent pas."
)
_EMBED_HELP = (
    "À coller dans une page de votre site (bloc « HTML »). Le cadre n'a ni menu ni filtre ; "
    "`height` est sa hauteur en pixels. L'atlas doit être ouvert aux visiteurs du site."
)


@st.fragment
def button(entry: Entry) -> None:
    """Draw the button that opens the link and the snippet; they are sent only once it is open."""
    with st.popover("Partager", type="tertiary", key="sharing", on_change="rerun") as opened:
        if not opened.open:
            return
        link = address(entry)
        st.markdown("**Lien vers cette vue**")
        st.caption(_HELP)
        st.code(link, language=None, wrap_lines=True)
        st.markdown("**Intégrer dans un site**")
        st.caption(_EMBED_HELP)
        st.code(snippet(link, entry.title), language=None, wrap_lines=True)


def address(entry: Entry) -> str:
    """Return the permanent address of a page with the selection and what the page itself asks."""
    page = "" if entry is PAGES[0] else entry.word
    return f"{home()}/{page}?{urlencode(state.words_of(state.current(), entry.word), safe=',')}"


def home() -> str:
    """Return the address of the atlas itself, without its last stroke."""
    here = (st.context.url or "").split("?")[0].rstrip("/")
    root, _, last = here.rpartition("/")
    return root if last in {entry.word for entry in PAGES} else here


def snippet(link: str, title: str) -> str:
    """Return the HTML that embeds a view, its address escaped."""
    return (
        f'<iframe src="{escape(link)}&amp;embed=true" title="{escape(title)} : atlas des quartiers '
        'prioritaires" width="100%" height="900" style="border: 0" loading="lazy"></iframe>'
    )
