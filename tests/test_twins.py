"""Municipalities like mine: Gower by hand, better and worse pairs, and laws that always hold."""

import json
import math
import time
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.network import Profile
from corpus.vocabulary import BodyType, Language, TargetGroup
from service import profile_sentences
from service.cli import app
from service.i18n import LANGUAGES, translator
from service.profiles import KnownProfile
from service.settings import Settings
from service.twins import ATTRIBUTES, POPULATION_SPAN, Towns, Twin, twins_of
from tests.factories import HashingEncoder, make_practice, make_snapshot

Fields = dict[str, Any]
STATED = ("languages", "budget_eur", "ageing_share", "services", "target_groups")
REFUSED = 2


def town(name: str = "Vila", population: int | None = 18_000, **fields: Any) -> KnownProfile:
    known: Fields = {"region": "Catalunya", "country": "ES", "latitude": 41.6, "longitude": 1.1}
    told = {key: fields.pop(key) for key in STATED if key in fields}
    place = Municipality(
        name,
        population=population,
        geonames_id=crc32(f"{name} {fields.get('region')}".encode()),
        **(known | fields),
    )
    return KnownProfile(place, Profile(municipality=place.key, **told) if told else None)


def distance(mine: KnownProfile, other: KnownProfile, **options: Any) -> Twin:
    [twin] = twins_of(mine, Towns([mine, other]), **{"least_coverage": 0.0} | options)
    return twin


def of(code: str, mine: KnownProfile, other: KnownProfile) -> float | None:
    twin = distance(mine, other)
    return next(each for each in (*twin.agrees, *twin.differs, *twin.unknown) if each.attribute == code).distance


MINE = town("Tàrrega")

# --- by hand ---------------------------------------------------------------------------------------


def test_one_in_all_that_is_known_is_no_distance() -> None:
    twin = distance(MINE, town("Bessona"))
    assert twin.distance == 0
    assert not twin.differs
    # population 4, duties 2, territory 2, distance 1, languages 1, of 16 in all
    assert twin.coverage == pytest.approx(10 / 16)


def test_gower_by_hand() -> None:
    other = town("Altra", 36_000, region="Galicia", longitude=1.1)
    twin = distance(MINE, other)
    # twice as large: ln 2 / ln 3,200; next of four bands: 1/3; other region: 0.5; same point: 0; es of ca, es: 0.5
    by_hand = (4 * math.log(2) / math.log(3_200) + 2 * 1 / 3 + 2 * 0.5 + 1 * 0 + 1 * 0.5) / 10
    assert twin.distance == pytest.approx(by_hand)
    assert {each.attribute for each in twin.agrees} == {"population", "distance", "languages"}
    assert {each.attribute for each in twin.differs} == {"duty_band", "territory"}


@pytest.mark.parametrize(
    ("code", "mine", "other", "expected"),
    [
        ("population", MINE, town("b", 9_000), math.log(2) / POPULATION_SPAN),
        ("population", town("a", 1), town("b", 3_000_000), 1.0),
        ("duty_band", town("a", 900), town("b", 300_000), 1.0),
        ("duty_band", town("a", 20_000), town("b", 20_001), 1 / 3),
        ("settlement", town("a", 900, area_km2=50.0), town("b", 90_000, area_km2=10.0), 1.0),
        ("settlement", town("a", 9_000, area_km2=10.0), town("b", 90_000, area_km2=10.0), 0.5),
        ("territory", MINE, town("b", region="Cataluña"), 0.0),
        ("territory", MINE, town("b", region="Puglia", country="IT"), 1.0),
        ("territory", MINE, town("b", region=None), None),
        ("distance", MINE, town("b", latitude=41.1171, longitude=16.8719), 1.0),
        ("distance", MINE, town("b", latitude=42.6), 0.1112),
        ("distance", MINE, town("b", latitude=None), None),
        ("languages", MINE, town("b", languages=["ca", "es", "it"]), 1 / 3),
        ("ageing_share", town("a", ageing_share=0.2), town("b", ageing_share=0.35), 0.5),
        ("ageing_share", MINE, town("b", ageing_share=0.35), None),
        ("budget_per_head_eur", town("a", budget_eur=18_000.0), town("b", budget_eur=180_000.0), 1.0),
        ("budget_per_head_eur", town("a", budget_eur=18_000.0), town("b", 36_000, budget_eur=36_000.0), 0.0),
        ("services", town("a", services=["Centre de dia", "SAD"]), town("b", services=["centre de Dia"]), 0.5),
        ("target_groups", town("a", target_groups=["carers"]), town("b", target_groups=["women"]), 1.0),
    ],
)  # fmt: skip
def test_each_attribute_is_compared_as_its_kind_asks(
    code: str, mine: KnownProfile, other: KnownProfile, expected: float | None
) -> None:
    found = of(code, mine, other)
    assert found == (expected if expected is None else pytest.approx(expected, abs=1e-3))


