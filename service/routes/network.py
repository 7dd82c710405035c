"""What municipalities tell the network: profiles, needs, offers, and drafts of practices.

A municipality may be named by a code or a name. What a caller may not see is not there for it (404); what it
sees and may not change is refused (403).
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ConfigDict, Field, ValidationError

from corpus.errors import MunicipalityError, UnknownDraft, UnknownNeed, UnknownOffer, UnknownProfile
from corpus.network import Need, Offer, Profile, Visibility
from corpus.practice import Practice, Slug
from corpus.store_network import PracticeDraft, new_id
from corpus.vocabulary import Language, Theme
from service.access import Action, Caller, may, require, sees
from service.errors import problem
from service.intake import remembering
from service.resources import Resources
from service.routes.shared import KEY_OPTIONAL, REFUSALS, WITH_KEY, Asker, Held, faults_in_body
from service.schemas import Name, QueryText, Wire

router = APIRouter(prefix="/v1", tags=["network"], responses=REFUSALS)

Place = Annotated[Name, Path(description="Code, or a name the municipalities know.", examples=["43123", "Reus"])]
OfPlace = Annotated[Name | None, Query(description="Only those of this municipality: code or name.")]
NeedId = Annotated[Slug, Path(examples=["reus-gent-gran-que-viu-sola-3f9a2c"])]
OfferId = Annotated[Slug, Path(examples=["vic-trucades-de-barri-81d04e"])]
DraftId = Annotated[Slug, Path(examples=["reus-trucades-de-barri"], description="The id of the practice.")]

NOT_THERE: dict[int | str, dict[str, Any]] = {404: {"description": "There is none, or not for this caller."}}
CHANGED: dict[int | str, dict[str, Any]] = {409: {"description": "It was proposed anew since you read it."}}
TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "The id is taken."}}


class ProfileIn(Profile):
    """A profile as it is sent; the municipality is that of the address, and may be left out."""

    municipality: Name | None = None  # type: ignore[assignment]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"languages": ["ca", "es"], "ageing_share": 0.19, "services": ["casal"]}]}
    )


class NeedIn(Wire):
    """What may change of a need."""

    text: QueryText = Field(description="The problem, in the municipality's own words.")
    language: Language = Field(description="The language of the text.")
    themes: tuple[Theme, ...] = ()
    visibility: Visibility = Field(
        Visibility.NETWORK,
        description="`private`: you and the administrator; `network`: municipalities; `public`.",
    )
    open_until: date | None = Field(None, description="Last day it is open; without one it stays open.")


class NewNeed(NeedIn):
    """A need as it is told first."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"text": "Gent gran que viu sola i no surt de casa", "language": "ca", "themes": ["loneliness"]},
                {"text": "Jóvenes que dejan el instituto", "language": "es", "visibility": "public"},
            ]
        },
    )

    id: Slug | None = Field(None, description="Given by the server when left out.")
    municipality: Name | None = Field(None, description="Code or name; the key's own when left out.")


class OfferIn(Wire):
    """What may change of an offer: a practice its owner explains, help in words, or both."""

    practice_id: Slug | None = None
    text: QueryText | None = None
    language: Language = Field(description="The language of the text, or to explain in.")
    themes: tuple[Theme, ...] = ()
    visibility: Visibility = Visibility.NETWORK
    open_until: date | None = Field(None, description="Last day it stands.")


