"""Imports: what a file would change, the change made whole or not at all, and undone.

A programme's year is replaced by what a file says of it; every import is an entry of a journal
that is only ever added to, and the rows it replaced stay (``store.models``), so that undoing one is
one more entry that brings back the former rows. Decisions made by hand are elsewhere and follow a
project by its reference (``analysis.decisions``).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from analysis import wording
from analysis.difference import CHANGES, changed_cells, identify, project_changes, row_changes
from geo.errors import ImportRefused
from geo.schema import FUNDING, PROJECTS, report
from geo.territory import Territory
from store.database import Database, legible
from store.models import IMPORTS, PROGRAMMES
from store.registry import remember
from store.rows import FUNDING_PART, PARTS, PROJECT_PART, Owner, Part, take_away

MOST_AUTHOR, MOST_NAME = 100, 200
_WHAT = "Les imports"
_CODE = re.compile(r"[a-z0-9-]{1,64}")
Tables = tuple[pd.DataFrame, pd.DataFrame]


ENTRY_COLUMNS = tuple(column.name for column in IMPORTS.columns if column.name != "territory")


@dataclass(frozen=True)
class Difference:
    """What importing a file would do to one year of a programme.

    ``projects`` and ``funding`` are the year as it would be; ``changes`` has one row a project
    (``analysis.difference.project_changes``), ``cells`` one row a cell changed in a project or line
    of both states: ``project_id``, ``funder`` (empty for the project itself), ``field``, ``old``,
    ``new``. ``edition`` is the last import the difference knows of.
    """

    programme: str
    year: int
    edition: int
    projects: pd.DataFrame
    funding: pd.DataFrame
    changes: pd.DataFrame
    cells: pd.DataFrame

    @property
    def counts(self) -> dict[str, int]:
        """Return how many projects are added, changed, removed, unchanged."""
        return {word: int((self.changes["change"] == word).sum()) for word in CHANGES}

    @property
    def is_empty(self) -> bool:
        """Say whether the import would change nothing."""
        return all(count == 0 for word, count in self.counts.items() if word != "unchanged")


class Imports:
    """The imported programmes of a territory; raises StoreError when the database is at fault."""

    def __init__(self, database: Database, territory: Territory) -> None:
        """Take the territory as its file tells it: its programmes' codes are not for imports."""
        self._database = database
        self._territory = territory

    def preview(
        self,
        programme: str,
        year: int,
        projects: pd.DataFrame,
        funding: pd.DataFrame,
        *,
        keep_absent: bool = False,
    ) -> Difference:
        """Say what importing these frames as a year of a programme would change.

        ``projects`` and ``funding`` obey PROJECTS and FUNDING, all of one year. Projects are
        matched by reference, else by the identifier of the file; ``keep_absent`` keeps the projects
        of that year which the file does not have, for a file that tells only some. Nothing is
        written. Raises ImportRefused, with every fault, when the frames cannot be imported.
        """
        self._refuse(programme, year, projects, funding)
        with self._database.reading(_WHAT) as connection:
            edition = _edition(connection, self._territory.code, programme)
            before, others = self._standing(connection, programme, year)
        after = _aligned(projects, funding, before, others, year)
        if keep_absent:
            after = _completed(before, after)
        changes = project_changes(before, after)
        return Difference(programme, year, edition, *after, changes, _cells(before, after))

    def apply(
        self,
        difference: Difference,
        *,
        author: str,
        file_name: str,
        sha256: str,
        rows_in: int,
        rejected: int = 0,
        label: str = "",
    ) -> int:
        """Make the change, whole or not at all, and return the number of the import.

        ``rows_in`` and ``rejected`` are rows of the file; ``label`` names a new programme. Raises
        ImportRefused when another import came after the preview, or when the author is missing.
        """
        words = {"author": _named(author), "file_name": legible(file_name)[:MOST_NAME]}
        counts = {"rows_in": rows_in, "rejected": rejected, **difference.counts}
        with self._database.writing(_WHAT) as connection:
            programme, code = difference.programme, self._territory.code
            if _edition(connection, code, programme) != difference.edition:
                raise ImportRefused(
                    f"Un autre import du programme « {programme} » a eu lieu entre-temps : "
                    "rien n'a été changé. Refaites l'aperçu, puis confirmez."
                )
            number = self._enter(
                connection, programme, difference.year, sha256=sha256, **words, **counts
            )
            self._register(connection, programme, label)
            after = (difference.projects, difference.funding)
            owner = self._owner(programme)
            for part, frame in zip(PARTS, after, strict=True):
                before = owner.standing(connection, part, difference.year)
                gone, come = row_changes(before[part.columns], frame[part.columns], part.keys)
                take_away(connection, part, before.loc[gone, "id"], number)
                owner.add(connection, part, frame.loc[come], number)
            self._refuse_doubles(connection, programme)
        return number

    def undo(self, number: int, *, author: str) -> int:
        """Bring back the rows an import replaced, and return the number of the entry that says so.

        Raises ImportRefused when there is no such import, when it is already undone, or when a
        later import touched the same rows and still stands: that one is to be undone first.
        """
        author = _named(author)
        try:
            with self._database.writing(_WHAT) as connection:
                entry = self._entry(connection, number)
                undoing = self._enter(connection, **_undoing(entry, author))
                for part in PARTS:
                    self._revert(connection, part, entry, undoing)
                self._refuse_doubles(connection, entry["programme"])
        except IntegrityError as error:
            raise ImportRefused(f"L'import n° {number} est déjà annulé.") from error
        return undoing

    def entries(self) -> pd.DataFrame:
        """Return the journal, oldest first: ENTRY_COLUMNS, and ``undone_by`` where it is undone."""
        query = select(*(IMPORTS.c[name] for name in ENTRY_COLUMNS))
        query = query.where(IMPORTS.c.territory == self._territory.code).order_by(IMPORTS.c.id)
        with self._database.reading(_WHAT) as connection:
            rows = [tuple(row) for row in connection.execute(query)] if connection else []
        frame = pd.DataFrame(rows, columns=list(ENTRY_COLUMNS))
        texts = dict.fromkeys(("programme", "author", "file_name", "sha256"), "str")
        whole = {name: "Int64" for name in ENTRY_COLUMNS if name not in texts}
        frame = frame.astype(whole | texts | {"imported_at": "datetime64[us]"})
        undone = frame.dropna(subset=["undoes"]).set_index("undoes")["id"]
        frame["undone_by"] = frame["id"].map(undone).astype("Int64")
        return frame

    def credits(self, programme: str, year: int) -> list[str]:
        """Say where the lines of an imported year come from, the latest import in force first.

        File, day, person and number in the journal; what was undone is left out.
        """
        told = self.entries()
        standing = told["undoes"].isna() & told["undone_by"].isna()
        told = told[standing & told["programme"].eq(programme) & told["year"].eq(year)]
        return [
            f"{row['file_name']}, importé le {wording.day(row['imported_at'])} par "
            f"{row['author']} (import n° {row['id']})"
            for row in told.iloc[::-1].to_dict("records")
        ]

    def edition(self, programme: str) -> int:
        """Return the last import of a programme, 0 without any: what a cache is keyed by."""
        with self._database.reading(_WHAT) as connection:
            return _edition(connection, self._territory.code, programme)

    def size(self) -> int:
        """Return how many entries the journal has."""
        query = select(func.count()).where(IMPORTS.c.territory == self._territory.code)
        with self._database.reading(_WHAT) as connection:
            return int(connection.execute(query).scalar() or 0) if connection else 0

    def tables(self, programme: str) -> Tables:
        """Return an imported programme, every year: contracts PROJECTS and FUNDING.

        Sorted by year and identifier, then by funder; empty frames when nothing stands.
        """
        with self._database.reading(_WHAT) as connection:
            owner = self._owner(programme)
            projects, funding = (owner.standing(connection, part) for part in PARTS)
        projects = projects.assign(programme=programme).sort_values(["year", "project_id"])
        funding = funding.sort_values(["year", "project_id", "funder"])
        return (
            projects[list(PROJECTS.columns)].astype({"programme": "str"}).reset_index(drop=True),
            funding[list(FUNDING.columns)].reset_index(drop=True),
        )

    def _refuse(
        self, programme: str, year: int, projects: pd.DataFrame, funding: pd.DataFrame
    ) -> None:
        faults = []
        if not _CODE.fullmatch(programme):
            faults.append(
                f"Programme « {programme[:64]} » : attendu, des minuscules sans accent, des "
                "chiffres et des tirets."
            )
        if programme in {one.code for one in self._territory.programmes}:
            faults.append(
                f"Programme « {programme} » : ce code est celui d'un fichier ; autre nom."
            )
        faults += filter(
            None, (report(projects, PROJECTS, "Import"), report(funding, FUNDING, "Import"))
        )
        if not faults:
            faults = _frame_faults(year, projects, funding)
        if faults:
            raise ImportRefused("\n".join(faults))

    def _standing(
        self, connection: Connection | None, programme: str, year: int
    ) -> tuple[Tables, set[str]]:
        """Return the year as it stands, and the identifiers of the other years."""
        owner = self._owner(programme)
        every = owner.standing(connection, PROJECT_PART)
        lines = owner.standing(connection, FUNDING_PART, year)
        mine = every["year"] == year
        return (every[mine], lines), set(every.loc[~mine, "project_id"])

    def _owner(self, programme: str) -> Owner:
        return Owner(self._territory.code, programme)

    def _enter(self, connection: Connection, programme: str, year: int, **values: Any) -> int:
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        row = {"territory": self._territory.code, "programme": programme, "year": year} | values
        key = connection.execute(insert(IMPORTS).values(row | {"imported_at": now}))
        return int((key.inserted_primary_key or (0,))[0])

    def _register(self, connection: Connection, programme: str, label: str) -> None:
        code = self._territory.code
        query = select(PROGRAMMES.c.label).where(
            PROGRAMMES.c.territory == code, PROGRAMMES.c.code == programme
        )
        known = connection.execute(query).scalar()
        words = legible(label)[:MOST_NAME] or known or programme
        remember(connection, code, words, programme, imported=True, hidden=False)

    def _refuse_doubles(self, connection: Connection, programme: str) -> None:
        twice = self._owner(programme).doubles(connection)
        if twice:
            raise ImportRefused(
                f"Identifiant(s) {', '.join(twice[:5])} : déjà pris par un projet d'une autre "
                "année ; rien n'a été changé. Annulez d'abord l'import le plus récent."
            )

    def _entry(self, connection: Connection, number: int) -> dict[str, Any]:
        query = select(IMPORTS).where(
            IMPORTS.c.id == number, IMPORTS.c.territory == self._territory.code
        )
        found = connection.execute(query).mappings().first()
        if found is None:
            raise ImportRefused(f"Import n° {number} introuvable : voyez « cli.py imports ».")
        return dict(found)

    def _revert(
        self, connection: Connection, part: Part, entry: dict[str, Any], undoing: int
    ) -> None:
        owner, keys = self._owner(entry["programme"]), list(part.keys)
        brought = owner.brought(connection, part, entry["id"])
        replaced = owner.replaced(connection, part, entry["id"])
        touched = pd.concat([brought[keys], replaced[keys]]).drop_duplicates()
        now = owner.standing(connection, part).merge(touched, on=keys)
        changed = row_changes(brought[part.columns], now[part.columns], keys)
        if any(map(len, changed)):
            self._refuse_touched(connection, entry)
        take_away(connection, part, now["id"], undoing)
        owner.add(connection, part, replaced, undoing)

    def _refuse_touched(self, connection: Connection, entry: dict[str, Any]) -> None:
        columns = IMPORTS.c
        undone = select(columns.undoes).where(columns.undoes.is_not(None))
        query = select(columns.id).where(
            columns.territory == self._territory.code,
            columns.programme == entry["programme"],
            columns.year == entry["year"],
            columns.id > entry["id"],
            columns.undoes.is_(None),
            columns.id.not_in(undone),
        )
        later = connection.execute(query.order_by(columns.id.desc())).scalars()
        listed = ", ".join(f"n° {key}" for key in later) or "l'annulation la plus récente"
        raise ImportRefused(
            f"L'import n° {entry['id']} ne peut pas être annulé : des lignes qu'il a changées "
            f"l'ont été de nouveau depuis. Annulez d'abord : {listed}."
        )


