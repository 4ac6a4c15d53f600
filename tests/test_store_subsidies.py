"""The granted money as rows of the national schema « SCDL subventions »."""

import io
import json
from pathlib import Path
from typing import ClassVar

import attrs
import pandas as pd
import pytest
from frictionless import Check, Checklist, Resource, Schema, errors, system, validate
from stdnum.fr import siret

from analysis.selection import Selection
from geo.errors import AtlasError
from geo.writers import to_csv
from store.exports import export_bytes
from store.subsidies import COLUMNS, subsidies
from store.tables import loaded
from tests.samples import SHARED, atlas

DEMO = Selection("demo", 2025)
OURS = Path(__file__).resolve().parent.parent / "docs" / "schema" / "subventions.json"
RULES = json.loads(OURS.read_text(encoding="utf-8"))
SOUND = {
    **dict.fromkeys(COLUMNS, ""),
    **{"nomAttribuant": "Attribuant", "idAttribuant": "35600000000048"},
    **{"dateConvention": "2025-02-03", "nomBeneficiaire": "Bénéficiaire", "objet": "Objet"},
    **{"idBeneficiaire": "35600000000048", "montant": "1500.00", "nature": "aide en numéraire"},
    **{"conditionsVersement": "unique", "datesPeriodeVersement": "2025-01-01/2025-12-31"},
    **{"notificationUE": "non", "pourcentageSubvention": "1.00"},
}


@attrs.define(kw_only=True, repr=False)
class FrenchSiret(Check):
    """The schema's own check « french-siret-value »."""

    column: str
    Errors: ClassVar = [errors.CellError]

    def validate_row(self, row):
        value = row[self.column]
        if value and not siret.is_valid(value):
            yield errors.CellError.from_row(row, note="siret", field_name=self.column)


@attrs.define(kw_only=True, repr=False)
class OneOfRequired(Check):
    """The schema's own check « one-of-required »."""

    columns: tuple[str, str]
    Errors: ClassVar = [errors.RowConstraintError]

    def validate_row(self, row):
        if not any(row[name] for name in self.columns):
            yield errors.RowConstraintError.from_row(row, note="one of required")


def checks():
    """The checks that the schema declares, as frictionless takes them."""
    found: list[Check] = []
    for one in RULES["custom_checks"]:
        given = one["params"]
        if one["name"] == "french-siret-value":
            found.append(FrenchSiret(column=given["column"]))
        else:
            found.append(OneOfRequired(columns=(given["column1"], given["column2"])))
    return found


def report_of(body, folder):
    """What frictionless says of a file under every rule of the schema: (row, field, error)."""
    path = folder / "s.csv"
    path.write_bytes(body)
    schema = Schema.from_descriptor({"fields": RULES["fields"]})
    with system.use_context(trusted=True):
        report = validate(
            Resource(path=str(path), schema=schema), checklist=Checklist(checks=checks())
        )
    return report.flatten(["rowNumber", "fieldName", "type"])


def test_our_words_of_the_schema_are_its_rules():
    path = SHARED / "samples" / "schemas" / "scdl_subventions_2.1.1.json"
    if not path.is_file():
        pytest.skip("le schéma publié n'est pas à côté du projet")
    published = json.loads(path.read_text(encoding="utf-8"))
    kept = ("name", "type", "trueValues", "falseValues", "constraints")
    rules = [[{key: one.get(key) for key in kept} for one in each["fields"]]
             for each in (RULES, published)]  # fmt: skip
    assert rules[0] == rules[1]
    assert RULES["custom_checks"] == published["custom_checks"]


def test_the_columns_are_those_of_the_schema_in_its_order():
    assert list(COLUMNS) == [one["name"] for one in RULES["fields"]]


@pytest.mark.parametrize("year", [2025, 2024, 2023])
def test_the_demonstration_passes_every_rule_and_counts_what_it_leaves_out(tmp_path, year):
    selection = Selection("demo", year)
    found = subsidies(atlas(), selection)
    body = export_bytes(atlas(), selection, "funding", "scdl")
    assert report_of(body, tmp_path) == []
    assert len(found.rows) > 20
    assert found.rows["objet"].str.startswith("[FICTIF] ").all()
    granted = loaded(atlas(), selection).funding
    years = loaded(atlas(), selection).projects.set_index("project_id")["year"]
    granted = granted[granted["project_id"].map(years).eq(year) & granted["granted_cents"].gt(0)]
    assert len(found.rows) < len(granted) <= len(found.rows) + sum(found.left_out.values())
    cents = found.rows["montant"].str.replace(".", "").astype(int)
    assert set(cents) <= set(granted["granted_cents"])


FAULTS = {
    **{("required", one["name"]): "" for one in RULES["fields"]
       if one.get("constraints", {}).get("required")},
    ("pattern", "idAttribuant"): "3560000000004",
    ("siret", "idAttribuant"): "35600000000049",
    ("siret", "idBeneficiaire"): "12345678901234",
    ("pattern", "rnaBeneficiaire"): "W12",
    ("type", "dateConvention"): "03/02/2025",
    ("type", "montant"): "1500,00",
    ("maxLength", "objet"): "x" * 257,
    ("enum", "nature"): "aide",
    ("maxLength", "conditionsVersement"): "x" * 257,
    ("pattern", "datesPeriodeVersement"): "2025",
    ("maxLength", "idRAE"): "123456",
    ("type", "notificationUE"): "false",
    ("minimum", "pourcentageSubvention"): "0",
    ("maximum", "pourcentageSubvention"): "100",
}  # fmt: skip


@pytest.mark.parametrize(("fault", "value"), FAULTS.items(), ids=["-".join(one) for one in FAULTS])
def test_each_rule_can_fail(tmp_path, fault, value):
    sound = to_csv(pd.DataFrame([SOUND]), dialect="international")
    assert report_of(sound, tmp_path) == []
    wrong = to_csv(pd.DataFrame([SOUND | {fault[1]: value}]), dialect="international")
    assert {name for _, name, _ in report_of(wrong, tmp_path)} == {fault[1]}


def test_a_number_of_associations_stands_for_a_siret(tmp_path):
    neither = SOUND | {"idBeneficiaire": ""}
    body = to_csv(pd.DataFrame([neither]), dialect="international")
    assert [kind for _, _, kind in report_of(body, tmp_path)] == ["row-constraint"]
    body = to_csv(
        pd.DataFrame([neither | {"rnaBeneficiaire": "W621001234"}]), dialect="international"
    )
    assert report_of(body, tmp_path) == []


def test_no_subsidy_is_invented():
    with pytest.raises(AtlasError, match=r"SIRET de l'attribuant.*date de décision absente \(13\)"):
        export_bytes(atlas(), Selection("postes", 2023), "funding", "scdl")


def test_a_file_without_a_row_keeps_its_header():
    empty = Selection("demo", 2025, themes=("4.2",), dispositifs=("npnru",))
    body = export_bytes(atlas(), empty, "funding", "scdl")
    assert list(pd.read_csv(io.BytesIO(body))) == list(COLUMNS)
