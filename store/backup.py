"""Copies of the database in one file, whatever it is kept in: made while in use, put back whole.

The copy is a SQLite file with the tables of ``store.models``: one made from PostgreSQL can be put
back into SQLite, and the other way round.
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from geo.errors import StoreError
from store.database import Database
from store.models import METADATA

_WHAT = "Les enregistrements"
_BATCH = 5000
_MAGIC = b"SQLite format 3\x00"


def backup(database: Database, path: Path) -> int:
    """Write a copy of the database as it is at one moment, and return its number of rows.

    The file appears when it is whole. Raises StoreError when it exists already, when there is
    nothing to copy, or when it cannot be written.
    """
    if path.exists():
        raise StoreError(f"{path.name} existe déjà : choisissez un autre nom.")
    if not path.parent.is_dir():
        raise StoreError(f"Le dossier de {path.name} n'existe pas : créez-le d'abord.")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".atlas-") as folder:
        part = Path(folder) / "copie.sqlite"
        copy = Database(f"sqlite:///{part}")
        with database.reading(_WHAT) as source:
            if source is None:
                raise StoreError("La base est vide : il n'y a rien à sauvegarder.")
            with copy.writing(_WHAT) as target:
                count = _copy(source, target)
        with copy.engine.connect() as connection:
            # One file alone: what a write-ahead log still holds goes into it.
            connection.connection.cursor().execute("PRAGMA journal_mode=DELETE").close()
        copy.engine.dispose()
        part.replace(path)
    return count


def restore(database: Database, path: Path) -> int:
    """Put a copy in the place of what the database holds, and return its number of rows.

    Whole or not at all: a copy that is damaged, or of a later edition, is refused with StoreError
    and the database stays as it was. Only a copy of the file is opened.
    """
    _refuse_damaged(path)
    with tempfile.TemporaryDirectory(prefix="atlas-") as folder:
        opened = Path(folder) / path.name
        shutil.copyfile(path, opened)
        copy = Database(f"sqlite:///{opened}")
        try:
            with copy.reading(_WHAT) as source:
                if source is None:
                    raise StoreError(f"{path.name} ne contient pas de base de l'atlas.")
                with database.writing(_WHAT) as target:
                    for table in reversed(METADATA.sorted_tables):
                        target.execute(table.delete())
                    count = _copy(source, target)
                    if not database.is_sqlite:
                        _number_on(target)
        finally:
            copy.engine.dispose()
    return count


def _copy(source: Connection, target: Connection) -> int:
    count = 0
    for table in METADATA.sorted_tables:
        found = source.execute(select(table).order_by(*table.primary_key.columns))
        for rows in found.mappings().partitions(_BATCH):
            target.execute(insert(table), [dict(row) for row in rows])
            count += len(rows)
    return count


def _number_on(connection: Connection) -> None:
    # The next number follows the highest one that was ever given, before or after.
    for table in METADATA.sorted_tables:
        if "id" in table.c:
            sequence = func.pg_get_serial_sequence(table.name, "id")
            highest = select(func.max(table.c.id)).scalar_subquery()
            connection.execute(
                select(func.setval(sequence, func.greatest(func.nextval(sequence), highest)))
            )


def _refuse_damaged(path: Path) -> None:
    damaged = StoreError(
        f"{path.name} n'est pas une sauvegarde lisible (fichier abîmé, incomplet ou d'un autre "
        "type) ; la base n'a pas été changée. Prenez une autre sauvegarde."
    )
    try:
        with path.open("rb") as opened:
            if opened.read(len(_MAGIC)) != _MAGIC:
                raise damaged
        connection = sqlite3.connect(f"file:{path.resolve()}?mode=ro&immutable=1", uri=True)
        try:
            sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            connection.close()
    except OSError as error:
        raise StoreError(f"{path.name} est absent ou ne peut pas être lu.") from error
    except sqlite3.Error as error:
        raise damaged from error
    if not sound or broken:
        raise damaged
