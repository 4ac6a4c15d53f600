"""Settle a case and ask of a place, in a real browser, on the real quarters."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analysis import wording
from analysis.programme import by_target
from analysis.selection import Selection
from store.atlas import Atlas
from store.cases import cases
from store.tables import selected
from tests.samples import DATA
from tests.test_browser_atlas import MAP, go_to, wait_for_map, wait_for_page

APP = Path(__file__).resolve().parent.parent / "app.py"
DEMO = Selection("demo", 2025)
QUERY = "programme=demo&annee=2025"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('journal')}/var/atlas.sqlite"


@pytest.fixture(scope="module")
def url(serve: Callable[..., str], database: str) -> str:
    env = {"ATLAS_DATABASE_URL": database, "ATLAS_GEOCODER_URL": "http://127.0.0.1:9/search"}
    return serve(APP, env=env)


def tick(page: Page, table: str, row: int) -> None:
    """Tick the box of a row of a table, which Streamlit draws on a canvas."""
    grid = page.get_by_test_id("stDataFrame").filter(has=page.get_by_text(table)).first
    box = grid.locator("canvas").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 18, box["y"] + 35 + 35 * row + 17)


def undecided(page: Page) -> str:
    row = page.locator("table").filter(has_text="Indécis").first.locator("tbody tr, tfoot tr")
    return row.filter(has_text="Indécis").first.locator("td").nth(0).inner_text()


def fill(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).last.fill(text)
    page.get_by_label(label, exact=True).last.press("Tab")
    page.wait_for_timeout(400)


def test_a_case_is_settled_moves_the_totals_and_is_undone(open_page, url, database):
    engine = Atlas(DATA, database=database)
    queue = cases(engine, DEMO)
    case = queue.iloc[0]
    assert case["kind"] == "undecided"
    before = by_target(selected(engine, DEMO))["granted_cents"]
    visit = open_page(f"{url}/decider?{QUERY}", height=2400)
    page = visit.page
    wait_for_page(page, "À décider")
    expect(page.get_by_text(f"{len(queue)} projets de la sélection attendent")).to_be_visible()
    tick(page, case["title"], 0)
    expect(page.get_by_role("heading", name=case["title"])).to_be_visible()
    wait_for_map(page)
    expect(page.frame_locator(MAP).locator(".atlas-point")).to_have_count(1)
    page.get_by_test_id("stRadio").get_by_text("Hors quartier", exact=True).click()
    expect(page.get_by_text("à Hors quartier.")).to_be_visible()
    fill(page, "Motif", "Visite sur place <img src=x onerror=window.PWN=1>")
    fill(page, "Votre nom", "A. Essai")
    page.get_by_role("button", name="Enregistrer la décision").click()
    expect(page.get_by_text("Décision n° 1 enregistrée")).to_be_visible()
    after = by_target(selected(engine, DEMO))["granted_cents"]
    assert before["undecided"] - after["undecided"] == case["granted_cents"]
    assert after.sum() == before.sum()
    go_to(page, "Carte")
    expect(page.get_by_text(wording.euros(after["undecided"])).first).to_be_visible()
    go_to(page, "À décider")
    tick(page, "A. Essai", 0)
    fill(page, "Motif de l'annulation", "Erreur")
    fill(page, "Votre nom", "B. Essai")
    page.get_by_role("button", name="Annuler cette décision").click()
    expect(page.get_by_text("Décision n° 1 annulée")).to_be_visible()
    assert by_target(selected(engine, DEMO))["granted_cents"].equals(before)
    assert not any(frame.evaluate("'PWN' in window") for frame in page.frames)
    assert visit.outside_requests == []
    expect(page.get_by_test_id("stException")).to_have_count(0)


def ask(page: Page, text: str) -> None:
    page.get_by_label("Adresse ou coordonnées").fill(text)
    page.get_by_role("button", name="Chercher").click()


def test_a_place_is_answered_by_its_coordinates_or_a_click(open_page, url):
    visit = open_page(f"{url}/?{QUERY}", height=1100)
    page = visit.page
    wait_for_map(page)
    point = Atlas(DATA).quarters.set_index("qpv_code").geometry["QN06211M"].representative_point()
    page.get_by_text("Dans un QPV ?").click()
    ask(page, f"{point.y:.6f}, {point.x:.6f}")
    expect(page.get_by_text(re.compile("^Oui, dans le quartier Le Centre"))).to_be_visible()
    expect(page.get_by_text("ne valent pas attestation").first).to_be_visible()
    mark = page.frame_locator(MAP).locator(".atlas-point")
    expect(mark).to_have_count(1)
    ask(page, "12 rue de la Gare")
    expect(page.get_by_text("injoignable")).to_be_visible()
    expect(page.get_by_text("un point de la carte marchent aussi")).to_be_visible()
    expect(mark).to_have_count(0)
    page.get_by_text("Cliquer un point sur la carte").click()
    container = page.frame_locator(MAP).locator(".folium-map")
    expect(container).to_have_css("cursor", "crosshair")
    container.click(position={"x": 300, "y": 60})
    expect(page.get_by_text("Point cliqué")).to_be_visible()
    expect(page.get_by_text("position connue à")).to_be_visible()
    expect(mark).to_have_count(1)
    assert "quartier=" not in page.url
    quarter = page.frame_locator(MAP).locator('[data-quarter="QN06211M"]')
    quarter.click(force=True)
    expect(page.get_by_text("Le Centre (").first).to_be_visible()
    assert "quartier=" not in page.url, "while asking, a click chooses no quarter"
    page.get_by_role("button", name="Effacer").click()
    expect(mark).to_have_count(0)
    assert visit.outside_requests == []
