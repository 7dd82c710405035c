"""Files made to harm, or merely wrong, are refused at once, with words that say what and what to do."""

import resource
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest
from openpyxl import Workbook

from corpus.errors import UnreadableSource
from corpus.importers.reading import read_practices

MOST_SECONDS = 3.0  # a refusal takes 0.01 to 0.7 s alone; the machine may be shared
MOST_GROWTH_BYTES = 150 << 20


def refusal(content: bytes | Path, name: str = "") -> str:
    """The words a file is refused with, quickly and in little memory."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableSource) as refused:
        list(read_practices(content, name=name))
    assert time.monotonic() - started < MOST_SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < MOST_GROWTH_BYTES
    return str(refused.value)


def office_file(kind: str, change: Callable[[str, bytes], bytes] = lambda _, part: part, **more: bytes) -> bytes:
    """A workbook or document, with its parts changed and others added."""
    content, changed = BytesIO(), BytesIO()
    made = Workbook() if kind == "xlsx" else docx.Document()
    made.save(content)
    with zipfile.ZipFile(content) as archive, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as copy:
        for part in archive.namelist():
            copy.writestr(part, change(part, archive.read(part)))
        for part, data in more.items():
            copy.writestr(part, data)
    return changed.getvalue()


def zeros(kind: str, megabytes: int) -> bytes:
    """An office file with one more part of so many megabytes of nothing."""
    content = BytesIO(office_file(kind))
    with (
        zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/extra.xml", "w", force_zip64=True) as part,
    ):
        part.write(b"<a>")
        for _ in range(megabytes):
            part.write(b" " * (1 << 20))
        part.write(b"</a>")
    return content.getvalue()


def test_a_bomb_is_refused_by_what_it_unpacks_to() -> None:
    assert refusal(zeros("docx", 70), "f.docx").startswith("f.docx unpacks to 70 MB; 64 MB are the most we open.")


def test_a_bomb_below_the_limit_is_refused_by_its_ratio() -> None:
    assert "f.docx: xl/extra.xml unpacks to over" in refusal(zeros("docx", 40), "f.docx")


@pytest.mark.parametrize("kind", ["xlsx", "docx"])
@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_that_declares_entities_is_refused(kind: str, prolog: str, encoding: str) -> None:
    part = {"xlsx": "xl/workbook.xml", "docx": "word/document.xml"}[kind]

    def change(name: str, xml: bytes) -> bytes:
        if name != part:
            return xml
        text = xml.decode().partition("?>")[2] if xml.startswith(b"<?xml") else xml.decode()
        return f'<?xml version="1.0" encoding="{encoding}"?>{prolog}{text}'.encode(encoding)

    assert refusal(office_file(kind, change), f"f.{kind}") == (
        f"f.{kind}: {part} declares a document type or entities."
    )


def test_a_sheet_whose_last_cell_is_the_last_of_all_is_refused() -> None:
    """calamine alone would ask for 550 GB and abort the whole process."""
    workbook = Workbook()
    workbook.active["A1"], workbook.active["XFD1048576"] = "Títol", "x"
    content = BytesIO()
    workbook.save(content)
    assert refusal(content.getvalue(), "f.xlsx").startswith(
        "f.xlsx could not be opened with 1024 MB of memory in 60 s."
    )


def test_a_text_shared_by_a_million_cells_is_refused() -> None:
    cells = '<c t="s"><v>0</v></c>' * 100
    rows = f"<row>{cells}</row>" * 2_000
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts = f"<sst {space}><si><t>{'x' * 32_000}</t></si></sst>"

    def change(name: str, xml: bytes) -> bytes:
        if name == "xl/worksheets/sheet1.xml":
            return f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>".encode()
        return texts.encode() if name == "xl/sharedStrings.xml" else xml

    assert "f.xlsx" in refusal(office_file("xlsx", change), "f.xlsx")


@pytest.mark.parametrize(("name", "part"), [("f.xlsx", "xl/vbaProject.bin"), ("f.docx", "word/vbaProject.bin")])
def test_macros_are_refused_whatever_the_name_says(name: str, part: str) -> None:
    kind = name.removeprefix("f.")
    content = office_file(kind, **{part: b"Sub AutoOpen()"})
    assert refusal(content, name) == f"{name} holds macros. Save it without them, as .{kind}."


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("f.xlsm", ".xlsm files are not read. Save it as .xlsx (without macros) or .csv."),
        ("f.xls", ".xls files are not read. Save it as .xlsx"),
        ("f.docm", ".docm files are not read. Save it as .docx"),
        ("f.pdf", ".pdf files are not read."),
        ("f.xyz", "cannot tell what it is. Give it one of the endings .csv,"),
    ],
)
def test_an_ending_we_do_not_read_says_what_to_save_instead(name: str, words: str) -> None:
    assert words in refusal(b"whatever", name)


def _files_with_wrong_names() -> Iterator[tuple[bytes, str, str]]:
    yield office_file("xlsx"), "f.csv", "f.csv should be a CSV file (.csv), but it is an Excel workbook (.xlsx)."
    yield office_file("docx"), "f.xlsx", "but it is a Word document (.docx). Rename or save it so."
    yield b"<!DOCTYPE html><html><body>Login</body></html>", "f.csv", "but it is a web page (.html)"
    yield b"Titol;Problema\n", "f.xlsx", "f.xlsx is broken: File is not a zip file."
    yield b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "f.xlsx", "Office before 2007, or locked by a password"
    yield b"%PDF-1.7", "f.docx", "f.docx is a PDF."
    yield b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "f.csv", "f.csv is not text"
    yield b"", "f.csv", "f.csv is empty."
    yield b"PK\x03\x04" + b"\0" * 50, "f.xlsx", "f.xlsx is broken"


@pytest.mark.parametrize(("content", "name", "words"), list(_files_with_wrong_names()))
def test_a_file_that_is_not_what_its_name_says_is_refused(content: bytes, name: str, words: str) -> None:
    assert words in refusal(content, name)


@pytest.mark.parametrize(
    "text", ["Fem companyia;Vic;Solitud\nAltra;Olot;Pobresa\n", "Municipi;Habitants\nVic;48000\n", "només text\n"]
)
def test_a_table_without_a_header_is_refused_with_an_example(text: str) -> None:
    words = refusal(text.encode(), "f.csv")
    assert words.startswith("f.csv has no header: none of the first 40 rows names a title and one more field")


def test_a_page_of_fifty_megabytes_is_refused_unread(tmp_path: Path) -> None:
    page = tmp_path / "gran.html"
    with page.open("wb") as file:
        file.write(b"<html><body>")
        file.truncate(50 << 20)
    assert refusal(page) == "gran.html is 50 MB large; a web page (.html) may be 5 MB."


def test_a_page_nested_without_end_is_refused() -> None:
    """One megabyte of nested elements held the HTML parser for nine minutes."""
    assert "nested more than 1000 deep" in refusal(b"<html><h1>T</h1>" + b"<div>" * 200_000, "f.html")


def test_a_document_without_known_headings_is_refused() -> None:
    assert "f.docx has none of the headings we know" in refusal(office_file("docx"), "f.docx")


def test_a_row_without_end_is_refused() -> None:
    text = b'Titol;Problema\n"' + b'x\n";"' * 500_000
    assert refusal(text, "f.csv") == "f.csv holds a row of over 2097152 characters."


def test_a_line_without_end_is_refused() -> None:
    assert (
        refusal(b"Titol;Problema\n" + b"x" * (3 << 20), "f.csv")
        == "f.csv holds a line of over 1048576 characters."
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
            "f.yaml uses an alias (*name) at line 2. Write the value out.",
        ),
        ("[" * 500, "f.yaml is nested too deeply at line 1."),
        ("[" * 100_000, "f.yaml is not YAML: while increasing flow level exceeded maximum nesting depth"),
        ("title: a\ntitle: b", "f.yaml is not YAML: key 'title' stands twice"),
        (
            "title: !!python/object/apply:os.system ['true']",
            "f.yaml is not YAML: could not determine a constructor",
        ),
    ],
)
def test_yaml_that_swells_or_lies_is_refused(text: str, words: str) -> None:
    assert words in refusal(text.encode(), "f.yaml")


def test_json_nested_without_end_is_refused() -> None:
    assert "is nested too deeply" in refusal(b"[" * 100_000, "f.json")


def test_a_problem_shows_only_the_beginning_of_a_huge_value() -> None:
    text = f"Títol;Problema;Accions;Pressupost\nA;B;C;{'1' * 100_000}\n"
    [draft] = read_practices(text.encode(), name="f.csv")
    assert [problem.reason for problem in draft.problems] == [
        "is longer than 20000 characters (under 'Pressupost')"
    ]
    assert len(draft.problems[0].value) <= 200


@pytest.mark.parametrize("field", ["Pressupost", "Calendari", "Estat", "Temes", "Actors", "Impactes", "Població"])
@pytest.mark.parametrize("text", [" " * 19_000 + "x", "1 " * 9_000, "(" * 19_000, "1.000," * 3_000, "[ " * 9_000, "a i " * 4_000])  # fmt: skip # noqa: E501
def test_no_text_keeps_a_reader_busy(field: str, text: str) -> None:
    table = f'Títol;Problema;Accions;{field}\nA;B;C;"{text}"\n'
    started = time.monotonic()
    [_] = read_practices(table.encode(), name="f.csv")
    assert time.monotonic() - started < MOST_SECONDS


def test_a_hundred_thousand_rows_are_read_as_a_stream(tmp_path: Path) -> None:
    """Reading ten thousand of them takes no more memory than reading two thousand."""
    file = tmp_path / "gran.csv"
    with file.open("w", encoding="utf-8") as rows:
        rows.write("id;Títol;Problema;Accions\n")
        rows.writelines(f"r-{number};Pràctica {number};{'Problema. ' * 30};Fem.\n" for number in range(100_000))
    drafts = read_practices(file)
    for _ in range(2_000):
        next(drafts)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(8_000):
        next(drafts)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10 < 10 << 20
    drafts.close()  # type: ignore[attr-defined]
