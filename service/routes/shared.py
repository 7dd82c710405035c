"""What several routes do alike: get at the resources, tell who asks, and which language to speak."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param
from pydantic import ValidationError

from service.access import ANONYMOUS, Caller, recognise
from service.errors import problem
from service.guards import PerMinute
from service.i18n import LANGUAGES
from service.resources import Resources

MOST_WISHES = 20  # languages read of an Accept-Language header


def resources(request: Request) -> Resources:
    """The resources of this process."""
    found: Resources = request.app.state.resources
    return found


Held = Annotated[Resources, Depends(resources)]


_bearer = HTTPBearer(
    auto_error=False,
    description="A key: the setting `EMPELT_ADMIN_KEY`, or one that `empelt keys create` or `POST /v1/keys` made.",
)
WITH_KEY = [Depends(_bearer)]  # of a route that always takes a key: so its description says
KEY_OPTIONAL: dict[str, Any] = {"security": [{}, {"HTTPBearer": []}]}  # of one that shows more to some keys
REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No key is shown, or one that is wrong, expired or revoked."},
    403: {"description": "The key may not do this."},
    429: {"description": "More requests a minute than the key or the address may make (`Retry-After`)."},
}


def caller(request: Request, response: Response, held: Held) -> Caller:
    """Who asks, by the key in the header `Authorization: Bearer`; each request counts against the key's limit.

    Raises:
        UnknownKey: the key is wrong, has expired or was revoked.
    """
    response.headers["Vary"] = "Authorization"
    scheme, secret = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() != "bearer" or not secret:
        return ANONYMOUS
    response.headers["Cache-Control"] = "no-store"
    return holder_of(secret, request, held)


def holder_of(secret: str, request: Request, held: Resources) -> Caller:
    """Who holds a key, however it was shown; each request counts against its limit.

    Raises:
        UnknownKey: the key is wrong, has expired or was revoked.
    """
    admin_key = held.settings.admin_key
    found = recognise(
        secret,
        admin_key=admin_key.get_secret_value() if admin_key else None,
        key_by_digest=lambda digest: held.network.key_by_digest(digest),  # noqa: PLW0108 - opens the store late
        now=datetime.now(UTC),
    )
    counted: PerMinute = request.app.state.keys_per_minute
    if found.per_minute is not None and not counted.allows(found.id, found.per_minute):
        raise problem(429, "Too many requests", f"At most {found.per_minute} requests a minute with this key.")
    return found


Asker = Annotated[Caller, Depends(caller)]


def faults_in_body(error: ValidationError) -> RequestValidationError:
    """The faults of a record made from a request's body, as those of the request."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults])


def browser_language(request: Request) -> str | None:
    """The first of our languages that the browser wishes for (RFC 9110, 12.5.4); None when it names none."""
    wishes = []
    for place, part in enumerate(request.headers.get("accept-language", "").split(",")[:MOST_WISHES]):
        tag, _, weight = part.partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, tag.strip().lower()[:2]))
        except ValueError:
            continue
    return next((code for _, _, code in sorted(wishes) if code in LANGUAGES), None)
