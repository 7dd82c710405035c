"""The command line: index, search, import, export, check, evaluate and serve from a shell."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from corpus.bank import BANK, read_bank
from corpus.errors import EmpeltError, InvalidPractice
from corpus.practice import Practice
from corpus.store import PracticeStore
from indexer.build import update_snapshot
from indexer.snapshot import load_current
from models.encoder import load_encoder
from service.settings import settings

app = typer.Typer(
    name="empelt",
    help="Find municipal good practices that solve a problem, across Catalan, Spanish, Italian and English.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
out = Console()
err = Console(stderr=True)

REFUSED = 2  # exit status when what was asked for cannot be done


@contextmanager
def refusing() -> Iterator[None]:
    """Turn an error of the domain into a message and an exit status, never a traceback."""
    try:
        yield
    except EmpeltError as error:
        err.print(f"[red]Error:[/] {escape(str(error))}")
        raise typer.Exit(REFUSED) from None
    except OSError as error:
        err.print(f"[red]Error:[/] {escape(str(error))}")
        raise typer.Exit(REFUSED) from None


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
    )


@contextmanager
def opened_store() -> Iterator[PracticeStore]:
    """The store of the settings, closed afterwards."""
    store = PracticeStore(settings().store_url)
    try:
        yield store
    finally:
        store.close()


def read_valid(folder: Path, *, skip_invalid: bool) -> list[Practice]:
    """All practices of a folder of YAML files; faults are listed, and end it unless they may be skipped."""
    found = list(read_bank(folder))
    faults = [item for item in found if isinstance(item, InvalidPractice)]
    for fault in faults:
        err.print(f"[yellow]{escape(str(fault))}[/]")
    if faults and not skip_invalid:
        err.print(
            f"[red]Error:[/] {len(faults)} of {len(found)} files are not valid practices; nothing was changed. "
            "Mend them, or index the others with --skip-invalid."
        )
        raise typer.Exit(REFUSED)
    return [item for item in found if isinstance(item, Practice)]


@app.command()
def index(
    bank: Annotated[
        Path | None,
        typer.Option(help="Folder of YAML practices to store first; the shipped bank when the store is empty."),
    ] = None,
    skip_invalid: Annotated[bool, typer.Option(help="Leave out files that are not valid practices.")] = False,
) -> None:
    """Bring the search index up to date with the store."""
    with refusing(), opened_store() as store:
        if bank is not None and not bank.is_dir():
            err.print(f"[red]Error:[/] {escape(str(bank))} is not a folder.")
            raise typer.Exit(REFUSED)
        if bank is not None or store.last_change() == 0:
            folder = bank or BANK
            stored = store.put(read_valid(folder, skip_invalid=skip_invalid), by=f"bank {folder.name}")
            out.print(f"Stored {stored} new or changed practices from {escape(str(folder))}.")
        encoder = load_encoder(settings().encoder)
        with _progress() as progress:
            task = progress.add_task("Encoding", total=None)
            manifest = update_snapshot(
                store,
                encoder,
                settings().index,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        if manifest is None:
            out.print("The index is up to date.")
        else:
            out.print(
                f"Indexed {manifest.records} practices, {manifest.passages} passages "
                f"with the encoder {manifest.encoder.name}: snapshot {manifest.name}."
            )


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="The problem, in your own words.", show_default=False)],
    municipality: Annotated[
        str | None, typer.Option(help="Your municipality: a name, `Name (Region)`, or an INE or ISTAT code.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Only practices in this language: ca, es, it or en.")
    ] = None,
    reader_language: Annotated[
        str | None, typer.Option(help="Language of the explanations; that of the text when left out.")
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many practices.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's response as JSON.")] = False,
) -> None:
    """Find practices that solve a problem."""
    from pydantic import ValidationError

    from service.answering import answer_request
    from service.resources import Resources
    from service.schemas import SearchRequest

    with refusing():
        try:
            request = SearchRequest.model_validate(
                {
                    "text": text,
                    "municipality": municipality,
                    "reader_language": reader_language,
                    "filters": {"language": [language] if language else []},
                    "top_k": top_k,
                }
            )
        except ValidationError as error:
            for fault in error.errors(include_url=False):
                where = ".".join(str(part) for part in fault["loc"])
                err.print(f"[red]Error:[/] {escape(where)}: {escape(fault['msg'].removeprefix('Value error, '))}")
            raise typer.Exit(REFUSED) from None
        resources = Resources(settings())
        try:
            response = answer_request(resources, request)
        finally:
            resources.close()
    if as_json:
        sys.stdout.write(json.dumps(response.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n")
        return
    if not response.results:
        out.print("No practice in the bank answers this yet." + (" Nearest:" if response.related else ""))
    for number, result in enumerate(response.results or response.related, 1):
        practice = result.practice
        size = f", {practice.population:,} inhabitants" if practice.population else ""
        out.print(
            f"\n[bold]{number}. {escape(practice.title)}[/]  [dim]{result.strength_word} {result.strength:.2f}[/]"
        )
        out.print(f"   {escape(practice.municipality or '')} ({practice.language}{size})  [dim]{practice.id}[/]")
        out.print(f"   «{escape(result.passage.text)}»  [dim]{result.passage.section}[/]")


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to serve on.")] = None,
) -> None:
    """Serve the pages and the API; index first where nothing is indexed yet."""
    import uvicorn

    from corpus.errors import SnapshotError
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


@app.command()
def check() -> None:
    """Prove that store, vectors and words agree, record by record."""
    from indexer.consistency import disagreements

    with refusing(), opened_store() as store:
        snapshot, refused = load_current(settings().index, load_encoder(settings().encoder))
        for reason in refused:
            err.print(f"[yellow]{escape(reason)}[/]")
        faults = disagreements(store, snapshot)
    for fault in faults:
        out.print(f"[red]{escape(fault)}[/]")
    if faults:
        raise typer.Exit(1)
    out.print(f"Store and index agree on {len(snapshot)} practices.")


@app.command()
def evaluate(
    practices: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="JSON Lines, one practice a line.")],
    queries: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="JSON Lines, one judged query a line.")
    ],
    encoder: Annotated[
        str | None, typer.Option(help="Folder or hub id; the shipped encoder when left out.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print figures as JSON.")] = False,
) -> None:
    """Measure the ranking on judged queries: nDCG@10, recall, MRR, per pair of languages."""
    from service.quality import evaluate_files

    with refusing(), _progress() as progress:
        tasks: dict[str, object] = {}

        def advance(what: str, done: int, total: int) -> None:
            task = tasks.setdefault(what, progress.add_task(what, total=total))
            progress.update(task, completed=done, total=total)  # type: ignore[arg-type]

        figures = evaluate_files(practices, queries, load_encoder(encoder), progress=advance)
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    out.print(figures_table(figures))


def figures_table(figures: dict[str, dict[str, float]]) -> Table:
    """Figures by pair of languages, and a caption on queries without answer."""
    table = Table("query > record", "n", "nDCG@10", "recall@5", "recall@10", "MRR")
    for pair, row in figures.items():
        if pair != "no_answer":
            shown = [
                f"{row[name]:.3f}" if name in row else "" for name in ("ndcg@10", "recall@5", "recall@10", "mrr")
            ]
            table.add_row(pair, str(int(row["n"])), *shown)
    if none := figures.get("no_answer"):
        table.caption = f"{int(none['n'])} queries without answer" + (
            f": AUROC {none['auroc']:.3f}, {none['refused_at_95']:.0%} refused where 95 % of the others are kept"
            if "auroc" in none
            else ""
        )
    return table


if __name__ == "__main__":
    app()
