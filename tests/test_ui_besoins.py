"""Besoins et moyens: what is on the screen is what the engine says, for every quarter."""

import re
from dataclasses import replace
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from analysis import findings, wording
from analysis.programme import grand_total
from analysis.selection import Selection
from reports.pictures import to_svg
from store.equity import Choice, answers, effort_table, equity
from store.tables import selected
from tests.samples import atlas
from ui import pictures

DEMO = Selection("demo", 2025)


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "besoins")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def open_page(selection):
    given = {"selection": selection, "atlas": atlas()}
    return AppTest.from_function(script, kwargs=given, default_timeout=60).run()


def show(selection):
    page = open_page(selection)
    assert not page.exception
    assert not page.error
    return page


def texts(page):
    html = "".join(element.proto.body for element in page.get("html"))
    words = " ".join(element.value for element in [*page.subheader, *page.markdown, *page.caption])
    return unescape(html) + words.replace("\\", "")


def table(page, caption):
    html = "".join(element.proto.body for element in page.get("html"))
    body = re.search(rf"<caption>{re.escape(caption)}.*?</table>", html, re.S)
    assert body, caption
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body[0], re.S)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


def check_order_and_amounts(page, selection, choice):
    found = equity(atlas(), selection, choice)
    _, *rows, total = table(page, f"Besoin et moyens, {selection.year}")
    assert len(rows) == len(found.table)
    for number, (row, (code, line)) in enumerate(
        zip(rows, found.table.iterrows(), strict=True), start=1
    ):
        assert row[0] == f"{number}. {atlas().quarter_labels[str(code)]}"
        assert row[4] == wording.euros(line["granted_cents"])
        assert row[5] == findings.per_person(line["per_inhabitant"])
        assert row[9] == wording.percent(line["share_cents"])
        assert row[10] == wording.signed(line["gap"], 1)
    assert total[4] == wording.euros(int(found.table["granted_cents"].sum()))
    return found


@pytest.mark.parametrize(
    "selection",
    [DEMO, replace(DEMO, year=2023, themes=("1.1", "3.1"), quarters=("QN06211M",))],
    ids=["all", "filters"],
)
def test_the_screen_says_what_the_engine_says_of_every_quarter(selection):
    page = show(selection)
    found = check_order_and_amounts(page, selection, Choice())
    shown = texts(page)
    for sentence in findings.summary(selection.year, found):
        assert sentence in shown
    assert findings.concentration(found) in shown
    assert findings.unevenness(found) in shown
    _, *left = table(page, "Quartiers non comparés")
    assert [row[1] for row in left] == list(found.left_out)
    assert len(left) + len(found.table) == 16
    _, *efforts = table(page, f"Effort par quartier, {selection.year}")
    for row, (_, line) in zip(efforts, effort_table(atlas(), selection).iterrows(), strict=True):
        assert row[0] == line["label"]
        assert row[1] == wording.euros(line["granted_cents"])
        assert row[3] == wording.number(line["projects"])
    told = answers(atlas(), selection)
    for words in (
        findings.ratio(told.leverage),
        findings.rate(told.number),
        findings.days(told.delay),
    ):
        assert f"<dd>{words}</dd>" in shown


def test_the_page_says_what_cannot_be_concluded_and_where_all_the_money_is():
    page = show(DEMO)
    shown = texts(page)
    for line in (*findings.CAN_SAY, *findings.CANNOT_SAY):
        assert line in shown
    assert "périmètre 2015" in shown
    *_, total = table(page, "Programmation 2025")
    assert total[3] == wording.euros(grand_total(selected(atlas(), DEMO))["granted_cents"], 2)


