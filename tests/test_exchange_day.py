"""An exchange day: what must hold holds or is named, what is better is worth more, and a plan reads as meant."""

import csv
import json
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise
from time import process_time

import numpy as np
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from service import exchange_day
from service.cli import app
from service.exchange_day import (
    CLOSENESS,
    HELP,
    HELPS_FROM,
    MIX,
    Constraint,
    Day,
    ImpossibleLimits,
    Limits,
    Participant,
    ParticipantRole,
    PracticeToBring,
    greedy_plan,
    plan_day,
    plan_of,
    random_plan,
    violations,
)
from service.settings import Settings
from tests.factories import HashingEncoder, make_practice, make_snapshot

REFUSED = 2


def person(number, **fields):
    """A participant from a town of their own who reads Catalan and states a need."""
    return Participant(
        **{"row": number + 2, "municipality": f"Vila {number}", "languages": ("ca",), "need": f"Need {number}"}
        | fields
    )


def unit(rows):
    rows = np.array(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def planted(people, problems, *, rounds=1, seats=10, seed=0, **fields):
    """A day whose people have one of a few problems, in turn, and one in each problem's dozen offers to help."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((problems, 32))
    about = np.arange(people) % problems
    needs = unit(centres[about] + 0.3 * rng.standard_normal((people, 32)))
    roles = list(ParticipantRole)
    participants = tuple(
        person(
            at,
            role=roles[at // problems % len(roles)],
            offer=f"Offer {at}" if at // problems == 0 else None,
            **{name: values[at % len(values)] for name, values in fields.items()},
        )
        for at in range(people)
    )
    return Day(participants, needs, unit(centres[about]), Limits.about(seats, rounds=rounds)), about


def counted(plan, participants, limits):
    """What a plan breaks, counted in the plainest way there is."""
    found = Counter()
    for each in plan.rounds:
        seats = [person for table in each.tables for person in table.people]
        found["seated"] += sorted(seats) != list(range(len(participants)))
        for table in each.tables:
            sitting = [participants[person] for person in table.people]
            found["size"] += not limits.least <= len(sitting) <= limits.most
            found["language"] += not set.intersection(*(set(one.languages) for one in sitting))
            shared = Counter((one.municipality, one.entity, one.office) for one in sitting)
            found["office"] += sum(number > 1 for number in shared.values())
            before = [set(there.people) for earlier in plan.rounds[: each.number - 1] for there in earlier.tables]
            found["repeat"] += sum(
                any({one, other} <= there for there in before) for one, other in combinations(table.people, 2)
            )
    return +found


@st.composite
def days(draw):
    """Small lists of every kind: few towns and offices, several languages, needs and offers told or not."""
    languages = st.lists(st.sampled_from(["ca", "es", "it"]), min_size=1, max_size=3, unique=True)
    optional = st.sampled_from([None, "told"])
    participants = tuple(
        Participant(
            row=row,
            municipality=draw(st.sampled_from(["Vic", "Reus", "Bari", "Lugo", "Olot", "Asti"])),
            office=draw(st.sampled_from([None, "Social", "Joves"])),
            role=draw(st.sampled_from([None, *ParticipantRole])),
            languages=tuple(draw(languages)),
            need=draw(optional),
            offer=draw(optional),
        )
        for row in range(1, draw(st.integers(1, 16)) + 1)
    )
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    needs, offers = (unit(rng.standard_normal((len(participants), 8))) for _ in range(2))
    return Day(participants, needs, offers, Limits.about(draw(st.integers(2, 6)), rounds=draw(st.integers(1, 3))))


# Constraints


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(day=days())
def test_whatever_the_list_every_constraint_holds_or_is_named(day, monkeypatch):
    monkeypatch.setattr(exchange_day, "PATIENCE", 12)
    plan = plan_day(day)
    for each in (greedy_plan(day), random_plan(day), plan):
        named = Counter(broken.constraint.value for broken in each.broken)
        assert named == counted(each, day.participants, day.limits)
        assert named["seated"] == 0
        assert each.broken == violations(each.rounds, day.participants, day.limits)
    forbidden = {cause.constraint for cause in plan.unavoidable}
    for constraint in (Constraint.SIZE, Constraint.LANGUAGE):
        assert constraint in forbidden or constraint not in {broken.constraint for broken in plan.broken}
    for cause in plan.unavoidable:  # what is called impossible is not kept by any plan either
        assert cause.constraint in {broken.constraint for broken in plan.broken}


@settings(max_examples=20, deadline=None)
@given(day=days(), seed=st.integers(0, 100))
def test_every_swap_is_worth_what_a_fresh_count_says(day, seed):
    rng = np.random.default_rng(seed)
    seating = rng.permutation(len(day)) % max(1, len(day) // 4)
    met = np.triu(rng.integers(0, 2, (len(day), len(day))), 1)
    search = exchange_day._Search(day, seating, (met + met.T).astype(float))
    for one, other in combinations(range(len(day)), 2):
        if seating[one] != seating[other]:
            swapped = seating.copy()
            swapped[[one, other]] = seating[[other, one]]
            fresh = sum(search.worth(np.flatnonzero(swapped == seating[who])) for who in (one, other))
            assert search.instead[one, other] + search.instead[other, one] == pytest.approx(fresh, abs=1e-6)


def test_a_hundred_people_in_three_rounds_take_less_than_ten_seconds_and_keep_everything():
    day, _ = planted(
        100,
        10,
        rounds=3,
        municipality=[f"Vila {town}" for town in range(40)],
        languages=[("ca", "es"), ("es",), ("ca", "es", "it"), ("it", "es")],
    )
    started = process_time()  # of one core: others may be at work on it
    plan = plan_day(day)
    assert process_time() - started < 10
    assert plan.broken == ()
    assert plan.unavoidable == ()
    assert [[len(table.people) for table in each.tables] for each in plan.rounds] == [[10] * 10] * 3
    assert plan.value > max(greedy_plan(day).value, random_plan(day).value)


def test_the_same_seed_gives_the_same_plan():
    day, _ = planted(16, 4, rounds=2, seats=4)
    assert plan_day(day, seed=3) == plan_day(day, seed=3)


def test_problems_that_are_plain_to_see_become_the_tables():
    day, about = planted(40, 4)
    plan = plan_day(day)
    for table in plan.rounds[0].tables:
        assert len({about[person] for person in table.people}) == 1
        assert table.help == 1


def test_people_of_one_office_sit_apart_however_its_name_is_written():
    workplaces = [("Ajuntament de Vic", "Serveis Socials"), ("Vic", "SERVEIS SOCIALS"), ("Vic", "Serveis socials")]
    people = [person(at, municipality=place, office=office) for at, (place, office) in enumerate(workplaces)]
    people += [person(at) for at in range(3, 12)]
    needs = unit(np.ones((12, 3)))
    plan = plan_day(Day(tuple(people), needs, needs, Limits.about(4)))
    assert plan.broken == ()
    assert len({table.number for table in plan.rounds[0].tables if {0, 1, 2} & set(table.people)}) == 3


def test_where_no_office_is_told_a_whole_town_is_one():
    assert person(1, municipality="Vic").workplace == person(2, municipality="Ayuntamiento de Vic").workplace
    assert person(1, municipality="Vic", office="Joves").workplace != person(2, municipality="Vic").workplace


# Lists for which no plan can keep everything


def impossible(people, seats=10, rounds=1):
    needs = unit(np.random.default_rng(0).standard_normal((len(people), 4)))
    return plan_day(Day(tuple(people), needs, needs, Limits.about(seats, rounds=rounds)))


def test_everyone_of_one_office_is_named_and_seated_all_the_same():
    plan = impossible([person(at, municipality="Reus", office="Benestar") for at in range(20)])
    [cause] = plan.unavoidable
    assert (cause.constraint, len(cause.people), cause.tables) == (Constraint.OFFICE, 20, 2)
    assert [(broken.constraint, broken.table, len(broken.people)) for broken in plan.broken] == [
        (Constraint.OFFICE, 1, 10),
        (Constraint.OFFICE, 2, 10),
    ]


def test_those_with_whom_nobody_shares_a_language_are_named():
    alone = {7: ("eu",), 15: ("it",), 16: ("it",)}
    plan = impossible([person(at, languages=alone.get(at, ("ca", "es"))) for at in range(20)])
    assert {(cause.constraint, cause.people, cause.languages) for cause in plan.unavoidable} == {
        (Constraint.LANGUAGE, (7,), ("eu",)),
        (Constraint.LANGUAGE, (15, 16), ("it",)),
    }
    shut_out = {person for broken in plan.broken for person in broken.people}
    assert {broken.constraint for broken in plan.broken} == {Constraint.LANGUAGE}
    assert shut_out == set(alone)


def test_two_languages_without_a_bridge_have_a_table_each():
    plan = impossible([person(at, languages=("ca",) if at % 2 else ("it",)) for at in range(20)])
    assert plan.broken == plan.unavoidable == ()
    assert sorted(table.languages for table in plan.rounds[0].tables) == [("ca",), ("it",)]


def test_three_people_are_too_few_for_a_table_and_meet_again():
    plan = impossible([person(at) for at in range(3)], rounds=2)
    assert [cause.constraint for cause in plan.unavoidable] == [Constraint.SIZE, Constraint.REPEAT]
    assert Counter(broken.constraint for broken in plan.broken) == {Constraint.SIZE: 2, Constraint.REPEAT: 3}
    assert plan.rounds[0].tables[0].people == (0, 1, 2)


def test_a_number_that_does_not_come_out_is_named():
    plan = impossible([person(at) for at in range(13)])
    assert [cause.constraint for cause in plan.unavoidable] == [Constraint.SIZE]
    assert [len(broken.people) for broken in plan.broken] == [13]


def test_two_tables_cannot_mix_twenty_people_twice():
    plan = impossible([person(at) for at in range(20)], rounds=2)
    [cause] = plan.unavoidable
    assert (cause.constraint, len(cause.people), cause.tables) == (Constraint.REPEAT, 20, 2)
    # Ten people from two tables: at best five and five, ten pairs of each five, at both tables.
    assert len(plan.broken) == 40


def test_few_who_read_only_one_language_are_told_that_they_meet_again():
    read = [("it",)] * 5 + [("ca", "it")] * 2 + [("ca",)] * 17
    [cause] = impossible([person(at, languages=read[at]) for at in range(24)], seats=4, rounds=2).unavoidable
    assert (cause.constraint, cause.people, cause.tables) == (Constraint.REPEAT, (0, 1, 2, 3, 4), 2)
    assert cause.languages == ("it",)


@pytest.mark.parametrize(
    "limits", [{"seats": 10, "least": 12}, {"seats": 10, "most": 9}, {"seats": 2, "least": 1}, {"rounds": 4}]
)
def test_limits_that_contradict_one_another_are_refused(limits):
    with pytest.raises(ImpossibleLimits):
        Limits(**limits)


def test_a_plan_that_was_tampered_with_is_found_out():
    day, _ = planted(20, 2)
    plan = plan_day(day)
    assert violations(plan.rounds, day.participants, day.limits) == ()
    first, second = plan.rounds[0].tables
    moved = replace(first, people=(*first.people, second.people[0]))
    broken = violations([replace(plan.rounds[0], tables=(moved, second))], day.participants, day.limits)
    assert [(each.constraint, each.people) for each in broken] == [(Constraint.SEATED, (second.people[0],))]


# Value: the better of two


def value(day, *tables):
    seating = np.empty(len(day), dtype=np.intp)
    for number, table in enumerate(tables):
        seating[list(table)] = number
    return plan_of(day, [seating]).value


def small(roles=("technician",), offers=(), needs=None):
    people = tuple(
        person(at, role=roles[at % len(roles)], offer="Offer" if at in offers else None) for at in range(8)
    )
    vectors = unit([[1, 0.1 * at] if at < 4 else [0.1 * at, -1] for at in range(8)]) if needs is None else needs
    return Day(people, vectors, vectors, Limits.about(4))


def test_a_shared_problem_beats_none():
    assert value(small(), range(4), range(4, 8)) > value(small(), (0, 1, 4, 5), (2, 3, 6, 7))


def test_somebody_who_can_help_beats_nobody():
    # All have one problem; two offer help. One at each table is better than both at one.
    day = small(offers=(3, 7), needs=unit([[1, 0]] * 8))
    assert value(day, (0, 1, 2, 3), (4, 5, 6, 7)) > value(day, (0, 1, 3, 7), (2, 4, 5, 6))


def test_help_with_another_problem_is_none():
    vectors = unit([[1, 0]] * 8)
    day = replace(small(offers=(0,), needs=vectors), offers=unit([[0, 1]] * 8))
    assert [table.helpers for table in plan_day(day).rounds[0].tables] == [(), ()]
    assert [table.help for table in plan_day(day).rounds[0].tables] == [0, 0]


def test_an_offer_does_not_help_with_ones_own_need():
    day = replace(small(offers=(0,)), limits=Limits.about(4))
    alone = plan_of(day, [np.array([0, 1, 1, 1, 1, 1, 1, 1])]).rounds[0].tables[0]
    assert (alone.topic, alone.helpers, alone.help) == (0, (), 0)


def test_mixed_roles_beat_a_table_of_one():
    day = small(roles=("technician", "councillor"), needs=unit([[1, 0]] * 8))
    assert value(day, (0, 1, 2, 3), (4, 5, 6, 7)) > value(day, (0, 2, 4, 6), (1, 3, 5, 7))


def test_a_need_that_is_not_told_neither_helps_nor_hurts():
    day = small()
    quiet = replace(day, participants=(*day.participants[:7], person(7, role="technician", need=None)))
    told = quiet.likeness[:7, :7]
    average = told[~np.eye(7, dtype=bool)].mean()
    assert quiet.closeness[7, :7] == pytest.approx(np.full(7, average))


def test_the_value_is_made_of_its_three_parts():
    plan = plan_day(small(roles=("technician", "manager"), offers=(0, 5)))
    for table in plan.rounds[0].tables:
        parts = CLOSENESS * table.closeness + HELP * table.help + MIX * table.mix
        assert table.value == pytest.approx(parts)
    assert CLOSENESS + HELP + MIX == 1
    assert plan.value == pytest.approx(np.mean([table.value for table in plan.rounds[0].tables]))


def test_the_topic_is_the_need_nearest_the_middle_and_brings_its_practices():
    needs = unit([[1, 0], [1, 0.3], [1, 0.6], [0, 1], [0.1, -1], [0, -1], [-0.1, -1], [-1, -1]])
    day = Day(tuple(person(at) for at in range(8)), needs, needs, Limits.about(4))
    plan = plan_day(day, bring=lambda at: [PracticeToBring(f"practice-{at}", f"For {at}")])
    first = next(table for table in plan.rounds[0].tables if 0 in table.people)
    assert first.people == (0, 1, 2, 3)
    middle = needs[:4].mean(axis=0)
    assert first.topic == int((needs[:4] @ middle).argmax()) == 2
    assert first.practices == (PracticeToBring("practice-2", "For 2"),)


def test_helpers_are_named_the_nearest_first_from_the_bound_on():
    bound = HELPS_FROM
    offers = unit([[1, 0], [0.9, 0.5], [bound + 0.01, (1 - (bound + 0.01) ** 2) ** 0.5], [0.3, 1]])
    people = tuple(person(at, need="Need" if at == 3 else None, offer="Offer") for at in range(4))
    day = Day(people, unit([[1, 0]] * 4), offers, Limits.about(4))
    [table] = plan_day(day).rounds[0].tables
    assert (table.topic, table.helpers) == (3, (0, 1, 2))


def test_a_table_where_nobody_states_a_need_has_no_topic():
    people = tuple(person(at, need=None) for at in range(8))
    vectors = unit(np.ones((8, 2)))
    plan = plan_day(Day(people, vectors, vectors, Limits.about(4)), bring=lambda _: pytest.fail("no topic"))
    assert {table.topic for table in plan.rounds[0].tables} == {None}


# The command


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """A data folder of its own and an encoder that reads no meaning."""
    encoder = HashingEncoder()
    monkeypatch.setattr("service.commands.exchange.settings", lambda: Settings(data=tmp_path / "data"))
    monkeypatch.setattr("service.commands.exchange.load_encoder", lambda _name=None: encoder)
    return Settings(data=tmp_path / "data")


@pytest.fixture
def empelt(chosen, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments, status=0):
        result = CliRunner().invoke(app, ["exchange", *map(str, arguments)])
        assert result.exit_code == status, result.output
        return result

    yield run
    structlog.reset_defaults()


@pytest.fixture
def example(empelt, tmp_path):
    empelt("example", tmp_path / "llista.xlsx")
    return tmp_path / "llista.xlsx"


def test_the_example_can_be_planned_and_every_table_is_shown(empelt, example):
    said = empelt("plan", example, "--tables-of", 4, "--language", "en").stdout
    for number in (1, 2, 3, 4):  # of three: three tables of four could not mix twelve people twice
        assert f"Round 2, table {number} · " in said
    assert "Gavina" in said
    assert "Professional" in said
    assert "Every constraint is kept." in said


@pytest.mark.parametrize("language", ["ca", "es", "it", "en"])
def test_the_example_is_read_again_in_every_language_and_format(empelt, tmp_path, language):
    for ending in ("csv", "xlsx"):
        empelt("example", tmp_path / f"{language}.{ending}", "--language", language)
        empelt("plan", tmp_path / f"{language}.{ending}", "--tables-of", 4, "--output", tmp_path / "plan.json")
        plan = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
        assert len(plan["participants"]) == 12
        assert plan["participants"][0]["languages"] == ["ca", "es"]
        assert [len(each["tables"]) for each in plan["rounds"]] == [4, 4]
        assert plan["compared"].keys() == {"greedy", "random"}


def test_names_stand_in_the_plan_and_nowhere_else(empelt, example, tmp_path):
    result = empelt("plan", example, "--tables-of", 4, "--output", tmp_path / "plan.csv", "--language", "en")
    assert "Gavina" not in result.output
    with (tmp_path / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 24
    assert {"Gavina", "Far", "row 3"} <= {row["Participant"] for row in rows}
    assert {row["Round"] for row in rows} == {"1", "2"}


def test_practices_are_brought_where_there_is_an_index_and_their_lack_is_told(empelt, example, chosen):
    assert "Nothing is indexed here" in empelt("plan", example, "--tables-of", 4).stderr
    make_snapshot(chosen.index, [make_practice(id="trucades", title="Trucades a gent gran que viu sola")])
    result = empelt("plan", example, "--tables-of", 4)
    assert "Trucades a gent gran que viu sola  trucades" in result.stdout
    assert "Nothing is indexed" not in result.stderr


def test_a_list_with_faults_is_refused_with_each_of_them(empelt, tmp_path):
    (tmp_path / "a.csv").write_text("Municipi;Llengües;Necessitat\n;ca;Una\nVic;;Dues\n", encoding="utf-8")
    said = empelt("plan", tmp_path / "a.csv", status=REFUSED).stderr
    assert "a.csv, row 2: Municipi: is empty" in said
    assert "a.csv, row 3: Llengües: is empty" in said
    assert "2 faults in a.csv; nothing was planned." in said
    read = empelt("plan", tmp_path / "a.csv", "--reads", "català, marcià", status=REFUSED).stderr
    assert "--reads: 'marcià' is no language we know" in read


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--output", "plan.pdf"], "plan.pdf: a plan is written as one of .html, .csv, .json."),
        (["--tables-of", 10, "--most", 8], "cannot be: the least must be 2 or more"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_read(empelt, example, options, reason):
    assert reason in " ".join(empelt("plan", example, *options, status=REFUSED).stderr.split())


def test_an_example_replaces_no_file(empelt, example):
    assert "exists already" in empelt("example", example, status=REFUSED).stderr


def test_a_page_to_print_has_a_table_a_page_and_runs_nothing_it_was_given(empelt, tmp_path, chosen):
    attack = "<script>alert(1)</script> Els joves que no estudien passen el dia al carrer del poble"
    rows = [("Nom", "Municipi", "Departament", "Llengües", "Necessitat", "Oferta")]
    rows += [(f"<b>Nom {at}</b>", f"Vila {at}", "Joves", "ca", attack, "<i>Educadors</i>") for at in range(9)]
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    make_snapshot(chosen.index, [make_practice(title="<u>Joves</u> al carrer")])
    empelt("plan", tmp_path / "a.csv", "--tables-of", 3, "--output", tmp_path / "plan.html", "--language", "en")
    text = (tmp_path / "plan.html").read_text(encoding="utf-8")
    page = LexborHTMLParser(text)
    assert page.css("script, b, i, u, img, link") == []
    assert "src=" not in text
    assert "url(" not in text
    assert page.css_first("html").attributes["lang"] == "en"
    assert len(page.css("section.table")) == 6
    assert "break-before: page" in page.css_first("style").text()
    first = page.css_first("section.table#r1t1")
    assert first.css_first("h2").text() == "Round 1, table 1"
    assert first.css_first("blockquote").text(strip=True) == attack
    assert first.css_first("blockquote").attributes["lang"] == "ca"
    assert len(first.css("tbody tr")) == 3
    assert "<u>Joves</u> al carrer" in first.text()
    assert len(page.css("#everybody tbody tr")) == 9
    assert all(link.attributes["href"][1:] in {each.id for each in page.css("[id]")} for link in page.css("nav a"))
    levels = [int(each.tag[1]) for each in page.css("h1, h2, h3")]
    assert levels[0] == 1
    assert all(later - before <= 1 for before, later in pairwise(levels))


def test_what_cannot_be_kept_is_said_with_its_reason(empelt, tmp_path):
    rows = ["Municipi;Departament;Llengües;Necessitat", *["Reus;Benestar;ca;Una necessitat"] * 20, ";;;"]
    (tmp_path / "a.csv").write_text("\n".join(rows), encoding="utf-8")
    said = " ".join(empelt("plan", tmp_path / "a.csv", "--language", "en").stdout.split())
    assert (
        "Benestar, Reus: more people of this office (20) than tables they can sit at (2), so some share one."
        in said
    )
    assert "Too many people (20) for the tables (2) in 2 rounds: some meet again." in said
    assert "Round 1, table 1: of the same office: row " in said
    assert "more" in said
