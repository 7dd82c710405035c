"""The pages: a search, a practice, what is said about both; HTML that needs no script and keeps no cookie."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from urllib.parse import quote
from weakref import WeakKeyDictionary

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from corpus.errors import AmbiguousMunicipality, MunicipalityError, UnknownMunicipality, UnknownPractice
from corpus.municipality import Municipality
from corpus.practice import Practice
from corpus.vocabulary import Language
from indexer.snapshot import Snapshot
from models.batching import EncoderBusy
from service import fact_sheet, page_words
from service.answering import ENCODE_SECONDS, place_named, question_asked, run_search
from service.browsing import places_of
from service.fit_sentences import explanation, factor_name
from service.i18n import translator
from service.opendata import practice_json_ld
from service.page_address import Address
from service.page_words import message
from service.recommendation import similar_practices
from service.resources import Generation, Resources
from service.routes.rendering import not_found_page, page, page_language, site, wants_html, xml
from service.routes.shared import Held
from service.schemas import LONGEST_QUERY
from service.search import FIRST_PAGE, SearchQuestion, row_of, search_practices
from service.transferability import FACTORS, assess

router = APIRouter(include_in_schema=False)

SIMILAR_SHOWN = 4
SUGGESTED_PLACES = 8

EXAMPLES = (
    message(
        "In our town many older people live alone and hardly leave home. We want to find them and keep them "
        "company before something happens."
    ),
    message("Families cannot pay for electricity and heating, and come to us when the supply is about to be cut."),
    message(
        "Teenagers stop going to class and spend the day in the street, above all in two of our neighbourhoods."
    ),
    message(
        "We have no transport from the villages to the health centre, and those who do not drive stay at home."
    ),
    message(
        "The daughters and wives who look after a relative with dementia are exhausted, and have nobody to stand "
        "in for them."
    ),
)

# A field of the request and the kind of its fault, in words; else one of the two below.
FAULTS = {
    ("text", "too_short"): message("Write the problem you want to solve: a sentence or a whole paragraph."),
    ("text", "too_long"): message(
        "The text is too long: it has {length} characters, and {most} is the most that can be searched. "
        "Shorten it."
    ),
    ("municipality", "too_long"): message("The name of the municipality is too long."),
}
NO_WORDS = message("The text holds no letter or number. Write the problem in words.")
NOT_READABLE = message("The text holds characters that cannot be read.")


@dataclass(frozen=True)
class Trouble:
    """Why a search was not done, and what the reader may choose instead."""

    text: str
    field: str  # the one to mend: "q" or "municipality"
    status: int = 422
    choices: tuple[tuple[str, str], ...] = ()  # words and address


# --- the search ------------------------------------------------------------------------------------


@router.get("/")
def search_page(request: Request, held: Held) -> Response:
    """The text box; with `q` the practices that answer it."""
    address = Address.of(request.query_params.multi_items())
    language = page_language(request, address)
    if not address.asked:
        return page(
            request,
            "home.html",
            address,
            trouble=None,
            bank=_bank(held.generation.snapshot),
            examples=EXAMPLES,
            suggested=suggested_places(held, address.municipality),
        )
    generation = held.generation
    address = address.among(generation.snapshot.rows)
    try:
        return _results(request, held, address, language)
    except ValidationError as error:
        trouble = _fault(error, address, language)
    except (AmbiguousMunicipality, UnknownMunicipality) as error:
        trouble = which_place(error, address, language)
    except EncoderBusy:
        said = message("Many people are searching at this moment. Wait a few seconds and search again.")
        trouble = Trouble(translator(language)(said), "q", status=503)
    return page(
        request,
        "home.html",
        address,
        status=trouble.status,
        trouble=trouble,
        bank=_bank(generation.snapshot),
        examples=EXAMPLES,
        suggested=suggested_places(held, address.municipality),
    )


def _results(request: Request, held: Resources, address: Address, language: str) -> Response:
    """Search and lay out what was found.

    Raises:
        ValidationError: the question is not one.
        AmbiguousMunicipality, UnknownMunicipality: it is not clear whose it is.
        EncoderBusy: too many searches wait.
    """
    question = question_asked(held, address, language, top_k=FIRST_PAGE, offset=(address.page - 1) * FIRST_PAGE)
    place = question.municipality
    answer, generation = run_search(held, question)
    pages = max(1, -(-answer.total // FIRST_PAGE))
    if address.page > pages:
        return RedirectResponse(address.link(page=pages), 303)
    if place and _means(held, str(place), place):
        address = replace(address, municipality=str(place))  # a code is for machines: the field shows the name
    say = translator(language)
    titles = {
        each: generation.snapshot.practice(generation.snapshot.rows[each])
        for each in (*address.like, *address.unlike)
    }
    return page(
        request,
        "results.html",
        address,
        trouble=None,
        answer=answer,
        place=place,
        pages=pages,
        first=(address.page - 1) * FIRST_PAGE + 1,
        calibrated=generation.calibration is not None,
        facets=page_words.facets(_counts(held, generation, question, answer.facets), address, say),
        in_force=page_words.removables(address, titles, say),
        suggested=suggested_places(held, address.municipality),
    )


def _counts(
    held: Resources, generation: Generation, question: SearchQuestion, counts: Mapping[str, Mapping[str, int]]
) -> dict[str, Mapping[str, int]]:
    """How many results each value of each facet would leave.

    A facet that filters counts as if it did not: choosing another of its values takes the place of this one.
    """
    filters = question.filters
    filtering = [facet for facet, values in filters.values.items() if values]
    if not filtering:
        return dict(counts)
    vector = held.encoder.encode_query(question.text, timeout_seconds=ENCODE_SECONDS)
    counted = dict(counts)
    for facet in filtering:
        without = replace(filters, values={name: each for name, each in filters.values.items() if name != facet})
        counted[facet] = search_practices(
            generation.snapshot,
            vector,
            replace(question, filters=without, municipality=None, top_k=0, offset=0),
            calibration=generation.calibration,
        ).facets[facet]
    return counted


def _fault(error: ValidationError, address: Address, language: str) -> Trouble:
    """What is wrong with a question, by its first fault."""
    fault = error.errors(include_url=False, include_context=False)[0]
    field = str(fault["loc"][0]) if fault["loc"] else ""
    otherwise = NOT_READABLE if any(character.isalnum() for character in address.text) else NO_WORDS
    say = translator(language)
    text = say(
        FAULTS.get((field, fault["type"].removeprefix("string_")), otherwise),
        length=say.number(len(address.text)),
        most=say.number(LONGEST_QUERY),
    )
    return Trouble(text, "municipality" if field == "municipality" else "q")


def which_place(
    error: AmbiguousMunicipality | UnknownMunicipality, address: Address, language: str, *, without: str = ""
) -> Trouble:
    """Which municipality could be meant; `without`: what to call going on with none."""
    say = translator(language)
    if isinstance(error, AmbiguousMunicipality):
        labels = error.candidates
        text = say("Several municipalities are called {name}. Which one is yours?", name=address.municipality)
    else:
        labels = error.suggestions
        text = say("No municipality called {name} is known.", name=address.municipality)
        if labels:
            text = f"{text} {say('Is it one of these?')}"
    # "Sant Martí (Catalunya, ES) = geonames:123" is found by what follows the sign.
    choices = [(label, address.link(municipality=label.rpartition(" = ")[2], page=1)) for label in labels]
    choices.append((without or say("Search without a municipality"), address.link(municipality="", page=1)))
    return Trouble(text, "municipality", choices=tuple(choices))


def _means(held: Resources, name: str, place: Municipality) -> bool:
    """Whether that name finds that place."""
    try:
        return held.municipalities.find(name) == place
    except MunicipalityError:
        return False


def suggested_places(held: Resources, typed: str) -> list[Municipality]:
    """Municipalities that what was typed may begin."""
    return held.municipalities.search(typed, limit=SUGGESTED_PLACES) if typed else []


@dataclass(frozen=True)
class Bank:
    """How much the bank holds."""

    practices: int
    municipalities: int
    languages: int


_banks: WeakKeyDictionary[Snapshot, Bank] = WeakKeyDictionary()


def _bank(snapshot: Snapshot) -> Bank:
    """Counted once a snapshot; a body that several municipalities share counts as one."""
    if snapshot not in _banks:
        practices = list(snapshot.practices())
        bodies = {each.body.code or (each.body.name, each.body.region) for each in practices if each.body}
        _banks[snapshot] = Bank(len(practices), len(bodies), len({each.language for each in practices}))
    return _banks[snapshot]


@router.get("/suggestions/municipalities")
def municipality_suggestions(
    held: Held, begun: Annotated[str, Query(max_length=200)] = ""
) -> list[dict[str, str | int | None]]:
    """Municipalities whose name begins so, for the list under the field as it is typed in."""
    places = suggested_places(held, begun.strip())
    return [{"name": str(place), "population": place.population} for place in places]


# --- one practice ----------------------------------------------------------------------------------


@router.get("/practices/{practice_id}")
def practice_page(practice_id: str, request: Request, held: Held) -> Response:
    """The whole record, how it fits the municipality in the address, and practices like it."""
    if "application/ld+json" in request.headers.get("accept", "") and not wants_html(request):
        return RedirectResponse(f"/practices/{quote(practice_id)}.jsonld", 303, {"Vary": "Accept"})
    address = Address.of(request.query_params.multi_items())
    language = page_language(request, address)
    generation = held.generation
    snapshot = generation.snapshot
    try:
        practice = snapshot.practice(row_of(snapshot, practice_id))
    except UnknownPractice:
        if not wants_html(request):
            raise
        return not_found_page(
            request, message("There is no such practice in the bank. It may have been withdrawn.")
        )
    try:
        place = place_named(held, address.municipality)
    except (AmbiguousMunicipality, UnknownMunicipality):
        place = None  # the record can be read without one
    fit = None
    origin = generation.origin(practice, held.municipalities)
    if place:
        fit = assess(practice, place, language=Language(language), view=address.view, origin=origin)
    return page(
        request,
        "practice.html",
        address,
        practice=practice,
        place=place,
        fit=fit,
        home=origin.municipality,
        similar=[found for found, _ in similar_practices(snapshot, practice_id, top_k=SIMILAR_SHOWN)],
        translations=_held(snapshot, practice.translations),
        linked_data=practice_json_ld(practice, site=site(request), whole=False),
        has_fact_sheet=fact_sheet.missing() is None,
    )


def _held(snapshot: Snapshot, ids: tuple[str, ...]) -> list[Practice]:
    return [snapshot.practice(snapshot.rows[each]) for each in ids if each in snapshot.rows]


# --- what is said about it -------------------------------------------------------------------------


@router.get("/about")
def about_page(request: Request, held: Held) -> Response:
    """What Empelt is, what it holds, how it finds, and what it does not keep."""
    address = Address.of(request.query_params.multi_items())
    say = translator(page_language(request, address))
    generation = held.generation
    return page(
        request,
        "about.html",
        address,
        bank=_bank(generation.snapshot),
        calibration=generation.calibration,
        factors=[(factor_name(code, say), explanation(code, say)) for code in FACTORS],
    )


def install(app: FastAPI) -> None:
    """Answer a browser that asks for an address which does not exist with a page; others as before."""
    as_before = app.exception_handlers[HTTPException]

    async def not_found(request: Request, error: Exception) -> Response:
        if wants_html(request):
            return not_found_page(request, message("There is no page at this address."))
        answered: Response = as_before(request, error)  # type: ignore[assignment]
        return answered

    app.add_exception_handler(404, not_found)


# --- for search engines and browsers ---------------------------------------------------------------


@router.get("/opensearch.xml")
def opensearch(request: Request) -> Response:
    """How a browser may search here from its own address bar."""
    return xml(request, "opensearch.xml", "application/opensearchdescription+xml")


@router.get("/sitemap.xml")
def sitemap(request: Request, held: Held) -> Response:
    """Every page worth finding, in every language of the interface."""
    generation = held.generation
    snapshot = generation.snapshot
    practices = [f"/practices/{practice_id}" for practice_id in snapshot.ids]
    themes = [f"/themes/{theme}" for theme in sorted(snapshot.columns.counts(range(len(snapshot)))["theme"])]
    places = [f"/municipalities/{key}" for key in sorted(places_of(held, generation).keys)]
    paths = ["/", "/about", "/partners", "/network", "/themes", "/map", *themes, *places, *practices]
    return xml(request, "sitemap.xml", "application/xml", paths=paths)


@router.get("/robots.txt")
def robots(request: Request) -> PlainTextResponse:
    """Records may be indexed; searches and readers' lists, endless in number, may not."""
    refused = "".join(f"Disallow: {path}\n" for path in ("/*?q=", "/*&q=", "/*?id=", "/*&id=", "/v1/"))
    return PlainTextResponse(f"User-agent: *\n{refused}Allow: /\n\nSitemap: {site(request)}/sitemap.xml\n")


@router.get("/favicon.ico")
def favicon() -> RedirectResponse:
    """Browsers ask for it unbidden."""
    return RedirectResponse("/static/favicon.svg", 301)
