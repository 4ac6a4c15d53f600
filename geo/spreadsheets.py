"""Workbooks that a spreadsheet opens: typed cells, frozen headers, and no formula."""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

_STILL = datetime(1980, 1, 1)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")
_MOST_TEXT = 32_767  # characters that a cell may hold
_WIDTHS = (8, 48)


def to_xlsx(sheets: Mapping[str, pd.DataFrame], dates: Iterable[str] = ()) -> bytes:
    """Return a workbook of one sheet a frame, headers in bold and frozen, filters on.

    Numbers, booleans and the ISO ``dates`` columns are typed; a missing value is an empty cell. A
    text is always a text, whatever its first character: it is typed so, and quoted for a
    spreadsheet that would read it again. Nothing says when the file was written.
    """
    book = Workbook(write_only=True)
    book.properties.created = _STILL
    book.properties.creator = "Atlas des quartiers prioritaires"
    days = set(dates)
    for name, frame in sheets.items():
        sheet = book.create_sheet(name[:31])
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = f"A1:{get_column_letter(frame.shape[1])}{len(frame) + 1}"
        for rank, column in enumerate(frame.columns, start=1):
            letter = get_column_letter(rank)
            sheet.column_dimensions[letter].width = min(max(len(column) + 2, _WIDTHS[0]), 48)
        sheet.append([_cell(sheet, column, bold=True) for column in frame.columns])
        columns = [_values(frame[column], column in days) for column in frame.columns]
        for row in zip(*columns, strict=True):
            sheet.append([_cell(sheet, value) for value in row])
    buffer = io.BytesIO()
    book.save(buffer)
    return _still(buffer.getvalue())


def _values(column: pd.Series, is_date: bool) -> list[object]:
    found = column.astype("object").where(column.notna(), None).tolist()
    return [date.fromisoformat(str(one)[:10]) if is_date and one else one for one in found]


def _cell(sheet: object, value: object, *, bold: bool = False) -> object:
    if not isinstance(value, str):
        return value
    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:_MOST_TEXT]
    cell = WriteOnlyCell(sheet, value=text)  # type: ignore[arg-type]
    cell.data_type = "s"
    if text[:1] in set("=+-@＝＋－＠\t\r\n'"):
        cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    return cell


def _still(content: bytes) -> bytes:
    """Write the archive again without the hour of its making."""
    entries = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            entries[name] = archive.read(name)
    moment = b"\\g<1>" + _STILL.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    entries["docProps/core.xml"] = _MODIFIED.sub(moment, entries["docProps/core.xml"])
    return still_zip(entries)


def still_zip(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip of named contents in their order, the same bytes whenever it is written."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
