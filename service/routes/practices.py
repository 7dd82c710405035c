"""Practices by id, those like them, and the themes they are about."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from corpus.practice import Practice
from corpus.vocabulary import Language, Theme, labels
from service.recommendation import similar_practices
from service.routes.shared import Held
from service.schemas import PracticeSummary, SimilarOut, ThemeOut
from service.search import row_of

router = APIRouter(prefix="/v1", tags=["practices"])

PracticeId = Annotated[str, Path(max_length=120, examples=["reus-xarxa-antirumors"])]


@router.get("/practices/{practice_id}", response_model_exclude_defaults=True)
def practice(practice_id: PracticeId, held: Held, request: Request, response: Response) -> Practice:
    """The whole record; what the body did not say is absent."""
    snapshot = held.generation.snapshot
    found = snapshot.practice(row_of(snapshot, practice_id))
    response.headers["ETag"] = f'"{snapshot.manifest.name}"'
    return found


@router.get("/practices/{practice_id}/similar")
def similar(
    practice_id: PracticeId, held: Held, top_k: Annotated[int, Query(ge=1, le=50)] = 5
) -> list[SimilarOut]:
    """Practices like one, without itself and its translations, no two of them alike."""
    snapshot = held.generation.snapshot
    return [
        SimilarOut(practice=PracticeSummary.of(found), similarity=round(similarity, 4))
        for found, similarity in similar_practices(snapshot, practice_id, top_k=top_k)
    ]


@router.get("/themes")
def themes(held: Held, language: Language = Language.ENGLISH) -> list[ThemeOut]:
    """The themes with their labels and how many practices each has."""
    snapshot = held.generation.snapshot
    counts = snapshot.columns.counts(range(len(snapshot)))["theme"]
    return [
        ThemeOut(
            theme=theme,
            label=labels()["theme"][theme.value][language.value],
            labels=labels()["theme"][theme.value],
            practices=counts.get(theme.value, 0),
        )
        for theme in Theme
    ]
