"""The needs and offers of the network as they are matched, and what in the bank answers a need.

All of it as a caller may see it (`service/access.py`): what they may not read has no part in it. Scores are those
of `matchmaking`, strengths those of `search`.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from threading import Lock
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np

from corpus.errors import MunicipalityError
from corpus.importers.interpret import FindMunicipality
from corpus.municipality import Municipalities, Municipality
from corpus.network import Meeting, Need, Offer, Visibility
from corpus.practice import Contact, Practice
from corpus.vocabulary import Language
from indexer.snapshot import Snapshot
from models.encoder import Encoder, Vectors
from service.access import ADMINISTRATOR, Action, Caller, may, sees
from service.intake import remembering
from service.matchmaking import (
    Exchange,
    Introduction,
    Member,
    Plan,
    UnmetTheme,
    Violation,
    assign_greedily,
    assign_meetings,
    introductions,
    mutual_exchanges,
    offer_text,
    unmet_needs,
    violations,
    who_can_help,
    who_shares,
)
from service.profiles import KnownProfile
from service.recommendation import is_own
from service.resources import Generation, Resources
from service.search import SearchQuestion, SearchResult, search_practices

MOST_VECTORS = 20_000  # kept, of 1.5 kB each
MOST_ANSWERS = 50  # practices that answer one need
LOOKED_AT = 5  # of them, to know whether there is one that is not the municipality's own


class _Kept:
    """What is worked out once a process: the vectors of texts by their hash, and places by their key."""

    def __init__(self, encoder: Encoder, places: Municipalities) -> None:
        self.find: FindMunicipality = remembering(places.find)
        self._encoder = encoder
        self._vectors: dict[bytes, Vectors] = {}
        self._lock = Lock()

    def needs(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is asked, float32 of shape (len(texts), dimension)."""
        return self._of(texts, self._encoder.encode_queries, b"need")

    def offers(self, texts: Sequence[str]) -> Vectors:
        """Vectors of what is offered, of the same shape."""
        return self._of(texts, self._encoder.encode_documents, b"offer")

    def _of(self, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors], kind: bytes) -> Vectors:
        names = [hashlib.sha256(kind + text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        with self._lock:  # two requests that meet the same new texts encode them once
            new = {name: text for name, text in zip(names, texts, strict=True) if name not in self._vectors}
            if new:
                self._vectors |= zip(new, encode(list(new.values())), strict=True)
            found = [self._vectors[name] for name in names]
            while len(self._vectors) > MOST_VECTORS:
                del self._vectors[next(iter(self._vectors))]
        return np.array(found, dtype=np.float32).reshape(len(texts), self._encoder.dimension)


_kept: WeakKeyDictionary[Resources, _Kept] = WeakKeyDictionary()
_keeping = Lock()


def _kept_of(held: Resources) -> _Kept:
    with _keeping:
        if held not in _kept:
            _kept[held] = _Kept(held.encoder.encoder, held.municipalities)
        return _kept[held]


def place_of(held: Resources, key: str) -> Municipality:
    """A municipality by its key; of one that no list has any more, nothing but the key is known."""
    try:
        return _kept_of(held).find(key)
    except MunicipalityError:
        return Municipality(key, code=None if ":" in key else key)


def region_of(held: Resources) -> Callable[[str], str | None]:
    """Tells the region of a municipality by its key."""
    return lambda key: place_of(held, key).region


@dataclass(frozen=True, eq=False)
class Network:
    """The open needs and offers that a caller sees, with those who state them. Vectors go row by row with them.

    An offer is left out when it says nothing of its own and its practice is no longer in the bank.
    """

    needs: tuple[Need, ...]
    offers: tuple[Offer, ...]
    members: tuple[Member, ...]
    practices: dict[str, Practice]  # by the id of the offer that explains it
    today: date
    _kept: _Kept = field(repr=False)

    @classmethod
    def seen_by(cls, caller: Caller, held: Resources, *, today: date | None = None) -> Self:
        """The network as a caller may read it; `today` decides what is open.

        Whoever may not read profiles is matched without them: nothing a profile says shows in a score.
        """
        today = today or datetime.now(UTC).date()
        snapshot = held.generation.snapshot
        find_region = region_of(held)
        needs = tuple(
            need for need in held.network.needs() if need.is_open(today) and sees(caller, need, find_region)
        )
        seen = [
            offer for offer in held.network.offers() if offer.is_open(today) and sees(caller, offer, find_region)
        ]
        practices = {
            offer.id: snapshot.practice(snapshot.rows[offer.practice_id])
            for offer in seen
            if offer.practice_id in snapshot.rows
        }
        offers = tuple(offer for offer in seen if offer.text or offer.id in practices)
        stated = {profile.municipality: profile for profile in held.network.profiles()}
        members = []
        statements: tuple[Need | Offer, ...] = (*needs, *offers)
        for key in sorted({each.municipality for each in statements}):
            own = stated.get(key) if may(caller, Action.READ_NETWORK, key) else None
            profile = KnownProfile(place_of(held, key), own)
            contact = own.contact if own else None
            members.append(Member(key, profile.place, frozenset(profile.languages), contact))
        return cls(needs, offers, tuple(members), practices, today, _kept_of(held))

    @cached_property
    def need_vectors(self) -> Vectors:
        """Unit vectors, float32 of shape (len(needs), dimension)."""
        return self._kept.needs([need.text for need in self.needs])

    @cached_property
    def offer_vectors(self) -> Vectors:
        """Unit vectors, float32 of shape (len(offers), dimension)."""
        return self._kept.offers([offer_text(offer, self.practices.get(offer.id)) for offer in self.offers])

    def helpers(self, need: Need, *, common_language: bool = True) -> list[Introduction]:
        """Who can help, best first; nobody is looked for once the need is closed."""
        if not need.is_open(self.today):
            return []
        return who_can_help(
            need,
            self.offers,
            members=self.members,
            need_vector=self._kept.needs([need.text])[0],
            offer_vectors=self.offer_vectors,
            today=self.today,
            common_language=common_language,
        )

    def sharers(self, need: Need, *, common_language: bool = True) -> list[Introduction]:
        """Who has the same problem, best first; nobody is looked for once the need is closed."""
        if not need.is_open(self.today):
            return []
        return who_shares(
            need,
            self.needs,
            members=self.members,
            need_vector=self._kept.needs([need.text])[0],
            need_vectors=self.need_vectors,
            today=self.today,
            common_language=common_language,
        )

    def help_in_sight(self, *, common_language: bool = True) -> list[Introduction]:
        """Every need that is told with every offer that may answer it, best first."""
        return introductions(
            self.needs,
            self.offers,
            members=self.members,
            need_vectors=self.need_vectors,
            counterpart_vectors=self.offer_vectors,
            today=self.today,
            common_language=common_language,
        )

    def exchanges(self, of: str | None = None) -> list[Exchange]:
        """Members that can help one another, best first: all, or those of one, by its key, whom it asks first."""
        found = mutual_exchanges(self.help_in_sight())
        if of is None:
            return found
        return [
            each if each.there.pair.asks.key == of else Exchange(each.back, each.there)
            for each in found
            if of in (each.there.pair.asks.key, each.there.pair.meets.key)
        ]

    def contact(self, introduced: Introduction) -> Contact | None:
        """Whom to write to at the one met: as its profile says, or else the practice it explains."""
        pair = introduced.pair
        explained = self.practices.get(pair.counterpart.id) if isinstance(pair.counterpart, Offer) else None
        return pair.meets.contact or (explained.contact if explained else None)

    def meetings(
        self,
        *,
        each: int,
        rounds: int | None = None,
        earlier: Collection[Meeting] = (),
        common_language: bool = True,
    ) -> "PlannedMeetings":
        """The best meetings of all who tell a need or an offer; the limits are those of `assign_meetings`.

        Raises:
            ValueError: `each` or `rounds` is less than 1.
            EmpeltError: the solver gave up.
        """
        statements: tuple[Need | Offer, ...] = (*self.needs, *self.offers)
        told = {each.municipality for each in statements if each.visibility is not Visibility.PRIVATE}
        taking_part = [member for member in self.members if member.key in told]
        found = self.help_in_sight(common_language=common_language)
        plan, greedy = (
            assign(
                taking_part,
                found,
                meetings_each=each,
                rounds=rounds,
                earlier=earlier,
                common_language=common_language,
            )
            for assign in (assign_meetings, assign_greedily)
        )
        broken = violations(
            plan,
            taking_part,
            meetings_each=each,
            rounds=rounds,
            earlier=earlier,
            common_language=common_language,
        )
        return PlannedMeetings(plan, greedy.value, tuple(broken), {member.key: member for member in taking_part})


@dataclass(frozen=True)
class PlannedMeetings:
    """A plan, what the greedy one under the same limits is worth, and every limit that the plan breaks."""

    plan: Plan
    greedy_value: float
    broken: tuple[Violation, ...]
    members: dict[str, Member]  # who takes part, by key


# --- what in the bank answers a need ---------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A practice that answers a need, and when its record last changed; None where the store does not know."""

    result: SearchResult
    changed_at: datetime | None


def answers_to(
    held: Resources, need: Need, *, reader_language: Language | None = None, since: datetime | None = None
) -> list[Answer]:
    """The practices of others that answer a need above the calibrated floor, those that changed last first.

    `since`: only those that changed then or later. Without a calibration none is claimed to answer.
    """
    generation = held.generation
    found = []
    for result in _answering(held, generation, need, reader_language or need.language, MOST_ANSWERS):
        history = held.store.history(result.practice.id)
        changed_at = history[-1].at if history else None
        if since is None or (changed_at is not None and changed_at >= since):
            found.append(Answer(result, changed_at))
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda each: (each.changed_at or oldest, each.result.strength), reverse=True)


def _answering(
    held: Resources, generation: Generation, need: Need, language: Language, top_k: int
) -> list[SearchResult]:
    if generation.calibration is None:
        return []
    place = place_of(held, need.municipality)

    answer = search_practices(
        generation.snapshot,
        _kept_of(held).needs([need.text])[0],
        SearchQuestion(need.text, municipality=place, reader_language=language, top_k=top_k, per_body=None),
        calibration=generation.calibration,
        locate=lambda practice: generation.origin(practice, held.municipalities),
    )
    return [
        result
        for result in answer.results
        if not is_own(generation.origin(result.practice, held.municipalities), place)
    ]


# Whether the bank answers a need is asked of hundreds at once, and changes with the bank only.
_answered: WeakKeyDictionary[Snapshot, dict[tuple[str, str], bool]] = WeakKeyDictionary()


def _is_answered(held: Resources, generation: Generation, need: Need) -> bool:
    known = _answered.setdefault(generation.snapshot, {})
    asked = (need.municipality, need.text)
    if asked not in known:
        known[asked] = bool(_answering(held, generation, need, need.language, LOOKED_AT))
    return known[asked]


def unmet_report(held: Resources, *, today: date | None = None) -> list[UnmetTheme]:
    """Open needs for which the network has no offer and the bank no practice of another, as `unmet_needs` counts.

    Everybody's are counted, whoever asks; that is why a cell stands for several municipalities or is withheld.
    """
    network = Network.seen_by(ADMINISTRATOR, held, today=today)
    generation = held.generation
    helped = {each.pair.need.id for each in network.help_in_sight()}
    answered = helped | {
        need.id
        for need in network.needs
        if need.id not in helped
        and need.visibility is not Visibility.PRIVATE
        and _is_answered(held, generation, need)
    }
    return unmet_needs(network.needs, answered, members=network.members)