# --- better and worse ------------------------------------------------------------------------------

VILLAGE = town("Poble", 900)
BETTER_AND_WORSE: dict[str, tuple[KnownProfile, KnownProfile, KnownProfile]] = {
    "a village's twin is a village": (VILLAGE, town("b", 1_100), town("c", 300_000)),
    "a village far off in the region is nearer than the city next door": (
        VILLAGE,
        town("b", 1_100, latitude=42.4, longitude=2.8),
        town("c", 120_000, latitude=41.6, longitude=1.2),
    ),
    "a village of another country is nearer than the city next door": (
        VILLAGE,
        town("b", 1_000, latitude=41.1, longitude=16.9, region="Puglia", country="IT"),
        town("c", 300_000),
    ),
    "a neighbour of the same size is nearer than one across the country": (
        MINE,
        town("b", latitude=41.7),
        town("c", latitude=37.2, longitude=-5.9, region="Andalucía"),
    ),
    "in one region the nearer of two alike comes first": (
        MINE,
        town("b", latitude=41.7),
        town("c", latitude=42.4, longitude=2.8),
    ),
    "the same side of 20,000 is nearer than the other": (
        town("a", 19_000),
        town("b", 15_000),
        town("c", 23_800),
    ),
    "the same region is nearer than another": (MINE, town("b"), town("c", region="Aragón")),
    "the same country is nearer than another": (
        MINE,
        town("b", region="Aragón"),
        town("c", region="Puglia", country="IT"),
    ),
    "Valencian and Catalan towns read the same languages": (
        MINE,
        town("b", region="Comunitat Valenciana"),
        town("c", region="Aragón"),
    ),
    "as old a town is nearer than a young one": (
        town("a", ageing_share=0.3),
        town("b", ageing_share=0.29),
        town("c", ageing_share=0.14),
    ),
    "a town with the same concerns is nearer than one with others": (
        town("a", target_groups=["carers", "older-people"]),
        town("b", target_groups=["carers"]),
        town("c", target_groups=["young-people"]),
    ),
    "a town that spends as much is nearer than one that spends five times that": (
        town("a", budget_eur=1e6),
        town("b", budget_eur=1.1e6),
        town("c", budget_eur=5e6),
    ),
}


@pytest.mark.parametrize(("mine", "better", "worse"), BETTER_AND_WORSE.values(), ids=BETTER_AND_WORSE)
def test_the_more_alike_comes_first(mine: KnownProfile, better: KnownProfile, worse: KnownProfile) -> None:
    found = twins_of(mine, Towns([worse, better, mine]), least_coverage=0.0)
    assert [twin.municipality for twin in found] == [better.municipality, worse.municipality]
    assert found[0].distance < found[1].distance


def test_an_unknown_population_neither_helps_nor_hurts() -> None:
    without_size = {"population": 0.0, "duty_band": 0.0, "settlement": 0.0}
    other = town("b", 20_000, region="Aragón")
    unsized = town("c", None, region="Aragón")
    assert distance(MINE, unsized).distance == pytest.approx(distance(MINE, other, weights=without_size).distance)
    assert {"population", "duty_band"} <= {each.attribute for each in distance(MINE, unsized).unknown}
    assert distance(MINE, unsized).coverage < distance(MINE, other).coverage


