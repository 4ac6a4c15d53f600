"""The link of every view gives its figures again, in a tab and in the frame of another site."""

import re
from collections.abc import Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from analysis import wording
from analysis.programme import grand_total
from analysis.selection import Selection
from store.tables import quarter_table, selected
from tests.samples import atlas
from ui import sharing, state
from ui.navigation import PAGES

SELECTION = Selection("demo", 2024, themes=("1.2",), funders=("etat-147",))
MORE = {"comparer": {"indicateur": "median_income"}, "evolutions": {"indicateur": "median_income"}}


def figure(word):
    """A figure of the engine that the page of this selection must show."""
    whole = grand_total(selected(atlas(), SELECTION))
    if word == "couverture":
        served = (quarter_table(atlas(), SELECTION)["projects"] > 0).sum()
        return f"{served} des {len(atlas().quarters)} cases"
    if word == "campagne":
        return f"{wording.plural(whole['projects'], 'dossier')} pour 2024"
    if word == "decider":
        return f"Sur {wording.plural(whole['projects'], 'projet')}"
    if word in ("comparer", "evolutions"):
        return f"« {atlas().indicators['median_income'].short} »"
    if word == "quartiers":
        return wording.euros(quarter_table(atlas(), SELECTION)["granted_cents"].max())
    if word in ("donnees", "importer", "accessibilite"):
        return "Programmation 2024 · Santé · État (147)"
    return wording.euros(whole["granted_cents"])


def test_the_snippet_escapes_its_address():
    text = sharing.snippet('http://h/tableau?annee=2024&theme="><script>', "Besoins & moyens")
    source = re.search(r'src="([^"]*)"', text)
    assert source and "<script>" not in text
    assert unescape(source[1]) == 'http://h/tableau?annee=2024&theme="><script>&embed=true'
    assert 'title="Besoins &amp; moyens' in text


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.word)
def test_a_link_reproduces_the_figures_of_a_page_alone_in_a_frame(entry, open_page, atlas_url):
    word = "" if entry is PAGES[0] else entry.word
    words = state.query(SELECTION) | MORE.get(entry.word, {})
    visit = open_page(f"{atlas_url}/{word}?{urlencode(words)}&embed=true")
    page = visit.page
    expect(page.get_by_role("heading", level=1, name=entry.title)).to_be_visible(timeout=20_000)
    main = page.get_by_test_id("stMain")
    expect(main).to_contain_text("Programmation 2024 · Santé · État (147)")
    expect(main).to_contain_text(figure(entry.word), timeout=20_000)
    expect(main).to_contain_text("Données fictives")
    expect(page.get_by_test_id("stTopNav")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Thèmes")).to_have_count(0)
    expect(page.get_by_role("button", name="Partager")).to_have_count(0)
    assert visit.outside_requests == []


class Quiet(SimpleHTTPRequestHandler):
    """A site that serves files and writes no journal."""

    def log_message(self, *_words: object) -> None:
        """Write nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The address of a municipal site: another name and another port than those of the atlas."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_what_the_button_gives_opens_the_same_view_for_another_and_in_another_site(
    open_page, atlas_url, site, tmp_path
):
    words = state.query(SELECTION) | {"indicateur": "median_income"}
    mine = open_page(f"{atlas_url}/carte?{urlencode(words)}").page
    main = mine.get_by_test_id("stMain")
    expect(main).to_contain_text(figure("carte"), timeout=60_000)
    lead = mine.locator(".lead").first.inner_text()
    mine.get_by_role("button", name="Partager").click()
    codes = mine.get_by_test_id("stPopoverBody").get_by_test_id("stCode").locator("code")
    expect(codes).to_have_count(2, timeout=60_000)
    link, snippet = codes.nth(0).inner_text(), codes.nth(1).inner_text()
    theirs = open_page(link).page
    expect(theirs.locator(".lead").first).to_have_text(lead, timeout=60_000, use_inner_text=True)
    expect(theirs.get_by_test_id("stMain")).to_contain_text(figure("carte"), timeout=60_000)
    page = f"<!DOCTYPE html><html lang='fr'><title>Commune</title><h1>Commune</h1>{snippet}</html>"
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    visit = open_page(site)
    atlas_frame = visit.page.frame_locator("iframe[title^=Carte]")
    expect(atlas_frame.locator(".lead").first).to_have_text(
        lead, timeout=60_000, use_inner_text=True
    )
    expect(atlas_frame.get_by_test_id("stMain")).to_contain_text(figure("carte"), timeout=60_000)
    drawn = atlas_frame.frame_locator("iframe[title^=Carte]").locator("html[data-drawn]")
    drawn.wait_for(state="attached", timeout=60_000)
    expect(atlas_frame.get_by_test_id("stTopNav")).to_have_count(0)
    assert not [url for url in visit.outside_requests if not url.startswith(site)]


def test_the_map_has_its_word_as_any_other_page(open_page, atlas_url):
    visit = open_page(f"{atlas_url}/carte?{urlencode(state.query(SELECTION))}")
    expect(visit.page.get_by_role("heading", level=1, name="Carte")).to_be_visible(timeout=60_000)
    expect(visit.page.get_by_text("Programmation 2024 · Santé · État (147)")).to_be_visible()
    expect(visit.page.get_by_role("dialog")).to_have_count(0)
    expect(visit.page.get_by_test_id("stTopNav").get_by_role("link", name="Carte")).to_have_count(1)
