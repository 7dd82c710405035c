"""Who can help whom: needs and offers of municipalities in pairs, each with its reasons, and a network's meetings.

Similarities are cosines in [-1, 1]; scores lie in [0, 1] and are weighted means over what is known; higher is
better. The value of a meeting, in [0, 2], adds up what it gives either side. Members are known by their keys.
"""

import math
import random
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import product

import numpy as np

from corpus.errors import EmpeltError
from corpus.municipality import Municipality
from corpus.network import Meeting, Need, Offer, Visibility
from corpus.practice import Contact, Practice, need_text
from corpus.regions import canonical_region
from corpus.vocabulary import Language, Theme
from models.encoder import Vectors
from service.transferability import MATCHES_FROM, SIZE_BANDS, Evidence, _distance_km

# Cosines of the shipped encoder between needs and practices' needs, as `bench/matching.py` measures them on the
# development half of the judged set: half of the pairs judged unrelated lie below the first, and 95 % of those
# judged right below the second. The floor keeps 63 % of the right pairs and drops 83 % of the unrelated ones:
# lower, a list of who can help is mostly noise; higher, most help is lost.
UNRELATED, SAME = 0.17, 0.53
FLOOR = 0.30

NEAR_KM = 50  # a visit within half a day
DISTANCE_HALVES_KM = 100  # every so many kilometres halve the score: what is told on the phone travels

FEWEST_MUNICIPALITIES = 5  # in a cell of the report on unmet needs
TRIES = 100  # orders in which meetings are put into rounds
FIRST_MARGIN = 0.05  # of value, within which a meeting may be in the best plan; widened where the proof needs it


@dataclass(frozen=True, slots=True)
class Member:
    """A municipality of the network: where it is, how large, what its staff read, and whom to write to."""

    key: str  # as its needs and offers name it
    municipality: Municipality
    languages: frozenset[Language] = frozenset()  # empty: not known
    contact: Contact | None = None

    @property
    def size_band(self) -> int | None:
        """0 to 3: in which of the four bands between `SIZE_BANDS` its population lies; None when unknown."""
        population = self.municipality.population  # a list writes 0 for want of a figure
        return bisect_left(SIZE_BANDS, population) if population else None


@dataclass(frozen=True, slots=True)
class Pair:
    """A member with a need, and another with an offer that may answer it, or with a need like it."""

    asks: Member
    meets: Member
    need: Need
    counterpart: Offer | Need
    similarity: float  # cosine of the two texts

    @property
    def languages(self) -> tuple[Language, ...]:
        """Those both are known to read."""
        return tuple(sorted(self.asks.languages & self.meets.languages))

    @property
    def themes(self) -> tuple[Theme, ...]:
        """Those of the need that the counterpart has too."""
        return tuple(theme for theme in dict.fromkeys(self.need.themes) if theme in self.counterpart.themes)

    @property
    def distance_km(self) -> int | None:
        """Between the two as the crow flies; None when a coordinate is unknown."""
        return _distance_km(self.asks.municipality, self.meets.municipality)


@dataclass(frozen=True, slots=True)
class Introduction:
    """A pair with the reasons to introduce the two, in the order of `PARTS`, and how good they are in all."""

    pair: Pair
    evidence: tuple[Evidence, ...]  # source: the one met; target: the one who asks
    score: float  # in [0, 1]


def offer_text(offer: Offer, practice: Practice | None = None) -> str:
    """What is encoded for an offer: its own words, or else the need that its practice answers.

    Raises:
        ValueError: it has no words of its own and the practice was not given.
    """
    if text := offer.text or (need_text(practice) if practice else None):
        return text
    raise ValueError(f"offer {offer.id!r} has no text of its own; its practice {offer.practice_id!r} is wanted")


# --- the parts of a score: each docstring explains it to people ------------------------------------


def problem(pair: Pair) -> Evidence:
    """Compares the two texts by their cosine similarity: what unrelated texts have scores 0, what the same problem
    has scores 1, in between in proportion.
    """
    score = min(1.0, max(0.0, (pair.similarity - UNRELATED) / (SAME - UNRELATED)))
    return Evidence("problem", pair.similarity, None, score, "close" if score >= MATCHES_FROM else "related")


