"""The page « À décider »: its queue is the engine's, and a decision moves the totals."""

import csv
import io
import re
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import cli
from analysis import wording
from analysis.decisions import CASES, DECISIONS
from analysis.programme import by_target
from analysis.selection import Selection
from geo.writers import to_csv
from store.atlas import Atlas
from store.cases import cases, counts, export_cases
from store.tables import selected
from tests.samples import DATA, copy_data, rewrite

DEMO = Selection("demo", 2025)
POSTS = Selection("postes", 2023)
HOSTILE = "<img src=x onerror=window.PWN=1> *gras* $x$ {{7*7}} =1+1"


def script(selection, atlas):
    import streamlit as st

    from ui import frame, navigation

    entry = next(entry for entry in navigation.PAGES if entry.word == "decider")
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def show(atlas, selection=DEMO):
    given = {"selection": selection, "atlas": atlas}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    return page


def choose(page, alt, row):
    """Tick a row of the table with this name, as a click does."""
    table = next(one for one in page.dataframe if one.proto.alt == alt)
    page.session_state[table.key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    page.run()
    assert not page.exception
    return page


def html_of(page):
    return unescape("".join(element.proto.body for element in page.get("html")))


def rows_of(page, caption):
    table = re.search(rf"<caption>{caption}</caption>(.*?)</table>", html_of(page), re.S)
    assert table, caption
    cells = re.findall(r"<tr[^>]*>(.*?)</tr>", table[1], re.S)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in cells]


def messages(page, kind):
    return " ".join(box.value.replace("\\", "") for box in page.get(kind))


@pytest.fixture
def atlas(tmp_path) -> Atlas:
    return Atlas(DATA, database=f"sqlite:///{tmp_path}/var/atlas.sqlite")


def position_of(atlas, kind):
    queue = cases(atlas, DEMO)
    row = queue[(queue["kind"] == kind) & (queue["granted_cents"] > 0)].index[0]
    return int(row), queue.loc[row]


def undecided_cents(atlas):
    return by_target(selected(atlas, DEMO))["granted_cents"]["undecided"]


def test_the_counts_are_those_of_the_engine_and_add_up(atlas):
    page, table = show(atlas), counts(cases(atlas, DEMO))
    found = {row[0]: row[1:] for row in rows_of(page, "Ce qui n'est pas sûr, par cas")}
    for kind, row in table.iterrows():
        if row["projects"]:
            assert found[CASES[str(kind)]] == [
                wording.number(row["projects"]),
                wording.euros(int(row["requested_cents"])),
                wording.euros(int(row["granted_cents"])),
            ]
    assert found["Total"][2] == wording.euros(int(table["granted_cents"].sum()))
    assert wording.euros(int(table["granted_cents"].sum())) in html_of(page)


def test_the_real_posts_have_nothing_to_decide(atlas):
    page = show(atlas, POSTS)
    assert "En 2023, aucun projet de la sélection n'attend de décision" in html_of(page)


def test_a_case_opens_with_its_facts_and_the_effect_of_a_decision(atlas):
    row, case = position_of(atlas, "undecided")
    page = choose(show(atlas), "Projets à décider", row)
    words = messages(page, "markdown")
    assert case["finding"] in words
    assert "passent de Indécis (près d'une limite) à" in words
    assert case["operator"] in html_of(page)
    page.radio[0].set_value("outside").run()
    assert "à Hors quartier" in messages(page, "markdown")
    assert atlas.journal.size() == 0


def test_a_decision_is_recorded_moves_the_money_and_is_undone(atlas):
    row, case = position_of(atlas, "undecided")
    before = undecided_cents(atlas)
    page = choose(show(atlas), "Projets à décider", row)
    page.radio[0].set_value("outside").run()
    page.text_area[0].set_value("Visite sur place").run()
    page.text_input(key="settling_author").set_value("A. Essai").run()
    press(page, "Enregistrer la décision")
    assert "Décision n° 1 enregistrée" in messages(page, "success")
    assert undecided_cents(atlas) == before - case["granted_cents"]
    choose(page, "Décisions prises", 0)
    page.text_input(key="undo_1").set_value("Erreur").run()
    page.text_input(key="settling_author_undo").set_value("B. Essai").run()
    press(page, "Annuler cette décision")
    assert "Décision n° 1 annulée" in messages(page, "success")
    assert undecided_cents(atlas) == before


def press(page, label):
    next(button for button in page.button if button.label == label).click().run()
    assert not page.exception


