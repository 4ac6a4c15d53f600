"""Every content in every format: read back by others' readers, equal counts and totals."""

import io
import itertools
import json
import sqlite3
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import geoparquet_validator
import openpyxl
import pandas as pd
import pyogrio
import pytest
from geojson_validator import validate_structure

from analysis.programme import grand_total
from analysis.selection import Selection
from analysis.vocabulary import FIGURE_WORDS
from geo.errors import AtlasError, CrsError
from geo.spreadsheets import to_xlsx
from store.contents import ALL, CONTENTS, TABLES, _kept, content
from store.exports import Options, export_bytes, export_name, formats_of
from store.styles import quarters_style
from store.tables import selected
from tests.samples import atlas

DEMO = Selection("demo", 2025)
LOOK = ("color", "style")


def read_back(what, file_format, crs=4326, selection=DEMO):
    body = export_bytes(atlas(), selection, what, file_format, Options(crs))
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


NARROW = Selection(
    "demo", 2024, themes=("1.1", "3.1"), funders=("etat-147",), quarters=("QN06208M", "QN06211M")
)


@pytest.mark.parametrize("what", CONTENTS)
def test_filters_hold_in_every_format_and_system_and_two_runs_give_the_same_bytes(what):
    whole = grand_total(selected(atlas(), NARROW))
    assert whole["granted_cents"] > 0
    for file_format, crs in itertools.product(set(formats_of(what)) - {"scdl"}, (4326, 2154)):
        if (file_format, crs) == ("geojson", 2154):
            continue
        body = export_bytes(atlas(), NARROW, what, file_format, Options(crs))
        layer = content(atlas(), NARROW, what, crs)
        _kept.cache_clear()  # made again from the start, not kept
        assert export_bytes(atlas(), NARROW, what, file_format, Options(crs)) == body
        back = read_back(what, file_format, crs, NARROW)
        assert len(back) == len(layer)
        if what == "funding":
            assert round(back["accorde_eur"].sum() * 100) == whole["granted_cents"]
        if what == "projects":
            assert back["identifiant"].nunique() == whole["projects"]
        if "code_qpv" in back and what != "funding":
            assert set(back["code_qpv"]) == set(NARROW.quarters)
        if file_format == "geojson":
            assert validate_structure(json.loads(body)) == {}


def test_every_row_says_whether_it_is_fictitious():
    for what in CONTENTS:
        layer = content(atlas(), DEMO, what)
        flag = "montants_fictifs" if what == "quarters" else "donnees_fictives"
        assert set(layer[flag]) == {what != "indicators"}
        name = export_name(atlas(), DEMO, what, "csv")
        assert ("_fictif" in name) == (what != "indicators")


def test_what_is_invented_is_said_content_by_content():
    def said(selection, what):
        book = export_bytes(atlas(), selection, what, "xlsx")
        sheet = pd.read_excel(
            io.BytesIO(book), sheet_name="Sélection et sources", engine="openpyxl"
        )
        return dict(zip(sheet["nom"], sheet["valeur"], strict=True))

    assert said(DEMO, "indicators")["Données fictives"] == "non"
    assert "Année" not in said(DEMO, "indicators")
    assert "contours et indicateurs sont réels" in said(DEMO, "quarters")["Données fictives"]
    assert "Indicateurs : rien" in said(DEMO, ALL)["Données fictives"]
    assert said(Selection("postes", 2023), ALL)["Données fictives"] == "non"


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
    assert set(styles) == {"quartiers", "projets", "positions"} and len(dates) == 1
    for qml in styles.values():
        root = ET.fromstring(qml.split("\n", 1)[1])  # noqa: S314
        (heading,) = root.findall("./renderer-v2/rules/rule")
        rules, symbols = heading.findall("rule"), root.findall("./renderer-v2/symbols/symbol")
        assert heading.get("label") and "symbol" not in heading.attrib
        assert [rule.get("symbol") for rule in rules] == [one.get("name") for one in symbols]
        assert len(rules) > 3 and all(rule.get("label") for rule in rules)
        assert all(one.find("./layer/Option[@type='Map']") is not None for one in symbols)
    assert 'fieldName="nom"' in styles["quartiers"]
    assert any("Licence Ouverte" in note for note in notes)


def test_the_style_has_each_state_of_a_figure_apart_and_the_classes_of_the_map():
    indicator = atlas().indicators["poverty_rate"]
    layer = content(atlas(), DEMO, "quarters")
    root = ET.fromstring(quarters_style(indicator, layer["poverty_rate"]).split("\n", 1)[1])  # noqa: S314
    rules = root.findall(".//rule/rule")
    drawn = {
        one.get("name"): tuple(
            option.get("value") for option in one.iter("Option") if option.get("name") in LOOK
        )
        for one in root.iter("symbol")
    }
    assert len({drawn[rule.get("symbol")] for rule in rules}) == len(rules), "told apart"
    states = set(FIGURE_WORDS.values()) - {FIGURE_WORDS["published"]}
    assert states < {rule.get("label") for rule in rules}
    # Every value is in one class, and in one only: the filters are plain comparisons.
    values = layer["poverty_rate"].dropna()
    classes = [one for rule in rules if "_statut" not in (one := rule.get("filter", ""))]
    found = [layer.query(one.replace('"', "`").replace("AND", "and")).index for one in classes]
    assert sorted(row for rows in found for row in rows) == list(values.index)


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
