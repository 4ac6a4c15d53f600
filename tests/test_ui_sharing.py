"""Every view says where all the money goes, to the cent, whatever the way it is shared."""

import base64
import json
import re
import zlib
from dataclasses import replace
from html import unescape

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis import wording
from analysis.allocation import CENTS
from analysis.programme import by_target, grand_total
from analysis.selection import Selection
from analysis.vocabulary import SITUATION_WORDS, TARGET_WORDS
from reports import map_state
from store.atlas import Atlas
from store.tables import projects_of, quarter_table, selected
from tests.samples import atlas, copy_data
from ui import layers

DEMO = Selection("demo", 2025)
SELECTIONS = {
    "usual": DEMO,
    "equal parts": replace(DEMO, rules=("equal",)),
    "not shared": replace(DEMO, rules=()),
    "filters": replace(DEMO, year=2024, themes=("1.1", "2.1"), funders=("etat-147", "caf")),
    "posts": Selection("postes", 2021),
}
CAPTIONS = {
    "carte": "Programmation {year}, tous quartiers",
    "tableau": "Le total, au centime",
    "quartiers": "Programmation {year}, tous quartiers",
    "projets": "Totaux de la liste, {year}",
}
# Where the three amounts stand in a row, in the order of CENTS.
COLUMNS = dict.fromkeys(CAPTIONS, (2, 3, 4)) | {"tableau": (4, 2, 5)}


def script(word, selection, atlas):
    import streamlit as st

    from ui import filters, frame, navigation, state

    for name, value in state.parse(state.query(selection), atlas)[0].items():
        st.session_state.setdefault(state.key(name), value)
    entry = next(entry for entry in navigation.PAGES if entry.word == word)
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    filters.render(atlas)
    frame.draw_page(entry, atlas, selection)


def show(word, selection, opened=None):
    given = {"word": word, "selection": selection, "atlas": opened or atlas()}
    page = AppTest.from_function(script, kwargs=given, default_timeout=60).run()
    assert not page.exception
    assert not page.error
    return page


def html_of(page):
    return "".join(element.proto.body for element in page.get("html"))


def table(page, caption):
    body = re.search(
        rf"<table><caption>{re.escape(caption)}</caption>(.*?)</table>", html_of(page), re.S
    )
    assert body, caption
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", body[1], re.S)
    return [
        [unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


def texts_of(points):
    packed = zlib.decompress(base64.b64decode(points.layer.content["packed"])).decode()
    return str(json.loads(packed))


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS)
@pytest.mark.parametrize("word", CAPTIONS)
def test_every_view_shows_the_five_targets_and_their_total(word, selection):
    page = show(word, selection)
    _, *parts, total = table(page, CAPTIONS[word].format(year=selection.year))
    rows = selected(atlas(), selection)
    buckets, whole = by_target(rows), grand_total(rows)
    assert [row[0].partition(".")[0] for row in parts] == list(TARGET_WORDS.values())
    for name, column in zip(CENTS, COLUMNS[word], strict=True):
        assert [row[column] for row in parts] == [
            wording.euros(cents, 2) for cents in buckets[name]
        ]
        assert total[column] == wording.euros(whole[name], 2)
        assert buckets[name].sum() == (0 if pd.isna(whole[name]) else whole[name])
    assert ("<strong>Hypothèse</strong>" in html_of(page)) == selection.what_if


def test_a_what_if_changes_the_figures_of_a_quarter_on_the_screen():
    chosen = replace(DEMO, rules=("equal",))
    usual, now = (quarter_table(atlas(), one)["granted_cents"] for one in (DEMO, chosen))
    code = str((usual - now).abs().idxmax())
    row = next(
        row
        for row in table(
            show("carte", chosen), "Les mêmes chiffres en tableau (2025, tous quartiers)"
        )
        if row[0] == atlas().quarter_labels[code]
    )
    assert row[3] == wording.euros(now[code]) != wording.euros(usual[code])


def test_possible_duplicates_are_a_section_of_the_projects_and_a_line_of_the_dashboard():
    page = show("projets", DEMO)
    assert [box.label for box in page.expander] == ["Doublons possibles (2)"]
    header, *rows = table(page, "Paires de projets qui se ressemblent")
    assert header == ["Projet", "Porteur", "Référence", "Accordé"]
    sections = [row[0] for row in rows if len(row) == 1]
    assert sections == [
        f"Intitulé, porteur et montant presque identiques (ressemblance 100{wording.NARROW}%)",
        f"Même référence de dossier (ressemblance 81{wording.NARROW}%)",
    ]
    assert len([row for row in rows if len(row) == 4]) == 4
    said = "Doublons possibles : 2 paires de projets à vérifier"
    captions = [text.value.replace("\\", "") for text in show("tableau", DEMO).caption]
    assert any(text.startswith(said) for text in captions)
    before = [text.value for text in show("tableau", replace(DEMO, year=2024)).caption]
    assert not any("Doublons" in text for text in before)
    assert not show("projets", replace(DEMO, year=2024)).expander


def test_a_project_of_a_lived_place_is_marked_in_the_table_and_on_the_map(tmp_path):
    project = projects_of(atlas(), DEMO).query("situation == 'outside'").iloc[0]
    data = copy_data(tmp_path)
    path = data / "territories" / f"{atlas().territory.code}.toml"
    place = (
        '[[lived_places]]\nlabel = "Gymnase fictif"\nqpv = "QN06208M"\nradius_m = 300\n'
        f"lon = {project['lon']}\nlat = {project['lat']}\n"
        'reason = "essai"\nsource = "essai"\n'
    )
    path.write_text(path.read_text(encoding="utf-8") + place, encoding="utf-8")
    opened = Atlas(data)
    shown = show("projets", DEMO, opened).dataframe[0].value
    marked = shown[shown["served"].str.endswith(map_state.LIVED)]
    assert project["title"] in set(marked["title"])
    assert set(marked["served"]) == {opened.quarter_labels["QN06208M"] + map_state.LIVED}
    assert map_state.LIVED in texts_of(layers.points(opened, "essai-lieux", "demo"))
    assert map_state.LIVED not in texts_of(layers.points(atlas(), "essai-sans", "demo"))
    assert SITUATION_WORDS["lived_area"].startswith("Quartier vécu")