def test_an_incomplete_decision_says_what_is_missing(atlas):
    page = choose(show(atlas), "Projets à décider", position_of(atlas, "undecided")[0])
    press(page, "Enregistrer la décision")
    found = messages(page, "error")
    assert "Le motif manque" in found
    assert "Le nom manque" in found
    assert atlas.journal.size() == 0


def test_a_declared_quarter_may_be_kept(atlas):
    row, case = position_of(atlas, "declared_elsewhere")
    page = choose(show(atlas), "Projets à décider", row)
    assert page.radio[0].value == "keep_declared"
    page.text_area[0].set_value("Public du quartier").run()
    page.text_input(key="settling_author").set_value("A").run()
    press(page, "Enregistrer la décision")
    (entry,) = atlas.journal.entries("demo").to_dict("records")
    assert entry["quarters"] == ", ".join(case["codes"])
    assert case["project_id"] not in set(cases(atlas, DEMO)["project_id"])


def test_where_nothing_can_be_written_the_page_is_read_only(tmp_path):
    (tmp_path / "var").write_text("a file where the folder should be")
    blocked = Atlas(DATA, database=f"sqlite:///{tmp_path}/var/atlas.sqlite")
    page = choose(show(blocked), "Projets à décider", 0)
    assert "Lecture seule" in messages(page, "warning")
    assert not [button for button in page.button if button.label.startswith("Enregistrer")]


@pytest.fixture(scope="module")
def swapped(tmp_path_factory) -> Path:
    """The demonstration with the coordinates of a few projects swapped, and hostile titles."""
    data = copy_data(tmp_path_factory.mktemp("swapped"))
    path = data / "demo" / "projects.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    changed = 0
    for row in rows:
        row["title"] = HOSTILE
        plain = not row["declared_qpv"] and not row["address_kind"] and not row["scope"]
        if changed < 3 and plain and row["lon"] and row["year"] == "2025":
            row["lon"], row["lat"] = row["lat"], row["lon"]
            changed += 1
    assert changed == 3
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    rewrite(path, text.getvalue())
    return data


def test_a_doubtful_position_is_used_once_it_is_accepted(swapped, tmp_path):
    atlas = Atlas(swapped, database=f"sqlite:///{tmp_path}/var/atlas.sqlite")
    queue = cases(atlas, DEMO)
    doubtful = queue[queue["kind"] == "suspect_position"]
    assert len(doubtful) == 3
    page = choose(show(atlas), "Projets à décider", int(doubtful.index[0]))
    assert page.radio[0].value == "accept_position"
    assert "Longitude et latitude inversées" in messages(page, "markdown")
    page.text_area[0].set_value("Inversion évidente").run()
    page.text_input(key="settling_author").set_value("A").run()
    press(page, "Enregistrer la décision")
    key = doubtful["project_id"].iloc[0]
    loaded = atlas.programme("demo")
    row = loaded.projects.index[loaded.projects["project_id"] == key][0]
    assert loaded.located.loc[row, "location_status"] != "not_located"
    assert loaded.projects.loc[row, "lat"] > loaded.projects.loc[row, "lon"]
    assert key not in set(cases(atlas, DEMO).query("kind == 'suspect_position'")["project_id"])
    atlas.journal.undo(1, author="a", reason="b")
    assert key in set(cases(atlas, DEMO).query("kind == 'suspect_position'")["project_id"])


def test_hostile_text_stays_text(swapped, tmp_path):
    atlas = Atlas(swapped, database=f"sqlite:///{tmp_path}/var/atlas.sqlite")
    page = choose(show(atlas), "Projets à décider", 0)
    assert HOSTILE in messages(page, "subheader")
    raw = "".join(element.proto.body for element in page.get("html"))
    assert "<img" not in raw


def test_the_export_and_the_command_give_the_queue(atlas, capfd, monkeypatch, tmp_path):
    monkeypatch.setenv("ATLAS_DATABASE_URL", f"sqlite:///{tmp_path}/var/atlas.sqlite")
    queue = cases(atlas, DEMO)
    content = to_csv(export_cases(atlas, DEMO))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert [row["identifiant"] for row in rows] == list(queue["project_id"])
    assert {row["donnees_fictives"] for row in rows} == {"oui"}
    assert cli.main(["cases", "--programme", "demo", "--year", "2025", "--format", "csv"]) == 0
    assert capfd.readouterr().out.encode() == content
    assert cli.main(["cases", "--programme", "postes"]) == 0
    assert cli.main(["cases", "--programme", "demo", "--format", "xml"]) == 2


def test_every_decision_offered_is_known():
    from ui import settling

    offered = {word for words in settling._OFFERED.values() for word in words}
    assert offered == set(DECISIONS)
