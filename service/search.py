"""A problem in, transferable practices out: the one function behind the API, the pages and the shell."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from corpus.errors import UnknownPractice
from corpus.municipality import Municipality
from corpus.practice import Passage, Practice, whole_text
from corpus.vocabulary import Language
from indexer.calibration import Calibration
from indexer.filters import Filter
from indexer.retrieval import Hit, SearchMode, search_hybrid
from indexer.snapshot import Snapshot
from indexer.tokens import WORD, terms
from models.encoder import Vectors
from models.reranker import Reranker
from service.transferability import Fit, Origin, View, assess, refine_order

FIRST_PAGE = 10
PER_BODY_ON_FIRST_PAGE = 2  # one city's bank must not fill the page
RELATED_WHEN_NONE = 3  # shown as merely related when nothing answers
RERANKED = 50  # hits that a reranker reads; reading more takes it seconds and changes no first page
REORDERED = 50  # results whose fit is worked out to order them; nobody reads further

# Rocchio (1971), within one request: the query moves towards what was liked and away from what was not.
TOWARDS, AWAY = 0.6, 0.25


class StrengthWord(StrEnum):
    """A match strength in a word."""

    STRONG = "strong"
    PARTIAL = "partial"
    RELATED = "related"


@dataclass(frozen=True)
class SearchQuestion:
    """What is asked: the problem, whose it is, what results must be, and how they are read."""

    text: str
    municipality: Municipality | None = None
    filters: Filter = field(default_factory=Filter)
    reader_language: Language = Language.ENGLISH
    view: View = View.SIMILAR
    like: Sequence[str] = ()
    unlike: Sequence[str] = ()
    top_k: int = FIRST_PAGE
    offset: int = 0
    per_body: int | None = PER_BODY_ON_FIRST_PAGE
    mode: SearchMode = SearchMode.HYBRID
    weights: Mapping[str, float] = field(default_factory=dict)  # of the fit's factors, in place of the defaults


@dataclass(frozen=True)
class SearchResult:
    """One practice found and why: its strength in 0-1, the sentence that answers, the components, the fit."""

    practice: Practice
    strength: float
    word: StrengthWord
    passage: Passage
    marked: tuple[tuple[int, int], ...]
    dense: float
    lexical: float
    fit: Fit
    translations: tuple[str, ...] = ()


@dataclass(frozen=True)
class SearchAnswer:
    """What was found. `total` and `facets` count what answers, not what was looked at."""

    results: list[SearchResult]
    related: list[SearchResult]
    total: int
    facets: dict[str, dict[str, int]]
    best_strength: float


def search_practices(
    snapshot: Snapshot,
    query_vector: Vectors,
    question: SearchQuestion,
    *,
    calibration: Calibration | None = None,
    locate: Callable[[Practice], Origin] = Origin,
    reranker: Reranker | None = None,
) -> SearchAnswer:
    """Retrieve, cut off, assess and explain.

    `query_vector`: the question's text as a unit vector, float32 of shape (dimension,). Without a calibration
    (an encoder it was not fitted for) the strength is the cosine similarity and nothing is cut off. `locate`
    finds the place of a practice, to compare it with the reader's. A `reranker` orders the best hits anew; what
    answers and how strongly stays.

    Raises:
        UnknownPractice: an id in `like` or `unlike` is not in the snapshot.
    """
    vector = _steered(snapshot, query_vector, question)
    hits = search_hybrid(
        snapshot,
        vector,
        question.text,
        allowed=snapshot.columns.allowed(question.filters),
        mode=question.mode,
    )
    hits = [hit for hit in hits if snapshot.ids[hit.row] not in {*question.like, *question.unlike}]
    hits, translations = _one_per_practice(snapshot, hits, question.reader_language)
    if reranker:
        hits = _reranked(snapshot, hits, question.text, reranker)
    strengths = _strengths(hits, query_vector, calibration)
    floor = calibration.floor if calibration else 0.0
    answering = [at for at, strength in enumerate(strengths) if strength >= floor]

    def fit(at: int) -> Fit:
        practice = snapshot.practice(hits[at].row)
        return assess(
            practice,
            question.municipality,
            language=question.reader_language,
            view=question.view,
            origin=locate(practice),
            weights=question.weights,
        )

    def result(at: int) -> SearchResult:
        hit = hits[at]
        practice = snapshot.practice(hit.row)
        passage = snapshot.passage(hit.passage_row)
        return SearchResult(
            practice=practice,
            strength=strengths[at],
            word=_word(strengths[at], calibration),
            passage=passage,
            marked=matching_words(question.text, passage.text, practice.language.value),
            dense=hit.dense,
            lexical=hit.lexical,
            fit=fit(at),
            translations=tuple(snapshot.ids[row] for row in translations[hit.row]),
        )

    if question.municipality:
        head = answering[:REORDERED]
        fits = [fit(at).score for at in head]
        answering = refine_order(head, [strengths[at] for at in head], fits) + answering[REORDERED:]
    if question.per_body:
        answering = _spread(snapshot, hits, answering, question.per_body)
    page = answering[question.offset : question.offset + question.top_k]
    return SearchAnswer(
        results=[result(at) for at in page],
        related=[] if answering else [result(at) for at in range(min(RELATED_WHEN_NONE, len(hits)))],
        total=len(answering),
        facets=snapshot.columns.counts([hits[at].row for at in answering]),
        best_strength=max(strengths, default=0.0),
    )


def _steered(snapshot: Snapshot, vector: Vectors, question: SearchQuestion) -> Vectors:
    """The query moved by what the reader liked and did not, again of length 1."""
    wholes = snapshot.wholes.vectors()
    moved = vector.copy()
    for ids, weight in ((question.like, TOWARDS), (question.unlike, -AWAY)):
        if ids:
            moved += weight * wholes[[row_of(snapshot, practice_id) for practice_id in ids]].mean(axis=0)
    steered: Vectors = moved / np.linalg.norm(moved)
    return steered


def row_of(snapshot: Snapshot, practice_id: str) -> int:
    """The row of a practice.

    Raises:
        UnknownPractice: the snapshot does not hold it.
    """
    try:
        return snapshot.rows[practice_id]
    except KeyError:
        raise UnknownPractice(practice_id) from None


def _one_per_practice(
    snapshot: Snapshot, hits: Sequence[Hit], language: Language
) -> tuple[list[Hit], dict[int, list[int]]]:
    """Leave one of each set of translations: the reader's, else the best; the rows of the others beside it."""
    kept: list[Hit] = []
    place: dict[int, int] = {}  # row -> position in `kept` of the set it belongs to
    others: dict[int, list[int]] = {}
    for hit in hits:
        practice = snapshot.practice(hit.row)
        siblings = [snapshot.rows[other] for other in practice.translations if other in snapshot.rows]
        at = next((place[row] for row in siblings if row in place), None)
        if at is None:
            place[hit.row] = len(kept)
            kept.append(hit)
            others[hit.row] = siblings
        elif practice.language == language != snapshot.practice(kept[at].row).language:
            place[hit.row] = at
            kept[at] = hit
            others[hit.row] = siblings
    return kept, others


