"""Who can help whom, and a network's meetings: better and worse pairs, limits that always hold, a true optimum."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.municipality import Municipality
from corpus.network import Meeting, Need, Offer, Visibility
from corpus.practice import need_text
from corpus.vocabulary import Language, Theme
from models.encoder import Vectors
from service.matchmaking import (
    FEWEST_MUNICIPALITIES,
    FLOOR,
    PARTS,
    Introduction,
    Limit,
    Member,
    Pair,
    Plan,
    Reason,
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
from tests.factories import make_practice

TODAY = date(2026, 12, 1)
YESTERDAY = date(2026, 11, 30)
REUS, SALT, BARI, LUGO = "43123", "17155", "072006", "27028"
CATALAN, SPANISH, ITALIAN, ENGLISH = Language


def member(key: str = REUS, *languages: Language, **place: Any) -> Member:
    known = {"name": f"Vila {key}", "population": 18_000, "latitude": 41.15, "longitude": 1.1, "country": "ES"}
    return Member(key, Municipality(**(known | place)), frozenset(languages or {CATALAN, SPANISH}))


def make_need(key: str = REUS, **fields: Any) -> Need:
    known = {"id": f"need-{key}", "text": "Gent gran sola", "language": "ca", "themes": ("loneliness",)}
    return Need(municipality=key, created_on=YESTERDAY, **(known | fields))


def make_offer(key: str = SALT, **fields: Any) -> Offer:
    known = {"id": f"offer-{key}", "text": "Trucades cada setmana", "language": "ca", "themes": ("loneliness",)}
    return Offer(municipality=key, created_on=YESTERDAY, **(known | fields))


def vectors(*cosines: float) -> Vectors:
    """Unit vectors with these cosines to (1, 0)."""
    return np.array([(cosine, math.sqrt(1 - cosine**2)) for cosine in cosines], dtype=np.float32)


NEED_VECTOR = vectors(1.0)[0]


def helpers(
    offers: Sequence[Offer], members: Sequence[Member], *cosines: float, need: Need | None = None, **options: Any
) -> list[Introduction]:
    """Who can help a need of the first of the members."""
    return who_can_help(
        need or make_need(members[0].key),
        offers,
        members=members,
        need_vector=NEED_VECTOR,
        offer_vectors=vectors(*(cosines or [0.45] * len(offers))),
        today=TODAY,
        **options,
    )


def who(found: Sequence[Introduction]) -> list[str]:
    return [each.pair.meets.key for each in found]


def finding(introduction: Introduction, part: str) -> str:
    return next(each.finding for each in introduction.evidence if each.factor == part)


def score_of(
    other: Member, offer: Offer | None = None, cosine: float = 0.45, asking: Member | None = None
) -> float:
    """How good an introduction of Reus to another member is."""
    asking = asking or member(REUS)
    (found,) = helpers([offer or make_offer(other.key)], [asking, other], cosine, common_language=False)
    return found.score


# --- better and worse pairs ------------------------------------------------------------------------


def test_an_offer_for_the_same_problem_comes_before_one_for_a_related_problem():
    offers = [make_offer(SALT), make_offer(LUGO)]
    found = helpers(offers, [member(REUS), member(SALT), member(LUGO)], 0.35, 0.55)
    assert who(found) == [LUGO, SALT]
    assert [finding(each, "problem") for each in found] == ["close", "related"]


def test_who_solved_the_same_problem_far_away_comes_before_a_neighbour_who_solved_a_related_one():
    far = member(BARI, ITALIAN, CATALAN, latitude=41.12, longitude=16.87, country="IT", population=300_000)
    offers = [make_offer(SALT), make_offer(BARI, language="it")]
    assert who(helpers(offers, [member(REUS), member(SALT), far], 0.32, 0.55)) == [BARI, SALT]


def test_a_common_language_is_better_than_none():
    assert score_of(member(BARI, CATALAN)) > score_of(member(BARI, ITALIAN))


def test_writing_in_one_language_beats_reading_the_other_s_and_that_beats_a_third_language():
    asking = member(REUS, CATALAN, ENGLISH)
    same = score_of(member(SALT, CATALAN), asking=asking)
    read = score_of(member(SALT, CATALAN, SPANISH), make_offer(SALT, language="es"), asking=asking)
    third = score_of(member(SALT, SPANISH, ENGLISH), make_offer(SALT, language="es"), asking=asking)
    none = score_of(member(SALT, SPANISH), make_offer(SALT, language="es"), asking=asking)
    assert same > read > third > none


def test_near_is_better_than_far_when_all_else_is_equal():
    assert score_of(member(SALT, latitude=41.2)) > score_of(member(SALT, latitude=43.0))


def test_the_distance_is_told_in_kilometres():
    girona = member(SALT, latitude=41.98, longitude=2.82)
    barcelona = member(REUS, latitude=41.39, longitude=2.17)
    (found,) = helpers([make_offer(SALT)], [barcelona, girona])
    assert found.pair.distance_km == 85
    assert finding(found, "distance") == "far"


@settings(max_examples=40, deadline=None)
@given(latitude=st.floats(-89, 89), cosine=st.floats(FLOOR, 1))
def test_an_unknown_distance_neither_helps_nor_hurts(latitude: float, cosine: float):
    known = score_of(member(SALT, latitude=latitude), cosine=cosine)
    unknown = score_of(member(SALT, latitude=None), cosine=cosine)
    distance = 0.5 ** (
        Pair(member(REUS), member(SALT, latitude=latitude), make_need(), make_offer(), 1).distance_km / 100
    )
    weight = sum(part.weight for part in PARTS.values())
    share = PARTS["distance"].weight / weight
    assert known == pytest.approx(share * distance + (1 - share) * unknown)


def test_the_same_size_is_better_than_the_next_and_that_than_a_city():
    scores = [score_of(member(SALT, population=people)) for people in (12_000, 30_000, 300_000)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


def test_a_common_theme_is_better_than_another_and_an_offer_that_names_none_is_in_between():
    shared, other, none = (
        score_of(member(SALT), make_offer(SALT, themes=themes)) for themes in (("loneliness",), ("housing",), ())
    )
    assert shared > none > other


def test_a_population_of_zero_is_a_missing_figure():
    (found,) = helpers([make_offer(SALT)], [member(REUS), member(SALT, population=0)])
    assert finding(found, "size_band") == "unknown"


@settings(max_examples=40, deadline=None)
@given(
    cosine=st.floats(FLOOR, 1),
    languages=st.sets(st.sampled_from(Language)),
    themes=st.lists(st.sampled_from(Theme), max_size=4),
    place=st.fixed_dictionaries(
        {
            "population": st.none() | st.integers(0, 3_000_000),
            "latitude": st.none() | st.floats(-90, 90),
            "longitude": st.none() | st.floats(-180, 180),
        }
    ),
)
def test_a_score_lies_between_nought_and_one_and_every_part_says_why(
    cosine: float, languages: set[Language], themes: list[Theme], place: dict[str, Any]
):
    other = replace(member(SALT, **place), languages=frozenset(languages))
    offers = [make_offer(SALT, themes=tuple(themes))]
    (found,) = helpers(offers, [member(REUS), other], cosine, common_language=False)
    assert 0 <= found.score <= 1
    assert [each.factor for each in found.evidence] == list(PARTS)
    assert all(each.finding and (each.score is None or 0 <= each.score <= 1) for each in found.evidence)


# --- who can help, who shares ----------------------------------------------------------------------


def test_nobody_is_introduced_to_themselves():
    assert helpers([make_offer(REUS)], [member(REUS)]) == []


def test_a_closed_offer_is_left_out_and_one_that_closes_today_is_not():
    offers = [make_offer(SALT, open_until=YESTERDAY), make_offer(LUGO, open_until=TODAY)]
    assert who(helpers(offers, [member(REUS), member(SALT), member(LUGO)])) == [LUGO]


def test_a_private_offer_is_shown_to_nobody():
    assert helpers([make_offer(SALT, visibility=Visibility.PRIVATE)], [member(REUS), member(SALT)]) == []


def test_a_municipality_asks_for_its_private_need_but_a_network_is_not_told_of_it():
    need, members = make_need(visibility=Visibility.PRIVATE), [member(REUS), member(SALT)]
    assert who(helpers([make_offer(SALT)], members, need=need)) == [SALT]
    told = introductions(
        [need, make_need(id="told")],
        [make_offer(SALT)],
        members=members,
        need_vectors=vectors(1, 1),
        counterpart_vectors=vectors(0.5),
        today=TODAY,
    )
    assert [each.pair.need.id for each in told] == ["told"]


def test_below_the_floor_nobody_is_said_to_help():
    members = [member(REUS), member(SALT)]
    assert helpers([make_offer(SALT)], members, FLOOR - 0.01) == []
    assert who(helpers([make_offer(SALT)], members, FLOOR - 0.01, floor=0.1)) == [SALT]


def test_without_a_common_language_two_meet_only_where_asked_for():
    members = [member(REUS), member(BARI, ITALIAN)]
    offers = [make_offer(BARI, language="it")]
    assert helpers(offers, members) == []
    (found,) = helpers(offers, members, common_language=False)
    assert found.pair.languages == ()
    assert finding(found, "language") == "none-shared"


def test_a_language_nobody_knows_of_is_no_language_in_common_and_no_lack_of_one():
    members = [member(REUS), replace(member(SALT), languages=frozenset())]
    assert helpers([make_offer(SALT)], members) == []
    (found,) = helpers([make_offer(SALT)], members, common_language=False)
    assert finding(found, "language") == "unknown"


def test_those_with_the_same_problem_find_each_other_equally_well():
    ours, theirs = make_need(REUS, themes=("loneliness", "volunteering")), make_need(SALT, themes=("loneliness",))
    found = [
        who_shares(
            need,
            [ours, theirs],
            members=[member(REUS), member(SALT, population=3_000, latitude=42.0)],
            need_vector=vectors(1.0, 0.5)[row],
            need_vectors=vectors(1.0, 0.5),
            today=TODAY,
        )
        for row, need in enumerate((ours, theirs))
    ]
    assert [who(each) for each in found] == [[SALT], [REUS]]
    assert found[0][0].score == pytest.approx(found[1][0].score)


def test_an_offer_of_a_practice_is_read_as_the_need_the_practice_answers():
    practice = make_practice(title="Bon veïnatge", problem="Gent gran sola.", themes=["loneliness"])
    offer = make_offer(text=None, practice_id=practice.id)
    assert offer_text(offer, practice) == need_text(practice)
    assert "Bon veïnatge" in offer_text(offer, practice)
    assert offer_text(make_offer(text="Us ho expliquem"), practice) == "Us ho expliquem"
    with pytest.raises(ValueError, match=f"{practice.id}.*is wanted"):
        offer_text(offer)


def test_a_statement_of_nobody_is_named():
    with pytest.raises(ValueError, match=f"offer-{SALT}.*{SALT}.*not among the members"):
        helpers([make_offer(SALT)], [member(REUS)])


def test_vectors_that_are_too_few_are_counted():
    with pytest.raises(ValueError, match="2 of them with 1 vectors"):
        helpers([make_offer(SALT), make_offer(LUGO)], [member(REUS), member(SALT), member(LUGO)], 0.5)


# --- exchanges -------------------------------------------------------------------------------------


def introduction(asks: str, meets: str, score: float, counterpart: Need | Offer | None = None) -> Introduction:
    """One that scores as wanted."""
    counterpart = counterpart or make_offer(meets)
    return Introduction(Pair(member(asks), member(meets), make_need(asks), counterpart, score), (), score)


def test_an_exchange_needs_help_in_both_directions():
    one_way = [introduction(REUS, SALT, 0.9), introduction(SALT, BARI, 0.9)]
    assert mutual_exchanges(one_way) == []
    (found,) = mutual_exchanges([*one_way, introduction(SALT, REUS, 0.4)])
    assert (found.there.pair.meets.key, found.back.pair.meets.key) == (REUS, SALT)


def test_a_fair_exchange_comes_before_one_that_helps_one_side_only():
    fair = [introduction(REUS, SALT, 0.6), introduction(SALT, REUS, 0.6)]
    uneven = [introduction(BARI, LUGO, 1.0), introduction(LUGO, BARI, 0.5)]
    assert [each.score for each in mutual_exchanges(uneven + fair)] == [0.6, 0.5]


def test_of_two_exchanges_that_are_equally_weak_the_one_that_gives_more_comes_first():
    less = [introduction(REUS, SALT, 0.5), introduction(SALT, REUS, 0.6)]
    more = [introduction(BARI, LUGO, 0.9), introduction(LUGO, BARI, 0.5)]
    assert [each.there.pair.asks.key for each in mutual_exchanges(less + more)] == [BARI, SALT]


def test_an_exchange_takes_the_best_offer_of_each_side():
    found = mutual_exchanges(
        [introduction(REUS, SALT, 0.3), introduction(REUS, SALT, 0.8), introduction(SALT, REUS, 0.7)]
    )
    assert [each.score for each in found] == [0.7]


def test_having_the_same_problem_is_no_exchange_of_help():
    shared = [introduction(REUS, SALT, 0.9, make_need(SALT)), introduction(SALT, REUS, 0.9, make_need(REUS))]
    assert mutual_exchanges(shared) == []


# --- meetings --------------------------------------------------------------------------------------

KEYS = [f"{number:05}" for number in range(1, 8)]


@st.composite
def networks(draw: st.DrawFn, most: int = 6) -> tuple[list[Member], list[Introduction], list[Meeting]]:
    """Small networks with introductions any way, some pairs that met, and members of one to three languages."""
    keys = KEYS[: draw(st.integers(2, most))]
    languages = st.sets(st.sampled_from([CATALAN, SPANISH, ITALIAN]), max_size=3)
    members = [replace(member(key), languages=frozenset(draw(languages))) for key in keys]
    ways = draw(st.lists(st.sampled_from(list(itertools.permutations(keys, 2))), max_size=10))
    scores = st.integers(1, 20).map(lambda tenths: tenths / 20)
    found = [introduction(asks, meets, draw(scores)) for asks, meets in ways]
    met = draw(st.lists(st.sampled_from(list(itertools.permutations(keys, 2))), max_size=2))
    return members, found, [Meeting(round=1, one=one, other=other) for one, other in met]


def best_value(
    members: Sequence[Member], found: Sequence[Introduction], earlier: Sequence[Meeting], meetings_each: int
) -> float:
    """The greatest value of all sets of meetings that keep the limits, by trying every one."""
    reads = {each.key: each.languages for each in members}
    met = {frozenset((each.one, each.other)) for each in earlier}
    gains: dict[tuple[str, str], float] = {}
    for each in found:
        way = (each.pair.asks.key, each.pair.meets.key)
        gains[way] = max(each.score, gains.get(way, 0))
    worth = {
        (one, other): gains.get((one, other), 0) + gains.get((other, one), 0)
        for one, other in itertools.combinations(reads, 2)
        if ((one, other) in gains or (other, one) in gains)
        and frozenset((one, other)) not in met
        and reads[one] & reads[other]
    }
    best = 0.0
    for count in range(len(worth) + 1):
        for chosen in itertools.combinations(worth, count):
            if all(sum(key in pair for pair in chosen) <= meetings_each for key in reads):
                best = max(best, sum(worth[pair] for pair in chosen))
    return best


@settings(max_examples=40, deadline=None)
@given(network=networks(), meetings_each=st.integers(1, 3))
def test_no_set_of_meetings_is_worth_more_than_the_plan(
    network: tuple[list[Member], list[Introduction], list[Meeting]], meetings_each: int
):
    members, found, earlier = network
    plan = assign_meetings(members, found, meetings_each=meetings_each, earlier=earlier)
    assert plan.value == pytest.approx(best_value(members, found, earlier, meetings_each))


@settings(max_examples=40, deadline=None)
@given(
    network=networks(7),
    meetings_each=st.integers(1, 3),
    rounds=st.none() | st.integers(1, 4),
    strict=st.booleans(),
)
def test_a_plan_keeps_every_limit_and_the_greedy_one_is_never_worth_more(
    network: tuple[list[Member], list[Introduction], list[Meeting]],
    meetings_each: int,
    rounds: int | None,
    strict: bool,
):
    members, found, earlier = network
    values = []
    for assign in (assign_meetings, assign_greedily):
        plan = assign(
            members, found, meetings_each=meetings_each, rounds=rounds, earlier=earlier, common_language=strict
        )
        sits = [key for meeting in plan.meetings for key in meeting.members]
        reads = {each.key: each.languages for each in members}
        assert all(sits.count(key) <= meetings_each for key in sits)
        assert len({frozenset(meeting.members) for meeting in plan.meetings}) == len(plan.meetings)
        assert not {frozenset(each.members) for each in plan.meetings} & {
            frozenset((each.one, each.other)) for each in earlier
        }
        assert not strict or all(reads[each.one] & reads[each.other] for each in plan.meetings)
        if rounds is not None:
            taken = [(key, meeting.round) for meeting in plan.meetings for key in meeting.members]
            assert len(set(taken)) == len(taken)
            assert all(1 <= (number or 0) <= rounds for _, number in taken)
            assert bool(plan.without_round) == ((plan.rounds_needed or 0) > rounds)
        assert plan.unmatched.keys() == reads.keys() - set(sits)
        assert not violations(
            plan,
            members,
            meetings_each=meetings_each,
            rounds=rounds,
            earlier=earlier,
            common_language=strict,
        )
        values.append(plan.value + sum(meeting.value for meeting in plan.without_round))
    assert values[1] <= values[0] + 1e-9


def chain() -> tuple[list[Member], list[Introduction]]:
    """Four in a row: the middle two have a little more to say to one another than to the ends."""
    found = [
        introduction(*pair, score) for pair, score in zip(itertools.pairwise(KEYS[:4]), (0.9, 1, 0.9), strict=True)
    ]
    return [member(key) for key in KEYS[:4]], found


def test_who_takes_the_best_meeting_first_leaves_two_alone():
    members, found = chain()
    optimal = assign_meetings(members, found, meetings_each=1)
    greedy = assign_greedily(members, found, meetings_each=1)
    assert [meeting.members for meeting in optimal.meetings] == [(KEYS[0], KEYS[1]), (KEYS[2], KEYS[3])]
    assert [meeting.members for meeting in greedy.meetings] == [(KEYS[1], KEYS[2])]
    assert optimal.value == pytest.approx(1.8)
    assert greedy.value == pytest.approx(1.0)
    assert greedy.unmatched == {KEYS[0]: Reason.OUTWEIGHED, KEYS[3]: Reason.OUTWEIGHED}


def test_the_third_of_three_who_would_all_rather_meet_each_other_still_meets_a_fourth():
    """By halves the three would be worth 1.5, and against that the fourth is not worth anybody's time."""
    found = [introduction(*pair, 1.0) for pair in itertools.combinations(KEYS[:3], 2)]
    found.append(introduction(KEYS[0], KEYS[3], 0.4))
    plan = assign_meetings([member(key) for key in KEYS[:4]], found, meetings_each=1)
    assert [meeting.members for meeting in plan.meetings] == [(KEYS[1], KEYS[2]), (KEYS[0], KEYS[3])]
    assert plan.value == pytest.approx(1.4)


