"""The journal of decisions: what a person settled, why, who and when; nothing is ever erased.

An entry is added for each decision and for each undoing of one; none is changed or removed. The
journal lies beside the data, in a database (SQLite by default, any other by its URL), so that it
survives a new import of the programme.
"""

import math
import os
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateTable

from analysis.decisions import DECISIONS
from geo.errors import DecisionError

MOST_REASON, MOST_AUTHOR = 2000, 100
UNDO = "undo"
_PATIENCE_S = 15  # how long a write waits for another process that is writing

_TABLE = Table(
    "decisions",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("territory", String(64), nullable=False, index=True),
    Column("programme", String(64), nullable=False),
    Column("year", Integer),
    Column("reference", Text),
    Column("project_id", Text),
    Column("situation", String(64), nullable=False),
    Column("decision", String(32), nullable=False),
    Column("quarters", Text, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("reason", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("decided_at", DateTime, nullable=False),  # UTC, without its zone: every database can
    Column("undoes", Integer, ForeignKey("decisions.id"), unique=True),
    sqlite_autoincrement=True,
)
COLUMNS = tuple(column.name for column in _TABLE.columns if column.name != "territory")


@dataclass(frozen=True)
class Case:
    """The project a decision is about, as the programme describes it on that day."""

    programme: str
    year: int
    reference: str | None
    project_id: str
    situation: str


def database_url() -> str:
    """Return ``ATLAS_DATABASE_URL`` if set, else the SQLite file ``var/atlas.sqlite``."""
    default = Path(__file__).resolve().parent.parent / "var" / "atlas.sqlite"
    return os.environ.get("ATLAS_DATABASE_URL") or f"sqlite:///{default}"


class Journal:
    """The decisions of one territory; reading creates nothing, the first write makes the table.

    Every method raises DecisionError, in French, when the database cannot be used.
    """

    def __init__(self, url: str, territory: str) -> None:
        self._url = url
        self._territory = territory
        self._ready = False

    @cached_property
    def _engine(self) -> Engine:
        try:
            url = make_url(self._url)
            if not self._is_sqlite:
                return create_engine(url, pool_pre_ping=True)
            engine = create_engine(url, connect_args={"timeout": _PATIENCE_S})
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise DecisionError(
                "ATLAS_DATABASE_URL ne désigne pas une base utilisable ; attendu : "
                "sqlite:///dossier/fichier.sqlite, ou postgresql+psycopg://… avec son pilote "
                "installé."
            ) from error
        event.listen(engine, "connect", _set_sqlite)
        return engine

    @property
    def _is_sqlite(self) -> bool:
        return self._url.startswith("sqlite")

    @cached_property
    def _file(self) -> Path | None:
        name = make_url(self._url).database if self._is_sqlite else None
        # SQLite's own "file:" addresses carry options: it alone knows what file they open.
        return Path(name) if name and not name.startswith("file:") else None

    @property
    def name(self) -> str:
        """Return the name of the database as it may be shown: no folder, no password."""
        return Path(str(self._engine.url.database).partition("?")[0]).name

    def refusal(self) -> str:
        """Say in French why nothing can be written, empty when writing looks possible.

        Only a SQLite file is looked at: whether it, or the nearest folder that exists above it,
        may be written. A write may still be refused, and then says so.
        """
        try:
            file = self._file
        except SQLAlchemyError:
            return "La base des décisions est mal désignée (ATLAS_DATABASE_URL)."
        if file is None:
            return ""
        above = next((path for path in (file, *file.parents) if path.exists()), file)
        folder = above.parent if above == file else above
        if folder.is_dir() and os.access(folder, os.W_OK) and os.access(above, os.W_OK):
            return ""
        return (
            f"Lecture seule : le fichier « {file.name} » des décisions ne peut pas être écrit. "
            "Donnez à l'atlas le droit d'écrire dans son dossier, ou désignez une autre base "
            "par ATLAS_DATABASE_URL."
        )

    def size(self) -> int:
        """Return how many entries there are: what a cache is keyed by.

        Not the last number: of two that are written at once, the lower may be there later.
        """
        if not self._exists():
            return 0
        query = select(func.count()).where(_TABLE.c.territory == self._territory)
        with self._guarded("lues"), self._engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def entries(self, programme: str) -> pd.DataFrame:
        """Return every entry of a programme, oldest first: columns COLUMNS and ``undone_by``.

        ``undone_by`` is the number of the entry that undoes this one, missing while it stands.
        """
        wanted = (_TABLE.c.territory == self._territory) & (_TABLE.c.programme == programme)
        query = select(*(_TABLE.c[name] for name in COLUMNS)).where(wanted).order_by(_TABLE.c.id)
        rows: Sequence[object] = ()
        if self._exists():
            with self._guarded("lues"), self._engine.connect() as connection:
                rows = [tuple(row) for row in connection.execute(query)]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        types = {"id": "Int64", "year": "Int64", "undoes": "Int64"}
        types |= {"lon": "float64", "lat": "float64", "decided_at": "datetime64[us]"}
        frame = frame.astype({name: types.get(name, "str") for name in COLUMNS})
        undone = frame.dropna(subset=["undoes"]).set_index("undoes")["id"]
        frame["undone_by"] = frame["id"].map(undone).astype("Int64")
        return frame

    def decide(
        self,
        case: Case,
        decision: str,
        *,
        reason: str,
        author: str,
        quarters: Sequence[str] = (),
        position: tuple[float, float] | None = None,
    ) -> int:
        """Add a decision and return its number.

        ``decision`` is one of DECISIONS; ``quarters`` the codes served or kept, ``position`` the
        longitude and latitude (EPSG:4326, degrees) kept or accepted. Raises DecisionError, with
        every fault, when something is missing.
        """
        words = {"reason": _clean(reason), "author": _clean(author)}
        faults = [*_word_faults(words), *_decision_faults(decision, quarters, position)]
        if faults:
            raise DecisionError("\n".join(faults))
        lon, lat = position or (None, None)
        return self._add(
            programme=case.programme,
            year=case.year,
            reference=case.reference,
            project_id=case.project_id,
            situation=case.situation,
            decision=decision,
            quarters=", ".join(quarters),
            lon=lon,
            lat=lat,
            **words,
        )

    def undo(self, number: int, *, author: str, reason: str) -> int:
        """Undo a decision that stands, and return the number of the entry that says so.

        An earlier decision on the same project, if it stands, holds again. Raises DecisionError
        when there is no such decision or when it is already undone.
        """
        words = {"reason": _clean(reason), "author": _clean(author)}
        faults = _word_faults(words)
        if faults:
            raise DecisionError("\n".join(faults))
        query = select(_TABLE).where(
            _TABLE.c.id == number, _TABLE.c.territory == self._territory, _TABLE.c.decision != UNDO
        )
        found = None
        if self._exists():
            with self._guarded("lues"), self._engine.connect() as connection:
                found = connection.execute(query).mappings().first()
        if found is None:
            raise DecisionError(f"Décision n° {number} introuvable ; rechargez la page.")
        kept = ("programme", "year", "reference", "project_id", "situation", "quarters")
        copied = {name: found[name] for name in kept}
        try:
            return self._add(**copied, decision=UNDO, undoes=number, **words)
        except IntegrityError as error:
            raise DecisionError(f"La décision n° {number} est déjà annulée.") from error

    def _add(self, **values: object) -> int:
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        row = {"territory": self._territory, "decided_at": now, **values}
        with self._guarded("écrites"):
            self._create()
            with self._engine.begin() as connection:
                key = connection.execute(insert(_TABLE).values(row)).inserted_primary_key
        return int(key[0]) if key else 0

    def _exists(self) -> bool:
        """Say whether the journal has its table, without creating a file to find out."""
        with self._guarded("lues"):
            if not self._ready and (self._file is None or self._file.exists()):
                self._ready = inspect(self._engine).has_table(_TABLE.name)
            elif self._file is not None and not self._file.exists():
                self._ready = False
        return self._ready

    def _create(self) -> None:
        if self._exists():
            return
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self._is_sqlite:
                self._write_ahead()
            with self._engine.begin() as connection:
                connection.execute(CreateTable(_TABLE, if_not_exists=True))
        except DBAPIError:
            # Another process may have made it just now; anything else is a true refusal.
            if not self._exists():
                raise

    def _write_ahead(self) -> None:
        # A write-ahead log lets people read while one writes; it is a property of the file.
        with self._engine.connect() as connection:
            connection.execute(text("PRAGMA journal_mode=WAL"))

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            cause = getattr(error, "orig", None) or error
            raise DecisionError(
                f"Les décisions ne peuvent pas être {what} dans la base « {self.name} » "
                f"({_short(cause)}). Vérifiez que son dossier existe, a de la place et s'écrit, ou "
                "que la base répond ; rien n'a été changé."
            ) from error


def _set_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _short(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).splitlines()[0][:120]


def _clean(words: str) -> str:
    """Drop what no reader sees and some databases refuse (control signs, lone surrogates)."""
    kept = "".join(
        sign if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs") else " "
        for sign in words
    )
    return kept.strip()


def _word_faults(words: dict[str, str]) -> list[str]:
    limits = {
        "reason": ("Le motif", "dites pourquoi, en une phrase", MOST_REASON),
        "author": ("Le nom", "dites qui décide", MOST_AUTHOR),
    }
    faults = []
    for name, (label, remedy, most) in limits.items():
        if not words[name]:
            faults.append(f"{label} manque : {remedy}.")
        elif len(words[name]) > most:
            faults.append(f"{label} a {len(words[name])} signes ; {most} au plus.")
    return faults


def _decision_faults(
    decision: str, quarters: Sequence[str], position: tuple[float, float] | None
) -> list[str]:
    if decision not in DECISIONS:
        return [f"Décision « {decision} » inconnue ; attendu : {', '.join(DECISIONS)}."]
    faults = []
    if DECISIONS[decision].needs == "quarters" and not quarters:
        faults.append("Le quartier manque : choisissez au moins un quartier servi.")
    if DECISIONS[decision].needs != "quarters" and quarters:
        faults.append("Cette décision ne dit aucun quartier : laissez les quartiers vides.")
    if DECISIONS[decision].needs == "position" and not (
        position and all(math.isfinite(degrees) for degrees in position)
    ):
        faults.append("La position manque : ce projet n'a pas de coordonnées à garder.")
    return faults
