"""The page of projects: the table, its totals, one project in full, the actors."""

import re
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.allocation import CENTS, TARGETS
from analysis.network import network_sentence, projects_sentence
from analysis.programme import by_target, grand_total, operators
from analysis.search import fold, matches
from analysis.selection import Selection
from analysis.vocabulary import TARGET_WORDS
from store.atlas import Atlas
from store.tables import projects_of, selected
from tests.imported import run, simple
from tests.samples import DATA, atlas, copy_data, rewrite
from ui import dossier

HOSTILE = "<img src=x onerror=window.PWN=1> *gras* $x$ `c` [l](http://x) :red[r] {{7*7}} =1+1"
HOSTILE_IN_CSV = f'"{HOSTILE}"'
DEMO = Selection("demo", 2025)
FILTERED = replace(DEMO, themes=("1.1", "3.1"), quarters=("QN06208M",))
POSTS = Selection("postes", 2023)
EMPTY = replace(DEMO, themes=("4.2",), dispositifs=("npnru",))


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "projets")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(selection, opened=None):
    given = {"selection": selection, "atlas": opened or atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page


def choose(page, table, row):
    """Tick a row of the page's nth table, as a click does."""
    key = page.dataframe[table].key
    page.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    page.run()
    assert not page.exception
    return page


def html_of(page):
    return "".join(element.proto.body for element in page.get("html"))


def rows_of(page, caption):
    """Return the rows of the HTML table with this caption, as texts."""
    table = re.search(rf"<table><caption>{caption}</caption>(.*?)</table>", html_of(page), re.S)
    assert table, caption
    cells = re.findall(r"<tr[^>]*>(.*?)</tr>", table[1], re.S)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in cells
    ]


def in_cents(euros):
    return [None if pd.isna(value) else round(value * 100) for value in euros]


def shown_projects(page):
    return page.dataframe[0].value


@pytest.mark.parametrize("selection", [DEMO, FILTERED, POSTS], ids=["all", "filters", "posts"])
def test_table_and_totals_are_those_of_the_engine(selection):
    page = show(selection)
    rows = selected(atlas(), selection)
    whole = grand_total(rows)
    shown = shown_projects(page)
    assert len(shown) == whole["projects"]
    engine = projects_of(atlas(), selection)
    assert list(shown["title"]) == list(engine["title"])
    for name in CENTS:
        assert in_cents(shown[name]) == in_cents(engine[name] / 100)
    *parts, total = rows_of(page, f"Totaux de la liste, {selection.year}")[1:]
    assert [row[0] for row in parts] == [TARGET_WORDS[target] for target in TARGETS]
    buckets = by_target(rows)
    assert [row[3] for row in parts] == [
        wording.euros(cents, 2) for cents in buckets["granted_cents"]
    ]
    assert total == [
        "Total",
        wording.number(whole["projects"]),
        *(wording.euros(whole[name], 2) for name in CENTS),
    ]


def test_sentence_gives_the_totals():
    whole = grand_total(selected(atlas(), DEMO))
    sentence = unescape(html_of(show(DEMO)))
    assert wording.euros(whole["granted_cents"]) in sentence
    assert wording.euros(whole["requested_cents"]) in sentence
    assert wording.plural(int(whole["projects"]), "projet") in sentence


def test_search_filters_table_and_totals_whatever_accents_and_capitals():
    page = show(DEMO)
    page.text_input(key="projects_query").set_value("DECROCHAGE college").run()
    found = shown_projects(page)
    assert 0 < len(found) < len(projects_of(atlas(), DEMO))
    assert found["title"].str.contains("décrochage au collège").all()
    total = rows_of(page, "Totaux de la liste, 2025")[-1]
    assert total[1] == wording.number(len(found))
    assert total[3] == wording.euros(round(found["granted_cents"].sum() * 100), 2)


def test_search_without_answer_says_so():
    page = show(DEMO)
    page.text_input(key="projects_query").set_value("introuvable " + HOSTILE[:40]).run()
    assert not page.exception
    assert not page.dataframe
    assert "Aucun projet" in page.info[0].value