def test_a_meeting_that_helps_both_is_worth_what_both_gain():
    found = [introduction(REUS, SALT, 0.5), introduction(SALT, REUS, 0.4), introduction(REUS, BARI, 0.8)]
    plan = assign_meetings([member(REUS), member(SALT), member(BARI)], found, meetings_each=1)
    assert [meeting.members for meeting in plan.meetings] == [(SALT, REUS)]
    assert plan.value == pytest.approx(0.9)


def test_who_met_before_meets_somebody_else():
    members, found = [member(key) for key in (REUS, SALT, BARI)], [introduction(REUS, SALT, 0.9)]
    met = [Meeting(round=1, one=SALT, other=REUS)]
    plan = assign_meetings(members, [*found, introduction(REUS, BARI, 0.3)], meetings_each=1, earlier=met)
    assert [meeting.members for meeting in plan.meetings] == [(BARI, REUS)]
    assert plan.unmatched == {SALT: Reason.LIMITS}


def test_who_needs_and_offers_nothing_is_told_so():
    plan = assign_meetings([member(REUS), member(SALT)], [], meetings_each=3)
    assert plan.meetings == ()
    assert plan.unmatched == {REUS: Reason.NO_INTRODUCTION, SALT: Reason.NO_INTRODUCTION}


def test_who_does_not_take_part_is_met_by_nobody():
    plan = assign_meetings([member(REUS), member(SALT)], [introduction(REUS, BARI, 0.9)], meetings_each=1)
    assert plan.meetings == ()


