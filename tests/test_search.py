"""The one function behind every face: cut off, spread, translations as one, steering, fit within relevance."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UnknownPractice
from corpus.municipality import Municipality
from corpus.vocabulary import Language
from indexer.calibration import Calibration
from indexer.filters import Filter
from service.search import SearchQuestion, StrengthWord, matching_words, search_practices
from service.transferability import FACTORS
from tests.factories import HashingEncoder, make_practice, make_snapshot

TEXT = "gent gran que viu sola"
PROBLEM = "Ningú no ho sap abans que sigui tard."
ENCODER = HashingEncoder()
CALIBRATION = Calibration(
    encoder_digest=ENCODER.digest, dense=10.0, lexical=2.0, intercept=-4.0, floor=0.5, strong=0.9
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    practices = [
        make_practice(id="visits-ca", title="Visites a la gent gran que viu sola", place="Reus",
                      translations=["visits-es"], region="Catalunya", country="ES", population=104_000),
        make_practice(id="visits-es", language="es", title="Visitas a la gent gran que viu sola", place="Reus",
                      translations=["visits-ca"], region="Catalunya", country="ES", population=104_000),
        *[make_practice(id=f"city-{n}", title="Gent gran que viu sola", place="Gran Ciutat", problem=PROBLEM,
                        actions="Trucades de telèfon.", population=900_000, country="ES") for n in range(4)],
        make_practice(id="village", title="Gent gran que viu sola", place="Vilaxica", problem=PROBLEM,
                      actions="Trucades de telèfon.", population=900, country="ES"),
        make_practice(id="gardens", title="Horts per a joves", problem="Els joves no tenen feina.", place="Altra"),
    ]  # fmt: skip
    return make_snapshot(tmp_path_factory.mktemp("index"), practices, ENCODER)


def ask(snapshot, calibration=CALIBRATION, **question):
    question = {"text": TEXT, "top_k": 50} | question
    vector = ENCODER.encode_queries([question["text"]])[0]
    return search_practices(snapshot, vector, SearchQuestion(**question), calibration=calibration)


def ids(results):
    return [result.practice.id for result in results]


def test_translations_are_one_result_in_the_readers_language(snapshot):
    for language, shown in ((Language.SPANISH, "visits-es"), (Language.CATALAN, "visits-ca")):
        found = ask(snapshot, reader_language=language)
        assert [i for i in ids(found.results) if i.startswith("visits")] == [shown]
        result = next(r for r in found.results if r.practice.id == shown)
        assert result.translations == tuple({"visits-es", "visits-ca"} - {shown})


def test_what_lies_below_the_floor_is_no_answer_but_may_be_related(snapshot):
    found = ask(snapshot, text="avaria del motor de la barca")
    assert found.results == []
    assert found.total == 0
    assert all(not counts for counts in found.facets.values())
    assert len(found.related) <= 3
    assert {result.word for result in found.related} <= {StrengthWord.RELATED}


@given(floor=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_a_floor_is_a_pure_filter_and_never_changes_a_strength(snapshot, floor):
    whole = ask(snapshot, CALIBRATION.model_copy(update={"floor": 0.0}), per_body=None)
    cut = ask(snapshot, CALIBRATION.model_copy(update={"floor": floor}), per_body=None)
    strengths = {result.practice.id: result.strength for result in whole.results}
    assert ids(cut.results) == [i for i in ids(whole.results) if strengths[i] >= floor]
    assert all(result.strength == strengths[result.practice.id] for result in cut.results)


def test_totals_and_facets_count_what_answers(snapshot):
    found = ask(snapshot)
    assert found.total == len(found.results)
    assert sum(found.facets["language"].values()) == found.total
    assert "gardens" not in ids(found.results)


def test_one_city_does_not_fill_the_page_and_nothing_is_lost(snapshot):
    found = ids(ask(snapshot).results)
    city = [place for place, i in enumerate(found) if i.startswith("city")]
    assert len(city) == 4
    assert found.index("village") < city[2]
    assert sorted(found) == sorted(ids(ask(snapshot, per_body=None).results))


def test_a_village_is_shown_a_villages_practice_first_among_equals(snapshot):
    village = Municipality(name="Poble", population=1_000, country="ES")
    city = Municipality(name="Urbs", population=1_000_000, country="ES")
    equals = {"city-0", "city-1", "village"}

    def first(place):
        return next(i for i in ids(ask(snapshot, municipality=place, per_body=None).results) if i in equals)

    assert first(village) == "village"
    assert first(city) != "village"


def test_relevance_comes_before_fit(snapshot):
    village = Municipality(name="Poble", population=1_000, country="ES")
    found = ask(snapshot, text="visites a la gent gran que viu sola, visites", municipality=village)
    assert found.results[0].practice.id in {"visits-ca", "visits-es"}


def test_without_a_municipality_it_works_and_says_so(snapshot):
    result = ask(snapshot).results[0]
    assert result.fit.municipality is None
    assert 0 <= result.fit.coverage <= 1


def test_steering_by_an_unknown_practice_is_an_error(snapshot):
    with pytest.raises(UnknownPractice, match="no-such"):
        ask(snapshot, like=["no-such"])


def test_what_was_disliked_is_gone_and_what_was_liked_leads(snapshot):
    assert "village" not in ids(ask(snapshot, unlike=["village"]).results)
    towards = ask(snapshot, text="programa", like=["gardens"], calibration=None)
    away = ask(snapshot, text="programa", unlike=["gardens"], calibration=None)
    assert "gardens" not in ids(towards.results) + ids(away.results)


def test_a_filter_leaves_the_strengths_alone(snapshot):
    everywhere = {r.practice.id: r.strength for r in ask(snapshot).results}
    filtered = ask(snapshot, filters=Filter({"population_band": ("under-5000",)}))
    assert [r.practice.id for r in filtered.results] == ["village"]
    assert filtered.results[0].strength == pytest.approx(everywhere["village"], abs=1e-6)


def test_words_are_marked_by_their_stems_where_they_stand():
    text = "Visita d'avis: l'avi que viu sol rep visites."
    marked = [text[start:end] for start, end in matching_words("visitar avi", text, "ca")]
    assert "Visita" in marked
    assert "visites" in marked
    assert "viu" not in marked


def test_without_a_calibration_nothing_is_cut_off_and_nothing_is_called_strong(snapshot):
    found = ask(snapshot, calibration=None)
    assert {result.word for result in found.results} == {StrengthWord.RELATED}
    assert all(0 <= result.strength <= 1 for result in found.results)


def test_a_reader_weighs_the_factors_of_the_fit(tmp_path):
    """Whoever counts nothing but evidence gets the fit of the evidence, and the order stays one of relevance."""
    practices = [make_practice(id="measured", evidence="measured"), make_practice(id="silent")]
    snapshot = make_snapshot(tmp_path, practices)
    vector = HashingEncoder().encode_queries(["problema del poble"])[0]
    only = dict.fromkeys(FACTORS, 0.0) | {"evidence_level": 1.0}

    def fits(**more):
        answer = search_practices(snapshot, vector, SearchQuestion("problema del poble", per_body=None, **more))
        return {result.practice.id: result.fit for result in answer.results}

    evidence = next(each for each in fits()["measured"].evidence if each.factor == "evidence_level")
    assert fits(weights=only)["measured"].score == evidence.score
    assert fits(weights=only)["silent"].score is None
    assert fits()["measured"].score != evidence.score