def themes(pair: Pair) -> Evidence:
    """Counts the themes in common as a share of the shorter of both lists. Not known when either names none."""
    theirs, yours = pair.counterpart.themes, pair.need.themes
    if not theirs or not yours:
        return Evidence("themes", theirs, yours, None, "unknown")
    score = len(pair.themes) / min(len(set(theirs)), len(set(yours)))
    return Evidence(
        "themes", theirs, yours, score, "shared" if pair.themes else "none-shared", {"shared": pair.themes}
    )


def language(pair: Pair) -> Evidence:
    """Asks in which language the two can talk: 1 when both wrote in the same one and read it, 0.8 when what one of
    them wrote is read by both, 0.5 when they have a third language in common, 0 when none.
    """
    theirs, yours = (tuple(sorted(member.languages)) for member in (pair.meets, pair.asks))
    if not theirs or not yours:
        return Evidence("language", theirs, yours, None, "unknown")
    written = {pair.need.language, pair.counterpart.language}
    if not pair.languages:
        score, finding = 0.0, "none-shared"
    elif not written & set(pair.languages):
        score, finding = 0.5, "third"
    elif len(written) > 1:
        score, finding = 0.8, "read-by-both"
    else:
        score, finding = 1.0, "same"
    return Evidence("language", theirs, yours, score, finding, {"shared": pair.languages})


def distance(pair: Pair) -> Evidence:
    """Measures how far apart the two are as the crow flies: every 100 km halve the score."""
    km = pair.distance_km
    names = (pair.meets.municipality.name, pair.asks.municipality.name)
    if km is None:
        return Evidence("distance", *names, None, "unknown")
    return Evidence(
        "distance",
        *names,
        0.5 ** (km / DISTANCE_HALVES_KM),
        "near" if km <= NEAR_KM else "far",
        {"distance_km": km},
    )


def size_band(pair: Pair) -> Evidence:
    """Compares the size bands that bring legal duties in Spain: up to 5,000 inhabitants, to 20,000, to 50,000, and
    more. The same band scores 1, the next 0.5, others 0.
    """
    theirs, yours = pair.meets.size_band, pair.asks.size_band
    if theirs is None or yours is None:
        return Evidence("size_band", theirs, yours, None, "unknown")
    return Evidence(
        "size_band", theirs, yours, max(0.0, 1 - abs(theirs - yours) / 2), "same" if theirs == yours else "other"
    )


@dataclass(frozen=True, slots=True)
class Part:
    """A row of the table: how a part of the score is worked out, and what it weighs."""

    function: Callable[[Pair], Evidence]
    weight: float


PARTS: dict[str, Part] = {
    "problem": Part(problem, 6),  # more than all others: who solved another problem is no help, however near
    "themes": Part(themes, 1),
    "language": Part(language, 1),
    "distance": Part(distance, 1),
    "size_band": Part(size_band, 1),
}


# --- who can help, who shares ----------------------------------------------------------------------


def who_can_help(
    need: Need,
    offers: Sequence[Offer],
    *,
    members: Collection[Member],
    need_vector: Vectors,
    offer_vectors: Vectors,
    today: date,
    floor: float = FLOOR,
    common_language: bool = True,
) -> list[Introduction]:
    """The offers of others that may answer a need, best first.

    `need_vector`: unit vector of the need's text, float32 of shape (dimension,); `offer_vectors`: those of
    `offer_text`, of shape (len(offers), dimension). Left out are offers of its own municipality, closed ones,
    private ones, those with a cosine below `floor`, and, unless `common_language` is False, those of members not
    known to read a language that the asking one reads.

    Raises:
        ValueError: there are not as many vectors as offers, or a municipality is not among the members.
    """
    return _introduced(
        [need], offers, members, need_vector[np.newaxis], offer_vectors, today, floor, common_language
    )


def who_shares(
    need: Need,
    needs: Sequence[Need],
    *,
    members: Collection[Member],
    need_vector: Vectors,
    need_vectors: Vectors,
    today: date,
    floor: float = FLOOR,
    common_language: bool = True,
) -> list[Introduction]:
    """Others with the same problem, best first: `who_can_help` with needs in place of offers.

    Raises:
        ValueError: there are not as many vectors as needs, or a municipality is not among the members.
    """
    return _introduced(
        [need], needs, members, need_vector[np.newaxis], need_vectors, today, floor, common_language
    )


