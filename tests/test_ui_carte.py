"""The map page: legend, panel and table say what the engine says."""

import re
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.measure import EFFORT
from analysis.palette import GROUP_COLOURS
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS
from reports import legend, map_state
from store.material import gather_map
from store.measures import measure, measure_labels
from store.tables import projects_of, quarter_table, selected
from tests.samples import atlas
from tests.test_store_lived import with_place
from ui import layers

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


def codes():
    return tuple(atlas().quarters["qpv_code"])


def state_of(selection, code=EFFORT, switches=None):
    material = gather_map(atlas(), selection, code)
    return map_state.state(material, codes(), drawn_by(selection), switches or map_state.Layers())


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


def test_what_reaches_no_quarter_is_missing_on_the_map_not_zero():
    chosen = measure(atlas(), POSTS, EFFORT)
    assert set(chosen.figures["status"]) == {"absent"}
    assert set(chosen.figures["text"]) == {wording.MISSING}
    classes = map_state.classes_of(chosen)
    assert classes.count == 0
    text = legend.quarters_legend(chosen, classes)
    assert "non disponible (16)" in text
    assert len(set(state_of(POSTS).classes)) == 1
    assert not state_of(POSTS).classes[0].isdigit()


def test_a_proper_name_keeps_its_capital_in_the_list_of_measures():
    assert measure_labels(atlas())["gini"].endswith(" : indice de Gini du revenu disponible")


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
    assert found[caption][-1][-1] == "100\u202f%"


@pytest.mark.parametrize("code", list(measure_labels(atlas())))
def test_every_measure_gives_a_class_or_a_mark_to_every_quarter(code):
    state = state_of(DEMO, code)
    figures = measure(atlas(), DEMO, code).figures
    for mark, status in zip(state.classes, figures["status"], strict=True):
        assert mark.isdigit() == (status == "published")
    used = {int(mark) for mark in state.classes if mark.isdigit()}
    assert used == set(range(len(state.colours)))
    assert "Source : " in state.note


@pytest.mark.parametrize("code", [EFFORT, "poverty_rate", "vacancy_rate"])
def test_the_legend_counts_every_quarter_once(code):
    chosen = measure(atlas(), DEMO, code)
    classes = map_state.classes_of(chosen)
    text = legend.quarters_legend(chosen, classes)
    assert sum(int(n) for n in re.findall(r"</i>[^<]*\((\d+)\)", text)) == 16
    for colour in state_of(DEMO, code).colours:
        assert colour in text


def printed(text):
    """The number in a printed figure: « 1 234,5 € par habitant » → 1234.5."""
    (digits,) = re.findall(r"^[−-]?[\d\u202f\xa0]+(?:,\d+)?", text)
    return float(re.sub(r"[\u202f\xa0]", "", digits).replace(",", ".").replace("−", "-"))


def assert_figures_lie_in_their_printed_ranges(chosen):
    classes = map_state.classes_of(chosen)
    html = legend.quarters_legend(chosen, classes)
    ranges = re.findall(r"</i>([^<]*?) (?:(à moins de|à) ([^<]*?) )?\(\d+\)", html)
    material = replace(gather_map(atlas(), DEMO, EFFORT), measure=chosen)
    look = map_state.state(material, codes(), drawn_by(DEMO), map_state.Layers())
    for mark, text in zip(look.classes, look.labels, strict=True):
        if not mark.isdigit():
            continue
        low, joint, high = ranges[int(mark)]
        value = printed(text)
        assert printed(low) <= value <= printed(high or low), (chosen.code, text)
        assert joint != "à moins de" or value < printed(high), (chosen.code, text)


@pytest.mark.parametrize("selection", [DEMO, Selection("demo", 2024), POSTS], ids=str)
@pytest.mark.parametrize("code", list(measure_labels(atlas())))
def test_every_printed_figure_lies_in_the_range_the_legend_prints(code, selection):
    assert_figures_lie_in_their_printed_ranges(measure(atlas(), selection, code))


@given(st.lists(st.integers(-99_999, 99_999), min_size=16, max_size=16), st.integers(0, 1))
def test_no_hidden_decimal_contradicts_the_legend(thousandths, decimals):
    chosen = measure(atlas(), DEMO, "poverty_rate")
    values = [value / 1000 for value in thousandths]
    figures = chosen.figures.assign(
        value=values,
        status="published",
        text=[wording.percent(value, decimals) for value in values],
    )
    assert_figures_lie_in_their_printed_ranges(replace(chosen, figures=figures, decimals=decimals))