def test_a_place_of_which_next_to_nothing_is_known_is_no_twin() -> None:
    hamlet = town("Mas", None, latitude=None)  # in the same region, so at distance 0 of all that is known
    found = twins_of(MINE, Towns([hamlet, town("b", 9_000)]))
    assert [twin.municipality.name for twin in found] == ["b"]


def test_a_reader_of_whom_little_is_known_still_has_twins() -> None:
    unsized = town("Meva", None)
    assert [twin.municipality.name for twin in twins_of(unsized, Towns([unsized, town("b", 900)]))] == ["b"]


def test_a_municipality_is_never_its_own_twin_and_only_those_asked_for_are() -> None:
    towns = Towns([MINE, town("b"), town("c")])
    assert {twin.municipality.name for twin in twins_of(MINE, towns)} == {"b", "c"}
    assert [twin.municipality.name for twin in twins_of(MINE, towns, among={town("c").municipality.key})] == ["c"]
    assert twins_of(MINE, Towns([MINE])) == []
    assert twins_of(MINE, Towns([])) == []


def test_of_equally_near_ones_the_better_known_comes_first() -> None:
    known = town("z", ageing_share=0.2)
    found = twins_of(town("a", ageing_share=0.2), Towns([town("b"), known]))
    assert [twin.municipality.name for twin in found] == ["z", "b"]


# --- weights and laws ------------------------------------------------------------------------------


def test_weights_are_the_reader_s_to_change() -> None:
    only_ageing = dict.fromkeys(ATTRIBUTES, 0.0) | {"ageing_share": 1.0}
    twin = distance(town("a", ageing_share=0.2), town("b", 900, ageing_share=0.2), weights=only_ageing)
    assert (twin.distance, twin.coverage) == (0.0, 1.0)
    assert twins_of(MINE, Towns([town("b")]), weights=dict.fromkeys(ATTRIBUTES, 0.0)) == []


