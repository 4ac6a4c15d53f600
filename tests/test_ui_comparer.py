"""Comparer and Évolutions: the numbers on the screen are the engine's, in French, with reasons."""

import re
from html import unescape

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis import evolution
from analysis.selection import Selection
from analysis.summaries import compared, evolved
from store.comparisons import (
    changes,
    comparison,
    export_history,
    export_strip,
    proven,
    usual_span,
    vintages_of,
)
from tests.samples import atlas

ATLAS = atlas()
LE_CENTRE, MASKED = "QN06211M", "QN06210M"


def script(word, selection, atlas):
    import streamlit as st

    from ui import frame, navigation, state

    for name, value in (("indicator", "poverty_rate"), (f"years_{word}", "")):
        st.session_state.setdefault(state.key(name), value)
    st.session_state.setdefault(state.key("quarters"), list(selection.quarters))
    entry = next(entry for entry in navigation.PAGES if entry.word == word)
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    chosen = tuple(st.session_state[state.key("quarters")])
    frame.draw_page(
        entry, atlas, type(selection)(selection.programme, selection.year, quarters=chosen)
    )


def show(word, *codes, indicator=None, years=""):
    selection = Selection("demo", 2025, quarters=codes)
    given = {"word": word, "selection": selection, "atlas": ATLAS}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60)
    if indicator:
        page.session_state["selection_indicator"] = indicator
    page.session_state[f"selection_years_{word}"] = years
    page.run()
    assert not page.exception
    return page


def bodies(page):
    return "".join(element.proto.body for element in page.get("html"))


def tables(page):
    """Every HTML table by its caption: rows of cell texts, without the header."""
    found = {}
    for table in re.findall(r"<table>.*?</table>", bodies(page), re.S):
        caption = unescape(re.findall(r"<caption>(.*?)</caption>", table)[0])
        found[caption] = [
            [unescape(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.S)]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)
        ][1:]
    return found


def lead(page):
    return unescape(re.findall(r'<p class="lead">(.*?)</p>', bodies(page))[0])


def said(page):
    return unescape(" ".join(str(one.value).replace("\\", "") for one in page.caption))


@pytest.fixture(scope="module")
def comparer():
    return show("comparer")


@pytest.mark.parametrize("code", list(ATLAS.indicators))
def test_every_quarter_of_every_indicator_is_the_engine_s(comparer, code):
    comparer.selectbox(key="selection_indicator").set_value(code).run()
    assert not comparer.exception
    found = comparison(ATLAS, code)
    assert lead(comparer) == compared(found, ATLAS.quarter_labels)
    if found.reading.vintage is None:
        assert "Aucun chiffre publié" in comparer.info[0].value
        return
    caption = f"{found.indicator.short}, {found.reading.year} : les quartiers"
    rows = {cells[0]: cells[1:] for cells in tables(comparer)[caption]}
    for quarter, name in ATLAS.quarter_labels.items():
        assert rows[name][:2] == [found.reading.text(quarter), found.reading.rank(quarter)]
        assert rows[name][2:] in ([], [found.interval_text(quarter) or "n.d."])
    assert found.reading.vintage.label.casefold() in said(comparer).casefold()


@pytest.mark.parametrize("quarter", list(ATLAS.quarter_labels))
def test_every_quarter_has_the_gaps_of_the_engine(comparer, quarter):
    comparer.selectbox(key="selection_indicator").set_value("median_income").run()
    comparer.selectbox(key="asked_quarter").set_value(quarter).run()
    assert comparer.session_state["selection_quarters"] == [quarter]
    found = comparison(ATLAS, "median_income", quarter)
    name = ATLAS.quarter_labels[quarter]
    rows = tables(comparer)[f"Revenu médian : {name} et les autres"]
    for cells, (_, row) in zip(rows, found.rows.iterrows(), strict=True):
        refused = row["refusal"] is not None
        gap = "non calculé" if refused else found.gap_text(row)
        assert cells == [row["label"], found.value_text(row), gap]
        assert not refused or row["refusal"].sentence in said(comparer)


def test_a_masked_quarter_says_so_and_gets_no_gap():
    page = show("comparer", MASKED, indicator="poverty_rate", years="2021")
    assert "couvert par le secret statistique" in lead(page)
    table = tables(page)[f"Taux de pauvreté : {ATLAS.quarter_labels[MASKED]} et les autres"]
    assert {cells[2] for cells in table} == {"non calculé"}
    assert "3 secrets" in bodies(page)


