"""Fit with the reader's context: better and worse pairs, laws that always hold, sentences in four languages."""

import ast
import math
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import service.fit_sentences
from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.practice import Practice, parse_practice
from corpus.vocabulary import BodyType, EvidenceLevel, Language, Status, TargetGroup, Theme
from service.fit_sentences import (
    FACTOR_NAMES,
    FINDINGS,
    QUESTIONS,
    cost_sentences,
    explanation,
    factor_name,
    question,
    sentence,
    summary,
)
from service.i18n import LANGUAGES, MESSAGES, translator
from service.transferability import (
    FACTORS,
    LARGEST_WEIGHT,
    MARGIN,
    WEIGHTS_VERSION,
    Evidence,
    Fit,
    Origin,
    Question,
    Reader,
    View,
    assess,
    cost,
    counted_score,
    default_weights,
    locate,
    refine_order,
)

TODAY = date(2026, 11, 29)

Fields = dict[str, Any]


def town(population: int | None = 18_000, **fields: Any) -> Municipality:
    known: Fields = {"name": "Vila", "province": "Girona", "region": "Catalunya", "country": "ES"}
    return Municipality(population=population, **(known | fields))


def practice(**fields: Any) -> Practice:
    body: Fields = {"name": "Reus", "region": "Catalunya", "country": "ES", "population": 24_000}
    known: Fields = {
        "id": "bon-dia",
        "language": "ca",
        "title": "Bon dia, veïna",
        "problem": "Gent gran que viu sola.",
        "actions": "Trucades cada matí.",
        "body": body,
    }
    changed_body = {"body": body | fields.pop("body")} if isinstance(fields.get("body"), dict) else {}
    return parse_practice(known | fields | changed_body)


def fit(done: Practice | Origin, reader: Municipality | None, **options: Any) -> Fit:
    origin = done if isinstance(done, Origin) else Origin(done)
    return assess(
        origin.practice, reader, **{"language": Language.CATALAN, "today": TODAY, "origin": origin} | options
    )


def of(code: str, done: Practice | Origin, reader: Municipality | None, **options: Any) -> Evidence:
    return next(each for each in fit(done, reader, **options).evidence if each.factor == code)


def done_by(population: int | None, **body: Any) -> Practice:
    return practice(body={"population": population, **body})


def taken_over(*places: Municipality | None, extent: str | None = None) -> Origin:
    listed = [{"body": "Altres", "extent": extent} for _ in places]
    return Origin(practice(replications=listed), None, places)


def standing_in(**place: Any) -> Origin:
    found = town(24_000, **place)
    return Origin(practice(), found)


VILLAGE, SMALL_TOWN, CITY = town(900), town(18_000), town(300_000)
ITALIAN = town(18_000, province="Bari", region="Puglia", country="IT")
LONELY = {"target_groups": [TargetGroup.OLDER_PEOPLE_ALONE]}
ADAPT = {"view": View.DIFFERENT}

