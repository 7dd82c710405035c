"""An exchange day: participants at tables that share a problem, and in every round among people new to them.

What must hold (`Constraint`) is counted; what makes a table good is its value, at most 1, higher is better. Needs
and offers are unit vectors, so likeness is their cosine in [-1, 1]. Participants are named by their place in the
list, from 0; rounds and tables are counted from 1.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from itertools import combinations, count, product
from math import comb
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, StringConstraints, model_validator

from corpus.errors import EmpeltError
from corpus.place_names import loose_name
from corpus.practice import Line, Record, Text
from models.encoder import Vectors

# What a table's value is made of; they add up to 1.
CLOSENESS, HELP, MIX = 0.5, 0.3, 0.2

# Cosine from which an offer may help with a need. With the shipped encoder a third of 967 problem sentences of
# practices judged to answer a query reach it, and one in twenty of those that do not.
HELPS_FROM = 0.35

MOST_ROUNDS = 3
MOST_HELPERS = 3  # named at a table

# A broken constraint outweighs all value, and a graver one any number of the next.
NOT_READ, SAME_OFFICE, MET_BEFORE = 10_000.0, 100.0, 10.0

STEPS, PATIENCE = 400, 100  # swaps in one go over one round, and how many of them may pass without improvement
TENURE = (5, 15)  # steps for which who left a table does not come back
DECIMALS = 6  # to which two needs are equally near the middle of a table
FRAMES_TRIED = 3  # numbers of tables, where the first leaves a constraint broken

_TOWN_HALL = ("ajuntament ", "ayuntamiento ", "comune ", "municipality ")

Seating = NDArray[np.intp]  # the table of each participant, from 0
Values = NDArray[np.float64]


class ImpossibleLimits(EmpeltError):
    """Limits that contradict one another."""


class ParticipantRole(StrEnum):
    """What somebody does at home, in a few words for all."""

    COUNCILLOR = "councillor"
    MANAGER = "manager"
    TECHNICIAN = "technician"
    ADMINISTRATIVE = "administrative"
    ASSOCIATION = "association"
    OTHER = "other"


class Participant(Record):
    """One person at the day; their name, or an alias, only if they gave it."""

    row: Annotated[int, Field(ge=1)] = Field(description="Where they stand in the list.")
    name: Line | None = None
    municipality: Line | None = None
    entity: Line | None = Field(None, description="A body that is no municipality, or an association.")
    office: Line | None = None
    role: ParticipantRole | None = None
    languages: Annotated[
        tuple[Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")], ...], Field(min_length=1)
    ] = Field(description="Codes of the languages they read (ISO 639).")
    need: Text = None
    offer: Text = None

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Self:
        if not (self.municipality or self.entity):
            raise ValueError("needs a municipality or an entity")
        return self

    @property
    def body(self) -> str:
        """Where they come from, to be shown."""
        return ", ".join(dict.fromkeys(filter(None, (self.entity, self.municipality))))

    @property
    def workplace(self) -> tuple[str, ...]:
        """Equal for people of one office; where no office is told, the whole body is one."""
        place = loose_name(self.municipality or "")
        for words in _TOWN_HALL:
            place = place.removeprefix(words)
        return place, loose_name(self.entity or ""), loose_name(self.office or "")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seats of a table, about how many and from least to most, and the number of rounds."""

    seats: int = 10
    least: int = 8
    most: int = 12
    rounds: int = 1

    def __post_init__(self) -> None:
        """Raises: ImpossibleLimits."""
        if not 2 <= self.least <= self.seats <= self.most:
            raise ImpossibleLimits(
                f"Tables of about {self.seats}, at least {self.least} and at most {self.most}, cannot be: the "
                "least must be 2 or more and no larger than the number asked for, the most no smaller."
            )
        if not 1 <= self.rounds <= MOST_ROUNDS:
            raise ImpossibleLimits(f"A day has 1 to {MOST_ROUNDS} rounds, not {self.rounds}.")

    @classmethod
    def about(cls, seats: int, *, least: int | None = None, most: int | None = None, rounds: int = 1) -> "Limits":
        """Tables of about so many, a fifth fewer or more where it is not said."""
        slack = max(1, round(seats / 5))
        return cls(
            seats=seats,
            least=max(2, seats - slack) if least is None else least,
            most=seats + slack if most is None else most,
            rounds=rounds,
        )


