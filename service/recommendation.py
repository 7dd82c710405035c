"""Practices for a municipality: like one it looks at, for the needs it states, and from towns like it.

Whatever is chosen is diversified by maximal marginal relevance (Carbonell and Goldstein 1998), so that no two say
the same. Strengths, cosine similarities and distances are those of `search` and `twins`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from corpus.municipality import Municipality, TerritorialBody
from corpus.place_names import loose_name
from corpus.practice import Passage, Practice
from corpus.regions import same_region
from corpus.vocabulary import BodyType, Language, TargetGroup
from indexer.calibration import Calibration
from indexer.snapshot import Snapshot
from models.encoder import Vectors
from service.search import (
    FIRST_PAGE,
    PER_BODY_ON_FIRST_PAGE,
    SearchQuestion,
    StrengthWord,
    row_of,
    search_practices,
)
from service.transferability import MARGIN, Fit, Origin, Place, View, assess
from service.twins import Twin

CANDIDATES = 60  # nearest practices among which the diverse ones are chosen
RELEVANCE = 0.7  # weight of likeness against unlikeness to those already chosen

# Bodies whose practices are their members' own; a diputació or a region serves towns that may not know of it.
_SHARED = (BodyType.COMARCA, BodyType.AMBITO, BodyType.UNION, BodyType.MANCOMUNIDAD, BodyType.CONSORTIUM)


def similar_practices(snapshot: Snapshot, practice_id: str, *, top_k: int = 5) -> list[tuple[Practice, float]]:
    """The practices most like one with their cosine similarity, by maximal marginal relevance.

    Without the practice itself, its translations, or two translations of one another.

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
        best = left[int(np.argmax(_marginal_relevance(wholes, left, [similarity[c] for c in left], chosen)))]
        chosen.append(best)
        known.add(best)
    return [(snapshot.practice(at), similarity[at]) for at in chosen]


def _marginal_relevance(
    wholes: Vectors, rows: Sequence[int], relevance: Sequence[float], chosen: Sequence[int]
) -> NDArray[np.float64]:
    """Relevance against likeness to what was already chosen, one for each row."""
    redundancy = (wholes[list(rows)] @ wholes[list(chosen)].T).max(axis=1) if chosen else np.zeros(len(rows))
    return np.asarray(RELEVANCE * np.array(relevance) - (1 - RELEVANCE) * redundancy)


# --- for a municipality ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """That a municipality runs a practice, or took it over from another."""

    row: int
    took_over: bool = False


class Finding(StrEnum):
    """Why a practice is recommended, in a word."""

    NEED = "need"
    TWIN = "twin"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class ForNeed:
    """A need that a practice answers, how strongly in 0-1, and the sentence that does.

    The word is "related" where no calibration tells what is an answer: then none is claimed.
    """

    need: str
    strength: float
    word: StrengthWord
    passage: Passage


@dataclass(frozen=True, slots=True)
class ByTwin:
    """A municipality like the reader's that runs a practice, or took it over."""

    twin: Twin
    took_over: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A practice with its reasons, strongest and nearest first, and its fit."""

    practice: Practice
    needs: tuple[ForNeed, ...]
    twins: tuple[ByTwin, ...]
    fits: tuple[Fit, ...]  # one; for a body made of municipalities, one for each of them

    @property
    def reasons(self) -> tuple[ForNeed | ByTwin, ...]:
        """All of them, needs first."""
        return (*self.needs, *self.twins)

    @property
    def finding(self) -> Finding:
        """Which kind of reason it has."""
        if self.needs and self.twins:
            return Finding.BOTH
        return Finding.NEED if self.needs else Finding.TWIN


def run_where(snapshot: Snapshot, locate: Callable[[Practice], Origin]) -> dict[str, list[Ran]]:
    """Who runs what, by the key of the municipality.

    A practice of a comarca or another body is run by none of its municipalities alone, and stands nowhere here.
    """
    found: dict[str, list[Ran]] = {}
    for row, practice in enumerate(snapshot.practices()):
        origin = locate(practice)
        if origin.municipality:
            found.setdefault(origin.municipality.key, []).append(Ran(row))
        for place in origin.replicated_in:
            if isinstance(place, Municipality):
                found.setdefault(place.key, []).append(Ran(row, took_over=True))
    return found


def is_own(origin: Origin, place: Place) -> bool:
    """Whether a practice is the reader's own: run or taken over by it, by a member, or by a body it is part of."""
    ours = {member.key for member in members_of(place)}

    def shares(ran_in: Place | None) -> bool:
        if isinstance(ran_in, TerritorialBody) and ran_in.type not in _SHARED:
            return False
        return ran_in is not None and any(member.key in ours for member in members_of(ran_in))

    if shares(origin.place) or any(map(shares, origin.replicated_in)):
        return True
    body = origin.practice.body
    if origin.place or not body:
        return False
    # Its place was not found, as when two towns share the name: the name must do.
    kind = place.type if isinstance(place, TerritorialBody) else BodyType.MUNICIPALITY
    near = not body.region or not place.region or same_region(body.region, place.region)
    return body.type is kind and loose_name(body.name) == loose_name(place.name) and near


def members_of(place: Place) -> tuple[Municipality, ...]:
    """The municipality itself, or those a body is made of."""
    return place.members if isinstance(place, TerritorialBody) else (place,)


