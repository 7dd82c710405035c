"""The pages of the network: what is public of it, a need and whom it leads to, a need to leave, an exchange day.

A key is typed into a form and travels in the body of its POST: never in an address, and no page shows it again.
There are no cookies, so a page of another site has nothing of the reader's to send along, and a forged request
does no more than its forger could without it: these forms need no token against it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import PurePath
from threading import BoundedSemaphore
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from corpus.errors import AccessError, EmpeltError, NotAllowed, UnknownNeed
from corpus.municipality import Municipality
from corpus.network import Need, Offer, Visibility
from corpus.practice import Practice
from corpus.regions import canonical_region
from corpus.store_network import new_id
from corpus.vocabulary import Language, Theme
from indexer.snapshot import Snapshot
from models.encoder import Vectors
from models.language import detect_language
from service import matching_sentences, page_words
from service.access import ANONYMOUS, Action, Caller, require, sees
from service.commands.exchange import Words
from service.errors import printable
from service.exchange_day import (
    MOST_ROUNDS,
    Day,
    ImpossibleLimits,
    Limits,
    Participant,
    PracticeToBring,
    greedy_plan,
    plan_day,
    random_plan,
)
from service.i18n import Translator, translator
from service.introductions import Network, answers_to, place_of, region_of
from service.matchmaking import Introduction
from service.page_address import Address
from service.page_words import message
from service.participants import InvalidParticipants, languages_of, read_participants
from service.resources import Generation, Resources
from service.routes.matching import need_seen
from service.routes.network import NewNeed
from service.routes.pages import Trouble
from service.routes.rendering import not_found_page, page, page_language, wants_html
from service.routes.shared import Held, holder_of
from service.search import SearchQuestion, search_practices

router = APIRouter(include_in_schema=False)

LISTED = 20  # needs, and offers, on one page
INTRODUCED = 8  # on the page of a need
ANSWERS_SHOWN = 10
FACETS = ("theme", "region", "country", "language")
PRACTICES_PER_TABLE = 3
MOST_FIELDS = 200  # of a form
LONGEST_FILE_NAME = 200

NO_KEY = message("Type your key: without it nothing can be kept.")
WRONG_KEY = message("This key opens nothing here: it is mistyped, has expired or was revoked.")
NOT_THIS_KEY = message("This key is good, but not for this.")
OF_NO_MUNICIPALITY = message("This is not a municipality’s key: a need is left with the key of whose it is.")
NO_TEXT = message("Write the problem: a sentence or a whole paragraph.")
LONG_TEXT = message("The text cannot be kept: write at most {most} characters that can be read.")
NO_LANGUAGE = message("The language cannot be told from the text: choose it.")
BAD_DAY = message("The last day must be a day to come, written as year-month-day.")
NO_FILE = message("Choose the file with the list of participants.")
BUSY = message("Another plan is being made at this moment. Wait a few seconds and send the list again.")
BAD_LIMITS = message("Tables need 2 to 100 seats, and a day has 1 to {most} rounds.")

VISIBILITY_NAMES = {
    Visibility.NETWORK: message("The network: every municipality with a key"),
    Visibility.PUBLIC: message("Everybody"),
    Visibility.PRIVATE: message("Only us and the administrator"),
}

_one_at_a_time = BoundedSemaphore()  # a plan takes seconds of a core, and searches go first


def sent(request: Request) -> AbstractAsyncContextManager[FormData]:
    """What a form brings; a file it brings is gone afterwards."""
    return request.form(max_files=1, max_fields=MOST_FIELDS)


async def uploaded(form: FormData) -> tuple[bytes | None, str]:
    """The bytes of the file a form brings and its name; None when none was chosen."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return None, ""
    return await file.read(), printable(PurePath(file.filename).name[-LONGEST_FILE_NAME:])


def said(form: Mapping[str, Any], name: str) -> str:
    """The text of a field, "" where it is not there or is a file."""
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def key_trouble(error: AccessError, say: Translator) -> Trouble:
    """Why a key does not do, without a word of the key."""
    return Trouble(say(NOT_THIS_KEY if isinstance(error, NotAllowed) else WRONG_KEY), "key", status=403)


def kept_private(response: Response) -> Response:
    """An answer to a key is for its holder only."""
    response.headers["Cache-Control"] = "no-store"
    return response