BETTER_AND_WORSE: dict[str, tuple[Practice | Origin, Practice | Origin, Municipality | None, Fields]] = {
    # size
    "a village prefers a practice from a village": (done_by(800), done_by(300_000), VILLAGE, {}),
    "a village prefers a small town's practice to a city's": (done_by(7_000), done_by(90_000), VILLAGE, {}),
    "a city prefers a practice from a city": (done_by(250_000), done_by(1_200), CITY, {}),
    "a nearer size wins within one band": (done_by(17_000), done_by(6_000), SMALL_TOWN, {}),
    "a smaller town of nearer ratio beats a larger one": (done_by(9_000), done_by(60_000), SMALL_TOWN, {}),
    "below 20,000 a practice from below 20,000 is better": (done_by(19_000), done_by(21_000), town(19_900), {}),
    "above 20,000 a practice from above 20,000 is better": (done_by(21_000), done_by(19_900), town(20_500), {}),
    "exactly 20,000 has not the duty yet": (done_by(20_000), done_by(20_001), town(20_000), {}),
    # settlement
    "a rural municipality prefers a rural one": (
        standing_in(area_km2=400.0),
        standing_in(area_km2=20.0),
        town(24_000, area_km2=300.0),
        {},
    ),
    "a dense town prefers a dense town": (
        standing_in(area_km2=20.0),
        standing_in(area_km2=400.0),
        town(24_000, area_km2=30.0),
        {},
    ),
    # territory
    "the same region beats another region": (
        done_by(24_000),
        done_by(24_000, region="Andalucía"),
        SMALL_TOWN,
        {},
    ),
    "the same province beats the same region": (
        done_by(24_000, province="Girona"),
        done_by(24_000, province="Lleida"),
        SMALL_TOWN,
        {},
    ),
    "the same country beats another": (
        done_by(18_000, region="Andalucía"),
        done_by(18_000, region="Puglia", country="IT"),
        SMALL_TOWN,
        {},
    ),
    "a region is the same in whichever language it is named": (
        done_by(24_000, region="Cataluña"),
        done_by(24_000, region="Andalucía"),
        SMALL_TOWN,
        {},
    ),
    # competent body
    "a large town prefers a municipality's practice to a comarca's": (
        done_by(60_000),
        done_by(60_000, type="comarca"),
        town(60_000),
        {},
    ),
    "a comarca's practice beats a region's": (
        done_by(None, type="comarca"),
        done_by(None, type="region"),
        VILLAGE,
        {},
    ),
    "an Italian municipality finds an ambito's practice closer than a region's": (
        done_by(None, type="ambito", region="Puglia", country="IT"),
        done_by(None, type="region", region="Puglia", country="IT"),
        ITALIAN,
        {},
    ),
    "a village finds its comarca closer than an Italian province": (
        done_by(None, type="comarca"),
        done_by(None, type="province", country="IT", region="Puglia"),
        VILLAGE,
        {},
    ),
    # language
    "a record in the reader's language beats one in another": (
        practice(language="ca"),
        practice(language="it"),
        SMALL_TOWN,
        {},
    ),
    "Spanish is easier than Italian for a reader of Catalan": (
        practice(language="es"),
        practice(language="it"),
        SMALL_TOWN,
        {},
    ),
    "an Italian reader prefers Italian": (
        practice(language="it"),
        practice(language="ca"),
        ITALIAN,
        {"language": Language.ITALIAN},
    ),
    # target groups and themes
    "the group asked about beats another": (
        practice(target_groups=["older-people-alone"]),
        practice(target_groups=["tenants"]),
        SMALL_TOWN,
        LONELY,
    ),
    "the group asked about beats everyone": (
        practice(target_groups=["older-people-alone"]),
        practice(target_groups=["everyone"]),
        SMALL_TOWN,
        LONELY,
    ),
    "everyone beats another group": (
        practice(target_groups=["everyone"]),
        practice(target_groups=["tenants"]),
        SMALL_TOWN,
        LONELY,
    ),
    "the theme asked about beats another": (
        practice(themes=["loneliness"]),
        practice(themes=["housing"]),
        SMALL_TOWN,
        {"themes": [Theme.LONELINESS]},
    ),
    # the practice itself
    "a consolidated practice beats a pilot": (
        practice(status="consolidated"),
        practice(status="in-progress"),
        SMALL_TOWN,
        {},
    ),
    "a finished practice beats a pilot": (
        practice(status="finished"),
        practice(status="in-progress"),
        SMALL_TOWN,
        {},
    ),
    "a consolidated practice beats a finished one": (
        practice(status="consolidated"),
        practice(status="finished"),
        SMALL_TOWN,
        {},
    ),
    "a recent update beats an old one": (
        practice(updated_on="2025-05-01"),
        practice(updated_on="2009-05-01"),
        SMALL_TOWN,
        {},
    ),
    "a recent figure beats an old one": (
        practice(impacts=[{"what": "persones", "as_of": 2025}]),
        practice(impacts=[{"what": "persones", "as_of": 2010}]),
        SMALL_TOWN,
        {},
    ),
    "measured results beat none": (practice(evidence="measured"), practice(evidence="none"), SMALL_TOWN, {}),
    "measured results beat the body's own word": (
        practice(evidence="measured"),
        practice(evidence="self-reported"),
        SMALL_TOWN,
        {},
    ),
    "a comparison group beats measured results": (
        practice(evidence="comparison-group"),
        practice(evidence="measured"),
        SMALL_TOWN,
        {},
    ),
    "replications near my size beat none": (taken_over(town(20_000)), practice(), SMALL_TOWN, {}),
    "a replication near my size beats one in a city": (
        taken_over(town(20_000)),
        taken_over(CITY),
        SMALL_TOWN,
        {},
    ),
    "three replications beat one": (taken_over(None, None, None), taken_over(None), SMALL_TOWN, {}),
    "a whole replication beats a part": (
        taken_over(None, extent="whole"),
        taken_over(None, extent="part"),
        SMALL_TOWN,
        {},
    ),
    "a record with obstacles and budget beats one without": (
        practice(obstacles="Va costar trobar voluntaris.", budget=[{"amount_eur": 900}]),
        practice(),
        SMALL_TOWN,
        {},
    ),
    "saying what may change beats saying only what must stay": (
        practice(core_elements="La trucada.", adaptable_elements="L'hora."),
        practice(core_elements="La trucada."),
        SMALL_TOWN,
        {},
    ),
    # without a municipality
    "maturity counts without a municipality": (
        practice(status="consolidated"),
        practice(status="in-progress"),
        None,
        {},
    ),
    "evidence counts without a municipality": (practice(evidence="measured"), practice(evidence="none"), None, {}),
    # to adapt
    "to adapt, another size comes first": (done_by(300_000), done_by(800), VILLAGE, ADAPT),
    "to adapt, another region comes first": (
        done_by(24_000, region="Andalucía"),
        done_by(24_000),
        SMALL_TOWN,
        ADAPT,
    ),
    "to adapt, adaptable elements come first": (
        practice(core_elements="La trucada.", adaptable_elements="L'hora."),
        practice(),
        SMALL_TOWN,
        ADAPT,
    ),
    "to adapt, a pilot is still worse": (
        practice(status="consolidated"),
        practice(status="in-progress"),
        SMALL_TOWN,
        ADAPT,
    ),
}


