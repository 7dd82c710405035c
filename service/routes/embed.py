"""The search on partners' sites: the component, the pages for frames, oEmbed, and the page with what to paste."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from corpus.errors import AmbiguousMunicipality, UnknownMunicipality, UnknownPractice
from corpus.practice import Practice
from models.batching import EncoderBusy
from service import embedding
from service.answering import answer_request
from service.embedding import COMPONENT, FRAME_PATH, MOST_RESULTS, MOVING, PRACTICE_FRAME_PATH, Embeddable, Widget
from service.errors import problem
from service.i18n import LANGUAGES, Translator, translator
from service.page_address import Address
from service.page_words import code_label, message
from service.resources import Resources
from service.routes.rendering import not_found_page, page, page_language, site
from service.routes.shared import Held
from service.schemas import LONGEST_QUERY, SearchRequest, SearchResponse
from service.search import row_of

router = APIRouter(include_in_schema=False)

MOVING_SECONDS = 3_600  # that a browser may keep the newest version before it asks again
PINNED_SECONDS = 31_536_000
LONGEST_ADDRESS = 20_000  # characters of a page that is asked for by oEmbed: a whole paragraph, percent-encoded

KEY_TO_COME = "empelt_…"  # stands in a snippet for the partner's key, which no form of ours asks for


# --- the component and its frame -------------------------------------------------------------------


@router.get("/embed/{version}/" + COMPONENT.name)
def component(version: str, request: Request) -> Response:
    """The component: the newest under `v1`, and each version for ever under its own number."""
    found = embedding.components().get(version)
    if found is None:
        raise problem(404, "No such version", f"Published are {', '.join(embedding.components())}.")
    seconds = MOVING_SECONDS if version == MOVING else PINNED_SECONDS
    headers = {
        "Cache-Control": f"public, max-age={seconds}{'' if version == MOVING else ', immutable'}",
        "ETag": f'"{found.integrity}"',
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.source, media_type="text/javascript", headers=headers)


@router.get(FRAME_PATH)
def embedded_search(request: Request, held: Held) -> Response:
    """The search for another site's frame; without a script a form that reloads the frame."""
    widget = Widget.of(request.query_params.multi_items())
    language = page_language(request, widget.address)
    answer, trouble, choices = _answer(held, widget, language) if widget.address.asked else (None, "", [])
    kept = replace(widget, address=replace(widget.address, asked=False, municipality=""))
    return page(
        request,
        "embed_search.html",
        widget.address,
        component=embedding.components()[MOVING],
        widget=replace(widget, address=replace(widget.address, language=language)),
        here=widget.frame(),
        heading=embedding.search_title(widget.address, translator(language)),
        kept=kept.parameters(),
        answer=answer,
        trouble=trouble,
        choices=choices,
    )


def _answer(
    held: Resources, widget: Widget, language: str
) -> tuple[SearchResponse | None, str, list[tuple[str, str]]]:
    """The answer to the question of an address; else why there is none, and what else may be asked."""
    address, say = widget.address, translator(language)

    def with_place(name: str) -> str:
        return replace(widget, address=replace(address, municipality=name)).frame()

    try:
        asked = SearchRequest.model_validate(
            {
                "text": address.text,
                "municipality": address.municipality or None,
                "reader_language": language,
                "filters": address.filters,
                "top_k": widget.limit,
            }
        )
        return answer_request(held, asked), "", []
    except ValidationError:
        if len(address.text) > LONGEST_QUERY:
            said = say(
                "The text is too long: it has {length} characters, and {most} is the most that can be searched. "
                "Shorten it.",
                length=say.number(len(address.text)),
                most=say.number(LONGEST_QUERY),
            )
        elif address.text:
            said = say("The text holds no letter or number. Write the problem in words.")
        else:
            said = say("Write the problem you want to solve: a sentence or a whole paragraph.")
        return None, said, []
    except (AmbiguousMunicipality, UnknownMunicipality) as error:
        ambiguous = isinstance(error, AmbiguousMunicipality)
        labels = error.candidates if isinstance(error, AmbiguousMunicipality) else error.suggestions
        said = say(
            message("Several municipalities are called {name}. Which one is yours?")
            if ambiguous
            else message("No municipality called {name} is known."),
            name=address.municipality,
        )
        # "Sant Martí (Catalunya, ES) = geonames:123" is found by what follows the sign.
        choices = [(label, with_place(label.rpartition(" = ")[2])) for label in labels]
        return None, said, [*choices, (say("Search without a municipality"), with_place(""))]
    except EncoderBusy:
        return None, say("Many people are searching at this moment. Wait a few seconds and search again."), []