# --- what is public --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A need or an offer as a list shows it."""

    statement: Need | Offer
    place: Municipality
    practice: Practice | None = None  # the one an offer explains

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Its values by facet."""
        place = self.place
        return {
            "theme": tuple(theme.value for theme in self.statement.themes),
            "language": (self.statement.language.value,),
            "region": (canonical_region(place.region),) if place.region else (),
            "country": (place.country,) if place.country else (),
        }

    def passes(self, filters: Mapping[str, Sequence[str]], *, but: str = "") -> bool:
        """Whether it is of what is asked for; `but`: the facet that does not count."""
        own = self.values
        return all(
            not wanted or set(wanted) & set(own[facet])
            for facet, wanted in filters.items()
            if facet in own and facet != but
        )


@router.get("/network")
def network_page(request: Request, held: Held) -> Response:
    """The needs and offers that are public and open, the newest first, with filters."""
    address = Address.of(request.query_params.multi_items(), path="/network")
    say = translator(page_language(request, address))
    today = datetime.now(UTC).date()
    snapshot = held.generation.snapshot
    find_region = region_of(held)

    def listed(statements: Sequence[Need | Offer]) -> list[Listed]:
        shown = [each for each in statements if each.is_open(today) and sees(ANONYMOUS, each, find_region)]
        shown.sort(key=lambda each: each.created_on, reverse=True)
        return [Listed(each, place_of(held, each.municipality), _explained(each, snapshot)) for each in shown]

    needs, offers = listed(held.network.needs()), listed(held.network.offers())
    counts: dict[str, Mapping[str, int]] = {
        facet: dict(
            Counter(
                value
                for each in (*needs, *offers)
                if each.passes(address.filters, but=facet)
                for value in each.values[facet]
            ).most_common()
        )
        for facet in FACETS
    }
    needs, offers = ([each for each in kind if each.passes(address.filters)] for kind in (needs, offers))
    first = (address.page - 1) * LISTED
    return page(
        request,
        "network.html",
        address,
        needs=needs[first : first + LISTED],
        offers=offers[first : first + LISTED],
        need_count=len(needs),
        offer_count=len(offers),
        pages=max(1, -(-max(len(needs), len(offers)) // LISTED)),
        facets=page_words.facets(counts, address, say),
        in_force=page_words.removables(address, {}, say),
    )


def _explained(statement: Need | Offer, snapshot: Snapshot) -> Practice | None:
    named = statement.practice_id if isinstance(statement, Offer) else None
    return snapshot.practice(snapshot.rows[named]) if named and named in snapshot.rows else None


# --- one need --------------------------------------------------------------------------------------


@router.get("/network/needs/new")
def new_need_page(request: Request) -> Response:
    """The form to leave a need; a search that found nothing brings its text."""
    address = Address.of(request.query_params.multi_items(), path="/network/needs/new")
    return _need_form(request, address, {"text": address.text, "language": detect_language(address.text) or ""})


@router.post("/network/needs/new")
async def leave_need(request: Request, held: Held) -> Response:
    """Keep a need for the municipality whose key is shown, and show whom it leads to."""
    async with sent(request) as form:
        return await run_in_threadpool(_leave, request, held, form)


def _leave(request: Request, held: Resources, form: FormData) -> Response:
    address = Address.of(request.query_params.multi_items(), path="/network/needs/new")
    language = page_language(request, address)
    say = translator(language)
    told = {name: said(form, name) for name in ("text", "language", "theme", "visibility", "open_until")}
    try:
        caller = _holder(request, held, form)
        if caller.municipality is None:
            return _need_form(request, address, told, Trouble(say(OF_NO_MUNICIPALITY), "key", status=403))
        require(caller, Action.WRITE, caller.municipality)
        need = _need_told(held, caller.municipality, told)
    except AccessError as error:
        trouble = key_trouble(error, say) if said(form, "key") else Trouble(say(NO_KEY), "key", status=403)
        return _need_form(request, address, told, trouble)
    except _Refused as refused:
        most = say.number(5_000)
        return _need_form(request, address, told, Trouble(say(refused.text, most=most), refused.field))
    held.network.put_need(need, by=caller.id, new=True)
    return kept_private(_need_shown(request, held, need, caller, kept=True, status=201))


class _Refused(ValueError):
    """What a form says that will not do: a message, and the field it is about."""

    def __init__(self, text: str, field: str) -> None:
        self.text, self.field = text, field
        super().__init__(field)


def _need_told(held: Resources, municipality: str, told: Mapping[str, str]) -> Need:
    """The need a form tells.

    Raises:
        _Refused: a field will not do.
    """
    if not any(character.isalnum() for character in told["text"]):
        raise _Refused(NO_TEXT, "text")
    today = datetime.now(UTC).date()
    language = told["language"] or detect_language(told["text"])
    if not language:
        raise _Refused(NO_LANGUAGE, "language")
    try:
        until = date.fromisoformat(told["open_until"]) if told["open_until"] else None
    except ValueError:
        raise _Refused(BAD_DAY, "open_until") from None
    if until and until < today:
        raise _Refused(BAD_DAY, "open_until")
    try:
        asked = NewNeed.model_validate(
            {
                "text": told["text"],
                "language": language,
                "themes": [told["theme"]] if told["theme"] else [],
                "visibility": told["visibility"] or Visibility.NETWORK,
                "open_until": until,
            }
        )
    except ValidationError:
        raise _Refused(LONG_TEXT, "text") from None
    return Need(
        **{
            **dict(asked),
            "id": new_id(f"{place_of(held, municipality).name} {asked.text}"),
            "municipality": municipality,
            "created_on": today,
        }
    )


def _holder(request: Request, held: Resources, form: FormData) -> Caller:
    """Who shows the key that a form brings.

    Raises:
        UnknownKey: it opens nothing, or none was typed.
    """
    return holder_of(said(form, "key"), request, held)


def _need_form(
    request: Request, address: Address, told: Mapping[str, str], trouble: Trouble | None = None
) -> Response:
    return kept_private(
        page(
            request,
            "network_new_need.html",
            address,
            status=trouble.status if trouble else 200,
            told={"theme": "", "visibility": Visibility.NETWORK.value, "open_until": ""} | dict(told),
            trouble=trouble,
            themes=list(Theme),
            visibilities=VISIBILITY_NAMES,
        )
    )


@router.get("/network/needs/{need_id}")
def need_page(need_id: str, request: Request, held: Held) -> Response:
    """A need, who can help, who has the same problem, and what in the bank answers it: as anybody sees it."""
    try:
        return _need_shown(request, held, need_seen(held, ANONYMOUS, need_id), ANONYMOUS)
    except UnknownNeed:
        if not wants_html(request):
            raise
        return _hidden(request, None, status=404)


@router.post("/network/needs/{need_id}")
async def need_page_with_key(need_id: str, request: Request, held: Held) -> Response:
    """The same as the holder of a key sees it."""

    def shown(form: FormData) -> Response:
        address = Address.of(request.query_params.multi_items())
        say = translator(page_language(request, address))
        try:
            caller = _holder(request, held, form)
            return _need_shown(request, held, need_seen(held, caller, need_id), caller)
        except AccessError as error:
            return _hidden(request, key_trouble(error, say), status=403)
        except UnknownNeed:
            return not_found_page(request, message("There is no such need, or it is not shown to you."))

    async with sent(request) as form:
        return kept_private(await run_in_threadpool(shown, form))


def _hidden(request: Request, trouble: Trouble | None, *, status: int) -> Response:
    address = Address.of(request.query_params.multi_items())
    return page(request, "network_hidden.html", address, status=status, trouble=trouble)


@dataclass(frozen=True)
class Met:
    """One introduction in the reader's words."""

    introduced: Introduction
    practice: Practice | None
    contact: Any
    reasons: list[tuple[str, str, float | None]]  # part, sentence, score


