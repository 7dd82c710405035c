"""How a route answers with a page: templates, the language, addresses of static files, a page not found."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service import page_words
from service.embedding import discovery
from service.errors import RETRY_AFTER_SECONDS
from service.i18n import LANGUAGES, translator
from service.page_address import Address
from service.resources import Resources
from service.routes.shared import browser_language
from service.schemas import LONGEST_QUERY
from service.transferability import View

DEFAULT_LANGUAGE = "ca"  # of the interface, for a browser that asks for none of ours

SERVICE = Path(__file__).parent.parent
STATIC = SERVICE / "static"


def page_language(request: Request, address: Address) -> str:
    """The language a page speaks: the one in its address, or else the first of ours the browser wishes for."""
    return address.language or browser_language(request) or DEFAULT_LANGUAGE


@cache
def templates() -> Environment:
    """The templates, with what all of them may say."""
    environment = Environment(
        loader=FileSystemLoader(SERVICE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": static_address,
        "words": page_words,
        "discovery": discovery,
        "LANGUAGES": LANGUAGES,
        "LONGEST_QUERY": LONGEST_QUERY,
        "View": View,
    }
    return environment


@cache
def static_address(name: str) -> str:
    """The address of a static file, which changes with its content: a browser never keeps a stale one."""
    return f"/static/{name}?{urlencode({'v': hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]})}"


def site(request: Request) -> str:
    """The address of the service without a slash at its end."""
    held: Resources = request.app.state.resources
    return (held.settings.public_url or str(request.base_url)).rstrip("/")


def page(request: Request, template: str, address: Address, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of the site from its template; `context` is what the template lays out."""
    language = page_language(request, address)
    path = request.url.path
    shown = templates().get_template(template)
    headers = {"Vary": "Accept, Accept-Language", "Content-Language": language}
    if status in RETRY_AFTER_SECONDS:
        headers["Retry-After"] = RETRY_AFTER_SECONDS[status]
    return HTMLResponse(
        shown.render(
            say=translator(language),
            address=address,
            path=path,
            site=site(request),
            found=status == 200,
            languages=[(code, address.link(path, language=code)) for code in LANGUAGES],
            **context,
        ),
        status,
        headers,
    )


def wants_html(request: Request) -> bool:
    """Whether a browser asks, and not a program."""
    return "text/html" in request.headers.get("accept", "")


def not_found_page(request: Request, text: str) -> Response:
    """A page that says what is not there."""
    address = Address.of(request.query_params.multi_items())
    return page(request, "not_found.html", address, status=404, text=text)


def xml(request: Request, template: str, media_type: str, **context: Any) -> Response:
    """A document for machines from its template, in the reader's language."""
    address = Address.of(request.query_params.multi_items())
    language = page_language(request, address)
    shown = templates().get_template(template)
    return Response(
        shown.render(say=translator(language), address=address, site=site(request), **context),
        media_type=media_type,
        headers={"Vary": "Accept-Language"},
    )
