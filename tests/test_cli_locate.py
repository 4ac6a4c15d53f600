"""The command `locate`: what it says, what it writes, what it refuses."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import cli
from geo.location import INDICATIVE
from store.positions import read_positions
from tests.samples import atlas

ROOT = Path(__file__).resolve().parent.parent


def run(capfd, *words):
    code = cli.main([str(word) for word in ("locate", *words)])
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out, err


@pytest.fixture
def source(tmp_path):
    """A row inside a quarter, one outside all, one nowhere."""
    inside = atlas().quarters.representative_point().iloc[0]
    text = f"n;lon;lat\n1;{inside.x};{inside.y}\n2;2,0;50,0\n3;;\n".replace(".", ",")
    path = tmp_path / "positions.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_located_counted_and_called_indicative(capfd, tmp_path, source):
    target = tmp_path / "out.csv"
    code, out, err = run(capfd, source, "--out", target, "--uncertainty-m", "5", "--band-m", "300")
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0] == f"{target} : 3 lignes."
    assert {line.strip() for line in lines[1:4]} == {
        "dans le quartier : 1",
        "hors quartier : 1",
        "non localisé : 1",
    }
    assert lines[4] == INDICATIVE
    found = read_positions(target)
    assert list(found["location_status"]) == ["inside", "outside", "not_located"]
    assert found["qpv_code"][0] == atlas().quarters["qpv_code"].iloc[0]
    assert list(found["in_band"].fillna("")) == ["oui", "non", ""]


def test_parquet_streams_and_says_how_far_it_measures(capfd, tmp_path, source):
    frame = pd.read_csv(source, sep=";", decimal=",")
    frame.to_parquet(tmp_path / "in.parquet")
    target = tmp_path / "out.parquet"
    code, out, err = run(capfd, tmp_path / "in.parquet", "--out", target, "--uncertainty-m", "5")
    assert code == 0, err
    assert "3 lignes" in out
    assert "Localisation" in err
    assert "Au-delà de 600 m d'un quartier" in err
    states = pd.read_parquet(target)["location_status"]
    assert list(states) == ["inside", "outside", "not_located"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "--out est obligatoire"),
        (["--out", "a.csv", "--engine", "spark"], 2, "--engine « spark » inconnu ; attendu : dask"),
        (["--out", "a.csv", "--scheduler", "tcp://x:1"], 2, "--engine est obligatoire"),
        (["--out", "a.csv", "--band-m", "loin"], 2, "Commande incomprise"),
        (["--out", "a.csv", "--inconnu"], 2, "Commande incomprise"),
        (["--out", "a.txt"], 1, "format « .txt » inconnu ; attendu"),
        (["--out", "a.csv", "--lon", "est"], 1, "--lon : « est » introuvable"),
        (["--out", "a.csv", "--crs", "xyz"], 1, "système de coordonnées « xyz » inconnu"),
        (["--out", "a.csv", "--qpv", "absent.geojson"], 1, "absent.geojson est absent"),
        (["--out", "a.csv", "--generation", "2015"], 1, "--qpv COUCHE"),
        (["--out", "absent/a.csv"], 1, "attendu : un fichier dans un dossier qui existe"),
    ],
)
def test_what_cannot_be_done_is_said_in_french(
    capfd, tmp_path, source, monkeypatch, words, code, message
):
    monkeypatch.chdir(tmp_path)
    found, out, err = run(capfd, source.name, *words)
    assert (found, out) == (code, "")
    assert message in err
    assert not any(english in err for english in ("Error", "Usage", "No such", "Invalid"))
    assert [path.name for path in tmp_path.iterdir()] == [source.name]


def test_it_runs_as_a_program(tmp_path, source):
    target = tmp_path / "out.geojson"
    command = [sys.executable, "cli.py", "locate", str(source), "--out", str(target)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert len(read_positions(target)) == 3
