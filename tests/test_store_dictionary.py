"""The dictionary of columns: every column of every file is told, and nothing else is."""

import contextlib
import io
import json
import sqlite3
import tempfile
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest

from analysis.selection import Selection
from geo.errors import AtlasError
from store.contents import ALL, CONTENTS, NAMES
from store.dictionary import UNITLESS, described, dictionary
from store.exports import TITLES, Options, columns_of, export_bytes, formats_of
from tests.samples import atlas

DEMO = Selection("demo", 2025, quarters=("QN06208M",))  # a column does not need many rows


def tables_of(body, file_format, name="table"):
    """Every table of a file and its columns, as they are written in it."""
    if file_format in ("csv", "scdl"):
        sep = ";" if file_format == "csv" else ","
        return {name: list(pd.read_csv(io.BytesIO(body), sep=sep, nrows=0, encoding="utf-8-sig"))}
    if file_format == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(body))
        return {sheet.title: [cell.value for cell in sheet[1]] for sheet in book}
    if file_format == "parquet":
        return {name: pq.read_schema(io.BytesIO(body)).names}
    if file_format == "geojson":
        first = json.loads(body)["features"][0]
        return {name: [*first["properties"], "geometry"]}
    if file_format == "fgb":
        return {name: [*pyogrio.read_info(body)["fields"], "geometry"]}
    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        base.deserialize(body)
        found = [one for (one,) in base.execute("SELECT table_name FROM gpkg_contents")]
        return {
            one: [row[1] for row in base.execute(f"PRAGMA table_info({one})")]
            for one in found
            if one != "layer_styles"
        }


SHEETS = {TITLES[what]: NAMES[what] for what in CONTENTS}
SHEETS |= {"Définitions": "dictionnaire", "Sélection et sources": "selection"}


def test_the_dictionary_tells_every_column_of_every_file_and_no_other():
    opened, met = atlas(), set()
    for what in (*CONTENTS, ALL):
        for file_format in formats_of(what):
            for crs in (4326, *((2154,) if file_format == "csv" else ())):
                body = export_bytes(opened, DEMO, what, file_format, Options(crs))
                usual = "subventions" if file_format == "scdl" else NAMES.get(what, "")
                found = tables_of(body, file_format, usual)
                found = {SHEETS.get(table, table): names for table, names in found.items()}
                told = dictionary(opened, DEMO, found)  # refuses a column it does not know
                assert list(zip(told["table"], told["colonne"], strict=True)) == [
                    (table, name) for table, names in found.items() for name in names
                ]
                words = told.drop(columns=["annee", "perimetre"])
                assert words.notna().all(axis=None) and (words != "").all(axis=None)
                numbers = told["type"].isin(["nombre entier", "nombre décimal"])
                known = told["unite"].ne(UNITLESS) | told["colonne"].isin(opened.indicators)
                assert known[numbers].all()
                if what != ALL and file_format != "scdl":
                    assert set(found[usual]) == set(
                        columns_of(opened, DEMO, what, file_format, crs)
                    )
                met |= {(table, name) for table, names in found.items() for name in names}
    scoped = {f"{table}.{name}" for table, name in met}
    plain = {name for table, name in met if f"{table}.{name}" not in described(opened)}
    assert set(described(opened)) - scoped - plain == set(), "told, and in no file"


def test_the_dictionary_inside_a_file_tells_that_file():
    book = export_bytes(atlas(), DEMO, ALL, "xlsx")
    told = pd.read_excel(io.BytesIO(book), sheet_name="Définitions", engine="openpyxl")
    found = {SHEETS[title]: names for title, names in tables_of(book, "xlsx").items()}
    expected = dictionary(atlas(), DEMO, found)
    assert told.fillna("").astype("str").equals(expected.fillna("").astype("str"))
    layers = tables_of(export_bytes(atlas(), DEMO, ALL, "gpkg"), "gpkg")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        path.write_bytes(export_bytes(atlas(), DEMO, ALL, "gpkg"))
        inside = pyogrio.read_dataframe(path, layer="dictionnaire")
    assert set(zip(inside["table"], inside["colonne"], strict=True)) == {
        (table, name) for table, names in layers.items() for name in names
    }


def test_a_column_without_words_is_refused():
    with pytest.raises(AtlasError, match=r"projets\.inconnue"):
        dictionary(atlas(), DEMO, {"projets": ["intitule", "inconnue"]})
