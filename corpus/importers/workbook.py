"""The visible sheets of an Excel workbook as rows of text. Runs in the child process of `sandbox`.

Formulas are never computed: a cell shows the value Excel saved with it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, BinaryIO

from python_calamine import CalamineWorkbook, SheetVisibleEnum


def parse(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Each visible sheet as its number with its name and merged ranges, then with each row of texts."""
    workbook = CalamineWorkbook.from_filelike(file)
    for number, sheet in enumerate(workbook.sheets_metadata):
        if sheet.visible != SheetVisibleEnum.Visible:
            continue
        cells = workbook.get_sheet_by_index(number)
        if cells.start is None:
            continue
        left = cells.start[1]  # iter_rows begins at the first row of the sheet, but at the first column in use
        merged = [
            (first[0], first[1] - left, last[0], last[1] - left) for first, last in cells.merged_cell_ranges or []
        ]
        yield number, {"sheet": sheet.name, "merged": merged}
        for row in cells.iter_rows():
            yield number, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
