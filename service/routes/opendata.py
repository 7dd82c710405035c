"""What can be taken away: feeds, tables, data of one practice and of all, the catalogue, citations, fact sheets.

Data that anybody may read may be read by any site's scripts. Whatever depends on the index alone is answered 304
to whoever has it already.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from importlib.metadata import version
from io import BytesIO
from typing import Annotated
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from corpus.errors import UnknownPractice
from corpus.exporters import write_practices
from corpus.importers.drafts import Format
from corpus.practice import Practice
from indexer.snapshot import Manifest, Snapshot
from service import citation, fact_sheet, opendata
from service.answering import question_asked, run_search
from service.feed import FEED_ENTRIES, search_feed
from service.i18n import translator
from service.page_address import Address
from service.page_words import message
from service.resources import Resources
from service.results_table import MOST_ROWS, as_csv, as_xlsx, results_table
from service.routes.rendering import STATIC, not_found_page, page, page_language, site, templates, wants_html
from service.routes.shared import Held
from service.search import SearchAnswer, row_of

router = APIRouter(include_in_schema=False)

PracticeId = Annotated[str, Path(max_length=120)]

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FOR_ANY_SITE = {"Access-Control-Allow-Origin": "*"}


# --- what the browser has already ------------------------------------------------------------------


def _stamps(manifest: Manifest, language: str = "") -> dict[str, str]:
    """What tells one state of an answer from another: the index it was made of, this program, the language."""
    return {
        "ETag": f'W/"{manifest.name}.{version("empelt")}{language and f".{language}"}"',
        "Last-Modified": format_datetime(manifest.created_at.astimezone(UTC), usegmt=True),
        "Cache-Control": "no-cache",  # kept, but asked about each time
    } | ({"Vary": "Accept-Language"} if language else {})


def _has_it(request: Request, stamps: dict[str, str]) -> bool:
    """Whether the client holds this state already (RFC 9110, 13.2.2)."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or stamps["ETag"] in [tag.strip() for tag in tags.split(",")]
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return parsedate_to_datetime(stamps["Last-Modified"]) <= since
    except (ValueError, TypeError):  # no date, or one without a zone
        return False


def _not_modified(stamps: dict[str, str]) -> Response:
    return Response(status_code=304, headers=stamps | FOR_ANY_SITE)


# --- a search --------------------------------------------------------------------------------------


def _found(held: Resources, address: Address, language: str, *, top_k: int) -> SearchAnswer:
    """The first results of the search in an address.

    Raises:
        RequestValidationError: there is no question in it, or one that will not do.
        UnknownMunicipality, AmbiguousMunicipality, EncoderBusy
    """
    try:
        question = question_asked(held, address.among(held.generation.snapshot.rows), language, top_k=top_k)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        names = {"text": "q"}
        raise RequestValidationError(
            [{**each, "loc": ("query", *(names.get(str(part), part) for part in each["loc"]))} for each in faults]
        ) from None
    return run_search(held, question)[0]


@router.get("/feed.atom")
def feed(request: Request, held: Held) -> Response:
    """The search of the results page as a feed."""
    address = Address.of(request.query_params.multi_items())
    language = page_language(request, address)
    manifest = held.generation.snapshot.manifest
    stamps = _stamps(manifest, language)
    if _has_it(request, stamps):
        return _not_modified(stamps)
    answer = _found(held, address, language, top_k=FEED_ENTRIES)
    written = search_feed(
        answer.results, address, site=site(request), updated=manifest.created_at, say=translator(language)
    )
    return Response(written, media_type="application/atom+xml", headers=stamps | FOR_ANY_SITE)


@router.get("/results.csv")
def results_csv(request: Request, held: Held) -> Response:
    """The results of a search as CSV."""
    return _results(request, held, CSV_TYPE, "csv", lambda table, _: as_csv(table))


@router.get("/results.xlsx")
def results_xlsx(request: Request, held: Held) -> Response:
    """The results of a search as an Excel sheet."""
    return _results(request, held, XLSX_TYPE, "xlsx", lambda table, title: as_xlsx(table, title=title))


def _results(
    request: Request, held: Resources, media_type: str, extension: str, write: Callable[..., bytes]
) -> Response:
    address = Address.of(request.query_params.multi_items())
    language = page_language(request, address)
    say = translator(language)
    answer = _found(held, address, language, top_k=MOST_ROWS)
    table = results_table(answer.results, site=site(request), with_fit=bool(address.municipality), say=say)
    return Response(
        write(table, say("Results")),
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="empelt-results.{extension}"',
            "Vary": "Accept-Language",
            "Cache-Control": "no-store",
        },
    )


# --- the whole bank --------------------------------------------------------------------------------

BANK_FILES = {
    "csv": (Format.CSV, CSV_TYPE),
    "xlsx": (Format.XLSX, XLSX_TYPE),
    "jsonl": (Format.JSON_LINES, "application/jsonl"),
    "jsonld": (Format.JSON_LD, "application/ld+json"),
}
_written: WeakKeyDictionary[Snapshot, dict[str, bytes]] = WeakKeyDictionary()


@router.get("/practices.{extension}")
def bank_file(extension: str, request: Request, held: Held) -> Response:
    """Every record of the bank, whole, in one file; written once for each index."""
    if extension not in BANK_FILES:
        raise HTTPException(404)
    form, media_type = BANK_FILES[extension]
    snapshot = held.generation.snapshot
    stamps = _stamps(snapshot.manifest)
    if _has_it(request, stamps):
        return _not_modified(stamps)
    files = _written.setdefault(snapshot, {})
    if extension not in files:
        written = BytesIO()
        write_practices(snapshot.practices(), written, format=form)
        files[extension] = written.getvalue()
    headers = {"Content-Disposition": f'attachment; filename="empelt-practices.{extension}"'}
    return Response(files[extension], media_type=media_type, headers=stamps | headers | FOR_ANY_SITE)


