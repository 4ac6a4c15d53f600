"""``figures``: the long table is the engine's, and the published values come out exactly."""

import csv
import io
import json

import pandas as pd
import pytest

import cli
from analysis.indicators import quarter_figures, series_vintages
from analysis.listing import COLUMNS
from geo.writers import to_csv
from store.listing import every_figure
from tests.samples import atlas
from tests.test_store_published import DEMO, SAMPLES, folder, present

LE_CENTRE, MONT_LIEBAUT = "QN06211M", "QN06208M"
POVERTY = {
    MONT_LIEBAUT: {2013: 44.5, 2018: 49.3, 2021: 48},
    LE_CENTRE: {2013: 41.1, 2018: 46.7, 2021: 44},
}


def run(capfd, *words):
    code = cli.main(["figures", *words])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def rows(capfd, *words):
    code, out, err = run(capfd, *words, "--format", "json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("quarter", POVERTY)
def test_the_published_rates_come_out_exactly(capfd, quarter):
    found = rows(capfd, quarter, "--indicator", "poverty_rate")
    by_year = {row["data_year"]: row["value"] for row in found}
    assert sorted(by_year) == list(range(2012, 2022))
    assert {year: by_year[year] for year in POVERTY[quarter]} == POVERTY[quarter]
    assert {row["unit"] for row in found} == {"%"}
    assert {row["perimeter"] for row in found} == {"quartiers prioritaires, génération 2015"}
    assert all(row["source"].startswith("Insee, Filosofi") for row in found)


def test_every_figure_of_every_quarter_and_indicator_is_the_engine_s():
    table = every_figure(atlas())
    assert list(table.columns) == [*COLUMNS, "text"]
    keys = ["quarter", "indicator", "data_year", "file_year"]
    assert not table.duplicated(keys).any()
    assert set(table["quarter"]) == set(atlas().quarters["qpv_code"])
    assert list(dict.fromkeys(table["indicator"])) == list(atlas().indicators)
    for code, indicator in atlas().indicators.items():
        rows = table[table["indicator"] == code]
        vintages = series_vintages(indicator, atlas().figures)
        assert len(rows) == 16 * max(1, len(vintages))
        for vintage in vintages:
            engine = quarter_figures(indicator, atlas().figures, atlas().crosswalk, vintage)
            years = rows[["data_year", "file_year"]].fillna(0).astype("int64")
            wanted = [vintage.data_year or 0, vintage.file_year or 0]
            ours = rows[(years == wanted).all(axis="columns")]
            ours = ours.set_index("quarter").reindex(engine.index)
            pd.testing.assert_frame_equal(ours[["value", "status"]], engine[["value", "status"]])


def test_a_value_and_its_status_never_contradict_each_other():
    table = every_figure(atlas())
    assert ((table["status"] == "published") == table["value"].notna()).all()
    absent = table[table["source"] == ""]
    assert set(absent["status"]) == {"absent"}
    assert absent["data_year"].isna().all()


def test_an_unproven_year_is_empty_and_the_file_s_is_there(capfd):
    found = rows(capfd, LE_CENTRE, "--indicator", "employment_rate")
    years = [(row["data_year"], row["file_year"]) for row in found]
    assert years == [(2010, 2017), (2010, 2018), (None, 2019), (None, 2021)]


def test_csv_and_export_are_the_same_bytes(capfd):
    code, out, _ = run(capfd, LE_CENTRE, "--format", "csv")
    assert code == 0
    assert out.encode("utf-8") == to_csv(every_figure(atlas(), [LE_CENTRE])[list(COLUMNS)])
    lines = list(csv.DictReader(io.StringIO(out.lstrip("\ufeff")), delimiter=";"))
    assert tuple(lines[0]) == COLUMNS
    assert {line["quarter"] for line in lines} == {LE_CENTRE}


def test_the_table_writes_years_and_figures_as_the_screen(capfd):
    code, out, _ = run(capfd, MONT_LIEBAUT, "--indicator", "poverty_rate", "--indicator", "neet")
    assert code == 0
    assert "2018" in out
    assert "49,3 %" in out
    assert " 48 %" in out
    assert out.count("n.d.") == 1, "the figure, not the years"


def test_a_folder_takes_the_place_of_the_embedded_figures(capfd, tmp_path):
    content = DEMO.replace("QP062001", "QP062011").replace("56,2", "")
    folder(tmp_path, DEMO_2019=content)
    words = [LE_CENTRE, "--from", str(tmp_path)]
    found = {row["indicator"]: row for row in rows(capfd, *words)}
    assert found["population"]["value"] == 1256
    assert found["population"]["data_year"] == 2013
    assert found["population"]["source"] == "fichier DEMO_2019.csv"
    assert found["poverty_rate"]["status"] == "absent", "not taken from the embedded files"
    _, _, err = run(capfd, *words)
    assert "1 ligne(s) d'autres territoires" in err


def test_faults_of_a_folder_are_all_told(capfd, tmp_path):
    folder(tmp_path, DEMO_2019=DEMO.replace("989", "n/a").replace("56,2", "x"))
    code, out, err = run(capfd, "--from", str(tmp_path))
    assert (code, out) == (1, "")
    assert "2 défaut(s)" in err
    code, _, err = run(capfd, "--from", str(tmp_path / "absent"))
    assert code == 1
    assert "n'existe pas" in err


def test_unknown_words_are_refused_at_once(capfd):
    code, out, err = run(capfd, "QN99999X", "--indicator", "bonheur")
    assert (code, out) == (2, "")
    for word in ("QUARTIER « QN99999X »", MONT_LIEBAUT, "--indicator « bonheur »", "poverty_rate"):
        assert word in err
    assert run(capfd, "--format", "xml")[0] == 2


@present
def test_the_published_files_give_the_same_rates_as_the_embedded_ones(capfd):
    found = rows(capfd, "--indicator", "poverty_rate", "--from", str(SAMPLES))
    table = every_figure(atlas(), indicators=["poverty_rate"])
    ours = table.set_index(["quarter", "data_year"])["value"]
    assert len(found) == 16 * 4
    for row in found:
        assert row["value"] == ours[row["quarter"], row["data_year"]]
        assert row["source"] == f"fichier REVN_{row['file_year']}.csv"
