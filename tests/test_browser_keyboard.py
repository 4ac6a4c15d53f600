"""The main journeys by keyboard alone: seen at each step, never trapped, nothing lost."""

import re

from playwright.sync_api import Page, expect

from tests.test_browser_atlas import MAP, wait_for_map, wait_for_page

QUERY = "programme=demo&annee=2025"
# What an element and those around it look like: a focus that changes none of it is not seen.
LOOK = """e => { const found = [];
  for (let k = 0; e && k < 6; k++, e = e.parentElement) {
    const s = getComputedStyle(e);
    found.push([s.outline, s.boxShadow, s.borderColor, s.backgroundColor, s.color].join());
  }
  return found.join('|'); }"""


# The map stands in the shadow of its component.
FOCUSED = """() => { let e = document.activeElement;
  while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
  return e; }"""
MAP_NAME = "la carte"
NAME = f"""e => e.tagName === 'IFRAME' ? '{MAP_NAME}' :
  e.getAttribute('aria-label') || e.innerText || e.tagName"""


def crossed(page: Page, last: str, most: int = 110) -> tuple[list[str], list[str]]:
    """Press Tab until the element named ``last``; return the names met, and those not seen.

    An element is seen when it looks otherwise with the focus than after it.
    """
    names: list[str] = []
    unseen: list[str] = []
    while len(names) < most and not (names and last in names[-1]):
        page.keyboard.press("Tab")
        page.wait_for_timeout(250)  # Streamlit fades a border
        focus = page.evaluate_handle(FOCUSED)
        names.append(focus.evaluate(NAME))
        if names[-1] == MAP_NAME:  # its own style sheet shows the focus inside
            continue
        shown = focus.evaluate(LOOK)
        focus.evaluate("e => e.blur()")
        page.wait_for_timeout(250)
        if shown == focus.evaluate(LOOK):
            unseen.append(names[-1])
        focus.evaluate("e => e.focus({preventScroll: true, focusVisible: true})")
    return names, unseen


def test_the_tab_key_crosses_the_map_page(open_page, atlas_url):
    page = open_page(f"{atlas_url}/?{QUERY}").page
    wait_for_page(page, "Carte")
    wait_for_map(page)
    page.wait_for_timeout(1500)
    names, unseen = crossed(page, "Accessibilité")
    assert "Accessibilité" in names[-1], names  # the last link of the page: nothing is a trap
    for part in (MAP_NAME, "Voir la liste des projets", "Lexique", "Réinitialiser les filtres"):
        assert any(part in name for name in names), (part, names)
    assert unseen == []


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
