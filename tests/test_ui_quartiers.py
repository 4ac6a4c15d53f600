"""The page of quarters: its figures are the engine's, from the directory to the comparison."""

import json
import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.definitions import THEMES
from analysis.programme import by_quarter, grand_total, totals
from analysis.selection import Selection
from geo.errors import DataFileError
from store.atlas import Atlas
from store.listing import every_figure
from store.tables import projects_of, quarter_table, selected
from tests.samples import DATA, atlas
from ui import frame, trend
from ui.profile import LATEST, indicator_lines

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = "<img src=x onerror=alert(1)> *gras* $x$ `c` [l](http://x) :red[r] & {{7*7}}"
CENTRE, LIEBAUT, MASKED = "QN06211M", "QN06208M", "QN06210M"


def script(selection, atlas, fault=None):
    import streamlit as st

    from ui import frame, navigation

    def fail(*_):
        raise fault

    entry = next(entry for entry in navigation.PAGES if entry.word == "quartiers")
    if fault:
        atlas.programme = fail
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(*codes, opened=None, fault=None, **words):
    selection = Selection(**{"programme": "demo", "year": 2025, **words, "quarters": codes})
    given = {"selection": selection, "atlas": opened or atlas(), "fault": fault}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page, selection


def bodies(page):
    return [element.proto.body for element in page.get("html")]


def tables(page):
    """Return every HTML table of the page by its caption: rows of cell texts, header first."""
    found = {}
    for table in re.findall(r"<table>.*?</table>", "".join(bodies(page)), re.S):
        caption = unescape(re.findall(r"<caption>(.*?)</caption>", table)[0])
        found[caption] = [
            [unescape(re.sub("<[^>]*>", "", cell)) for cell in cells]
            for cells in (
                re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.S)
                for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)
            )
        ]
    return found


def cards(page):
    """Return the lines of every card, by label."""
    found = re.findall(r"<div><dt>(.*?)</dt>(.*?)</div>", "".join(bodies(page)))
    return {unescape(label): unescape(text) for label, text in found}


def row(table, label):
    return next(cells for cells in table if cells[0] == label)


def text_of(page):
    shown = [
        element.value for kind in ("markdown", "caption", "info") for element in page.get(kind)
    ]
    return unescape(" ".join([*shown, *bodies(page)]))


def test_directory_has_every_quarter_with_its_figures():
    page, selection = show()
    table = quarter_table(atlas(), selection)
    buttons = {button.key.removeprefix("open_"): button for button in page.button}
    assert set(buttons) == set(table.index)
    captions = dict(zip(buttons, page.caption, strict=False))
    for code, line in table.iterrows():
        assert buttons[code].label == frame.plain(line["qpv_name"])
        words = captions[code].value
        assert frame.plain(wording.number(line["population"]) + " habitants") in words
        assert frame.plain(wording.euros(line["granted_cents"])) in words
        assert ("NPNRU" in words) == (code in atlas().territory.npnru)
    assert frame.plain("pauvreté : secret") in captions[MASKED].value


def test_directory_opens_a_quarter_and_comes_back():
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.query_params["quartier"] = LIEBAUT
    page.run()
    assert not page.exception
    assert page.header[0].value == "Quartier Du Mont Liébaut"
    back = next(button for button in page.button if button.label == "Tous les quartiers")
    back.click().run()
    assert not page.header
    page.button(key=f"open_{CENTRE}").click().run()
    assert page.header[0].value == "Le Centre"
    assert page.query_params["quartier"] == CENTRE


def test_key_figures_stand_beside_the_larger_areas_of_the_same_year():
    page, _ = show(CENTRE)
    shown = cards(page)
    assert "5\u202f055" in shown["Population"]
    assert "44\u202f%" in shown["Taux de pauvreté"]
    assert "14\u202f590\u202f€" in shown["Revenu médian"]
    assert "En 2019, dernière année commune : 13\u202f630\u202f€" in shown["Revenu médian"]
    assert "Agglomération : 19\u202f400\u202f€" in shown["Revenu médian"]
    assert "France métropolitaine : 21\u202f930\u202f€" in shown["Revenu médian"]
    assert "Agglomération : non comparable" in shown["Prestations sociales"]


