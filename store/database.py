"""The database of the atlas: one SQLite file by default, PostgreSQL by its address.

Reading creates nothing; the first write makes the file and its tables. An older database is
brought to the tables of ``store.models`` when it is first used, a newer one is refused.
"""

import os
import unicodedata
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from geo.errors import StoreError
from store.models import HEAD

PATIENCE_S = 15  # how long a write waits for another process that is writing
_LOCK = 20_241_104  # PostgreSQL's advisory lock of the writers of the atlas
_WRITING = {"atlas_begin": "BEGIN IMMEDIATE"}


def database_url() -> str:
    """Return ``ATLAS_DATABASE_URL`` if set, else the SQLite file ``var/atlas.sqlite``."""
    default = Path(__file__).resolve().parent.parent / "var" / "atlas.sqlite"
    return os.environ.get("ATLAS_DATABASE_URL") or f"sqlite:///{default}"


def legible(words: str) -> str:
    """Drop what no reader sees and some databases refuse (control signs, lone surrogates)."""
    kept = "".join(
        sign if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs") else " "
        for sign in words
    )
    return kept.strip()


class Database:
    """A database by its address; every method raises StoreError when it cannot be used."""

    def __init__(self, url: str | None = None) -> None:
        """Keep the address (``database_url()`` without it); nothing is opened yet."""
        self.url = url or database_url()
        self._ready = False

    @cached_property
    def engine(self) -> Engine:
        """Return the engine; raises StoreError, without the password, for a wrong address."""
        try:
            url = make_url(self.url)
            options: dict[str, Any] = (
                {"connect_args": {"timeout": PATIENCE_S}}
                if self.is_sqlite
                else {"pool_pre_ping": True}
            )
            engine = create_engine(url, **options)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise StoreError(
                "ATLAS_DATABASE_URL ne désigne pas une base utilisable ; attendu : "
                "sqlite:///dossier/fichier.sqlite, ou postgresql+psycopg://…."
            ) from error
        if self.is_sqlite:
            event.listen(engine, "connect", _set_sqlite)
            event.listen(engine, "begin", _begin)
        weakref.finalize(self, engine.dispose)
        return engine

    @property
    def is_sqlite(self) -> bool:
        """Say whether the database is a SQLite file."""
        return self.url.startswith("sqlite")

    @cached_property
    def file(self) -> Path | None:
        """Return the SQLite file, None for another database."""
        name = make_url(self.url).database if self.is_sqlite else None
        # SQLite's own "file:" addresses carry options: it alone knows what file they open.
        return Path(name) if name and not name.startswith("file:") else None

    @property
    def name(self) -> str:
        """Return the name of the database as it may be shown: no folder, no password."""
        return Path(str(self.engine.url.database).partition("?")[0]).name

    def refusal(self) -> str:
        """Say in French why nothing can be written, empty when writing looks possible.

        Only a SQLite file is looked at: whether it, or the nearest folder that exists above it,
        may be written. A write may still be refused, and then says so.
        """
        try:
            file = self.file
        except SQLAlchemyError:
            return "La base de l'atlas est mal désignée (ATLAS_DATABASE_URL)."
        if file is None:
            return ""
        above = next((path for path in (file, *file.parents) if path.exists()), file)
        folder = above.parent if above == file else above
        if folder.is_dir() and os.access(folder, os.W_OK) and os.access(above, os.W_OK):
            return ""
        return (
            f"Lecture seule : le fichier « {file.name} » ne peut pas être écrit. "
            "Donnez à l'atlas le droit d'écrire dans son dossier, ou désignez une autre base "
            "par ATLAS_DATABASE_URL."
        )

    def is_empty(self) -> bool:
        """Say whether nothing was ever written: no file, or no table."""
        with self.reading("Les enregistrements") as connection:
            return connection is None

    @contextmanager
    def reading(self, what: str) -> Iterator[Connection | None]:
        """Give a connection to read ``what`` (« Les décisions »…), None when nothing is there.

        Everything read in the block is of one moment.
        """
        with self._guarded(what, "lues" if what.endswith("décisions") else "lus"):
            if not self._exists():
                yield None
                return
            level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            with self.engine.connect().execution_options(**level) as connection:
                yield connection

    @contextmanager
    def writing(self, what: str) -> Iterator[Connection]:
        """Give a connection whose writes hold together or not at all, one writer at a time.

        The file and its tables are made first where there are none.
        """
        with self._guarded(what, "écrites" if what.endswith("décisions") else "écrits"):
            self._create()
            with self._alone() as connection:
                yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        opened = self.engine.connect().execution_options(**_WRITING)
        with opened as connection, connection.begin():
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield connection

    def _exists(self) -> bool:
        """Say whether the tables are there, without creating a file to find out."""
        if self.file is not None and not self.file.exists():
            self._ready = False
        elif not self._ready:
            edition = self._edition()
            if edition is not None and edition != HEAD:
                self._upgrade()
            self._ready = edition is not None
        return self._ready

    def _create(self) -> None:
        if self._exists():
            return
        if self.file:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        self._upgrade()
        self._ready = True

    def _edition(self) -> str | None:
        """Return the revision of the database, "" before revisions were kept, None if empty."""
        with self.engine.connect() as connection:
            return edition(connection)

    def _upgrade(self) -> None:
        from store.migrations import upgrade

        if self.is_sqlite:
            with self.engine.connect() as connection:
                # A write-ahead log lets people read while one writes; the file keeps it.
                connection.connection.cursor().execute("PRAGMA journal_mode=WAL").close()
        with self._alone() as connection:
            # Another process may have done it while this one waited.
            if edition(connection) != HEAD:
                upgrade(connection, self.name)

    @contextmanager
    def _guarded(self, what: str, done: str) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"{what} ne peuvent pas être {done} dans la base « {self.name} » "
                f"({_short(cause)}). Vérifiez que son dossier existe, a de la place et s'écrit, ou "
                "que la base répond ; rien n'a été changé."
            ) from error


def edition(connection: Connection) -> str | None:
    """Return the revision of a database, "" before revisions were kept, None if it is empty."""
    tables = inspect(connection)
    if tables.has_table("alembic_version"):
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return str(found or "")
    return "" if tables.has_table("decisions") else None


def _set_sqlite(connection: Any, _record: object) -> None:
    # SQLAlchemy, not the driver, says when a transaction begins: a write takes the lock at once.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    words = connection.get_execution_options().get("atlas_begin", "BEGIN")
    connection.exec_driver_sql(str(words))


def _short(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).splitlines()[0][:120]
