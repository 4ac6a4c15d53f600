"""The glossary: every word a reader meets, found whatever the accents; a fault is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import wording
from geo.errors import DataFileError
from store.glossary import glossary, matching
from tests.samples import DATA

TERMS = glossary(DATA)
NAMES = [term for term, _ in TERMS]


@pytest.mark.parametrize(
    "word",
    [
        *("QPV", "Taux de pauvreté", "Médiane", "Rupture de série", "Dispositif", "Millésime"),
        *("Périmètre", "Point", "Rang", "Intervalle à 95 %", "Filosofi", "RPLS", "NPNRU"),
        *wording.STATUS_WORDS.values(),
    ],
)
def test_a_word_of_the_screens_is_explained(word):
    assert word in NAMES


def test_terms_come_once_in_french_order():
    assert len(set(NAMES)) == len(NAMES)
    assert NAMES.index("Décile") < NAMES.index("Demandé, accordé, accordé N-1 (mêmes actions)")


@given(st.sampled_from(TERMS))
def test_a_term_is_found_by_its_name_without_accents_or_capitals(pair):
    assert pair in matching(TERMS, f"  {pair[0].upper()} ")
    assert matching(TERMS, "mediane")[0][0] == "Médiane"


def test_a_word_that_is_nowhere_finds_nothing():
    assert matching(TERMS, "xyzzy") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "aucun terme"),
        ("terms = 3", "liste de tables"),
        ('[[terms]]\nterm = "a"', "n° 1"),
        ('[[terms]]\nterm = 1\nwords = "b"', "n° 1"),
        ('[[terms]]\nterm="a"\nwords="b"\n[[terms]]\nterm="Â"\nwords="c"', "déjà expliqué"),
        ("[[terms", "illisible"),
    ],
)
def test_a_broken_glossary_says_what_is_wrong(tmp_path, text, told):
    (tmp_path / "glossary.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=told):
        glossary(tmp_path)


def test_a_missing_glossary_is_named(tmp_path):
    with pytest.raises(DataFileError, match=r"glossary\.toml"):
        glossary(tmp_path)