def introductions(
    needs: Sequence[Need],
    counterparts: Sequence[Offer | Need],
    *,
    members: Collection[Member],
    need_vectors: Vectors,
    counterpart_vectors: Vectors,
    today: date,
    floor: float = FLOOR,
    common_language: bool = True,
) -> list[Introduction]:
    """Every introduction in a whole network, best first: `who_can_help` or `who_shares` for each open need.

    Here both sides are told, so private needs are left out too. `need_vectors`: float32 of shape (len(needs),
    dimension); `counterpart_vectors`: of shape (len(counterparts), dimension).

    Raises:
        ValueError: there are not as many vectors as texts, or a municipality is not among the members.
    """
    _check_rows("needs", needs, need_vectors)
    told = [row for row, need in enumerate(needs) if _is_told(need, today)]
    return _introduced(
        [needs[row] for row in told],
        counterparts,
        members,
        need_vectors[told],
        counterpart_vectors,
        today,
        floor,
        common_language,
    )


def _introduced(
    needs: Sequence[Need],
    counterparts: Sequence[Offer | Need],
    members: Collection[Member],
    need_vectors: Vectors,
    counterpart_vectors: Vectors,
    today: date,
    floor: float,
    common_language: bool,
) -> list[Introduction]:
    _check_rows("counterparts", counterparts, counterpart_vectors)
    by_key = _by_key(members, (*needs, *counterparts))
    told = [row for row, counterpart in enumerate(counterparts) if _is_told(counterpart, today)]
    similarities = need_vectors @ counterpart_vectors[told].T
    found = []
    for row, column in np.argwhere(similarities >= floor):
        need, counterpart = needs[row], counterparts[told[column]]
        if need.municipality != counterpart.municipality:
            pair = Pair(
                by_key[need.municipality],
                by_key[counterpart.municipality],
                need,
                counterpart,
                float(similarities[row, column]),
            )
            if pair.languages or not common_language:
                found.append(_with_reasons(pair))
    return sorted(found, key=lambda each: (-each.score, each.pair.need.id, each.pair.counterpart.id))


def _by_key(members: Collection[Member], statements: Iterable[Need | Offer]) -> dict[str, Member]:
    by_key = {member.key: member for member in members}
    for statement in statements:
        if statement.municipality not in by_key:
            raise ValueError(
                f"{statement.id}: its municipality {statement.municipality!r} is not among the members"
            )
    return by_key


def _check_rows(name: str, statements: Sequence[Need | Offer], vectors: Vectors) -> None:
    if len(statements) != len(vectors):
        raise ValueError(f"{name}: {len(statements)} of them with {len(vectors)} vectors; each has one")


def _is_told(statement: Need | Offer, today: date) -> bool:
    return statement.is_open(today) and statement.visibility is not Visibility.PRIVATE


def _with_reasons(pair: Pair) -> Introduction:
    evidence = {name: part.function(pair) for name, part in PARTS.items()}
    known = {name: each.score for name, each in evidence.items() if each.score is not None}
    weight = math.fsum(PARTS[name].weight for name in known)
    mean = math.fsum(PARTS[name].weight * score for name, score in known.items()) / weight
    return Introduction(pair, tuple(evidence.values()), min(1.0, mean))  # the last bit of a float may stick out


@dataclass(frozen=True, slots=True)
class Exchange:
    """Two members that can help one another: the best introduction in each direction."""

    there: Introduction
    back: Introduction

    @property
    def score(self) -> float:
        """The weaker of both scores: an exchange lasts as long as the side that gains less comes back. A harmonic
        mean would let a strong side make up for a weak one.
        """
        return min(self.there.score, self.back.score)


def mutual_exchanges(introductions: Iterable[Introduction]) -> list[Exchange]:
    """Pairs of members in which each has an offer for a need of the other, best first, each pair once.

    Of equally good ones the one whose other side gains more comes first.
    """
    best = _best_each_way(each for each in introductions if isinstance(each.pair.counterpart, Offer))
    exchanges = [
        Exchange(best[one, other], best[other, one]) for one, other in best if one < other and (other, one) in best
    ]
    return sorted(
        exchanges,
        key=lambda each: (
            -each.score,
            -max(each.there.score, each.back.score),
            each.there.pair.asks.key,
            each.there.pair.meets.key,
        ),
    )


