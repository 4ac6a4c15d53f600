"""The tables of the database: decisions, programmes, their rows, the journal of imports.

A row of ``projects`` or ``funding`` is never changed: it holds from the import that brings it
(``added_by``) to the one that replaces or removes it (``removed_by``), so that every state the
programme went through is still there. Its other columns are those of the contracts PROJECTS and
FUNDING. What is written here is written again in ``store/migrations``, which brings an older
database to this shape.
"""

from typing import Any

import pandera.pandas as pa
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from geo.schema import FUNDING, PROJECTS

HEAD = "0003"  # the revision of store/migrations that makes these tables
METADATA = MetaData()
# Types of the contracts that are no text.
_TYPES: dict[str, Any] = {"Int64": BigInteger, "float64": Float(53), "bool": Boolean}


def _number() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _owner(*, index: bool = False) -> list[Column[Any]]:
    territory = Column("territory", String(64), nullable=False, index=index)
    return [territory, Column("programme", String(64), nullable=False)]


def _contract(contract: pa.DataFrameSchema) -> list[Column[Any]]:
    return [
        Column(name, _TYPES.get(str(column.dtype), Text), nullable=bool(column.nullable))
        for name, column in contract.columns.items()
        if name != "programme"
    ]


def _life() -> list[Column[Any]]:
    return [
        Column("added_by", Integer, ForeignKey("imports.id"), nullable=False),
        Column("removed_by", Integer, ForeignKey("imports.id")),
    ]


def _rows(name: str, contract: pa.DataFrameSchema, *more: Column[Any]) -> Table:
    columns = [_number(), *_owner(), *more, *_contract(contract), *_life()]
    index = Index(f"ix_{name}_standing", "territory", "programme", "removed_by")
    return Table(name, METADATA, *columns, index, sqlite_autoincrement=True)


DECISIONS = Table(
    "decisions",
    METADATA,
    _number(),
    *_owner(index=True),
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

# Imported programmes, and those of the territory file that are hidden.
PROGRAMMES = Table(
    "programmes",
    METADATA,
    Column("territory", String(64), primary_key=True),
    Column("code", String(64), primary_key=True),
    Column("label", Text, nullable=False),
    Column("imported", Boolean, nullable=False),
    Column("hidden", Boolean, nullable=False),
)

# An import, or the undoing of one: rows of the file, rows refused, projects touched.
IMPORTS = Table(
    "imports",
    METADATA,
    _number(),
    *_owner(index=True),
    Column("year", Integer, nullable=False),
    Column("imported_at", DateTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    *(
        Column(name, Integer, nullable=False)
        for name in ("rows_in", "rejected", "added", "changed", "removed", "unchanged")
    ),
    Column("undoes", Integer, ForeignKey("imports.id"), unique=True),
    sqlite_autoincrement=True,
)

# ``given_id`` is the identifier of the file: ``project_id`` may differ to stay unique.
PROJECT_ROWS = _rows("projects", PROJECTS, Column("given_id", Text, nullable=False))
FUNDING_ROWS = _rows("funding", FUNDING, Column("year", Integer, nullable=False))

# How the columns of a source are read, as the person who imports has settled it.
MAPPINGS = Table(
    "mappings",
    METADATA,
    Column("territory", String(64), primary_key=True),
    Column("source", String(200), primary_key=True),
    Column("content", Text, nullable=False),
    Column("saved_at", DateTime, nullable=False),
)

# What the address service has answered to a question (``geo.addresses``): each is asked once.
LOCATIONS = Table(
    "locations",
    METADATA,
    Column("service", String(200), primary_key=True),
    Column("text", String(400), primary_key=True),
    Column("postcode", String(5), primary_key=True),
    Column("citycode", String(5), primary_key=True),
    Column("kind", String(32), nullable=False),  # housenumber, street…, or none
    Column("score", Float(53)),
    Column("lon", Float(53)),
    Column("lat", Float(53)),
    Column("label", Text, nullable=False),
    Column("found_citycode", String(5), nullable=False),
    Column("asked_at", DateTime, nullable=False),
)