@router.get(PRACTICE_FRAME_PATH + "{practice_id}")
def embedded_practice(practice_id: str, request: Request, held: Held) -> Response:
    """A practice as a card for another site's frame."""
    try:
        found = _practice(held, practice_id)
    except UnknownPractice:
        said = message("There is no such practice in the bank. It may have been withdrawn.")
        return not_found_page(request, said)
    address = Address(language=Address.of(request.query_params.multi_items()).language)
    return page(request, "embed_practice.html", address, practice=found)


def _practice(held: Resources, practice_id: str) -> Practice:
    """Raises: UnknownPractice."""
    snapshot = held.generation.snapshot
    return snapshot.practice(row_of(snapshot, practice_id))


# --- oEmbed ----------------------------------------------------------------------------------------


@router.get("/oembed")
def oembed(
    request: Request,
    held: Held,
    url: Annotated[str, Query(max_length=LONGEST_ADDRESS)],
    format: str = "json",
    maxwidth: Annotated[int | None, Query(ge=1)] = None,
    maxheight: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """How a page of ours stands in another site (oEmbed 1.0): a link, and a frame beside it."""
    if format not in ("json", "xml"):
        raise problem(501, "No such format", f"An oEmbed answer is json or xml, not {format[:20]}.")
    shown = _embeddable(request, held, url)
    if shown is None:
        raise problem(
            404,
            "Nothing to embed at this address",
            f"Searches ({site(request)}/, {site(request)}{FRAME_PATH}) and practices "
            f"({site(request)}/practices/...) can be embedded.",
        )
    answer = embedding.oembed(shown, site(request), most_width=maxwidth, most_height=maxheight)
    if format == "xml":
        return Response(embedding.oembed_xml(answer), media_type="text/xml")
    return JSONResponse(answer)


def _embeddable(request: Request, held: Resources, url: str) -> Embeddable | None:
    """What an address of ours shows in a frame; None when it is another's, or shows nothing."""
    ours = embedding.own_path(site(request), url)
    if ours is None:
        return None
    path, parameters = ours
    if path in ("/", FRAME_PATH):
        language = page_language(request, Address.of(parameters))
        return embedding.embeddable_search(parameters, translator(language))
    for before in ("/practices/", PRACTICE_FRAME_PATH):
        if path.startswith(before):
            return embedding.embeddable_practice(_practice(held, path.removeprefix(before)), parameters)
    return None


# --- the page for partners -------------------------------------------------------------------------


@router.get("/partners")
def partners_page(request: Request, held: Held) -> Response:
    """What a partner chooses, how it looks, and what to paste where."""
    given = dict(request.query_params)
    chosen = Widget.of(request.query_params.multi_items())
    address = replace(chosen.address, asked=False, text="")
    language = page_language(request, address)
    speaks = translator(given["speaks"] if given.get("speaks") in LANGUAGES else language)
    shown = Widget(replace(address, language=speaks.language), chosen.limit)
    pasted = replace(shown, key=KEY_TO_COME) if given.get("with_key") else shown
    kept = urlencode([(name, given[name]) for name in ("speaks", "limit", "with_key") if given.get(name)])
    languages = []
    for code in LANGUAGES:
        link = address.link("/partners", language=code)
        languages.append((code, f"{link}&{kept}" if kept else link))
    snapshot, own = held.generation.snapshot, site(request)
    counts = snapshot.columns.counts(range(len(snapshot)))
    return page(
        request,
        "partners.html",
        address,
        widget=shown,
        speaks=speaks.language,
        with_key=bool(given.get("with_key")),
        kept_languages=languages,
        regions=_choices("region", counts["region"], translator(language)),
        themes=_choices("theme", counts["theme"], translator(language)),
        most_results=MOST_RESULTS,
        frame_address=own + pasted.frame(),
        component=embedding.component_snippet(pasted, own, speaks),
        pinned_component=embedding.component_snippet(pasted, own, speaks, pinned=True),
        frame=embedding.frame_snippet(pasted, own, speaks),
        liferay=embedding.liferay_client_extension(pasted, own),
        policy=embedding.content_policy(own),
        suggested=[],
    )


def _choices(facet: str, codes: Iterable[str], say: Translator) -> list[tuple[str, str]]:
    """Codes of a facet with their labels, in the order of these."""
    return sorted(((code, code_label(facet, code, say)) for code in codes), key=lambda each: each[1].casefold())
