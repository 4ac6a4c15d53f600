"""Every page by keyboard alone: all of it reached, seen at each step, in order, never trapped."""

import re
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.test_browser_atlas import MAP, wait_for_map, wait_for_page
from ui.navigation import PAGES, Entry

QUERY = "programme=demo&annee=2025"
# Each control before the focus comes, then what the focus meets, in the page, in the shadow of the
# map's component and in its frame. A focus that changes no look, of an element or those around it,
# is not seen.
WALK = (Path(__file__).parent / "walk.js").read_text(encoding="utf-8")
MOST_STEPS = 200
# The Tab key goes from cell to cell of a sorted table, then out of it.
CELLS = "CANVAS"


def walked(page: Page) -> tuple[list[dict], list[dict]]:
    """Press Tab from the first control to the end; return the controls, and those met in order."""
    page.evaluate(WALK)
    controls = page.evaluate("walk.controls()")
    met: list[dict] = []
    while len(met) < MOST_STEPS:
        page.keyboard.press("Tab")
        found = page.evaluate("walk.focused()")
        if found is None or (met and found["id"] == met[0]["id"]):
            return controls, met
        if not (met and found["tag"] == CELLS and found["id"] == met[-1]["id"]):
            met.append(found)
    raise AssertionError(f"a trap: {[one['name'] for one in met[-5:]]}")


def backwards(before: dict, after: dict) -> bool:
    """Whether a control stands where the eye has been: above and not to the right, or to the left.

    Positions are compared inside one region of the page: filters, menu, page; a map has no order.
    """
    if before["region"] != after["region"] or before["region"] == "map":
        return False
    (left, top, right, bottom), (x0, y0, x1, y1) = before["box"], after["box"]
    middle = (y0 + y1) / 2
    return (y1 <= top + 1 and x0 < right) or (x1 <= left + 1 and top <= middle <= bottom)


def walks() -> list[tuple[Entry, str]]:
    chosen = [(entry, "&quartier=QN06208M") for entry in PAGES if entry.word == "quartiers"]
    return [(entry, "") for entry in PAGES] + chosen


@pytest.mark.parametrize(("entry", "more"), walks(), ids=lambda one: getattr(one, "word", one))
def test_the_tab_key_crosses_a_page(entry, more, open_page, atlas_url):
    page = open_page(f"{atlas_url}/{'' if entry is PAGES[0] else entry.word}?{QUERY}{more}").page
    wait_for_page(page, entry.title)
    page.locator("[data-test-script-state=notRunning]").wait_for()
    if entry.word in ("carte", "projets"):
        wait_for_map(page)
    page.wait_for_timeout(700)
    controls, met = walked(page)
    reached = {one["id"] for one in met}
    groups = {one["group"] for one in met}  # the arrow keys go on inside a group
    missed = [
        one["name"]
        for one in controls
        if one["id"] not in reached and (one["group"] is None or one["group"] not in groups)
    ]
    assert missed == []
    assert [one["name"] for one in met if not one["seen"]] == []
    assert [one for one in met if not one["name"]] == []
    steps = list(pairwise(met))
    assert [(a["name"], b["name"]) for a, b in steps if backwards(a, b)] == []
    # Filters, menu, page: each is left once; the map lies inside the page.
    order = [region for region, _ in groupby(one["region"] for one in met)]
    assert [one for one in order if one != "map"].count("page") <= 1 + order.count("map")
    assert order[:4] == ["first", "filters", "menu", "page"]
    assert not any(one["project"] for one in met)  # the list of the page Projets stands for circles


def test_the_first_stop_leads_to_the_content(open_page, atlas_url):
    page = open_page(f"{atlas_url}/tableau?{QUERY}").page
    wait_for_page(page, "Tableau de bord")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Aller au contenu")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stMain")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Lexique")).to_be_focused()


def test_the_arrow_keys_go_on_inside_a_group(open_page, atlas_url):
    page = open_page(f"{atlas_url}/donnees?{QUERY}").page
    wait_for_page(page, "Données")
    page.get_by_role("radio", name="Sources").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Exports")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Exports")).to_be_checked()


def test_the_buttons_of_streamlit_are_named_in_french(open_page, atlas_url):
    page = open_page(f"{atlas_url}/tableau?{QUERY}&theme=1.2", width=390).page
    wait_for_page(page, "Tableau de bord")
    page.get_by_role("button", name="Ouvrir les filtres").click()
    for name in ("Fermer les filtres", "Tout effacer", "Aide : Partage entre quartiers"):
        expect(page.get_by_role("button", name=name)).to_be_visible()
    field = page.get_by_role("combobox", name="Financeurs")
    field.click()
    field.fill("zzzz")
    expect(page.get_by_role("listbox").get_by_text("Aucun résultat")).to_be_visible()


def test_a_quarter_then_a_project_open_by_keyboard(open_page, atlas_url):
    page = open_page(f"{atlas_url}/?{QUERY}").page
    wait_for_page(page, "Carte")
    wait_for_map(page)
    page.frame_locator(MAP).get_by_role("button", name=re.compile("Le Centre")).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=3, name="Le Centre")).to_be_visible(timeout=20_000)
    page.goto(f"{atlas_url}/projets?{QUERY}")
    wait_for_page(page, "Projets")
    pick = page.get_by_role("combobox", name="Choisir une ligne : Projets de la sélection")
    for title in ("Maison du projet", "Coup de pouce lecture – Divion"):  # the last choice wins
        pick.focus()
        page.keyboard.type(title)
        page.keyboard.press("Enter")
        found = page.get_by_role("heading", level=3, name=re.compile(title))
        expect(found).to_be_visible(timeout=20_000)


def test_menus_and_popovers_open_and_close_by_keyboard(open_page, atlas_url):
    page = open_page(f"{atlas_url}/donnees?{QUERY}").page
    wait_for_page(page, "Données")
    page.get_by_role("button", name="Lexique").focus()
    page.keyboard.press("Enter")
    word = page.get_by_label("Chercher un mot")
    expect(word).to_be_visible()
    page.keyboard.press("Escape")
    expect(word).to_be_hidden()
    menu = page.get_by_test_id("stTopNavSection").filter(has_text="Gérer")
    menu.focus()
    page.keyboard.press("Enter")
    item = page.get_by_role("menuitem", name="Accessibilité", exact=True)
    expect(item).to_be_visible()
    for _ in range(8):
        if item.evaluate("e => e === document.activeElement"):
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for_page(page, "Accessibilité")
