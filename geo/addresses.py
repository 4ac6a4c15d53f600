"""Many addresses asked of the Géoplateforme at once: batches of CSV, in its published shape.

Only the text of an address, its commune's name and codes leave this machine, under a row number
of the batch: no project, no operator, no amount. What is answered is matched by that number, never
by its rank. Source: https://data.geopf.fr/geocodage/search/csv/, 50 requests a second at most.
"""

import csv
import io
import math
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import requests

from geo.errors import PlaceError
from geo.geocoding import METHODS, UNREADABLE, Place, fault_words, key_header, service
from geo.network import Limits, NetworkError, receive, session

BATCH = 200
MOST_REQUESTS_S = 50
LIMITS = Limits(seconds=60, most_bytes=20_000_000, tries=3, patience=30)
_MOST_TEXT = 200
_POSTCODE = re.compile(r"(?<![0-9])[0-9]{5}(?![0-9])")
_SENT = ("id", "texte", "code_postal", "code_insee")
_NEEDED = ("id", "latitude", "longitude", "result_score", "result_type")
NOTHING = "none"


class Query(NamedTuple):
    """What is asked for an address: text, postcode, commune code; two equal ones are asked once."""

    text: str
    postcode: str = ""
    citycode: str = ""


class Answer(NamedTuple):
    """What the service answered: degrees (EPSG:4326), score (0 to 1), its own kind and label.

    ``kind`` is NOTHING, and the numbers are NaN, when it knows no such address.
    """

    lon: float
    lat: float
    score: float
    kind: str
    label: str
    citycode: str


def query(address: str, commune: str = "", citycode: str = "", postcode: str = "") -> Query | None:
    """Return what to ask for an address, None when there is nothing to ask.

    Typographic apostrophes become straight ones and blanks single. The commune's name is added
    unless the address holds it; a postcode, the one given or else that of the address, is sent only
    when the commune's code is unknown, since it may be that of a distribution office elsewhere.
    """
    text = _plain(address)
    if not text:
        return None
    name = _plain(commune)
    found = _POSTCODE.search(text)
    known = postcode or (found[0] if found else "")
    whole = text if name.casefold() in text.casefold() else f"{text} {name}"
    return Query(whole[:_MOST_TEXT], "" if citycode else known, citycode)


def _plain(text: str) -> str:
    straight = unicodedata.normalize("NFC", text).translate({0x2019: "'", 0x02BC: "'"})
    return " ".join("".join(sign if sign.isprintable() else " " for sign in straight).split())


def ask_all(
    queries: Sequence[Query], *, url: str | None = None, limits: Limits = LIMITS, batch: int = BATCH
) -> Iterator[dict[Query, Answer]]:
    """Ask for every address, a batch at a time, and yield what each batch was answered.

    A query that the service leaves out, or answers in a shape of its own, is in no dictionary: it
    is still to be asked. ``url`` is the service, as for ``geo.geocoding.search``. Raises PlaceError
    at the first batch that gets no answer: what was yielded before stands, the rest waits.
    """
    address = f"{service(url).rstrip('/')}/csv/"
    opened, pace = session(limits), Pace(MOST_REQUESTS_S)
    waiting = [list(queries[k : k + batch]) for k in range(0, len(queries), batch)]
    while waiting:
        asked = waiting.pop(0)
        pace.wait()
        try:
            yield _ask(address, asked, limits, opened)
        except NetworkError as error:
            if not (error.kind == "refused" and error.status == 400):
                raise PlaceError(fault_words(error, limits.seconds, asked[0].text)) from error
            # One address may have a whole batch refused: halves tell which one.
            if len(asked) == 1:
                yield {asked[0]: _NO_ANSWER}
            else:
                middle = len(asked) // 2
                waiting[:0] = [asked[:middle], asked[middle:]]


_NO_ANSWER = Answer(math.nan, math.nan, math.nan, NOTHING, "", "")


class Pace:
    """At most so many requests a second, evenly spaced."""

    def __init__(self, per_second: float) -> None:
        self._gap_s = 1 / per_second
        self._next = 0.0

    def wait(self) -> None:
        """Sleep until the next request may leave."""
        now = time.monotonic()
        time.sleep(max(self._next - now, 0))
        self._next = max(self._next, now) + self._gap_s


def _ask(
    address: str, asked: Sequence[Query], limits: Limits, opened: requests.Session
) -> dict[Query, Answer]:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow(_SENT)
    writer.writerows([number, *one] for number, one in enumerate(asked))
    file = ("adresses.csv", target.getvalue().encode(), "text/csv")
    fields = (("columns", "texte"), ("postcode", "code_postal"), ("citycode", "code_insee"))
    form = [("data", file), *((name, (None, value)) for name, value in fields)]
    answer = io.BytesIO()
    receive(address, answer, limits, form=form, headers=key_header(), opened=opened)
    return _read(answer.getvalue(), asked)


def _read(content: bytes, asked: Sequence[Query]) -> dict[Query, Answer]:
    """Read the answer of a batch; a row that is not in the published shape answers nothing."""
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise PlaceError(UNREADABLE) from error
    if not set(_NEEDED) <= set(reader.fieldnames or ()):
        raise PlaceError(UNREADABLE)
    times = Counter(row["id"] for row in rows)
    known = {str(number): one for number, one in enumerate(asked)}
    return {
        known[row["id"]]: answer
        for row in rows
        if row["id"] in known and times[row["id"]] == 1
        for answer in [_answer(row)]
        if answer is not None
    }


def _answer(row: dict[str, str | None]) -> Answer | None:
    if row.get("result_status") == "error":
        return None
    lon, lat, score = (row[name] for name in ("longitude", "latitude", "result_score"))
    if not (lon or lat or score):
        return _NO_ANSWER
    try:
        x, y, mark = float(lon or ""), float(lat or ""), float(score or "")
    except ValueError:
        return None
    if not (abs(x) <= 180 and abs(y) <= 90 and 0 <= mark < math.inf):
        return None
    label, citycode = (row.get(name) or "" for name in ("result_label", "result_citycode"))
    return Answer(x, y, min(mark, 1.0), row["result_type"] or "", label, citycode)


def place(asked: Query, answer: Answer, least_score: float) -> Place | None:
    """Return the position an answer gives, None where it would be a guess.

    Nothing is taken below ``least_score``, of a kind whose uncertainty is unknown, or in another
    commune than the one asked for.
    """
    method = METHODS.get(answer.kind)
    elsewhere = asked.citycode and answer.citycode and asked.citycode != answer.citycode
    if method is None or elsewhere or not answer.score >= least_score:
        return None
    return Place(answer.lon, answer.lat, method, answer.label, answer.score)