@pytest.mark.parametrize(("better", "worse", "reader", "options"), BETTER_AND_WORSE.values(), ids=BETTER_AND_WORSE)
def test_the_better_practice_fits_better(
    better: Practice | Origin, worse: Practice | Origin, reader: Municipality | None, options: Fields
) -> None:
    good, bad = fit(better, reader, **options).score, fit(worse, reader, **options).score
    assert good is not None
    assert bad is not None
    assert good > bad


# --- single factors --------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "score"), [(18_000, 1.0), (72_000, 0.6065), (4_500, 0.6065), (288_000, 0.1353)])
def test_size_scores_by_ratio(there: int, score: float) -> None:
    assert of("population", done_by(there), town(18_000)).score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize(
    ("there", "here", "score", "finding"),
    [
        (4_999, 5_000, 1.0, "same-band"),
        (5_000, 5_001, 0.5, "other-band"),
        (20_001, 20_000, 0.25, "duty-only-there"),
        (20_000, 20_001, 0.25, "duty-only-here"),
        (30_000, 80_000, 0.5, "other-band"),
        (900, 80_000, 0.0, "duty-only-here"),
    ],
)
def test_duties_follow_the_spanish_bands(there: int, here: int, score: float, finding: str) -> None:
    found = of("duty_band", done_by(there), town(here))
    assert (found.score, found.finding) == (pytest.approx(score), finding)


def test_the_spanish_duty_says_nothing_of_italy() -> None:
    found = of("duty_band", done_by(21_000, country="IT", region="Puglia"), ITALIAN)
    assert (found.score, found.finding) == (0.5, "other-band")


@pytest.mark.parametrize(
    ("kind", "reader", "score", "finding"),
    [
        ("municipality", VILLAGE, 1.0, "municipality"),
        ("comarca", VILLAGE, 1.0, "comarca-may-lead"),
        ("province", VILLAGE, 1.0, "comarca-may-lead"),
        ("comarca", CITY, 0.5, "shared-body"),
        ("ambito", ITALIAN, 1.0, "ambito-leads"),
        ("comarca", ITALIAN, 1.0, "ambito-leads"),
        ("province", ITALIAN, 0.25, "higher-body"),
        ("region", VILLAGE, 0.25, "higher-body"),
        ("comarca", town(None), None, "target-unknown"),
        ("comarca", town(900, country="AD"), 0.5, "shared-body"),
    ],
)
def test_the_competent_body_depends_on_country_and_size(
    kind: str, reader: Municipality, score: float | None, finding: str
) -> None:
    found = of("competent_body", done_by(None, type=kind), reader)
    assert (found.score, found.finding) == (score, finding)


@pytest.mark.parametrize(
    ("body", "score", "finding"),
    [
        ({"province": "Girona"}, 1.0, "same-province"),
        ({"province": "Lleida"}, 0.8, "same-region"),
        ({"region": "Puglia", "country": "IT"}, 0.2, "other-country"),
        ({"region": "Galicia"}, 0.5, "other-region"),
        ({"region": "Un nom que ningú coneix"}, 0.5, "same-country"),
        ({"region": None}, 0.5, "same-country"),
        ({"country": None}, None, "place-unknown"),
    ],
)
def test_territory_is_told_from_near_to_far(body: Fields, score: float | None, finding: str) -> None:
    found = of("territory", practice(body=body), SMALL_TOWN)
    assert (found.score, found.finding) == (score, finding)


def test_a_practice_of_the_reader_s_own_municipality_says_so() -> None:
    here = town(18_000, latitude=41.98, longitude=2.82)
    assert of("territory", Origin(practice(), here), here).finding == "own"