def _best_each_way(introductions: Iterable[Introduction]) -> dict[tuple[str, str], Introduction]:
    """The best introduction by who asks and whom they meet."""
    best: dict[tuple[str, str], Introduction] = {}
    for each in introductions:
        way = (each.pair.asks.key, each.pair.meets.key)
        if way not in best or each.score > best[way].score:
            best[way] = each
    return best


# --- the meetings of a whole network ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlannedMeeting:
    """Two members that are to meet, and why: the best introduction in each direction there is one for."""

    one: str
    other: str
    introductions: tuple[Introduction, ...]
    round: int | None = None  # from 1; None when no rounds were asked for

    @property
    def value(self) -> float:
        """In [0, 2]: the sum of what either side gains."""
        return math.fsum(each.score for each in self.introductions)

    @property
    def members(self) -> tuple[str, str]:
        """The keys of both."""
        return self.one, self.other


class Reason(StrEnum):
    """Why a member meets nobody."""

    NO_INTRODUCTION = "no-introduction"  # nobody who takes part has what it needs, or needs what it has
    LIMITS = "limits"  # it met all of them, or reads no language of theirs
    OUTWEIGHED = "outweighed"  # others had better use for the same meetings
    NO_ROUND = "no-round"  # its meetings did not fit into the rounds


@dataclass(frozen=True, slots=True)
class Plan:
    """The meetings of a network, by round and the most valuable first, and who and what was left out."""

    meetings: tuple[PlannedMeeting, ...]
    unmatched: Mapping[str, Reason] = field(default_factory=dict)  # members without a meeting
    without_round: tuple[PlannedMeeting, ...] = ()  # chosen, and in no round that was free for both
    rounds_needed: int | None = None  # for all that were chosen, as found; None when no rounds were asked for

    @property
    def value(self) -> float:
        """The sum over its meetings."""
        return math.fsum(meeting.value for meeting in self.meetings)


def assign_meetings(
    members: Collection[Member],
    introductions: Iterable[Introduction],
    *,
    meetings_each: int,
    rounds: int | None = None,
    earlier: Collection[Meeting] = (),
    common_language: bool = True,
) -> Plan:
    """The meetings of greatest total value among those who take part, under the limits; no plan has a greater one.

    Nobody has more than `meetings_each`, no pair meets twice nor again after an `earlier` meeting, and, unless
    `common_language` is False, both are known to read one language. A maximum-weight b-matching in a general
    graph, solved to optimality as an integer programme (Schrijver 2003, chapter 31; HiGHS through scipy).

    With `rounds`, nobody has two meetings in one round: the chosen meetings are coloured as edges. Rounds as many
    as meetings may be too few (Vizing 1964: one more is enough); what no round was found for stands in
    `Plan.without_round`, and only where there is some may a plan of greater value exist.

    Raises:
        ValueError: `meetings_each` or `rounds` is less than 1.
        EmpeltError: the solver gave up.
    """
    return _assigned(_most_valuable, members, introductions, meetings_each, rounds, earlier, common_language)


def assign_greedily(
    members: Collection[Member],
    introductions: Iterable[Introduction],
    *,
    meetings_each: int,
    rounds: int | None = None,
    earlier: Collection[Meeting] = (),
    common_language: bool = True,
) -> Plan:
    """The same limits, the most valuable meeting first as long as both are free: at least half of the best value.

    For comparison with `assign_meetings`.

    Raises:
        ValueError: `meetings_each` or `rounds` is less than 1.
    """
    return _assigned(_first_come, members, introductions, meetings_each, rounds, earlier, common_language)


