"""Who should meet whom and what answers a need: introductions, exchanges, meetings, recommendations, feeds.

A need, an offer or a profile that the caller may not read has no part in what it is answered.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from corpus.errors import UnknownNeed
from corpus.municipality import TerritorialBody
from corpus.network import Meeting, Need
from corpus.vocabulary import Language
from service.access import Action, Caller, require, sees
from service.i18n import Translator, translator
from service.introductions import Network, answers_to, region_of, unmet_report
from service.matching_schemas import (
    AnswerOut,
    AnswersOut,
    ExchangeOut,
    IntroductionOut,
    IntroductionsOut,
    MeetingPlanOut,
    UnmetOut,
)
from service.matchmaking import Introduction
from service.need_feed import atom_feed, json_feed
from service.profile_schemas import RecommendationOut, TwinOut
from service.recommending import recommendations_for, twins_for
from service.resources import Resources
from service.routes.network import NOT_THERE, NeedId
from service.routes.rendering import site
from service.routes.shared import KEY_OPTIONAL, REFUSALS, WITH_KEY, Asker, Held, browser_language
from service.schemas import Name, PlaceOut, Wire
from service.transferability import Place, View

router = APIRouter(tags=["matching"], responses=REFUSALS)

MOST_MEETINGS = 50  # of one municipality, and rounds of a plan
MOST_RECORDED = 5_000  # meetings in one request

ReaderLanguage = Annotated[
    Language | None,
    Query(description="Of the sentences; the first of ours that the browser wishes for when left out."),
]
TopK = Annotated[int, Query(ge=1, le=100, description="How many.")]
AnyLanguage = Annotated[
    Literal["common", "any"],
    Query(description="`common`: only who read a language in common; `any`: there are interpreters."),
]
OfPlace = Annotated[Name | None, Query(description="Code or name; the key's own when left out.")]


def _speaks(request: Request, chosen: Language | None, otherwise: str = "en") -> Translator:
    return translator(chosen.value if chosen else browser_language(request) or otherwise)


def need_seen(held: Resources, asker: Caller, need_id: str) -> Need:
    """A need that the caller may see, open or not.

    Raises:
        UnknownNeed: there is none, or not for this caller.
    """
    found = held.network.need(need_id)
    if not sees(asker, found, region_of(held)):
        raise UnknownNeed(need_id)
    return found


# --- one need --------------------------------------------------------------------------------------


@router.get("/v1/needs/{need_id}/helpers", openapi_extra=KEY_OPTIONAL, responses=NOT_THERE)
def helpers(
    request: Request,
    need_id: NeedId,
    held: Held,
    asker: Asker,
    top_k: TopK = 20,
    languages: AnyLanguage = "common",
    reader_language: ReaderLanguage = None,
) -> IntroductionsOut:
    """Who can help: offers of others that may answer the need, best first, among those you may see."""
    need = need_seen(held, asker, need_id)
    network = Network.seen_by(asker, held)
    found = network.helpers(need, common_language=languages == "common")
    return _introduced(need, found[:top_k], network, _speaks(request, reader_language, need.language.value))


@router.get("/v1/needs/{need_id}/sharers", openapi_extra=KEY_OPTIONAL, responses=NOT_THERE)
def sharers(
    request: Request,
    need_id: NeedId,
    held: Held,
    asker: Asker,
    top_k: TopK = 20,
    languages: AnyLanguage = "common",
    reader_language: ReaderLanguage = None,
) -> IntroductionsOut:
    """Who has the same problem: needs of others like this one, best first, among those you may see."""
    need = need_seen(held, asker, need_id)
    network = Network.seen_by(asker, held)
    found = network.sharers(need, common_language=languages == "common")
    return _introduced(need, found[:top_k], network, _speaks(request, reader_language, need.language.value))


def _introduced(need: Need, found: Sequence[Introduction], network: Network, say: Translator) -> IntroductionsOut:
    return IntroductionsOut(
        need=need,
        open=need.is_open(network.today),
        introductions=[IntroductionOut.of(each, network, say) for each in found],
    )


@router.get("/v1/needs/{need_id}/answers", openapi_extra=KEY_OPTIONAL, responses=NOT_THERE)
def answers(
    request: Request,
    need_id: NeedId,
    held: Held,
    asker: Asker,
    since: Annotated[
        date | None, Query(description="Only practices whose record changed on this day or later.")
    ] = None,
    reader_language: ReaderLanguage = None,
) -> AnswersOut:
    """Practices of others in the bank that answer the need, those that changed last first."""
    need = need_seen(held, asker, need_id)
    say = _speaks(request, reader_language, need.language.value)
    found = answers_to(
        held,
        need,
        reader_language=Language(say.language),
        since=datetime.combine(since, datetime.min.time(), UTC) if since else None,
    )
    return AnswersOut(
        need=need,
        open=need.is_open(datetime.now(UTC).date()),
        calibrated=held.generation.calibration is not None,
        answers=[AnswerOut.of(each, say) for each in found],
    )


LANG = Annotated[Literal["ca", "es", "it", "en"] | None, Query(description="Language of the feed.")]


@router.get(
    "/needs/{need_id}/feed.atom",
    openapi_extra=KEY_OPTIONAL,
    response_class=Response,
    responses=NOT_THERE | {200: {"content": {"application/atom+xml": {"schema": {"type": "string"}}}}},
)
def need_atom(request: Request, need_id: NeedId, held: Held, asker: Asker, lang: LANG = None) -> Response:
    """The answers to a need as an Atom feed. Without a key of a public need; a key goes in the header."""
    need = need_seen(held, asker, need_id)
    say = _speaks(request, Language(lang) if lang else None, need.language.value)
    found = answers_to(held, need, reader_language=Language(say.language))
    indexed_at = held.generation.snapshot.manifest.created_at
    written = atom_feed(found, need, site=site(request), indexed_at=indexed_at, say=say)
    return Response(written, media_type="application/atom+xml", headers=_private(asker))


@router.get(
    "/needs/{need_id}/feed.json",
    openapi_extra=KEY_OPTIONAL,
    response_class=JSONResponse,
    responses=NOT_THERE | {200: {"content": {"application/feed+json": {"schema": {"type": "object"}}}}},
)
def need_json(request: Request, need_id: NeedId, held: Held, asker: Asker, lang: LANG = None) -> Response:
    """The same as a JSON Feed."""
    need = need_seen(held, asker, need_id)
    say = _speaks(request, Language(lang) if lang else None, need.language.value)
    found = answers_to(held, need, reader_language=Language(say.language))
    return JSONResponse(
        json_feed(found, need, site=site(request), say=say),
        media_type="application/feed+json",
        headers=_private(asker),
    )


def _private(asker: Caller) -> dict[str, str]:
    """The headers `caller` sets, which a Response of our own does not inherit."""
    return {"Vary": "Authorization, Accept-Language"} | ({"Cache-Control": "no-store"} if asker.role else {})


# --- the whole network -----------------------------------------------------------------------------


@router.get("/v1/exchanges", dependencies=WITH_KEY)
def exchanges(
    request: Request,
    held: Held,
    asker: Asker,
    municipality: Annotated[
        Name | None, Query(description="Only those of this one: code or name. A municipality's key shows its own.")
    ] = None,
    top_k: TopK = 50,
    reader_language: ReaderLanguage = None,
) -> list[ExchangeOut]:
    """Pairs that can help one another, best first: your municipality's; for the administrator the network's."""
    of = held.municipalities.find(municipality).key if municipality else asker.municipality
    require(asker, Action.READ_PRIVATE, of)
    network = Network.seen_by(asker, held)
    say = _speaks(request, reader_language)
    return [ExchangeOut.of(each, network, say) for each in network.exchanges(of)[:top_k]]


@router.get("/v1/meetings/plan", dependencies=WITH_KEY)
def plan_meetings(
    request: Request,
    held: Held,
    asker: Asker,
    each: Annotated[int, Query(ge=1, le=MOST_MEETINGS, description="Most meetings of one municipality.")] = 3,
    rounds: Annotated[
        int | None,
        Query(ge=1, le=MOST_MEETINGS, description="Rounds in which nobody meets twice; none: no rounds."),
    ] = None,
    languages: AnyLanguage = "common",
    reader_language: ReaderLanguage = None,
) -> MeetingPlanOut:
    """The meetings of greatest value in all, without those already held, beside what the greedy plan is worth."""
    require(asker, Action.KEEP_MEETINGS)
    network = Network.seen_by(asker, held)
    planned = network.meetings(
        each=each, rounds=rounds, earlier=held.network.meetings(), common_language=languages == "common"
    )
    return MeetingPlanOut.of(planned, network, _speaks(request, reader_language))


class PairIn(Wire):
    """Two municipalities that met."""

    one: Name = Field(description="Code or name.")
    other: Name = Field(description="Code or name.")


class MeetingsIn(Wire):
    """The meetings of one round."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"round": 1, "held_on": "2026-11-20", "meetings": [{"one": "Reus", "other": "Vic"}]}]
        },
    )

    round: int = Field(ge=1, le=10_000)
    held_on: date | None = None
    meetings: list[PairIn] = Field(min_length=1, max_length=MOST_RECORDED)

    def records(self, held: Resources) -> list[Meeting]:
        """The meetings by the keys of their municipalities.

        Raises:
            UnknownMunicipality, AmbiguousMunicipality: no place, or several, by a name.
            RequestValidationError: one meets itself.
        """
        records = []
        for number, pair in enumerate(self.meetings):
            one, other = (held.municipalities.find(name).key for name in (pair.one, pair.other))
            if one == other:
                loc = ("body", "meetings", number, "other")
                raise RequestValidationError(
                    [{"type": "value_error", "loc": loc, "msg": "is the same municipality as `one`"}]
                )
            records.append(Meeting(round=self.round, one=one, other=other, held_on=self.held_on))
        return records