def test_masked_figures_are_said_secret():
    page, _ = show(MASKED)
    assert "<dd>secret</dd>" in cards(page)["Taux de pauvreté"]
    table = tables(page)["Valeurs publiées, par année de la donnée"]
    assert row(table, "2021") == ["2021", "secret", "secret"]
    assert row(table, "2018")[1] == "41,2\u202f% (rupture)"


def test_indicator_table_has_the_comparators_of_2019():
    page, _ = show(CENTRE)
    table = tables(page)[f"Revenus et pauvreté : {LATEST}"]
    assert table[0][5:] == [area.label for area in atlas().territory.comparators]
    common = row(table, "Revenu médian, dernière année commune")
    assert common[1:] == [
        "13\u202f630\u202f€",
        "2019",
        "2015",
        "3e plus bas sur 16",
        *[
            f"{thousands}\u202f{rest}\u202f€"
            for thousands, rest in ((19, 400), (19, 560), (20, 360), (21, 930))
        ],
    ]


def test_an_unproven_year_is_marked_and_no_cell_is_empty():
    page, _ = show(CENTRE)
    found = tables(page)
    table = found[f"Emploi : {LATEST}"]
    assert row(table, "Taux d'emploi des 15-64 ans")[2] == "fichier 2021*"
    assert all(all(cells) for theme in THEMES for cells in found[f"{theme} : {LATEST}"])


def test_every_indicator_is_in_the_tab_of_its_theme_as_the_engine_says():
    page, _ = show(CENTRE)
    assert [tab.label for tab in page.tabs] == list(THEMES)
    found = tables(page)
    for theme in THEMES:
        own = [one for one in atlas().readings if one.indicator.theme == theme]
        lines = found[f"{theme} : {LATEST}"][1:]
        assert [tuple(cells) for cells in lines] == indicator_lines(atlas(), CENTRE, own)
        for reading, cells in zip(own, lines, strict=True):
            assert cells[1] == reading.indicator.text(
                reading.quarters["value"][CENTRE], reading.quarters["status"][CENTRE]
            )


def test_the_figure_shown_is_the_engine_s_for_all_quarters_and_indicators():
    table = every_figure(atlas())
    years = table[["data_year", "file_year"]].fillna(0).astype("int64")
    table = table.assign(**years)
    texts = table.set_index(["quarter", "indicator", "data_year", "file_year"])["text"]
    for code in atlas().quarters["qpv_code"]:
        lines = indicator_lines(atlas(), code, atlas().readings)
        for reading, cells in zip(atlas().readings, lines, strict=True):
            vintage = reading.vintage
            when = (vintage.data_year or 0, vintage.file_year or 0) if vintage else (0, 0)
            assert cells[1] == texts[(code, reading.indicator.code, *when)]


def test_a_theme_says_what_is_not_installed_and_what_its_indicators_are():
    page, _ = show(CENTRE)
    said = "4 indicateurs de ce thème n'ont pas de chiffre installé (n.d.). À installer : Insee, "
    assert frame.plain(f"{said}table TECO.") in [caption.value for caption in page.caption]
    shown = unescape("".join(bodies(page)))
    for one in atlas().indicators.values():
        assert one.definition in shown
        assert not one.numerator or f"Rapport : {one.numerator} / {one.denominator}." in shown
    assert "colonnes TX_TOT_EDLIM (fichiers 2021 et suivants) et TX_TOT_EPREC" in shown


@pytest.mark.parametrize("code", [CENTRE, LIEBAUT])
@pytest.mark.parametrize("words", [{}, {"year": 2024}, {"funders": ("etat-147",)}])
def test_money_is_that_of_the_engine(code, words):
    page, selection = show(code, **words)
    rows = selected(atlas(), selection)
    whole = grand_total(rows)
    shown = cards(page)
    assert f"<dd>{wording.euros(whole['granted_cents'])}</dd>" in shown["Accordé"]
    assert f"<dd>{wording.euros(whole['requested_cents'])}</dd>" in shown["Demandé"]
    assert f"<dd>{whole['projects']}</dd>" in shown["Projets"]
    found = tables(page)
    for column, title in (("group", "famille de thèmes"), ("funder", "financeur")):
        bars = found[f"Accordé par {title} : {wording.euros(whole['granted_cents'])}"]
        cents = totals(rows, column)["granted_cents"]
        assert sorted(cells[1] for cells in bars) == sorted(
            wording.euros(value) for value in cents[cents > 0]
        )
        assert cents.sum() == whole["granted_cents"]
    total = found["Crédits accordés d'une année à l'autre"][-1]
    assert total[2] == wording.euros(whole["granted_cents"])


