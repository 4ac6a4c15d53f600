"""The command line: the screen's figures and files, and errors a user can act on."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import cli
from analysis.programme import by_quarter, grand_total
from analysis.selection import Selection
from analysis.vocabulary import sharing
from geo.location import INDICATIVE
from store.exports import export_bytes
from store.tables import projects_of, quarter_table, selected
from tests.samples import CENTS, atlas, copy_data, rewrite

ROOT = Path(__file__).resolve().parent.parent


def run(capfd, *words):
    code = cli.main(words)
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


def as_json(capfd, *words):
    code, out, err = run(capfd, *words, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def cents(euros):
    return None if euros is None else round(euros * 100)


@pytest.mark.parametrize("year", [2023, 2024, 2025])
def test_quarters_are_those_of_the_tables(capfd, year):
    content = as_json(capfd, "quarters", "--programme", "demo", "--year", str(year))
    table = quarter_table(atlas(), Selection("demo", year))
    assert [line["code_qpv"] for line in content["lignes"]] == list(table.index)
    assert len(content["lignes"]) == len(atlas().quarters)
    for line in content["lignes"]:
        row = table.loc[line["code_qpv"]]
        assert line["nom"] == row["qpv_name"]
        assert line["projets"] == row["projects"]
        assert cents(line["demande_eur"]) == row["requested_cents"]
        assert cents(line["accorde_eur"]) == row["granted_cents"]
        assert line["accorde_par_habitant_eur"] == pytest.approx(
            row["granted_per_inhabitant"] / 100, abs=0.005
        )


def test_filters_are_those_of_the_selection(capfd):
    words = ["--year", "2024", "--theme", "1.1", "--theme", "3.1", "--funder", "etat-147"]
    words += ["--status", "granted", "--dispositif", "npnru", "--quarter", "QN06208M"]
    selection = Selection(
        "demo",
        2024,
        themes=("1.1", "3.1"),
        funders=("etat-147",),
        statuses=("granted",),
        dispositifs=("npnru",),
        quarters=("QN06208M",),
    )
    table = projects_of(atlas(), selection)
    assert 0 < len(table) < len(projects_of(atlas(), Selection("demo", 2024)))
    content = as_json(capfd, "projects", *words)
    assert [line["identifiant"] for line in content["lignes"]] == list(table["project_id"])
    assert [cents(line["accorde_eur"]) for line in content["lignes"]] == list(
        table["granted_cents"]
    )
    (line,) = as_json(capfd, "quarters", *words)["lignes"]
    assert cents(line["accorde_eur"]) == table["granted_cents"].sum()


@pytest.mark.parametrize(("programme", "year"), [("demo", 2025), ("postes", 2023)])
@pytest.mark.parametrize("command", ["quarters", "projects"])
def test_totals_add_up_and_are_the_engine_s(capfd, programme, year, command):
    content = as_json(capfd, command, "--programme", programme, "--year", str(year))
    *parts, whole = content["totaux"]
    assert whole["destination"] == "Total"
    engine = grand_total(selected(atlas(), Selection(programme, year)))
    assert whole["projets"] == engine["projects"]
    names = {"demande_eur": "requested_cents", "accorde_eur": "granted_cents"}
    for name, column in names.items():
        if whole[name] is None:
            assert pd.isna(engine[column])
        else:
            assert cents(whole[name]) == engine[column]
            assert sum(cents(part[name]) for part in parts) == engine[column]


def test_table_is_french_and_shows_every_quarter(capfd):
    code, out, err = run(capfd, "quarters", "--year", "2025")
    assert code == 0
    assert "fictives" in err
    for quarter in atlas().quarters["qpv_code"]:
        assert quarter in out
    granted = by_quarter(selected(atlas(), Selection("demo", 2025)), ["QN06208M"])["granted_cents"]
    euros = f"{int(granted.iloc[0]) / 100:,.2f}".replace(",", "\u202f").replace(".", ",")
    assert euros in next(line for line in out.splitlines() if line.startswith("QN06208M"))


def test_csv_is_the_list(capfd):
    code, out, _ = run(
        capfd, "projects", "--programme", "postes", "--year", "2023", "--format", "csv"
    )
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff")), delimiter=";"))
    assert len(rows) == len(projects_of(atlas(), Selection("postes", 2023)))
    assert {row["demande_eur"] for row in rows} == {""}


@pytest.mark.parametrize(
    ("what", "file_format"),
    [("quarters", "geojson"), ("projects", "csv"), ("funding", "xlsx"), ("locations", "fgb")],
)
def test_export_writes_the_bytes_of_the_screen(capfd, tmp_path, what, file_format):
    target = tmp_path / "sortie"
    words = ["export", "--what", what, "--format", file_format, "--out", str(target)]
    code, out, err = run(capfd, *words, "--year", "2024", "--quarter", "QN06211M")
    assert code == 0, err
    selection = Selection("demo", 2024, quarters=("QN06211M",))
    assert target.read_bytes() == export_bytes(atlas(), selection, what, file_format)
    assert str(target) in out


def test_a_package_is_written_and_verified(capfd, tmp_path):
    target = tmp_path / "p.zip"
    code, out, err = run(capfd, "package", "--year", "2024", "--out", str(target))
    assert code == 0, err
    assert "octets" in out
    assert run(capfd, "verify", str(target))[0] == 0
    content = bytearray(target.read_bytes())
    target.write_bytes(content[: len(content) // 2])
    code, _, err = run(capfd, "verify", str(target))
    assert code == 1
    assert "Paquet" in err
    assert run(capfd, "verify", str(tmp_path / "absent.zip"))[0] == 1


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["quarters", "--year", "1999"], "2025, 2024, 2023"),
        (["quarters", "--year", "abc"], "2025"),
        (["projects", "--theme", "9.9"], "1.5a"),
        (["projects", "--funder", "x"], "etat-147"),
        (["projects", "--status", "x"], "granted"),
        (["projects", "--dispositif", "x"], "appel-a-projets"),
        (["projects", "--quarter", "QN00000X"], "QN06208M"),
        (["projects", "--programme", "x"], "postes"),
        (["projects", "--format", "xml"], "table, csv, json"),
        (["export", "--what", "x", "--format", "csv", "--out", "a"], "quarters, projects"),
        (["export", "--what", "quarters", "--format", "x", "--out", "a"], "geojson, gpkg"),
        (["export", "--what", "quarters", "--format", "csv"], "--out"),
        (["export"], "--what"),
        (["package", "--crs", "3857", "--out", "a"], "4326, 2154"),
        (["inconnu"], "quarters, projects, figures"),
        (["quarters", "--inconnu"], "--help"),
        (["quarters", "--year"], "--help"),
    ],
)
def test_unknown_words_are_refused_with_those_allowed(capfd, words, allowed):
    code, out, err = run(capfd, *words)
    assert (code, out) == (2, "")
    assert allowed in err
    assert not any(english in err for english in ("Error", "Usage", "No such", "Invalid"))


@pytest.mark.parametrize(("rule", "rules"), [("equal", ("equal",)), ("aucun", ())])
def test_a_what_if_is_chosen_and_said(capfd, tmp_path, rule, rules):
    chosen = Selection("demo", 2025, rules=rules)
    content = as_json(capfd, "quarters", "--year", "2025", "--rule", rule)
    assert [cents(line["accorde_eur"]) for line in content["lignes"]] == list(
        quarter_table(atlas(), chosen)["granted_cents"]
    )
    assert (content["hypothese"], content["regle_partage"]) == (True, sharing(rules))
    assert content["avertissement"] == INDICATIVE
    target = tmp_path / "totaux.csv"
    words = ["export", "--what", "totals", "--format", "csv", "--out", str(target)]
    code, _, err = run(capfd, *words, "--year", "2025", "--rule", rule)
    assert code == 0
    assert f"Hypothèse : {sharing(rules)}." in err
    assert INDICATIVE in err
    assert target.read_bytes() == export_bytes(atlas(), chosen, "totals", "csv")
    code, _, err = run(capfd, "quarters", "--rule", "equal,hasard")
    assert code == 2
    assert "--rule « equal,hasard » inconnu ; attendu : declared" in err


@pytest.mark.parametrize("command", ["quarters", "projects", "cases"])
def test_a_list_as_csv_still_says_where_all_the_money_goes(capfd, command):
    code, out, err = run(capfd, command, "--year", "2025", "--format", "csv")
    assert code == 0
    assert "Total = somme des lignes" in err
    assert "Total = somme" not in out
    whole = grand_total(selected(atlas(), Selection("demo", 2025)))
    for name in CENTS:
        assert f"{whole[name] / 100:,.2f}".replace(",", "\u202f").replace(".", ",") in err


def test_every_unknown_word_is_reported_at_once(capfd):
    _, _, err = run(capfd, "quarters", "--year", "1999", "--theme", "9.9", "--funder", "x")
    assert all(word in err for word in ("1999", "9.9", "« x »"))


def test_help_is_in_french(capfd):
    code, out, _ = run(capfd)
    assert code == 0
    assert "Liste les quartiers" in out
    assert "--install-completion" not in out


def test_broken_data_exit_with_the_message_of_the_reader(capfd, tmp_path, monkeypatch):
    data = copy_data(tmp_path)
    (data / "demo" / "funding.csv").write_text("tronqué", encoding="utf-8")
    monkeypatch.setenv("ATLAS_DATA_DIR", str(data))
    code, out, err = run(capfd, "quarters")
    assert (code, out) == (1, "")
    assert "demo/funding.csv" in err
    assert "rétablir" in err


def test_unknown_territory_exits_with_those_known(capfd):
    code, _, err = run(capfd, "quarters", "--territory", "ailleurs")
    assert code == 1
    assert atlas().territory.code in err


def test_unwritable_file_is_said(capfd, tmp_path):
    target = tmp_path / "absent" / "a.csv"
    words = ["export", "--what", "quarters", "--format", "csv", "--out", str(target)]
    code, _, err = run(capfd, *words)
    assert code == 1
    assert str(target) in err


def test_titles_cannot_drive_the_terminal(capfd, tmp_path, monkeypatch):
    data = copy_data(tmp_path)
    path = data / "demo" / "projects.csv"
    text = path.read_text(encoding="utf-8")
    title = "Coup de pouce lecture – Divion (fictif)"
    assert title in text
    rewrite(path, text.replace(title, "\x1b[2Jpiège\u202e"))
    monkeypatch.setenv("ATLAS_DATA_DIR", str(data))
    code, out, _ = run(capfd, "projects", "--year", "2025")
    assert code == 0
    assert "piège" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_runs_as_a_program():
    command = [sys.executable, "cli.py", "quarters", "--format", "json", "--year", "2025"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert len(json.loads(answer.stdout)["lignes"]) == len(atlas().quarters)
