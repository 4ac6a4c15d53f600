"""The main journeys in a real browser, on the real quarters, with nothing leaving the machine."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analysis import wording
from analysis.selection import Selection
from store.tables import quarter_table
from tests.counting_proxy import CountingProxy
from tests.samples import atlas, copy_data, rewrite
from ui.navigation import PAGES, Entry

APP = Path(__file__).resolve().parent.parent / "app.py"
MAP = "iframe[title^=Carte]"
HOSTILE = [
    "<img src=x onerror=window.PWN=1>",
    "${window.PWN=1}",
    "`",
    "C:\\20190221",
    "</script><script>window.PWN=1</script>",
]
TEXT_COLUMNS = ("reference", "title", "operator", "address", "commune_name")


def wait_for_map(page: Page) -> None:
    page.frame_locator(MAP).locator("html[data-drawn]").wait_for(state="attached", timeout=60_000)


def go_to(page: Page, title: str) -> None:
    """Follow the link of the top bar to a page, through the menu it is listed in."""
    section = next(entry.section for entry in PAGES if entry.title == title)
    if section:
        page.get_by_test_id("stTopNavSection").filter(has_text=section).click()
        page.get_by_role("menuitem", name=title, exact=True).click()
    else:
        page.get_by_test_id("stTopNav").get_by_role("link", name=title, exact=True).click()
    wait_for_page(page, title)


def wait_for_page(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1, name=title)).to_be_visible(timeout=60_000)
    page.wait_for_function(
        "!document.querySelector('[data-testid=stStatusWidget]')", timeout=60_000
    )


def address(url: str, entry: Entry) -> str:
    """The link to a page with Mont Liébaut chosen; the first page lives at the root."""
    word = "" if entry is PAGES[0] else entry.word
    return f"{url}/{word}?programme=demo&annee=2025&quartier=QN06208M"


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).first.click()
    page.get_by_role("option", name=option).first.click()


def view_of(page: Page) -> str:
    """Where the map stands: what a restyle must not change."""
    drawn = page.frame_locator(MAP).locator("path.leaflet-interactive").first
    pane = page.frame_locator(MAP).locator(".leaflet-map-pane")
    return f"{drawn.get_attribute('d')} {pane.get_attribute('style')}"


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.word)
def test_no_request_leaves_the_machine(entry, open_page, atlas_url):
    visit = open_page(address(atlas_url, entry))
    wait_for_page(visit.page, entry.title)
    visit.page.wait_for_timeout(1500)
    assert visit.outside_requests == []
    # On a deep link Streamlit first looks for its server below the page, and says so itself.
    assert [error for error in visit.errors if "_stcore" not in error] == []


def test_a_click_on_a_quarter_opens_its_panel_and_keeps_the_view(open_page, atlas_url):
    visit = open_page(f"{atlas_url}/?programme=demo&annee=2025")
    page = visit.page
    wait_for_map(page)
    before = view_of(page)
    frames = [frame.url for frame in page.frames[1:]]
    page.frame_locator(MAP).get_by_role("button", name=re.compile("Le Centre")).first.press("Enter")
    expect(page.get_by_role("heading", level=3, name="Le Centre")).to_be_visible(timeout=20_000)
    expect(page).to_have_url(re.compile("quartier=QN06211M"))
    cents = quarter_table(atlas(), Selection("demo", 2025))["granted_cents"]["QN06211M"]
    shown = page.locator("table tr.on td")
    expect(shown.last).to_have_text(wording.euros(cents))
    assert view_of(page) == before
    assert [frame.url for frame in page.frames[1:]] == frames


def received_at_rest(proxy, page, before):
    """What came in all, once something came and then nothing for two seconds; 30 s at most."""
    seen, quiet = before, 0
    for _ in range(60):
        page.wait_for_timeout(500)
        quiet = quiet + 1 if proxy.received == seen > before else 0
        seen = proxy.received
        if quiet == 4:
            break
    return seen


def test_a_filter_redraws_in_place_and_sends_little(open_page, atlas_url):
    proxy = CountingProxy(atlas_url)
    visit = open_page(f"{proxy.url}/?programme=demo&annee=2025&quartier=QN06211M")
    page = visit.page
    wait_for_map(page)
    page.wait_for_timeout(2000)
    view, asked = view_of(page), len(visit.requests)
    for label, option in (
        ("Couleur des quartiers", "Revenus et pauvreté : taux de pauvreté"),
        ("Année", "2024"),
        ("Thèmes", "Santé"),
    ):
        before = proxy.received
        choose(page, label, option)
        assert 0 < received_at_rest(proxy, page, before) - before <= 10_000
    expect(page.get_by_text("Programmation 2024 · Santé")).to_be_visible()
    assert view_of(page) == view
    assert [url for url in visit.requests[asked:] if "carte" in url or "qpv" in url] == []
    proxy.close()


def test_leaving_the_map_and_coming_back_shows_no_error(open_page, atlas_url):
    visit = open_page(f"{atlas_url}/?programme=demo&annee=2025")
    page = visit.page
    wait_for_map(page)
    for title in ("Tableau de bord", "Carte", "Projets", "Carte"):
        go_to(page, title)
    wait_for_map(page)
    page.wait_for_timeout(1500)
    expect(page.get_by_text("BidiComponent Error")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert visit.errors == []


def test_a_planner_follows_a_quarter_to_its_page(open_page, atlas_url):
    page = open_page(f"{atlas_url}/?programme=demo&annee=2024&quartier=QN06208M").page
    page.get_by_role("link", name="Tout sur ce quartier").click()
    wait_for_page(page, "Quartiers")
    expect(page).to_have_url(re.compile("quartiers.*annee=2024.*quartier=QN06208M"))
    expect(page.get_by_text("Mont Liébaut").first).to_be_visible()


def test_the_selection_holds_from_page_to_page(open_page, atlas_url):
    page = open_page(f"{atlas_url}/?programme=demo&annee=2024&theme=1.2").page
    wait_for_page(page, PAGES[0].title)
    for entry in PAGES[1:]:
        go_to(page, entry.title)
        expect(page).to_have_url(re.compile(r"annee=2024.*theme=1\.2"))


@pytest.fixture(scope="module")
def hostile_url(serve: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """An atlas whose programme holds hostile strings in every text column of its projects."""
    data = copy_data(tmp_path_factory.mktemp("hostile"))
    path = data / "demo" / "projects.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for index, row in enumerate(rows):
        for shift, column in enumerate(TEXT_COLUMNS):
            row[column] = HOSTILE[(index + shift) % len(HOSTILE)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    rewrite(path, text.getvalue())
    return serve(APP, env={"ATLAS_DATA_DIR": str(data)})


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.word)
def test_hostile_text_stays_text(entry, open_page, hostile_url):
    visit = open_page(address(hostile_url, entry))
    page = visit.page
    wait_for_page(page, entry.title)
    if entry.word == "carte":
        wait_for_map(page)
        expect(page.get_by_text(HOSTILE[0], exact=True).first).to_be_attached()
    page.wait_for_timeout(1500)
    assert not any(frame.evaluate("'PWN' in window") for frame in page.frames)
    assert visit.outside_requests == []
    assert not [url for url in visit.requests if url.endswith("/x")]
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_an_altered_file_is_named_and_other_pages_work(serve, open_page, tmp_path):
    data = copy_data(tmp_path)
    layer = data / "qpv" / "qpv_2024.geojson"
    layer.write_bytes(layer.read_bytes()[:5000])
    url = serve(APP, env={"ATLAS_DATA_DIR": str(data)})
    page = open_page(f"{url}/?programme=demo&annee=2025").page
    message = page.get_by_test_id("stAlert").filter(has_text="qpv_2024.geojson")
    expect(message.first).to_be_visible(timeout=60_000)
    expect(message.first).to_contain_text("5000 octets")
    page.goto(f"{url}/donnees")
    wait_for_page(page, "Données")
    expect(page.get_by_text("altéré").first).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_back_undoes_a_filter_and_forward_does_it_again(open_page, atlas_url):
    page = open_page(f"{atlas_url}/tableau?programme=demo&annee=2025").page
    wait_for_page(page, "Tableau de bord")
    page.wait_for_timeout(500)
    shown = page.locator(".lead").first
    before = shown.inner_text()
    choose(page, "Thèmes", "Santé")
    expect(page).to_have_url(re.compile(r"theme=1\.2"))
    expect(page.get_by_text("Programmation 2025 · Santé")).to_be_visible(timeout=20_000)
    expect(shown).not_to_have_text(before)
    page.keyboard.press("Escape")
    choose(page, "Année", "2024")
    expect(page).to_have_url(re.compile(r"annee=2024"))
    expect(page.get_by_text("Programmation 2024 · Santé")).to_be_visible(timeout=20_000)
    page.go_back()
    expect(page.get_by_text("Programmation 2025 · Santé")).to_be_visible(timeout=20_000)
    page.go_back()
    expect(page.get_by_text("Programmation 2025 · tous thèmes")).to_be_visible(timeout=20_000)
    expect(page).not_to_have_url(re.compile("theme="))
    expect(shown).to_have_text(before, use_inner_text=True)
    page.go_forward()
    expect(page.get_by_text("Programmation 2025 · Santé")).to_be_visible(timeout=20_000)
    expect(page).to_have_url(re.compile(r"annee=2025.*theme=1\.2"))


def test_back_takes_one_step_a_page_and_each_address_is_whole(open_page, atlas_url):
    page = open_page(f"{atlas_url}/tableau?programme=demo&annee=2024&theme=1.2").page
    wait_for_page(page, "Tableau de bord")
    for title in ("Projets", "Comparer"):
        go_to(page, title)
        expect(page).to_have_url(re.compile(r"programme=demo&annee=2024&theme=1\.2"))
    choose(page, "Année", "2025")
    expect(page.get_by_text("Programmation 2025 · Santé")).to_be_visible(timeout=20_000)
    page.keyboard.press("Escape")
    for title, year in (("Comparer", 2024), ("Projets", 2024), ("Tableau de bord", 2024)):
        page.go_back()
        wait_for_page(page, title)
        expect(page.get_by_text(f"Programmation {year} · Santé")).to_be_visible(timeout=20_000)
    page.go_forward()
    wait_for_page(page, "Projets")
    expect(page).to_have_url(re.compile(r"/projets\?programme=demo&annee=2024&theme=1\.2"))
    page.reload()
    wait_for_page(page, "Projets")
    expect(page.get_by_text("Programmation 2024 · Santé")).to_be_visible(timeout=20_000)
