"""Copies of the database: whole while in use, put back whole, refused when they are damaged."""

import io
import sqlite3

import pandas as pd
import pytest

import cli
from geo.errors import StoreError
from store.backup import backup, restore
from store.database import Database
from store.decisions import Case, Journal
from store.imports import Imports
from tests.imported import apply, run, simple, state
from tests.samples import atlas

CASE = Case("essai", 2025, "DA00000001-1", "P1", "undecided")


def filled(database: Database) -> Imports:
    imports = Imports(database, atlas().territory)
    run(imports, simple("P1", "P2"))
    run(imports, simple("P1", "P3", title="Corrigé"))
    Journal(database, "t").decide(CASE, "outside", reason="Visite", author="A")
    return imports


def whole(imports: Imports, database: Database) -> tuple[object, ...]:
    decisions = Journal(database, "t").entries("essai")
    return (*state(imports), imports.entries().to_csv(), decisions.to_csv())


def test_a_copy_brings_back_everything_and_numbers_go_on(base, tmp_path):
    imports, path = filled(base), tmp_path / "copie.sqlite"
    before = whole(imports, base)
    with base.writing("Les imports"):
        assert backup(base, path) > 0, "while another writes"
    assert [one.name for one in tmp_path.glob("*copie*")] == ["copie.sqlite"]
    last = run(imports, simple("P9"))
    Journal(base, "t").undo(1, author="B", reason="c")
    assert whole(imports, base) != before
    restore(base, path)
    assert whole(imports, base) == before
    assert run(imports, simple("P9")) > last


def test_a_copy_goes_from_one_database_to_another(base, tmp_path):
    imports, path = filled(base), tmp_path / "copie.sqlite"
    backup(base, path)
    other = Database(f"sqlite:///{tmp_path}/autre/atlas.sqlite")
    restore(other, path)
    assert whole(Imports(other, atlas().territory), other) == whole(imports, base)


def test_a_damaged_copy_is_refused_and_the_database_stays(base, tmp_path):
    imports, path = filled(base), tmp_path / "copie.sqlite"
    backup(base, path)
    before, content = whole(imports, base), path.read_bytes()
    foreign = tmp_path / "autre.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE autre (a)")
    connection.close()
    damaged = [
        content[: len(content) // 2],
        content[:4096] + bytes(reversed(content[4096:])),
        foreign.read_bytes(),
        b"nom;valeur\n",
        b"",
    ]
    for found in damaged:
        path.write_bytes(found)
        with pytest.raises(StoreError, match=r"copie\.sqlite"):
            restore(base, path)
    path.unlink()
    with pytest.raises(StoreError, match=r"copie\.sqlite est absent"):
        restore(base, path)
    assert whole(imports, base) == before


def test_a_copy_never_replaces_a_file(base, tmp_path):
    filled(base)
    (tmp_path / "rapport.xlsx").write_bytes(b"travail")
    with pytest.raises(StoreError, match=r"rapport\.xlsx existe déjà"):
        backup(base, tmp_path / "rapport.xlsx")
    assert (tmp_path / "rapport.xlsx").read_bytes() == b"travail"
    with pytest.raises(StoreError, match="rien à sauvegarder"):
        backup(Database(f"sqlite:///{tmp_path}/vide.sqlite"), tmp_path / "b.sqlite")


def command(capfd, *words: str) -> tuple[int, str]:
    code = cli.main(words)
    out, err = capfd.readouterr()
    assert "Traceback" not in err
    return code, out + err


def test_the_commands_journal_undo_copy_and_put_back(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ATLAS_DATABASE_URL", f"sqlite:///{tmp_path}/atlas.sqlite")
    monkeypatch.chdir(tmp_path)
    assert command(capfd, "backup", "a.sqlite") == (
        1,
        "La base est vide : il n'y a rien à sauvegarder.\n",
    )
    imports = filled(Database())
    assert command(capfd, "backup", "a.sqlite")[0] == 0
    code, out = command(capfd, "undo", "2", "--author", "Chef")
    assert (code, out) == (0, "Import n° 2 annulé (journal : n° 3).\n")
    code, out = command(capfd, "imports", "--format", "csv")
    table = pd.read_csv(io.StringIO(out), sep=";")
    assert list(table["numero"]) == [3, 2, 1]
    assert list(table["etat"]) == ["annulation du n° 2", "annulé par n° 3", "en vigueur"]
    assert command(capfd, "undo", "2")[0] == 1
    code, out = command(capfd, "restore", "a.sqlite")
    assert code == 0
    assert "L'état précédent est dans a.avant-" in out
    assert len(imports.entries()) == 2
    (former,) = tmp_path.glob("a.avant-*.sqlite")
    restore(Database(), former)
    assert len(imports.entries()) == 3
    code, out = command(capfd, "restore", "absent.sqlite")
    assert (code, out) == (1, "absent.sqlite est absent ou ne peut pas être lu.\n")


def test_the_commands_choose_among_programmes(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("ATLAS_DATABASE_URL", f"sqlite:///{tmp_path}/atlas.sqlite")
    imports = Imports(Database(), atlas().territory)
    apply(imports, imports.preview("essai", 2025, *simple("P1")), label="Mon essai")
    code, out = command(capfd, "programmes", "--hide", "demo")
    assert code == 0
    assert "Mon essai" in out
    code, out = command(capfd, "projects", "--programme", "essai", "--year", "2025")
    assert code == 0
    assert "Action P1" in out
    code, out = command(capfd, "quarters", "--programme", "demo")
    assert (code, "« demo » inconnu" in out) == (2, True)
    assert command(capfd, "programmes", "--show", "demo")[0] == 0
    assert command(capfd, "quarters", "--programme", "demo", "--format", "csv")[0] == 0
    code, out = command(capfd, "programmes", "--hide", "inconnu")
    assert (code, "« inconnu » inconnu ; attendu : demo, postes, essai" in out) == (1, True)
