"""The fact sheet: a PDF that reads aloud in the right order and voice, and says all that the record says."""

import logging
import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.request import OpenerDirector

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from selectolax.lexbor import LexborHTMLParser

from corpus.municipality import Municipalities
from corpus.practice import Practice
from service import fact_sheet, resources
from service.app import create_app
from service.i18n import translator
from service.routes.rendering import STATIC, templates
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

SITE = "https://empelt.example"
CSS = (STATIC / "fact_sheet.css").read_text("utf-8")


@pytest.fixture(scope="module")
def prints() -> None:
    """Where WeasyPrint or Pango is missing the tests are skipped, but in continuous integration they fail."""
    if reason := fact_sheet.missing():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def whole() -> Practice:
    """A practice with everything in it."""
    return make_practice(
        id="scuola-intera",
        language="it",
        title="Doposcuola di quartiere",
        summary="Un doposcuola che accoglie tutti.",
        problem="Molti ragazzi lasciano gli studi & i libri <b>presto</b>.",
        actions="Educatori e volontari aprono la scuola ogni pomeriggio.",
        results="Gli abbandoni sono calati.",
        themes=["school-success"],
        body={"name": "Bari", "population": 20_798, "region": "Puglia", "country": "IT"},
        actors=[{"name": "Cooperativa Aurora", "role": "educatori", "sector": "third-sector"}],
        budget=[{"amount_eur": 20798.12, "purpose": "educatori", "scope": "annual"}],
        impacts=[{"what": "ragazzi iscritti", "value": 1240, "as_of": "2023-06-30"}],
        sources=[{"url": "https://example.org/bando", "retrieved_on": "2026-11-29", "title": "Bando"}],
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The application on that practice."""
    data = tmp_path_factory.mktemp("sheets")
    encoder = HashingEncoder()
    make_snapshot(data / "index", [whole(), make_practice(id="altra")], encoder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "load_encoder", lambda _: encoder)
        patch.setattr(resources, "load_municipalities", lambda _: Municipalities([]))
        with TestClient(create_app(Settings(data=data, per_minute=100_000, public_url=SITE))) as opened:
            yield opened


@pytest.fixture(scope="module")
def sheet(client: TestClient, prints: None) -> PdfReader:
    """The sheet as a reader of Catalan gets it."""
    response = client.get("/practices/scuola-intera/fact-sheet.pdf?lang=ca")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-disposition"] == 'inline; filename="scuola-intera.pdf"'
    assert response.headers["content-language"] == "ca"
    return PdfReader(BytesIO(response.content))


def tags(sheet: PdfReader) -> Iterator[tuple[str, str | None]]:
    """Every tag in reading order with the language it is read in."""

    def below(node: Any, language: str) -> Iterator[tuple[str, str]]:
        node = node.get_object()
        if not hasattr(node, "get"):
            return  # the number of a piece of text
        language = node.get("/Lang", language)
        if "/S" in node:
            yield node["/S"], language
        kids = node.get("/K", [])
        for kid in kids if isinstance(kids, list) else [kids]:
            yield from below(kid, language)

    root = sheet.trailer["/Root"]
    return below(root["/StructTreeRoot"], root["/Lang"])


def test_the_sheet_is_tagged_and_says_its_language_and_title(sheet: PdfReader) -> None:
    root = sheet.trailer["/Root"]
    assert root["/Lang"] == "ca"
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert sheet.metadata.title == "Doposcuola di quartiere"
    assert sheet.metadata.author == "Empelt"
    assert sheet.metadata.subject == "Un doposcuola che accoglie tutti."
    claimed = root["/Metadata"].get_object().get_data().decode()
    assert "pdfuaid:part" in claimed


def test_the_sheet_says_all_of_the_record_with_labels_in_the_readers_language(sheet: PdfReader) -> None:
    assert len(sheet.pages) == 1
    read = " ".join(" ".join(each.extract_text() for each in sheet.pages).split())
    for said in (
        "Doposcuola di quartiere", "Bari", "20.798 habitants", "Itàlia", "Un doposcuola che accoglie tutti.",
        "El problema", "Molti ragazzi lasciano gli studi & i libri <b>presto</b>.", "Què es va fer",
        "Educatori e volontari aprono la scuola ogni pomeriggio.", "Cooperativa Aurora – educatori",
        "20.798,12", "1.240", "30 de juny del 2023", "Bando", "https://example.org/bando",
        f"{SITE}/practices/scuola-intera", "La fitxa no diu", "Tal com era al banc el",
    ):  # fmt: skip
        assert said in read, said
    assert "CC BY" not in read  # its texts are not ours


def test_headings_are_bookmarks_in_order(sheet: PdfReader) -> None:
    title, parts = sheet.outline
    assert title.title == "Doposcuola di quartiere"
    names = [each.title for each in parts]
    assert names[:3] == ["En un cop d’ull", "Resum", "El problema"]
    assert names[-1] == "On s’ha llegit"


def test_each_part_is_tagged_for_what_it_is(sheet: PdfReader) -> None:
    kinds = [kind for kind, _ in tags(sheet)]
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") == len(sheet.outline[1])
    assert {"/P", "/L", "/LI", "/LBody", "/Table", "/TR", "/TH", "/TD", "/Link"} <= set(kinds)
    assert kinds.index("/H1") < kinds.index("/H2") < kinds.index("/Table")


def test_the_texts_of_the_record_are_read_in_its_language(sheet: PdfReader) -> None:
    found = list(tags(sheet))
    assert next(language for kind, language in found if kind == "/H1") == "it"
    assert {language for kind, language in found if kind == "/H2"} == {"ca"}
    assert {language for kind, language in found if kind == "/TH"} == {"ca"}
    assert {language for kind, language in found if kind == "/TD"} == {"it", "ca"}
    assert {language for _, language in found} == {"it", "ca"}


def test_links_of_the_sheet_lead_to_the_record_and_its_source(sheet: PdfReader) -> None:
    led = {
        note.get_object()["/A"]["/URI"]
        for each in sheet.pages
        for note in each.get("/Annots", [])
        if "/A" in note.get_object()
    }
    assert led == {"https://example.org/bando", f"{SITE}/practices/scuola-intera"}


def test_the_longest_records_that_ship_fit_on_two_pages(prints: None, bank: list[Practice]) -> None:
    longest = max(bank, key=lambda practice: len(practice.model_dump_json()))
    html = (
        templates()
        .get_template("fact_sheet.html")
        .render(
            say=translator("it"),
            practice=longest,
            address=f"{SITE}/practices/{longest.id}",
            licence="x",
            as_of=longest.sources[0].retrieved_on,
        )
    )
    assert len(PdfReader(BytesIO(fact_sheet.write_fact_sheet(html, css=CSS))).pages) <= 2


def test_nothing_is_fetched_for_a_sheet(
    prints: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(OpenerDirector, "open", lambda _self, asked, *_a, **_k: opened.append(asked))
    html = (
        '<html lang="ca"><title>x</title><link rel="stylesheet" href="https://example.org/x.css">'
        '<p style="background: url(http://127.0.0.1:1/x)">x<img alt="x" src="file:///etc/hostname"></p></html>'
    )
    with caplog.at_level(logging.CRITICAL, "weasyprint"):
        assert fact_sheet.write_fact_sheet(html, css=CSS).startswith(b"%PDF")
    assert opened == []


def test_a_sheet_is_made_once_and_not_sent_to_whom_has_it(
    client: TestClient, sheet: PdfReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_sheet, "_written", lambda *_: pytest.fail("made again"))
    response = client.get("/practices/scuola-intera/fact-sheet.pdf?lang=ca")
    assert response.status_code == 200
    again = client.get(
        "/practices/scuola-intera/fact-sheet.pdf?lang=ca", headers={"If-None-Match": response.headers["etag"]}
    )
    assert again.status_code == 304


def test_one_sheet_is_made_at_a_time_and_who_waits_too_long_is_told(
    client: TestClient, prints: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fact_sheet, "WAITING_SECONDS", 0.01)
    with fact_sheet._one_at_a_time:
        response = client.get("/practices/altra/fact-sheet.pdf")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "2"
    assert response.json()["title"] == "Too many fact sheets at once"


def links_to_a_sheet(client: TestClient) -> list[str | None]:
    page = LexborHTMLParser(client.get("/practices/altra?lang=it", headers={"Accept": "text/html"}).text)
    return [node.attributes["href"] for node in page.css(".share a[href*='fact-sheet']")]


def test_a_practice_leads_to_its_sheet(client: TestClient, prints: None) -> None:
    assert links_to_a_sheet(client) == ["/practices/altra/fact-sheet.pdf?lang=it"]


@pytest.mark.parametrize("reason", [fact_sheet.NO_WEASYPRINT, fact_sheet.NO_PANGO])
def test_where_sheets_cannot_be_made_it_is_said_how_to_mend_it_and_no_link_is_shown(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    monkeypatch.setattr(fact_sheet, "missing", lambda: reason)
    response = client.get("/practices/altra/fact-sheet.pdf")
    assert response.status_code == 501
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"] == reason
    assert "install" in reason
    assert links_to_a_sheet(client) == []


@pytest.mark.parametrize(
    ("part", "finder", "reason"),
    [
        ("find_spec", lambda _: None, fact_sheet.NO_WEASYPRINT),
        ("find_library", lambda name: None if name == "pangoft2-1.0" else name, fact_sheet.NO_PANGO),
    ],
)
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, part: str, finder: Any, reason: str) -> None:
    for name in ("find_spec", "find_library"):
        monkeypatch.setattr(fact_sheet, name, lambda each: each)
    monkeypatch.setattr(fact_sheet, part, finder)
    assert fact_sheet.missing.__wrapped__() == reason