def _edition(connection: Connection | None, territory: str, programme: str) -> int:
    query = select(func.max(IMPORTS.c.id)).where(
        IMPORTS.c.territory == territory, IMPORTS.c.programme == programme
    )
    return int(connection.execute(query).scalar() or 0) if connection is not None else 0


def _aligned(
    projects: pd.DataFrame, funding: pd.DataFrame, before: Tables, taken: set[str], year: int
) -> Tables:
    """Return the frames of a file with the identifiers, columns and texts of the database."""
    projects, funding = (_legible(frame).reset_index(drop=True) for frame in (projects, funding))
    names = identify(projects, before[0], taken, year)
    given = projects["project_id"]
    lines = funding["project_id"].map(dict(zip(given, names, strict=True)))
    # A project known by its reference keeps the identifier of the file it first came from.
    former = before[0].set_index("project_id")["given_id"].to_dict()
    given = names.map(former).astype("str").fillna(given)
    projects = projects.assign(given_id=given, project_id=names)
    funding = funding.assign(project_id=lines.astype("str"), year=pd.Series(year, funding.index))
    return projects[PROJECT_PART.columns], funding.astype({"year": "Int64"})[FUNDING_PART.columns]


def _legible(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name])]
    return frame.assign(**{name: _clean(frame[name]) for name in texts})


