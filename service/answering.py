"""One request, one answer, for all faces: what the API sends is what the pages lay out and the shell prints."""

from time import perf_counter

from corpus.municipality import Municipality
from corpus.vocabulary import Language
from models.language import detect_language
from service.measures import SEARCHES, STAGE_SECONDS
from service.page_address import Address
from service.resources import Generation, Resources
from service.schemas import PlaceOut, QueryOut, SearchRequest, SearchResponse
from service.search import SearchAnswer, SearchQuestion, search_practices

ENCODE_SECONDS = 5.0  # a query that waits longer for the encoder is answered 503


def place_named(held: Resources, name: str | None) -> Municipality | None:
    """The reader's municipality.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality: no place, or several, by that name.
    """
    return held.municipalities.find(name) if name else None


def question_asked(
    held: Resources, address: Address, language: str, *, top_k: int, offset: int = 0
) -> SearchQuestion:
    """The question in the address of a page.

    Raises:
        ValidationError: it is none.
        UnknownMunicipality, AmbiguousMunicipality: it is not clear whose it is.
    """
    asked = SearchRequest.model_validate(
        {
            "text": address.text,
            "municipality": address.municipality or None,
            "reader_language": language,
            "filters": address.filters,
            "view": address.view,
            "like": address.like,
            "unlike": address.unlike,
        }
    )
    return SearchQuestion(
        text=asked.text,
        municipality=place_named(held, asked.municipality),
        filters=asked.filters.filter(),
        reader_language=Language(language),
        view=asked.view,
        like=asked.like,
        unlike=asked.unlike,
        top_k=top_k,
        offset=offset,
    )


def run_search(held: Resources, question: SearchQuestion) -> tuple[SearchAnswer, Generation]:
    """One search on one generation, measured.

    Raises:
        EncoderBusy: too many searches wait.
    """
    generation = held.generation
    started = perf_counter()
    vector = held.encoder.encode_query(question.text, timeout_seconds=ENCODE_SECONDS)
    encoded = perf_counter()
    answer = search_practices(
        generation.snapshot,
        vector,
        question,
        calibration=generation.calibration,
        locate=lambda practice: generation.origin(practice, held.municipalities),
        reranker=held.reranker,
    )
    STAGE_SECONDS.labels("encode").observe(encoded - started)
    STAGE_SECONDS.labels("retrieve").observe(perf_counter() - encoded)
    SEARCHES.labels("answered" if answer.total else "no answer").inc()
    return answer, generation


def answer_request(held: Resources, asked: SearchRequest, *, language: str | None = None) -> SearchResponse:
    """The response to a request, explained in the reader's language: asked for, else `language`, else the query's.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality, UnknownPractice, EncoderBusy
    """
    place = place_named(held, asked.municipality)
    detected = detect_language(asked.text)
    speaks = asked.reader_language or Language(language or detected or Language.ENGLISH)
    answer, generation = run_search(
        held,
        SearchQuestion(
            text=asked.text,
            municipality=place,
            filters=asked.filters.filter(),
            reader_language=speaks,
            view=asked.view,
            like=asked.like,
            unlike=asked.unlike,
            top_k=asked.top_k,
            offset=asked.offset,
            weights=asked.weights,
        ),
    )
    return SearchResponse.of(
        answer,
        query=QueryOut(
            text=asked.text,
            language=detected,
            municipality=PlaceOut.of(place) if place else None,
            filters=asked.filters.model_dump(mode="json", exclude_defaults=True),
            view=asked.view,
        ),
        manifest=generation.snapshot.manifest,
        calibrated=generation.calibration is not None,
        language=speaks,
    )