def test_empty_selection_says_what_to_do():
    page = show(EMPTY)
    assert "réinitialisez" in page.info[0].value
    assert not page.dataframe


def test_detail_shows_every_line_of_funding_whatever_the_filters():
    selection = replace(DEMO, funders=("etat-147",))
    project = projects_of(atlas(), selection)["project_id"].iloc[0]
    funding = atlas().programme("demo").funding
    lines = funding[funding["project_id"] == project]
    assert len(lines) > 1
    page = choose(show(selection), 0, 0)
    *shown, total = rows_of(page, "Financements")[1:]
    assert len(shown) == len(lines)
    assert total[2:] == [wording.euros(grand_total(lines)[name], 2) for name in CENTS]
    *parts, whole = rows_of(page, "Pour qui")[1:]
    assert whole[2:] == total[2:]
    assert parts


@pytest.mark.parametrize("state", ["inside", "outside", "undecided", "not_located"])
def test_detail_says_where_the_project_is(state):
    loaded = atlas().programme("demo")
    table = projects_of(atlas(), DEMO)
    row = int((table["location_status"] == state).to_numpy().argmax())
    located = loaded.located.loc[loaded.projects["project_id"] == table["project_id"][row]]
    text = unescape(html_of(choose(show(DEMO), 0, row)))
    if state == "not_located":
        assert "Non localisé" in text
        return
    metres = wording.number(abs(located["distance_to_edge_m"].iloc[0]))
    assert f"{metres}\u202fm" in text
    assert f"±\u202f{wording.number(located['uncertainty_m'].iloc[0])}\u202fm" in text
    assert "Indicatif." in text


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("2025-01-15", "2025-12-01"), "du 15 janvier 2025 au 1er décembre 2025"),
        (("2025-01-15", None), "à partir du 15 janvier 2025"),
        ((None, "2025-12-01"), "jusqu'au 1er décembre 2025"),
        ((None, None), ""),
    ],
)
def test_the_days_of_a_project_are_said_as_far_as_they_are_known(cells, words):
    row = pd.Series(dict(zip(("starts_on", "ends_on"), cells, strict=True)))
    assert dossier.days(row) == words


def test_detail_shows_what_the_dossier_says_of_itself(tmp_path):
    tables = simple("P1", operator_rna="W621000001", postcode="62400", total_cost_cents=200_050)
    url = f"sqlite:///{tmp_path}/atlas.sqlite"
    opened = Atlas(DATA, database=url)
    run(opened.imports, tables)
    opened.refresh()
    text = unescape(html_of(choose(show(Selection("essai", 2025), opened), 0, 0)))
    for words in ("W621000001", "62400", wording.euros(200_050, 2)):
        assert words in text
    assert "<dt>Dates</dt>" not in text


def test_choice_does_not_outlive_a_change_of_the_rows():
    page = choose(show(DEMO), 0, 3)
    assert page.subheader
    page.text_input(key="projects_query").set_value("lecture").run()
    assert not page.subheader


def test_actors_are_those_of_the_engine():
    page = show(DEMO)
    page.button_group(key="projects_view").set_value("Acteurs").run()
    assert not page.exception
    engine = operators(selected(atlas(), DEMO))
    shown = page.dataframe[0].value
    assert list(shown["operator"]) == list(engine.index)
    assert list(shown["projects"]) == list(engine["projects"])
    assert in_cents(shown["granted_cents"]) == in_cents(engine["granted_cents"] / 100)
    page = choose(page, 0, 1)
    own = page.dataframe[1].value
    assert page.subheader[0].value.replace("\\", "") == engine.index[1]
    assert len(own) == engine["projects"].iloc[1]
    assert round(own["granted_cents"].sum() * 100) == engine["granted_cents"].iloc[1]
    page = choose(page, 1, 0)
    assert rows_of(page, "Financements")


def test_real_programme_claims_nothing_it_does_not_know():
    page = show(POSTS)
    assert "fictives" not in html_of(page)
    assert "demandé non disponible" in html_of(page)
    page = choose(page, 0, 0)
    assert "Non localisé" in html_of(page)
    assert rows_of(page, "Financements")[-1][2] == wording.MISSING


