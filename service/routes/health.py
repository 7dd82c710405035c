"""Whether the process lives, whether it can answer, and what it measures."""

from fastapi import APIRouter, Response

from service.measures import exposition
from service.routes.shared import Held

router = APIRouter(tags=["health"])


@router.get("/health/live")
def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@router.get("/health/ready")
def ready(held: Held) -> dict[str, object]:
    """A snapshot is loaded and the encoder encodes: the next search will be answered."""
    held.encoder.encode_query("ready")
    manifest = held.generation.snapshot.manifest
    return {
        "status": "ready",
        "snapshot": manifest.name,
        "encoder": manifest.encoder.name,
        "practices": manifest.records,
    }


@router.get("/metrics", include_in_schema=False)
def metrics(held: Held) -> Response:
    """Prometheus text format."""
    return Response(exposition(held), media_type="text/plain; version=0.0.4; charset=utf-8")
