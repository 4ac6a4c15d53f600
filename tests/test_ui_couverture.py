"""Couverture: every cell on the screen is the engine's, and no tone stands alone."""

import re
from dataclasses import replace
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from analysis import coverage, wording
from analysis.audience import sentence, totals
from analysis.programme import grand_total
from analysis.selection import Selection
from store.coverage import grid, public_rule, services
from store.tables import selected
from tests.samples import atlas

DEMO = Selection("demo", 2025)


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "couverture")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(selection):
    given = {"selection": selection, "atlas": atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    assert not page.error
    return page


def html_of(page):
    return "".join(element.proto.body for element in page.get("html"))


def texts(page):
    words = " ".join(
        element.value for element in [*page.subheader, *page.markdown, *page.caption, *page.info]
    )
    return unescape(html_of(page)) + words.replace("\\", "")


def table(page, caption):
    body = re.search(rf"<caption>{re.escape(caption)}.*?</table>", html_of(page), re.S)
    assert body, caption
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body[0], re.S)
    return [
        [
            unescape(re.sub("<.*?>", "", cell))
            for cell in re.findall(r"<t[hd][^>]*>.*?</t[hd]>", row)
        ]
        for row in rows
    ]


def expected(cell):
    if cell.projects:
        return f"{cell.projects}\u202f+" if cell.change == "gained" else str(cell.projects)
    if cell.state == "pending":
        return "attend"
    return "perdu" if cell.change == "lost" else "–"


@pytest.mark.parametrize(
    "selection",
    [DEMO, Selection("demo", 2023), replace(DEMO, themes=("1.1", "3.1"), quarters=("QN06208M",))],
    ids=["all", "first year", "filters"],
)
def test_every_cell_of_every_quarter_is_the_engine_s(selection):
    page, found = show(selection), grid(atlas(), selection)
    head, *rows, without, elsewhere = table(page, f"Projets soutenus en {selection.year}")
    assert head[1:] == list(found.words.values())
    assert len(rows) == (len(selection.quarters) or 16)
    for row, (code, own) in zip(rows, found.cells.groupby("qpv_code", sort=False), strict=True):
        assert row[0] == atlas().quarter_labels[str(code)]
        assert row[1:] == [expected(cell) for cell in own.itertuples()]
    empty = found.cells[found.cells["state"] == "empty"].groupby("code").size()
    assert without[1:] == [str(empty.get(code, 0)) for code in found.words]
    assert elsewhere[1:] == [str(found.elsewhere.get(code, 0)) for code in found.words]
    needed = services(atlas(), selection)
    for told in coverage.summary(selection.year, found.cells, needed, atlas().quarter_labels):
        assert told in texts(page)


def test_services_distances_and_another_dispositif():
    page = show(DEMO)
    page.multiselect(key="couverture_services").set_value(["Mobilité"]).run()
    assert not page.exception
    needed = services(atlas(), DEMO)
    head, *rows, without = table(page, "Chaque quartier est-il servi en 2025")
    assert head[1:] == ["PRE", "Point-justice", "Projet jeunesse", "Mobilité"]
    pre = needed[needed["label"] == "PRE"]
    for row, projects, metres in zip(rows, pre["projects"], pre["distance_m"], strict=True):
        if projects:
            assert row[1] == f"servi ({projects})"
        else:
            assert row[1].endswith(f"· {wording.metres(metres)}")
    assert without[1] == str((pre["state"] != "covered").sum())


def test_the_threshold_can_be_changed_and_the_money_still_adds_up():
    page = show(DEMO)
    page.number_input(key="couverture_threshold").set_value(80).run()
    assert not page.exception
    found = public_rule(atlas(), DEMO, 80)
    counted = totals(found, found["granted_cents"])
    told = {str(state): int(count) for state, count in counted["projects"].items()}
    assert sentence(told, 80) in texts(page)
    *_, total = table(page, "Règle à 80")
    whole = grand_total(selected(atlas(), DEMO))["granted_cents"]
    assert total[1:] == [str(len(found)), wording.euros(whole, 2)]
    *_, identity = table(page, "Programmation 2025")
    assert identity[3] == wording.euros(whole, 2)


def test_a_change_and_its_absence_are_said():
    _, *moved = table(show(DEMO), "Cases gagnées et perdues depuis 2024")
    cells = grid(atlas(), DEMO).cells
    named = [word for row in moved for word in row[2].split(", ")]
    assert len(named) >= (cells["change"] != "").sum()
    assert "n'a pas d'année 2022" in texts(show(Selection("demo", 2023)))


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (replace(DEMO, statuses=("refused",)), "retire les projets soutenus"),
        (replace(DEMO, themes=("4.1",), dispositifs=("pre",)), "Aucun projet ne correspond"),
        (Selection("postes", 2021), "rien ne dit ce qui manque à chacun"),
    ],
    ids=["refused", "empty", "posts"],
)
def test_a_selection_without_coverage_says_so(selection, words):
    told = texts(show(selection))
    assert words in told
    assert "Sans aucun projet soutenu" not in told