def _clean(column: pd.Series) -> pd.Series:
    found = {text: legible(text) for text in column.dropna().unique()}
    return column.map(found).astype("str")


def _completed(before: Tables, after: Tables) -> Tables:
    known = set(after[0]["project_id"])
    whole = [
        pd.concat([new, old.loc[~old["project_id"].isin(known), new.columns]], ignore_index=True)
        for old, new in zip(before, after, strict=True)
    ]
    return whole[0], whole[1]


def _cells(before: Tables, after: Tables) -> pd.DataFrame:
    parts = [
        changed_cells(old[new.columns], new, part.keys)
        for part, old, new in zip(PARTS, before, after, strict=True)
    ]
    both = pd.concat([parts[0].assign(funder=""), parts[1]], ignore_index=True)
    return both[["project_id", "funder", "field", "old", "new"]]


def _frame_faults(year: int, projects: pd.DataFrame, funding: pd.DataFrame) -> list[str]:
    faults = []
    others = projects.loc[projects["year"] != year, "year"].unique()
    if len(others):
        found = ", ".join(str(other) for other in sorted(others))
        faults.append(f"Import de {year} : projets de {found} ; une année à la fois.")
    for some, rest, words in (
        (funding, projects, "financement sans projet"),
        (projects, funding, "projet sans financement"),
    ):
        alone = some.loc[~some["project_id"].isin(rest["project_id"]), "project_id"].unique()
        if len(alone):
            faults.append(f"Import : {words} pour {', '.join(alone[:5])} ({len(alone)} en tout).")
    return faults


def _named(author: str) -> str:
    name = legible(author)
    if not name or len(name) > MOST_AUTHOR:
        raise ImportRefused(f"Le nom manque ou dépasse {MOST_AUTHOR} signes : dites qui importe.")
    return name


def _undoing(entry: dict[str, Any], author: str) -> dict[str, Any]:
    kept = ("programme", "year", "file_name", "sha256", "changed", "unchanged")
    swapped = {"added": entry["removed"], "removed": entry["added"], "rows_in": 0, "rejected": 0}
    return (
        {name: entry[name] for name in kept} | swapped | {"author": author, "undoes": entry["id"]}
    )
