"""POST /v1/search: a problem in, practices out."""

from fastapi import APIRouter, Request

from models.language import detect_language
from service.routes.shared import Held, place_named, reader_language, run_search
from service.schemas import QueryOut, SearchRequest, SearchResponse, place_out
from service.search import SearchQuestion

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/search")
def search(request: Request, asked: SearchRequest, held: Held) -> SearchResponse:
    """Practices that answer a problem, best first, with the sentence that answers and the fit with a place."""
    place = place_named(held, asked.municipality)
    language = reader_language(request, asked.reader_language, asked.text)
    answer, generation = run_search(
        held,
        SearchQuestion(
            text=asked.text,
            municipality=place,
            filters=asked.filters.filter(),
            reader_language=asked.reader_language,
            view=asked.view,
            like=asked.like,
            unlike=asked.unlike,
            top_k=asked.top_k,
            offset=asked.offset,
        ),
    )
    return SearchResponse.of(
        answer,
        query=QueryOut(
            text=asked.text,
            language=detect_language(asked.text),
            municipality=place_out(place),
            filters=asked.filters.model_dump(mode="json", exclude_defaults=True),
            view=asked.view,
        ),
        manifest=generation.snapshot.manifest,
        calibrated=generation.calibration is not None,
        language=language,
    )
