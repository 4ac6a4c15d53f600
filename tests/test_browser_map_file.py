"""The stand-alone map, opened from the disk by a real browser with no network at all."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from analysis.measure import EFFORT
from analysis.selection import Selection
from cli import main
from reports.map_file import map_file
from reports.map_state import Layers
from store.atlas import Atlas
from store.material import gather_map
from store.tables import projects_of, quarter_table
from tests.samples import atlas, copy_data, rewrite

DAY = date(2026, 11, 25)
SELECTION = Selection("demo", 2025, themes=("1.1",))
HOSTILE = "</script><script>window.PWN=1</script><img src=x onerror=window.PWN=1> {{7*7}} ${1} `"


@pytest.fixture
def opened(open_page, tmp_path):
    def opened(content: bytes, **options):
        path = tmp_path / "carte.html"
        path.write_bytes(content)
        visit = open_page(**options)
        visit.page.context.set_offline(True)
        visit.page.goto(path.as_uri())
        visit.page.locator("html[data-drawn]").wait_for(state="attached", timeout=30_000)
        return visit

    return opened


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).all_inner_texts()


def test_it_draws_the_selection_and_asks_for_nothing(opened):
    visit = opened(
        map_file(gather_map(atlas(), SELECTION, EFFORT), DAY, Layers(bands=True, clusters=False))
    )
    page, table = visit.page, quarter_table(atlas(), SELECTION)
    expect(page.locator("path[data-quarter]")).to_have_count(len(table))
    placed = projects_of(atlas(), SELECTION)["location_status"].ne("not_located").sum()
    circles = page.locator(".leaflet-projects-pane path")
    expect(circles).to_have_count(int(placed))
    expect(page.locator(".leaflet-bands-pane path").first).to_be_attached()
    said = " ".join(texts(page, "header, footer, .demo"))
    for words in ("Programmation 2025", "25 novembre 2026", "Données fictives", "Source :"):
        assert words in said
    assert set(table["label"]) <= set(texts(page, "tbody th"))
    assert visit.requests == [page.url]  # the file, and nothing else
    assert visit.errors == []


def test_quarters_and_projects_tell_what_they_are_in_a_popup(opened):
    page = opened(
        map_file(gather_map(atlas(), SELECTION, EFFORT), DAY, Layers(clusters=False))
    ).page
    label = quarter_table(atlas(), SELECTION).loc["QN06211M", "qpv_name"]
    page.locator('[data-quarter="QN06211M"]').first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".leaflet-popup-content .title")).to_have_text(label)
    expect(page.locator(".leaflet-popup-content .value")).to_contain_text("par habitant")
    page.get_by_role("button", name="Fermer").click()
    expect(page.locator(".leaflet-popup")).to_have_count(0)
    page.locator(".leaflet-projects-pane path").last.dispatch_event("click")
    titles = set(projects_of(atlas(), SELECTION)["title"])
    assert set(texts(page, ".leaflet-popup-content .title")) <= titles
    assert texts(page, ".leaflet-popup-content .title")
    assert page.locator(".leaflet-popup-content button").count() == 0


def test_hostile_texts_stay_texts(opened, tmp_path):
    data = copy_data(tmp_path / "data")
    path = data / "demo" / "projects.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(row | {"title": row["title"] + HOSTILE} for row in rows)
    rewrite(path, out.getvalue())
    content = map_file(gather_map(Atlas(data), SELECTION, EFFORT), DAY, Layers(clusters=False))
    visit = opened(content)
    visit.page.locator(".leaflet-projects-pane path").last.dispatch_event("click")
    assert any(HOSTILE in one for one in texts(visit.page, ".leaflet-popup-content .title"))
    assert any(HOSTILE in one for one in texts(visit.page, "tbody th"))
    assert visit.page.evaluate("window.PWN") is None
    assert visit.errors == []


def test_a_telephone_shows_it_without_a_sideways_scroll(opened):
    page = opened(map_file(gather_map(atlas(), SELECTION, EFFORT), DAY), width=390, height=800).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_command_writes_the_same_bytes_as_the_page(tmp_path, capsys):
    path = tmp_path / "carte.html"
    words = ["--programme", "demo", "--year", "2025", "--theme", "1.1", "--date", "2026-11-25"]
    assert main(["map", *words, "--out", str(path)]) == 0
    assert path.read_bytes() == map_file(gather_map(atlas(), SELECTION, EFFORT), DAY)
    assert "fictives" in capsys.readouterr().err
    assert not re.search(rb'(?:src|href)="(?!data:)', path.read_bytes().split(b"<script")[0])
    assert main(["map", "--indicator", "x", "--out", str(Path(tmp_path, "y.html"))]) == 2
    assert "--indicator" in capsys.readouterr().err