def test_three_who_all_meet_one_another_need_three_rounds():
    members = [member(key) for key in KEYS[:3]]
    found = [introduction(*pair, 0.5) for pair in itertools.combinations(KEYS[:3], 2)]
    two = assign_meetings(members, found, meetings_each=2, rounds=2)
    assert (len(two.meetings), len(two.without_round), two.rounds_needed) == (2, 1, 3)
    three = assign_meetings(members, found, meetings_each=2, rounds=3)
    assert {meeting.round for meeting in three.meetings} == {1, 2, 3}
    assert (three.without_round, three.rounds_needed) == ((), 3)


def test_what_finds_no_round_is_the_least_valuable_meeting():
    members = [member(key) for key in KEYS[:3]]
    scores = zip(itertools.combinations(KEYS[:3], 2), (0.9, 0.2, 0.8), strict=True)
    plan = assign_meetings(
        members, [introduction(*pair, score) for pair, score in scores], meetings_each=2, rounds=2
    )
    assert [meeting.members for meeting in plan.without_round] == [(KEYS[0], KEYS[2])]


def test_six_who_all_meet_one_another_fit_into_five_rounds():
    keys = KEYS[:6]
    found = [introduction(*pair, 0.5) for pair in itertools.combinations(keys, 2)]
    plan = assign_meetings([member(key) for key in keys], found, meetings_each=5, rounds=5)
    assert len(plan.meetings) == 15
    assert plan.rounds_needed == 5


