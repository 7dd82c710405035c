"""What a file is, whatever its name says, and whether it is safe to open: size, archive, encoding."""

import codecs
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from corpus.errors import UnreadableSource
from corpus.importers.drafts import Format

LARGEST_BYTES = {  # a text read as a stream may be large, a file held in memory may not
    Format.CSV: 1 << 30,
    Format.JSON_LINES: 1 << 30,
    Format.JSON_LD: 1 << 30,
    Format.XLSX: 50 << 20,
    Format.DOCX: 20 << 20,
    Format.YAML: 5 << 20,
    Format.HTML: 5 << 20,
}
LARGEST_UNPACKED_BYTES = {Format.XLSX: 512 << 20, Format.DOCX: 64 << 20}
LARGEST_RATIO = 300  # honest office files stay below 60; a bomb of zeros reaches 1,000
RATIO_FROM_BYTES = 16 << 20  # small parts may pack well
MOST_PARTS = 5_000
LONGEST_LINE = 1 << 20  # characters

_SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), Format.CSV),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), Format.JSON_LINES),
    **dict.fromkeys((".yaml", ".yml"), Format.YAML),
    **dict.fromkeys((".html", ".htm", ".xhtml"), Format.HTML),
    ".jsonld": Format.JSON_LD,
    ".xlsx": Format.XLSX,
    ".docx": Format.DOCX,
}
_REFUSED_SUFFIXES = {
    **dict.fromkeys((".xlsm", ".xltm", ".xlsb", ".xls", ".ods"), "Save it as .xlsx (without macros) or .csv."),
    **dict.fromkeys((".docm", ".dotm", ".doc", ".odt", ".rtf"), "Save it as .docx (without macros)."),
    ".pdf": "Send the document it was made from (.docx), or the web page.",
}
_NAMES = {
    Format.CSV: "a CSV file (.csv)",
    Format.XLSX: "an Excel workbook (.xlsx)",
    Format.DOCX: "a Word document (.docx)",
    Format.HTML: "a web page (.html)",
    Format.YAML: "YAML (.yaml)",
    Format.JSON_LINES: "JSON Lines (.jsonl)",
    Format.JSON_LD: "JSON-LD (.jsonld)",
}
_MAIN_PART = {Format.XLSX: "xl/workbook.xml", Format.DOCX: "word/document.xml"}
_PAGE = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.I | re.S)
_BYTE_ORDER_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def open_source(source: Path | bytes) -> BinaryIO:
    """A real file, as the child process needs it.

    Raises:
        UnreadableSource: there is no such file.
    """
    if isinstance(source, Path):
        try:
            return source.open("rb")
        except OSError as error:
            raise UnreadableSource(f"{source.name} cannot be opened: {error.strerror}.") from None
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(source)
    file.seek(0)
    return file


def format_of(file: BinaryIO, name: str, told: Format | None) -> Format:
    """The format a file is in, checked against its name (or `told`), its size and its first bytes.

    Raises:
        UnreadableSource: it is another thing than its name says, one we do not read, or unsafe to open.
    """
    suffix = Path(name).suffix.lower()
    if told is None and suffix in _REFUSED_SUFFIXES:
        raise UnreadableSource(f"{name}: {suffix} files are not read. {_REFUSED_SUFFIXES[suffix]}")
    expected = told or _SUFFIXES.get(suffix)
    head = file.read(4096)
    file.seek(0)
    found = _format_in(head, file, name) or expected
    if found is None:
        raise UnreadableSource(
            f"{name}: cannot tell what it is. Give it one of the endings {', '.join(_SUFFIXES)}."
        )
    if expected and found != expected:
        raise UnreadableSource(
            f"{name} should be {_NAMES[expected]}, but it is {_NAMES[found]}. Rename or save it so."
        )
    size = os.fstat(file.fileno()).st_size
    if size > LARGEST_BYTES[found]:
        raise UnreadableSource(
            f"{name} is {size >> 20} MB large; {_NAMES[found]} may be {LARGEST_BYTES[found] >> 20} MB."
        )
    if found in _MAIN_PART:
        check_archive(file, name, found)
    elif not head.strip(b"\x00 \t\r\n"):
        raise UnreadableSource(f"{name} is empty.")
    return found


