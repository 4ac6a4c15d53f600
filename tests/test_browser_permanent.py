"""The link of every view gives its figures again, in a tab and in the frame of another site."""

import re
from html import unescape
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
