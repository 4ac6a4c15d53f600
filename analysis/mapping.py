"""Which column of a file holds what: guessed from its headers, corrected by a person, kept.

A column map can be written as a file (JSON) and read back; it names columns as the file does.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from analysis.fields import AMOUNT_FIELDS, LINE_FIELDS, Vocabulary, plain
from geo.errors import DataFileError

VERSION = 1
VALUE_KINDS = ("funder", "status", "theme")
_ALIKE = 90.0  # likeness out of 100 from which a mistyped header is recognised
_YEAR = re.compile(r"\b(20[0-9]{2})\b")
_NUMBER = re.compile(r"[-+]?[\d\s.,]*\d[\d\s.,]*(?:€|eur|euros)?", re.I)
_EXACT, _FUNDER, _PART, _TYPO = range(4)  # how sure a guess is, surest first


@dataclass(frozen=True)
class Column:
    """What a column holds: a field of the format, and the funder it is about in a wide layout."""

    field: str
    funder: str = ""


@dataclass(frozen=True)
class ColumnMap:
    """Columns by header; the funder or status of a whole file; what its own words stand for.

    ``values`` gives, for ``funder``, ``status`` and ``theme``, the code of a word of the file.
    """

    columns: dict[str, Column]
    source: str = ""
    funder: str = ""
    status: str = ""
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """Return the header of a field that is about no funder in particular, or None."""
        found = (header for header, one in self.columns.items() if one == Column(name))
        return next(found, None)

    @property
    def layout(self) -> str:
        """Return how funders are laid out: ``long`` (a column names them), ``wide``, ``single``."""
        if self.header("funder"):
            return "long"
        wide = any(one.funder and one.field in AMOUNT_FIELDS for one in self.columns.values())
        return "wide" if wide else "single"


def fingerprint(headers: Iterable[str]) -> str:
    """Return a digest of headers, whatever their order, capitals, punctuation and years.

    Two editions of one export share it, so that a map made once is found again.
    """
    words = sorted(map(_base, headers))
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:32]


def for_edition(kept: ColumnMap, headers: Iterable[str]) -> ColumnMap:
    """Return a map made on another edition of an export, by the headers of this one.

    Headers are the same but for their years; of several that differ by the year only, the first
    year stands for the first. A column that the file no longer has is left out.
    """
    now = _by_base(map(str, headers))
    columns = {
        now[base]: kept.columns[header]
        for base, header in _by_base(kept.columns).items()
        if base in now
    }
    return replace(kept, columns=columns)


def _by_base(headers: Iterable[str]) -> dict[tuple[str, int], str]:
    found: dict[str, list[str]] = {}
    for header in sorted(headers, key=lambda one: _YEAR.findall(plain(one))):
        found.setdefault(_base(header), []).append(header)
    return {(base, k): one for base, some in found.items() for k, one in enumerate(some)}


def _base(header: str) -> str:
    return " ".join(_YEAR.sub(" ", plain(header)).split())


def guess(cells: pd.DataFrame, words: Vocabulary, year: int) -> ColumnMap:
    """Guess what each column of a table of text holds, from its header and its first cells.

    ``year`` is the one being imported: an amount of the year before is the previous one. A field
    goes to the column whose header is surest; what is not recognised is left out.
    """
    found = []
    for place, header in enumerate(cells.columns):
        column, rank = _guess_one(str(header), cells[header].head(200), words, year)
        if column is not None:
            found.append((rank, place, str(header), column))
    chosen: dict[str, Column] = {}
    for _, _, header, column in sorted(found, key=lambda one: one[:2]):
        if column.funder or column not in chosen.values():
            chosen[header] = column
    ordered = {str(one): chosen[str(one)] for one in cells.columns if str(one) in chosen}
    return _settled(ColumnMap(ordered), cells)


def _settled(guessed: ColumnMap, cells: pd.DataFrame) -> ColumnMap:
    """Drop what contradicts the layout: a funder's column beside a column that names funders."""
    named = guessed.header("funder")
    if guessed.layout == "wide":
        # An amount whose funder is not recognised waits for someone to say whose it is.
        columns = guessed.columns.items()
        kept = {at: one for at, one in columns if one.funder or one.field not in AMOUNT_FIELDS}
        return replace(guessed, columns=kept)
    if named is None or cells[named].dropna().nunique() > 1:
        return guessed
    wide = any(one.funder for one in guessed.columns.values())
    kept = {one: column for one, column in guessed.columns.items() if not (wide and one == named)}
    return replace(guessed, columns=kept)


def _guess_one(
    header: str, cells: pd.Series, words: Vocabulary, year: int
) -> tuple[Column | None, int]:
    whole = plain(header)
    years = [int(one) for one in _YEAR.findall(whole)]
    text = " ".join(_YEAR.sub(" ", whole).split()) or whole
    exact = {synonym: one.field for one in words.fields.values() for synonym in one.synonyms}
    published = {plain(one.name): one.field for one in words.fields.values()}
    numeric = _mostly_numbers(cells)
    found = published.get(text) or exact.get(text)
    if found and not (found == "status" and numeric):
        return Column(_dated(found, years, year)), _EXACT
    funder, rest = _funder_in(text, words)
    if funder:
        kind = _kind(rest, words)
        if kind is None and numeric:
            kind = "granted"
        if kind in LINE_FIELDS:
            return Column(_dated(kind, years, year), funder), _FUNDER
    kind = _kind(text, words)
    if kind and numeric:
        return Column(_dated(kind, years, year)), _FUNDER
    return _loosely(text, exact, numeric)


