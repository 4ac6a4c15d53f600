"""Workbooks (XLSX, XLS, ODS) read as text by calamine: no formula is run, no link is followed."""

import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorksheetNotFound,
    XmlError,
    ZipError,
)

from geo.errors import DataFileError
from geo.headers import Merge, Row

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST_WHOLE_FLOAT = 2**53


def sheet_of(
    content: bytes, name: str, chosen: str | None
) -> tuple[CalamineSheet, tuple[str, ...]]:
    """Return a sheet of a workbook and the names of all those that can be chosen.

    Without ``chosen``, the sheet with most cells among those that are visible. Raises
    DataFileError for a workbook that cannot be read, has a password, or lacks that sheet.
    """
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = tuple(
            one.name
            for one in book.sheets_metadata
            if one.typ == SheetTypeEnum.WorkSheet and one.visible == SheetVisibleEnum.Visible
        )
        if chosen is not None and chosen not in names:
            raise DataFileError(
                f"{name} : feuille « {chosen} » absente ; feuilles trouvées : {', '.join(names)}."
            )
        sheets = [book.get_sheet_by_name(one) for one in ([chosen] if chosen else names)]
    except PasswordError as error:
        raise DataFileError(
            f"{name} : classeur protégé par un mot de passe ; retirez-le, puis recommencez."
        ) from error
    except (CalamineError, WorksheetNotFound, XmlError, ZipError, ValueError, OSError) as error:
        raise DataFileError(
            f"{name} : classeur illisible ou tronqué ; ouvrez-le dans un tableur et enregistrez-le "
            "de nouveau."
        ) from error
    filled = [sheet for sheet in sheets if sheet.height and sheet.width]
    if not filled:
        raise DataFileError(f"{name} : aucune cellule remplie dans le classeur.")
    return max(filled, key=lambda sheet: sheet.height * sheet.width), names


def rows_of(sheet: CalamineSheet) -> tuple[Iterator[Row], int, list[Merge]]:
    """Return the rows of a sheet as text from line 1, its first column, and its merged cells.

    Dates are written 2025-03-31, whole numbers without a decimal point, booleans oui or non.
    """
    left = sheet.start[1] if sheet.start else 0
    merges = [
        ((a[0], a[1] - left), (b[0], b[1] - left)) for a, b in (sheet.merged_cell_ranges or [])
    ]
    return ([_text(cell) for cell in row] for row in sheet.iter_rows()), left, merges


def _decimal(number: float) -> str:
    # "1.234" would be read as a thousand by some: a number of a workbook is never unsure.
    text = repr(number)
    return f"{text}0" if len(text.rpartition(".")[2]) == 3 else text


def _text(cell: Any) -> str | None:
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, float):
        whole = cell.is_integer() and abs(cell) < _LARGEST_WHOLE_FLOAT
        return str(int(cell)) if whole else _decimal(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return None if cell is None else str(cell)