def _reranked(snapshot: Snapshot, hits: list[Hit], query: str, reranker: Reranker) -> list[Hit]:
    """The best hits in the order of a second reading, the others behind them as they were."""
    head = hits[:RERANKED]
    scores = reranker.scores(query, [whole_text(snapshot.practice(hit.row)) for hit in head])
    return [head[at] for at in np.argsort(-scores, kind="stable")] + hits[RERANKED:]


def _strengths(hits: Sequence[Hit], query_vector: Vectors, calibration: Calibration | None) -> list[float]:
    dense = np.array([hit.dense for hit in hits], dtype=np.float32)
    if calibration is None:
        return [float(similarity) for similarity in np.clip(dense, 0, 1)]
    lexical = np.array([hit.lexical for hit in hits], dtype=np.float32)
    return [float(strength) for strength in calibration.strengths(dense, lexical, query_vector)]


def _word(strength: float, calibration: Calibration | None) -> StrengthWord:
    if calibration is None or strength < calibration.floor:
        return StrengthWord.RELATED
    return StrengthWord.STRONG if strength >= calibration.strong else StrengthWord.PARTIAL


def _spread(snapshot: Snapshot, hits: Sequence[Hit], answering: Sequence[int], per_body: int) -> list[int]:
    """Move the third and later results of one body behind the first page; nothing is lost."""
    seen: Counter[str] = Counter()
    first: list[int] = []
    later: list[int] = []
    for at in answering:
        body = snapshot.practice(hits[at].row).body
        key = (body.code or body.name) if body else f"row {hits[at].row}"
        seen[key] += 1
        full = len(first) >= FIRST_PAGE or seen[key] > per_body
        (later if full else first).append(at)
    return first + later


def matching_words(query: str, text: str, language: str) -> tuple[tuple[int, int], ...]:
    """Where the query's words stand in a text, as (start, end) in characters; words match by their stems."""
    wanted = set(terms(query, language))
    return tuple(
        (word.start(), word.end())
        for word in WORD.finditer(text)
        if (found := terms(word.group(), language)) and found[0] in wanted
    )
