import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests import app_map

CENTRE = "QN06211M"
CODES = list(app_map.real_quarters()["qpv_code"])
VALUE = app_map.labels(app_map.classes(16, 0))[CODES.index(CENTRE)]
HOSTILE = [
    "<img src=x onerror=window.PWN=1>",
    "${window.PWN=1}",
    "`",
    "C:\\20190221",
    "</script><script>window.PWN=1</script>",
    "{{ 7*7 }}",
]


class Server:
    def __init__(self, folder: Path, url: str) -> None:
        self.static = folder / "static"
        self.url = url


@pytest.fixture(scope="module")
def start(serve, tmp_path_factory) -> Callable[..., Server]:
    def start(**env: str) -> Server:
        folder = tmp_path_factory.mktemp("carte")
        (folder / "static").mkdir()
        script = shutil.copy(app_map.__file__, folder)
        return Server(folder, serve(Path(script), env=env))

    return start


@pytest.fixture(scope="module")
def server(start) -> Server:
    return start()


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title^=Carte]")


def root(page: Page) -> Locator:
    return frame(page).locator("html[data-drawn]")


def wait_drawn(page: Page) -> None:
    root(page).wait_for(state="attached", timeout=30_000)


def redress(page: Page, act: Callable[[], object]) -> None:
    """Do something that changes the map's state, and wait until the map shows it."""
    before = int(root(page).get_attribute("data-drawn") or 0)
    act()
    frame(page).locator(f'html[data-drawn="{before + 1}"]').wait_for(state="attached")


def set_indicator(page: Page, value: int) -> None:
    page.get_by_label("Indicateur").fill(str(value))
    page.get_by_label("Indicateur").press("Enter")


def switch(page: Page, name: str) -> None:
    page.locator("label").filter(has_text=name).click()


def quarter(page: Page, code: str = CENTRE) -> Locator:
    return frame(page).locator(f'[data-quarter="{code}"]')


def click_quarter(page: Page, code: str = CENTRE) -> None:
    quarter(page, code).dispatch_event("click")


def zoom_in(page: Page) -> None:
    frame(page).get_by_title("Zoomer", exact=True).click()
    page.wait_for_timeout(500)  # the zoom is animated


def test_quarters_are_drawn_by_class_and_nothing_leaves_the_machine(server, open_page):
    visit = open_page(server.url)
    wait_drawn(visit.page)
    expect(frame(visit.page).locator("[data-quarter]")).to_have_count(16)
    fills = {"s": "url(#atlas-secret)", "a": "#ffffff", "x": "url(#atlas-hatch)"}
    for code, mark in zip(CODES, app_map.classes(16, 0), strict=True):
        wanted = fills[mark] if mark in fills else app_map.BLUES[int(mark)]
        assert quarter(visit.page, code).get_attribute("fill") == wanted, code
    expect(visit.page.get_by_text("Chargement de la carte")).to_be_hidden()
    assert visit.outside_requests == []
    assert visit.errors == []


