"""What can be watched: request times by route, searches without answer, queue, snapshot age. No query text."""

from time import perf_counter, time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.resources import Resources

REGISTRY = CollectorRegistry()
REQUEST_SECONDS = Histogram(
    "empelt_request_seconds", "Time to answer a request", ["route", "status"], registry=REGISTRY
)
STAGE_SECONDS = Histogram("empelt_search_stage_seconds", "Time of a search by stage", ["stage"], registry=REGISTRY)
SEARCHES = Counter("empelt_searches_total", "Searches by outcome", ["outcome"], registry=REGISTRY)
PRACTICES = Gauge("empelt_practices", "Practices in the snapshot that serves", registry=REGISTRY)
SNAPSHOT_AGE = Gauge("empelt_snapshot_age_seconds", "Seconds since the snapshot was made", registry=REGISTRY)


def exposition(resources: Resources) -> bytes:
    """All measures in Prometheus text format."""
    manifest = resources.generation.snapshot.manifest
    PRACTICES.set(manifest.records)
    SNAPSHOT_AGE.set(time() - manifest.created_at.timestamp())
    return generate_latest(REGISTRY)


class Measured:
    """Times every request under the pattern of its route, never its address."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = perf_counter(), "500"

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            REQUEST_SECONDS.labels(route, status).observe(perf_counter() - started)