def test_projects_are_those_that_serve_the_quarter():
    page, selection = show(CENTRE)
    table = projects_of(atlas(), selection)
    grid = page.dataframe[0].value
    assert list(grid["title"]) == list(table["title"])
    assert round(grid["granted_cents"].sum() * 100) == table["granted_cents"].sum()
    assert wording.euros(int(table["granted_cents"].sum())) in text_of(page)


def test_first_year_has_no_change():
    page, _ = show(CENTRE, year=2023)
    assert "Ce programme n'a pas d'année 2022" in text_of(page)
    assert "Crédits accordés d'une année à l'autre" not in tables(page)


@pytest.mark.parametrize("codes", [(CENTRE, LIEBAUT), (CENTRE, LIEBAUT, MASKED, "QN06204M")])
def test_side_by_side_shows_each_quarter_as_it_is_alone(codes):
    page, selection = show(*codes)
    money = tables(page)["Les moyens en 2025 (part de chaque quartier)"]
    table = by_quarter(selected(atlas(), selection), list(codes))
    assert money[0][1:] == [atlas().quarter_labels[code] for code in codes]
    assert row(money, "Accordé")[1:] == [wording.euros(cents) for cents in table["granted_cents"]]
    assert row(money, "Projets")[1:] == [wording.number(count) for count in table["projects"]]
    figures = tables(page)["Chiffres clés"]
    common = row(figures, "Revenu médian, dernière année commune")
    alone = {CENTRE: "13\u202f630\u202f€", LIEBAUT: "13\u202f560\u202f€"}
    assert common[1:3] == [alone[code] for code in codes[:2]]
    assert common[-4:] == ["19\u202f400\u202f€", "21\u202f930\u202f€", "2019", "2015"]
    assert len(figures[0]) == len(codes) + 5


def test_families_and_funders_add_up_in_each_column():
    page, selection = show(CENTRE, LIEBAUT)
    money = tables(page)["Les moyens en 2025 (part de chaque quartier)"]
    first, second = (cells[0] for cells in money if len(cells) == 1)
    cuts = [index for index, cells in enumerate(money) if len(cells) == 1]
    assert (first, second) == ("Accordé par famille de thèmes", "Accordé par financeur")
    rows = selected(atlas(), selection)
    for part, column in ((money[cuts[0] + 1 : cuts[1]], "group"), (money[cuts[1] + 1 :], "funder")):
        for place, code in enumerate((CENTRE, LIEBAUT), start=1):
            own = totals(rows[rows["qpv_code"] == code], column)["granted_cents"]
            paid = sorted(cells[place] for cells in part if cells[place] != "0\u202f€")
            assert paid == sorted(wording.euros(cents) for cents in own[own > 0])


def test_more_than_four_quarters_are_announced_and_cut():
    codes = tuple(atlas().quarters["qpv_code"][:6])
    page, _ = show(*codes)
    assert page.info[0].value.startswith("6 quartiers sont choisis")
    assert len(tables(page)["Chiffres clés"][0]) == 4 + 5


@pytest.mark.parametrize("codes", [(), (CENTRE,), (CENTRE, LIEBAUT)])
def test_empty_selection_says_so_and_keeps_the_indicators(codes):
    page, _ = show(*codes, dispositifs=("fonjep",))
    assert not page.error
    if len(codes) == 1:
        assert page.info[0].value.startswith("Aucun projet de la sélection ne sert ce quartier.")
        assert "44\u202f%" in cards(page)["Taux de pauvreté"]


@pytest.mark.parametrize("codes", [(), (CENTRE,), (CENTRE, LIEBAUT)])
def test_real_programme_serves_no_quarter_and_says_what_it_leaves_out(codes):
    page, selection = show(*codes, programme="postes", year=2023)
    whole = grand_total(selected(atlas(), selection, quarters=False))
    left = f"{whole['projects']} projets ({wording.euros(whole['granted_cents'])} accordés) ne sont"
    assert left in text_of(page)
    assert "Données fictives" not in text_of(page)