def _loosely(text: str, exact: Mapping[str, str], numeric: bool) -> tuple[Column | None, int]:
    inside = [one for one in exact if len(one) > 3 and f" {one} " in f" {text} "]
    if inside:
        name, rank = exact[max(inside, key=len)], _PART
    else:
        alike = process.extractOne(text, list(exact), scorer=fuzz.ratio, score_cutoff=_ALIKE)
        if alike is None:
            return None, _TYPO
        name, rank = exact[str(alike[0])], _TYPO
    if name in AMOUNT_FIELDS and not numeric:
        return None, rank
    return Column(name), rank


def _dated(name: str, years: Sequence[int], year: int) -> str:
    return "previous" if name == "granted" and years == [year - 1] else name


def _mostly_numbers(cells: pd.Series) -> bool:
    known = cells.dropna()
    hits = sum(_NUMBER.fullmatch(str(cell)) is not None for cell in known)
    return bool(len(known)) and hits >= 0.6 * len(known)


def _funder_in(text: str, words: Vocabulary) -> tuple[str, str]:
    """Return the funder a header names and the header without its name; "" when there is none."""
    inside = [one for one in words.funders if f" {one} " in f" {text} "]
    if not inside:
        return "", text
    longest = max(inside, key=len)
    return words.funders[longest], " ".join(f" {text} ".replace(f" {longest} ", " ", 1).split())


def _kind(text: str, words: Vocabulary) -> str | None:
    padded = f" {text} "
    hits = {
        kind: max((len(one) for one in some if f" {one} " in padded), default=0)
        for kind, some in words.amount_words.items()
    }
    if hits["previous"]:
        return "previous"
    if hits["total"]:
        return next((f"total_{one}" for one in ("requested", "granted") if hits[one]), None)
    known = {kind: hit for kind, hit in hits.items() if hit and kind != "total"}
    return max(known, key=lambda kind: known[kind]) if known else None


def funder_of(text: str, words: Vocabulary) -> str:
    """Return the code of the funder a cell names, "" when none or several are recognised."""
    wanted = plain(text)
    return words.funders.get(wanted) or _funder_in(wanted, words)[0]


def to_json(columns: ColumnMap) -> bytes:
    """Write a column map as a file: UTF-8 JSON, indented, one column a line."""
    content = {
        "version": VERSION,
        "source": columns.source,
        "funder": columns.funder,
        "status": columns.status,
        "columns": {
            header: {"field": one.field} | ({"funder": one.funder} if one.funder else {})
            for header, one in columns.columns.items()
        },
        "values": columns.values,
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def from_json(content: bytes, name: str, words: Vocabulary) -> ColumnMap:
    """Read a column map back; raises DataFileError with everything that is wrong in it."""
    try:
        told = json.loads(content)
        columns = {
            str(header): Column(str(one["field"]), str(one.get("funder", "")))
            for header, one in told["columns"].items()
        }
        values = {
            str(kind): {str(word): str(code) for word, code in some.items()}
            for kind, some in told.get("values", {}).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataFileError(
            f"{name} n'est pas un fichier de correspondances lisible ; attendu : celui que l'atlas "
            "enregistre (JSON, membre « columns »)."
        ) from error
    whole = {one: str(told.get(one, "")) for one in ("source", "funder", "status")}
    read = ColumnMap(columns, values=values, **whole)
    faults = _faults(read, words, told)
    if faults:
        raise DataFileError(f"{name} : correspondances à corriger : {' ; '.join(faults[:20])}.")
    return read


def _faults(read: ColumnMap, words: Vocabulary, told: Mapping[str, Any]) -> list[str]:
    funders, statuses = set(words.funders.values()), set(words.statuses.values())
    codes = {"funder": funders, "status": statuses, "theme": set(words.themes.values())}
    faults = [] if told.get("version") == VERSION else [f"version attendue : {VERSION}"]
    for header, one in read.columns.items():
        if one.field not in words.fields:
            faults.append(f"colonne « {header} » : information « {one.field} » inconnue")
        if one.funder and one.funder not in funders:
            faults.append(f"colonne « {header} » : financeur « {one.funder} » inconnu")
    for kind, some in read.values.items():
        known = codes.get(kind, set())
        faults += [
            f"« {word} » : {kind} « {code} » inconnu"
            for word, code in some.items()
            if code not in known
        ]
    if read.funder and read.funder not in funders:
        faults.append(f"financeur « {read.funder} » inconnu")
    if read.status and read.status not in statuses:
        faults.append(f"statut « {read.status} » inconnu")
    return faults
