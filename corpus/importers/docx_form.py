"""A Word document as blocks. Runs in the child process of `sandbox`.

A block is ["heading", text, level], ["text", text, bold beginning], ["item", text, bold beginning] or
["table", rows of cells]; level 7 is a paragraph all in bold. Content controls and text boxes are read,
their placeholders, deleted text and field codes are not.
"""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import docx
from docx.oxml.ns import qn

LONGEST_SECTION = 80  # characters of a row with one cell that only names what follows
TITLE_OF_THE_DOCUMENT = 6  # a level below the styled headings, any of which may be the title of a practice
BOLD_HEADING = 7

_SKIPPED = {
    *(qn(f"w:{name}") for name in ("pPr", "rPr", "sdtPr", "txbxContent", "del", "moveFrom", "instrText")),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}
_BOXES = {**dict.fromkeys(("F0FE", "F0FD", "F052"), "☒"), **dict.fromkeys(("F0A8", "F06F", "F0A3"), "☐")}
_HEADING_STYLE = re.compile(r"heading ([1-6])|(title)", re.IGNORECASE)

Block = list[Any]


def parse(file: BinaryIO) -> Iterator[Block]:
    """The blocks of the body, in order."""
    document = docx.Document(file)
    styles = {style.style_id: style.name or "" for style in document.styles}
    yield from _blocks(document.element.body, styles)


def _blocks(container: Any, styles: dict[str, str]) -> Iterator[Block]:
    for child in container:
        if child.tag == qn("w:p"):
            yield from _paragraph(child, styles)
        elif child.tag == qn("w:tbl"):
            yield from _table(child, styles)
        elif child.tag in (qn("w:sdt"), qn("w:ins")) and not _is_placeholder(child):
            content = child.find(qn("w:sdtContent"))
            yield from _blocks(child if content is None else content, styles)


def _is_placeholder(control: Any) -> bool:
    return control.find(f"{qn('w:sdtPr')}/{qn('w:showingPlcHdr')}") is not None


def _paragraph(paragraph: Any, styles: dict[str, str]) -> Iterator[Block]:
    pieces = list(_pieces(paragraph))
    text = "".join(piece for piece, _ in pieces).strip()
    properties = paragraph.find(qn("w:pPr"))
    style = properties.find(qn("w:pStyle")) if properties is not None else None
    style_name = styles.get(style.get(qn("w:val")), "") if style is not None else ""
    heading = _HEADING_STYLE.fullmatch(style_name)
    lead = ""
    for piece, bold in pieces:
        if not bold and piece.strip():
            break
        lead += piece
    lead = lead.strip()
    is_item = style_name.startswith("List") or (
        properties is not None and properties.find(qn("w:numPr")) is not None
    )
    if text and heading:
        yield ["heading", " ".join(text.split()), int(heading[1] or TITLE_OF_THE_DOCUMENT)]
    elif text and lead == text and not is_item and "\n" not in text:
        yield ["heading", " ".join(text.split()), BOLD_HEADING]
    elif text:
        yield ["item" if is_item else "text", text, lead]
    for box in paragraph.iter(qn("w:txbxContent")):
        if not any(parent.tag in _SKIPPED - {qn("w:txbxContent")} for parent in box.iterancestors()):
            yield from _blocks(box, styles)


def _pieces(element: Any, *, bold: bool = False) -> Iterator[tuple[str, bool]]:
    """The text of a paragraph in runs, each with whether it is bold."""
    for child in element:
        if child.tag in _SKIPPED or (child.tag == qn("w:sdt") and _is_placeholder(child)):
            continue
        if child.tag == qn("w:r"):
            mark = child.find(f"{qn('w:rPr')}/{qn('w:b')}")
            is_bold = mark is not None and mark.get(qn("w:val")) not in ("0", "false")
            yield from _pieces(child, bold=is_bold)
        elif child.tag == qn("w:t"):
            yield child.text or "", bold
        elif child.tag in (qn("w:br"), qn("w:cr")):
            yield "\n", bold
        elif child.tag == qn("w:tab"):
            yield " ", bold
        elif child.tag == qn("w:sym"):
            yield _BOXES.get((child.get(qn("w:char")) or "").upper(), ""), bold
        else:
            yield from _pieces(child, bold=bold)


def _table(table: Any, styles: dict[str, str]) -> Iterator[Block]:
    """Rows of several cells as a table; a row of one cell as what stands in it."""
    rows: list[list[str]] = []
    for row in table.iter(qn("w:tr")):
        if next(row.iterancestors(qn("w:tbl"))) is not table:
            continue  # of a table within a cell: read with the cell
        cells = [
            list(_blocks(cell, styles))
            for cell in row.iter(qn("w:tc"))
            if next(cell.iterancestors(qn("w:tr"))) is row
        ]
        if len(cells) > 1:
            rows.append([cell_text(cell) for cell in cells])
            continue
        if rows:
            yield ["table", rows]
            rows = []
        for cell in cells:
            if len(cell) == 1 and cell[0][0] != "table" and len(cell[0][1]) <= LONGEST_SECTION:
                yield ["heading", cell[0][1], 6]
            else:
                yield from cell
    if rows:
        yield ["table", rows]


def cell_text(blocks: list[Block]) -> str:
    """What stands in a table cell as lines of text."""
    pieces = []
    for block in blocks:
        if block[0] == "table":
            pieces += [": ".join(filter(None, row)) for row in block[1]]
        else:
            pieces.append(f"• {block[1]}" if block[0] == "item" else block[1])
    return "\n".join(pieces)
