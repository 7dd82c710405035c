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
NEAR = 0.15  # cosine similarity below which neither a sentence nor a whole record can answer a query
LEXICAL_CANDIDATES = 100  # records with the best words join those that are near


class SearchMode(StrEnum):
    """Which evidence orders the hits."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


@dataclass(frozen=True)
class RetrievalConfig:
    """Weights of a ranking; the shipped values were chosen on the development half of the judged set."""

    passages: float = 0.4  # of the mean of the best passages in the dense score
    need: float = 0.1  # of title, themes and problem
    topic: float = 0.2  # of themes and target groups
    whole: float = 0.3  # of the whole record
    lexical: float = 0.1  # of the lexical score beside the dense one


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
        SearchMode.HYBRID: dense + config.lexical * lexical[rows],
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
    """Rows worth scoring, ascending: whatever is near in part or whole, and the best by words."""
    of_passage = snapshot.record_of_passage
    passage_mask = None if allowed is None else allowed[of_passage]
    worded = lexical if allowed is None else np.where(allowed, lexical, 0)
    best_words = np.argsort(-worded, kind="stable")[:LEXICAL_CANDIDATES]
    rows: NDArray[np.int64] = np.unique(
        np.concatenate(
            [
                of_passage[snapshot.passages.within(query_vector, NEAR, allowed=passage_mask)],
                snapshot.needs.within(query_vector, NEAR, allowed=allowed),
                snapshot.wholes.within(query_vector, NEAR, allowed=allowed),
                best_words[worded[best_words] > 0],
            ]
        )
    )
    return rows


def _dense_scores(
    snapshot: Snapshot, query_vector: Vectors, rows: NDArray[np.int64], config: RetrievalConfig
) -> tuple[Scores, NDArray[np.int64]]:
    """Each record's dense score, and the row of its nearest passage other than its title."""
    lengths = np.diff(snapshot.starts)[rows]
    begins = np.cumsum(lengths) - lengths
    of = np.repeat(np.arange(len(rows)), lengths)  # place in `rows` of every passage of these records
    passage_rows = np.arange(len(of)) - np.repeat(begins, lengths) + np.repeat(snapshot.starts[rows], lengths)
    similar = snapshot.passages.vectors()[passage_rows] @ query_vector
    descending = np.lexsort((-similar, of))
    rank = np.arange(len(of)) - np.repeat(begins, lengths)
    counted = rank < BEST_PASSAGES
    sums = np.bincount(of[counted], weights=similar[descending][counted], minlength=len(rows))
    scores = (
        config.passages * sums / np.minimum(lengths, BEST_PASSAGES)
        + config.need * (snapshot.needs.vectors()[rows] @ query_vector)
        + config.topic * (snapshot.topics.vectors()[rows] @ query_vector)
        + config.whole * (snapshot.wholes.vectors()[rows] @ query_vector)
    )
    # The title is on the card anyway; the reason shown is a sentence of the record, where it has one.
    shown = np.where((rank == 0) & (np.repeat(lengths, lengths) > 1), -2.0, similar)
    best = np.lexsort((-shown, of))[begins]
    return scores.astype(np.float32), passage_rows[best]