@pytest.mark.parametrize(
    ("weights", "said"), [({"size": 1.0}, "no attribute is called 'size'"), ({"population": -1.0}, "is -1.0")]
)
def test_a_weight_that_cannot_be_is_refused_by_name(weights: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        twins_of(MINE, Towns([town("b")]), weights=weights)


towns = st.builds(
    town,
    st.text("abcdefgh", min_size=1, max_size=6),
    st.none() | st.integers(0, 3_000_000),
    region=st.sampled_from([None, "Catalunya", "Puglia", "Enlloc"]),
    country=st.sampled_from([None, "ES", "IT"]),
    latitude=st.none() | st.floats(-90, 90),
    longitude=st.none() | st.floats(-180, 180),
    area_km2=st.none() | st.floats(0.1, 2_000),
    ageing_share=st.none() | st.floats(0, 1),
    budget_eur=st.none() | st.floats(0, 1e9),
    languages=st.lists(st.sampled_from(Language), max_size=3, unique=True),
    services=st.lists(st.sampled_from(["SAD", "Centre de dia"]), max_size=2),
    target_groups=st.lists(st.sampled_from(TargetGroup), max_size=3, unique=True),
)


@settings(deadline=None)
@given(towns, towns, st.sampled_from(LANGUAGES))
def test_distances_lie_between_0_and_1_are_the_same_both_ways_and_can_be_said(
    one: KnownProfile, other: KnownProfile, language: str
) -> None:
    there, back = Towns([other]).distances(one), Towns([one]).distances(other)
    np.testing.assert_allclose(there, back, atol=1e-9)
    assert np.all(np.isnan(there) | ((there >= 0) & (there <= 1)))
    say = translator(language)
    for twin in twins_of(one, Towns([other]), least_coverage=0.0):
        assert 0 <= twin.distance <= 1
        assert 0 < twin.coverage <= 1
        told = [each.attribute for each in (*twin.agrees, *twin.differs, *twin.unknown)]
        assert sorted(told) == sorted(ATTRIBUTES)
        said = [profile_sentences.comparison(each, say) for each in (*twin.agrees, *twin.differs)]
        said.append(profile_sentences.twin_summary(twin, say))
        assert all(text and "{" not in text and "None" not in text for text in said)


def test_sixteen_thousand_municipalities_are_compared_in_under_half_a_second() -> None:
    random = np.random.default_rng(7)
    people = random.lognormal(7, 1.6, 16_000)
    north, east = random.uniform(36, 47, 16_000), random.uniform(-9, 18, 16_000)
    many = Towns(
        town(f"v{at}", 1 + int(people[at]), latitude=float(north[at]), longitude=float(east[at]))
        for at in range(16_000)
    )
    started = time.process_time()
    assert len(twins_of(MINE, many, top_k=10)) == 10
    assert time.process_time() - started < 0.5


# --- sentences and the command ---------------------------------------------------------------------


def test_a_twin_is_told_with_both_values() -> None:
    say = translator("en")
    twin = distance(MINE, town("b", 900, latitude=42.6))
    said = {each.attribute: profile_sentences.comparison(each, say) for each in (*twin.agrees, *twin.differs)}
    assert said["population"] == "Population: 900; yours: 18,000."
    assert said["territory"] == "Territory and law: Catalonia, Spain, as yours."
    assert said["distance"] == "About 111 km away, as the crow flies."
    assert profile_sentences.not_compared(twin, say).startswith(
        "Not compared, for want of data: Kind of settlement,"
    )


PLACES = Municipalities(
    [
        town("Tàrrega").municipality,
        town("Balaguer", 17_000).municipality,
        town("Berga", 16_000, latitude=42.1).municipality,
        town("Sort", 2_000).municipality,
        *(town("Mieres", 3_000, region=region).municipality for region in ("Asturias", "Catalunya")),
    ]
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    chosen = Settings(data=tmp_path)
    encoder = HashingEncoder()
    make_snapshot(
        chosen.index,
        [
            make_practice(place="Berga", region="Catalunya", country="ES"),
            make_practice(place="Sort", region="Catalunya", country="ES"),
            make_practice(body={"name": "Urgell", "type": "comarca", "region": "Catalunya", "country": "ES"}),
        ],
        encoder,
    )
    bodies = [TerritorialBody("Urgell", BodyType.COMARCA, (PLACES.find("Tàrrega"), PLACES.find("Balaguer")))]
    monkeypatch.setattr("service.commands.network.settings", lambda: chosen)
    monkeypatch.setattr("service.resources.load_encoder", lambda _name=None: encoder)
    monkeypatch.setattr("service.resources.load_municipalities", lambda _folder: PLACES.with_bodies(bodies))
    return chosen


def run(*arguments: str, status: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    return " ".join(result.output.split())


def test_twins_run_a_practice_unless_all_are_asked_for(data: Settings) -> None:
    [found] = json.loads(run("twins", "Tàrrega", "--json"))
    assert [twin["municipality"]["name"] for twin in found["twins"]] == ["Berga", "Sort"]
    [found] = json.loads(run("twins", "Tàrrega", "--all", "--top-k", "1", "--json"))
    assert [twin["municipality"]["name"] for twin in found["twins"]] == ["Balaguer"]
    assert "= Population: 16,000; yours: 18,000." in run("twins", "Tàrrega")


def test_of_a_comarca_each_municipality_has_its_twins(data: Settings) -> None:
    found = json.loads(run("twins", "Urgell", "--json"))
    assert [each["municipality"]["name"] for each in found] == ["Tàrrega", "Balaguer"]


@pytest.mark.parametrize(
    ("name", "said"), [("Nowhere", "No municipality is known as 'Nowhere'."), ("Mieres", "Mieres (Catalunya, ES)")]
)
def test_a_place_that_does_not_exist_or_is_ambiguous_is_refused_by_name(
    data: Settings, name: str, said: str
) -> None:
    assert said in run("twins", name, status=REFUSED)
