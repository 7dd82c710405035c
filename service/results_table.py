"""The results of a search as a table for a spreadsheet, in the reader's words; a row a practice, best first."""

import csv
from collections.abc import Callable, Sequence
from io import BytesIO, StringIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from corpus.importers.table import escape_cell
from service.fit_sentences import summary
from service.i18n import Translator
from service.page_words import SECTION_NAMES, STRENGTH_NAMES, code_label, code_labels, message, years
from service.search import SearchResult

MOST_ROWS = 300
WIDEST, NARROWEST = 60, 10  # characters of a column

Cell = str | int | None
Column = Callable[[SearchResult, Translator], Cell]

COLUMNS: dict[str, Column] = {
    message("Title"): lambda found, _: found.practice.title,
    message("Municipality or body"): lambda found, _: body.name if (body := found.practice.body) else None,
    message("Inhabitants"): lambda found, _: body.population if (body := found.practice.body) else None,
    message("Region"): lambda found, say: (
        code_label("region", body.region, say) if (body := found.practice.body) and body.region else None
    ),
    message("Country"): lambda found, say: (
        code_label("country", body.country, say) if (body := found.practice.body) and body.country else None
    ),
    message("The sentence that answers"): lambda found, _: found.passage.text,
    message("Its section"): lambda found, say: say(SECTION_NAMES[found.passage.section]),
    message("Strength of the match, of 100"): lambda found, _: round(100 * found.strength),
    message("Strength in words"): lambda found, say: say(STRENGTH_NAMES[found.word]),
    message("Themes"): lambda found, say: code_labels("theme", found.practice.themes, say),
    message("Target groups"): lambda found, say: code_labels("target_group", found.practice.target_groups, say),
    message("Years"): lambda found, say: years(found.practice, say),
    message("Status"): lambda found, say: (
        code_label("status", found.practice.status.value, say) if found.practice.status else None
    ),
    message("Evidence"): lambda found, say: (
        code_label("evidence", found.practice.evidence.value, say) if found.practice.evidence else None
    ),
    message("Language of the record"): lambda found, say: code_label(
        "language", found.practice.language.value, say
    ),
}
FIT_COLUMNS: dict[str, Column] = {
    message("Fit with your context, of 100"): lambda found, _: (
        None if found.fit.score is None else round(100 * found.fit.score)
    ),
    message("Fit in words"): lambda found, say: summary(found.fit, say),
}


def results_table(
    results: Sequence[SearchResult], *, site: str, with_fit: bool, say: Translator
) -> list[list[Cell]]:
    """The headings and the rows; at the end the address of the record and that of its first source."""
    columns = COLUMNS | (FIT_COLUMNS if with_fit else {})
    headings: list[Cell] = [*map(say, columns), say("Address"), say("Source")]
    return [headings] + [
        [
            *(column(found, say) for column in columns.values()),
            f"{site}/practices/{found.practice.id}",
            found.practice.sources[0].url if found.practice.sources else None,
        ]
        for found in results
    ]


def _cell(value: Cell) -> Cell:
    return escape_cell(value) if isinstance(value, str) else value


def as_csv(table: Sequence[Sequence[Cell]]) -> bytes:
    """UTF-8 with the mark without which Excel reads Windows-1252."""
    text = StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in table)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(table: Sequence[Sequence[Cell]], *, title: str) -> bytes:
    """A sheet whose headings stay in sight and filter, with columns as wide as is readable."""
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None  # noqa: S101 - a new workbook has one
    sheet.title = title
    workbook.properties.title = title
    workbook.properties.creator = "Empelt"
    for row in table:
        sheet.append([_cell(value) for value in row])
    for heading in sheet[1]:
        heading.font = Font(bold=True)
    for number, values in enumerate(zip(*table, strict=True), 1):
        width = max(len(str(value or "")) for value in values)
        sheet.column_dimensions[get_column_letter(number)].width = max(NARROWEST, min(WIDEST, width + 2))
    for cell in (cell for cells in sheet.iter_rows() for cell in cells):
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    written = BytesIO()
    workbook.save(written)
    return written.getvalue()
