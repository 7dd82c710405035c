"""How good a ranking is: nDCG, recall and reciprocal rank per pair of languages, and answer / no answer.

All figures lie in 0-1, higher is better. Gains are 2^grade - 1 with grades 1 (related) and 2 (answers),
discounted by log2(rank + 1) (Järvelin and Kekäläinen 2002). Recall and reciprocal rank count grade 2 only.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

KEPT = 0.95  # share of answerable queries a floor must keep when refusals are counted
ANSWERS = 2  # the grade of a practice that answers the problem


def ndcg_at_k(ranking: Sequence[str], grades: Mapping[str, int], k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first k; 0.0 when nothing is judged relevant."""
    ideal = sorted(grades.values(), reverse=True)[:k]
    best = sum((2.0**grade - 1) / np.log2(rank + 2) for rank, grade in enumerate(ideal))
    got = sum((2.0 ** grades.get(item, 0) - 1) / np.log2(rank + 2) for rank, item in enumerate(ranking[:k]))
    return float(got / best) if best else 0.0


def recall_at_k(ranking: Sequence[str], relevant: set[str], k: int) -> float:
    """Share of the relevant items among the first k; 0.0 when none is relevant."""
    return len(relevant & set(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], relevant: set[str]) -> float:
    """One over the rank of the first relevant item; 0.0 when none is found."""
    return next((1.0 / rank for rank, item in enumerate(ranking, 1) if item in relevant), 0.0)


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """Chance that an answerable query scores above one without answer, ties counting half."""
    above = np.subtract.outer(np.asarray(answerable), np.asarray(unanswerable))
    return float(((above > 0) + 0.5 * (above == 0)).mean())


def refused_at(answerable: Sequence[float], unanswerable: Sequence[float], kept: float = KEPT) -> float:
    """Share of queries without answer that fall below the floor which keeps `kept` of the answerable ones."""
    ascending = np.sort(np.asarray(answerable))
    floor = ascending[int((1 - kept) * len(ascending) + 1e-9)]
    return float((np.asarray(unanswerable) < floor).mean())


@dataclass(frozen=True)
class JudgedQuery:
    """One problem statement and what was judged of each practice: 1 related, 2 answers; empty: no answer."""

    query_id: str
    language: str
    text: str
    judgements: Mapping[str, int] = field(default_factory=dict)
    half: str = ""  # "development" or "held-out", where a set has halves


@dataclass(frozen=True)
class Ranking:
    """What a search returned for one query: practice ids best first, and the best strength in 0-1."""

    practice_ids: Sequence[str]
    best_strength: float


Figures = dict[str, float]


def query_figures(ranking: Sequence[str], grades: Mapping[str, int]) -> Figures:
    """nDCG@10 of one query, and recall and reciprocal rank where a practice answers it (grade 2)."""
    figures = {"ndcg@10": ndcg_at_k(ranking, grades, 10)}
    if answers := {item for item, grade in grades.items() if grade >= ANSWERS}:
        figures |= {
            "recall@5": recall_at_k(ranking, answers, 5),
            "recall@10": recall_at_k(ranking, answers, 10),
            "mrr": reciprocal_rank(ranking, answers),
        }
    return figures


def _mean(rows: list[Figures]) -> Figures:
    """Mean of each figure over the queries that have it; `n` counts all."""
    means = {}
    for name in ("ndcg@10", "recall@5", "recall@10", "mrr"):
        if values := [row[name] for row in rows if name in row]:
            means[name] = float(np.mean(values))
    return means | {"n": len(rows)}


def evaluate(
    search: Callable[[str], Ranking],
    queries: Sequence[JudgedQuery],
    languages: Mapping[str, str],
    *,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Figures]:
    """Figures in all and per pair "query language > record language".

    A pair counts a query's judgements in the record language only, and ranks only records of that language,
    so a pair's figure does not depend on how the languages mix. `languages` maps practice id to language.
    Queries without judgements are left out of the rankings and reported as `no_answer`.
    """
    pairs: dict[str, list[Figures]] = defaultdict(list)
    answerable, unanswerable = [], []
    for query in queries:
        ranked = search(query.text)
        progress()
        if not query.judgements:
            unanswerable.append(ranked.best_strength)
            continue
        answerable.append(ranked.best_strength)
        pairs["all"].append(query_figures(ranked.practice_ids, query.judgements))
        for language in sorted({languages[item] for item in query.judgements if item in languages}):
            pairs[f"{query.language}>{language}"].append(
                query_figures(
                    [item for item in ranked.practice_ids if languages.get(item) == language],
                    {item: g for item, g in query.judgements.items() if languages.get(item) == language},
                )
            )
    result = {
        name: _mean(rows) for name, rows in sorted(pairs.items(), key=lambda pair: (pair[0] != "all", pair[0]))
    }
    if unanswerable:
        result["no_answer"] = {"n": len(unanswerable)}
        if answerable:
            result["no_answer"] |= {
                "auroc": auroc(answerable, unanswerable),
                "refused_at_95": refused_at(answerable, unanswerable),
            }
    return result


def bootstrap_interval(
    values: Sequence[float], *, rounds: int = 2_000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean (Efron and Tibshirani 1993), seeded: the same every time."""
    sample: NDArray[np.float64] = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(seed).choice(sample, size=(rounds, len(sample))).mean(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def expected_calibration_error(
    strengths: Sequence[float], answers: Sequence[bool], *, bins: int = 10
) -> tuple[float, list[tuple[float, float, int]]]:
    """How far strengths are from the share that answers, weighted over equal-width bins (Naeini et al. 2015).

    Returns the error in 0-1 and, for every bin that holds any, its mean strength, share of answers and count.
    """
    strength, answer = np.asarray(strengths, dtype=np.float64), np.asarray(answers, dtype=np.float64)
    at = np.minimum((strength * bins).astype(int), bins - 1)
    rows = [
        (float(strength[at == b].mean()), float(answer[at == b].mean()), int((at == b).sum()))
        for b in range(bins)
        if (at == b).any()
    ]
    total = sum(count for _, _, count in rows)
    return sum(abs(mean - share) * count for mean, share, count in rows) / max(total, 1), rows