class MeetingsNoted(Wire):
    """How many meetings were new or changed."""

    noted: int


@router.post("/v1/meetings", status_code=201, dependencies=WITH_KEY)
def record_meetings(told: MeetingsIn, held: Held, asker: Asker) -> MeetingsNoted:
    """Record meetings that were held, all of them or none: no plan repeats them."""
    require(asker, Action.KEEP_MEETINGS)
    return MeetingsNoted(noted=held.network.add_meetings(told.records(held), by=asker.id))


@router.get("/v1/meetings", dependencies=WITH_KEY)
def meetings(held: Held, asker: Asker) -> list[Meeting]:
    """The meetings held, in order of round."""
    require(asker, Action.KEEP_MEETINGS)
    return held.network.meetings()


@router.get("/v1/unmet", dependencies=WITH_KEY)
def unmet(request: Request, held: Held, asker: Asker, reader_language: ReaderLanguage = None) -> list[UnmetOut]:
    """Open needs that neither an offer nor the bank answers, by theme, territory and size.

    What stands for fewer than five municipalities is withheld.
    """
    require(asker, Action.READ_NETWORK)
    say = _speaks(request, reader_language)
    return [UnmetOut.of(row, say) for row in unmet_report(held)]


# --- one municipality ------------------------------------------------------------------------------


