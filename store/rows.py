"""The rows of imported programmes: those that stand, those that come, those that go.

Every function works on the connection of its caller, so that an import is one transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pandera.pandas as pa
from sqlalchemy import Connection, Table, bindparam, func, insert, select, update

from geo.schema import FUNDING, PROJECTS, types
from store.models import FUNDING_ROWS, PROJECT_ROWS

_OWN = {"given_id": "str", "year": "Int64"}  # columns of a table that its contract may not have


@dataclass(frozen=True)
class Part:
    """One of the two tables of a programme: its contract and what names a row."""

    table: Table
    contract: pa.DataFrameSchema
    keys: tuple[str, ...]

    @property
    def types(self) -> dict[str, str]:
        """Return the pandas type of each column kept: those of the contract, and the table's."""
        kept = {
            name: word
            for name, word in types(self.contract).items()
            if name in self.table.c and name != "programme"
        }
        return kept | {name: word for name, word in _OWN.items() if name in self.table.c}

    @property
    def columns(self) -> list[str]:
        """Return the columns kept."""
        return list(self.types)


PROJECT_PART = Part(PROJECT_ROWS, PROJECTS, ("project_id",))
FUNDING_PART = Part(FUNDING_ROWS, FUNDING, ("project_id", "funder"))
PARTS = (PROJECT_PART, FUNDING_PART)


@dataclass(frozen=True)
class Owner:
    """Whose rows they are: a programme of a territory."""

    territory: str
    programme: str

    def standing(
        self, connection: Connection | None, part: Part, year: int | None = None
    ) -> pd.DataFrame:
        """Return the rows that stand (``id`` and the part's columns), of one year or of all."""
        wanted: list[Any] = [part.table.c.removed_by.is_(None)]
        if year is not None:
            wanted.append(part.table.c.year == year)
        return self._fetch(connection, part, wanted)

    def brought(self, connection: Connection, part: Part, number: int) -> pd.DataFrame:
        """Return the rows that an import brought, whether they still stand or not."""
        return self._fetch(connection, part, [part.table.c.added_by == number])

    def replaced(self, connection: Connection, part: Part, number: int) -> pd.DataFrame:
        """Return the rows that an import took away."""
        return self._fetch(connection, part, [part.table.c.removed_by == number])

    def add(self, connection: Connection, part: Part, frame: pd.DataFrame, number: int) -> None:
        """Write rows as brought by an import."""
        plain = frame[part.columns].astype("object")
        records = plain.where(plain.notna(), None).to_dict("records")
        mine = {"territory": self.territory, "programme": self.programme, "added_by": number}
        if records:
            connection.execute(insert(part.table), [{**row, **mine} for row in records])  # type: ignore[dict-item]

    def doubles(self, connection: Connection) -> list[str]:
        """Return the identifiers that more than one standing project has."""
        columns = PROJECT_ROWS.c
        query = (
            select(columns.project_id)
            .where(*self._mine(PROJECT_PART), columns.removed_by.is_(None))
            .group_by(columns.project_id)
            .having(func.count() > 1)
        )
        return list(connection.execute(query).scalars())

    def _mine(self, part: Part) -> list[Any]:
        columns = part.table.c
        return [columns.territory == self.territory, columns.programme == self.programme]

    def _fetch(
        self, connection: Connection | None, part: Part, wanted: Sequence[Any]
    ) -> pd.DataFrame:
        names = ["id", *part.columns]
        query = select(*(part.table.c[name] for name in names))
        query = query.where(*self._mine(part), *wanted).order_by(part.table.c.id)
        rows = [tuple(row) for row in connection.execute(query)] if connection is not None else []
        return pd.DataFrame(rows, columns=names).astype({"id": "Int64"} | part.types)


def take_away(connection: Connection, part: Part, numbers: Iterable[int], by: int) -> None:
    """Say of rows, named by ``id``, that an import takes them away."""
    change = update(part.table).where(part.table.c.id == bindparam("row")).values(removed_by=by)
    rows = [{"row": int(number)} for number in numbers]
    if rows:
        connection.execute(change, rows)
