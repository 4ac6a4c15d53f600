"""Addresses without coordinates: asked once of the service, kept in the database, then placed.

Nothing is asked until a person asks for it. Each batch is written when it is answered, so that an
interruption loses none; what the service does not answer waits for the next time.
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
        self._kept: tuple[int, dict[Query, Answer]] = (0, {})

    def size(self) -> int:
        """Return how many answers there are: what a cache is keyed by."""
        with self._database.reading(_WHAT) as connection:
            if connection is None:
                return 0
            return int(
                connection.execute(select(func.count()).select_from(LOCATIONS)).scalar() or 0
            )

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

    def waiting(self, projects: pd.DataFrame) -> list[Query]:
        """Return the questions not answered yet, each once."""
        places = self._places(projects)
        return list(dict.fromkeys(asked for _, asked, one in places if one == _WAITING))

    def resume(
        self,
        projects: pd.DataFrame,
        *,
        url: str | None = None,
        limits: Limits = LIMITS,
        progress: Progress | None = None,
    ) -> Asked:
        """Ask the service for every address that waits, a batch at a time.

        ``url`` and ``limits`` are those of ``geo.addresses.ask_all``; ``progress`` takes how many
        addresses were answered and how many waited. A service that fails ends the session without
        an error: what came is kept and the fault is told. Raises StoreError when the database
        cannot be written.
        """
        queries, answered = self.waiting(projects), 0
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
        answers = self._answers() if len(needed) else {}
        told = needed[["address", "commune_name", "commune_code", "postcode"]].fillna("")
        for row, *words in told.itertuples(name=None):
            asked = query(*map(str, words))
            if asked is None:
                continue
            answer = answers.get(asked)
            known = place(asked, answer, self._least) if answer else None
            yield row, asked, known or (_UNSURE if answer else _WAITING)

    def _answers(self) -> dict[Query, Answer]:
        size = self.size()
        if self._kept[0] != size:
            self._kept = (size, self._read())
        return self._kept[1]

    def _read(self) -> dict[Query, Answer]:
        names = (*_KEY, "lon", "lat", "score", "kind", "label", "found_citycode")
        asked = select(*(LOCATIONS.c[name] for name in names)).order_by(LOCATIONS.c.asked_at)
        with self._database.reading(_WHAT) as connection:
            rows = list(connection.execute(asked)) if connection else []
        found: dict[Query, Answer] = {}
        for row in rows:
            lon, lat, score = (math.nan if number is None else number for number in row[3:6])
            found[Query(*row[:3])] = Answer(lon, lat, score, *row[6:])
        return found

    def _keep(self, answers: dict[Query, Answer], address: str) -> None:
        parts = urlsplit(address)
        origin = f"{parts.hostname}{parts.path}"[:200]
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        with self._database.writing(_WHAT) as connection:
            for asked, answer in answers.items():
                key = {"service": origin, **dict(zip(_KEY, asked, strict=True))}
                same = [LOCATIONS.c[name] == value for name, value in key.items()]
                connection.execute(delete(LOCATIONS).where(*same))
                connection.execute(insert(LOCATIONS).values(**key, **_row(answer), asked_at=now))


_WAITING, _UNSURE = "waiting", "unsure"


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