def _met(found: Sequence[Introduction], network: Network, say: Translator) -> list[Met]:
    return [
        Met(
            each,
            network.practices.get(each.pair.counterpart.id) if isinstance(each.pair.counterpart, Offer) else None,
            network.contact(each),
            [
                (
                    matching_sentences.part_name(reason.factor, say),
                    matching_sentences.sentence(reason, each, say),
                    reason.score,
                )
                for reason in each.evidence
            ],
        )
        for each in found[:INTRODUCED]
    ]


def _need_shown(
    request: Request, held: Resources, need: Need, caller: Caller, *, kept: bool = False, status: int = 200
) -> Response:
    path = f"/network/needs/{need.id}"
    address = Address.of(request.query_params.multi_items(), path=path)
    language = page_language(request, address)
    say = translator(language)
    network = Network.seen_by(caller, held)
    answers = answers_to(held, need, reader_language=Language(language))
    return page(
        request,
        "network_need.html",
        address,
        status=status,
        need=need,
        place=place_of(held, need.municipality),
        is_open=need.is_open(network.today),
        kept=kept,
        with_key=caller.role is not None,
        public=need.visibility is Visibility.PUBLIC,
        visibility=VISIBILITY_NAMES[need.visibility],
        helpers=_met(network.helpers(need), network, say),
        sharers=_met(network.sharers(need), network, say),
        answers=answers[:ANSWERS_SHOWN],
        answer_count=len(answers),
        calibrated=held.generation.calibration is not None,
    )


