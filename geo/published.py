"""Published files of figures: what is known of their shape, and their cells made figures.

What was met in them is data (``data/published.toml``): another table, column or vintage is
reported and kept. Nothing here opens a file; ``geo.insee`` and ``geo.filosofi`` read the two
families.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import pandas as pd

from geo import schema
from geo.delimited import rows_of
from geo.errors import DataFileError
from geo.headers import letters, refuse_twice
from geo.schema import FIGURES, cell_fault

# How the files name the column of codes, whatever the case.
CODES = ("codgeo", "codeqpv", "code_qp", "qp")
EXPECTED = "un nombre (12,5 ou 1 234), une cellule vide, ou s, ns, nd"
_THOUSANDS = " \u00a0\u202f"
_NUMBER = re.compile(rf"-?(?:[0-9]{{1,3}}(?:[{_THOUSANDS}][0-9]{{3}})+|[0-9]+)(?:,[0-9]+)?")
_MARKS = {"s": "secret", "ns": "not_significant", "nd": "absent"}
_TITLE_ROWS = 15
_MOST_TOLD = 8


@dataclass(frozen=True)
class Table:
    """A published table by QPV: its columns and vintages as met, and what a blank cell means.

    ``shown_as`` is its name in the long table. ``dated_by_file``: it measures the year of its file.
    """

    name: str
    title: str
    part: str
    blank: str
    shown_as: str
    columns: tuple[str, ...]
    vintages: tuple[int, ...]
    recognized_by: tuple[str, ...] = ()
    dated_by_file: bool = False


@dataclass(frozen=True)
class Areas:
    """The Filosofi tables of larger areas: stems of columns, levels by word of the file's name."""

    part: str
    blank: str
    columns: tuple[str, ...]
    vintages: tuple[int, ...]
    levels: Mapping[str, str]
    renamed: Mapping[str, str]


@dataclass(frozen=True)
class Known:
    """All that is known of the published files; ``data_years`` by (table, column, file year)."""

    labels: frozenset[str]
    tables: Mapping[str, Table]
    data_years: Mapping[tuple[str, str, int], int]
    areas: Areas


def empty() -> pd.DataFrame:
    """Return a long table without rows, with the types of contract FIGURES."""
    return schema.empty(FIGURES)


@dataclass(frozen=True)
class Read:
    """What one file gave: figures (contract FIGURES), notes and faults in French."""

    figures: pd.DataFrame = field(default_factory=empty)
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def known(content: Mapping[str, Any]) -> Known:
    """Build what is known from the parsed ``published.toml``; raises DataFileError otherwise."""
    try:
        tables = {name: _table(name, entry) for name, entry in content["tables"].items()}
        years = {
            (entry["table"], column, int(file_year)): int(data_year)
            for entry in content["data_years"]
            for column in entry["columns"]
            for file_year, data_year in entry["years"].items()
        }
        entry = content["filosofi"]
        lists = {name: tuple(entry[name]) for name in ("columns", "vintages")}
        areas = Areas(**{**entry, **lists})
        return Known(frozenset(content["labels"]), tables, years, areas)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataFileError(
            f"published.toml ne décrit pas les fichiers publiés ({error!r}) ; attendu : labels, "
            "tables, data_years et filosofi, comme dans le fichier livré avec l'atlas."
        ) from error


def _table(name: str, entry: Mapping[str, Any]) -> Table:
    words = {key: value for key, value in entry.items() if key != "as"}
    lists = {key: tuple(entry.get(key, ())) for key in ("columns", "vintages", "recognized_by")}
    return Table(**{**words, **lists, "name": name, "shown_as": entry.get("as", name)})


