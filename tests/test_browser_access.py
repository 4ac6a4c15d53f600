"""Every page for everyone: axe-core, title, language, a narrow screen, a page at 200 %."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect

from store.accessibility import Gap, gaps
from tests.samples import DATA
from tests.test_browser_atlas import address, wait_for_map, wait_for_page
from ui.navigation import PAGES, Entry

GRAVE = {"serious", "critical"}
# 700 pixels: a window of 1 400 zoomed to 200 %.
WIDTHS = (1400, 820, 700, 390, 360)
TELEPHONE = 390
CHOSEN = ("", "&quartier=QN06208M", "&quartier=QN06208M,QN06211M,QN06206M")


def views() -> Iterator[tuple[Entry, str]]:
    for entry in PAGES:
        for quarters in CHOSEN if entry.word in ("carte", "quartiers") else CHOSEN[:1]:
            yield entry, quarters


def violations(page: Page | Frame, known: list[Gap]) -> list[str]:
    """Serious and critical violations of a page, without those listed as Streamlit's own."""
    found = Axe().run(page).response["violations"]
    grave = [
        (rule["id"], node)
        for rule in found
        if rule["impact"] in GRAVE or rule["id"] == "heading-order"
        for node in rule["nodes"]
    ]
    return [
        f"{rule} {node['target']} {node['html'][:200]}"
        for rule, node in grave
        if not any(gap.rule == rule and within(page, node["target"][-1], gap) for gap in known)
    ]


def within(page: Page | Frame, target: str, gap: Gap) -> bool:
    return page.evaluate(
        "([target, own]) => !!document.querySelector(target)?.closest(own)", [target, gap.selector]
    )


@pytest.mark.parametrize(
    ("entry", "quarters"), list(views()), ids=lambda part: getattr(part, "word", None)
)
def test_a_page_is_for_everyone(entry, quarters, open_page, atlas_url):
    page = open_page(
        address(atlas_url, entry).partition("&quartier")[0] + quarters, height=1180
    ).page
    wait_for_page(page, entry.title)
    if entry.word == "carte":
        wait_for_map(page)
    page.wait_for_timeout(500)
    expect(page).to_have_title(f"{entry.title} – Atlas des quartiers prioritaires")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    known = gaps(DATA)
    for part in (page, *page.frames[1:]):
        assert violations(part, known) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 1180})
        page.wait_for_timeout(300)
        box = page.get_by_test_id("stMain").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert box[0] <= box[1], (entry.word, quarters, width)
        if width == TELEPHONE:
            assert violations(page, known) == []
