"""Every way out: CSV, XLSX, JSON Lines and JSON-LD, written as a stream, each read again to the same records.

A table has one column for each simple field; the parts of a body and of a contact stand in columns of
their own ("body.name"), codes are separated by semicolons, and the parts that are lists (budget, actors ...)
stand in one cell, one JSON object a line. A cell that a spreadsheet would take for a formula begins with
an apostrophe.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from io import TextIOWrapper
from typing import Any, BinaryIO

from openpyxl import Workbook

from corpus.errors import InvalidPractice, Problem
from corpus.importers.drafts import Format
from corpus.importers.records import RECORD
from corpus.importers.table import escape_cell
from corpus.practice import Body, Contact, Practice
from corpus.vocabulary import label

_LIKE_A_SIGN = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

LONGEST_CELL = 32_767  # characters; what a spreadsheet holds

COLUMNS = tuple(
    column
    for name in Practice.model_fields
    for column in {
        "body": [f"body.{part}" for part in Body.model_fields],
        "contact": [f"contact.{part}" for part in Contact.model_fields],
    }.get(name, [name])
)


def not_carried(format: Format) -> tuple[str, ...]:
    """What a format cannot carry, in words; empty for a format that carries every record whole."""
    if format in (Format.CSV, Format.XLSX):
        return (f"a part of over {LONGEST_CELL} characters, as JSON one line an item (such a record is refused)",)
    return ()


def write_practices(practices: Iterable[Practice], file: BinaryIO, *, format: Format) -> int:
    """Write practices to a file object opened for bytes; the number written.

    Raises:
        InvalidPractice: a record does not fit the format, see `not_carried`.
        ValueError: the format is one we only read.
    """
    if format not in _WRITERS:
        raise ValueError(f"practices are not written as {format}; one of {', '.join(_WRITERS)}")
    return _WRITERS[format](iter(practices), file)


def _write_csv(practices: Iterator[Practice], file: BinaryIO) -> int:
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write("\ufeff")  # without the mark Excel reads Windows-1252
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    written = 0
    for written, practice in enumerate(practices, 1):  # noqa: B007
        rows.writerow(_cells(practice))
    text.detach()
    return written


def _write_xlsx(practices: Iterator[Practice], file: BinaryIO) -> int:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("practices")
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    written = 0
    try:
        for written, practice in enumerate(practices, 1):  # noqa: B007
            sheet.append([cell if isinstance(cell, int) else _excel_text(cell) for cell in _cells(practice)])
    finally:
        sheet.close()
    workbook.save(file)
    return written


def _excel_text(text: str) -> str:
    """Excel writes a carriage return as _x000D_, and a text that looks like such a sign with its _ as _x005F_."""
    return _LIKE_A_SIGN.sub("_x005F_", text).replace("\r", "_x000D_")


def _cells(practice: Practice) -> list[str | int]:
    """The cells of one row, in the order of `COLUMNS`."""
    fields = practice.model_dump(mode="json", exclude_none=True)
    for name in ("body", "contact"):
        fields |= {f"{name}.{part}": value for part, value in fields.get(name, {}).items()}
    cells = [_cell(fields.get(column, "")) for column in COLUMNS]
    for column, cell in zip(COLUMNS, cells, strict=True):
        if isinstance(cell, str) and len(cell) > LONGEST_CELL:
            reason = f"is too long for a cell ({LONGEST_CELL} characters); export JSON Lines instead"
            raise InvalidPractice([Problem(file=practice.id, field=column, reason=reason)])
    return cells


def _cell(value: Any) -> str | int:
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        is_parts = any(isinstance(item, dict) for item in value)
        value = "\n".join(map(_compact, value)) if is_parts else "; ".join(value)
    return escape_cell(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write_json_lines(practices: Iterator[Practice], file: BinaryIO) -> int:
    written = 0
    for written, practice in enumerate(practices, 1):  # noqa: B007
        file.write(f"{_compact(_record(practice))}\n".encode())
    return written


def _record(practice: Practice) -> dict[str, Any]:
    """The plain values of a record without what is absent."""
    return _filled(practice.model_dump(mode="json", exclude_none=True))


CONTEXT = {"@vocab": "https://schema.org/", RECORD: {"@id": "urn:empelt:record", "@type": "@json"}}


def json_ld(practice: Practice) -> dict[str, Any]:
    """A practice as a schema.org CreativeWork about a GovernmentService, to stand beside `CONTEXT`.

    schema.org has no words for much of a record, so the record itself goes along as a JSON literal.
    """

    def words(codes: Iterable[StrEnum]) -> list[str]:
        return [label(code, practice.language) for code in codes]

    body = practice.body
    years = f"{practice.start_year or '..'}/{practice.end_year or '..'}"
    node = {
        "@id": urn(practice.id),
        "@type": "CreativeWork",
        "identifier": practice.id,
        "inLanguage": practice.language,
        "name": practice.title,
        "abstract": practice.summary or practice.problem,
        "keywords": words([*practice.themes, *practice.methods]),
        "temporalCoverage": years if practice.start_year or practice.end_year else None,
        "creativeWorkStatus": label(practice.status, practice.language) if practice.status else None,
        "dateModified": practice.updated_on.isoformat() if practice.updated_on else None,
        "award": [" ".join(filter(None, [won.scheme, won.edition])) for won in practice.recognitions],
        "isBasedOn": [source.url for source in practice.sources],
        "workTranslation": [{"@id": urn(other)} for other in practice.translations],
        "about": _filled(
            {
                "@type": "GovernmentService",
                "name": practice.title,
                "serviceType": words(practice.themes),
                "audience": [
                    {"@type": "Audience", "audienceType": group} for group in words(practice.target_groups)
                ],
                "provider": _filled(
                    {"@type": "GovernmentOrganization", "name": body.name, "identifier": body.code}
                )
                if body
                else None,
            }
        ),
        RECORD: _record(practice),
    }
    return _filled(node)


def urn(practice_id: str) -> str:
    """What a practice is called in every file of ours."""
    return f"urn:empelt:practice:{practice_id}"


def _filled(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if value not in (None, [])}


def _write_json_ld(practices: Iterator[Practice], file: BinaryIO) -> int:
    """A node a line, so that the importer reads it as a stream too."""
    file.write(f'{{"@context": {_compact(CONTEXT)}, "@graph": ['.encode())
    written = 0
    for written, practice in enumerate(practices, 1):
        file.write(f"{',' * (written > 1)}\n{_compact(json_ld(practice))}".encode())
    file.write(b"\n]}\n")
    return written


_WRITERS: dict[Format, Callable[[Iterator[Practice], BinaryIO], int]] = {
    Format.CSV: _write_csv,
    Format.XLSX: _write_xlsx,
    Format.JSON_LINES: _write_json_lines,
    Format.JSON_LD: _write_json_ld,
}