def _assigned(
    choose: Callable[[Sequence[PlannedMeeting], int], list[PlannedMeeting]],
    members: Collection[Member],
    introductions: Iterable[Introduction],
    meetings_each: int,
    rounds: int | None,
    earlier: Collection[Meeting],
    common_language: bool,
) -> Plan:
    for name, number in (("meetings_each", meetings_each), ("rounds", rounds)):
        if number is not None and number < 1:
            raise ValueError(f"{name} is {number}; it is a whole number from 1")
    taking_part = {member.key: member for member in members}
    by_pair: dict[tuple[str, str], list[Introduction]] = defaultdict(list)
    for (asks, meets), each in _best_each_way(introductions).items():
        if asks in taking_part and meets in taking_part and asks != meets:
            by_pair[min(asks, meets), max(asks, meets)].append(each)
    met = {_sorted_pair(meeting.one, meeting.other) for meeting in earlier}
    possible = [
        PlannedMeeting(*pair, tuple(found))
        for pair, found in by_pair.items()
        if pair not in met
        and (not common_language or taking_part[pair[0]].languages & taking_part[pair[1]].languages)
    ]
    possible.sort(key=_best_first)
    chosen = choose(possible, min(meetings_each, rounds or meetings_each))
    placed, needed = (chosen, None) if rounds is None else _in_rounds(chosen, rounds)
    placed_pairs = {meeting.members for meeting in placed}
    busy = {key for meeting in placed for key in meeting.members}
    reasons = [
        (Reason.NO_ROUND, {key for meeting in chosen for key in meeting.members}),
        (Reason.OUTWEIGHED, {key for meeting in possible for key in meeting.members}),
        (Reason.LIMITS, {key for pair in by_pair for key in pair}),
    ]
    return Plan(
        tuple(sorted(placed, key=_best_first)),
        {
            key: next((reason for reason, keys in reasons if key in keys), Reason.NO_INTRODUCTION)
            for key in taking_part
            if key not in busy
        },
        tuple(meeting for meeting in chosen if meeting.members not in placed_pairs),
        needed,
    )


def _sorted_pair(one: str, other: str) -> tuple[str, str]:
    return min(one, other), max(one, other)


def _best_first(meeting: PlannedMeeting) -> tuple[int, float, tuple[str, str]]:
    return meeting.round or 0, -meeting.value, meeting.members


def _first_come(possible: Sequence[PlannedMeeting], most: int) -> list[PlannedMeeting]:
    meetings: Counter[str] = Counter()
    chosen = []
    for meeting in possible:
        if all(meetings[key] < most for key in meeting.members):
            meetings.update(meeting.members)
            chosen.append(meeting)
    return chosen


