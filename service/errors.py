"""Every error as a problem document (RFC 9457): one table from the domain's errors to HTTP."""

from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi_problem.error import Problem, StatusProblem
from fastapi_problem.handler import ExceptionHandler, add_exception_handler, new_exception_handler
from starlette.requests import Request

from corpus.errors import (
    AmbiguousMunicipality,
    EmpeltError,
    IdTaken,
    InvalidKey,
    InvalidPractice,
    MissingKey,
    NotAllowed,
    SnapshotError,
    StoreUnavailable,
    UnknownDraft,
    UnknownKey,
    UnknownKeyId,
    UnknownMunicipality,
    UnknownNeed,
    UnknownOffer,
    UnknownPractice,
    UnknownProfile,
    UnreadableSource,
)
from models.batching import EncoderBusy
from service.fact_sheet import FactSheetsBusy, FactSheetsUnavailable

log = structlog.get_logger()

STATUS: dict[type[Exception], tuple[int, str]] = {
    UnknownPractice: (404, "No such practice"),
    UnknownMunicipality: (422, "No such municipality"),
    AmbiguousMunicipality: (422, "Several municipalities have that name"),
    InvalidPractice: (422, "The practice cannot be stored"),
    UnreadableSource: (422, "The source cannot be read"),
    MissingKey: (401, "The key is missing"),
    UnknownKey: (401, "The key is wrong"),
    NotAllowed: (403, "Not with this key"),
    UnknownProfile: (404, "No such profile"),
    UnknownNeed: (404, "No such need"),
    UnknownOffer: (404, "No such offer"),
    UnknownDraft: (404, "No such draft"),
    UnknownKeyId: (404, "No such key"),
    IdTaken: (409, "The id is taken"),
    InvalidKey: (422, "The key cannot be made"),
    SnapshotError: (503, "The index is not ready"),
    StoreUnavailable: (503, "The store cannot be reached"),
    EncoderBusy: (503, "Too many searches at once"),
    FactSheetsBusy: (503, "Too many fact sheets at once"),
    FactSheetsUnavailable: (501, "Fact sheets cannot be made here"),
}
RETRY_AFTER_SECONDS = {503: "2", 429: "60"}
CHALLENGES: dict[type[Exception], str] = {  # RFC 6750, 3: what a 401 says it wants
    MissingKey: 'Bearer realm="Empelt"',
    UnknownKey: 'Bearer realm="Empelt", error="invalid_token"',
}


def problem(
    status: int, title: str, detail: str | None = None, *, challenge: str | None = None, **more: Any
) -> Problem:
    """A problem document; its type is a stable slug of the title."""
    headers = {"Retry-After": RETRY_AFTER_SECONDS[status]} if status in RETRY_AFTER_SECONDS else {}
    if challenge:
        headers["WWW-Authenticate"] = challenge
    return Problem(
        title=title,
        type_=title.lower().replace(" ", "-"),
        detail=printable(detail) if detail else detail,
        status=status,
        headers=headers,
        **more,
    )


def printable(text: str) -> str:
    """A text that any client can decode: half surrogates shown as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _domain_problem(_handler: ExceptionHandler, _request: Request, error: Exception) -> Problem:
    status, title = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    more: dict[str, Any] = {}
    if isinstance(error, AmbiguousMunicipality):
        more["candidates"] = error.candidates
    if isinstance(error, UnknownMunicipality):
        more["suggestions"] = error.suggestions
    if isinstance(error, InvalidPractice):
        more["problems"] = [printable(str(fault)) for fault in error.problems]
    return problem(status, title, str(error), challenge=CHALLENGES.get(type(error)), **more)


def _validation_problem(_handler: ExceptionHandler, _request: Request, error: Exception) -> Problem:
    """Which field is wrong and why; the value itself is not echoed, it may be large or unprintable."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the table registers it for
    faults = [
        {
            "field": printable(".".join(str(part) for part in fault["loc"])),
            "reason": printable(fault["msg"].removeprefix("Value error, ")),
        }
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults[:5])
    return problem(422, "The request is not valid", detail, errors=faults)


class _Unforeseen(StatusProblem):
    """A fault of ours: the log has it, the client need not."""

    type_ = "something-went-wrong"
    title = "Something went wrong"
    status = 500

    def __init__(self, _error: str) -> None:
        super().__init__("The fault is ours and stands in the log.")


def install(app: FastAPI) -> None:
    """Have an application answer every error as a problem document."""
    handlers: Mapping[type[Exception], Any] = dict.fromkeys(STATUS, _domain_problem)
    add_exception_handler(
        app,
        new_exception_handler(
            logger=log,
            handlers=dict(handlers),
            unhandled_wrappers={"500": _Unforeseen},
            request_validation_handler=_validation_problem,
        ),
    )
    for kind in (EmpeltError, EncoderBusy):
        app.add_exception_handler(kind, app.exception_handlers[Exception])
