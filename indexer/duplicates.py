"""Practices that may be the same: a translation, an adaptation by another body, or only the same problem.

Two records of one practice say the same sentence by sentence, whatever their languages; two practices on one
problem share their need and little else. A person decides; this gives the likeness and its evidence.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from corpus.practice import Practice, whole_text
from indexer.snapshot import Snapshot
from indexer.tokens import fold
from models.encoder import Vectors

NEIGHBOURS = 10  # records nearest as wholes that are compared sentence by sentence

# Twenty translations of bank records align at 0.63 to 0.81, the 200 nearest other pairs at 0.62 and below, and
# those with a fact in common at 0.59 and below (tests/test_duplicates.py).
SAME_ALIGNMENT = 0.68  # mean similarity of each sentence to its best counterpart, both ways
SAME_WITH_EVIDENCE = 0.62  # the same, where body, address or figures agree as well
ADAPTED_ALIGNMENT = 0.6
SAME_PROBLEM = 0.62  # similarity of title and problem

_FIGURE = re.compile(r"\d[\d.,]*\d|\d")
FEWEST_FIGURES = 3  # shared figures that count as evidence; every record has a year or two


class Likeness(StrEnum):
    """What two records may be to one another, nearest first."""

    SAME = "same"
    ADAPTATION = "adaptation"
    SAME_PROBLEM = "same-problem"


@dataclass(frozen=True)
class Resemblance:
    """Why two records look alike: similarities in [-1, 1], and facts they share."""

    practice_id: str
    other_id: str
    likeness: Likeness
    alignment: float
    need: float
    same_body: bool
    shared_sources: tuple[str, ...]
    shared_figures: tuple[str, ...]


def resemblances(snapshot: Snapshot, row: int) -> list[Resemblance]:
    """The records of a snapshot that one of its records resembles, most alike first."""
    _, near = snapshot.wholes.search(snapshot.wholes.vectors()[row], NEIGHBOURS + 1)
    found = [_compare(snapshot, row, int(other)) for other in near if other != row]
    alike = [item for item in found if item is not None]
    return sorted(alike, key=lambda item: (list(Likeness).index(item.likeness), -item.alignment, item.other_id))


def all_resemblances(snapshot: Snapshot, rows: Iterable[int] | None = None) -> list[Resemblance]:
    """Every pair of records that look alike, each pair once; `rows`: only pairs with one of these records."""
    pairs: dict[frozenset[str], Resemblance] = {}
    for row in range(len(snapshot)) if rows is None else rows:
        for item in resemblances(snapshot, row):
            pairs.setdefault(frozenset((item.practice_id, item.other_id)), item)
    return sorted(pairs.values(), key=lambda item: (list(Likeness).index(item.likeness), -item.alignment))


def _compare(snapshot: Snapshot, row: int, other: int) -> Resemblance | None:
    one, two = snapshot.practice(row), snapshot.practice(other)
    if two.id in one.translations or one.id in two.translations:
        return None  # a person has decided already
    alignment = sentence_alignment(_sentences(snapshot, row), _sentences(snapshot, other))
    need = float(snapshot.needs.vectors()[row] @ snapshot.needs.vectors()[other])
    same_body = _same_body(one, two)
    sources = {source.url for source in one.sources} & {source.url for source in two.sources}
    figures = _figures(one) & _figures(two)
    evident = (same_body is True) + bool(sources) + (len(figures) >= FEWEST_FIGURES)
    if same_body is not False and alignment >= (SAME_WITH_EVIDENCE if evident else SAME_ALIGNMENT):
        likeness = Likeness.SAME
    elif same_body is False and alignment >= ADAPTED_ALIGNMENT:
        likeness = Likeness.ADAPTATION
    elif need >= SAME_PROBLEM:
        likeness = Likeness.SAME_PROBLEM
    else:
        return None
    return Resemblance(
        practice_id=one.id,
        other_id=two.id,
        likeness=likeness,
        alignment=alignment,
        need=need,
        same_body=same_body is True,
        shared_sources=tuple(sorted(sources)),
        shared_figures=tuple(sorted(figures)),
    )


def sentence_alignment(one: Vectors, two: Vectors) -> float:
    """Mean similarity of each sentence to its best counterpart in the other text, both ways, in [-1, 1].

    `one`, `two`: unit vectors, float32 of shapes (sentences, dimension).
    """
    similar = one @ two.T
    return float((similar.max(axis=1).mean() + similar.max(axis=0).mean()) / 2)


def _sentences(snapshot: Snapshot, row: int) -> Vectors:
    return snapshot.passages.vectors()[int(snapshot.starts[row]) : int(snapshot.starts[row + 1])]


def _same_body(one: Practice, two: Practice) -> bool | None:
    """Whether two records name the same body; None when that cannot be told: names differ with languages."""
    if one.body is None or two.body is None:
        return None
    if one.body.code and two.body.code:
        return one.body.code == two.body.code
    if fold(one.body.name) == fold(two.body.name):
        return True
    return False if one.language == two.language else None


def _figures(practice: Practice) -> set[str]:
    """The figures a record tells, freed of separators: 1.200 and 1,200 are one figure."""
    return {re.sub(r"\D", "", figure) for figure in _FIGURE.findall(whole_text(practice))}
