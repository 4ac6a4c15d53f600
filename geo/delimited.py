"""Delimited text of any French spreadsheet: its encoding and separator are found, not asked."""

import codecs
import contextlib
import csv
import io
from collections.abc import Iterator
from itertools import islice

from geo.errors import DataFileError
from geo.headers import Row

_SEPARATORS = {";": "point-virgule", "\t": "tabulation", ",": "virgule", "|": "barre verticale"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENCODINGS = {
    "utf-8-sig": "UTF-8 avec marque (BOM)",
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
}
_LONGEST_CELL = 100_000
_SAMPLE = 200
# Signs that no text holds: those below the blank, but tabs, line and page breaks.
_CONTROL = bytes({*range(32)} - {9, 10, 11, 12, 13, 26})


def rows_of(content: bytes, name: str) -> tuple[Iterator[Row], tuple[str, ...]]:
    """Return the rows of a delimited text, cells stripped and None when blank, and what was found.

    UTF-8 with or without BOM, UTF-16 with BOM, else Windows-1252; the separator is the one that
    cuts the first lines most evenly. Line breaks inside quotes stay in their cell. Raises
    DataFileError when it is not text, or when nothing separates columns.
    """
    encoding = encoding_of(content, name)
    separator = _separator(content, encoding, name)
    notes = (
        f"Encodage : {_ENCODINGS[encoding]}.",
        f"Séparateur : {_SEPARATORS[separator]}.",
    )
    return _read(content, encoding, separator, name), notes


def encoding_of(content: bytes, name: str) -> str:
    """Return the encoding of a text (a Python name); raises DataFileError when it is not text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _checked(content, encoding, name)
    if content.translate(None, _CONTROL) != content:
        raise DataFileError(
            f"{name} n'est pas un texte (il contient des signes de programme ou d'image) ; "
            "attendu : un tableau CSV, ou l'un des autres formats acceptés."
        )
    try:
        return _checked(content, "utf-8", name)
    except DataFileError:
        return _checked(content, "cp1252", name)


def _checked(content: bytes, encoding: str, name: str) -> str:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        view = memoryview(content)
        for start in range(0, len(content), 2**20):
            decoder.decode(view[start : start + 2**20])
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise DataFileError(
            f"{name} : texte dans un encodage inconnu ; attendu : UTF-8 ou Windows-1252 (dans le "
            "tableur, « Enregistrer sous », CSV UTF-8)."
        ) from error
    return encoding


def _text(content: bytes, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")


def _separator(content: bytes, encoding: str, name: str) -> str:
    start = "".join(islice(_text(content, encoding), _SAMPLE))
    scores = {sign: _evenness(start, sign) for sign in _SEPARATORS}
    best = max(scores, key=lambda sign: scores[sign])
    if not scores[best]:
        raise DataFileError(
            f"{name} : une seule colonne trouvée, ce n'est pas un tableau ; attendu : des colonnes "
            "séparées par des points-virgules, des virgules, des tabulations ou des barres."
        )
    return best


def _evenness(start: str, separator: str) -> float:
    """Return how well a separator cuts: columns beyond the first, by the share of even rows."""
    csv.field_size_limit(_LONGEST_CELL)
    widths: list[int] = []
    # A cell without end is told later, with its line.
    with contextlib.suppress(csv.Error):
        for row in csv.reader(io.StringIO(start, newline=""), delimiter=separator):
            widths.append(len(row))
    widths = [width for width in widths if width > 0]
    if not widths:
        return 0.0
    usual = max(set(widths), key=lambda width: (widths.count(width) if width > 1 else 0, width))
    return (usual - 1) * widths.count(usual) / len(widths)


def _read(content: bytes, encoding: str, separator: str, name: str) -> Iterator[Row]:
    reader = csv.reader(_text(content, encoding), delimiter=separator)
    try:
        for row in reader:
            yield [cell.strip() or None for cell in row]
    except csv.Error as error:
        raise DataFileError(
            f"{name}, vers la ligne {reader.line_num} : cellule de plus de {_LONGEST_CELL} signes "
            "ou guillemet jamais refermé ; corrigez cette ligne."
        ) from error
