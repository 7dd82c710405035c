"""What several commands do alike: speak, refuse, show progress, and open the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from corpus.errors import EmpeltError
from corpus.store import PracticeStore
from service.settings import settings

out = Console()
err = Console(stderr=True)

REFUSED = 2  # exit status when what was asked for cannot be done


def complain(reason: str) -> None:
    """Say on standard error what was wrong."""
    err.print(f"[red]Error:[/] {escape(reason)}", soft_wrap=True)


def refuse(reason: str) -> NoReturn:
    """Say what was wrong and end with the exit status for it."""
    complain(reason)
    raise typer.Exit(REFUSED)


@contextmanager
def refusing() -> Iterator[None]:
    """Turn an error of the domain into a message and an exit status, never a traceback."""
    try:
        yield
    except (EmpeltError, OSError) as error:
        complain(str(error))
        raise typer.Exit(REFUSED) from None


def progress_bar() -> Progress:
    """Progress on standard error, gone when done."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
    )


@contextmanager
def opened_store() -> Iterator[PracticeStore]:
    """The store of the settings, closed afterwards."""
    store = PracticeStore(settings().store_url)
    try:
        yield store
    finally:
        store.close()
