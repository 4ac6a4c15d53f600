"""Files of a programme, from the bytes to the diagnosis: format, mended file, published schema."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from frictionless import Dialect, Resource, Schema, formats

from analysis.faults import counts
from analysis.mapping import from_json, to_json
from geo.errors import DataFileError
from geo.schema import FUNDING, PROJECTS, check
from store.atlas import Atlas
from store.intake import (
    columns_for,
    diagnose,
    likely_year,
    load_vocabulary,
    mended_file,
    receive,
    setting,
)
from tests.samples import atlas, copy_data
from tools.table_schema import TARGET, schema_text

SCHEMA = TARGET.parent
WORDS = load_vocabulary(atlas())
WHERE = setting(atlas(), WORDS, "essai", 2025)


def read(content, name="a.csv", kept=None):
    received = receive(content, name)
    columns = columns_for(received, WORDS, WHERE.year, kept, "correspondances.json")
    return received, columns, diagnose(received, columns, WHERE)


def validate(path):
    control = formats.CsvControl(delimiter=";")
    resource = Resource(
        path=path.name,
        basepath=str(path.parent),
        schema=Schema.from_descriptor(json.loads(TARGET.read_text(encoding="utf-8"))),
        dialect=Dialect(controls=[control]),
    )
    return resource.validate()


def test_published_schema_is_the_format_of_the_code():
    assert TARGET.read_text(encoding="utf-8") == schema_text()


def test_valid_example_passes_frictionless_and_the_atlas():
    path = SCHEMA / "exemple_valide.csv"
    report = validate(path)
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])
    _, columns, found = read(path.read_bytes())
    assert len(columns.columns) == len(WORDS.fields)
    # The embedded communes have no postcodes: that only the department was compared is said.
    assert counts(found.faults) == {"blocking": 0, "check": 0, "info": 1}
    assert found.faults["kind"].tolist() == ["postcode"]
    assert (found.rows, len(found.projects), len(found.funding)) == (3, 2, 3)
    assert found.funding["granted_cents"].sum() == 700_000


def test_invalid_example_fails_in_both():
    path = SCHEMA / "exemple_invalide.csv"
    report = validate(path)
    fields = {error[0] for error in report.flatten(["fieldName"])}
    assert {"siret", "annee", "montant_accorde", "intitule", "date_decision"} <= fields
    _, _, found = read(path.read_bytes())
    assert found.blocked
    assert found.projects.empty


def test_a_damaged_format_file_is_said(tmp_path):
    data = copy_data(tmp_path)
    (data / "import.toml").write_text("[[fields", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"import\.toml"):
        load_vocabulary(Atlas(data))


FAULTY = (
    "Référence DAUPHIN;Intitulé;Porteur;SIRET;Financeur;Montant demandé;Montant accordé\n"
    "12345-1;=1+1;Asso;7328293200074;CAF;1 000,00 €;800\n"
    "DA00012346-1;Lire;@Asso;;CAF;100,2567;\n"
    "DA00012347-1;Écrire;Asso;;CAF;abc;\n"
)


def test_mended_file_keeps_every_row_marks_what_changed_and_imports_again():
    received, columns, found = read(FAULTY.encode("cp1252"))
    content = mended_file(received, found)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rows = list(sheet.iter_rows())
    assert len(rows) == 1 + found.rows
    assert rows[1][0].value == "DA00012345-1"
    assert rows[1][0].fill.fgColor.rgb.endswith("FFF2B3")
    assert rows[3][0].fill.fgColor.rgb == "00000000"
    assert "« 12345-1 » → « DA00012345-1 »" in str(rows[1][-1].value)
    # A cell that looks like a formula is a text.
    assert (rows[1][1].value, rows[1][1].data_type) == ("=1+1", "s")
    assert rows[2][5].value == "100,26"
    _, _, again = read(content, "corrige.xlsx", to_json(columns))
    assert again.projects.equals(found.projects)
    assert again.funding.equals(found.funding)
    assert not again.mended


def test_a_kept_map_serves_another_edition_and_refuses_a_stranger():
    _, columns, found = read(FAULTY.encode())
    kept = to_json(columns)
    assert from_json(kept, "c.json", WORDS) == columns
    _, _, again = read(FAULTY.encode(), kept=kept)
    assert again.projects.equals(found.projects)
    with pytest.raises(DataFileError, match="aucune de ses colonnes"):
        read(b"x;y\n1;a\n", kept=kept)
    for content, words in (
        (b"[", "lisible"),
        (b'{"columns": {"a": {"field": "inconnu"}}}', "« inconnu » inconnue"),
        (b'{"version": 1, "columns": {"a": {"field": "granted", "funder": "x"}}}', "« x » inconnu"),
    ):
        with pytest.raises(DataFileError, match=words):
            from_json(content, "c.json", WORDS)


def test_frames_keep_their_contracts():
    _, _, found = read(FAULTY.encode())
    check(found.projects, PROJECTS, "projets")
    check(found.funding, FUNDING, "financements")


def test_subventions_of_the_scdl_are_understood():
    path = Path(__file__).resolve().parents[2].parent / "shared/samples/schemas"
    names = (
        json.loads((path / "scdl_subventions_2.1.1.json").read_text(encoding="utf-8"))
        if (path / "scdl_subventions_2.1.1.json").exists()
        else None
    )
    if names is None:
        pytest.skip("published samples are not on this machine")
    row = {one["name"]: str(one.get("example", "")) for one in names["fields"]}
    row |= {"nomAttribuant": "Région", "dateConvention": "2025-06-27"}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    _, columns, found = read(text.getvalue().encode())
    assert columns.layout == "long"
    assert found.funding[["funder", "status", "granted_cents"]].to_numpy().tolist() == [
        ["region", "granted", 4_780_020]
    ]


@pytest.mark.parametrize(
    ("name", "text", "year"),
    [
        ("a 2024.csv", "Exercice;Intitulé;Porteur;CAF voté 2025\n2023;Lire;Asso;1\n", 2023),
        ("a 2024.csv", "Intitulé;Porteur;CAF voté 2025\nLire;Asso;1\n", 2024),
        ("a.csv", "Intitulé;Porteur;CAF voté 2025;CAF accordé 2024\nLire;Asso;1;2\n", 2025),
        ("a.csv", "Intitulé;Porteur;CAF voté;Date de début\nLire;Asso;1;03/04/2022\n", 2022),
        ("a.csv", "objet,nomBeneficiaire,montant,dateConvention\nLire,Asso,1,2021-03-20\n", 2021),
        ("a.csv", "Intitulé;Porteur;CAF voté\nLire;Asso;1\n", date.today().year),
    ],
)
def test_the_year_of_a_file_is_proposed_from_what_it_says(name, text, year):
    assert likely_year(receive(text.encode(), name), WORDS) == year
