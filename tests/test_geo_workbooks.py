"""Workbooks of the formats before XLSX, written by other libraries than the one that reads them."""

import io
from datetime import date, datetime
from typing import Any

import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from geo.sandbox import frame_of, read_safely

HEADER = ["Référence", "Intitulé", "Montant", "Début", "Acquis", "Vide"]
ROW = ["00123", "Été à l'école", 1234.5, date(2025, 4, 3), True, None]
READ = ["00123", "Été à l'école", "1234.5", "2025-04-03", "oui"]


def xls() -> bytes:
    book, packed = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("Actions")
    sheet.write_merge(0, 0, 0, 5, "Programmation 2025")
    day = xlwt.easyxf(num_format_str="DD/MM/YYYY")
    for column, name in enumerate(HEADER):
        sheet.write(2, column, name)
    for column, value in enumerate(ROW):
        style = day if isinstance(value, date) else xlwt.Style.default_style
        if value is not None:
            sheet.write(3, column, value, style)
    book.add_sheet("Autre").write(0, 0, "a")
    book.save(packed)
    return packed.getvalue()


def _cell(value: object) -> TableCell:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        return TableCell(valuetype="boolean", booleanvalue=str(value).lower())
    if isinstance(value, float):
        return TableCell(valuetype="float", value=str(value))
    if isinstance(value, date):
        return TableCell(valuetype="date", datevalue=value.isoformat())
    cell = TableCell(valuetype="string")
    cell.addElement(P(text=str(value)))
    return cell


def ods() -> bytes:
    book, packed = OpenDocumentSpreadsheet(), io.BytesIO()
    sheets: dict[str, list[list[Any]]] = {
        "Actions": [["Programmation 2025"], [None], HEADER, ROW],
        "Autre": [["a"]],
    }
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for value in row:
                line.addElement(_cell(value))
            table.addElement(line)
        book.spreadsheet.addElement(table)
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(("kind", "written"), [("XLS", xls), ("ODS", ods)])
def test_cells_keep_their_zeros_amounts_and_days(kind, written):
    upload = read_safely(written(), "programmation")
    frame = frame_of(upload)
    assert (upload.kind, upload.sheet, upload.sheets) == (kind, "Actions", ("Actions", "Autre"))
    assert frame.index.tolist() == [4]
    assert frame.columns.tolist()[:5] == HEADER[:5]
    assert frame.iloc[0].tolist()[:5] == READ


def test_days_of_the_first_system_are_days():
    book, packed = xlwt.Workbook(), io.BytesIO()
    book.dates_1904 = True
    sheet = book.add_sheet("Actions")
    for column, name in enumerate(("Intitulé", "Début")):
        sheet.write(0, column, name)
    sheet.write(1, 0, "Lire")
    sheet.write(1, 1, datetime(2025, 4, 3), xlwt.easyxf(num_format_str="DD/MM/YYYY"))
    book.save(packed)
    assert frame_of(read_safely(packed.getvalue(), "a.xls")).iloc[0].tolist() == [
        "Lire",
        "2025-04-03",
    ]