@pytest.mark.parametrize("limits", [{"meetings_each": 0}, {"meetings_each": 1, "rounds": 0}])
def test_no_meetings_or_no_rounds_at_all_are_refused(limits: dict[str, int]):
    with pytest.raises(ValueError, match=r"is 0; it is a whole number from 1"):
        assign_meetings([], [], **limits)


def test_every_broken_limit_is_named():
    members = [member(REUS), member(SALT), member(BARI, ITALIAN)]
    found = [introduction(REUS, SALT, 0.9), introduction(REUS, BARI, 0.9)]
    good = assign_meetings(members, found, meetings_each=2, common_language=False)
    with_salt = next(each for each in good.meetings if SALT in each.members)
    with_bari = next(each for each in good.meetings if BARI in each.members)
    met = [Meeting(round=1, one=REUS, other=SALT)]

    def named(*meetings: Any, **limits: Any) -> list[Violation]:
        return violations(Plan(meetings), members, **({"meetings_each": 2} | limits))

    assert named(with_salt) == []
    assert named(with_salt, earlier=met) == [Violation(Limit.NOT_MET_BEFORE, (SALT, REUS))]
    assert named(with_bari) == [Violation(Limit.COMMON_LANGUAGE, (BARI, REUS))]
    assert named(with_bari, common_language=False) == []
    assert named(with_salt, with_bari, meetings_each=1, common_language=False) == [
        Violation(Limit.MEETINGS_EACH, (REUS,), 2)
    ]
    assert named(with_salt, replace(with_salt)) == [Violation(Limit.ONE_MEETING_PER_PAIR, (SALT, REUS), 2)]
    assert named(with_salt, rounds=2) == [Violation(Limit.WITHIN_ROUNDS, (SALT, REUS))]
    assert named(replace(with_salt, round=3), rounds=2) == [Violation(Limit.WITHIN_ROUNDS, (SALT, REUS), 3)]
    at_once = [replace(each, round=1) for each in (with_salt, with_bari)]
    assert named(*at_once, rounds=1, common_language=False) == [Violation(Limit.ONE_MEETING_PER_ROUND, (REUS,), 1)]
    assert named(replace(with_salt, other=LUGO)) == [
        Violation(Limit.TAKES_PART, (SALT, LUGO)),
        Violation(Limit.INTRODUCED, (SALT, LUGO)),
    ]
    assert named(replace(with_salt, introductions=())) == [Violation(Limit.INTRODUCED, (SALT, REUS))]
    assert Violation(Limit.TWO_MEMBERS, (SALT, SALT)) in named(replace(with_salt, other=SALT))


