"""Addresses without coordinates: asked once of the service, kept in the database, then placed.

Nothing is asked until a person asks for it. Each batch is written when it is answered, so that an
interruption loses none; what the service does not answer waits for the next time.

An answer is kept by service, text, postcode and commune: an address that is corrected waits again.
The threshold is applied to the answers that are kept, so that changing it asks for nothing. What
one service placed stays placed when another is chosen, but what it left unsure then waits for the
new one; and a person may ask again, at any time, for what has no sure answer (the service's own
data change). The latest answer stands.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import pandas as pd
from sqlalchemy import delete, func, insert, select

from geo.addresses import LIMITS, Answer, Query, ask_all, place, query
from geo.errors import PlaceError
from geo.geocoding import Place, service
from geo.network import Limits
from store.database import Database, legible
from store.models import LOCATIONS

_WHAT = "Les positions d'adresses"
_KEY = ("text", "postcode", "citycode")

Progress = Callable[[int, int], None]


class Census(NamedTuple):
    """Projects that only an address can place: placed, without a sure answer, still to be asked."""

    placed: int
    unsure: int
    waiting: int

    @property
    def total(self) -> int:
        """Return how many projects have an address and no coordinates of their own."""
        return sum(self)


@dataclass(frozen=True)
class Asked:
    """What a session of questions gave: addresses asked and answered, the fault that ended it."""

    asked: int
    answered: int
    fault: str = ""


class Addresses:
    """What the address service answered, shared by the programmes of a database."""

    def __init__(self, database: Database, least_score: float) -> None:
        """Take the database and the score under which an answer places nothing."""
        self._database = database
        self._least = least_score
        self._kept: tuple[str, dict[Query, _Known]] = ("", {})

    def edition(self) -> str:
        """Return what a cache may be keyed by: answers kept, the latest of them, the service."""
        with self._database.reading(_WHAT) as connection:
            if connection is None:
                return ""
            query = select(func.count(), func.max(LOCATIONS.c.asked_at))
            count, latest = connection.execute(query).one()
        return f"{count} {latest} {_origin()}"

    def placed(self, projects: pd.DataFrame) -> pd.DataFrame:
        """Return projects (contract PROJECTS) with the positions that their addresses give.

        ``lon``, ``lat`` (EPSG:4326), ``position_method`` and a column ``score`` are filled where an
        answer is sure enough (``geo.addresses.place``); a project with coordinates of its own
        keeps them. The same frame comes back when there is nothing to fill.
        """
        found = {row: one for row, _, one in self._places(projects) if isinstance(one, Place)}
        if not found:
            return projects
        columns = ["lon", "lat", "position_method", "score"]
        rows = [(one.lon, one.lat, one.method, one.score) for one in found.values()]
        filled = pd.DataFrame(rows, index=list(found), columns=columns).reindex(projects.index)
        own = filled["lon"].isna()
        kept = {name: projects[name].where(own, filled[name]) for name in columns[:3]}
        return projects.assign(**kept, score=filled["score"])

    def census(self, projects: pd.DataFrame) -> Census:
        """Count the projects that only an address can place, by what is known of it."""
        found = [one for _, _, one in self._places(projects)]
        placed, waiting = sum(isinstance(one, Place) for one in found), found.count(_WAITING)
        return Census(placed, len(found) - placed - waiting, waiting)

    def waiting(self, projects: pd.DataFrame, *, again: bool = False) -> list[Query]:
        """Return the questions not answered yet, each once; ``again`` adds those left unsure."""
        wanted = (_WAITING, _UNSURE) if again else (_WAITING,)
        places = self._places(projects)
        return list(dict.fromkeys(asked for _, asked, one in places if one in wanted))

    def resume(
        self,
        projects: pd.DataFrame,
        *,
        again: bool = False,
        url: str | None = None,
        limits: Limits = LIMITS,
        progress: Progress | None = None,
    ) -> Asked:
        """Ask the service for every address that waits, a batch at a time.

        ``again`` asks once more for those without a sure answer too. ``url`` and ``limits`` are
        those of ``geo.addresses.ask_all``; ``progress`` takes how many addresses were answered and
        how many waited. A service that fails ends the session without an error: what came is kept
        and the fault is told. Raises StoreError when the database cannot be written.
        """
        queries, answered = self.waiting(projects, again=again), 0
        try:
            for answers in ask_all(queries, url=url, limits=limits):
                self._keep(answers, service(url))
                answered += len(answers)
                if progress:
                    progress(answered, len(queries))
        except PlaceError as error:
            return Asked(len(queries), answered, str(error))
        return Asked(len(queries), answered)

    def _places(self, projects: pd.DataFrame) -> Iterable[tuple[object, Query, Place | str]]:
        """Give, for each project to be placed: its row, what is asked, what is known."""
        needed = _needing(projects)
        answers, current = (self._answers() if len(needed) else {}), _origin()
        told = needed[["address", "commune_name", "commune_code", "postcode"]].fillna("")
        for row, *words in told.itertuples(name=None):
            asked = query(*map(str, words))
            if asked is None:
                continue
            known = answers.get(asked)
            found = place(asked, known.answer, self._least) if known else None
            asks = known is None or (current and known.origin != current)
            yield row, asked, found or (_WAITING if asks else _UNSURE)

    def _answers(self) -> "dict[Query, _Known]":
        edition = self.edition()
        if self._kept[0] != edition:
            self._kept = (edition, self._read())
        return self._kept[1]

    def _read(self) -> "dict[Query, _Known]":
        """Return the answer to each question: of the service in use, else the latest of another."""
        names = (*_KEY, "lon", "lat", "score", "kind", "label", "found_citycode", "service")
        asked = select(*(LOCATIONS.c[name] for name in names)).order_by(LOCATIONS.c.asked_at)
        with self._database.reading(_WHAT) as connection:
            rows = list(connection.execute(asked)) if connection else []
        found: dict[Query, _Known] = {}
        current = _origin()
        for row in sorted(rows, key=lambda row: row[-1] == current):
            lon, lat, score = (math.nan if number is None else number for number in row[3:6])
            found[Query(*row[:3])] = _Known(Answer(lon, lat, score, *row[6:-1]), row[-1])
        return found

    def _keep(self, answers: dict[Query, Answer], address: str) -> None:
        origin, now = _named(address), datetime.now(UTC).replace(tzinfo=None)
        with self._database.writing(_WHAT) as connection:
            for asked, answer in answers.items():
                key = {"service": origin, **dict(zip(_KEY, asked, strict=True))}
                same = [LOCATIONS.c[name] == value for name, value in key.items()]
                connection.execute(delete(LOCATIONS).where(*same))
                connection.execute(insert(LOCATIONS).values(**key, **_row(answer), asked_at=now))


_WAITING, _UNSURE = "waiting", "unsure"


class _Known(NamedTuple):
    answer: Answer
    origin: str


def _origin() -> str:
    """Name the service in use, empty when it is switched off."""
    try:
        return _named(service())
    except PlaceError:
        return ""


def _named(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.hostname}{parts.path}"[:200]


def _row(answer: Answer) -> dict[str, object]:
    numbers = {"lon": answer.lon, "lat": answer.lat, "score": answer.score}
    plain = {name: None if math.isnan(value) else value for name, value in numbers.items()}
    words = {"kind": answer.kind[:32], "label": legible(answer.label)[:400]}
    return {**plain, **words, "found_citycode": answer.citycode[:5]}


def _needing(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the projects that only their address can place.

    An operator's seat is not where its action takes place, and an invented address is nowhere:
    neither is asked for.
    """
    bare = projects["lon"].isna() & projects["lat"].isna() & projects["address"].notna()
    real = ~projects["fictitious"] & (projects["address_kind"] != "seat").fillna(True)
    return projects[bare & real]
