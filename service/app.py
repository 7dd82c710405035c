"""The application: routes, guards and error table around one set of resources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from service import errors
from service.guards import BodyLimit, CrossOrigin, PerMinute, RateLimit, SecurityHeaders
from service.logs import log_to_standard_error
from service.measures import Measured
from service.resources import Resources
from service.routes import (
    administration_pages,
    browse,
    embed,
    health,
    imports,
    keys,
    matching,
    network,
    network_pages,
    opendata,
    pages,
    practices,
    search,
)
from service.routes.shared import caller
from service.settings import Settings
from service.settings import settings as settings_of_process

DESCRIPTION = """
Semantic search of municipal good practices in Catalan, Spanish and Italian: a problem in its own words in,
practices that solved it out, with the sentence that answers and the fit with the reader's context. Errors are
problem documents (RFC 9457).
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; resources open when it starts and close when it stops."""
    settings = settings or settings_of_process()
    log_to_standard_error(level="info")

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.resources = Resources(settings)
        yield
        app.state.resources.close()

    app = FastAPI(
        title="Empelt",
        version=version("empelt"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    app.state.keys_per_minute = PerMinute()
    for router in (search.router, practices.router):
        app.include_router(router, dependencies=[Depends(caller)])  # anybody may; a key shown must be a good one
    for router in (imports.router, keys.router, network.router, health.router, opendata.router, pages.router):
        app.include_router(router)
    app.include_router(embed.router)
    app.include_router(browse.router)
    for router in (matching.router, network_pages.router, administration_pages.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    errors.install(app)
    pages.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Measured)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, per_minute=settings.per_minute)
    app.add_middleware(CrossOrigin)
    app.add_middleware(SecurityHeaders)
    return app