def test_choosing_indicators_weights_and_basis_changes_the_measure_as_the_engine_would():
    page = show(DEMO)
    page.multiselect(key="besoins_indicators").set_value(["first_decile", "employment_rate"]).run()
    page.number_input(key="besoins_weight_first_decile").set_value(3).run()
    page.button_group(key="besoins_echelle").set_value("rank").run()
    assert not page.exception
    weights = (("first_decile", 3.0), ("employment_rate", 1.0))
    check_order_and_amounts(page, DEMO, Choice(weights, "rank"))
    shown = texts(page)
    assert "premier décile 75\u202f%" in shown
    # Every step: published value, scale, weight and contribution of all 16 quarters.
    _, *steps = table(page, "Premier décile du revenu disponible")
    assert len(steps) == 16
    assert {row[3] for row in steps} == {"75\u202f%"}
    page.multiselect(key="besoins_indicators").set_value([]).run()
    page.button_group(key="besoins_base").set_value("poor").run()
    assert not page.exception
    check_order_and_amounts(page, DEMO, Choice((("poverty_rate", 1.0),), "rank", "poor"))


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (Selection("postes", 2021), "aucun crédit accordé ne peut être comparé"),
        (replace(DEMO, statuses=("refused",)), "aucun crédit accordé ne peut être comparé"),
        (replace(DEMO, themes=("4.1",), dispositifs=("pre",)), "Aucun projet ne correspond"),
    ],
    ids=["posts", "refused", "empty"],
)
def test_a_selection_that_allows_no_comparison_says_so(selection, words):
    page = open_page(selection)
    assert not page.exception
    said = texts(page) + "".join(element.value for element in page.info)
    assert words in said


def linked(words, atlas):
    import streamlit as st

    from ui import frame, navigation, state

    if not st.session_state.get("begun"):
        st.session_state["begun"] = True
        for name, value in state.parse(words, atlas)[0].items():
            st.session_state[state.key(name)] = value
    entry = next(entry for entry in navigation.PAGES if entry.word == "besoins")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    selection = state.current()
    state.write_url(selection, "besoins")
    frame.draw_page(entry, atlas, selection)


def test_a_link_reproduces_the_measure_and_a_choice_is_written_in_the_link():
    words = {"besoin": "first_decile:2,employment_rate", "base": "poor"}
    given = {"words": words, "atlas": atlas()}
    page = AppTest.from_function(linked, kwargs=given, default_timeout=60).run()
    assert not page.exception
    weights = (("first_decile", 2.0), ("employment_rate", 1.0))
    check_order_and_amounts(page, DEMO, Choice(weights, basis="poor"))
    page.number_input(key="besoins_weight_employment_rate").set_value(4).run()
    page.button_group(key="besoins_base").set_value("population").run()
    assert page.query_params["besoin"] == "first_decile:2,employment_rate:4"
    assert "base" not in page.query_params
    weights = (("first_decile", 2.0), ("employment_rate", 4.0))
    check_order_and_amounts(page, DEMO, Choice(weights))
    page.multiselect(key="besoins_indicators").set_value(["poverty_rate"]).run()
    assert "besoin" not in page.query_params


def test_both_charts_leave_as_pictures_that_carry_their_sentence_and_source(monkeypatch):
    taken = []
    monkeypatch.setattr(
        pictures, "downloads", lambda chart, table, **texts: taken.append((chart, table, texts))
    )
    show(DEMO)
    found = equity(atlas(), DEMO, Choice())
    assert [texts["name"] for _, _, texts in taken] == [
        f"{name}_{atlas().territory.code}_2025_fictif"
        for name in ("besoins_moyens", "besoins_concentration")
    ]
    for chart, table, texts in taken:
        assert any("fictives" in note for note in texts["notes"])
        assert any("périmètre 2015" in note for note in texts["notes"])
        picture = to_svg(chart.to_dict(), texts["title"], texts["notes"]).decode()
        assert texts["title"] in picture
        assert findings.summary(2025, found)[0][:60] in picture
        assert len(table()) == 16
    plot = to_svg(taken[0][0].to_dict(), "x", []).decode()
    for number, code in enumerate(found.table.index, start=1):
        assert f">{number}</text>" in plot
        name = wording.shortened(atlas().quarter_labels[str(code)], 34)
        assert (f">{name}</text>" in plot) == (
            code in (found.table.index[0], found.table["per_inhabitant"].idxmax())
        )