class Constraint(StrEnum):
    """What a plan must keep."""

    SEATED = "seated"  # everybody once in every round
    SIZE = "size"
    LANGUAGE = "language"  # one that all at the table read
    OFFICE = "office"  # nobody with somebody of their own
    REPEAT = "repeat"  # nobody with somebody from an earlier round


@dataclass(frozen=True)
class Broken:
    """One constraint that a plan does not keep: where, and whom it concerns. No table where all are concerned."""

    constraint: Constraint
    round: int
    table: int | None
    people: tuple[int, ...]


@dataclass(frozen=True)
class Unavoidable:
    """A constraint that arithmetic forbids to keep, and the numbers that show it.

    `people` cannot all be served by the `tables` there can be for them; empty when it concerns the whole list.
    `languages` are all that these people read, empty when language has no part in it.
    """

    constraint: Constraint
    people: tuple[int, ...] = ()
    tables: int = 0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class PracticeToBring:
    """A practice on the topic of a table."""

    id: str
    title: str


@dataclass(frozen=True)
class Table:
    """Who sits together and why. `closeness`, `help` and `mix` are what `value` is made of, see `Day`."""

    number: int
    people: tuple[int, ...]
    languages: tuple[str, ...]  # that all at the table read
    topic: int | None  # whose need is nearest the centre of all; None when nobody states any
    helpers: tuple[int, ...]  # whose offer may help with the topic, the best first
    closeness: float
    help: float
    mix: float
    value: float
    practices: tuple[PracticeToBring, ...] = ()


@dataclass(frozen=True)
class Round:
    """The tables of one round."""

    number: int
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Plan:
    """A whole day. `value` is the mean over all tables; `broken` is what `violations` finds in `rounds`."""

    rounds: tuple[Round, ...]
    value: float
    broken: tuple[Broken, ...]
    unavoidable: tuple[Unavoidable, ...]