def _place(held: Resources, asker: Caller, named: str | None, action: Action) -> Place:
    """The municipality or body asked about, the caller's own when none is named.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality: no place, or several, by that name.
        MissingKey, NotAllowed: the caller may not do that to what is its.
        RequestValidationError: none is named and the key is no municipality's.
    """
    place = (
        held.municipalities.find_body(named or asker.municipality or "") if named or asker.municipality else None
    )
    key = None if place is None or isinstance(place, TerritorialBody) else place.key
    require(asker, action, key)
    if place is None:
        fault = {"type": "missing", "loc": ("query", "municipality"), "msg": "say which: the key is of none"}
        raise RequestValidationError([fault])
    return place


@router.get("/v1/recommendations", dependencies=WITH_KEY)
def recommendations(
    request: Request,
    held: Held,
    asker: Asker,
    municipality: OfPlace = None,
    view: Annotated[View, Query(description="`similar` to reproduce, `different` to adapt.")] = View.SIMILAR,
    top_k: TopK = 10,
    reader_language: ReaderLanguage = None,
) -> list[RecommendationOut]:
    """Practices for the needs a municipality states, and those that towns like it run; none of its own."""
    place = _place(held, asker, municipality, Action.READ_PRIVATE)
    say = _speaks(request, reader_language)
    found = recommendations_for(held, place, reader_language=Language(say.language), view=view, top_k=top_k)
    return [RecommendationOut.of(each, say) for each in found]


class TwinsOut(Wire):
    """A municipality with those most like it, nearest first."""

    municipality: PlaceOut
    twins: list[TwinOut]


@router.get("/v1/twins", dependencies=WITH_KEY)
def twins(
    request: Request,
    held: Held,
    asker: Asker,
    municipality: OfPlace = None,
    everywhere: Annotated[
        bool, Query(description="Among all that are known, not only those that run a practice of the bank.")
    ] = False,
    top_k: TopK = 5,
    reader_language: ReaderLanguage = None,
) -> list[TwinsOut]:
    """Municipalities like one, by what is known of both; for a body made of municipalities, for each of them."""
    place = _place(held, asker, municipality, Action.READ_NETWORK)
    say = _speaks(request, reader_language)
    return [
        TwinsOut(municipality=PlaceOut.of(mine), twins=[TwinOut.of(twin, say) for twin in found])
        for mine, found in twins_for(held, place, top_k=top_k, everywhere=everywhere)
    ]