# --- needs nobody answers --------------------------------------------------------------------------


def town(number: int, region: str = "Catalunya", population: int | None = 18_000) -> Member:
    return member(f"{number:05}", region=region, population=population)


def needs_of(members: Sequence[Member], theme: str | None = "housing") -> list[Need]:
    themes = (theme,) if theme else ()
    return [make_need(each.key, id=f"need-{theme or 'any'}-{each.key}", themes=themes) for each in members]


def test_four_municipalities_are_withheld_and_five_are_told():
    towns = [town(number) for number in range(5)]
    assert unmet_needs(needs_of(towns[:4]), [], members=towns) == []
    (row,) = unmet_needs(needs_of(towns), [], members=towns)
    assert (row.theme, row.municipalities, row.needs) == (Theme.HOUSING, 5, 5)


def test_ten_needs_of_four_municipalities_are_still_four_municipalities():
    towns = [town(number) for number in range(4)]
    again = [need.model_copy(update={"id": f"{need.id}-again"}) for need in needs_of(towns)]
    assert unmet_needs(needs_of(towns) + again, [], members=towns) == []


def test_a_need_that_found_help_or_is_private_is_not_counted():
    towns = [town(number) for number in range(6)]
    needs = needs_of(towns)
    assert unmet_needs(needs, [needs[0].id], members=towns)[0].municipalities == 5
    needs[1] = needs[1].model_copy(update={"visibility": Visibility.PRIVATE})
    assert unmet_needs(needs, [needs[0].id], members=towns) == []


