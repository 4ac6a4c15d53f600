"""The journal of decisions: what a person settled, why, who and when; nothing is ever erased.

An entry is added for each decision and for each undoing of one; none is changed or removed. The
journal lies beside the data, in a database (SQLite by default, any other by its URL), so that it
survives a new import of the programme.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from analysis.decisions import DECISIONS
from geo.errors import DecisionError
from store.database import Database, legible
from store.models import DECISIONS as _TABLE

MOST_REASON, MOST_AUTHOR = 2000, 100
UNDO = "undo"
_WHAT = "Les décisions"
COLUMNS = tuple(column.name for column in _TABLE.columns if column.name != "territory")


@dataclass(frozen=True)
class Case:
    """The project a decision is about, as the programme describes it on that day."""

    programme: str
    year: int
    reference: str | None
    project_id: str
    situation: str


class Journal:
    """The decisions of one territory; reading creates nothing, the first write makes the table.

    Every method raises StoreError, in French, when the database cannot be used.
    """

    def __init__(self, database: Database, territory: str) -> None:
        self._database = database
        self._territory = territory

    @property
    def name(self) -> str:
        """Return the name of the database as it may be shown: no folder, no password."""
        return self._database.name

    def refusal(self) -> str:
        """Say in French why nothing can be written, empty when writing looks possible."""
        return self._database.refusal()

    def size(self) -> int:
        """Return how many entries there are: what a cache is keyed by.

        Not the last number: of two that are written at once, the lower may be there later.
        """
        query = select(func.count()).where(_TABLE.c.territory == self._territory)
        with self._database.reading(_WHAT) as connection:
            return int(connection.execute(query).scalar() or 0) if connection else 0

    def entries(self, programme: str) -> pd.DataFrame:
        """Return every entry of a programme, oldest first: columns COLUMNS and ``undone_by``.

        ``undone_by`` is the number of the entry that undoes this one, missing while it stands.
        """
        wanted = (_TABLE.c.territory == self._territory) & (_TABLE.c.programme == programme)
        query = select(*(_TABLE.c[name] for name in COLUMNS)).where(wanted).order_by(_TABLE.c.id)
        rows: Sequence[object] = ()
        with self._database.reading(_WHAT) as connection:
            if connection:
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
        words = {"reason": legible(reason), "author": legible(author)}
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
        words = {"reason": legible(reason), "author": legible(author)}
        faults = _word_faults(words)
        if faults:
            raise DecisionError("\n".join(faults))
        query = select(_TABLE).where(
            _TABLE.c.id == number, _TABLE.c.territory == self._territory, _TABLE.c.decision != UNDO
        )
        with self._database.reading(_WHAT) as connection:
            found = connection.execute(query).mappings().first() if connection else None
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
        with self._database.writing(_WHAT) as connection:
            key = connection.execute(insert(_TABLE).values(row)).inserted_primary_key
        return int(key[0]) if key else 0


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
