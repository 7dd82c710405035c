"""The application: routes, guards and error table around one set of resources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.staticfiles import StaticFiles

from service import errors
from service.guards import BodyLimit, RateLimit, SecurityHeaders
from service.logs import log_to_standard_error
from service.measures import Measured
from service.resources import Resources
from service.routes import health, imports, pages, practices, search
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
    for router in (search.router, practices.router, imports.router, health.router, pages.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    errors.install(app)
    pages.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Measured)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit, per_minute=settings.per_minute)
    app.add_middleware(SecurityHeaders)
    return app
