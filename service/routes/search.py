"""POST /v1/search: a problem in, practices out."""

from fastapi import APIRouter, Request

from service.answering import answer_request
from service.routes.shared import Held, browser_language
from service.schemas import SearchRequest, SearchResponse

router = APIRouter(prefix="/v1", tags=["search"])


@router.post("/search")
def search(request: Request, asked: SearchRequest, held: Held) -> SearchResponse:
    """Practices that answer a problem, best first, with the sentence that answers and the fit with a place."""
    return answer_request(held, asked, language=browser_language(request))
