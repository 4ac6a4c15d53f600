"""The granted money as rows of the national schema « SCDL subventions »."""

import pytest
from frictionless import Resource, Schema, system, validate

from analysis.selection import Selection
from geo.errors import AtlasError
from store.atlas import Atlas
from store.exports import export_bytes
from store.subsidies import COLUMNS, subsidies
from tests.samples import atlas, copy_data

DEMO = Selection("demo", 2025)
# The rules of the published schema, in our own words.
REQUIRED = {
    *("nomAttribuant", "idAttribuant", "dateConvention", "nomBeneficiaire", "objet"),
    *("montant", "nature", "conditionsVersement", "datesPeriodeVersement"),
    *("notificationUE", "pourcentageSubvention"),
}
TYPES = {"dateConvention": "date", "montant": "number", "pourcentageSubvention": "number"}
PATTERNS = {
    "idAttribuant": r"^\d{14}$",
    "datesPeriodeVersement": r"^\d{4}-\d{2}-\d{2}(/\d{4}-\d{2}-\d{2})?$",
}


def declared(tmp_path):
    """The territory with SIRET of its funders, and a programme whose operators have one."""
    data = copy_data(tmp_path)
    path = data / "territories" / f"{atlas().territory.code}.toml"
    text = path.read_text(encoding="utf-8")
    for funder in atlas().territory.funders:
        mark = f'[[funders]]\ncode = "{funder.code}"\n'
        assert mark in text
        text = text.replace(mark, f'{mark}siret = "35600000000048"\n')
    path.write_text(text, encoding="utf-8")
    opened = Atlas(data)
    loaded = opened.programme("demo")
    loaded.projects["operator_siret"] = loaded.projects["operator_siret"].where(
        loaded.projects.index % 5 == 0, "35600000000048"
    )
    return opened


def test_subsidies_pass_the_rules_of_the_schema(tmp_path):
    opened = declared(tmp_path)
    found = subsidies(opened, DEMO)
    assert found.left_out and "SIRET du porteur" in found.remark
    body = export_bytes(opened, DEMO, "funding", "scdl")
    (tmp_path / "s.csv").write_bytes(body)
    fields = [
        {
            "name": name,
            "type": TYPES.get(name, "string"),
            "constraints": {
                "required": name in REQUIRED,
                **({"maxLength": 256} if name == "objet" else {}),
                **({"pattern": PATTERNS[name]} if name in PATTERNS else {}),
            },
        }
        for name in COLUMNS
    ]
    schema = Schema.from_descriptor({"fields": fields})
    with system.use_context(trusted=True):
        report = validate(Resource(path=str(tmp_path / "s.csv"), schema=schema))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type"])[:3]
    assert len(found.rows) > 10
    assert found.rows["objet"].str.startswith("[FICTIF] ").all()


def test_no_subsidy_is_invented():
    with pytest.raises(AtlasError, match="SIRET de l'attribuant"):
        export_bytes(atlas(), DEMO, "funding", "scdl")
