"""What several routes do alike: get at the resources, name the reader's place, run one search."""

from time import perf_counter
from typing import Annotated

from fastapi import Depends, Request

from corpus.municipality import Municipality
from models.language import detect_language
from service.i18n import LANGUAGES
from service.measures import SEARCHES, STAGE_SECONDS
from service.resources import Generation, Resources
from service.search import SearchAnswer, SearchQuestion, search_practices

ENCODE_SECONDS = 5.0  # a query that waits longer for the encoder is answered 503


def resources(request: Request) -> Resources:
    """The resources of this process."""
    found: Resources = request.app.state.resources
    return found


Held = Annotated[Resources, Depends(resources)]


def place_named(held: Resources, name: str | None) -> Municipality | None:
    """The reader's municipality.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality: no place, or several, by that name.
    """
    return held.municipalities.find(name) if name else None


def run_search(held: Resources, question: SearchQuestion) -> tuple[SearchAnswer, Generation]:
    """One search on one generation, measured.

    Raises:
        EncoderBusy: too many searches wait.
    """
    generation = held.generation
    started = perf_counter()
    vector = held.encoder.encode_query(question.text, timeout_seconds=ENCODE_SECONDS)
    encoded = perf_counter()
    answer = search_practices(generation.snapshot, vector, question, calibration=generation.calibration)
    STAGE_SECONDS.labels("encode").observe(encoded - started)
    STAGE_SECONDS.labels("retrieve").observe(perf_counter() - encoded)
    SEARCHES.labels("answered" if answer.total else "no answer").inc()
    return answer, generation


def reader_language(request: Request, asked: str | None, text: str = "") -> str:
    """The language to speak: the one asked for, else the browser's, else the query's, else English."""
    if asked in LANGUAGES:
        return str(asked)
    header = request.headers.get("accept-language", "")
    wishes = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.partition(";q=")
        try:
            wishes.append((-float(weight or 1), len(wishes), tag.strip().lower()[:2]))
        except ValueError:
            continue
    for _, _, code in sorted(wishes):
        if code in LANGUAGES:
            return code
    return detect_language(text) or "en"
