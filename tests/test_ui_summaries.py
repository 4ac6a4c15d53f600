"""Every page opens with two sentences that agree with the engine's figures."""

import re
from html import unescape

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis import summaries, wording
from analysis.measure import EFFORT
from analysis.programme import grand_total
from analysis.selection import Selection
from store.measures import measure
from store.tables import projects_of, quarter_table, selected
from tests.samples import atlas
from ui import navigation

ATLAS = atlas()
LE_CENTRE, LIEBAUT = "QN06211M", "QN06208M"
DEMO = Selection("demo", 2025)
# A sentence ends with a point followed by a capital, or by nothing; « n.d. » does not end one.
END = re.compile(r"(?<!n\.d)(?<!n\.s)[.!?](?=\s+[A-ZÀ-Ý«]|\s*$)")
# Pages that other tests hold, each with its own words.
PAGES = ("carte", "tableau", "quartiers", "projets", "comparer", "evolutions", "decider", "donnees")
JOURNAL = pd.DataFrame(
    {
        "imported_at": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-03"]),
        "year": [2024, 2025, 2025],
        "file_name": ["a.csv", "b.csv", "b.csv"],
        "undoes": pd.array([None, None, 2], dtype="Int64"),
        "undone_by": pd.array([None, 3, None], dtype="Int64"),
    }
)


def script(word, selection, atlas):
    import streamlit as st

    from ui import frame, navigation, state

    words = {"measure": "granted_per_inhabitant", "indicator": "poverty_rate"}
    for name, value in (words | {f"years_{page}": "" for page in state.FIGURE_PAGES}).items():
        st.session_state.setdefault(state.key(name), value)
    entry = next(entry for entry in navigation.PAGES if entry.word == word)
    st.navigation([*navigation.streamlit_pages(lambda _: None).values()], position="hidden")
    frame.draw_page(entry, atlas, selection)


def summary(word, selection=DEMO):
    given = {"word": word, "selection": selection, "atlas": ATLAS}
    page = AppTest.from_function(script, kwargs=given, default_timeout=120).run()
    assert not page.exception
    text = "".join(element.proto.body for element in page.get("html"))
    lead = unescape(re.findall(r'<p class="lead">(.*?)</p>', text, re.S)[0])
    if word == "tableau":
        lead = f"{page.subheader[0].value} {lead}".replace("\\", "")
    return lead


def sentences(text):
    return len(END.findall(text))


def test_the_pages_are_those_of_the_navigation():
    assert set(PAGES) <= {entry.word for entry in navigation.PAGES}


@pytest.mark.parametrize("quarters", [(), (LE_CENTRE,)], ids=["all", "one"])
@pytest.mark.parametrize("word", PAGES)
def test_a_page_opens_with_two_sentences(word, quarters):
    text = summary(word, Selection("demo", 2025, quarters=quarters))
    assert sentences(text) == 2, text
    assert re.search(r"\d", text)


@pytest.mark.parametrize("word", ["carte", "tableau", "projets", "decider"])
def test_two_sentences_too_where_little_is_known(word):
    assert sentences(summary(word, Selection("postes", 2023))) == 2


def test_the_map_says_the_range_of_its_colours():
    found = measure(ATLAS, DEMO, EFFORT).figures
    known = found["value"].dropna()
    text = summary("carte")
    for code in (str(known.idxmin()), str(known.idxmax())):
        assert str(found["text"].at[code]) in text
        assert ATLAS.quarter_labels[code] in text


def test_the_dashboard_says_the_total_and_the_year_before():
    text = summary("tableau")
    now, then = (
        grand_total(selected(ATLAS, Selection("demo", year)))["granted_cents"]
        for year in (2025, 2024)
    )
    assert wording.euros(now) in text
    assert wording.signed(100 * (now - then) / then, 1) in text


def test_the_list_says_its_largest_amount():
    table = projects_of(ATLAS, DEMO)
    assert wording.euros(int(table["granted_cents"].max())) in summary("projets")


def test_two_quarters_side_by_side_say_their_poverty_and_their_means():
    text = summary("quartiers", Selection("demo", 2025, quarters=(LE_CENTRE, LIEBAUT)))
    each = quarter_table(ATLAS, DEMO)["granted_per_inhabitant"]
    assert sentences(text) == 2
    for code in (LE_CENTRE, LIEBAUT):
        assert wording.euros(round(each[code])) in text
    assert "44\u202f% à Le Centre" in text


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        ({"a": 3, "b": 5}, "« B » : 5 projets sur 9."),
        ({"a": 0, "b": 0}, "Sur 9 projets, aucun doute n'est à lever."),
    ],
)
def test_the_queue_names_its_most_frequent_case(cases, words):
    counts = pd.DataFrame({"projects": pd.Series(cases)})
    assert summaries.queued(counts, {"a": "A", "b": "B"}, 9).endswith(words)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (8000, "Au total, 1 projet soutenu reçoit 100\u202f€ (+20\u202f€, +25,0\u202f% par"),
        (None, "le programme ne dit rien de 2024."),
    ],
)
def test_a_year_is_set_against_the_one_before_when_there_is_one(before, words):
    whole = pd.Series({"granted_cents": 10_000})
    then = None if before is None else pd.Series({"granted_cents": before})
    assert words in summaries.year_total(2025, 1, whole, then)
    nothing = pd.Series({"granted_cents": pd.NA})
    assert "Aucun montant accordé" in summaries.year_total(2025, 0, nothing, then)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1.0, 3.0, 2.0], "« X » va de 1 (N0) à 3 (N1), parmi 3 quartiers."),
        ([1.0, None, 2.0], "« X » va de 1 (N0) à 2 (N2), parmi 2 quartiers publiés sur 3."),
        ([2.0, 2.0, 2.0], "« X » est de 2, pour 3 quartiers."),
        ([None, None, None], "« X » n'est publié pour aucun quartier."),
    ],
)
def test_a_range_counts_only_what_is_published(values, words):
    figures = pd.DataFrame({"value": pd.Series(values, dtype="float64")})
    figures.index = pd.Index(["Q0", "Q1", "Q2"])
    figures["status"] = figures["value"].notna().map({True: "published", False: "secret"})
    figures["text"] = figures["value"].map(wording.number)
    names = {"Q0": "N0", "Q1": "N1", "Q2": "N2"}
    assert summaries.spread("« X »", figures, names) == words


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "Aucun import n'est en vigueur."),
        ([1, 2], "Aucun import n'est en vigueur."),
        (
            [0, 1, 2],
            "1 import est en vigueur ; le dernier, « a.csv » pour 2024, date du 1er mars 2025.",
        ),
    ],
)
def test_an_import_is_told_while_it_holds(rows, words):
    text = summaries.imported(JOURNAL.iloc[rows])
    assert text.startswith(words)
    assert sentences(text) == 2
