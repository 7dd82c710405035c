"""Practices like a practice, diversified so that no two of them say the same."""

import numpy as np

from corpus.practice import Practice
from indexer.snapshot import Snapshot
from service.search import row_of

CANDIDATES = 60  # nearest practices among which the diverse ones are chosen
RELEVANCE = 0.7  # weight of likeness to the practice against unlikeness to those already chosen


def similar_practices(snapshot: Snapshot, practice_id: str, *, top_k: int = 5) -> list[tuple[Practice, float]]:
    """The practices most like one with their cosine similarity, by maximal marginal relevance.

    Without the practice itself, its translations, or two translations of one another (Carbonell and
    Goldstein 1998).

    Raises:
        UnknownPractice: the snapshot does not hold it.
    """
    row = row_of(snapshot, practice_id)
    wholes = snapshot.wholes.vectors()
    similarities, near = snapshot.wholes.search(wholes[row], CANDIDATES)
    similarity = dict(zip(near.tolist(), similarities.tolist(), strict=True))
    known = {row}
    chosen: list[int] = []

    def is_translation(candidate: int) -> bool:
        practice = snapshot.practice(candidate)
        return any(snapshot.ids[other] in practice.translations for other in known) or any(
            practice.id in snapshot.practice(other).translations for other in known
        )

    while len(chosen) < top_k:
        left = [candidate for candidate in similarity if candidate not in known and not is_translation(candidate)]
        if not left:
            break
        redundancy = (wholes[left] @ wholes[chosen].T).max(axis=1) if chosen else np.zeros(len(left))
        marginal = RELEVANCE * np.array([similarity[c] for c in left]) - (1 - RELEVANCE) * redundancy
        best = left[int(np.argmax(marginal))]
        chosen.append(best)
        known.add(best)
    return [(snapshot.practice(at), similarity[at]) for at in chosen]
