"""``cli.py check``: every fault of a file, nothing written, an exit a script can rely on."""

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import cli
from tools.table_schema import TARGET

VALID = str(TARGET.parent / "exemple_valide.csv")
INVALID = str(TARGET.parent / "exemple_invalide.csv")


def run(capfd, *words):
    code = cli.main(words)
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


@pytest.fixture(autouse=True)
def no_database(tmp_path, monkeypatch):
    """A check touches no database: the file named here must never appear."""
    monkeypatch.setenv("ATLAS_DATABASE_URL", f"sqlite:///{tmp_path}/jamais.sqlite")
    yield
    assert not list(tmp_path.glob("jamais*"))


def test_a_sound_file_exits_with_0(capfd):
    code, out, err = run(capfd, "check", VALID)
    assert (code, err) == (0, "")
    assert "3 lignes, dont 3 acceptées et 0 rejetée ; 2 projets, 3 financements." in out
    assert "1 pour information" in out
    assert "Seul le département a pu être comparé" in out


def test_progress_is_for_a_terminal_only_and_obeys_no_file_name(tmp_path):
    path = tmp_path / "a\x1b[31m.csv"
    path.write_bytes(Path(VALID).read_bytes())
    command = [sys.executable, "cli.py", "check", str(path)]
    ours, theirs = pty.openpty()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    told = os.read(ours, 65_536).decode()
    os.close(ours)
    assert "lignes : 0\u202f%" in told
    assert "Contrôle, doublons : 80\u202f%" in told
    assert told.endswith("\r\x1b[K")
    assert "\x1b[31m" not in told + done.stdout.decode()


def test_a_blocked_file_exits_with_1_and_tells_where(capfd):
    code, out, _ = run(capfd, "check", INVALID)
    assert code == 1
    assert "Bloquant (" in out
    assert "Ligne 2, colonne « montant_accorde » : « quatre mille » – montant illisible" in out
    assert "colonne « siret » : « 732829320 » – SIRET" in out


def test_json_is_for_machines(capfd):
    code, out, _ = run(capfd, "check", INVALID, "--format", "json")
    content = json.loads(out)
    assert code == 1
    assert content["lignes"] == 3 == content["lignes_acceptees"] + len(content["lignes_rejetees"])
    assert content["defauts_par_gravite"]["blocking"] == sum(
        fault["gravite"] == "blocking" for fault in content["defauts"]
    )
    assert {"ligne", "colonne", "valeur", "attendu", "remede"} <= set(content["defauts"][0])


def test_csv_is_the_list_and_neutralises_formulas(capfd, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Intitulé;Porteur;CAF accordé\n\u202ex;y;=cmd()\n", encoding="utf-8")
    code, out, _ = run(capfd, "check", str(path), "--format", "csv")
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out.removeprefix("\ufeff")), delimiter=";"))
    assert "'=cmd()" in {row["Valeur"] for row in rows}
    _, out, _ = run(capfd, "check", str(path))
    assert "\u202e" not in out


def test_mapping_and_mended_file_are_written_on_demand_only(capfd, tmp_path):
    saved, mended = tmp_path / "c.json", tmp_path / "corrige.xlsx"
    words = ["check", VALID, "--save-mapping", str(saved), "--out", str(mended)]
    assert run(capfd, *words)[0] == 0
    assert openpyxl.load_workbook(mended).worksheets[0].max_row == 4
    content = json.loads(saved.read_text(encoding="utf-8"))
    content["columns"]["intitule"]["field"] = "operator"
    del content["columns"]["porteur"]
    saved.write_text(json.dumps(content), encoding="utf-8")
    code, out, _ = run(capfd, "check", VALID, "--mapping", str(saved))
    assert code == 1
    assert "l'intitulé de l'action" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["check", "absent.csv"], "absent ou illisible"),
        (["check", VALID, "--mapping", VALID], "correspondances"),
        (["check", str(Path(VALID).parent)], "absent ou illisible"),
    ],
)
def test_what_cannot_be_read_exits_with_1(capfd, words, said):
    code, out, err = run(capfd, *words)
    assert (code, out) == (1, "")
    assert said in err
