"""From a query to records, best first: dense over passages and wholes, BM25 beside it, fused by score.

Cosine similarities lie in [-1, 1], lexical scores in [0, 1], higher is better. The fused score orders hits;
it measures nothing and is never shown.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from indexer.dense import Allowed
from indexer.snapshot import Snapshot
from models.encoder import Vectors

Scores = NDArray[np.float32]

BEST_PASSAGES = 3  # a record answers with its few best sentences, not with all it says
CANDIDATE_PASSAGES = 400  # nearest passages whose records are scored in full
CANDIDATE_RECORDS = 100  # nearest records as wholes, and best lexical ones, that join them


class SearchMode(StrEnum):
    """Which evidence orders the hits."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True)
class RetrievalConfig:
    """Weights of a ranking; the shipped values were chosen on the development half of the judged set."""

    whole_weight: float = 0.5  # of the whole record against the mean of its best passages
    lexical_weight: float = 0.15  # of the lexical score beside the cosine similarity


@dataclass(frozen=True)
class Hit:
    """One record found: its row, the two components, the fused score and the passage that answers best."""

    row: int
    score: float
    dense: float
    lexical: float
    passage_row: int


def search_hybrid(
    snapshot: Snapshot,
    query_vector: Vectors,
    query: str,
    *,
    allowed: Allowed | None = None,
    mode: SearchMode = SearchMode.HYBRID,
    config: RetrievalConfig = RetrievalConfig(),
) -> list[Hit]:
    """Every candidate record for a query, best first; ties in order of row, so an order never wavers.

    `query_vector`: unit vector of shape (dimension,). `allowed`: one bool a record; those not allowed are left
    out before the nearest are taken, so a narrow filter loses nothing.
    """
    lexical = snapshot.lexical.scores(query)
    rows = _candidates(snapshot, query_vector, lexical, allowed)
    dense, best_passage = _dense_scores(snapshot, query_vector, rows, config)
    fused = {
        SearchMode.HYBRID: dense + config.lexical_weight * lexical[rows],
        SearchMode.DENSE: dense,
        SearchMode.LEXICAL: lexical[rows],
    }[mode]
    return [
        Hit(
            row=int(rows[at]),
            score=float(fused[at]),
            dense=float(dense[at]),
            lexical=float(lexical[rows[at]]),
            passage_row=int(best_passage[at]),
        )
        for at in np.lexsort((rows, -fused))
        if mode is not SearchMode.LEXICAL or fused[at] > 0
    ]


def _candidates(
    snapshot: Snapshot, query_vector: Vectors, lexical: Scores, allowed: Allowed | None
) -> NDArray[np.int64]:
    """Rows worth scoring in full, ascending: those of the nearest passages, nearest wholes and best words."""
    of_passage = snapshot.record_of_passage
    passage_mask = None if allowed is None else allowed[of_passage]
    _, near_passages = snapshot.passages.search(query_vector, CANDIDATE_PASSAGES, allowed=passage_mask)
    _, near_wholes = snapshot.wholes.search(query_vector, CANDIDATE_RECORDS, allowed=allowed)
    worded = lexical if allowed is None else np.where(allowed, lexical, 0)
    best_words = np.argsort(-worded, kind="stable")[:CANDIDATE_RECORDS]
    rows: NDArray[np.int64] = np.unique(
        np.concatenate([of_passage[near_passages], near_wholes, best_words[worded[best_words] > 0]])
    )
    return rows


def _dense_scores(
    snapshot: Snapshot, query_vector: Vectors, rows: NDArray[np.int64], config: RetrievalConfig
) -> tuple[Scores, NDArray[np.int64]]:
    """Each record's dense score, and the row of its nearest passage other than its title."""
    scores = np.empty(len(rows), dtype=np.float32)
    best = np.empty(len(rows), dtype=np.int64)
    vectors = snapshot.passages.vectors()
    wholes = snapshot.wholes.vectors()[rows] @ query_vector
    for at, row in enumerate(rows):
        start, end = snapshot.starts[row], snapshot.starts[row + 1]
        similar = vectors[start:end] @ query_vector
        top = np.sort(similar)[-BEST_PASSAGES:].mean()
        scores[at] = config.whole_weight * wholes[at] + (1 - config.whole_weight) * top
        # The title is on the card anyway; the reason shown is a sentence of the record.
        best[at] = start + (1 + np.argmax(similar[1:]) if end - start > 1 else 0)
    return scores, best