class NewOffer(OfferIn):
    """An offer as it is made first."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"practice_id": "reus-xarxa-antirumors", "language": "ca", "visibility": "public"}]
        },
    )

    id: Slug | None = Field(None, description="Given by the server when left out.")
    municipality: Name | None = Field(None, description="Code or name; the key's own when left out.")


class DraftOut(Wire):
    """A practice that waits for the administrator."""

    municipality: str
    proposed_at: datetime
    replaces: bool = Field(description="Whether a practice with this id is published: publishing replaces it.")
    practice: Practice


def municipality_written(held: Resources, asker: Caller, named: str | None, *, where: str = "body") -> str:
    """The key of the municipality a write is for: the one named in that part of the request, or the caller's own.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality: no place, or several, by that name.
        MissingKey, NotAllowed: the caller may not write for it.
        RequestValidationError: none is named and the key is no municipality's.
    """
    key = held.municipalities.find(named).key if named else asker.municipality
    require(asker, Action.WRITE, key)
    if key is None:
        fault = {"type": "missing", "loc": (where, "municipality"), "msg": "say which: the key is of none"}
        raise RequestValidationError([fault])
    return key


def region_finder(held: Resources) -> Callable[[str], str | None]:
    """Tells the region of a municipality by its key, looking each up once."""
    find = remembering(held.municipalities.find)

    def region_of(key: str) -> str | None:
        try:
            return find(key).region
        except MunicipalityError:
            return None

    return region_of


def _today() -> date:
    return datetime.now(UTC).date()


# --- profiles ----------------------------------------------------------------------------------------


@router.get("/profiles/{municipality}", dependencies=WITH_KEY, responses=NOT_THERE)
def profile(municipality: Place, held: Held, asker: Asker) -> Profile:
    """What a municipality says of itself; nothing but its key where it has said nothing yet."""
    key = held.municipalities.find(municipality).key
    if not may(asker, Action.READ_NETWORK, key):
        raise UnknownProfile(municipality)
    return held.network.profile(key)


@router.put("/profiles/{municipality}", dependencies=WITH_KEY)
def put_profile(municipality: Place, told: ProfileIn, held: Held, asker: Asker) -> Profile:
    """Say what a municipality is like, in place of what was said before."""
    key = municipality_written(held, asker, municipality)
    if told.municipality and held.municipalities.find(told.municipality).key != key:
        fault = {"type": "value_error", "loc": ("body", "municipality"), "msg": "is not that of the address"}
        raise RequestValidationError([fault])
    kept = Profile(**{**dict(told), "municipality": key})
    held.network.put_profile(kept, by=asker.id)
    return kept


# --- needs -------------------------------------------------------------------------------------------


def _need(held: Resources, asker: Caller, need_id: str) -> Need:
    """A need the caller may see.

    Raises:
        UnknownNeed: there is none, or not for this caller.
    """
    found = held.network.need(need_id)
    if not sees(asker, found, region_finder(held)):
        raise UnknownNeed(need_id)
    return found


@router.get("/needs", openapi_extra=KEY_OPTIONAL)
def needs(held: Held, asker: Asker, municipality: OfPlace = None) -> list[Need]:
    """The needs you may see, in order of id: without a key the public ones."""
    region_of = region_finder(held)
    of = held.municipalities.find(municipality).key if municipality else None
    return [need for need in held.network.needs(of) if sees(asker, need, region_of)]


@router.post("/needs", status_code=201, dependencies=WITH_KEY, responses=TAKEN)
def add_need(told: NewNeed, held: Held, asker: Asker, response: Response) -> Need:
    """Tell a need."""
    key = municipality_written(held, asker, told.municipality)
    need = Need(
        **{
            **dict(told),
            "id": told.id or new_id(f"{held.municipalities.find(key).name} {told.text}"),
            "municipality": key,
            "created_on": _today(),
        }
    )
    held.network.put_need(need, by=asker.id, new=True)
    response.headers["Location"] = f"/v1/needs/{need.id}"
    return need


@router.get("/needs/{need_id}", openapi_extra=KEY_OPTIONAL, responses=NOT_THERE)
def need(need_id: NeedId, held: Held, asker: Asker) -> Need:
    """One need."""
    return _need(held, asker, need_id)


@router.put("/needs/{need_id}", dependencies=WITH_KEY, responses=NOT_THERE)
def put_need(need_id: NeedId, told: NeedIn, held: Held, asker: Asker) -> Need:
    """Tell a need anew; whose it is and since when stays."""
    before = _need(held, asker, need_id)
    require(asker, Action.WRITE, before.municipality)
    after = before.model_copy(update=dict(told))
    held.network.put_need(after, by=asker.id)
    return after


@router.delete("/needs/{need_id}", status_code=204, dependencies=WITH_KEY, responses=NOT_THERE)
def remove_need(need_id: NeedId, held: Held, asker: Asker) -> None:
    """Take a need out."""
    require(asker, Action.WRITE, _need(held, asker, need_id).municipality)
    held.network.remove_need(need_id, by=asker.id)


# --- offers ------------------------------------------------------------------------------------------


def _offer(held: Resources, asker: Caller, offer_id: str) -> Offer:
    """An offer the caller may see.

    Raises:
        UnknownOffer: there is none, or not for this caller.
    """
    found = held.network.offer(offer_id)
    if not sees(asker, found, region_finder(held)):
        raise UnknownOffer(offer_id)
    return found


def _stated(held: Resources, fields: dict[str, Any]) -> Offer:
    """The offer that is made of those fields.

    Raises:
        RequestValidationError: it says nothing.
        UnknownPractice: it names a practice that there is not.
    """
    try:
        offer = Offer(**fields)
    except ValidationError as error:
        raise faults_in_body(error) from None
    if offer.practice_id is not None:
        held.store.practice(offer.practice_id)
    return offer


@router.get("/offers", openapi_extra=KEY_OPTIONAL)
def offers(held: Held, asker: Asker, municipality: OfPlace = None) -> list[Offer]:
    """The offers you may see, in order of id: without a key the public ones."""
    region_of = region_finder(held)
    of = held.municipalities.find(municipality).key if municipality else None
    return [offer for offer in held.network.offers(of) if sees(asker, offer, region_of)]


@router.post("/offers", status_code=201, dependencies=WITH_KEY, responses=NOT_THERE | TAKEN)
def add_offer(told: NewOffer, held: Held, asker: Asker, response: Response) -> Offer:
    """Make an offer: to explain a practice of the bank, or to help in other ways."""
    key = municipality_written(held, asker, told.municipality)
    offer = _stated(
        held,
        {
            **dict(told),
            "id": told.id or new_id(told.practice_id or f"{held.municipalities.find(key).name} {told.text}"),
            "municipality": key,
            "created_on": _today(),
        },
    )
    held.network.put_offer(offer, by=asker.id, new=True)
    response.headers["Location"] = f"/v1/offers/{offer.id}"
    return offer


@router.get("/offers/{offer_id}", openapi_extra=KEY_OPTIONAL, responses=NOT_THERE)
def offer(offer_id: OfferId, held: Held, asker: Asker) -> Offer:
    """One offer."""
    return _offer(held, asker, offer_id)


@router.put("/offers/{offer_id}", dependencies=WITH_KEY, responses=NOT_THERE)
def put_offer(offer_id: OfferId, told: OfferIn, held: Held, asker: Asker) -> Offer:
    """Make an offer anew; whose it is and since when stays."""
    before = _offer(held, asker, offer_id)
    require(asker, Action.WRITE, before.municipality)
    after = _stated(held, {**dict(before), **dict(told)})
    held.network.put_offer(after, by=asker.id)
    return after


@router.delete("/offers/{offer_id}", status_code=204, dependencies=WITH_KEY, responses=NOT_THERE)
def remove_offer(offer_id: OfferId, held: Held, asker: Asker) -> None:
    """Take an offer back."""
    require(asker, Action.WRITE, _offer(held, asker, offer_id).municipality)
    held.network.remove_offer(offer_id, by=asker.id)


# --- drafts of practices -----------------------------------------------------------------------------


def _draft(held: Resources, asker: Caller, draft_id: str) -> PracticeDraft:
    """A draft the caller may see.

    Raises:
        UnknownDraft: there is none, or not for this caller.
    """
    found = held.network.draft(draft_id)
    if not may(asker, Action.READ_PRIVATE, found.municipality):
        raise UnknownDraft(draft_id)
    return found


def _shown(held: Resources, draft: PracticeDraft) -> DraftOut:
    return DraftOut(
        municipality=draft.municipality,
        proposed_at=draft.at,
        replaces=draft.practice.id in held.generation.snapshot.rows,
        practice=draft.practice,
    )


@router.get("/drafts", dependencies=WITH_KEY)
def drafts(held: Held, asker: Asker) -> list[DraftOut]:
    """The practices that wait to be published: a municipality's own, or for the administrator all."""
    require(asker, Action.READ_PRIVATE, asker.municipality)
    return [_shown(held, draft) for draft in held.network.drafts(asker.municipality)]


