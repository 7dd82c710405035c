"""Documents and pages: blocks of text under headings become entries, one or several a document.

A heading is known by the table of headings, whether it is a styled heading, a line in bold, "Label: text",
or the first cell of a table row. A record begins at its title: a labelled one, or a heading that no field
has, followed by fields the record before already had.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from corpus.errors import Problem, UnreadableSource
from corpus.importers.docx_form import BOLD_HEADING, Block
from corpus.importers.drafts import Entry
from corpus.importers.headings import Headings, fold
from corpus.importers.sandbox import parse_in_child
from corpus.importers.table import Table, table_entries

_LABELLED = re.compile(r"([^:\n]{2,120}):\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class _Token:
    """A field that opens, a heading that may be a title, or text."""

    kind: str  # "field", "heading", "text", or the "end" of a table of fields
    text: str
    level: int = BOLD_HEADING
    value: str = ""


def docx_entries(file: BinaryIO, name: str, headings: Headings) -> Iterator[Entry]:
    """The practices of a Word document: an application form, or a collection."""
    entries = _entries(list(parse_in_child("docx_form", file, name)), name, headings)
    if not entries:
        raise UnreadableSource(
            f'{name} has none of the headings we know (such as "Problema", "Objectius", "Azioni").'
        )
    yield from entries


def html_entries(file: BinaryIO, name: str, headings: Headings) -> Iterator[Entry]:
    """The practices of a web page; a page without known headings gives its title and its text as summary."""
    blocks = [block for block in parse_in_child("html_page", file, name) if not _is_boilerplate(block, headings)]
    entries = _entries(blocks, name, headings)
    if not entries:
        entries = [_without_headings(blocks, name)]
    yield from entries


def _without_headings(blocks: list[Block], name: str) -> Entry:
    """A page without known headings: what stands below its main heading is the summary."""
    title = min((block for block in blocks if block[0] == "heading"), key=lambda block: block[2], default=None)
    below = blocks[blocks.index(title) + 1 :] if title else []
    text = "\n".join(f"• {block[1]}" if block[0] == "item" else block[1] for block in below if block[0] != "table")
    if title is None or not text:
        raise UnreadableSource(f"{name} holds no heading with text below it that could be a practice.")
    doubt = Problem(name, "summary", "no heading is known; the whole text is taken as the summary")
    return Entry(name, None, [("title", title[1]), ("summary", text)], doubts=[doubt])


def _is_boilerplate(block: Block, headings: Headings) -> bool:
    """A line of links such as "Contacta Avís legal Accessibilitat", with or without spaces between."""
    if block[0] not in ("text", "item") or len(block[1]) > 200:
        return False
    folded = fold(block[1])
    if folded in headings.boilerplate:
        return True
    held = [phrase for phrase in headings.boilerplate if len(phrase) > 5 and phrase in folded]
    return len(held) > 1 and 5 * sum(map(len, held)) > len(folded) and not block[1].rstrip().endswith((".", ":"))


def _entries(blocks: list[Block], name: str, headings: Headings) -> list[Entry]:
    entries: list[Entry] = []
    flow: list[Block] = []
    for block in blocks:
        listed = None
        if block[0] == "table" and len(block[1]) > 1 and _is_list(block[1][0], headings):
            listed = table_entries(Table(name, block[1]), headings)
        if listed is None:
            flow.append(block)
        else:
            entries += listed
    entries += _Records(list(_tokens(flow, headings)), headings).entries()
    if len(entries) > 1:
        for number, entry in enumerate(entries, 1):
            entry.place = f"{name}, practice {number}"
    elif entries:
        entries[0].place = name
    for entry in entries:
        entry.row = None
        entry.doubts = [Problem(entry.place, doubt.field, doubt.reason, doubt.value) for doubt in entry.doubts]
    return entries


def _is_list(row: list[str], headings: Headings) -> bool:
    """A header with a practice a row below it, not labels beside their values."""
    return len(row) > 2 and sum(headings.field(cell) is not None for cell in row) > len(row) / 2


def _tokens(blocks: Iterable[Block], headings: Headings) -> Iterator[_Token]:
    for kind, content, *rest in blocks:
        if kind == "table":
            tokens = [token for row in content for token in _row_tokens(row, headings)]
            yield from tokens
            if any(token.kind == "field" for token in tokens):
                yield _Token("end", "")
            continue
        level = rest[0] if kind == "heading" else BOLD_HEADING
        if kind == "heading" and headings.field(content):
            yield _Token("field", content, level)
            continue
        lead = "" if kind == "heading" else rest[0]
        labelled = _LABELLED.match(content)
        if lead and headings.field(lead):
            yield _Token("field", lead, level, content[len(lead) :].lstrip(" :.\n"))
        elif labelled and kind != "item" and headings.field(labelled[1]):
            yield _Token("field", labelled[1], level, labelled[2])
        elif kind == "heading":
            yield _Token("heading", content, level)
        else:
            yield _Token("text", f"• {content}" if kind == "item" else content)


def _row_tokens(cells: list[str], headings: Headings) -> Iterator[_Token]:
    """Label and value side by side, once or more; else the cells as one line."""
    left: list[str] = []
    position = 0
    while position < len(cells):
        cell = " ".join(cells[position].split())
        following = cells[position + 1] if position + 1 < len(cells) else ""
        if headings.field(cell):
            takes_next = not headings.field(following)
            yield _Token("field", cell, value=following if takes_next else "")
            position += 1 + takes_next
        else:
            left.append(cells[position])
            position += 1
    if line := ": ".join(text.strip(" :") for text in left if text.strip()):
        yield _Token("text", line)


class _Records:
    """Walks the tokens and cuts them into entries."""

    def __init__(self, tokens: list[_Token], headings: Headings) -> None:
        self.tokens = tokens
        self.headings = headings
        self.done: list[Entry] = []
        self._begin()

    def _begin(self) -> None:
        self.title: _Token | None = None
        self.values: list[tuple[str, list[str]]] = []
        self.names: set[str | None] = set()
        self.level = BOLD_HEADING
        self.is_open = False  # whether text belongs to the last field
        self.above: list[str] = []  # what stood above the title
        self.loose: list[str] = []  # what stands under no heading

    def entries(self) -> list[Entry]:
        for index, token in enumerate(self.tokens):
            if token.kind == "field":
                self._open(token)
            elif token.kind == "heading":
                self._heading(index, token)
            elif token.kind == "end":
                self.is_open = False
            elif self.is_open:
                self.values[-1][1].append(token.text)
            else:
                self.loose.append(token.text)
        self._close()
        return self.done

    def _open(self, token: _Token) -> None:
        name = self.headings.field(token.text)
        if name == "title" and name in self.names:
            self._close()
        self.values.append((token.text, [token.value] if token.value.strip() else []))
        self.names.add(name)
        self.level, self.is_open = token.level, True

    def _heading(self, index: int, token: _Token) -> None:
        if self.values and self._begins_a_record(index):
            self._close()
        if not self.values:
            self._take_as_title(token)
        elif self.is_open and (token.level == BOLD_HEADING or token.level > self.level):
            self.values[-1][1].append(token.text)
        else:
            self._open(token)

    def _begins_a_record(self, index: int) -> bool:
        """Whether the next field is one this record already has."""
        for token in map(self.tokens.__getitem__, range(index + 1, len(self.tokens))):
            if token.kind == "heading":
                return False
            if token.kind == "field":
                return self.headings.field(token.text) in self.names
        return False

    def _take_as_title(self, token: _Token) -> None:
        """Of several headings above the first field the highest is the title, the last among equals."""
        if self.title and token.level > self.title.level:
            self.above.append(token.text)
            return
        self.above += [*([self.title.text] if self.title else []), *self.loose]
        self.title, self.loose = token, []

    def _close(self) -> None:
        if self.values:
            entry = Entry("", None, [(label, "\n".join(texts)) for label, texts in self.values])
            left_out = self.above
            if self.title and "title" not in self.names:
                entry.values.insert(0, ("title", self.title.text))
                if self.title.level == BOLD_HEADING:
                    entry.doubts.append(Problem("", "title", "is taken from a line in bold", self.title.text))
            if self.loose and self.title and self.names.isdisjoint(("title", "summary")):
                entry.values.insert(1, ("summary", "\n".join(self.loose)))
                entry.doubts.append(Problem("", "summary", "is taken from what stands under the title"))
            else:
                left_out = [*left_out, *self.loose]
            if left_out:
                text = " ".join(" ".join(left_out).split())
                entry.doubts.append(Problem("", "text", "stands under no heading; left out", text[:200]))
            self.done.append(entry)
        self._begin()
