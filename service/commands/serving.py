"""`empelt serve`: the pages and the API."""

from typing import Annotated

import typer
from rich.markup import escape

from corpus.errors import SnapshotError
from indexer.snapshot import load_current
from models.encoder import load_encoder
from service.commands.keeping import index
from service.commands.shared import err, refusing
from service.settings import settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to serve on.")] = None,
) -> None:
    """Serve the pages and the API; index first where nothing is indexed yet."""
    import uvicorn

    from service.app import create_app

    chosen = settings()
    with refusing():
        try:
            load_current(chosen.index, load_encoder(chosen.encoder))
        except SnapshotError as error:
            err.print(f"[dim]{escape(str(error))}[/]")
            index(bank=None, skip_invalid=False)
        uvicorn.run(
            create_app(chosen), host=host or chosen.host, port=port or chosen.port, log_level="warning",
            timeout_graceful_shutdown=10, server_header=False,
        )  # fmt: skip