def grid(content: bytes, name: str) -> pd.DataFrame:
    """Return a published file as text, indexed by line; the first column is that of the codes.

    Encoding and separator are found; blanks around names and cells, blank lines and the runs of
    empty columns at the end are dropped. Raises DataFileError when no header names a column of
    codes, a name is used twice, a nameless column is filled or a line is longer than the header.
    """
    rows, _ = rows_of(content, name)
    start = list(islice(rows, _TITLE_ROWS))
    place = next((k for k, row in enumerate(start) if _is_header(row)), None)
    if place is None:
        raise DataFileError(
            f"{name} : aucune ligne d'en-tête ; attendu : une première colonne CODGEO (ou codGeo, "
            "codeQPV) suivie des noms des variables."
        )
    names = list(start[place])
    while names and names[-1] is None:
        names.pop()
    body = [(k + 1, row) for k, row in enumerate([*start, *rows]) if k > place and any(row)]
    _refuse_loose_cells(names, body, name)
    kept = [k for k, title in enumerate(names) if title is not None]
    titles = [str(names[k]) for k in kept]
    refuse_twice(titles, name, [letters(k) for k in kept])
    cells = [[row[k] if k < len(row) else None for k in kept] for _, row in body]
    lines = pd.Index([line for line, _ in body], name="line")
    return pd.DataFrame(cells, columns=titles, index=lines, dtype="object")


def _is_header(row: Sequence[str | None]) -> bool:
    return bool(row) and row[0] is not None and row[0].casefold() in CODES


def _refuse_loose_cells(
    names: Sequence[str | None], body: Sequence[tuple[int, Sequence[str | None]]], name: str
) -> None:
    loose = [
        f"{name}, ligne {line}, colonne {letters(k)} : « {cell} » sous aucun nom de colonne"
        for line, row in body
        for k, cell in enumerate(row)
        if cell is not None and (k >= len(names) or names[k] is None)
    ]
    if loose:
        more = f" (et {len(loose) - 3} autres cellules)" if len(loose) > 3 else ""
        raise DataFileError(
            f"{' ; '.join(loose[:3])}{more} ; attendu : autant de cellules que l'en-tête a de noms."
        )


@lru_cache(maxsize=2**16)  # the same few thousand texts fill a national file
def figure(text: str | None, blank: str) -> tuple[float, str]:
    """Return the value and the status of a cell; raises ValueError when it is neither.

    The decimal sign is a comma, thousands may be apart (plain, no-break or narrow no-break space).
    A blank is what ``blank`` says ("secret", "absent"); s, ns and nd are three different things.
    """
    if text is None:
        return math.nan, blank
    mark = _MARKS.get(text.casefold())
    if mark:
        return math.nan, mark
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(re.sub(f"[{_THOUSANDS}]", "", text).replace(",", ".")), "published"


def figures_of(
    frame: pd.DataFrame, variables: Mapping[str, str], *, name: str, blank: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns of a grid as one row a figure, and the faults of the cells.

    ``variables`` gives the variable of each column. Rows: ``line, variable, value, status``. A
    column blank on every line was not published: "absent", whatever one blank cell means.
    """
    parts, faults = [], []
    for column, variable in variables.items():
        cells: list[tuple[float, str]] = []
        for line, text in frame[column].items():
            try:
                cells.append(figure(text, blank))
            except ValueError:
                cells.append((math.nan, blank))
                faults.append(cell_fault(f"{name}, ligne {line}", column, text, EXPECTED))
        part = pd.DataFrame(cells, columns=["value", "status"], index=frame.index)
        if frame[column].isna().all():
            part["status"] = "absent"
        parts.append(part.assign(variable=variable).reset_index())
    columns = ["line", "value", "status", "variable"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns), faults


def contracted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns and the types of contract FIGURES."""
    types = {name: str(column.dtype) for name, column in FIGURES.columns.items()}
    return rows[list(types)].astype(types)


def listed(words: Sequence[str]) -> str:
    """Name a few of many words in French (``A, B et 3 autres``)."""
    if len(words) <= _MOST_TOLD + 1:
        return ", ".join(words)
    return f"{', '.join(words[:_MOST_TOLD])} et {len(words) - _MOST_TOLD} autres"
