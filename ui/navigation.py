"""The pages, as data: one question each."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from urllib.parse import urlsplit

import streamlit as st

from analysis.selection import Selection
from store.atlas import Atlas

Render = Callable[[Atlas, Selection], None]


@dataclass(frozen=True)
class Entry:
    """A page: word in the URL, title, the question it answers, icon, module of ``ui.pages``.

    ``needs_projects`` marks a page that has nothing to say of a territory without a programme.
    ``section`` is the menu it is listed in; without one it stands in the bar itself.
    """

    word: str
    title: str
    question: str
    icon: str
    module: str
    needs_projects: bool = False
    section: str = ""

    @property
    def render(self) -> Render:
        """Return the function that draws the page."""
        return import_module(f"ui.pages.{self.module}").render


ANALYSE, MANAGE = "Analyser", "Gérer"
_AGAIN = "navigation_again"

PAGES = (
    Entry("carte", "Carte", "Où vont les moyens ?", ":material/map:", "carte"),
    Entry("tableau", "Tableau de bord", "Que retenir ?", ":material/dashboard:", "tableau", True),
    Entry(
        "quartiers",
        "Quartiers",
        "Comment va ce quartier ?",
        ":material/location_city:",
        "quartiers",
    ),
    Entry(
        "projets",
        "Projets",
        "Quels projets, pour qui ?",
        ":material/list_alt:",
        "projets",
        needs_projects=True,
    ),
    Entry(
        "besoins",
        "Besoins et moyens",
        "Les moyens suivent-ils les besoins ?",
        ":material/balance:",
        "besoins",
        needs_projects=True,
        section=ANALYSE,
    ),
    Entry(
        "couverture",
        "Couverture",
        "Que manque-t-il ?",
        ":material/grid_on:",
        "couverture",
        section=ANALYSE,
    ),
    Entry(
        "comparer",
        "Comparer",
        "Où se situe ce quartier, et qui lui ressemble ?",
        ":material/compare_arrows:",
        "comparer",
        section=ANALYSE,
    ),
    Entry(
        "evolutions",
        "Évolutions",
        "Qu'est-ce qui change ?",
        ":material/timeline:",
        "evolutions",
        section=ANALYSE,
    ),
    Entry(
        "campagne",
        "Campagne",
        "Où en est l'appel à projets ?",
        ":material/event_available:",
        "campagne",
        needs_projects=True,
        section=MANAGE,
    ),
    Entry(
        "decider",
        "À décider",
        "Qu'est-ce qui n'est pas sûr ?",
        ":material/rule:",
        "decider",
        needs_projects=True,
        section=MANAGE,
    ),
    Entry(
        "donnees",
        "Données",
        "D'où viennent ces chiffres ?",
        ":material/database:",
        "donnees",
        section=MANAGE,
    ),
    Entry(
        "importer",
        "Importer",
        "Comment apporter une programmation ?",
        ":material/upload_file:",
        "importer",
        section=MANAGE,
    ),
    Entry(
        "accessibilite",
        "Accessibilité",
        "Qui peut lire cet atlas ?",
        ":material/accessibility_new:",
        "accessibilite",
        section=MANAGE,
    ),
)


def streamlit_pages(draw: Callable[[Entry], None]) -> dict[str, st.Page]:
    """Return the Streamlit pages by word; the first is the default one, at the root."""
    return {entry.word: _page(_bound(draw, entry), entry) for entry in PAGES}


def again(draw: Callable[[Entry], None]) -> list[st.Page]:
    """Return the first page once more, out of the menus, for a session that began at its word.

    Streamlit gives the default page no other address than the root; whoever types ``/carte``, as
    the word of any other page, would be told that it does not exist. Other sessions do without: a
    page is sent with each change.
    """
    first = PAGES[0]
    if _AGAIN not in st.session_state:
        path = urlsplit(st.context.url or "").path.rstrip("/")
        st.session_state[_AGAIN] = path.endswith(f"/{first.word}")
    if not st.session_state[_AGAIN]:
        return []
    drawn = _bound(draw, first)
    return [st.Page(drawn, title=first.title, url_path=first.word, visibility="hidden")]


def _page(draw: Callable[[], None], entry: Entry) -> st.Page:
    default = entry is PAGES[0]
    word = "" if default else entry.word
    return st.Page(draw, title=entry.title, icon=entry.icon, url_path=word, default=default)


def sections(pages: dict[str, st.Page]) -> dict[str, list[st.Page]]:
    """Return the pages by menu, in order: a bar of all of them would not fit a screen."""
    menus: dict[str, list[st.Page]] = {}
    for entry in PAGES:
        menus.setdefault(entry.section, []).append(pages[entry.word])
    return menus


def _bound(draw: Callable[[Entry], None], entry: Entry) -> Callable[[], None]:
    def page() -> None:
        draw(entry)

    page.__name__ = entry.word
    return page


def link(word: str, label: str, words: dict[str, str]) -> None:
    """Draw a link to a page that carries the selection (``words`` of the URL) with it."""
    entry = next(entry for entry in PAGES if entry.word == word)
    # Streamlit knows a page by its word in the URL, not by the object given here.
    st.page_link(_page(lambda: None, entry), label=label, icon=entry.icon, query_params=words)
