"""Imprimer: what the page gives is what the command writes."""

import zipfile
from datetime import date
from io import BytesIO

import pytest
from streamlit.testing.v1 import AppTest

from analysis.selection import Selection
from reports.printing import EVERY, file_name, printed
from store.material import gather
from tests.samples import atlas

CENTRE, MONT = "QN06211M", "QN06208M"
SELECTION = Selection("demo", 2025, themes=("1.1",))


def script(selection, atlas, asked):
    import streamlit as st

    from ui import navigation, printing

    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    printing.button(atlas, selection, asked)


def show(asked):
    given = {"selection": SELECTION, "atlas": atlas(), "asked": asked}
    page = AppTest.from_function(script, kwargs=given, default_timeout=120)
    page.session_state["printing"] = True
    page.run()
    assert not page.exception
    return page


def ready(page):
    page.button(key="print").click().run()
    assert not page.exception
    _, name, content = page.session_state["printed"]
    assert page.download_button(key="print_download").label.startswith("Télécharger (")
    return name, content


@pytest.mark.parametrize("asked", [[CENTRE], [CENTRE, MONT]])
def test_the_sheets_of_the_page_are_those_of_the_command(asked):
    name, content = ready(show(asked))
    wanted = dict(printed(gather(atlas(), SELECTION, date.today()), asked))
    if len(asked) == 1:
        assert {name: content} == wanted
    else:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert {one: archive.read(one) for one in archive.namelist()} == wanted


@pytest.mark.parametrize("word", ["territoire", "bilan", EVERY])
def test_other_documents_can_be_chosen(word):
    page = show([])
    page.radio(key="printed_what").set_value(word).run()
    name, content = ready(page)
    if word == EVERY:
        assert name.endswith(".zip")
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert len(archive.namelist()) == len(atlas().quarter_labels)
    else:
        assert name == file_name(atlas().territory, SELECTION, word)
        assert content.startswith(b"%PDF")


def test_what_was_prepared_for_another_document_is_not_given():
    page = show([CENTRE])
    ready(page)
    page.radio(key="printed_what").set_value("territoire").run()
    assert not page.get("download_button")