def test_a_report_tells_territory_under_one_name_and_size():
    towns = [town(number) for number in range(5)] + [town(number, "Cataluña", 900) for number in range(5, 10)]
    (row,) = unmet_needs(needs_of(towns), [], members=towns)
    assert [(cell.value, cell.municipalities) for cell in row.territories] == [("Catalunya", 10)]
    assert {cell.value: cell.municipalities for cell in row.size_bands} == {0: 5, 1: 5}


def test_a_withheld_cell_cannot_be_found_by_subtraction():
    """Puglia's two would be what is left of thirteen when eleven are told, so a second region goes with them."""
    towns = [town(number) for number in range(6)] + [town(number, "Puglia") for number in range(6, 8)]
    towns += [town(number, "Galicia") for number in range(8, 13)]
    (row,) = unmet_needs(needs_of(towns), [], members=towns)
    assert row.municipalities == 13
    assert [(cell.value, cell.municipalities) for cell in row.territories] == [("Catalunya", 6)]


def test_needs_that_name_no_theme_are_told_apart():
    towns = [town(number) for number in range(5)]
    assert [row.theme for row in unmet_needs(needs_of(towns, None), [], members=towns)] == [None]


REGIONS = ["Catalunya", "Puglia", "Galicia", "Navarra", ""]


@settings(max_examples=40, deadline=None)
@given(
    where=st.lists(
        st.tuples(st.sampled_from(REGIONS), st.none() | st.integers(1, 90_000)), min_size=1, max_size=40
    ),
    asked=st.lists(st.tuples(st.integers(0, 39), st.sampled_from(["housing", "roma", "mobility"])), max_size=90),
)
def test_every_cell_and_all_that_is_withheld_in_a_row_stand_for_five_municipalities_or_none(
    where: list[tuple[str, int | None]], asked: list[tuple[int, str]]
):
    towns = [town(number, *place) for number, place in enumerate(where)]
    needs = [
        make_need(f"{number % len(towns):05}", id=f"need-{at}", themes=(theme,))
        for at, (number, theme) in enumerate(asked)
    ]
    for row in unmet_needs(needs, [], members=towns):
        assert row.municipalities >= FEWEST_MUNICIPALITIES
        for cells in (row.territories, row.size_bands):
            assert all(cell.municipalities >= FEWEST_MUNICIPALITIES for cell in cells)
            withheld = row.municipalities - sum(cell.municipalities for cell in cells)
            assert withheld == 0 or withheld >= FEWEST_MUNICIPALITIES