@dataclass
class _Candidate:
    practice: Practice
    fits: tuple[Fit, ...]
    needs: list[ForNeed] = field(default_factory=list)
    twins: list[ByTwin] = field(default_factory=list)

    @property
    def fit(self) -> float:
        """Its fit, or the mean over a body's municipalities; 0 when unknown, for it only settles ties."""
        known = [fit.score for fit in self.fits if fit.score is not None]
        return sum(known) / len(known) if known else 0.0


def recommend_for(
    snapshot: Snapshot,
    place: Place | None,
    *,
    encode: Callable[[str], Vectors],
    needs: Sequence[str] = (),
    twins: Sequence[Twin] = (),
    calibration: Calibration | None = None,
    locate: Callable[[Practice], Origin] = Origin,
    reader_language: Language = Language.ENGLISH,
    view: View = View.SIMILAR,
    weights: Mapping[str, float] | None = None,
    target_groups: Collection[TargetGroup] = (),
    top_k: int = FIRST_PAGE,
    today: date | None = None,
) -> list[Recommendation]:
    """Practices that answer the reader's needs and that towns like theirs run, without its own, no two alike.

    The needs take turns, so that none fills the page, and after every other round the twins. In each turn the most
    relevant that is unlike those chosen comes first: by match strength for a need, which must reach the calibrated
    floor, by nearness for a twin. Fit decides among those no more than `MARGIN` of the best apart. One body has at
    most `PER_BODY_ON_FIRST_PAGE` of them.

    `encode`: a need as a unit vector of shape (dimension,). `twins`: as `twins_of` found them. `weights` and
    `view`: as in `assess`; a body made of municipalities is assessed for each of them.

    Raises:
        ValueError: a weight names no factor, or lies outside its bounds.
    """
    readers = members_of(place) if place else (None,)
    candidates: dict[int, _Candidate] = {}
    rows: dict[str, int] = {}  # of the candidate that stands for a practice and its translations

    def candidate(practice: Practice) -> int | None:
        """The row that stands for a practice; None for one of the reader's own."""
        versions = (practice.id, *practice.translations)
        row = next((rows[each] for each in versions if each in rows), snapshot.rows[practice.id])
        if row not in candidates:
            known = [snapshot.practice(snapshot.rows[each]) for each in versions if each in snapshot.rows]
            if place and any(is_own(locate(each), place) for each in known):
                return None
            fits = tuple(
                assess(
                    practice,
                    reader,
                    language=reader_language,
                    view=view,
                    origin=locate(practice),
                    target_groups=target_groups,
                    weights=weights,
                    today=today,
                )
                for reader in readers
            )
            candidates[row] = _Candidate(practice, fits)
        rows.update(dict.fromkeys(versions, row))
        return row

    turns: list[dict[int, float]] = []  # row -> relevance, for each need
    for need in needs:
        question = SearchQuestion(need, reader_language=reader_language, top_k=CANDIDATES, per_body=None)
        found = search_practices(snapshot, encode(need), question, calibration=calibration, locate=locate)
        turn: dict[int, float] = {}
        for result in found.results:
            row = candidate(result.practice)
            if row is not None and row not in turn:
                candidates[row].needs.append(ForNeed(need, result.strength, result.word, result.passage))
                turn[row] = result.strength
        turns.append(turn)
    of_twins: dict[int, float] = {}
    ran = run_where(snapshot, locate) if twins else {}
    for twin in sorted(twins, key=lambda each: each.distance):
        for each in ran.get(twin.municipality.key, ()):
            row = candidate(_in_language(snapshot, each.row, reader_language))
            if row is not None and all(by.twin is not twin for by in candidates[row].twins):
                candidates[row].twins.append(ByTwin(twin, each.took_over))
                of_twins.setdefault(row, 1 - twin.distance)

    chosen: list[int] = []
    of_body: Counter[str] = Counter()
    wholes = snapshot.wholes.vectors()
    while len(chosen) < top_k:
        before = len(chosen)
        for turn in (*turns, *turns, of_twins):
            left = [
                row
                for row in turn
                if row not in chosen and of_body[_body(candidates[row].practice)] < PER_BODY_ON_FIRST_PAGE
            ]
            if not left:
                continue
            # As a share of the best, whatever a calibration's scale: no novelty makes up for half the strength.
            best = max(turn.values())
            marginal = _marginal_relevance(wholes, left, [turn[row] / best for row in left], chosen)
            close = np.flatnonzero(marginal >= marginal.max() - RELEVANCE * MARGIN)
            row = left[max(close, key=lambda at: candidates[left[at]].fit)]
            of_body[_body(candidates[row].practice)] += 1
            chosen.append(row)
        if len(chosen) == before:
            break
    return [
        Recommendation(
            candidates[row].practice,
            tuple(sorted(candidates[row].needs, key=lambda each: -each.strength)),
            tuple(candidates[row].twins),
            candidates[row].fits,
        )
        for row in chosen[:top_k]
    ]


def _in_language(snapshot: Snapshot, row: int, language: Language) -> Practice:
    """A practice, or its translation into a language where there is one."""
    practice = snapshot.practice(row)
    versions = [snapshot.practice(snapshot.rows[each]) for each in practice.translations if each in snapshot.rows]
    return next((each for each in (practice, *versions) if each.language == language), practice)


def _body(practice: Practice) -> str:
    """What tells bodies apart; a practice without one is on its own."""
    return (practice.body.code or practice.body.name) if practice.body else practice.id
