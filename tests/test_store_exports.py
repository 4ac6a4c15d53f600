"""Every content in every format: read back by others' readers, equal counts and totals."""

import io
import json
import sqlite3
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import replace
from pathlib import Path

import geoparquet_validator
import openpyxl
import pandas as pd
import pyogrio
import pytest
from frictionless import Resource, Schema, system, validate

from analysis.selection import Selection
from geo.errors import AtlasError, CrsError
from geo.spreadsheets import to_xlsx
from store.atlas import Atlas
from store.contents import CONTENTS, TABLES, content
from store.dictionary import dictionary
from store.exports import ALL, Options, columns_of, export_bytes, formats_of
from store.packages import MANIFEST, package, verify
from store.subsidies import COLUMNS, subsidies
from tests.samples import atlas, copy_data

DEMO = Selection("demo", 2025)
TIME = "2026-01-02T03:04:05+00:00"
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


def read_back(what, file_format, crs=4326):
    body = export_bytes(atlas(), DEMO, what, file_format, Options(crs))
    if file_format == "csv":
        return pd.read_csv(io.BytesIO(body), sep=";", decimal=",", encoding="utf-8-sig")
    if file_format == "xlsx":
        return pd.read_excel(io.BytesIO(body), sheet_name=0, engine="openpyxl")
    if file_format == "parquet":
        return pd.read_parquet(io.BytesIO(body))
    with tempfile.TemporaryDirectory() as folder:  # GDAL wants the extension of the format
        path = Path(folder) / f"a.{file_format}"
        path.write_bytes(body)
        return pyogrio.read_dataframe(path, layer=0)


@pytest.mark.parametrize("what", CONTENTS)
def test_every_format_reads_back_with_equal_counts_and_totals(what):
    layer = content(atlas(), DEMO, what)
    for file_format in set(formats_of(what)) - {"scdl"}:
        back = read_back(what, file_format)
        assert len(back) == len(layer)
        if "accorde_eur" in layer:
            assert round(back["accorde_eur"].sum() * 100) == round(layer["accorde_eur"].sum() * 100)
        if "statut_chiffre" in layer:
            assert list(back["statut_chiffre"]) == list(layer["statut_chiffre"])
            assert (back["valeur"].isna() == layer["valeur"].isna().to_numpy()).all()


def test_the_dictionary_tells_every_column_of_every_content():
    known = dictionary(atlas(), DEMO)
    assert known["colonne"].is_unique
    assert known["signification"].str.len().gt(0).all()
    for what in CONTENTS:
        assert set(columns_of(atlas(), DEMO, what)) <= set(known["colonne"])
        assert set(read_back(what, "csv").columns) <= set(known["colonne"])
    assert set(COLUMNS) <= set(known["colonne"])


def test_every_row_says_whether_it_is_fictitious():
    for what in CONTENTS:
        assert "donnees_fictives" in content(atlas(), DEMO, what)


@pytest.mark.parametrize("what", ["quarters", "projects", "locations"])
@pytest.mark.parametrize("crs", [4326, 2154])
def test_parquet_is_geoparquet_and_systems_are_said(what, crs):
    body = export_bytes(atlas(), DEMO, what, "parquet", Options(crs))
    report = geoparquet_validator.check_bytes(what, body)
    assert geoparquet_validator.conformant(report)
    # Advice of the 2.0 distribution profile; a file with rows of no shape has no covering box.
    spared = set() if what == "quarters" else {"/conf/distribution/geospatial-statistics"}
    assert set(geoparquet_validator.failed(report)) <= spared
    for file_format in ("gpkg", "fgb"):
        assert read_back(what, file_format, crs).crs.to_epsg() == crs


def test_what_a_format_cannot_hold_is_refused_in_french():
    with pytest.raises(CrsError, match="RFC 7946"):
        export_bytes(atlas(), DEMO, "quarters", "geojson", Options(2154))
    for what in TABLES:
        with pytest.raises(AtlasError, match="géométrie"):
            export_bytes(atlas(), DEMO, what, "fgb")
    with pytest.raises(AtlasError, match="subventions"):
        export_bytes(atlas(), DEMO, "quarters", "scdl")
    with pytest.raises(AtlasError, match="qu'un contenu"):
        export_bytes(atlas(), DEMO, ALL, "csv")


def test_geopackage_has_layers_styles_metadata_and_no_hour(tmp_path):
    body = export_bytes(atlas(), DEMO, ALL, "gpkg")
    path = tmp_path / "a.gpkg"
    path.write_bytes(body)
    names = {name for name, _ in pyogrio.list_layers(path)}
    assert {"quartiers", "projets", "financements", "dictionnaire", "selection"} <= names
    with sqlite3.connect(path) as base:
        styles = dict(base.execute("SELECT f_table_name, styleQML FROM layer_styles").fetchall())
        dates = {date for (date,) in base.execute("SELECT last_change FROM gpkg_contents")}
        notes = [text for (text,) in base.execute("SELECT metadata FROM gpkg_metadata")]
    base.close()
    assert set(styles) == {"quartiers", "projets"} and len(dates) == 1
    for qml in styles.values():
        root = ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314
        assert len(root.findall(".//rule")) == len(root.findall(".//symbol")) > 4
    assert any("Licence Ouverte" in note for note in notes)


def test_a_workbook_runs_nothing_and_keeps_every_text():
    texts = ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "nul\x01", "a"]
    frame = pd.DataFrame({"=1+1": texts, "n": range(8), "jour": ["2025-01-02"] * 8})
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx({"Essai": frame}, dates=["jour"])))
    sheet = book["Essai"]
    assert sheet.freeze_panes == "A2"
    assert {cell.data_type for cell in sheet["A"]} == {"s"}
    assert sheet["A2"].value == "=1+1" and sheet["A2"].quotePrefix
    assert sheet["B3"].value == 1 and sheet["C2"].is_date
    assert to_xlsx({"Essai": frame}) == to_xlsx({"Essai": frame})


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


@pytest.fixture(scope="module")
def made():
    return package(atlas(), replace(DEMO, themes=("1.1",)), TIME)


def repacked(body, name, change):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {one: archive.read(one) for one in archive.namelist()}
    files[name] = change(files[name])
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for one, content_ in files.items():
            archive.writestr(one, content_)
    return out.getvalue()


def test_a_package_is_made_again_to_the_byte(made):
    assert package(atlas(), replace(DEMO, themes=("1.1",)), TIME) == made
    assert verify(atlas(), made) == ()
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        assert {"LICENCE.txt", "dictionnaire.csv"} <= set(archive.namelist())
    assert manifest["fictif"] is True and manifest["date"] == TIME
    assert manifest["totaux_centimes"]["accorde"] > 0


def test_what_differs_is_named(made):
    lines = verify(atlas(), repacked(made, "LICENCE.txt", lambda body: body + b"x"))
    assert any("LICENCE.txt" in line and "modifié" in line for line in lines)

    def other(body):
        manifest = json.loads(body)
        manifest["entrees"]["qpv_2024"] = "0" * 64
        return json.dumps(manifest).encode()

    assert any("qpv_2024" in line for line in verify(atlas(), repacked(made, MANIFEST, other)))


@pytest.mark.parametrize("body", [b"{}", b"[", b'{"edition": 1, "selection": 3}', b"\xff"])
def test_what_is_no_package_is_refused(made, body):
    with pytest.raises(AtlasError, match=MANIFEST):
        verify(atlas(), repacked(made, MANIFEST, lambda _: body))
