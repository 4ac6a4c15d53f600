"""What a file declares quarter by quarter: every wrong cell is named, with what was expected."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import declared
from geo.schema import PROJECTS, report
from tests.samples import project_frame


def faults(**cells):
    return declared.faults(project_frame({"declared_qpv": "QN00001A, QN00002B", **cells}))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"declared_shares": "60, 30"},
            "ligne 2, colonne « declared_shares » : « 60, 30 » ; attendu : des parts dont la somme "
            "fait 100 (ici 90).",
        ),
        (
            {"declared_shares": "33.3, 33.3"},
            "ligne 2, colonne « declared_shares » : « 33.3, 33.3 » ; attendu : des parts dont la "
            "somme fait 100 (ici 66,6).",
        ),
        (
            {"declared_shares": "100"},
            "ligne 2, colonne « declared_shares » : « 100 » ; attendu : une valeur par quartier "
            "déclaré (2 code(s) dans « declared_qpv », 1 valeur(s) ici).",
        ),
        (
            {"declared_shares": "50, 50", "declared_qpv": None},
            "ligne 2, colonne « declared_shares » : « 50, 50 » ; attendu : une valeur par quartier "
            "déclaré (0 code(s) dans « declared_qpv », 2 valeur(s) ici).",
        ),
        (
            {"qpv_beneficiaries": "10, 20, 30"},
            "ligne 2, colonne « qpv_beneficiaries » : « 10, 20, 30 » ; attendu : une valeur par "
            "quartier déclaré (2 code(s) dans « declared_qpv », 3 valeur(s) ici).",
        ),
    ],
)
def test_a_cell_that_does_not_match_the_codes_is_refused(cells, message):
    assert faults(**cells) == [message]


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"declared_shares": "60, 40"},
        {"declared_shares": "60;40"},
        {"declared_shares": "33.33, 66.67"},
        {"declared_shares": "0, 100"},
        {"qpv_beneficiaries": "120,80"},
        {"declared_shares": "50, 50", "declared_qpv": "QN00001A QN00001A"},
    ],
)
def test_cells_that_match_have_no_fault(cells):
    assert faults(**cells) == []
    assert report(project_frame(cells), PROJECTS, "essai") == ""


@pytest.mark.parametrize(
    "cell", ["60 40", "60 %, 40 %", "60, ", "-10, 110", "1e2", "33.333, 66.667"]
)
def test_a_cell_that_is_no_list_of_percentages_is_left_to_the_contract(cell):
    assert faults(declared_shares=cell) == []
    said = report(project_frame({"declared_shares": cell}), PROJECTS, "essai")
    expected = "attendu : des pourcentages séparés par des virgules, dans l'ordre des quartiers"
    assert f"colonne « declared_shares » : « {cell} » ; {expected} (60, 40)." in said


@pytest.mark.parametrize("cell", ["10.5, 3", "dix, 3", "10 3"])
def test_people_are_whole_numbers(cell):
    said = report(project_frame({"qpv_beneficiaries": cell}), PROJECTS, "essai")
    assert f"colonne « qpv_beneficiaries » : « {cell} »" in said


def test_an_address_is_of_the_activity_or_of_the_seat():
    said = report(project_frame({"address_kind": "siège"}), PROJECTS, "essai")
    assert (
        "colonne « address_kind » : « siège » ; attendu : « activity » (lieu de l'action) ou "
        "« seat » (siège du porteur)." in said
    )


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6))
def test_shares_are_read_to_the_hundredth(values):
    cell = ", ".join(f"{value // 100}.{value % 100:02d}" for value in values)
    assert declared.shares(cell) == tuple(values)


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading(cell):
    for column in ("declared_shares", "qpv_beneficiaries"):
        assert isinstance(faults(**{column: cell}), list)