def test_names_and_french_controls(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    expect(frame(page).locator(".atlas-name", has_text=re.compile("^Le Centre"))).to_contain_text(
        "NPNRU"
    )
    expect(frame(page).locator(".atlas-commune", has_text="Béthune").first).to_be_visible()
    for title in ("Zoomer", "Dézoomer", "Voir tous les quartiers", "Fond de carte"):
        expect(frame(page).get_by_title(title, exact=True)).to_have_count(1)
    expect(frame(page).locator(".leaflet-control-scale-line")).to_have_text("3 km")
    redress(page, lambda: switch(page, "Communes"))
    expect(frame(page).locator(".atlas-commune")).to_have_count(0)


def test_redress_keeps_iframe_and_view_and_costs_few_bytes(server, open_page):
    visit = open_page()
    page = visit.page
    frames: list[int] = []
    page.on(
        "websocket",
        lambda socket: [
            socket.on("framesent", lambda data: frames.append(len(data))),
            socket.on("framereceived", lambda data: frames.append(len(data))),
        ],
    )
    page.goto(server.url)
    wait_drawn(page)
    zoom_in(page)
    root(page).evaluate("() => { window.witness = 1; }")
    before = quarter(page, CENTRE).bounding_box()
    fill = quarter(page).get_attribute("fill")
    for indicator in (3, 4):
        frames.clear()
        redress(page, partial(set_indicator, page, indicator))
        page.wait_for_timeout(300)
        assert 0 < sum(frames) <= 10_000
    assert quarter(page).get_attribute("fill") != fill
    assert root(page).evaluate("() => window.witness") == 1
    assert quarter(page).bounding_box() == before


def test_a_click_gives_the_code_once_and_marks_the_quarter(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    redress(page, lambda: click_quarter(page))
    expect(page.get_by_text(f"Choisi : {CENTRE} — clic : {CENTRE}")).to_be_visible()
    expect(quarter(page)).to_have_attribute("aria-pressed", "true")
    edge = frame(page).locator(".leaflet-selection-pane path").last
    expect(edge).to_have_attribute("stroke-width", "3")
    redress(page, lambda: set_indicator(page, 2))
    expect(page.get_by_text(f"Choisi : {CENTRE} — clic : aucun")).to_be_visible()
    click_quarter(page)
    expect(page.get_by_text(f"Choisi : {CENTRE} — clic : {CENTRE}")).to_be_visible()
    frame(page).locator(".folium-map").click(position={"x": 500, "y": 30})
    page.wait_for_timeout(500)
    expect(page.get_by_text(f"Choisi : {CENTRE} —")).to_be_visible()


def test_a_quarter_is_chosen_with_the_keyboard(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    expect(quarter(page)).to_have_attribute("aria-label", f"Le Centre, {VALUE}")
    quarter(page).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"clic : {CENTRE}")).to_be_visible()


def test_hover_tells_value_source_and_perimeter(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    quarter(page).dispatch_event("mouseover")
    card = frame(page).locator(".atlas-card")
    for text in ("Le Centre", "Bruay-la-Buissière", VALUE, "Source inventée, 2019", "2015"):
        expect(card).to_contain_text(text)
    quarter(page).dispatch_event("mouseout")
    quarter(page, CODES[2]).dispatch_event("mouseover")
    expect(card).to_contain_text("secret statistique")


def test_a_quarter_left_out_of_the_selection_is_hidden(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    expect(quarter(page, CODES[12])).to_be_visible()
    redress(page, lambda: set_indicator(page, 9))
    expect(quarter(page, CODES[12])).to_be_hidden()
    expect(quarter(page)).to_be_visible()


def test_projects_gather_or_stand_alone(server, open_page):
    page = open_page(server.url).page
    wait_drawn(page)
    clusters, circles = (
        frame(page).locator(".atlas-cluster"),
        frame(page).locator(".leaflet-projects-pane path"),
    )
    counted = sum(int(text) for text in clusters.all_inner_texts())
    assert counted + circles.count() == 450
    redress(page, lambda: switch(page, "Grappes"))
    expect(clusters).to_have_count(0)
    expect(circles).to_have_count(450)
    redress(page, lambda: switch(page, "Peu de projets"))
    expect(circles).to_have_count(90)
    circles.first.dispatch_event("click")
    popup = frame(page).locator(".atlas-popup")
    for text in ("Action inventée", "Association d'essai", "000 €", "Position"):
        expect(popup).to_contain_text(text)
    popup.get_by_role("button", name="Voir ce projet").first.click()
    expect(page.get_by_text(re.compile("Ouvert : (?!aucun)"))).to_be_visible(timeout=20_000)


def test_bands_are_fetched_when_asked_for(server, open_page):
    visit = open_page(server.url)
    page = visit.page
    wait_drawn(page)
    bands = frame(page).locator(".leaflet-bands-pane path")
    assert not [url for url in visit.requests if "bandes." in url]
    legend = frame(page).locator(".atlas-legend")
    assert list(filter(None, legend.inner_text().split("\n"))) == [
        "Indicateur d'essai 0", "de 0 à 20 %", "secret",
    ]  # fmt: skip
    redress(page, lambda: switch(page, "Bandes"))
    expect(bands).to_have_count(16)
    # The legend says what is added, stands inside the map, and so does the lived place.
    for words in ("à 300 m, ou 500 m d'un site NPNRU", "lieu de vie (quartier vécu)"):
        expect(legend).to_contain_text(words)
    lived = frame(page).locator(".leaflet-lived-pane path")
    lived.dispatch_event("mouseover")
    expect(frame(page).locator(".atlas-card")).to_contain_text("Quartier vécu de Le Centre")
    inside, whole = legend.bounding_box(), page.locator("iframe").first.bounding_box()
    assert inside and whole
    assert inside["y"] + inside["height"] <= whole["y"] + whole["height"]
    redress(page, lambda: switch(page, "Bandes"))
    expect(bands).to_have_count(0)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(server, open_page, text):
    visit = open_page(f"{server.url}/?texte={quote(text)}")
    page = visit.page
    wait_drawn(page)
    quarter(page).dispatch_event("mouseover")
    expect(frame(page).locator(".atlas-card .title")).to_have_text(f"Le Centre{text}")
    redress(page, lambda: switch(page, "Grappes"))
    frame(page).locator(".leaflet-projects-pane path").first.dispatch_event("click")
    popup = frame(page).locator(".atlas-popup .item").first
    assert popup.inner_text().count(text) == 4
    for where in page.frames:
        assert where.evaluate("() => window.PWN") is None
    assert visit.outside_requests == []
    assert visit.errors == []


def test_two_users_see_their_own_projects(server, open_page):
    pages = [open_page(f"{server.url}/?texte={name}").page for name in ("-Alpha", "-Beta")]
    for page in pages:
        wait_drawn(page)
    for page, own, other in ((pages[0], "-Alpha", "-Beta"), (pages[1], "-Beta", "-Alpha")):
        redress(page, partial(switch, page, "Grappes"))
        frame(page).locator(".leaflet-projects-pane path").first.dispatch_event("click")
        popup = frame(page).locator(".atlas-popup")
        expect(popup).to_contain_text(own)
        assert other not in popup.inner_text()


def test_no_project_lies_in_the_static_folder(server, open_page):
    wait_drawn(open_page(server.url).page)
    published = [file for file in server.static.rglob("*") if file.is_file()]
    assert any(file.name.startswith("qpv.") for file in published)
    for file in published:
        assert "inventée".encode() not in file.read_bytes(), file.name
        assert json.dumps("inventée")[1:-1].encode() not in file.read_bytes(), file.name


def test_ign_plan_is_asked_for_only_when_chosen_and_may_fail(server, open_page):
    visit = open_page()
    visit.page.route("https://data.geopf.fr/**", lambda route: route.abort())
    visit.page.goto(server.url)
    page = visit.page
    wait_drawn(page)
    assert visit.outside_requests == []
    frame(page).locator(".leaflet-control-layers").hover()
    frame(page).get_by_text("Plan IGN (internet)").click()
    expect(frame(page).get_by_text("Le plan IGN ne répond pas")).to_be_visible()
    assert visit.outside_requests
    assert all("GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2" in url for url in visit.outside_requests)
    expect(frame(page).get_by_label("Fond uni")).to_be_checked()
    expect(quarter(page)).to_be_visible()


@pytest.mark.parametrize("lost", ["vendor/*/leaflet.js", "map.*.js", "qpv.*.json"])
def test_a_missing_file_gives_a_french_message(start, open_page, lost):
    server = start()
    wait_drawn(open_page(server.url).page)
    for file in server.static.glob(lost):
        file.unlink()
    page = open_page(server.url).page
    expect(page.get_by_text("La carte n'a pas pu être chargée")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("Choisi : aucun")).to_be_visible()


def test_a_missing_bridge_gives_a_french_message(start, open_page):
    server = start()
    wait_drawn(open_page(server.url).page)
    for file in server.static.glob("bridge.*.js"):
        file.unlink()
    page = open_page(server.url).page
    expect(page.get_by_text("La carte n'a pas pu être chargée").first).to_be_visible()