def _most_valuable(possible: Sequence[PlannedMeeting], most: int) -> list[PlannedMeeting]:
    """Those of the greatest sum such that no member has more than `most`.

    The linear relaxation bounds the sum and puts a price on each member's time. A meeting whose price exceeds its
    value by more than the best sum found falls short of that bound is in no better plan, so few of them have to
    be decided on (reduced-cost fixing; Dantzig, Fulkerson and Johnson 1954).
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import csr_array

    if not possible:
        return []
    rows = {key: row for row, key in enumerate({key: None for meeting in possible for key in meeting.members})}
    columns = np.repeat(np.arange(len(possible)), 2)
    sits_in = csr_array(
        (np.ones(len(columns)), ([rows[key] for meeting in possible for key in meeting.members], columns)),
        shape=(len(rows), len(possible)),
    )
    values = np.array([meeting.value for meeting in possible])
    relaxed = linprog(-values, A_ub=sits_in, b_ub=np.full(len(rows), most), bounds=(0, 1))
    margin = FIRST_MARGIN
    while relaxed.success:
        gains = values + relaxed.ineqlin.marginals @ sits_in  # beyond the price of both members' time
        worth_it = np.flatnonzero(gains >= -margin)
        solved = milp(
            -values[worth_it],
            integrality=1,
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(sits_in[:, worth_it], ub=most),
            options={"mip_rel_gap": 0},  # by default HiGHS is content within 0.01 %
        )
        if not solved.success:
            break
        shortfall = solved.fun - relaxed.fun
        if shortfall <= margin or len(worth_it) == len(possible):
            return [possible[at] for at, taken in zip(worth_it.tolist(), solved.x, strict=True) if taken > 0.5]
        margin = shortfall
    raise EmpeltError(f"No plan was found for the meetings of {len(rows)} members: the solver gave up.")


def _in_rounds(chosen: Sequence[PlannedMeeting], rounds: int) -> tuple[list[PlannedMeeting], int]:
    """Those that found a round, with it, and how many rounds would hold all of them, as found.

    Whether a given number of rounds is enough is NP-complete (Holyer 1981), so several orders are tried.
    """
    rng = random.Random(0)  # noqa: S311 - orders to try, no secret
    best: list[PlannedMeeting] = []
    order = list(chosen)
    for _ in range(TRIES):
        placed = _coloured(order, rounds)
        if sum(meeting.value for meeting in placed) > sum(meeting.value for meeting in best):
            best = placed
        if len(placed) == len(chosen):
            return placed, rounds
        rng.shuffle(order)
    needed = rounds + 1
    while len(_coloured(chosen, needed)) < len(chosen):
        needed += 1
    return best, needed


def _coloured(meetings: Sequence[PlannedMeeting], rounds: int) -> list[PlannedMeeting]:
    """Those that found a round free for both, in their order; a Kempe chain makes one free where it can."""
    sits_in: dict[str, dict[int, int]] = defaultdict(dict)  # member -> round -> which meeting

    def chain(member: str, first: int, second: int) -> tuple[list[int], str]:
        """The meetings reached from a member through two rounds in turn, and who is last."""
        reached = []
        while (at := sits_in[member].get(first)) is not None:
            reached.append(at)
            member = meetings[at].one if meetings[at].other == member else meetings[at].other
            first, second = second, first
        return reached, member

    def swap(reached: Sequence[int], first: int, second: int) -> None:
        for place, at in enumerate(reached):
            for key in meetings[at].members:
                sits_in[key].pop((first, second)[place % 2], None)
        for place, at in enumerate(reached):
            for key in meetings[at].members:
                sits_in[key][(second, first)[place % 2]] = at

    for number, meeting in enumerate(meetings):
        one_free, other_free = (
            [each for each in range(1, rounds + 1) if each not in sits_in[key]] for key in meeting.members
        )
        found = next((each for each in one_free if each in other_free), None)
        if found is None:
            for first, second in product(one_free, other_free):
                reached, last = chain(meeting.other, first, second)
                if last != meeting.one:  # or the swap would take from one what it gives to the other
                    swap(reached, first, second)
                    found = first
                    break
        if found is not None:
            for key in meeting.members:
                sits_in[key][found] = number
    placed = {number: each for taken in sits_in.values() for each, number in taken.items()}
    return [replace(meetings[number], round=placed[number]) for number in sorted(placed)]


class Limit(StrEnum):
    """What a plan has to keep."""

    TAKES_PART = "takes-part"  # who meets is among the members
    TWO_MEMBERS = "two-members"  # nobody meets themselves
    INTRODUCED = "introduced"  # there is a reason to meet, between these two
    MEETINGS_EACH = "meetings-each"
    ONE_MEETING_PER_PAIR = "one-meeting-per-pair"
    NOT_MET_BEFORE = "not-met-before"
    COMMON_LANGUAGE = "common-language"
    WITHIN_ROUNDS = "within-rounds"  # every meeting has one of the rounds
    ONE_MEETING_PER_ROUND = "one-meeting-per-round"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken limit: which, by whom, and in which round or how often, where that says something."""

    limit: Limit
    members: tuple[str, ...]
    found: int | None = None


def violations(
    plan: Plan,
    members: Collection[Member],
    *,
    meetings_each: int,
    rounds: int | None = None,
    earlier: Collection[Meeting] = (),
    common_language: bool = True,
) -> list[Violation]:
    """Every limit that a plan breaks, none when it keeps them all; takes the limits as `assign_meetings` does."""
    taking_part = {member.key: member for member in members}
    met = {_sorted_pair(meeting.one, meeting.other) for meeting in earlier}
    broken = []
    for meeting in plan.meetings:
        pair = meeting.members
        both = [taking_part.get(key) for key in pair]
        known = [member.languages for member in both if member]
        introduced = {_sorted_pair(each.pair.asks.key, each.pair.meets.key) for each in meeting.introductions}
        faults = {
            Limit.TAKES_PART: None in both,
            Limit.TWO_MEMBERS: meeting.one == meeting.other,
            Limit.INTRODUCED: introduced != {_sorted_pair(*pair)},
            Limit.NOT_MET_BEFORE: _sorted_pair(*pair) in met,
            Limit.COMMON_LANGUAGE: common_language and len(known) == 2 and not known[0] & known[1],
            Limit.WITHIN_ROUNDS: rounds is not None and not 1 <= (meeting.round or 0) <= rounds,
        }
        broken += [Violation(limit, pair, meeting.round) for limit, is_broken in faults.items() if is_broken]
    of_pair = Counter(_sorted_pair(*meeting.members) for meeting in plan.meetings)
    of_member = Counter(key for meeting in plan.meetings for key in meeting.members)
    in_round = Counter(
        (key, meeting.round) for meeting in plan.meetings if meeting.round for key in meeting.members
    )
    broken += [Violation(Limit.ONE_MEETING_PER_PAIR, pair, count) for pair, count in of_pair.items() if count > 1]
    broken += [
        Violation(Limit.MEETINGS_EACH, (key,), count) for key, count in of_member.items() if count > meetings_each
    ]
    broken += [
        Violation(Limit.ONE_MEETING_PER_ROUND, (key,), number)
        for (key, number), count in in_round.items()
        if count > 1
    ]
    return broken


