"""Files brought by a user: read safely, matched, diagnosed; nothing is written before it is asked.

The same functions serve the page and the command line.
"""

import io
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import PatternFill

from analysis.faults import WHOLE_FILE
from analysis.fields import Vocabulary, vocabulary
from analysis.intake import Diagnosis, Setting, diagnose_table
from analysis.mapping import ColumnMap, for_edition, from_json, guess
from geo.errors import DataFileError
from geo.sandbox import frame_of, read_safely
from geo.uploads import MOST_BYTES, STEPS, Progress, Upload, refuse_size
from store.atlas import Atlas

FORMAT_FILE = "import.toml"
_YEAR = re.compile(r"(?<![0-9])(20[0-9]{2})(?![0-9])")
_REMARKS = "Corrections de l'atlas"
_MARK = PatternFill("solid", fgColor="FFF2B3")
_MOST_CELL = 32_767  # signs of a cell of a workbook


@dataclass(frozen=True)
class Received:
    """A file as it was read: its name, what was found in it, and its cells (text by line)."""

    name: str
    upload: Upload
    cells: pd.DataFrame


def load_vocabulary(atlas: Atlas) -> Vocabulary:
    """Return the format of imports and the words of the territory.

    Raises DataFileError when ``import.toml`` of the data directory is missing or broken.
    """
    path = atlas.directory / FORMAT_FILE
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return vocabulary(content, atlas.territory)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataFileError(
            f"{FORMAT_FILE}, qui décrit le format des importations, est absent ou abîmé dans le "
            "dossier de données ; rétablissez-le depuis le dépôt."
        ) from error


def setting(atlas: Atlas, words: Vocabulary, programme: str, year: int) -> Setting:
    """Return what a file is read against: territory, words, communes, quarters, year."""
    quarters = atlas.quarters
    return Setting(
        territory=atlas.territory,
        words=words,
        communes=atlas.communes,
        quarters=dict(zip(quarters["qpv_code"], quarters["qpv_name"], strict=True)),
        former=frozenset(atlas.crosswalk["qpv_code_2015"].dropna()),
        programme=programme,
        year=year,
    )


def likely_year(received: Received, words: Vocabulary) -> int:
    """Return the year a file is most likely about.

    That of its rows, else of its name, else the latest of its headers or of its sheet's name, else
    that of its actions or decisions, else this one.
    """
    today = date.today().year
    columns = guess(received.cells, words, today)
    told = (
        _usual_year(received, columns.header("year")),
        _latest_year(received.name),
        _latest_year(*map(str, received.cells.columns)),
        _latest_year(received.upload.sheet),
        _usual_year(received, columns.header("starts_on")),
        _usual_year(received, columns.header("decided_on")),
    )
    return next(filter(None, told), today)


def _usual_year(received: Received, header: str | None) -> int:
    """Return the year most cells of a column bear, 0 without any."""
    if not header:
        return 0
    years = received.cells[header].str.extract(_YEAR)[0].dropna()
    return int(years.mode()[0]) if len(years) else 0


def _latest_year(*texts: str) -> int:
    """Return the latest year that some texts name, 0 without any."""
    return max((int(year) for text in texts for year in _YEAR.findall(text)), default=0)


def read_path(path: Path) -> bytes:
    """Return the bytes of a file named on the command line; refuses one beyond the limit unread."""
    try:
        size = path.stat().st_size
        refuse_size(size, path.name)
        return path.read_bytes()[: MOST_BYTES + 1]
    except OSError as error:
        raise DataFileError(
            f"Le fichier {path.name} est absent ou illisible ; vérifiez son nom et son dossier."
        ) from error


def receive(
    content: bytes, name: str, sheet: str | None = None, progress: Progress | None = None
) -> Received:
    """Read a file in the child process, which tells ``progress`` how far it is, in French.

    Raises DataFileError or CrsError with its refusal.
    """

    def tell(share: float, step: str) -> None:
        """Name the step."""
        if progress:
            progress(share, f"Lecture de {name}, {STEPS[step]}")

    upload = read_safely(content, name, sheet, progress=tell)
    return Received(name, upload, frame_of(upload))


def columns_for(
    received: Received, words: Vocabulary, year: int, kept: bytes | None = None, name: str = ""
) -> ColumnMap:
    """Return the column map of a file: the one that was kept (JSON), else a guess.

    Columns that the file no longer has are dropped from a kept map.
    """
    if kept is None:
        return guess(received.cells, words, year)
    read = for_edition(from_json(kept, name, words), map(str, received.cells.columns))
    if not read.columns:
        raise DataFileError(
            f"{name} : aucune de ses colonnes n'est dans {received.name} ; attendu : les "
            "correspondances de ce fichier."
        )
    return read


def diagnose(
    received: Received, columns: ColumnMap, where: Setting, progress: Progress | None = None
) -> Diagnosis:
    """Return the programme a file holds and everything that is wrong in it.

    ``progress`` is told how far it is, from 0 to 1, and what is being checked, in French.
    """

    def tell(share: float, step: str) -> None:
        """Name the step."""
        if progress:
            progress(share, f"Contrôle, {step}")

    return diagnose_table(received.cells, columns, where, received.upload.long_lines, tell)


def mended_file(received: Received, diagnosis: Diagnosis) -> bytes:
    """Return the user's own table as a workbook, mended cells marked and told in a last column.

    Every row is there, in its order, accepted or not; a cell never runs as a formula. The file can
    be imported again with the same column map.
    """
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Fichier corrigé")
    headers = [str(one) for one in received.cells.columns]
    sheet.append([_cell(sheet, one) for one in (*headers, _REMARKS)])
    remarks = _remarks(diagnosis.faults)
    for line, row in zip(received.cells.index, received.cells.to_numpy(), strict=True):
        cells = []
        for header, text in zip(headers, row, strict=True):
            mended = diagnosis.mended.get((int(line), header))
            one = _cell(sheet, mended if mended is not None else text)
            if mended is not None:
                one.fill = _MARK
            cells.append(one)
        sheet.append([*cells, _cell(sheet, remarks.get(int(line)))])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _remarks(faults: pd.DataFrame) -> dict[int, str]:
    told: dict[int, list[str]] = {}
    mended = faults[(faults["line"] != WHOLE_FILE) & faults["mended"].notna()]
    for line, column, value, text in zip(
        mended["line"], mended["column"], mended["value"], mended["mended"], strict=True
    ):
        told.setdefault(int(line), []).append(f"{column} : « {value} » → « {text} »")
    return {line: " ; ".join(some) for line, some in told.items()}


def _cell(sheet: Any, value: object) -> Any:
    text = "" if pd.isna(value) else ILLEGAL_CHARACTERS_RE.sub("", str(value))  # type: ignore[call-overload]
    cell = WriteOnlyCell(sheet, value=text[:_MOST_CELL] or None)
    if text:
        cell.data_type = "s"  # never a formula, never an error code
    return cell