def _format_in(head: bytes, file: BinaryIO, name: str) -> Format | None:
    """What the first bytes show, None for any text but a web page."""
    if head.startswith(b"PK\x03\x04"):
        parts = {part.filename for part in _parts(file, name)}
        for kind, main in _MAIN_PART.items():
            if main in parts:
                return kind
        raise UnreadableSource(f"{name} is an archive, but neither an Excel workbook nor a Word document.")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UnreadableSource(
            f"{name} is in the form of Office before 2007, or locked by a password. Save it as .xlsx or .docx."
        )
    if head.startswith(b"%PDF"):
        raise UnreadableSource(f"{name} is a PDF. {_REFUSED_SUFFIXES['.pdf']}")
    if _PAGE.match(head.removeprefix(codecs.BOM_UTF8)):
        return Format.HTML
    binary = head.translate(None, delete=bytes(range(9, 14)) + bytes(range(32, 256)) + b"\x00\x1b")
    if binary and len(binary) > len(head) // 50:
        raise UnreadableSource(f"{name} is not text, and none of the formats we read.")
    return None


def _parts(file: BinaryIO, name: str) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise UnreadableSource(f"{name} is broken: {error}.") from None


def check_archive(file: BinaryIO, name: str, kind: Format) -> None:
    """Refuse an office file that unpacks to too much, carries macros or declares XML entities; parses none of it.

    Raises:
        UnreadableSource: with what was found.
    """
    parts = _parts(file, name)
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS:
        raise UnreadableSource(f"{name} holds {len(parts)} parts; {MOST_PARTS} are the most we open.")
    if unpacked > LARGEST_UNPACKED_BYTES[kind]:
        raise UnreadableSource(
            f"{name} unpacks to {unpacked >> 20} MB; {LARGEST_UNPACKED_BYTES[kind] >> 20} MB are the most we open."
        )
    for part in parts:
        if part.file_size > RATIO_FROM_BYTES and part.file_size > LARGEST_RATIO * max(part.compress_size, 1):
            raise UnreadableSource(f"{name}: {part.filename} unpacks to over {LARGEST_RATIO} times its size.")
        if part.filename.lower().endswith("vbaproject.bin"):
            raise UnreadableSource(f"{name} holds macros. Save it without them, as .{kind}.")
        if part.flag_bits & 0x1:
            raise UnreadableSource(f"{name} is locked by a password.")
    with zipfile.ZipFile(file) as archive:
        for part in parts:
            if part.filename.lower().endswith((".xml", ".rels", ".vml")):
                _refuse_entities(archive, part, name)


def _refuse_entities(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    """A document type stands before the first element, so nothing behind it is parsed."""
    try:
        with archive.open(part) as xml:
            next(iterparse(xml, events=("start",), forbid_dtd=True), None)
    except DefusedXmlException:
        raise UnreadableSource(f"{name}: {part.filename} declares a document type or entities.") from None
    except (ParseError, zipfile.BadZipFile, ValueError, LookupError, OSError, NotImplementedError) as error:
        raise UnreadableSource(f"{name} is broken: {part.filename}: {error}.") from None


def encoding_of(file: BinaryIO) -> str:
    """UTF-8, UTF-16 (with or without a mark), else Windows-1252, which every byte of Latin-1 text fits."""
    file.seek(0)
    head = file.read(4096)
    file.seek(0)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    if head[1::2].count(0) > len(head) // 4:
        return "utf-16-le"
    if head[::2].count(0) > len(head) // 4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in iter(lambda: file.read(1 << 20), b""):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def read_text(file: BinaryIO, name: str) -> str:
    """A whole file as text.

    Raises:
        UnreadableSource: its bytes fit no encoding we know.
    """
    encoding = encoding_of(file)
    try:
        return file.read().decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableSource(f"{name} is not text in UTF-8, UTF-16 or Windows-1252: {error.reason}.") from None


def bounded_lines(text: IO[str], name: str) -> Iterator[str]:
    """The lines of a text file with their ends, each of at most `LONGEST_LINE` characters.

    Raises:
        UnreadableSource: a line is longer, or not text.
    """
    try:
        while line := text.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                raise UnreadableSource(f"{name} holds a line of over {LONGEST_LINE} characters.")
            yield line
    except UnicodeDecodeError as error:
        raise UnreadableSource(f"{name} is not text in UTF-8, UTF-16 or Windows-1252: {error.reason}.") from None
