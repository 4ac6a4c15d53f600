"""The map page: legend, panel and table say what the engine says."""

import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS
from store.measures import EFFORT, measure, measure_labels
from store.tables import quarter_table, selected
from tests.samples import atlas
from ui import layers, legend, maps

APP = Path(__file__).resolve().parent.parent / "app.py"
DEMO = Selection("demo", 2025)
POSTS = Selection("postes", 2023)


def opened(**words):
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params.update({"programme": "demo", "annee": "2025", **words})
    page.run()
    assert not page.exception
    assert not page.error
    return page


def tables(page):
    found = {}
    for element in page.get("html"):
        for table in re.findall(r"<table>.*?</table>", element.proto.body, re.S):
            caption = unescape(re.findall(r"<caption>(.*?)</caption>", table)[0])
            rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.S)
            cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
            found[caption] = [[unescape(re.sub("<[^>]+>", "", c)) for c in row] for row in cells]
    return found


def table_beside_the_map(page):
    found = tables(page)
    return next(rows for caption, rows in found.items() if caption.startswith("Les mêmes"))


def drawn_by(selection):
    return layers.points(atlas(), "essai", selection.programme)


def map_state(selection, code=EFFORT, switches=None):
    base = maps.MapBase("/page", "/bridge", tuple(atlas().quarters["qpv_code"]), "x")
    chosen = measure(atlas(), selection, code)
    switches = switches or layers.Layers()
    return layers.state(atlas(), selection, chosen, base, drawn_by(selection), switches)


@pytest.mark.parametrize("selection", [DEMO, POSTS], ids=["demo", "postes"])
def test_the_table_shows_the_figures_of_the_engine_for_every_quarter(selection):
    page = opened(programme=selection.programme, annee=str(selection.year))
    rows = {row[0]: row[1:] for row in table_beside_the_map(page)}
    chosen = measure(atlas(), selection, EFFORT)
    engine = quarter_table(atlas(), selection)
    assert len(engine) == 16
    for code, line in zip(engine.index, engine.to_dict("records"), strict=True):
        assert rows[line["label"]] == [
            chosen.figures["text"][code],
            wording.number(line["projects"]),
            wording.euros(line["granted_cents"]),
        ]


@pytest.mark.parametrize("words", [{}, {"theme": "1.1,1.2"}, {"financeur": "region"}])
def test_the_totals_of_the_table_are_those_of_the_engine(words):
    page = opened(**words)
    filters = {
        "themes": tuple(words.get("theme", "").split(",")) if "theme" in words else (),
        "funders": (words["financeur"],) if "financeur" in words else (),
    }
    rows = selected(atlas(), Selection("demo", 2025, **filters))
    found = {row[0]: row[1:] for row in table_beside_the_map(page)}
    for target, part in by_target(rows).iterrows():
        assert found[TARGET_WORDS[str(target)]][2] == wording.euros(part["granted_cents"])
    whole = grand_total(rows)
    assert found["Total"][1:] == [
        wording.number(whole["projects"]),
        wording.euros(whole["granted_cents"]),
    ]
    assert by_target(rows)["granted_cents"].sum() == whole["granted_cents"]


@pytest.mark.parametrize("code", list(atlas().quarter_labels))
def test_the_panel_of_a_quarter_shows_its_published_figures(code):
    cells = {row[0]: row[1:] for row in tables(opened(quartier=code))["Chiffres clés"]}
    poverty = measure(atlas(), DEMO, "poverty_rate")
    assert cells["Taux de pauvreté 2021"][0] == poverty.figures.loc[code, "text"]
    assert cells["Population 2018"][0] == wording.number(atlas().population[1][code])
    assert cells["Revenu médian 2019"][1:] == [wording.euros(1940000), wording.euros(2193000)]


def test_a_masked_quarter_says_secret():
    cells = tables(opened(quartier="QN06206M"))["Chiffres clés"]
    assert ["Taux de pauvreté 2021", "secret", "n.d.", "n.d."] in cells


def test_without_a_choice_the_panel_says_where_the_money_goes():
    found = tables(opened())
    caption = next(name for name in found if name.startswith("Où vont les"))
    assert wording.euros(grand_total(selected(atlas(), DEMO))["granted_cents"]) in caption
    assert [row[0] for row in found[caption][1:]] == [*TARGET_WORDS.values(), "Total"]


@pytest.mark.parametrize("code", list(measure_labels(atlas())))
def test_every_measure_gives_a_class_or_a_mark_to_every_quarter(code):
    state = map_state(DEMO, code)
    figures = measure(atlas(), DEMO, code).figures
    for mark, status in zip(state.classes, figures["status"], strict=True):
        assert mark.isdigit() == (status == "published")
    used = {int(mark) for mark in state.classes if mark.isdigit()}
    assert used == set(range(len(state.colours)))
    assert "Source : " in state.note


@pytest.mark.parametrize("code", [EFFORT, "poverty_rate", "vacancy_rate"])
def test_the_legend_counts_every_quarter_once(code):
    chosen = measure(atlas(), DEMO, code)
    classes = layers.classes_of(chosen)
    text = legend.legend(atlas(), chosen, classes, drawn_by(DEMO), layers.Layers(projects=False))
    assert sum(int(n) for n in re.findall(r"</i>[^<]*\((\d+)\)", text)) == 16
    for colour in map_state(DEMO, code).colours:
        assert colour in text


def test_circles_show_the_selected_projects_and_no_other():
    drawn = drawn_by(DEMO)
    sizes = map_state(Selection("demo", 2025, themes=("1.1",))).sizes
    shown = drawn.projects.loc[[mark != "-" for mark in sizes]]
    assert len(shown) > 0
    assert set(shown["year"]) == {2025}
    assert set(shown["theme"]) == {"1.1"}
    assert set(map_state(DEMO, switches=layers.Layers(projects=False)).sizes) == {"-"}


def test_every_selected_project_is_on_the_map_or_counted_beside_it():
    drawn = drawn_by(DEMO)
    on_map = sum(mark != "-" for mark in map_state(DEMO).sizes)
    beside, _ = layers.not_drawn(atlas(), DEMO, drawn)
    assert on_map + beside == grand_total(selected(atlas(), DEMO))["projects"]


def test_the_real_posts_are_all_counted_beside_the_map():
    count, cents = layers.not_drawn(atlas(), POSTS, drawn_by(POSTS))
    whole = grand_total(selected(atlas(), POSTS))
    assert (count, cents) == (whole["projects"], whole["granted_cents"])
    assert count > 0


def test_an_empty_selection_says_so():
    page = opened(theme="1.6", dispositif="pre", quartier="QN06206M")
    assert any("Aucun projet" in info.value for info in page.info)


def test_the_fictitious_programme_is_flagged_and_the_real_one_is_not():
    banner = 'class="demo"'
    assert any(banner in html.proto.body for html in opened().get("html"))
    real = opened(programme="postes", annee="2023")
    assert not any(banner in html.proto.body for html in real.get("html"))