def test_hostile_texts_are_only_text(tmp_path):
    data = copy_data(tmp_path)
    path = data / "demo" / "projects.csv"
    largest = projects_of(atlas(), DEMO).iloc[0]
    text = path.read_text(encoding="utf-8")
    assert largest["title"] in text
    text = text.replace(largest["title"], HOSTILE_IN_CSV)
    rewrite(path, text.replace(largest["operator"], HOSTILE_IN_CSV))
    st.cache_resource.clear()
    opened = Atlas(data)
    page = choose(show(DEMO, opened), 0, 0)
    assert page.dataframe[0].value["title"].iloc[0] == HOSTILE
    assert "<img" not in html_of(page)
    assert HOSTILE in unescape(html_of(page))
    assert not re.search(r"(?<!\\)[<*`$\[:{]", page.subheader[0].value)
    page.button_group(key="projects_view").set_value("Acteurs").run()
    row = list(page.dataframe[0].value["operator"]).index(HOSTILE)
    page = choose(page, 0, row)
    assert not re.search(r"(?<!\\)[<*`$\[:{]", page.subheader[0].value)
    for element in page.markdown:
        assert "<img" not in element.value.replace("\\<", "")
    st.cache_resource.clear()


def test_broken_file_shows_its_message(tmp_path):
    data = copy_data(tmp_path)
    (data / "demo" / "projects.csv").write_text("tronqué", encoding="utf-8")
    page = show(DEMO, Atlas(data))
    assert "projects" in page.error[0].value
    assert not page.dataframe


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [True, True, True]),
        ("  ", [True, True, True]),
        ("ecole", [True, False, False]),
        ("ÉCOLE", [True, False, False]),
        ("coeur", [False, True, False]),
        ("cœur", [False, True, False]),
        ("l'ecole", [True, False, False]),
        ("association ecole", [True, False, False]),
        ("ecole coeur", [False, False, False]),
        ("da00000461", [False, True, False]),
        (".*", [False, False, False]),
    ],
)
def test_search(query, expected):
    frame = pd.DataFrame(
        {
            "title": ["À l’École", "Le cœur du quartier", "Jeux"],
            "operator": ["Association", "Commune", None],
            "reference": [None, "DA00000461-1", None],
        },
        index=[5, 3, 9],
    )
    found = matches(frame, ("title", "operator", "reference"), query)
    assert list(found) == expected
    assert list(found.index) == list(frame.index)


def test_fold_is_stable():
    assert fold(fold("ÉÀÇ Œuf ’")) == fold("ÉÀÇ Œuf ’") == "eac oeuf '"


def test_projects_sentence_has_no_zero_for_what_is_unknown():
    whole = pd.Series(
        {"projects": 1, "granted_cents": pd.NA, "requested_cents": pd.NA}, dtype="object"
    )
    assert projects_sentence(2025, whole, 1) == (
        "En 2025, 1 projet, de 1 porteur ; aucun montant accordé n'est connu."
    )


def test_network_sentence_agrees_with_the_figures():
    actors = pd.DataFrame(
        {
            "projects": pd.array([3, 2, 1, 1, 1, 1, 1], dtype="Int64"),
            "granted_cents": pd.array([4000, 2000, 1000, 1000, 1000, 1000, None], dtype="Int64"),
        },
        index=list("ABCDEFG"),
    )
    sentence = network_sentence(2025, actors).replace("\u202f", " ")
    assert sentence == (
        "En 2025, 7 porteurs : « A » reçoit 40 % des crédits accordés, les cinq premiers 90 %. "
        "Parmi eux, 5 n'ont qu'un projet."
    )
    several = "Tous portent plusieurs projets."
    two = network_sentence(2025, actors.head(2)).replace("\u202f", " ")
    assert two == "En 2025, 2 porteurs : « A » reçoit 67 % des crédits accordés. " + several
    assert network_sentence(2025, actors.head(1)) == f"En 2025, 1 porteur. {several}"