CATALOGUE_TYPES = {
    "jsonld": "application/ld+json",
    "ttl": "text/turtle; charset=utf-8",
    "rdf": "application/rdf+xml",
}


@router.get("/catalogue")
def catalogue_address(request: Request) -> RedirectResponse:
    """What the identifiers of the catalogue lead to: a page for people, data for programs."""
    accepted = request.headers.get("accept", "")
    if wants_html(request):
        found = "/about#open-data"
    elif "turtle" in accepted:
        found = "/catalogue.ttl"
    else:
        found = "/catalogue.rdf" if "rdf+xml" in accepted else "/catalogue.jsonld"
    return RedirectResponse(found, 303, {"Vary": "Accept"} | FOR_ANY_SITE)


@router.get("/catalogue.{extension}")
def catalogue(extension: str, request: Request, held: Held) -> Response:
    """The bank in the words of DCAT-AP 3, for portals of open data."""
    if extension not in CATALOGUE_TYPES:
        raise HTTPException(404)
    snapshot = held.generation.snapshot
    stamps = _stamps(snapshot.manifest)
    if _has_it(request, stamps):
        return _not_modified(stamps)
    graph = opendata.catalogue(snapshot.practices(), site=site(request), modified=snapshot.manifest.created_at)
    match extension:
        case "jsonld":
            written = opendata.catalogue_json_ld(graph)
        case "rdf":
            written = graph.serialize(format="pretty-xml")
        case _:
            written = graph.serialize(format="turtle")
    return Response(written, media_type=CATALOGUE_TYPES[extension], headers=stamps | FOR_ANY_SITE)


# --- one practice ----------------------------------------------------------------------------------


def _practice(held: Resources, practice_id: str) -> tuple[Practice, Manifest]:
    """A practice and the index it is from.

    Raises:
        UnknownPractice: the index does not hold it.
    """
    snapshot = held.generation.snapshot
    return snapshot.practice(row_of(snapshot, practice_id)), snapshot.manifest


@router.get("/practices/{practice_id}.jsonld")
def practice_json_ld(practice_id: PracticeId, request: Request, held: Held) -> Response:
    """The record in the words of schema.org."""
    practice, manifest = _practice(held, practice_id)
    stamps = _stamps(manifest)
    if _has_it(request, stamps):
        return _not_modified(stamps)
    return JSONResponse(
        opendata.practice_json_ld(practice, site=site(request)),
        media_type="application/ld+json",
        headers=stamps | FOR_ANY_SITE,
    )


@router.get("/practices/{practice_id}/fact-sheet.pdf")
def practice_fact_sheet(practice_id: PracticeId, request: Request, held: Held) -> Response:
    """The record on paper."""
    practice, manifest = _practice(held, practice_id)
    language = page_language(request, Address.of(request.query_params.multi_items()))
    stamps = _stamps(manifest, language)
    if _has_it(request, stamps):
        return _not_modified(stamps)
    html = (
        templates()
        .get_template("fact_sheet.html")
        .render(
            say=translator(language),
            practice=practice,
            address=f"{site(request)}/practices/{practice.id}",
            licence=opendata.licence(practice),
            as_of=manifest.created_at.date(),
        )
    )
    written = fact_sheet.write_fact_sheet(html, css=(STATIC / "fact_sheet.css").read_text("utf-8"))
    headers = {"Content-Disposition": f'inline; filename="{practice.id}.pdf"', "Content-Language": language}
    return Response(written, media_type="application/pdf", headers=stamps | headers)


@router.get("/practices/{practice_id}/cite")
def cite_page(practice_id: PracticeId, request: Request, held: Held) -> Response:
    """How to cite a practice, and its address to pass on."""
    address = Address.of(request.query_params.multi_items())
    try:
        practice, _ = _practice(held, practice_id)
    except UnknownPractice:
        if not wants_html(request):
            raise
        return not_found_page(
            request, message("There is no such practice in the bank. It may have been withdrawn.")
        )
    say, today = translator(page_language(request, address)), datetime.now(UTC).date()
    plain = f"{site(request)}/practices/{practice.id}"
    return page(
        request,
        "cite.html",
        address,
        practice=practice,
        citation=citation.citation(practice, address=plain, read_on=today, say=say),
        bibtex=citation.bibtex(practice, address=plain, read_on=today, say=say),
    )


@router.get("/practices/{practice_id}/cite.bib")
def cite_bibtex(practice_id: PracticeId, request: Request, held: Held) -> Response:
    """The practice for BibTeX."""
    return _reference(practice_id, request, held, "application/x-bibtex", "bib", citation.bibtex)


@router.get("/practices/{practice_id}/cite.ris")
def cite_ris(practice_id: PracticeId, request: Request, held: Held) -> Response:
    """The practice for reference managers."""
    return _reference(practice_id, request, held, "application/x-research-info-systems", "ris", citation.ris)


def _reference(
    practice_id: str, request: Request, held: Resources, media_type: str, extension: str, write: Callable[..., str]
) -> Response:
    practice, _ = _practice(held, practice_id)
    say = translator(page_language(request, Address.of(request.query_params.multi_items())))
    written = write(
        practice,
        address=f"{site(request)}/practices/{practice.id}",
        read_on=datetime.now(UTC).date(),
        say=say,
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{practice.id}.{extension}"',
        "Vary": "Accept-Language",
    }
    return Response(written, media_type=f"{media_type}; charset=utf-8", headers=headers)