def test_a_year_of_the_link_is_shown_and_an_unknown_one_is_not():
    page = show("comparer", LE_CENTRE, indicator="median_income", years="2016")
    assert "donnée 2016" in lead(page)
    page = show("comparer", LE_CENTRE, indicator="median_income", years="1999")
    assert "donnée 2019" in lead(page)


def test_resemblance_shows_the_figures_it_is_made_of():
    page = show("comparer", LE_CENTRE)
    rows = tables(page)["Les 4 quartiers les plus proches"]
    assert rows[0][0] == ATLAS.quarter_labels[LE_CENTRE]
    gaps = [float(cells[1].replace(",", ".")) for cells in rows[1:]]
    assert gaps == sorted(gaps)
    page.multiselect(key="likeness_indicators").set_value([]).run()
    assert "Choisissez au moins un indicateur" in said(page)
    masked = show("comparer", MASKED)
    assert "non publié pour ce quartier" in said(masked)


SERIES = [code for code in ATLAS.indicators if usual_span(ATLAS, code)]


@pytest.fixture(scope="module")
def evolutions():
    return show("evolutions", LE_CENTRE)


@pytest.mark.parametrize("code", SERIES)
def test_every_change_on_the_screen_is_the_engine_s(evolutions, code):
    evolutions.selectbox(key="selection_indicator").set_value(code).run()
    assert not evolutions.exception
    span = usual_span(ATLAS, code)
    assert span
    table, indicator = changes(ATLAS, code, span), ATLAS.indicators[code]
    latest = proven(ATLAS, code)[-1]
    names = ATLAS.quarter_labels
    assert lead(evolutions) == evolved(indicator, span, table, latest, LE_CENTRE, names)
    years = [one.data_year for one in span]
    rows = tables(evolutions)[f"{indicator.short} : de {years[0]} à {years[1]}"]
    for name, before, now, moved in rows:
        quarter = next(key for key, label in names.items() if label == name)
        row = table.loc[[quarter]].iloc[0].to_dict()
        assert before == indicator.in_year(years[0]).text(row["before"], row["before_status"])
        assert now == indicator.in_year(years[1]).text(row["now"], row["now_status"])
        refused = row["refusal"] is not None
        assert moved == ("non calculée" if refused else evolution.change_text(indicator, row))
    assert len(rows) == len(names)


def test_a_period_across_a_break_shows_no_change_but_the_reason():
    page = show("evolutions", LE_CENTRE, indicator="poverty_rate", years="2012-2021")
    rows = tables(page)["Taux de pauvreté : de 2012 à 2021"]
    assert {cells[3] for cells in rows} == {"non calculée"}
    assert "une rupture de série sépare les deux années" in said(page)
    assert "une rupture de série sépare les deux années" in lead(page)


def test_the_years_may_be_chosen_in_any_order():
    page = show("evolutions", indicator="poverty_rate")
    page.selectbox(key="selection_years_evolutions_0").set_value("2015").run()
    page.selectbox(key="selection_years_evolutions_1").set_value("2013").run()
    assert not page.exception
    assert page.session_state["selection_years_evolutions"] == "2015-2013"
    assert "Taux de pauvreté : de 2013 à 2015" in tables(page)


def test_every_year_and_break_of_the_series_is_in_the_table():
    page = show("evolutions", MASKED)
    found = next(rows for title, rows in tables(page).items() if title.startswith("Toutes"))
    own = next(cells for cells in found if cells[0] == ATLAS.quarter_labels[MASKED])
    assert len(own) == 1 + len(proven(ATLAS, "poverty_rate"))
    assert own[-1] == "secret"
    assert bodies(page).count("‖ 20") == 4


def test_charts_and_tables_can_be_taken_away(comparer, evolutions):
    for page in (comparer, evolutions):
        labels = [button.proto.label for button in page.get("download_button")]
        assert labels == ["Image (SVG)", "Image (PNG)", "Tableau (CSV)"]


def test_the_files_hold_what_the_charts_show():
    strip = export_strip(ATLAS, comparison(ATLAS, "poverty_rate", LE_CENTRE))
    assert (strip["statut"] == "secret").sum() == 3
    assert strip.loc[strip["statut"] != "publié", "valeur"].isna().all()
    history = export_history(ATLAS, "poverty_rate")
    assert len(history) == 16 * 10
    assert history.loc[history["annee"] == 2016, "rupture"].ne("").all()
    assert pd.isna(history.loc[history["statut"] == "secret", "valeur"]).all()


def test_vintages_offer_each_year_once():
    years = [one.data_year or 0 for one in vintages_of(ATLAS, "population")]
    assert years == sorted(set(years))