def test_the_legend_carries_the_letters_of_the_map():
    html = legend.projects_legend(atlas().territory, drawn_by(DEMO))
    found = re.findall(r'class="d" style="background:(#\w+);color:(#\w+)">([^<]*)</i>([^<]*)', html)
    for group, colour, (ground, ink, letter, word) in zip(
        atlas().territory.nomenclature.groups, GROUP_COLOURS, found, strict=False
    ):
        assert (ground, letter, unescape(word)) == (colour, group.letter, group.label)
        assert ink in ("#000000", "#ffffff")
    assert len(found) >= len(atlas().territory.nomenclature.groups) > 0


def test_a_project_opened_on_the_map_is_shown_beside_it_and_closed():
    project = projects_of(atlas(), DEMO).iloc[0]
    page = opened()
    page.session_state["map_project"] = project["project_id"]
    page.run()
    assert project["title"] in [text.value.replace("\\", "") for text in page.subheader]
    next(one for one in page.button if one.label == "Fermer le projet").click().run()
    assert project["title"] not in [text.value.replace("\\", "") for text in page.subheader]
    # Another programme's, or what a browser made up, opens nothing.
    page.session_state["map_project"] = "../x"
    page.run()
    assert not page.exception
    assert "Fermer le projet" not in [one.label for one in page.button]


def test_the_legend_of_the_map_counts_every_quarter_in_the_words_of_the_table():
    for code in (EFFORT, "poverty_rate"):
        chosen = measure(atlas(), DEMO, code)
        state = state_of(DEMO, code)
        counted = {mark: int(re.findall(r"\((\d+)\)$", words)[0]) for mark, words in state.key}
        assert counted == dict(Counter(state.classes))
        text = legend.quarters_legend(chosen, map_state.classes_of(chosen))
        assert all(words in unescape(text) for _, words in state.key)


def test_lived_places_are_offered_where_the_territory_declares_some(tmp_path):
    assert len(atlas().lived) == 0
    assert not state_of(DEMO).lived
    with_lived, _ = with_place(tmp_path)
    material = gather_map(with_lived, DEMO, EFFORT)
    drawn = layers.points(with_lived, "vécu", "demo")
    assert map_state.state(material, codes(), drawn, map_state.Layers()).lived


def test_with_a_choice_the_map_says_what_its_circles_show_and_how_to_widen_it():
    said = "Les cercles montrent les seuls projets qui servent ce quartier."
    page = opened(quartier="QN06208M")
    assert said in [caption.value for caption in page.caption]
    button = next(one for one in page.button if one.label == "Voir tous les quartiers")
    button.click().run()
    assert page.query_params["annee"] == "2025"
    assert "quartier" not in page.query_params
    assert said not in [caption.value for caption in page.caption]


def test_several_chosen_quarters_can_be_compared():
    page = opened(quartier="QN06208M,QN06211M")
    links = {link.proto.label: link.proto.query_string for link in page.get("page_link")}
    assert "QN06208M%2CQN06211M" in links["Comparer ces quartiers"]
    alone = opened(quartier="QN06208M").get("page_link")
    assert "Comparer ces quartiers" not in [link.proto.label for link in alone]


def test_circles_show_the_selected_projects_and_no_other():
    drawn = drawn_by(DEMO)
    sizes = state_of(Selection("demo", 2025, themes=("1.1",))).sizes
    shown = drawn.projects.loc[[mark != "-" for mark in sizes]]
    assert len(shown) > 0
    assert set(shown["year"]) == {2025}
    assert set(shown["theme"]) == {"1.1"}
    assert set(state_of(DEMO, switches=map_state.Layers(projects=False)).sizes) == {"-"}


def test_every_selected_project_is_on_the_map_or_counted_beside_it():
    drawn = drawn_by(DEMO)
    on_map = sum(mark != "-" for mark in state_of(DEMO).sizes)
    beside, _ = map_state.not_drawn(selected(atlas(), DEMO), drawn)
    assert on_map + beside == grand_total(selected(atlas(), DEMO))["projects"]


def test_the_real_posts_are_all_counted_beside_the_map():
    count, cents = map_state.not_drawn(selected(atlas(), POSTS), drawn_by(POSTS))
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