# --- needs nobody answers --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """How many municipalities, and how many needs of theirs, one value of the report stands for."""

    value: str | int | None  # a region, or a size band from 0 to 3; None: not known
    municipalities: int  # five or more
    needs: int


@dataclass(frozen=True, slots=True)
class UnmetTheme:
    """A row of the report: how often a theme is needed and not answered, in all, by territory and by size."""

    theme: Theme | None  # None: needs that name no theme
    municipalities: int  # five or more
    needs: int
    territories: tuple[Cell, ...]  # most municipalities first
    size_bands: tuple[Cell, ...]


def unmet_needs(
    needs: Iterable[Need], answered: Collection[str], *, members: Collection[Member]
) -> list[UnmetTheme]:
    """Needs without an answer by theme, and each theme by territory and by size band; most municipalities first.

    A cell stands for at least `FEWEST_MUNICIPALITIES` or is withheld, which looks the same as an empty one. A
    row tells its total; so that a withheld cell cannot be found by subtracting the others from it, the smallest
    others are withheld with it until what is withheld in the row comes to that many as well, or to nothing at
    all (complementary suppression; Hundepool et al. 2012, Statistical Disclosure Control, chapter 4). Columns
    have no totals: a need may have several themes, so nothing adds up downwards.

    `answered`: the ids of needs that found help. Private needs are never counted.

    Raises:
        ValueError: the municipality of a need is not among the members.
    """
    unmet = [need for need in needs if need.id not in answered and need.visibility is not Visibility.PRIVATE]
    by_key = _by_key(members, unmet)
    by_theme: dict[Theme | None, list[Need]] = defaultdict(list)
    for need in unmet:
        for theme in dict.fromkeys(need.themes) or (None,):
            by_theme[theme].append(need)

    def region(need: Need) -> str | None:
        name = by_key[need.municipality].municipality.region
        return canonical_region(name) if name else None

    rows = [
        UnmetTheme(
            theme,
            len({need.municipality for need in found}),
            len(found),
            _cells(found, region),
            _cells(found, lambda need: by_key[need.municipality].size_band),
        )
        for theme, found in by_theme.items()
    ]
    return sorted(
        (row for row in rows if row.municipalities >= FEWEST_MUNICIPALITIES),
        key=lambda row: (-row.municipalities, -row.needs, row.theme or ""),
    )


def _cells(needs: Iterable[Need], value_of: Callable[[Need], str | int | None]) -> tuple[Cell, ...]:
    """A row's cells that may be shown; each municipality has one value, so the cells add up to the row."""
    grouped: dict[str | int | None, list[Need]] = defaultdict(list)
    for need in needs:
        grouped[value_of(need)].append(need)
    cells = sorted(
        (Cell(value, len({need.municipality for need in found}), len(found)) for value, found in grouped.items()),
        key=lambda cell: (-cell.municipalities, -cell.needs, str(cell.value)),
    )
    shown = [cell for cell in cells if cell.municipalities >= FEWEST_MUNICIPALITIES]
    withheld = sum(cell.municipalities for cell in cells) - sum(cell.municipalities for cell in shown)
    while shown and 0 < withheld < FEWEST_MUNICIPALITIES:
        withheld += shown.pop().municipalities
    return tuple(shown)