@router.post("/drafts", status_code=201, dependencies=WITH_KEY, responses=TAKEN)
def add_draft(
    practice: Practice,
    held: Held,
    asker: Asker,
    municipality: Annotated[Name | None, Query(description="Code or name; the key's own when left out.")] = None,
) -> DraftOut:
    """Propose a practice. It waits for the administrator, in place of a draft you proposed under the same id."""
    key = municipality_written(held, asker, municipality, where="query")
    return _shown(held, held.network.put_draft(key, practice, by=asker.id))


@router.post(
    "/drafts/{draft_id}/publication", status_code=201, dependencies=WITH_KEY, responses=NOT_THERE | CHANGED
)
def publish_draft(
    draft_id: DraftId,
    held: Held,
    asker: Asker,
    response: Response,
    proposed_at: Annotated[
        datetime | None, Query(description="Publish only the state you have read: its `proposed_at`, else 409.")
    ] = None,
) -> Practice:
    """Publish a proposed practice. The search has it a few seconds later; the draft waits no longer."""
    draft = _draft(held, asker, draft_id)
    require(asker, Action.KEEP_BANK)
    if proposed_at is not None and proposed_at != draft.at:
        raise problem(
            409, "The draft has changed", f"It was proposed anew at {draft.at.isoformat()}: read it again."
        )
    # In this order: where the second write fails, publishing again changes nothing and ends the draft.
    held.store.put([draft.practice], by=asker.id)
    held.network.remove_draft(draft_id, by=asker.id, published=True)
    held.update_index_soon()
    response.headers["Location"] = f"/v1/practices/{draft_id}"
    return draft.practice


@router.delete("/drafts/{draft_id}", status_code=204, dependencies=WITH_KEY, responses=NOT_THERE)
def remove_draft(draft_id: DraftId, held: Held, asker: Asker) -> None:
    """Withdraw a draft, or decline it."""
    require(asker, Action.WRITE, _draft(held, asker, draft_id).municipality)
    held.network.remove_draft(draft_id, by=asker.id)
