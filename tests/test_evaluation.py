"""The measures against values worked out by hand."""

import math

import pytest

from models.evaluation import (
    JudgedQuery,
    Ranking,
    auroc,
    bootstrap_interval,
    evaluate,
    ndcg_at_k,
    recall_at_k,
    reciprocal_rank,
    refused_at,
)


def test_a_perfect_order_has_ndcg_one_and_a_late_answer_less():
    grades = {"a": 2, "b": 1}
    assert ndcg_at_k(["a", "b", "c"], grades) == pytest.approx(1.0)
    assert ndcg_at_k(["b", "a"], grades) == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert ndcg_at_k(["c"] * 10 + ["a"], grades) == 0
    assert ndcg_at_k(["a"], {}) == 0


def test_recall_and_reciprocal_rank_by_hand():
    assert recall_at_k(["x", "a", "b"], {"a", "b", "c"}, 2) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "a"], {"a"}) == 0.5
    assert reciprocal_rank(["x"], {"a"}) == 0


def test_separation_of_answer_and_no_answer_by_hand():
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1
    assert auroc([0.5], [0.5]) == 0.5
    assert refused_at([0.1, *[0.9] * 19], [0.5, 0.95]) == 0.5


def test_pairs_of_languages_are_measured_on_records_of_one_language():
    languages = {"i1": "it", "i2": "it", "c1": "ca"}
    queries = [
        JudgedQuery("q1", "ca", "first", {"i1": 2, "c1": 1}),
        JudgedQuery("q2", "ca", "none", {}),
    ]
    strengths = {"first": 0.9, "none": 0.2}
    result = evaluate(lambda text: Ranking(["c1", "i2", "i1"], strengths[text]), queries, languages)
    assert set(result) == {"all", "ca>ca", "ca>it", "no_answer"}
    assert result["ca>it"]["mrr"] == 0.5
    assert result["all"]["mrr"] == pytest.approx(1 / 3)
    assert result["ca>ca"] == {"ndcg@10": 1.0, "n": 1}
    assert result["no_answer"] == {"n": 1, "auroc": 1.0, "refused_at_95": 1.0}


def test_the_bootstrap_interval_holds_the_mean_and_is_the_same_every_time():
    values = [0.0, 1.0, 0.5, 0.25, 0.75] * 20
    low, high = bootstrap_interval(values)
    assert low < 0.5 < high
    assert (low, high) == bootstrap_interval(values)
    assert high - low < 0.2
