"""Imprimer, clicked in a browser: one sheet as a PDF, all of them as a zip with their progress."""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.pdf import opened
from tests.samples import atlas

CENTRE = "QN06211M"
WAIT = 90_000  # milliseconds: sixteen sheets on a machine that does other things


def prepared(page: Page, document: str) -> None:
    """Open the menu, choose a document and ask for it."""
    page.get_by_role("button", name="Imprimer").click(timeout=WAIT)
    page.get_by_text(document, exact=False).first.click()
    page.get_by_role("button", name="Préparer le PDF").click()


def downloaded(page: Page) -> tuple[str, Path]:
    """Take what is ready."""
    button = page.get_by_role("button", name="Télécharger (")
    expect(button).to_be_visible(timeout=WAIT)
    with page.expect_download(timeout=WAIT) as caught:
        button.click()
    return caught.value.suggested_filename, Path(caught.value.path())


@pytest.fixture
def visit(open_page, atlas_url):
    return lambda words: open_page(f"{atlas_url}/quartiers?programme=demo&annee=2025{words}")


def test_a_click_gives_the_sheet_of_the_quarter(visit):
    shown = visit(f"&quartier={CENTRE}")
    prepared(shown.page, "La fiche :")
    name, path = downloaded(shown.page)
    assert name == f"fiche_{CENTRE}_{atlas().territory.code}_2025_fictif.pdf"
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert CENTRE in opened(content).metadata.title


def test_all_the_sheets_come_as_a_zip_that_says_how_far_it_is(visit):
    shown = visit("")
    prepared(shown.page, "Les fiches des")
    expect(shown.page.get_by_text("sur 16 :")).to_be_visible(timeout=WAIT)
    name, path = downloaded(shown.page)
    assert name.endswith("_fictif.zip")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(names) == len(atlas().quarter_labels)
        assert all(archive.read(one).startswith(b"%PDF") for one in names)