def test_distance_is_measured_along_the_great_circle() -> None:
    reus = town(name="Reus", latitude=41.1561, longitude=1.1069)
    bari = town(name="Bari", latitude=41.1171, longitude=16.8719, region="Puglia", country="IT", province="Bari")
    assert of("territory", Origin(practice(), reus), bari).details["distance_km"] == pytest.approx(1316, abs=5)
    assert "distance_km" not in of("territory", Origin(practice(), reus), town(name="Sense lloc")).details


def test_having_begun_long_ago_is_not_held_against_a_practice() -> None:
    assert of("freshness", practice(start_year=1995), SMALL_TOWN).score is None
    assert of("freshness", practice(updated_on="2021-01-01"), SMALL_TOWN).score == 1.0
    assert of("freshness", practice(updated_on="2016-01-01"), SMALL_TOWN).score == 0.5
    assert of("freshness", practice(updated_on="2027-01-01"), SMALL_TOWN).score == 1.0


def test_documentation_names_what_is_missing() -> None:
    found = of("documentation", practice(), SMALL_TOWN)
    assert found.score == pytest.approx(2 / 12)
    assert found.details["missing"] == (
        "objectives",
        "results",
        "obstacles",
        "lessons",
        "dates",
        "budget",
        "impacts",
        "actors",
        "sources",
        "contact",
    )


def test_replications_count_and_one_of_my_size_counts_full() -> None:
    assert of("replications", practice(), SMALL_TOWN).score is None
    assert of("replications", taken_over(None), SMALL_TOWN).score == 0.75
    assert of("replications", taken_over(CITY, None), SMALL_TOWN).score == 0.875
    found = of("replications", taken_over(CITY, town(9_000), town(8_999)), SMALL_TOWN)
    assert (found.score, found.source, found.details["near"]) == (1.0, 3, 1)


# --- traps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("population", [None, 0])
def test_a_municipality_without_population_is_neither_helped_nor_hurt(population: int | None) -> None:
    unsized = fit(done_by(24_000), town(population))
    assert {"population", "duty_band"} <= {each.factor for each in unsized.unknown}
    without = dict.fromkeys(("population", "duty_band"), 0.0)
    assert unsized.score == pytest.approx(fit(done_by(24_000), town(18_000), weights=without).score)


@pytest.mark.parametrize("population", [None, 0])
def test_a_practice_without_population_is_unknown_not_unlike(population: int | None) -> None:
    assert of("population", done_by(population), SMALL_TOWN).finding == "place-unknown"
    assert fit(done_by(population), SMALL_TOWN).coverage < fit(done_by(24_000), SMALL_TOWN).coverage


@pytest.mark.parametrize(("kind", "country"), [("comarca", "ES"), ("ambito", "IT"), ("union", "IT")])
def test_a_body_of_municipalities_is_not_sized_against_one(kind: str, country: str) -> None:
    done = done_by(40_000, type=kind, country=country)
    assert of("population", done, VILLAGE).finding == "shared-body"
    assert of("duty_band", done, VILLAGE).score is None
    assert Question.WHO_LED in fit(done, VILLAGE).questions


def test_a_practice_without_body_still_fits_by_what_it_says() -> None:
    bare = fit(practice(body=None, status="consolidated"), SMALL_TOWN)
    assert {each.factor for each in bare.evidence if each.score is not None} == {
        "language",
        "maturity",
        "documentation",
    }
    assert bare.score == pytest.approx((1 * 1 + 2 * 1 + 1 * 2 / 12) / 4)
    weights = default_weights(View.SIMILAR)
    asked_about = sum(weights.values()) - weights["target_groups"] - weights["themes"]
    assert bare.coverage == pytest.approx(4 / asked_about)


def test_without_a_municipality_it_works_and_says_so() -> None:
    lone = fit(practice(status="consolidated", evidence="measured"), None)
    assert lone.municipality is None
    assert lone.score is not None
    assert 0 < lone.coverage < 0.5
    assert {each.factor for each in lone.unknown if each.finding == "no-municipality"} == {
        "population",
        "duty_band",
        "settlement",
        "territory",
        "competent_body",
    }
    assert summary(lone, translator("en")).endswith(
        "No municipality is chosen: only what needs none was compared."
    )


def test_what_the_reader_did_not_ask_about_is_not_missing() -> None:
    silent, asking = fit(practice(), SMALL_TOWN), fit(practice(), SMALL_TOWN, **LONELY)
    assert "target_groups" not in {each.factor for each in silent.evidence}
    assert "target_groups" in {each.factor for each in asking.unknown}
    assert asking.coverage < silent.coverage
    assert asking.score == silent.score


