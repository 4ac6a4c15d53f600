"""Campagne: every count on the screen is the engine's, and the dates are the territory's."""

import re
from html import unescape

from streamlit.testing.v1 import AppTest

from analysis import campaign, wording
from analysis.selection import Selection
from store.atlas import Atlas
from store.campaign import call
from tests.imported import HOSTILE, apply, frames, line, project
from tests.samples import DATA, atlas, copy_data

DEMO = Selection("demo", 2025)


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "campagne")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(selection, opened=None):
    given = {"selection": selection, "atlas": opened or atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page


def table(page, caption):
    html = "".join(element.proto.body for element in page.get("html"))
    body = re.search(rf"<caption>{re.escape(caption)}.*?</table>", html, re.S)
    assert body, caption
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body[0], re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    return {row[0]: [unescape(cell) for cell in row[1:]] for row in cells}


def test_the_demonstration_shows_its_files_by_state_and_the_year_before():
    now = call(atlas(), DEMO)
    page = show(DEMO)
    assert now.before is not None
    counts = campaign.by_state(now.files, now.states)
    before = campaign.by_state(now.before.files, now.states)
    shown = table(page, "Dossiers par état, 2025")
    for one in now.states:
        assert shown[one.label] == [str(counts[one.code]), str(before[one.code])]
    assert shown["Total"] == [wording.number(len(now.files)), str(len(now.before.files))]
    assert page.metric[0].value == str(len(now.files))
    words = "".join(element.proto.body for element in page.get("html"))
    assert "Date limite sur DAUPHIN : 4 novembre 2024" in words
    themes = table(page, "Dossiers par thème, 2025")
    grouped = now.groups("theme")
    assert sum(int(cells[0]) for name, cells in themes.items() if name != "Thème") == len(now.files)
    assert len(themes) == len(grouped) + 1


def test_a_year_without_known_dates_says_so():
    page = show(Selection("demo", 2024))
    words = "".join(element.proto.body for element in page.get("html"))
    assert "ne dit pas la date limite de la campagne 2024" in words
    assert page.metric[1].value == wording.MISSING


def test_the_calendar_that_the_territory_knows_is_told(tmp_path):
    data = copy_data(tmp_path)
    file = data / "territories" / "bethune-bruay.toml"
    known = "deadline = 2024-11-04"
    more = "\nopening = 2024-09-16\ncommittees = [2025-03-20, 2025-02-04]"
    text = file.read_text(encoding="utf-8")
    assert known in text
    file.write_text(text.replace(known, known + more), encoding="utf-8")
    page = show(Selection("demo", 2025), Atlas(data))
    words = "".join(element.proto.body for element in page.get("html"))
    calendar = "ouverture le 16 septembre 2024 ; comités : 4 février 2025 et 20 mars 2025."
    assert f"Campagne 2025 : {calendar}" in words
    untold = show(Selection("demo", 2025))
    assert "Campagne 2025 :" not in "".join(one.proto.body for one in untold.get("html"))


def test_an_imported_programme_shows_what_is_late_and_stays_text(tmp_path):
    opened = Atlas(DATA, database=f"sqlite:///{tmp_path}/atlas.sqlite")
    files = frames(
        [
            project("P1", dossier_status="Justifiée", title=HOSTILE, operator=HOSTILE),
            project("P2", dossier_status="En attente d’attestation", theme=None),
        ],
        [line("P1", requested_on="2024-12-01"), line("P2", requested_on="2024-11-04")],
    )
    apply(opened.imports, opened.imports.preview("essai", 2025, *files))
    opened.refresh()
    page = show(Selection("essai", 2025), opened)
    assert not page.error
    shown = table(page, "Dossiers par état, 2025")
    assert shown["Justifié"] == ["1", wording.MISSING]
    assert shown["Incomplet"] == ["1", wording.MISSING]
    late = table(page, "Dossiers déposés après la date limite")
    assert late[
        HOSTILE.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#x27;")
        .replace('"', "&quot;")
    ] == [HOSTILE, "1er décembre 2024"]
    html = "".join(element.proto.body for element in page.get("html"))
    assert "<img" not in html
    (entry,) = opened.imports.entries().to_dict("records")
    day = wording.day(entry["imported_at"])
    assert f"Source : essai.csv, importé le {day} par A. Essai (import n° 1)." in html
