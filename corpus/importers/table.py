"""Tables: the header is found wherever it stands, then each row below it is one entry.

A CSV is read as a stream. Cells that a spreadsheet would run as a formula carry an apostrophe in our
exports, taken off here.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import BinaryIO

from corpus.errors import Problem, UnreadableSource
from corpus.importers.drafts import Entry
from corpus.importers.files import bounded_lines, encoding_of
from corpus.importers.headings import Headings, fold
from corpus.importers.sandbox import parse_in_child

HEADER_WITHIN = 40  # rows; title lines, logos and instructions stand above
LONGEST_FORM = 300  # rows of a form with its labels in the first column
LONGEST_ROW = 1 << 21  # characters, however many lines its cells have
SAMPLE_LINES = 60  # to find the delimiter in
DELIMITERS = ",;\t|"

_FORMULA = re.compile(r"'*[=+\-@]")
_ESCAPED = re.compile(r"'+[=+\-@]")


def escape_cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula; `unescape_cell` gives the text back."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """The text `escape_cell` was given."""
    return text[1:] if _ESCAPED.match(text) else text


@dataclass
class Table:
    """The rows of one sheet from its first; `merged` ranges as (top, left, bottom, right), counted from 0."""

    place: str
    rows: Iterable[list[str]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def csv_entries(file: BinaryIO, name: str, headings: Headings) -> Iterator[Entry]:
    """The rows of a CSV in any usual encoding, cut at commas, semicolons, tabs or bars."""
    with TextIOWrapper(file, encoding=encoding_of(file), newline="") as text:
        physical = bounded_lines(text, name)
        sample = list(islice(physical, SAMPLE_LINES))
        delimiter = max(DELIMITERS, key=lambda mark: _most_known(csv.reader(sample, delimiter=mark), headings))
        entries = table_entries(Table(name, _csv_rows(chain(sample, physical), delimiter, name)), headings)
        if entries is None:
            raise UnreadableSource(no_header(name))
        yield from entries


def _most_known(rows: Iterable[list[str]], headings: Headings) -> int:
    try:
        return max((len(_known(row, headings)) for row in rows), default=0)
    except csv.Error:
        return 0


class _BrokenRow(list[str]):
    """Stands for a row that is not CSV; its one cell is the reason."""


def _csv_rows(physical: Iterable[str], delimiter: str, name: str) -> Iterator[list[str]]:
    size = 0

    def counted() -> Iterator[str]:
        nonlocal size
        for line in physical:
            size += len(line)
            if size > LONGEST_ROW:
                raise UnreadableSource(f"{name} holds a row of over {LONGEST_ROW} characters.")
            yield line

    reader = csv.reader(counted(), delimiter=delimiter, strict=True)
    while True:
        size = 0
        try:
            yield next(reader)
        except csv.Error as error:
            yield _BrokenRow([f"is not CSV: {error} (at line {reader.line_num} of the file)"])
        except StopIteration:
            return


def workbook_entries(file: BinaryIO, name: str, headings: Headings) -> Iterator[Entry]:
    """The rows of every visible sheet that has a header; a sheet without one is reported."""
    without_header = []
    found = False
    for _, items in groupby(parse_in_child("workbook", file, name), key=itemgetter(0)):
        contents = map(itemgetter(1), items)
        sheet = next(contents)
        table = Table(f"{name}, sheet {sheet['sheet']!r}", contents, sheet["merged"])
        entries = table_entries(table, headings)
        if entries is None:
            without_header.append(table.place)
        else:
            found = True
            yield from entries
    if not found:
        raise UnreadableSource(no_header(name))
    for place in without_header:
        yield Entry(place, None, problems=[Problem(place, "header", "no row holds known headings; not read")])


def table_entries(table: Table, headings: Headings) -> Iterator[Entry] | None:
    """The entries of one table, or of a form with its labels in the first column; None without known headings."""
    rows = iter(_filled_down(table))
    top = list(islice(rows, HEADER_WITHIN))
    known = [_known(cells, headings) for _, cells in top]
    best = max(range(len(top)), key=lambda index: len(known[index]), default=0)
    if known[best + 1 : best + 2] and len(known[best + 1]) == len(known[best]):
        best += 1  # the lower row of a header of two
    if top and len(known[best]) > 1 and "title" in known[best]:
        return _below(top[best][1], chain(top[best + 1 :], rows), table.place)
    form = [*top, *islice(rows, LONGEST_FORM - len(top))]
    labels = {headings.field(cells[0]) for _, cells in form if cells} - {None}
    if len(labels) < 3 or "title" not in labels:
        return None
    values = [(cells[0], unescape_cell(" ".join(filter(None, cells[1:])))) for _, cells in form if cells]
    return iter([Entry(table.place, None, [(label, text) for label, text in values if label or text])])


def no_header(name: str) -> str:
    """What to say of a table nobody can read."""
    return (
        f"{name} has no header: none of the first {HEADER_WITHIN} rows names a title and one more field "
        '(such as "Títol" and "Problema", "Título" and "Problema", "Titolo" and "Problema").'
    )


def _known(cells: list[str], headings: Headings) -> set[str]:
    return {name for cell in cells if (name := headings.field(cell)) and name not in ("ignored", "person")}


def _filled_down(table: Table) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers; a cell merged over several rows holds for each of them."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for top, left, bottom, _ in table.merged:
        if bottom > top:
            starts.setdefault(top, []).append((left, bottom))
    held: dict[int, tuple[str, int]] = {}
    for index, cells in enumerate(table.rows):
        for column, (text, bottom) in list(held.items()):
            if index > bottom:
                del held[column]
            elif column < len(cells):
                cells[column] = text
        held |= {
            column: (cells[column], bottom) for column, bottom in starts.get(index, ()) if column < len(cells)
        }
        yield index + 1, cells


def _is_header_again(cells: list[str], header: list[str]) -> bool:
    return len(cells) == len(header) and all(fold(cell) == name for cell, name in zip(cells, header, strict=True))


def _below(header: list[str], rows: Iterable[tuple[int, list[str]]], place: str) -> Iterator[Entry]:
    names = [" ".join(name.split()) or f"(column {number})" for number, name in enumerate(header, 1)]
    repeated = [fold(name) for name in header]
    for number, cells in rows:
        if isinstance(cells, _BrokenRow):
            yield Entry(place, number, problems=[Problem(place, "row", cells[0], row=number)])
        elif any(map(str.strip, cells)) and not _is_header_again(cells, repeated):
            extra = [f"(column {column})" for column in range(len(names) + 1, len(cells) + 1)]
            values = zip([*names, *extra], cells, strict=False)
            yield Entry(place, number, [(name, unescape_cell(text)) for name, text in values if text.strip()])
