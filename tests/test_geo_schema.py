import pandas as pd
import pytest

from geo.errors import ContractError
from geo.schema import FUNDING, PROJECTS, check
from tests.samples import funding_frame, project_frame


def refusal(frame, contract, **options):
    with pytest.raises(ContractError) as caught:
        check(frame, contract, "projets.csv", **options)
    return str(caught.value)


def test_a_frame_that_keeps_its_contract_comes_back_unchanged():
    frame = project_frame({"theme": "1.5a", "commune_code": "2A004", "lon": -61.5, "lat": 16.2})
    assert check(frame, PROJECTS, "x") is frame


def test_every_fault_is_told_with_its_line_and_column():
    frame = project_frame(
        {"project_id": "A", "year": 1999},
        {"project_id": "A", "title": "   ", "theme": "éducation"},
        {"operator": None, "operator_siret": "1234567890123", "scope": "quartier"},
        {"lon": 1e8, "lat": -1e308, "commune_code": "6217", "beneficiaries": -1},
    )
    message = refusal(frame, PROJECTS)
    assert message.startswith("projets.csv (projets) : 12 défaut(s).")
    for fault in (
        "ligne 2, colonne « project_id » : « A » ; attendu : une valeur qui n'apparaît qu'une fois",
        "ligne 3, colonne « project_id » : « A »",
        "ligne 2, colonne « year » : « 1999 » ; attendu : une année entre 2000 et 2100",
        "ligne 3, colonne « title » : «     » ; attendu : un intitulé",
        "ligne 3, colonne « theme » : « éducation »",
        "ligne 4, colonne « operator » : cellule vide ; attendu : le nom du porteur",
        "ligne 4, colonne « operator_siret » : « 1234567890123 » ; attendu : un SIRET de 14",
        "ligne 4, colonne « scope » : « quartier »",
        "ligne 5, colonne « lon » : « 100000000.0 » ; attendu : une longitude en degrés",
        "ligne 5, colonne « lat » : « -1e+308 »",
        "ligne 5, colonne « commune_code » : « 6217 »",
        "ligne 5, colonne « beneficiaries » : « -1 »",
    ):
        assert fault in message, fault
    assert "ligne 12," in refusal(frame, PROJECTS, first_line=12)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("operator_siret", "12345678901234\n"),
        ("operator_siret", "١٢٣٤٥٦٧٨٩٠١٢٣٤"),
        ("commune_code", "62119 "),
        ("commune_code", "2C004"),
        ("commune_code", "1004"),
        ("project_id", "A\n"),
        ("project_id", " A"),
        ("programme", "Démo"),
        ("theme", "1.1bis"),
        ("renewal", "oui"),
        ("position_method", "gps"),
    ],
)
def test_a_code_must_match_from_end_to_end(column, value):
    assert f"colonne « {column} »" in refusal(project_frame({column: value}), PROJECTS)


def test_absent_and_unexpected_columns_are_named():
    frame = project_frame({}).drop(columns=["title"]).assign(intitule="x")
    message = refusal(frame, PROJECTS)
    assert "colonne « title » absente" in message
    assert "colonne « intitule » inattendue" in message


def test_a_column_of_the_wrong_type_is_named():
    message = refusal(project_frame({}).astype({"year": "float64"}), PROJECTS)
    assert "colonne « year » : type float64" in message


def test_the_same_funder_twice_for_a_project_is_one_fault_a_line():
    frame = funding_frame(
        {"project_id": "A", "funder": "etat"},
        {"project_id": "A", "funder": "region"},
        {"project_id": "A", "funder": "etat", "status": "refused"},
    )
    message = refusal(frame, FUNDING)
    assert "2 défaut(s)" in message
    for line in (2, 4):
        assert f"ligne {line}, colonnes « project_id », « funder » : répétées" in message


def test_only_the_first_faults_are_listed_in_full():
    frame = project_frame(*({"year": 1900 + k} for k in range(50)))
    message = refusal(frame, PROJECTS)
    assert "50 défaut(s)" in message
    assert message.count("colonne « year »") == 20
    assert "et 30 autres" in message


def test_a_long_or_broken_cell_is_told_on_one_short_line():
    frame = project_frame({"theme": "a\nb" + "x" * 5000})
    faults = [line for line in refusal(frame, PROJECTS).splitlines() if "theme" in line]
    assert len(faults) == 1
    assert len(faults[0]) < 250
    assert "a⏎b" in faults[0]


def test_missing_amounts_are_allowed_and_stay_missing():
    frame = check(funding_frame({"project_id": "A", "granted_cents": 0}), FUNDING, "x")
    assert frame["granted_cents"].tolist() == [0]
    assert frame["requested_cents"].isna().all()
    assert isinstance(frame["requested_cents"].dtype, pd.Int64Dtype)


@pytest.mark.parametrize(
    "cell", ["2024-02-30", "04/11/2024", "2024-11-4", "20241104", "2024-W01-1"]
)
def test_a_date_of_the_funding_is_a_day_that_exists_written_year_first(cell):
    message = refusal(funding_frame({"project_id": "A", "decided_on": cell}), FUNDING)
    assert "colonne « decided_on »" in message
    assert "AAAA-MM-JJ" in message


def test_dates_may_be_unknown():
    rows = ({"project_id": "A"}, {"project_id": "B", "requested_on": "2024-11-04"})
    assert check(funding_frame(*rows), FUNDING, "x")["requested_on"].notna().tolist() == [
        False,
        True,
    ]
