"""The database: made, upgraded with its rows kept, refused in French when it cannot be used."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from geo.errors import StoreError
from store import migrations
from store.backup import backup, restore
from store.database import Database, edition
from store.decisions import Journal
from store.imports import Imports
from store.models import HEAD, METADATA
from tests.imported import apply, simple, state
from tests.samples import atlas

# The only table there was before revisions were kept.
FORMER = """
CREATE TABLE decisions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    territory VARCHAR(64) NOT NULL,
    programme VARCHAR(64) NOT NULL,
    year INTEGER,
    reference TEXT,
    project_id TEXT,
    situation VARCHAR(64) NOT NULL,
    decision VARCHAR(32) NOT NULL,
    quarters TEXT NOT NULL,
    lon FLOAT,
    lat FLOAT,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    decided_at DATETIME NOT NULL,
    undoes INTEGER UNIQUE REFERENCES decisions (id)
);
CREATE INDEX ix_decisions_territory ON decisions (territory);
INSERT INTO decisions VALUES (1, 't', 'demo', 2025, 'R1', 'P1', 'undecided', 'outside', '',
    NULL, NULL, 'Visite', 'A. Essai', '2026-01-02 03:04:05.000000', NULL);
"""

# An import as the edition 0002 wrote it.
BEFORE_DOSSIERS = (
    "INSERT INTO imports (territory, programme, year, imported_at, author, file_name, sha256,"
    " rows_in, rejected, added, changed, removed, unchanged) VALUES ('t', 'essai', 2025,"
    " '2026-01-02 03:04:05', 'A', 'a.csv', 'x', 1, 0, 1, 0, 0, 0)",
    "INSERT INTO projects (territory, programme, given_id, project_id, fictitious, year, title,"
    " operator, lon, lat, added_by) VALUES ('t', 'essai', 'P1', 'P1', false, 2025, 'Lire', 'Asso',"
    " 2.5, 50.5, 1)",
    "INSERT INTO funding (territory, programme, year, project_id, funder, status, requested_cents,"
    " added_by) VALUES ('t', 'essai', 2025, 'P1', 'caf', 'pending', 100, 1)",
    "INSERT INTO programmes VALUES ('t', 'essai', 'Essai', true, false)",
)


def former(folder: Path) -> Database:
    path = folder / "atlas.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(FORMER)
    connection.close()
    return Database(f"sqlite:///{path}")


def test_the_tables_are_those_of_the_models(base):
    with base.writing("Les imports") as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert edition(connection) == HEAD
        scripts = ScriptDirectory.from_config(migrations.configuration(connection))
    assert scripts.get_current_head() == HEAD


def test_an_older_database_is_upgraded_and_keeps_its_decisions(tmp_path):
    database = former(tmp_path)
    (entry,) = Journal(database, "t").entries("demo").to_dict("records")
    assert (entry["decision"], entry["author"]) == ("outside", "A. Essai")
    assert str(entry["decided_at"]) == "2026-01-02 03:04:05"
    assert Imports(database, atlas().territory).entries().empty
    with database.reading("Les imports") as connection:
        assert connection is not None
        assert edition(connection) == HEAD
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_the_rows_of_every_edition_are_kept_undone_and_copied(base, tmp_path):
    if base.file:
        base.file.parent.mkdir()
    with base.engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0002")
        for words in BEFORE_DOSSIERS:
            connection.execute(text(words))
    imports = Imports(Database(base.url), replace(atlas().territory, code="t"))
    (row,) = imports.tables("essai")[0].to_dict("records")
    assert (row["title"], row["lon"]) == ("Lire", 2.5)
    kept = ["operator_rna", "postcode", "starts_on", "ends_on", "total_cost_cents"]
    assert all(pd.isna(row[name]) for name in kept)
    tables = simple("P1", postcode="62400", total_cost_cents=10**13)
    changed = imports.preview("essai", 2025, *tables)
    assert {"postcode", "total_cost_cents"} <= set(changed.cells["field"])
    before = state(imports)
    number = apply(imports, changed)
    assert backup(Database(base.url), tmp_path / "copie.sqlite")
    imports.undo(number, author="A")
    assert state(imports) == before
    restore(Database(base.url), tmp_path / "copie.sqlite")
    assert imports.tables("essai")[0]["total_cost_cents"].tolist() == [10**13]


def test_a_newer_database_is_refused_and_left_as_it_is(base):
    with base.writing("Les imports") as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    later = Database(base.url)
    with pytest.raises(StoreError, match="version plus récente de l'atlas"):
        Journal(later, "t").size()
    imports = Imports(later, atlas().territory)
    with pytest.raises(StoreError, match="version plus récente de l'atlas"):
        imports.undo(1, author="A")
    with base.engine.connect() as connection:
        assert edition(connection) == "9999"


def test_what_is_read_in_a_block_is_of_one_moment(base):
    with base.writing("Les imports"):
        pass
    count = text("SELECT count(*) FROM mappings")
    row = text("INSERT INTO mappings VALUES ('t', 's', '{}', '2026-01-01 00:00:00')")
    with base.reading("Les imports") as reader:
        assert reader is not None
        assert reader.execute(count).scalar() == 0
        with base.writing("Les imports") as writer:
            writer.execute(row)
        assert reader.execute(count).scalar() == 0
    with base.reading("Les imports") as reader:
        assert reader is not None
        assert reader.execute(count).scalar() == 1