# --- weights, views, questions ---------------------------------------------------------------------


def test_weights_are_the_reader_s_to_change() -> None:
    only_size = dict.fromkeys(FACTORS, 0.0) | {"population": 1.0}
    changed = fit(done_by(72_000), SMALL_TOWN, weights=only_size)
    assert changed.score == pytest.approx(math.exp(-0.5))
    assert (changed.coverage, changed.weights_version) == (1.0, None)
    assert fit(practice(), SMALL_TOWN).weights_version == WEIGHTS_VERSION


def test_when_nothing_weighs_the_fit_is_unknown() -> None:
    nothing = fit(practice(), SMALL_TOWN, weights=dict.fromkeys(FACTORS, 0.0))
    assert (nothing.score, nothing.coverage) == (None, 0.0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"size": 1.0}, "no factor is called 'size'"),
        ({"population": -1.0}, "population is -1.0"),
        ({"population": math.nan}, "population is nan"),
        ({"population": 100.5}, "population is 100.5; a weight is a number from 0 to 100"),
    ],
)
def test_a_weight_that_cannot_be_is_refused_by_name(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(practice(), SMALL_TOWN, weights=weights)


def test_the_two_views_count_context_the_other_way_round_and_read_the_same() -> None:
    done = practice(body={"province": "Girona"}, status="in-progress")
    similar, different = fit(done, SMALL_TOWN), fit(done, SMALL_TOWN, view=View.DIFFERENT)
    assert similar.evidence == different.evidence
    for each in similar.evidence:
        if each.score is None:
            assert counted_score(each, View.DIFFERENT) is None
        else:
            turned = 1 - each.score if FACTORS[each.factor].is_context else each.score
            assert counted_score(each, View.DIFFERENT) == turned
    assert not FACTORS["competent_body"].is_context  # who may lead is no matter of taste


def test_there_is_always_something_to_ask() -> None:
    full = practice(
        obstacles="Pocs.",
        core_elements="La trucada.",
        evidence="comparison-group",
        budget=[{"amount_eur": 900, "scope": "annual", "kind": "fixed"}],
        replications=[{"body": "Valls"}],
        status="consolidated",
        updated_on="2026-01-01",
    )
    assert fit(full, SMALL_TOWN).questions == (Question.POLITICAL_WILL, Question.ACCEPTANCE, Question.STAFF)


@pytest.mark.parametrize(
    ("done", "asked"),
    [
        (practice(), Question.OBSTACLES),
        (practice(), Question.COSTS),
        (practice(budget=[{"amount_eur": 900}]), Question.COST_PARTS),
        (practice(evidence="self-reported"), Question.RESULTS),
        (practice(status="in-progress"), Question.PILOT),
        (practice(status="finished"), Question.ENDED),
        (practice(updated_on="2012-01-01"), Question.STILL_RUNNING),
        (practice(body={"region": "Galicia"}), Question.LEGAL_BASE),
        (done_by(1_600_000), Question.SMALLER),
        (done_by(400), Question.LARGER),
    ],
)
def test_what_is_open_is_asked(done: Practice, asked: Question) -> None:
    assert asked in fit(done, SMALL_TOWN).questions


# --- cost ------------------------------------------------------------------------------------------


def test_fixed_and_per_head_stay_apart_and_only_the_latter_is_scaled() -> None:
    done = done_by(24_000)
    lines = [
        {"amount_eur": 30_000, "scope": "annual", "kind": "fixed", "year": 2024},
        {"amount_eur": 12_000, "scope": "annual", "kind": "per-head", "year": 2024},
        {"amount_eur": 99_000, "scope": "annual", "kind": "fixed", "year": 2019},
        {"amount_eur": 16.25, "kind": "per-head", "purpose": "hora"},
        {"amount_eur": 5_000},
    ]
    told = cost(Origin(practice(body=done.body, budget=lines)), town(18_000))
    assert told is not None
    annual, undated = told.amounts
    assert (annual.year, annual.fixed_eur, annual.per_head_eur, annual.total_eur) == (2024, 30_000, 12_000, 42_000)
    assert annual.per_inhabitant_eur == pytest.approx(1.75)
    assert annual.scaled_per_head_eur == pytest.approx(9_000)
    assert (undated.scope, undated.undivided_eur, undated.scaled_per_head_eur) == (None, 5_000, None)
    assert [line.amount_eur for line in told.unit_prices] == [16.25]


def test_barcelona_s_bank_of_practices_is_not_scaled_to_a_town() -> None:
    amounts = [200, 20_798.12, 8_034.40, 956]
    done = practice(
        body={"population": 1_620_000}, budget=[{"amount_eur": amount, "year": 2018} for amount in amounts]
    )
    told = fit(done, town(18_000)).cost
    assert told is not None
    assert told.amounts[0].total_eur == pytest.approx(29_988.52)
    assert told.amounts[0].scaled_per_head_eur is None
    assert cost_sentences(told, translator("ca")) == [
        "Pressupost: 29.988,52\N{NO-BREAK SPACE}€; la fitxa no diu per a quant de temps.",
        "Són 0,02\N{NO-BREAK SPACE}€ per habitant d’aquell territori.",
        "No escaleu el total pel nombre d’habitants: la coordinació i la posada en marxa costen gairebé el mateix "
        "en un municipi petit. Les partides es poden solapar.",
    ]


def test_no_budget_no_cost() -> None:
    assert fit(practice(), SMALL_TOWN).cost is None


# --- order -----------------------------------------------------------------------------------------


def test_relevance_beats_fit() -> None:
    assert refine_order("ab", [0.9, 0.6], [0.1, 1.0], margin=0.05) == ["a", "b"]


def test_fit_orders_what_is_equally_relevant() -> None:
    assert refine_order("abc", [0.90, 0.88, 0.60], [0.2, 0.9, 1.0], margin=0.05) == ["b", "a", "c"]


def test_a_run_is_measured_from_its_best_so_small_steps_do_not_add_up() -> None:
    assert refine_order("abc", [0.90, 0.86, 0.82], [0.1, 0.2, 0.9], margin=0.05) == ["b", "a", "c"]


def test_equal_fits_and_unknown_fits_keep_their_place() -> None:
    assert refine_order("abc", [0.9, 0.9, 0.9], [0.1, None, 0.8], margin=0.05) == ["c", "b", "a"]
    assert refine_order("abc", [0.9, 0.9, 0.9], [0.5, 0.5, 0.5], margin=0.05) == ["a", "b", "c"]


def test_an_order_that_was_spread_by_other_means_is_kept() -> None:
    assert refine_order("abc", [0.7, 0.6, 0.9], [0.1, 0.9, 1.0], margin=0.05) == ["a", "b", "c"]


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 hits, 1 strengths and 2 fits"):
        refine_order("ab", [0.9], [0.1, 0.2])


@given(st.lists(st.tuples(st.floats(0, 1), st.none() | st.floats(0, 1)), max_size=30), st.floats(0, 0.3))
def test_nothing_is_lost_and_no_result_passes_one_much_stronger(
    found: list[tuple[float, float | None]], margin: float
) -> None:
    found = sorted(found, key=lambda each: -each[0])
    strengths = [strength for strength, _ in found]
    ordered = refine_order(range(len(found)), strengths, [fit for _, fit in found], margin=margin)
    assert sorted(ordered) == list(range(len(found)))
    for at, earlier in enumerate(ordered):
        assert all(strengths[later] - strengths[earlier] <= margin for later in ordered[at:])


def test_the_stated_margin_is_the_default() -> None:
    assert refine_order("ab", [0.5, 0.5 - 2 * MARGIN], [0.0, 1.0]) == ["a", "b"]
    assert refine_order("ab", [0.5, 0.5 - MARGIN / 2], [0.0, 1.0]) == ["b", "a"]


# --- laws ------------------------------------------------------------------------------------------

populations = st.none() | st.integers(0, 3_000_000)
towns = st.none() | st.builds(
    town,
    populations,
    province=st.sampled_from([None, "Girona", "Bari"]),
    region=st.sampled_from([None, "Catalunya", "Puglia", "Enlloc"]),
    country=st.sampled_from([None, "ES", "IT"]),
    area_km2=st.none() | st.floats(0.1, 2_000),
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
)
practices = st.builds(
    practice,
    language=st.sampled_from(Language),
    body=st.none()
    | st.fixed_dictionaries(
        {
            "population": populations,
            "type": st.sampled_from(BodyType),
            "country": st.sampled_from([None, "ES", "IT"]),
        }
    ),
    status=st.none() | st.sampled_from(Status),
    evidence=st.none() | st.sampled_from(EvidenceLevel),
    target_groups=st.lists(st.sampled_from(TargetGroup), max_size=3),
    core_elements=st.sampled_from([None, "La trucada."]),
    updated_on=st.none() | st.dates(date(1990, 1, 1), date(2026, 1, 1)),
    replications=st.lists(
        st.fixed_dictionaries({"body": st.just("Valls"), "extent": st.sampled_from([None, "whole", "part"])}),
        max_size=4,
    ),
    budget=st.lists(
        st.fixed_dictionaries(
            {
                "amount_eur": st.floats(0, 1e9),
                "scope": st.sampled_from([None, "annual", "whole"]),
                "kind": st.sampled_from([None, "fixed", "per-head"]),
                "year": st.sampled_from([None, 2019, 2024]),
            }
        ),
        max_size=4,
    ),
)
origins = st.builds(Origin, practices, towns)
weights = st.dictionaries(st.sampled_from(sorted(FACTORS)), st.floats(0, LARGEST_WEIGHT))


@given(origins, towns, st.sampled_from(View), weights, st.sets(st.sampled_from(TargetGroup), max_size=3))
def test_fit_and_coverage_lie_between_0_and_1_and_every_factor_is_in_one_list(
    origin: Origin, reader: Municipality | None, view: View, changed: dict[str, float], groups: set[TargetGroup]
) -> None:
    found = fit(origin, reader, view=view, weights=changed, target_groups=groups)
    assert found.score is None or 0 <= found.score <= 1
    assert 0 <= found.coverage <= 1
    assert all(each.score is None or 0 <= each.score <= 1 for each in found.evidence)
    assert {*map(id, found.evidence)} == {*map(id, (*found.matches, *found.differs, *found.unknown))}
    not_asked = {"themes"} if groups else {"themes", "target_groups"}
    assert [each.factor for each in found.evidence] == [code for code in FACTORS if code not in not_asked]


@given(origins, towns, st.floats(0, LARGEST_WEIGHT))
def test_an_unknown_factor_never_changes_the_fit(
    origin: Origin, reader: Municipality | None, weight: float
) -> None:
    before = fit(origin, reader)
    after = fit(origin, reader, weights=dict.fromkeys((each.factor for each in before.unknown), weight))
    assert after.score == before.score


@given(st.integers(1, 5_000_000), st.integers(1, 5_000_000))
def test_size_is_compared_the_same_in_both_directions(one: int, other: int) -> None:
    there, back = of("population", done_by(one), town(other)), of("population", done_by(other), town(one))
    assert there.score == pytest.approx(back.score)
    assert of("population", done_by(one), town(one)).score == 1.0


@given(origins, towns, st.sampled_from(LANGUAGES))
def test_everything_found_can_be_said(origin: Origin, reader: Municipality | None, language: str) -> None:
    say = translator(language)
    found = fit(origin, reader, target_groups=[TargetGroup.TENANTS])
    said = [sentence(each, say) for each in found.evidence] + [question(each, say) for each in found.questions]
    said += cost_sentences(found.cost, say) if found.cost else []
    assert all(text and "{" not in text and "None" not in text for text in [*said, summary(found, say)])


# --- places ----------------------------------------------------------------------------------------

GIRONA = town(103_000, name="Girona")
PLACES = Municipalities(
    [
        GIRONA,
        town(17_000, name="Salt", code="17155"),
        town(11_000, name="Vilanova", region="Catalunya", province="Lleida"),
        town(12_000, name="Vilanova", region="Catalunya", province="Girona"),
    ]
).with_bodies([TerritorialBody("Gironès", BodyType.COMARCA, (GIRONA,), region="Catalunya", country="ES")])


def test_a_body_is_located_by_code_or_name() -> None:
    assert locate(practice(body={"name": "Salt (Gironès)", "code": "17155"}), PLACES).place == PLACES.find("Salt")
    assert locate(practice(body={"name": "Girona"}), PLACES).place == GIRONA


def test_two_of_one_name_are_told_apart_by_province_or_left_unknown() -> None:
    found = locate(practice(body={"name": "Vilanova", "province": "Lleida"}), PLACES).place
    assert found is not None
    assert found.population == 11_000
    assert locate(practice(body={"name": "Vilanova"}), PLACES).place is None


def test_a_comarca_is_located_and_the_population_at_the_time_comes_first() -> None:
    done = practice(body={"name": "Gironès", "type": "comarca", "population": None})
    assert locate(done, PLACES).population == 103_000
    assert locate(done, PLACES).municipality is None
    assert locate(practice(body={"name": "Girona", "population": 90_000}), PLACES).population == 90_000


def test_replications_are_located_where_known() -> None:
    done = practice(replications=[{"body": "Salt"}, {"body": "Fundació sense lloc"}])
    assert locate(done, PLACES).replicated_in == (PLACES.find("Salt"), None)
    assert of("replications", locate(done, PLACES), SMALL_TOWN).details["near"] == 1


def test_a_practice_without_body_has_no_place() -> None:
    assert locate(practice(body=None), PLACES) == Origin(practice(body=None))


# --- sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ca", "Feta en un municipi amb 24.000 habitants; el vostre en té 18.000."),
        ("es", "Hecha en un municipio de 24.000 habitantes; el suyo tiene 18.000."),
        ("it", "Realizzata in un comune di 24.000 abitanti; il vostro ne ha 18.000."),
        ("en", "Done in a municipality of 24,000 inhabitants; yours has 18,000."),
    ],
)
def test_size_is_said_with_the_numbers_of_each_language(language: str, said: str) -> None:
    assert sentence(of("population", done_by(24_000), SMALL_TOWN), translator(language)) == said


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (1, "Feta en un municipi amb 1 habitant; el vostre en té 18.000."),
        (1_000_000, "Feta en un municipi amb 1.000.000 d’habitants; el vostre en té 18.000."),
        (1_000_001, "Feta en un municipi amb 1.000.001 habitants; el vostre en té 18.000."),
    ],
)
def test_one_and_a_million_take_their_own_plural(there: int, said: str) -> None:
    assert sentence(of("population", done_by(there), SMALL_TOWN), translator("ca")) == said


