"""Which programmes there are: those of the territory file, less the hidden ones, and imports."""

from dataclasses import replace

from sqlalchemy import Connection, exists, insert, select, update

from geo.errors import ImportRefused
from geo.territory import NO_PROGRAMME, Programme, Territory
from store.database import Database
from store.models import PROGRAMMES, PROJECT_ROWS

IMPORTED = "base"  # the format of a programme whose rows are in the database
_WHAT = "Les programmes"


class Registry:
    """The programmes of a territory, as its file and the database tell them together."""

    def __init__(self, database: Database, territory: Territory) -> None:
        """Take the territory as its file tells it."""
        self._database = database
        self._territory = territory

    def territory(self) -> Territory:
        """Return the territory with its programmes of today, the default one among them.

        Hidden programmes are left out; imported ones come last, by code. Raises StoreError when
        the database cannot be read.
        """
        imported, hidden = self._read()
        listed = [one for one in (*self._territory.programmes, *imported) if one != NO_PROGRAMME]
        programmes = tuple(one for one in listed if one.code not in hidden) or (NO_PROGRAMME,)
        known = {one.code: one for one in programmes}
        default = self._territory.default_programme
        if default not in known:
            first = next((one.code for one in imported if one.code in known), "")
            default = first or next(iter(known), default)
        return replace(self._territory, programmes=programmes, default_programme=default)

    def hidden(self) -> tuple[Programme, ...]:
        """Return the programmes that are hidden, imported or not."""
        imported, hidden = self._read()
        every = (*self._territory.programmes, *imported)
        return tuple(one for one in every if one.code in hidden)

    def hide(self, code: str) -> None:
        """Take a programme out of the atlas; nothing of it is lost, ``show`` brings it back.

        Raises ImportRefused when it is unknown, or the only one left.
        """
        shown = {one.code: one for one in self.territory().programmes}
        if code not in shown:
            self._refuse_unknown(code, list(shown))
        if len(shown) == 1:
            raise ImportRefused(f"« {code} » est le seul programme : importez-en un autre d'abord.")
        imported = shown[code].format == IMPORTED
        with self._database.writing(_WHAT) as connection:
            remember(connection, self._territory.code, shown[code].label, code, imported, True)

    def show(self, code: str) -> None:
        """Bring a hidden programme back; raises ImportRefused when it is not hidden."""
        hidden = {one.code: one for one in self.hidden()}
        if code not in hidden:
            self._refuse_unknown(code, list(hidden))
        imported = hidden[code].format == IMPORTED
        with self._database.writing(_WHAT) as connection:
            remember(connection, self._territory.code, hidden[code].label, code, imported, False)

    def _refuse_unknown(self, code: str, known: list[str]) -> None:
        listed = ", ".join(known) or "aucun"
        raise ImportRefused(f"Programme « {code[:64]} » inconnu ; attendu : {listed}.")

    def _read(self) -> tuple[list[Programme], set[str]]:
        rows = PROJECT_ROWS.c
        mine = (rows.territory == PROGRAMMES.c.territory) & (rows.programme == PROGRAMMES.c.code)
        standing = exists().where(mine, rows.removed_by.is_(None))
        invented = exists().where(mine, rows.removed_by.is_(None), rows.fictitious)
        columns = (PROGRAMMES.c.code, PROGRAMMES.c.label, PROGRAMMES.c.imported)
        query = (
            select(
                *columns, PROGRAMMES.c.hidden, standing.label("full"), invented.label("invented")
            )
            .where(PROGRAMMES.c.territory == self._territory.code)
            .order_by(PROGRAMMES.c.code)
        )
        with self._database.reading(_WHAT) as connection:
            found = list(connection.execute(query).mappings()) if connection else []
        imported = [
            Programme(row["code"], row["label"], IMPORTED, bool(row["invented"]), {})
            for row in found
            if row["imported"] and row["full"]
        ]
        return imported, {row["code"] for row in found if row["hidden"]}


def remember(
    connection: Connection, territory: str, label: str, code: str, imported: bool, hidden: bool
) -> None:
    """Write what is known of a programme, in the caller's transaction."""
    key = {"territory": territory, "code": code}
    where = (PROGRAMMES.c.territory == territory) & (PROGRAMMES.c.code == code)
    values = {"label": label, "imported": imported, "hidden": hidden}
    if not connection.execute(update(PROGRAMMES).where(where).values(values)).rowcount:
        connection.execute(insert(PROGRAMMES).values(key | values))
