"""Dense and lexical search and their fusion: values, orders, filters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.dense import FaissIndex
from indexer.filters import Filter, facet_values, population_band
from indexer.lexical import LexicalIndex
from indexer.retrieval import SearchMode, search_hybrid
from indexer.tokens import fold, stem, terms, words
from tests.factories import HashingEncoder, make_practice, make_snapshot


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = unit(np.random.default_rng(0).standard_normal((300, 16)))


def test_a_vector_is_nearest_to_itself_with_similarity_one():
    scores, rows = FaissIndex(VECTORS).search(VECTORS[42], 5)
    assert rows[0] == 42
    assert scores[0] == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(scores) <= 0).all()


def test_asking_for_more_than_there_is_gives_all_there_is():
    scores, rows = FaissIndex(VECTORS[:3]).search(VECTORS[0], 10)
    assert sorted(rows.tolist()) == [0, 1, 2]
    assert len(scores) == 3


def test_an_empty_index_finds_nothing():
    scores, rows = FaissIndex(VECTORS[:0]).search(VECTORS[0], 10)
    assert (len(scores), len(rows)) == (0, 0)


@given(st.integers(0, 299), st.floats(0.003, 1.0), st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_a_filter_of_any_width_loses_nothing(query, share, top_k):
    allowed = np.random.default_rng(query).random(300) < share
    scores, rows = FaissIndex(VECTORS).search(VECTORS[query], top_k, allowed=allowed)
    similar = np.where(allowed, VECTORS @ VECTORS[query], -np.inf)
    expected = np.sort(similar[similar > -np.inf])[::-1][:top_k]
    assert allowed[rows].all()
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_what_was_saved_is_loaded_the_same(tmp_path):
    index = FaissIndex(VECTORS)
    index.save(tmp_path / "x.faiss")
    loaded = FaissIndex.load(tmp_path / "x.faiss")
    np.testing.assert_array_equal(loaded.vectors(), VECTORS)


def test_elided_articles_are_cut_off():
    assert words("L'aigua d'avis, dell’anziano i col·lectiu") == ["aigua", "avis", "anziano", "i", "col·lectiu"]


@pytest.mark.parametrize(
    ("one", "other", "language"),
    [
        ("habitatges", "habitatge", "ca"),
        ("cuidadores", "cuidadora", "es"),
        ("anziani", "anziano", "it"),
        ("loneliness", "lonely", "en"),
        ("atenció", "atencio", "ca"),
    ],
)
def test_forms_of_a_word_meet_in_their_stem(one, other, language):
    assert stem(one, language)[:4] == stem(other, language)[:4]


def test_words_that_say_nothing_are_left_out():
    assert terms("la gent que viu sola i no surt", "ca") == [
        stem(w, "ca") for w in ("gent", "viu", "sola", "surt")
    ]


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


DOCUMENTS = [
    ("ca", "Visites a la gent gran que viu sola."),
    ("es", "Visitas a personas mayores que viven solas."),
    ("it", "Visite agli anziani che vivono soli."),
    ("ca", "Horts urbans per a joves aturats."),
]

TEXTS = [(language, lambda text=text: text) for language, text in DOCUMENTS]


def test_words_find_records_in_their_own_language_only():
    scores = LexicalIndex.build(TEXTS).scores("gent gran sola")
    assert scores[0] == pytest.approx(1.0, abs=1e-6)
    assert scores[3] == 0
    assert scores[1] < scores[0]


def test_an_unknown_word_lowers_the_score_and_unknown_words_alone_find_nothing():
    index = LexicalIndex.build(TEXTS)
    assert 0 < index.scores("gent gran xilòfon")[0] < index.scores("gent gran")[0]
    assert not index.scores("xilòfon zzz").any()
    assert not index.scores("").any()


def test_words_are_saved_and_loaded_the_same(tmp_path):
    index = LexicalIndex.build(TEXTS)
    index.save(tmp_path / "lexical")
    loaded = LexicalIndex.load(tmp_path / "lexical")
    assert loaded.languages() == {0: "ca", 1: "es", 2: "it", 3: "ca"}
    np.testing.assert_array_equal(loaded.scores("anziani soli"), index.scores("anziani soli"))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    practices = [
        make_practice(
            id="visits", title="Visites a la gent gran que viu sola", themes=["loneliness"], population=900
        ),
        make_practice(
            id="gardens", title="Horts urbans per a joves", themes=["youth"], country="IT", start_year=2015
        ),
        make_practice(
            id="phone", title="Trucades a la gent gran", themes=["loneliness"], country="ES", start_year=2020
        ),
        make_practice(id="visits-es", language="es", title="Visitas a mayores que viven solos"),
    ]
    return make_snapshot(tmp_path_factory.mktemp("index"), practices)


def hits(snapshot, text, **options):
    vector = HashingEncoder().encode_queries([text])[0]
    return [(snapshot.ids[hit.row], hit) for hit in search_hybrid(snapshot, vector, text, **options)]


def test_the_best_hit_comes_first_and_components_are_in_range(snapshot):
    found = hits(snapshot, "gent gran que viu sola")
    assert found[0][0] == "visits"
    scores = [hit.score for _, hit in found]
    assert scores == sorted(scores, reverse=True)
    for _, hit in found:
        assert -1 <= hit.dense <= 1
        assert 0 <= hit.lexical <= 1


def test_each_mode_orders_by_its_own_evidence(snapshot):
    for mode, key in ((SearchMode.DENSE, "dense"), (SearchMode.LEXICAL, "lexical")):
        values = [getattr(hit, key) for _, hit in hits(snapshot, "gent gran sola", mode=mode)]
        assert values == sorted(values, reverse=True)
    assert {i for i, _ in hits(snapshot, "horts", mode=SearchMode.LEXICAL)} == {"gardens"}


def test_filters_act_before_the_nearest_are_taken(snapshot):
    columns = snapshot.columns
    only = Filter({"theme": ("youth",)})
    assert [i for i, _ in hits(snapshot, "gent gran, joves i horts", allowed=columns.allowed(only))] == ["gardens"]
    assert columns.allowed(Filter()) is None
    assert columns.allowed(Filter({"theme": ("youth", "loneliness")})).sum() == 3
    assert columns.allowed(Filter({"theme": ("loneliness",), "country": ("ES",)})).sum() == 1
    assert columns.allowed(Filter({"theme": ("roma",)})).sum() == 0
    assert columns.allowed(Filter(from_year=2016)).sum() == 1
    assert columns.allowed(Filter(to_year=2016)).sum() == 1


def test_the_reason_shown_is_a_sentence_not_the_title(snapshot):
    for _, hit in hits(snapshot, "gent gran que viu sola"):
        assert snapshot.passage(hit.passage_row).section.value != "title"


def test_counts_equal_a_recount(snapshot):
    counts = snapshot.columns.counts(range(len(snapshot)))
    assert counts["theme"] == {"loneliness": 2, "youth": 1}
    assert counts["language"] == {"ca": 3, "es": 1}
    for facet, values in counts.items():
        for value, number in values.items():
            assert number == sum(value in facet_values(p)[facet] for p in snapshot.practices())


@pytest.mark.parametrize(
    ("population", "band"),
    [
        (0, "under-5000"),
        (4_999, "under-5000"),
        (5_000, "5000-20000"),
        (20_000, "20000-50000"),
        (50_000, "over-50000"),
    ],
)
def test_population_bands_begin_at_their_bound(population, band):
    assert population_band(population) == band
    assert population_band(None) is None
