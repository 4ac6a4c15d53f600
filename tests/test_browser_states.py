"""States that a visit goes through, for everyone too: nothing found, a wrong link, a list open."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from store.accessibility import gaps
from tests.samples import DATA
from tests.test_browser_access import violations
from tests.test_browser_atlas import wait_for_page
from tests.test_ui_importer import FAULTY

QUERY = "programme=demo&annee=2025"
NOTHING = f"{QUERY}&quartier=QN06206M"  # a quarter that no project serves


def stay(page: Page) -> None:
    """Change nothing: the link alone leads to the state."""


def read_nothing(page: Page) -> None:
    expect(page.get_by_text("Élargissez les filtres")).to_be_visible()


def open_lexicon(page: Page) -> None:
    page.get_by_role("button", name="Lexique").click()
    expect(page.get_by_label("Chercher un mot")).to_be_visible()


def open_sharing(page: Page) -> None:
    page.get_by_role("button", name="Partager").click()
    expect(page.get_by_text("Intégrer dans un site")).to_be_visible()


def open_printing(page: Page) -> None:
    page.get_by_role("button", name="Imprimer").click()
    expect(page.get_by_role("button", name="Préparer le PDF")).to_be_visible()


def open_list(page: Page) -> None:
    page.get_by_role("combobox", name="Thèmes").click()
    expect(page.get_by_role("option").first).to_be_visible()


def choose_project(page: Page) -> None:
    page.get_by_role("combobox", name="Choisir une ligne").click()
    page.get_by_role("option").first.click()
    expect(page.get_by_role("heading", level=3).first).to_be_visible()


def choose_case(page: Page) -> None:
    choose_project(page)
    page.wait_for_timeout(1500)


def drop_file(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": FAULTY.encode()}
    )
    expect(page.get_by_role("heading", name="Contrôle")).to_be_visible()


STATES = [
    ("tableau", "Tableau de bord", NOTHING, read_nothing),
    ("carte", "Carte", NOTHING, stay),
    ("donnees", "Données", f"{QUERY}&vue=Exports", stay),
    ("donnees", "Données", f"{QUERY}&theme=zz&quartier=<script>&annee=abc", open_lexicon),
    ("tableau", "Tableau de bord", QUERY, open_sharing),
    ("tableau", "Tableau de bord", QUERY, open_printing),
    ("tableau", "Tableau de bord", QUERY, open_list),
    ("projets", "Projets", QUERY, choose_project),
    ("decider", "À décider", QUERY, choose_case),
    ("importer", "Importer", QUERY, drop_file),
]


@pytest.mark.parametrize(
    ("word", "title", "query", "act"), STATES, ids=[f"{s[0]}-{s[3].__name__}" for s in STATES]
)
def test_a_state_is_for_everyone(
    word: str,
    title: str,
    query: str,
    act: Callable[[Page], None],
    open_page: Callable,
    atlas_url: str,
) -> None:
    page = open_page(f"{atlas_url}/{'' if word == 'carte' else word}?{query}").page
    wait_for_page(page, title)
    act(page)
    page.wait_for_timeout(700)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert violations(page, gaps(DATA)) == []