@pytest.mark.parametrize("codes", [(), (CENTRE,), (CENTRE, LIEBAUT)])
def test_sources_name_each_year_and_perimeter(codes):
    page, _ = show(*codes)
    last = bodies(page)[-1]
    for key in ("insee_qpv", "filosofi_qpv", "demo_projets"):
        assert atlas().catalogue[key].credit in unescape(last)
    assert "périmètre 2015" in last


def test_a_file_at_fault_shows_its_message():
    fault = DataFileError("projets.csv, ligne 3 : montant illisible.")
    page, _ = show(CENTRE, opened=Atlas(DATA), fault=fault)
    assert page.error[0].value == frame.plain(str(fault))


def test_names_and_titles_of_users_stay_text():
    opened = Atlas(DATA)
    opened.quarters = opened.quarters.assign(qpv_name=HOSTILE, commune_names=HOSTILE)
    programmes = opened._programmes
    projects, funding = programmes.tables(opened.territory.programme("demo"))
    hostile = projects.assign(title=HOSTILE, operator=HOSTILE)
    programmes._tables["demo"] = (0, (hostile, funding))
    for codes in ((), (CENTRE,), (CENTRE, LIEBAUT)):
        page, _ = show(*codes, opened=opened)
        assert not [body for body in bodies(page) if "<img" in body]
        words = [element.value for element in (*page.markdown, *page.caption)]
        words += [button.label for button in page.button] + [head.value for head in page.header]
        assert any("onerror" in text for text in (*words, *bodies(page)))
        for text in (text for text in words if "onerror" in text):
            # The frame writes the selection small and grey: its own marks, around an escaped text.
            assert not re.search(r"(?<!\\)[<`$\[:{]", text.replace(":small[:gray[", ""))


def charts_of(page):
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart")]


def test_trends_mark_each_break_and_write_their_own_numbers():
    page, _ = show(CENTRE)
    specs = charts_of(page)
    assert len(specs) == 2
    for spec in specs:
        rule = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "rule")
        assert rule["encoding"]["x"]["field"] == "cut"
        line = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")
        assert line["encoding"]["detail"]["field"] == "segment"


def test_trend_keeps_masked_years_apart_from_the_line():
    indicator = atlas().indicators["poverty_rate"]
    every = atlas().history("poverty_rate")
    points = every[every["qpv_code"] == MASKED]
    spec = trend.trend(points, indicator, trend.domain_of(every)).to_dict()
    data = next(rows for rows in spec["datasets"].values() if "status" in rows[0])
    last = data[-1]
    assert (last["status"], last["text"], last["short"]) == ("secret", "secret", "secret")
    assert last["height"] < every["value"].min()
    assert data[0]["text"] == "41,4\u202f%"
    cuts = next(rows for rows in spec["datasets"].values() if "cut" in rows[0])
    assert [rule["cut"] for rule in cuts] == [2015.5, 2017.5, 2018.5, 2019.5]


def test_trend_marks_the_change_of_perimeter_and_the_table_says_it():
    """The figures of 2024 perimeters are made up here, in a frame of the test's own."""
    opened = Atlas(DATA)
    every = opened.history("poverty_rate")
    last = every[every["year"] == 2021].assign(year=2023, generation=2024, value=30.0)
    reason = "changement de périmètre : 2015, puis 2024"
    last = last.assign(segment=last["segment"] + 1, break_reason=reason, status="published")
    longer = pd.concat([every, last], ignore_index=True)
    opened._histories["poverty_rate"] = longer
    points = longer[longer["qpv_code"] == CENTRE]
    spec = trend.trend(points, opened.indicators["poverty_rate"], (20.0, 60.0)).to_dict()
    cuts = next(rows for rows in spec["datasets"].values() if "cut" in rows[0])
    assert cuts[-1] == {"cut": 2022.5, "text": reason}
    page, _ = show(CENTRE, opened=opened)
    table = tables(page)["Valeurs publiées, par année de la donnée"]
    assert row(table, "2023")[1] == f"30,0\u202f% ({reason})"
    assert "changement de périmètre" in text_of(page)


def test_a_quarter_says_which_it_continues_and_where_its_figures_were_measured():
    page, _ = show(CENTRE)
    words = text_of(page).replace("\\", "")
    assert "Génération 2024 : même quartier, périmètre modifié (2015 : QP062011)." in words
    assert "Chiffre mesuré sur le périmètre 2015, montré sur le quartier de 2024." in words
