"""Rows of text made a table: where the header is, on how many rows, and what it calls a column.

Real exports have a title above their header, headers on two rows (a funder over « Demandé » and
« Accordé »), empty columns and rows.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from geo.errors import DataFileError

Row = Sequence[str | None]
Merge = tuple[tuple[int, int], tuple[int, int]]  # (first row, first column), (last, last)
LINE = "__line__"
MOST_ROWS, MOST_COLUMNS = 1_048_576, 1_000
_LOOKED_AT = 60
_DEEPEST = 3  # rows of a header
_CHUNK = 20_000
_NUMBER = re.compile(r"[-+]?[\d\s.,]*\d[\d\s.,]*(?:€|%|EUR)?", re.I)
JOIN = " – "


@dataclass(frozen=True)
class Header:
    """The rows a header takes (from 0, both included) and the name of each column, or None."""

    first: int
    last: int
    names: tuple[str | None, ...]


def tabulate(
    rows: Iterable[Row], name: str, merges: Sequence[Merge] = (), *, first_column: int = 0
) -> tuple[pa.Table, Header, list[int]]:
    """Return rows as a table of text with the line of each, its header, and the lines too long.

    ``rows`` are cells stripped, None when blank; row 0 is line 1 of the file and cell 0 its column
    ``first_column`` (from 0). ``merges`` are counted as ``rows`` and cells are. Blank rows and
    columns are left out; column LINE holds the line numbers (int32). Rows are taken in chunks, so
    that the memory needed is that of the text. Raises DataFileError when there is no header, no
    row below it, or a name used twice.
    """
    stream = iter(rows)
    start = list(islice(stream, _LOOKED_AT))
    header = find_header(start, name, merges)
    width = len(header.names)
    chunks, long, seen = [], [], set()
    body = chain(start[header.last + 1 :], stream)
    line = header.last + 2
    for lines, columns, filled, longer in _chunks(body, width, line):
        if lines and lines[-1] > MOST_ROWS:
            raise DataFileError(f"{name} : plus de {MOST_ROWS} lignes ; partagez ce fichier.")
        long += longer
        seen |= filled
        arrays = [pa.array(lines, pa.int32()), *(pa.array(one, pa.string()) for one in columns)]
        chunks.append(pa.table(arrays, names=[LINE, *(str(k) for k in range(width))]))
    if not any(len(chunk) for chunk in chunks):
        raise DataFileError(f"{name} : aucune ligne sous l'en-tête ; attendu : une par projet.")
    table = pa.concat_tables(chunks)
    kept = [k for k in range(width) if header.names[k] is not None or k in seen]
    names = [header.names[k] or f"colonne {letters(first_column + k)}" for k in kept]
    refuse_twice(names, name, [letters(first_column + k) for k in kept])
    return table.select([0, *(k + 1 for k in kept)]).rename_columns([LINE, *names]), header, long


def _chunks(
    rows: Iterator[Row], width: int, line: int
) -> Iterator[tuple[list[int], list[tuple[str | None, ...]], set[int], list[int]]]:
    blank = (None,) * width
    while chunk := list(islice(rows, _CHUNK)):
        lines, kept, longer = [], [], []
        for number, row in enumerate(chunk, start=line):
            if any(row):
                cells = tuple(row[:width])
                lines.append(number)
                kept.append(cells + blank[len(cells) :])
                if len(row) > width and any(row[width:]):
                    longer.append(number)
        line += len(chunk)
        columns: list[tuple[str | None, ...]] = list(zip(*kept, strict=True))
        columns = columns or [()] * width
        filled = {k for k, column in enumerate(columns) if any(column)}
        yield lines, columns, filled, longer


def find_header(rows: Sequence[Row], name: str, merges: Sequence[Merge] = ()) -> Header:
    """Find the header among the first rows of a file.

    The first row at least half as full as the fullest and made of words; with it, the row below or
    above when one of the two names groups of columns (merged cells, or a label over blanks).
    Raises DataFileError when there is none.
    """
    counts = [sum(cell is not None for cell in row) for row in rows]
    enough = max(2, max(counts, default=0) / 2)
    for place, row in enumerate(rows):
        if counts[place] >= enough and _words(row):
            break
    else:
        raise DataFileError(
            f"{name} : aucune ligne d'en-tête reconnue ; attendu : une ligne qui nomme au moins "
            "deux colonnes, puis une ligne par projet."
        )
    first, last = place, place
    while last + 1 < len(rows) and last - first + 1 < _DEEPEST and _split(rows, last, merges):
        last += 1
    if first == last and first and _groups(rows[first - 1], rows[first]):
        first -= 1
    names = _names(rows[first : last + 1], first, merges)
    if len(names) > MOST_COLUMNS:
        raise DataFileError(f"{name} : {len(names)} colonnes ; attendu : {MOST_COLUMNS} au plus.")
    return Header(first, last, names)


def _words(row: Row) -> bool:
    cells = [cell for cell in row if cell is not None]
    return sum(_NUMBER.fullmatch(cell) is None for cell in cells) >= 0.6 * len(cells)


def _cell(row: Row, column: int) -> str | None:
    return row[column] if column < len(row) else None


def _split(rows: Sequence[Row], place: int, merges: Sequence[Merge]) -> bool:
    """Say whether the row below ``place`` tells the columns of groups that this one names."""
    upper, lower = rows[place], rows[place + 1]
    told = [cell for cell in lower if cell is not None]
    if not told or any(_NUMBER.fullmatch(cell) for cell in told):
        return False
    wide = [range(a[1], b[1] + 1) for a, b in merges if a[0] <= place <= b[0] and b[1] > a[1]]
    if wide:
        return all(any(_cell(lower, k) for k in columns) for columns in wide)
    over_blank = any(_cell(lower, k) and not _cell(upper, k) for k in range(len(lower)))
    return over_blank and max(Counter(told).values()) > 1


def _groups(upper: Row, lower: Row) -> bool:
    repeated = max(Counter(cell for cell in lower if cell is not None).values()) > 1
    return repeated and any(_cell(upper, k) and _cell(lower, k) for k in range(len(lower)))


def _names(rows: Sequence[Row], first: int, merges: Sequence[Merge]) -> tuple[str | None, ...]:
    width = max(len(row) for row in rows)
    filled = [_spread(row, rows[k + 1 :], first + k, merges) for k, row in enumerate(rows)]
    names = []
    for column in range(width):
        parts = [" ".join(cell.split()) for row in filled if (cell := _cell(row, column))]
        names.append(JOIN.join(dict.fromkeys(parts)) or None)
    return tuple(names)


def _spread(
    row: Row, below: Sequence[Row], place: int, merges: Sequence[Merge]
) -> list[str | None]:
    """Write the label of a group over each of its columns."""
    spread = list(row)
    if not below:
        return spread
    spread += [None] * (max(len(one) for one in below) - len(spread))
    across = [(a[1], b[1]) for a, b in merges if a[0] <= place <= b[0] and b[1] > a[1]]
    for column, cell in enumerate(spread[1:], start=1):
        if cell is None and _cell(below[-1], column):
            within = any(left < column <= right for left, right in across)
            spread[column] = spread[column - 1] if within or not merges else None
    return spread


def refuse_twice(names: Sequence[str], source: str, places: Sequence[str]) -> None:
    """Refuse a name that two columns bear, saying which; ``places`` are the columns' letters."""
    twice = [one for one, count in Counter(names).items() if count > 1]
    if twice:
        at = [(one, place) for one, place in zip(names, places, strict=True) if one in twice]
        told = " ; ".join(
            f"« {one} » ({', '.join(place for name, place in at if name == one)})" for one in twice
        )
        raise DataFileError(
            f"{source} : colonnes de même nom : {told}. Donnez à chaque colonne un nom qui n'est "
            "qu'à elle."
        )


def letters(column: int) -> str:
    """Return the letters a spreadsheet gives to a column (0 is A, 26 is AA)."""
    rest, text = column + 1, ""
    while rest:
        rest, sign = divmod(rest - 1, 26)
        text = chr(65 + sign) + text
    return text
