"""The cells of a list as offices publish it: CSV of any hand, or a workbook."""

import csv
import zipfile
from pathlib import Path

from corpus.errors import UnreadableSource

LARGEST_LIST_BYTES = 200_000_000  # an official list is 1 to 25 MB, unzipped


def read_table(path: Path) -> list[list[str]]:
    """All cells of a CSV (UTF-8 or Latin-1; comma, semicolon or tab) or of an XLSX's fullest sheet.

    Raises:
        UnreadableSource: it is neither, or too large to be trusted.
    """
    try:
        return _read_workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm") else _read_csv(path)
    except FileNotFoundError:
        raise UnreadableSource(f"{path}: there is no such file.") from None
    except (csv.Error, zipfile.BadZipFile, OSError) as error:
        raise UnreadableSource(f"{path.name}: cannot be read as a table ({error}).") from None


def _read_csv(path: Path) -> list[list[str]]:
    if path.stat().st_size > LARGEST_LIST_BYTES:
        raise UnreadableSource(f"{path.name}: is larger than {LARGEST_LIST_BYTES:,} bytes.")
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")  # what Spanish and Italian offices mean by Latin-1
    if "\0" in text:
        raise UnreadableSource(f"{path.name}: is not text.")
    delimiter = max(";,\t", key=text[:5000].count)
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    return [[" ".join(cell.split()) for cell in row] for row in rows]


def _read_workbook(path: Path) -> list[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook

    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > LARGEST_LIST_BYTES:
            raise UnreadableSource(f"{path.name}: unpacks to more than {LARGEST_LIST_BYTES:,} bytes.")
    try:
        book = CalamineWorkbook.from_path(path)
        sheets = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names]
    except CalamineError as error:
        raise UnreadableSource(f"{path.name}: is not a workbook ({error}).") from None
    rows = max(sheets, key=len, default=[])
    return [[" ".join(_cell(value).split()) for value in row] for row in rows]


def _cell(value: object) -> str:
    """A cell as text; 8.0 is how a spreadsheet holds the code 8."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