@dataclass(frozen=True, eq=False)
class Day:
    """What a plan is made from.

    `needs` and `offers` are float32 of shape (participants, dimension), unit vectors; a row counts only where the
    participant states that need or offer.

    The value of a table is the weighted sum of three shares:
    - closeness: the mean cosine of the needs of all pairs at the table;
    - help: the best cosine between the table's topic and the offer of somebody else there, as a share of
      `helps_from`, from 0 to 1;
    - mix: the share of pairs whose roles differ.
    A need or role that is not told counts as the average of all pairs of the day: it neither helps nor hurts.
    """

    participants: tuple[Participant, ...]
    needs: Vectors
    offers: Vectors
    limits: Limits = Limits()
    helps_from: float = HELPS_FROM

    def __post_init__(self) -> None:
        """Raises: ValueError when there are no participants, or not one row for each."""
        if not self.participants:
            raise ValueError("a day needs participants")
        if not len(self.needs) == len(self.offers) == len(self.participants):
            raise ValueError("needs and offers must have one row for each participant")

    def __len__(self) -> int:
        return len(self.participants)

    @cached_property
    def has_need(self) -> NDArray[np.bool_]:
        """Who states a need."""
        return np.array([each.need is not None for each in self.participants])

    @cached_property
    def likeness(self) -> Values:
        """Cosines of needs, 0 on the diagonal and where either is not told."""
        return np.where(_pairs(self.has_need), self.needs @ self.needs.T, 0).astype(np.float64)

    @cached_property
    def help(self) -> Values:
        """How well the offer of one (row) may help with the need of another (column), 0 to 1."""
        offers = np.array([each.offer is not None for each in self.participants])
        told = np.outer(offers, self.has_need) & ~np.eye(len(self), dtype=bool)
        return np.where(told, np.clip(self.offers @ self.needs.T / self.helps_from, 0, 1), 0).astype(np.float64)

    @cached_property
    def closeness(self) -> Values:
        """What each pair adds to the closeness of its table."""
        return _filled(self.likeness, _pairs(self.has_need))

    @cached_property
    def mix(self) -> Values:
        """What each pair adds to the mix of its table."""
        roles = np.array([each.role or "" for each in self.participants])
        differ = (roles[:, None] != roles[None, :]).astype(np.float64)
        return _filled(differ, _pairs(roles != ""))

    @cached_property
    def same_office(self) -> NDArray[np.bool_]:
        """Pairs of one office."""
        offices = {place: at for at, place in enumerate({each.workplace: 0 for each in self.participants})}
        ids = np.array([offices[each.workplace] for each in self.participants])
        same: NDArray[np.bool_] = (ids[:, None] == ids[None, :]) & ~np.eye(len(self), dtype=bool)
        return same

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """All that anybody reads, in the order of the columns of `reads`."""
        return tuple(sorted({language for each in self.participants for language in each.languages}))

    @cached_property
    def reads(self) -> NDArray[np.intp]:
        """1 where a participant (row) reads a language (column)."""
        read = [[code in each.languages for code in self.languages] for each in self.participants]
        return np.array(read, np.intp)

    @cached_property
    def frames(self) -> "tuple[_Frame, ...]":
        """The numbers of tables to try: what arithmetic forbids least first, then what is nearest the seats."""
        people, limits = len(self), self.limits
        fitting = range(-(-people // limits.most), people // limits.least + 1) or [
            max(1, people // limits.seats),
            -(-people // limits.seats),
        ]
        nearest = sorted(set(fitting), key=lambda tables: (abs(people / tables - limits.seats), tables))
        frames = [_frame(self, tables) for tables in nearest[: 2 * FRAMES_TRIED]]
        return tuple(sorted(frames, key=lambda frame: (frame.unread, frame.crowded))[:FRAMES_TRIED])


def _pairs(told: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs of two different people who both tell."""
    return np.outer(told, told) & ~np.eye(len(told), dtype=bool)


def _filled(values: Values, known: NDArray[np.bool_]) -> Values:
    """Pair values with the average of those known where not known; 0 on the diagonal."""
    average = values[known].mean() if known.any() else 0.0
    filled: Values = np.where(known, values, average)
    np.fill_diagonal(filled, 0)
    return filled


def plan_day(
    day: Day,
    *,
    seed: int = 0,
    bring: Callable[[int], Sequence[PracticeToBring]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """The best plan found; the same for the same day and seed.

    How many tables, and how many of them in which language, a small integer programme says (`_frame`). People
    then change places by tabu search (Glover 1989): in each step the value of every swap of two people is worked
    out exactly and the best is made, one round after another and then each once more among the others. On one
    round of 100 people this reaches closeness and mix of 0.354 in half a second of processor time; CP-SAT
    (OR-Tools 9.15) had come to 0.285 after 45 s, where a random plan has 0.277.

    Args:
        bring: from the participant whose need is a table's topic to the practices to bring.
        progress: told how many goes over a round are done, and of how many at most.
    """
    rounds, people = day.limits.rounds, len(day)
    again = rounds if rounds > 1 else 0
    done = 0

    def improved(seating: Seating, others: Sequence[Seating], rng: np.random.Generator) -> Seating:
        nonlocal done
        better = _Search(day, seating, _times_met(others, people)).best(rng)
        done += 1
        if progress:
            progress(done, rounds * FRAMES_TRIED + again)
        return better

    tried: list[tuple[Plan, list[Seating], np.random.Generator]] = []
    for frame in day.frames:
        rng = np.random.default_rng(seed)
        seatings: list[Seating] = []
        for _ in range(rounds):
            seatings.append(improved(_framed(day, frame, rng), seatings, rng))
        tried.append((plan_of(day, seatings), seatings, rng))
        if not tried[-1][0].broken:
            break
    done = rounds * FRAMES_TRIED
    plan, seatings, rng = min(tried, key=lambda each: _rank(each[0]))
    for at in range(again):
        seatings[at] = improved(seatings[at], [*seatings[:at], *seatings[at + 1 :]], rng)
    return _with_practices(min(plan, plan_of(day, seatings), key=_rank), bring)


def greedy_plan(day: Day) -> Plan:
    """The plan of somebody patient: each in turn goes where they add most, breaking as little as possible."""
    seatings: list[Seating] = []
    tables = day.frames[0].tables
    sizes = _even(len(day), tables)
    for _ in range(day.limits.rounds):
        search = _Search(day, np.full(len(day), -1, np.intp), _times_met(seatings, len(day)), tables=0)
        groups: list[list[int]] = [[] for _ in range(tables)]
        worth = [0.0] * tables
        for person in range(len(day)):
            grown = {
                table: search.worth(np.array([*group, person]))
                for table, group in enumerate(groups)
                if len(group) < sizes[table]
            }
            table = max(grown, key=lambda table: (grown[table] - worth[table], -table))
            groups[table].append(person)
            worth[table] = grown[table]
        seating = np.empty(len(day), np.intp)
        for table, group in enumerate(groups):
            seating[group] = table
        seatings.append(seating)
    return plan_of(day, seatings)


def random_plan(day: Day, *, seed: int = 0) -> Plan:
    """A plan by lot: tables of even size, and nothing else looked at."""
    rng = np.random.default_rng(seed)
    tables = day.frames[0].tables
    seats = np.repeat(np.arange(tables), _even(len(day), tables))
    return plan_of(day, [rng.permutation(seats) for _ in range(day.limits.rounds)])


def plan_of(day: Day, seatings: Sequence[Seating]) -> Plan:
    """The plan that seats people so: for each round the table of each participant, counted from 0."""
    rounds = []
    for number, seating in enumerate(seatings, 1):
        groups = [np.flatnonzero(seating == table) for table in range(int(seating.max()) + 1)]
        rounds.append(Round(number, tuple(_as_table(day, at, people) for at, people in enumerate(groups, 1))))
    values = [table.value for each in rounds for table in each.tables]
    return Plan(
        tuple(rounds),
        value=float(np.mean(values)),
        broken=violations(rounds, day.participants, day.limits),
        unavoidable=unavoidable(day, len(rounds[0].tables)),
    )


def violations(rounds: Sequence[Round], participants: Sequence[Participant], limits: Limits) -> tuple[Broken, ...]:
    """Every constraint the rounds do not keep, worked out from the list alone, however the plan was made.

    For a language: those who do not read the one that most at the table read. For an office: all of it at the
    table. For a repeat: one pair, in the later round.
    """
    broken: list[Broken] = []
    met: set[tuple[int, int]] = set()
    for each in rounds:
        seated = Counter(person for table in each.tables for person in table.people)
        if wrong := tuple(person for person in range(len(participants)) if seated[person] != 1):
            broken.append(Broken(Constraint.SEATED, each.number, None, wrong))
        for table in each.tables:
            found = [
                *_broken_at(table.people, participants, limits),
                *((Constraint.REPEAT, pair) for pair in combinations(sorted(table.people), 2) if pair in met),
            ]
            broken += [Broken(constraint, each.number, table.number, people) for constraint, people in found]
        met |= {pair for table in each.tables for pair in combinations(sorted(table.people), 2)}
    return tuple(broken)


def _broken_at(
    people: Sequence[int], participants: Sequence[Participant], limits: Limits
) -> Iterator[tuple[Constraint, tuple[int, ...]]]:
    """What one table breaks by itself."""
    if not limits.least <= len(people) <= limits.most:
        yield Constraint.SIZE, tuple(people)
    read = Counter(language for person in people for language in participants[person].languages)
    common = min(read, key=lambda language: (-read[language], language), default="")
    if shut_out := tuple(person for person in people if common not in participants[person].languages):
        yield Constraint.LANGUAGE, shut_out
    offices: dict[tuple[str, ...], list[int]] = {}
    for person in people:
        offices.setdefault(participants[person].workplace, []).append(person)
    yield from ((Constraint.OFFICE, tuple(members)) for members in offices.values() if len(members) > 1)


def unavoidable(day: Day, tables: int) -> tuple[Unavoidable, ...]:
    """What no plan with so many tables can keep, by counting; what is not here may still be beyond reach.

    People who read only certain languages can sit only at tables where one of these is spoken, and there are no
    more of those than their readers fill. Too many of one office for these tables must share one. Some meet twice
    where `_pairs_again` says so, and where they have fewer others to meet than seats beside them.
    """
    limits, people = day.limits, len(day)
    framed = next((frame for frame in day.frames if frame.tables == tables), None) or _frame(day, tables)
    found: list[Unavoidable] = []
    if not limits.least <= people // tables or not -(-people // tables) <= limits.most:
        found.append(Unavoidable(Constraint.SIZE, tables=tables))
    least = max(1, min(limits.least, people // tables))
    largest = max(limits.most, -(-people // tables))
    offices: dict[tuple[str, ...], Unavoidable] = {}
    repeats: list[Unavoidable] = []
    every = (1,) * len(day.languages)
    for known in sorted({every, *map(tuple, day.reads.tolist())}, reverse=True):
        bound = np.flatnonzero((day.reads <= np.array(known)).all(axis=1))
        spoken = np.flatnonzero(np.array(known) * (day.reads.sum(axis=0) >= least))
        # Those who cannot but be shut out somewhere may fill a table of these too.
        readers = int(day.reads[:, spoken].any(axis=1).sum()) + (framed.unread if len(spoken) else 0)
        room = tables if known == every else min(tables, readers // least)
        languages = () if known == every else tuple(np.array(day.languages)[np.flatnonzero(known)].tolist())
        if room == 0:
            found.append(Unavoidable(Constraint.LANGUAGE, tuple(bound.tolist()), 0, languages))
            continue
        at_work: dict[tuple[str, ...], list[int]] = {}
        for person in bound.tolist():
            at_work.setdefault(day.participants[person].workplace, []).append(person)
        for office, members in at_work.items():
            before = offices.get(office)
            if len(members) > room and (
                before is None or len(members) - room > len(before.people) - before.tables
            ):
                offices[office] = Unavoidable(Constraint.OFFICE, tuple(members), room, languages)
        readers = people if known == every else readers
        fewest = tables if known == every else -(-len(bound) // largest)
        again = [
            _pairs_again(len(bound), readers, least, first, second)
            for first, second in product(range(fewest, room + 1), repeat=2)
        ]
        if limits.rounds > 1 and (min(again, default=0) or readers - 1 < limits.rounds * (least - 1)):
            repeats.append(Unavoidable(Constraint.REPEAT, tuple(bound.tolist()), room, languages))
    if not any(each.constraint is Constraint.LANGUAGE for each in found) and framed.unread:
        found.append(Unavoidable(Constraint.LANGUAGE, tables=tables))
    # Where the whole list is too large for its tables, that says it all.
    return (*found, *offices.values(), *([each for each in repeats if not each.languages] or repeats))


@dataclass(frozen=True)
class _Frame:
    """How many tables speak each language, and for each set of languages how many of its people sit at which."""

    tables: int
    speaking: tuple[int, ...]
    people: dict[tuple[int, ...], tuple[int, ...]]
    unread: int  # people who cannot but sit where they do not read the language
    crowded: int  # people of one office and pairs that meet twice, at least


def _frame(day: Day, tables: int) -> _Frame:
    """Share tables and people out among the languages, by integer programme.

    Variables, for each language: whether none, one, two ... tables speak it; how many people of each set of
    languages sit there; and how far their number is from even tables. What a number of tables costs is how
    crowded it leaves those who read nothing else.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # half a second that no other command should wait

    people, limits = len(day), day.limits
    kinds = Counter(map(tuple, day.reads.tolist()))
    size, languages = len(kinds), len(day.languages)
    average = people / tables
    least, most = limits.least, limits.most
    if not least <= average <= most:
        least, most = people // tables, -(-people // tables)
    number = np.arange(tables + 1)
    speak = np.arange(languages * len(number)).reshape(languages, len(number))
    sit = speak.size + np.arange(size * languages).reshape(size, languages)
    uneven = speak.size + sit.size + np.arange(languages)
    variables = speak.size + sit.size + languages
    cost = np.zeros(variables)
    cost[uneven] = 1 / tables
    rows: list[tuple[Values, float, float]] = []

    def constrain(terms: Sequence[tuple[Any, Any]], low: float, high: float) -> None:
        row = np.zeros(variables)
        for at, factor in terms:
            row[at] += factor
        rows.append((row, low, high))

    constrain([(each, number) for each in speak], tables, tables)
    for at, (kind, members) in enumerate(kinds.items()):
        constrain([(sit[at], 1)], members, members)
        cost[sit[at][np.array(kind) == 0]] = 10_000
    for language in range(languages):
        there = sit[:, language]
        constrain([(speak[language], 1)], 1, 1)
        constrain([(there, 1), (speak[language], -least * number)], 0, np.inf)
        constrain([(there, 1), (speak[language], -most * number)], -np.inf, 0)
        for sign in (1, -1):
            even = -sign * people * number
            constrain([(there, sign * tables), (speak[language], even), (uneven[language], -1)], -np.inf, 0)
        bound = np.flatnonzero((day.reads.sum(axis=1) == 1) & (day.reads[:, language] == 1))
        readers = int(day.reads[:, language].sum())
        cost[speak[language][1:]] = [
            100 * _crowd(day, bound, readers, least, many) for many in number[1:].tolist()
        ]
    matrix, low, high = (np.array(part) for part in zip(*rows, strict=True))
    solved = milp(
        cost,
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.ones(variables),
        bounds=Bounds(0, np.inf),
    )
    share = np.round(solved.x).astype(int)
    speaking = share[speak] @ number
    return _Frame(
        tables=tables,
        speaking=tuple(speaking.tolist()),
        people={kind: tuple(share[sit[at]].tolist()) for at, kind in enumerate(kinds)},
        unread=int(share[sit][np.array(list(kinds)) == 0].sum()),
        crowded=int(share[speak].ravel() @ cost[speak].ravel()) // 100
        + _crowd(day, np.arange(people), people, least, tables),
    )


def _crowd(day: Day, bound: NDArray[np.intp], readers: int, least: int, tables: int) -> int:
    """Of people bound to some tables: those too many of one office there, and pairs that meet twice."""
    if not len(bound):
        return 0
    largest = max(Counter(day.participants[person].workplace for person in bound.tolist()).values())
    again = _pairs_again(len(bound), readers, least, tables, tables) if day.limits.rounds > 1 else 0
    return max(0, largest - tables) + again


def _pairs_again(bound: int, readers: int, least: int, first: int, second: int) -> int:
    """Pairs who sit together in two rounds, at least, by the pigeonhole principle.

    In one round `first` tables and in another `second` seat all those bound to them, and for the rest others of
    the readers, who all together may be too few to be different ones. Those who sit there twice have no more than
    `first * second` ways to do so without meeting.
    """
    twice, ways = max(bound, (first + second) * least - readers), first * second
    each, over = divmod(twice, ways)
    return over * comb(each + 1, 2) + (ways - over) * comb(each, 2)


def _framed(day: Day, frame: _Frame, rng: np.random.Generator) -> Seating:
    """Seats by lot within a frame."""
    left = {kind: list(places) for kind, places in frame.people.items()}
    seating = np.empty(len(day), np.intp)
    first = np.concatenate([[0], np.cumsum(frame.speaking)])
    taken = Counter[int]()
    for person in rng.permutation(len(day)).tolist():
        places = left[tuple(day.reads[person].tolist())]
        language = next(at for at, free in enumerate(places) if free)
        places[language] -= 1
        seating[person] = first[language] + taken[language] % frame.speaking[language]
        taken[language] += 1
    return seating


def _even(people: int, tables: int) -> list[int]:
    """Sizes of tables that differ by one at most."""
    return [people // tables + (table < people % tables) for table in range(tables)]


def _times_met(seatings: Sequence[Seating], people: int) -> Values:
    """How often each pair sits together."""
    met = np.zeros((people, people))
    for seating in seatings:
        met += seating[:, None] == seating[None, :]
    np.fill_diagonal(met, 0)
    return met


class _Search:
    """Tabu search over one round. `instead[p, q]` is the worth of p's table with q in p's place, exact."""

    def __init__(self, day: Day, seating: Seating, met: Values, *, tables: int | None = None) -> None:
        self.day = day
        self.seating = seating.copy()
        self.gain = CLOSENESS * day.closeness + MIX * day.mix
        self.loss = SAME_OFFICE * day.same_office + MET_BEFORE * met
        self.tables = int(seating.max()) + 1 if tables is None else tables
        self.worths = np.zeros(self.tables)
        self.instead = np.full((len(day), len(day)), -np.inf)
        for table in range(self.tables):
            self.weigh(table)

    def worth(self, people: NDArray[np.intp]) -> float:
        """The value of a table less what it breaks."""
        day, square = self.day, np.ix_(people, people)
        pairs = len(people) * (len(people) - 1) / 2
        return float(
            self.gain[square].sum() / 2 / max(pairs, 1)
            + HELP * _help(day, people)
            - self.loss[square].sum() / 2
            - NOT_READ * (len(people) - day.reads[people].sum(axis=0).max())
        )

    def weigh(self, table: int) -> None:
        """Bring the worth of a table, and of each change of one person there, up to date."""
        day, people = self.day, np.flatnonzero(self.seating == table)
        size = len(people)
        pairs = max(size * (size - 1) / 2, 1)
        each = np.arange(size)

        def with_change(matrix: Values) -> Values:
            """Sums over the pairs of the table when one (row) is replaced by anybody (column)."""
            part = matrix[people]
            sums = part.sum(axis=0)
            own = sums[people]
            changed: Values = (own.sum() / 2 - own)[:, None] + sums[None, :] - part
            return changed

        # The topic: of those who stay, (one who stays, one who leaves, one who comes); then the one who comes.
        likeness = day.likeness[people]
        sums = likeness.sum(axis=0)
        central = (sums[people][:, None] - likeness[:, people])[:, :, None] + likeness[:, None, :]
        central[~day.has_need[people]] = -np.inf
        central[each, each] = -np.inf
        central = central.round(DECIMALS)
        staying = central.argmax(axis=0)
        of_staying = np.take_along_axis(central, staying[None], axis=0)[0]
        of_coming = np.where(day.has_need, sums - likeness, -np.inf).round(DECIMALS)
        stays, everybody = people[staying], np.arange(len(day))
        leads = (of_coming > of_staying) | ((of_coming == of_staying) & (everybody < stays))

        help_there = _best_without_one(day.help[people])
        best = np.maximum(help_there[each[:, None], stays], day.help[everybody, stays])
        best = np.where(leads, help_there, best)
        best[np.maximum(of_coming, of_staying) == -np.inf] = 0

        reading = day.reads[people]
        common = (reading.sum(axis=0) - reading[:, None, :] + day.reads).max(axis=2)
        self.instead[people] = (
            with_change(self.gain) / pairs + HELP * best - with_change(self.loss) - NOT_READ * (size - common)
        )
        self.instead[np.ix_(people, people)] = -np.inf
        self.worths[table] = self.worth(people)

    def best(self, rng: np.random.Generator) -> Seating:
        """The best seating met on the way."""
        people = len(self.day)
        best_worth, best_seating = self.worths.sum(), self.seating.copy()
        if self.tables == 1:
            return best_seating
        barred = np.zeros((people, self.tables), np.intp)  # the step until which a person may not go there
        since = 0
        for step in count(1):
            if since == PATIENCE or step > STEPS:
                break
            now = self.worths[self.seating]
            change = self.instead + self.instead.T - now[:, None] - now[None, :]
            closed = barred[:, self.seating] > step
            leads = self.worths.sum() + change > best_worth + 1e-9
            change[(closed | closed.T) & ~leads] = -np.inf
            one, other = divmod(int(change.argmax()), people)
            here, there = int(self.seating[one]), int(self.seating[other])
            self.seating[one], self.seating[other] = there, here
            barred[one, here] = barred[other, there] = step + rng.integers(*TENURE)
            self.weigh(here)
            self.weigh(there)
            since += 1
            if (worth := self.worths.sum()) > best_worth + 1e-9:
                best_worth, best_seating, since = worth, self.seating.copy(), 0
        return best_seating


def _best_without_one(values: Values) -> Values:
    """For each row, the best of every column over all the other rows; 0 where there is no other."""
    if len(values) == 1:
        return np.zeros_like(values)
    first = values.argmax(axis=0)
    second, best = np.partition(values, -2, axis=0)[-2:]
    without: Values = np.where(np.arange(len(values))[:, None] == first, second, best)
    return without


def _topic(day: Day, people: NDArray[np.intp]) -> int | None:
    """Whose need has the highest cosine with the mean of all, the first of equals; None where nobody has one."""
    stating = people[day.has_need[people]]
    if not len(stating):
        return None
    return int(stating[day.likeness[np.ix_(stating, stating)].sum(axis=1).round(DECIMALS).argmax()])


def _help(day: Day, people: NDArray[np.intp]) -> float:
    topic = _topic(day, people)
    return 0.0 if topic is None else float(day.help[people, topic].max())


def _as_table(day: Day, number: int, people: NDArray[np.intp]) -> Table:
    square, pairs = np.ix_(people, people), max(len(people) * (len(people) - 1), 1)
    topic = _topic(day, people)
    helpers = () if topic is None else tuple(_helpers(day, people, topic))[:MOST_HELPERS]
    closeness, mix = (float(of[square].sum() / pairs) for of in (day.closeness, day.mix))
    help_there = _help(day, people)
    return Table(
        number,
        tuple(people.tolist()),
        languages=tuple(np.array(day.languages)[day.reads[people].all(axis=0)].tolist()),
        topic=topic,
        helpers=helpers,
        closeness=closeness,
        help=help_there,
        mix=mix,
        value=CLOSENESS * closeness + HELP * help_there + MIX * mix,
    )


def _helpers(day: Day, people: NDArray[np.intp], topic: int) -> Iterator[int]:
    """Whose offers reach `helps_from`, the nearest first."""
    cosines = day.offers[people] @ day.needs[topic]
    for at in np.argsort(-cosines, kind="stable"):
        if day.help[people[at], topic] >= 1:
            yield int(people[at])


def _rank(plan: Plan) -> tuple[float, ...]:
    """Lower is better: what is broken, the gravest first, then value."""
    counted = Counter(each.constraint for each in plan.broken)
    return (*(counted[constraint] for constraint in Constraint), -plan.value)


def _with_practices(plan: Plan, bring: Callable[[int], Sequence[PracticeToBring]] | None) -> Plan:
    if bring is None:
        return plan

    def brought(table: Table) -> Table:
        return table if table.topic is None else replace(table, practices=tuple(bring(table.topic)))

    rounds = tuple(replace(each, tables=tuple(map(brought, each.tables))) for each in plan.rounds)
    return replace(plan, rounds=rounds)