def test_sentences_name_regions_languages_and_groups_in_the_reader_s_language() -> None:
    done = practice(
        language="it",
        body={"region": "Puglia", "country": "IT"},
        target_groups=["older-people-alone"],
        replications=[{"body": "Bari"}, {"body": "Lecce"}, {"body": "Trani"}],
        evidence="measured",
    )
    origin = Origin(done, None, (town(20_000), None, None))
    reader = replace(SMALL_TOWN, region="Sicilia", country="IT")
    said = {each.factor: sentence(each, translator("ca")) for each in fit(origin, reader, **LONELY).evidence}
    assert said["territory"] == "Una altra comunitat o regió, Pulla: comproveu-ne la base legal."
    assert said["language"] == "Documents només en italià."
    assert said["target_groups"] == "Mateix grup: Gent gran que viu sola."
    assert said["replications"] == "L’han adoptada 3 ens més. 1 té una mida semblant a la vostra."
    assert said["evidence_level"] == "Resultats mesurats, sense grup de comparació."
    assert said["maturity"] == "Maduresa: no consta a la fitxa."


def test_the_summary_never_speaks_of_success() -> None:
    told = replace(fit(practice(), SMALL_TOWN), score=0.784, coverage=0.64)
    assert summary(told, translator("en")) == "Fit with your context: 78 of 100. Known: 64% of what counts."
    assert summary(told, translator("ca")).startswith("Encaix amb el vostre context: 78 de 100.")