# --- an exchange day -------------------------------------------------------------------------------


@router.get("/network/exchange-day")
def exchange_day_page(request: Request) -> Response:
    """The form that takes a list of participants."""
    return _day_form(request, {})


@router.post("/network/exchange-day")
async def plan_exchange_day(request: Request, held: Held) -> Response:
    """The plan of a day, to read and to print. Nothing of the list is kept: not even the vectors of its texts."""
    async with sent(request) as form:
        content, name = await uploaded(form)
        return kept_private(await run_in_threadpool(_planned, request, held, form, content, name))


def _planned(request: Request, held: Resources, form: FormData, content: bytes | None, name: str) -> Response:
    say = translator(page_language(request, Address.of(request.query_params.multi_items())))
    told = {field: said(form, field) for field in ("seats", "rounds", "reads")}
    try:
        seats, rounds = (int(told[field] or rest) for field, rest in (("seats", 10), ("rounds", 2)))
        limits = Limits.about(seats, rounds=rounds) if 2 <= seats <= 100 else None
    except (ValueError, ImpossibleLimits):
        limits = None
    if limits is None:
        return _day_form(request, told, Trouble(say(BAD_LIMITS, most=MOST_ROUNDS), "seats"))
    if not content:
        return _day_form(request, told, Trouble(say(NO_FILE), "file"))
    try:
        read = read_participants(content, name=name, languages=languages_of(told["reads"]))
    except InvalidParticipants as error:
        return _day_form(request, told, faults=[str(problem) for problem in error.problems])
    except EmpeltError as error:
        return _day_form(request, told, faults=[str(error)])
    except ValueError as error:
        return _day_form(request, told, Trouble(str(error), "reads"))
    if not _one_at_a_time.acquire(blocking=False):
        return _day_form(request, told, Trouble(say(BUSY), "file", status=503))
    try:
        day = _encoded(read.participants, limits, held)
        plan = plan_day(day, bring=_bringing(day, held.generation, Language(say.language)))
        compared = [
            (say("This plan"), plan),
            (say("Each in turn where they fit best"), greedy_plan(day)),
            (say("By lot"), random_plan(day)),
        ]
    finally:
        _one_at_a_time.release()
    return page(
        request,
        "network_exchange_plan.html",
        Address.of(request.query_params.multi_items(), path="/network/exchange-day"),
        day_words=Words(day, say),
        plan=plan,
        compared=compared,
        doubts=[str(doubt) for doubt in read.doubts],
    )


def _day_form(
    request: Request, told: Mapping[str, str], trouble: Trouble | None = None, *, faults: Sequence[str] = ()
) -> Response:
    status = trouble.status if trouble else 422 if faults else 200
    return page(
        request,
        "network_exchange_day.html",
        Address.of(request.query_params.multi_items(), path="/network/exchange-day"),
        status=status,
        told={"seats": "10", "rounds": "2", "reads": ""} | {name: text for name, text in told.items() if text},
        trouble=trouble,
        faults=faults,
        most_rounds=MOST_ROUNDS,
    )


def _encoded(participants: tuple[Participant, ...], limits: Limits, held: Resources) -> Day:
    encoder = held.encoder.encoder

    def vectors(texts: Sequence[str | None], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        rows = np.zeros((len(texts), encoder.dimension), dtype=np.float32)
        stated = {at: text for at, text in enumerate(texts) if text}
        if stated:
            rows[list(stated)] = encode(list(stated.values()))
        return rows

    return Day(
        participants,
        needs=vectors([each.need for each in participants], encoder.encode_queries),
        offers=vectors([each.offer for each in participants], encoder.encode_documents),
        limits=limits,
    )


def _bringing(day: Day, generation: Generation, language: Language) -> Any:
    """What finds the practices for a topic, each topic once."""
    known: dict[int, tuple[PracticeToBring, ...]] = {}

    def bring(person: int) -> tuple[PracticeToBring, ...]:
        if person not in known:
            question = SearchQuestion(
                day.participants[person].need or "", reader_language=language, top_k=PRACTICES_PER_TABLE
            )
            answer = search_practices(
                generation.snapshot, day.needs[person], question, calibration=generation.calibration
            )
            known[person] = tuple(
                PracticeToBring(each.practice.id, each.practice.title) for each in answer.results
            )
        return known[person]

    return bring
