"""``equity`` and ``coverage``: what the pages show, in a terminal."""

import csv
import io
import json

import pytest

import cli
from analysis import coverage, findings
from analysis.audience import STATES, sentence
from analysis.selection import Selection
from store.coverage import grid, public_rule, services
from store.equity import Choice, equity
from tests.samples import atlas

DEMO = Selection("demo", 2025)


def run(capfd, *words):
    code = cli.main([*words, "--programme", "demo", "--year", "2025"])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_equity_prints_the_sentences_and_every_quarter(capfd):
    code, out, err = run(capfd, "equity")
    assert code == 0
    assert "fictives" in err
    found = equity(atlas(), DEMO, Choice())
    for told in (*findings.summary(2025, found), findings.concentration(found)):
        assert told in out
    assert out.count("taux de pauvreté : secret") == len(found.left_out) + 1
    code, text, _ = run(capfd, "equity", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert code == 0
    assert len(rows) == 16
    for row in rows[: len(found.table)]:
        cents = found.table.loc[row["code_qpv"], "granted_cents"]
        assert round(float(row["accorde_eur"].replace(",", ".")) * 100) == cents


def test_equity_takes_indicators_weights_method_and_basis(capfd):
    words = ["--indicator", "first_decile=2", "--indicator", "employment_rate"]
    words += ["--method", "rank", "--basis", "poor", "--format", "json"]
    code, out, err = run(capfd, "equity", *words)
    assert code == 0, err
    choice = Choice((("first_decile", 2.0), ("employment_rate", 1.0)), "rank", "poor")
    found = equity(atlas(), DEMO, choice)
    content = json.loads(out)
    assert content["phrases"][:2] == list(findings.summary(2025, found))
    ranked = [line["code_qpv"] for line in content["lignes"] if line["rang"]]
    assert ranked == list(found.table.index)


def test_coverage_prints_cells_services_and_the_rule(capfd):
    code, out, err = run(
        capfd, "coverage", "--by", "group", "--threshold", "80", "--format", "json"
    )
    assert code == 0, err
    content = json.loads(out)
    cells, needed = grid(atlas(), DEMO, "group").cells, services(atlas(), DEMO)
    summary = coverage.summary(2025, cells, needed, atlas().quarter_labels)
    found = public_rule(atlas(), DEMO, 80)
    counted = {state: int((found["state"] == state).sum()) for state in STATES}
    assert content["phrases"] == [*summary, sentence(counted, 80)]
    assert content["public"] == counted
    assert len(content["lignes"]) == len(cells) + len(needed)
    code, out, _ = run(capfd, "coverage")
    assert code == 0
    assert "Point-justice" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["equity", "--indicator", "population"],
            "--indicator « population » inconnu, ou sans chiffre",
        ),
        (["equity", "--indicator", "poverty_rate=0"], "poids « 0 »"),
        (["equity", "--indicator", "poverty_rate=deux"], "poids « deux »"),
        (["equity", "--basis", "x", "--method", "y"], "--basis « x » inconnu"),
        (["coverage", "--by", "x"], "--by « x » inconnu"),
        (["coverage", "--format", "xml"], "--format « xml » inconnu"),
    ],
)
def test_a_word_that_is_not_known_is_refused(capfd, words, told):
    code, out, err = run(capfd, *words)
    assert code == 2
    assert told in err
    assert not out
