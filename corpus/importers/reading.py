"""Read practices from any file or page a town sends. Nothing is stored here: a dry run shows the drafts."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from itertools import chain
from pathlib import Path

from corpus.importers.document import docx_entries, html_entries
from corpus.importers.drafts import Draft, Entry, Format
from corpus.importers.files import format_of, open_source
from corpus.importers.headings import load_headings
from corpus.importers.interpret import FindMunicipality, Interpreter
from corpus.importers.records import json_entries, yaml_entries
from corpus.importers.table import csv_entries, workbook_entries
from corpus.practice import Source
from corpus.vocabulary import Language


def read_practices(
    source: Path | bytes,
    *,
    name: str = "",
    format: Format | None = None,
    language: Language | None = None,
    detect_language: Callable[[str], str | None] | None = None,
    find_municipality: FindMunicipality | None = None,
    headings_file: Path | None = None,
    origin: Source | None = None,
    read_on: date | None = None,
) -> Iterator[Draft]:
    """The drafts of a CSV, XLSX, JSON Lines, JSON, JSON-LD, YAML, DOCX or HTML file, one a record, in order.

    Args:
        source: a path, or the bytes of an upload.
        name: what to call the bytes in messages; its ending tells the format unless `format` does.
        language: of records that do not say and where `detect_language` is unsure.
        detect_language: from a text to "ca", "es", "it", "en" or None.
        find_municipality: `Municipalities.find`, to fill in code, region and population of a town.
        headings_file: more names of columns and headings, in the form of `headings.yaml`.
        origin: where the file stands, for records that name no source of their own.
        read_on: the day sources were read; today when None.

    Raises:
        UnreadableSource: the file as a whole will not do: another format than it claims, too large,
            an archive that swells, macros, XML entities, no header. Faults of single records never
            raise: they are the `problems` of their draft.
    """
    name = name or (source.name if isinstance(source, Path) else "the file")
    headings = load_headings(headings_file)
    interpreter = Interpreter(
        headings=headings,
        language=language,
        detect_language=detect_language,
        find_municipality=find_municipality,
        source=origin,
        read_on=read_on or date.today(),
    )
    file = open_source(source)
    try:
        found = format_of(file, name, format)
        entries: Iterator[Entry]
        match found:
            case Format.CSV:
                entries = csv_entries(file, name, headings)
            case Format.XLSX:
                entries = workbook_entries(file, name, headings)
            case Format.DOCX:
                entries = docx_entries(file, name, headings)
            case Format.HTML:
                entries = html_entries(file, name, headings)
            case Format.YAML:
                entries = yaml_entries(file, name)
            case Format.JSON_LINES | Format.JSON_LD:
                entries = json_entries(file, name)
        first = next(entries, None)
    except BaseException:
        file.close()
        raise

    def drafts() -> Iterator[Draft]:
        with closing(file):
            for entry in chain(filter(None, [first]), entries):
                yield interpreter.draft(entry)

    return drafts()
