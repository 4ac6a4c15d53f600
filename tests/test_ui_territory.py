"""A second territory from data alone: every page opens, empty where it has nothing, and honest."""

import re
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from analysis.selection import Selection
from geo.territory import NO_PROGRAMME
from store.atlas import Atlas
from store.territories import found
from tests.official import SECOND, mirror
from tests.samples import SHARED, copy_data
from ui.navigation import PAGES


def script(word, selection, atlas):
    import streamlit as st

    from ui import frame, navigation, state

    state.start(atlas)
    entry = next(entry for entry in navigation.PAGES if entry.word == word)
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def founded(place, siren, files, code):
    data, official = copy_data(place), place / "official"
    source = place / "files"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)
    found(data, official, siren, origin=str(source), code=code)
    return Atlas(data, code, f"sqlite:///{place}/atlas.sqlite", installed=official)


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A fictitious agglomeration with no programme, no figure and no 2015 table."""
    return founded(tmp_path_factory.mktemp("second"), SECOND, mirror(SECOND), "essai")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A real one, of whose communes only the list is at hand: no contour, no point."""
    if not SHARED.exists():
        pytest.skip("published samples are not on this machine")
    files = {
        "qpv_2024.geojson": SHARED / "samples/qpv_2024_dep62_rounded.geojson",
        "communes_epci.csv": SHARED / "reference/communes_epci_dep62.csv",
    }
    content = {name: path.read_bytes() for name, path in files.items()}
    return founded(tmp_path_factory.mktemp("real"), "246200364", content, "voisine")


def drawn(atlas, word):
    selection = Selection(NO_PROGRAMME.code, atlas.years(NO_PROGRAMME.code)[0])
    given = {"word": word, "selection": selection, "atlas": atlas}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    assert [error.value for error in page.error] == []
    return page


def told(page):
    html = "".join(element.proto.body for element in page.get("html"))
    words = [text.value for text in (*page.markdown, *page.caption, *page.info, *page.warning)]
    return unescape(" ".join([*words, html])).replace("\\", "")


@pytest.mark.parametrize("word", [entry.word for entry in PAGES])
def test_every_page_of_a_territory_without_anything_opens(second, word):
    text = told(drawn(second, word))
    assert "Aucun programme" in text
    assert not re.search(r"\b(?:nan|none|<NA>)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("word", [entry.word for entry in PAGES])
def test_every_page_of_a_real_neighbour_opens(real, word):
    drawn(real, word)
