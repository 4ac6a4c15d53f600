"""``cli.py compare`` prints what the page « Comparer » shows."""

import csv
import io
import json

import pytest

import cli
from store.comparisons import comparison
from tests.samples import atlas

LE_CENTRE, MASKED = "QN06211M", "QN06210M"


def run(capfd, *words):
    code = cli.main(["compare", *words])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def lines(capfd, *words):
    code, out, err = run(capfd, *words, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def test_json_has_every_indicator_and_the_engine_s_gaps(capfd):
    rows = lines(capfd, LE_CENTRE)
    assert {row["indicateur"] for row in rows} == set(atlas().indicators)
    for code in ("median_income", "population", "poverty_rate"):
        found = comparison(atlas(), code, LE_CENTRE)
        own, *areas = [row for row in rows if row["indicateur"] == code]
        assert own["texte"] == found.reading.text(LE_CENTRE)
        assert own["rang"] == found.reading.rank(LE_CENTRE)
        for row, (_, engine) in zip(areas, found.rows.iterrows(), strict=True):
            assert row["territoire"] == engine["label"]
            assert row["ecart_texte"] == found.gap_text(engine)
            assert (row["ecart"] is None) == (row["refus"] is not None)


def test_medians_of_2019_are_those_published(capfd):
    rows = lines(capfd, LE_CENTRE, "--indicator", "median_income", "--year", "2019")
    values = {row["territoire"]: row["valeur"] for row in rows}
    assert values["Agglomération"] == 19_400
    assert values["Pas-de-Calais"] == 19_560
    assert values["Hauts-de-France"] == 20_360
    assert values["France métropolitaine"] == 21_930
    assert {row["refus"] for row in rows} == {None, "median"}
    assert all(row["source"] for row in rows)


def test_csv_keeps_a_secret_figure_empty(capfd):
    _, out, _ = run(capfd, MASKED, "--indicator", "poverty_rate", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff")), delimiter=";"))
    assert (rows[0]["valeur"], rows[0]["statut"]) == ("", "secret")
    assert {row["ecart"] for row in rows} == {""}
    assert {row["refus"] for row in rows[1:]} == {"secret"}


def test_table_numbers_its_refusals_and_says_sources(capfd):
    code, out, _ = run(capfd, LE_CENTRE, "--indicator", "median_income")
    assert code == 0
    assert "non calculé (1)" in out
    assert "(1) une médiane ne s'additionne pas" in out
    assert "Source : Insee" in out
    assert "périmètre 2015" in out


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["X"], "QN06208M"),
        ([LE_CENTRE, "--indicator", "inconnu"], "median_income"),
        ([LE_CENTRE, "--year", "1950"], "2019"),
        ([LE_CENTRE, "--indicator", "median_income", "--year", "2010"], "2012, 2013"),
        ([LE_CENTRE, "--format", "xml"], "table, csv, json"),
        ([], "compare"),
    ],
)
def test_unknown_words_are_refused_with_those_allowed(capfd, words, allowed):
    code, out, err = run(capfd, *words)
    assert (code, out) == (2, "")
    assert allowed in err
