"""What several routes do alike: get at the resources, and tell which language to speak."""

from typing import Annotated

from fastapi import Depends, Request

from service.i18n import LANGUAGES
from service.resources import Resources

MOST_WISHES = 20  # languages read of an Accept-Language header


def resources(request: Request) -> Resources:
    """The resources of this process."""
    found: Resources = request.app.state.resources
    return found


Held = Annotated[Resources, Depends(resources)]


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
