"""The selection and the URL: a link gives the same figures, and nothing in it can break a page."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from analysis.allocation import RULES
from analysis.measure import EFFORT
from analysis.selection import USUAL_INDICATOR, Selection
from analysis.vocabulary import labels
from store.atlas import Atlas
from store.measures import measure_labels
from tests.samples import DATA, atlas, copy_data
from ui import state
from ui.navigation import PAGES

APP = Path(__file__).resolve().parent.parent / "app.py"
ANYTHING = "<img src=x onerror=alert(1)>,$x$,../../etc/passwd,=1+1"


def opened(**words):
    page = AppTest.from_file(str(APP), default_timeout=60)
    page.query_params.update(words)
    page.run()
    assert not page.exception
    return page


def words_of(page):
    read = page.query_params.items()
    return {name: value if isinstance(value, str) else value[-1] for name, value in read}


def codes(column):
    return st.lists(st.sampled_from(list(labels(atlas().territory, column))), unique=True)


@settings(deadline=None)
@given(
    year=st.sampled_from([2023, 2024, 2025]),
    filters=st.fixed_dictionaries({item.field: codes(item.column) for item in state.FILTERS}),
    quarters=st.lists(st.sampled_from(list(atlas().quarter_labels)), unique=True),
    rules=st.lists(st.sampled_from(RULES), unique=True).map(tuple),
)
def test_a_link_reproduces_any_selection(year, filters, quarters, rules):
    chosen: dict[str, Any] = {name: tuple(found) for name, found in filters.items()}
    selection = Selection("demo", year, quarters=tuple(quarters), rules=rules, **chosen)
    values, notices = state.parse(state.query(selection), atlas())
    assert not notices
    assert values.pop("measure") == EFFORT
    assert values.pop("indicator") == USUAL_INDICATOR
    assert [values.pop(f"years_{page}") for page in state.FIGURE_PAGES] == ["", ""]
    for word in (word for words in state.PAGE_WORDS.values() for word in words):
        assert values.pop(word) == ""
    read: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in values.items()
    }
    assert Selection(**read) == selection


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "programme",
                "annee",
                "theme",
                "statut",
                "quartier",
                "indicateur",
                "besoin",
                "seuil",
                "x",
            ]
        ),
        st.text(max_size=30),
    )
)
def test_any_url_gives_a_selection(words):
    values, _ = state.parse(words, atlas())
    assert values["year"] in atlas().years(values["programme"])
    assert set(values["quarters"]) <= set(atlas().quarter_labels)


def test_defaults_are_the_latest_year_of_the_default_programme():
    page = opened()
    assert words_of(page) == {"programme": "demo", "annee": "2025"}
    assert page.title[0].value == "Carte"


@pytest.mark.parametrize("code", ["QN06211M", "QN06208M"])
def test_a_link_to_a_quarter_opens_its_page(code):
    page = opened(quartier=code)
    assert page.title[0].value == "Quartiers"
    assert words_of(page)["quartier"] == code


def test_a_full_link_opens_the_map_on_its_quarter_and_indicator():
    page = opened(programme="demo", annee="2024", quartier="QN06208M", indicateur="poverty_rate")
    assert page.title[0].value == "Carte"
    assert words_of(page) == {
        "programme": "demo",
        "annee": "2024",
        "quartier": "QN06208M",
        "indicateur": "poverty_rate",
    }


def test_unknown_values_fall_back_with_a_notice():
    page = opened(programme="demo", annee="1999", quartier="QN99999X", theme=ANYTHING)
    (notices,) = [info.value.replace("\\", "") for info in page.info]
    for word in ("1999", "QN99999X", "Thèmes"):
        assert word in notices, "all in one box"
    assert "Année « 1999 » : valeur inconnue ; à la place, « 2025 »." in notices
    assert words_of(page) == {"programme": "demo", "annee": "2025"}


def test_another_programme_falls_back_on_its_latest_year():
    page = opened()
    page.sidebar.selectbox[0].set_value("postes").run()
    assert not page.exception
    assert words_of(page) == {"programme": "postes", "annee": "2023"}


@pytest.mark.parametrize("word", ["", "hasard", "equal,equal", "population;equal"])
def test_an_unknown_sharing_falls_back_on_the_usual_one_with_a_notice(word):
    values, notices = state.parse({"partage": word}, atlas())
    assert values["rules"] == RULES
    assert notices == [f"Partage « {word} » : valeur inconnue ; à la place, règle par défaut."]


def test_a_what_if_is_said_on_every_page_and_the_reset_drops_it():
    page = opened(partage="population,declared")
    said = [element.proto.body for element in page.get("html")]
    words = "<strong>Hypothèse</strong> : partage au prorata de la population, à défaut selon les"
    assert any(words in body for body in said)
    assert words_of(page)["partage"] == "population,declared"
    box = next(one for one in page.sidebar.selectbox if one.label == "Partage entre quartiers")
    assert len(box.options) == 5, "the four ways to share, and the one of the link"
    box.set_value(()).run()
    assert words_of(page)["partage"] == "aucun"
    page.sidebar.button[0].click().run()
    assert words_of(page) == {"programme": "demo", "annee": "2025"}
    assert not any("Hypothèse" in element.proto.body for element in page.get("html"))


def test_the_reset_empties_every_filter():
    page = opened(
        programme="demo", annee="2024", theme="1.1", statut="granted", quartier="QN06208M"
    )
    page.sidebar.button[0].click().run()
    assert words_of(page) == {"programme": "demo", "annee": "2024"}


def test_a_selection_is_said_in_words():
    said = state.in_words(Selection("demo", 2025, themes=("1.1", "1.2")), atlas())
    assert said.startswith("Programmation 2025 · Éducation, Santé · tous financeurs")
    assert said.endswith("16 quartiers")


def test_filters_are_those_of_a_selection():
    names = {item.field for item in state.FILTERS}
    assert names | {"programme", "year", "quarters", "rules"} == set(asdict(Selection("x", 1)))


def broken(tmp_path, monkeypatch, name):
    data = copy_data(tmp_path)
    monkeypatch.setenv("ATLAS_DATA_DIR", str(data))
    (data / name).unlink()
    return data


def test_without_the_layer_a_well_formed_code_of_the_link_is_kept(tmp_path, monkeypatch):
    data = broken(tmp_path, monkeypatch, "qpv/qpv_2024.geojson")
    values, notices = state.parse({"quartier": "QN06208M,QN99999X,../x"}, Atlas(data))
    assert values["quarters"] == ["QN06208M", "QN99999X"]
    assert notices == ["Quartier « ../x » : valeur inconnue, ignorée."]
    page = opened(quartier="QN06208M,QN99999X")
    assert not any("inconnue" in info.value for info in page.info)
    assert any("geojson" in error.value for error in page.error)
    assert words_of(page)["quartier"] == "QN06208M,QN99999X"
    shutil.copy(DATA / "qpv/qpv_2024.geojson", data / "qpv")
    page.run()
    assert not page.exception
    assert not page.error
    assert words_of(page)["quartier"] == "QN06208M"


def test_an_unknown_value_is_replaced_in_words():
    _, notices = state.parse({"programme": "x", "indicateur": "y"}, atlas())
    labels = [atlas().territory.programme("demo").label, measure_labels(atlas())[EFFORT]]
    assert notices == [
        f"{name} « {word} » : valeur inconnue ; à la place, « {label} »."
        for name, word, label in zip(("Programme", "Indicateur"), "xy", labels, strict=True)
    ]


def test_every_file_at_fault_is_told_at_once_in_one_box(tmp_path, monkeypatch):
    data = broken(tmp_path, monkeypatch, "qpv/qpv_2024.geojson")
    (data / "qpv/communes.csv").write_text("altéré", encoding="utf-8")
    (data / "qpv/correspondance_2015_2024.csv").unlink()
    page = opened()
    (error,) = page.error
    for name in ("qpv_2024.geojson", "communes.csv", "correspondance_2015_2024.csv"):
        assert name in error.value.replace("\\", "")
    assert not page.warning


@pytest.mark.parametrize("name", ["indicators.toml", "qpv/catalogue.toml"])
def test_a_missing_catalogue_is_said_on_the_page_without_machine_path(tmp_path, monkeypatch, name):
    data = broken(tmp_path, monkeypatch, name)
    page = opened(indicateur="poverty_rate")
    said = " ".join(error.value for error in page.error).replace("\\", "")
    assert name in said
    assert "git restore" in said
    assert str(data) not in said
    assert "Errno" not in said


@pytest.mark.parametrize("entry", ["carte", "quartiers"])
def test_a_missing_set_of_figures_is_said_once_and_pages_work(tmp_path, monkeypatch, entry):
    data = broken(tmp_path, monkeypatch, "indicators.toml")
    shutil.copy(DATA / "indicators.toml", data)
    lost = Atlas(data).dataset("filosofi").path
    lost.unlink()
    words = {
        "carte": {"annee": "2025", "quartier": "QN06208M", "indicateur": "poverty_rate"},
        "quartiers": {"quartier": "QN06208M"},
    }[entry]
    page = opened(**words)
    assert not page.exception
    assert not page.error
    assert len(page.warning) == 1
    assert lost.name in page.warning[0].value.replace("\\", "")


def test_a_link_reproduces_the_indicator_and_the_years_of_a_page_of_figures():
    page = opened(indicateur="population", donnees="2013")
    assert "valeur inconnue" not in " ".join(str(one.value) for one in page.info)
    assert page.session_state["selection_measure"] == EFFORT, "a count is not a colour"
    assert page.session_state["selection_indicator"] == "population"
    assert page.session_state["selection_years_comparer"] == "2013"


def test_what_a_page_asks_is_read_from_the_link_and_the_unknown_is_said():
    words = {"besoin": "first_decile:2,employment_rate", "echelle": "rank", "base": "poor"}
    values, notices = state.parse({**words, "colonnes": "group", "seuil": "80"}, atlas())
    assert not notices
    assert {word: values[word] for word in words} == words
    assert [values["colonnes"], values["seuil"]] == ["group", "80"]
    wrong = {"besoin": "population,first_decile:99,gini", "base": "x", "seuil": "101"}
    values, notices = state.parse(wrong, atlas())
    assert [values["besoin"], values["base"], values["seuil"]] == ["gini", "", ""]
    assert len(notices) == 3
    assert "population" in notices[0]
    assert "first_decile:99" in notices[0]


ASKED = {
    "carte": {"indicateur": "poverty_rate"},
    "comparer": {"indicateur": "median_income", "donnees": "2018"},
    "evolutions": {"indicateur": "median_income"},
    "besoins": {"besoin": "poverty_rate:3,median_income", "echelle": "rank", "base": "poor"},
    "couverture": {"colonnes": "group", "seuil": "60"},
}


def shared(word, words):
    import streamlit as st

    from tests.samples import atlas
    from ui import navigation, sharing, state

    for name, value in state.parse(words, atlas())[0].items():
        st.session_state.setdefault(state.key(name), value)
    entry = next(entry for entry in navigation.PAGES if entry.word == word)
    st.text(sharing.address(entry))


@pytest.mark.parametrize("word", [entry.word for entry in PAGES])
def test_the_address_that_a_page_gives_is_read_as_what_it_showed(word):
    selection = Selection(
        *("demo", 2024, ("1.1", "1.5a"), ("caf",), ("granted",), ("appel-a-projets",)),
        quarters=("QN06211M", "QN06208M"),
        rules=("equal",),
    )
    words = state.query(selection) | ASKED.get(word, {})
    given = {"word": word, "words": words}
    page = AppTest.from_function(shared, kwargs=given, default_timeout=60).run()
    assert not page.exception
    address = urlsplit(page.text[0].value)
    assert address.path == ("/" if word == PAGES[0].word else f"/{word}")
    assert dict(parse_qsl(address.query)) == words
    values, notices = state.parse(dict(parse_qsl(address.query)), atlas())
    assert (values, notices) == state.parse(words, atlas())
    assert notices == []
