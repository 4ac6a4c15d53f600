"""Column maps kept from one import to the next: a source is known by its headers."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import delete, insert, select

from analysis.fields import Vocabulary
from analysis.mapping import ColumnMap, fingerprint, for_edition, from_json, to_json
from geo.errors import DataFileError
from store.database import Database
from store.models import MAPPINGS

_WHAT = "Les correspondances"


class Mappings:
    """The column maps of a territory; raises StoreError when the database is at fault."""

    def __init__(self, database: Database, territory: str) -> None:
        """Take the database and the code of the territory."""
        self._database = database
        self._territory = territory

    def recall(self, headers: Iterable[str], words: Vocabulary) -> ColumnMap | None:
        """Return the map last kept for these headers, whatever their year, or None.

        Its headers are those of this file. One that today's format no longer understands is left
        aside.
        """
        headers = list(headers)
        query = select(MAPPINGS.c.content).where(
            MAPPINGS.c.territory == self._territory, MAPPINGS.c.source == fingerprint(headers)
        )
        with self._database.reading(_WHAT) as connection:
            content = connection.execute(query).scalar() if connection else None
        if content is None:
            return None
        try:
            kept = from_json(str(content).encode(), "Correspondances", words)
        except DataFileError:
            return None
        return for_edition(kept, headers)

    def keep(self, headers: Iterable[str], columns: ColumnMap) -> None:
        """Keep a map for the next file of these headers, in place of the former one."""
        source = fingerprint(headers)
        mine = (MAPPINGS.c.territory == self._territory) & (MAPPINGS.c.source == source)
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        row = {"territory": self._territory, "source": source, "saved_at": now}
        with self._database.writing(_WHAT) as connection:
            connection.execute(delete(MAPPINGS).where(mine))
            content = to_json(columns).decode()
            connection.execute(insert(MAPPINGS).values(row | {"content": content}))