def test_every_factor_finding_and_question_has_its_words() -> None:
    assert list(FACTOR_NAMES) == list(FACTORS)
    assert set(QUESTIONS) == set(Question)
    assert {code for code, _ in FINDINGS} == set(FACTORS) - {"population", "replications"}
    for code in FACTORS:
        assert "Source:" in explanation(code, translator("en"))


def _message_ids() -> set[str | tuple[str, ...]]:
    """Every text marked or said in the module of sentences, and the docstring of every factor."""
    tree = ast.parse(Path(service.fit_sentences.__file__).read_text(encoding="utf-8"))
    found: set[str | tuple[str, ...]] = {
        " ".join((row.function.__doc__ or "").split()) for row in FACTORS.values()
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        texts = tuple(
            each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
        )
        match call.func:
            case ast.Name(id="message" | "say") if texts:
                found.update(texts)
            case ast.Attribute(attr="plural"):
                found.add(texts)
    return found


@pytest.mark.parametrize("language", ["ca", "es", "it"])
def test_every_message_is_translated_with_the_same_blanks(language: str) -> None:
    with (MESSAGES / language / "fit.po").open("rb") as file:
        translations = {message.id: message for message in read_po(file, locale=language) if message.id}
    ids = _message_ids()
    assert len(ids) > 120
    assert set(translations) == ids
    for text, message in translations.items():
        versions = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not message.fuzzy
        assert len(versions) == (3 if isinstance(text, tuple) else 1)
        for version in versions:
            assert version, f"{text!r} is not translated"
            assert set(_blanks(version)) == set(_blanks(text[-1] if isinstance(text, tuple) else text)), version


def _blanks(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_a_factor_is_named_in_each_language() -> None:
    assert [factor_name("replications", translator(language)) for language in LANGUAGES] == [
        "Rèpliques",
        "Réplicas",
        "Repliche",
        "Replications",
    ]


def test_a_factor_can_be_asked_by_itself() -> None:
    reader = Reader(SMALL_TOWN, Language.CATALAN, today=TODAY)
    assert FACTORS["maturity"].function(Origin(practice(status="finished")), reader).score == 0.5
