"""`empelt train`: make the encoder anew, or go on from where it stands. Needs `pip install empelt[train]`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from models.encoder import SHIPPED, load_encoder
from service.commands.shared import out, progress_bar, refuse, refusing

train = typer.Typer(help="Fine-tune, export and measure the encoder.", no_args_is_help=True)

MOST_PER_SOURCE = 9_000  # general sentences of one source


@train.command()
def finetune(
    start: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A SentenceTransformer folder.")],
    to: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    general: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="General sentences: xz of en, es, ca, it.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to learn.")] = 36.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads to learn with.")] = 2,
    seed: Annotated[int, typer.Option(help="Of the order of lessons.")] = 1,
) -> None:
    """Learn from our own domain text, beside general sentences so that nothing is forgotten."""
    from models.training.learn import Schedule, learn, prepare, save
    from models.training.texts import domain_sentences, general_sentences, matches, triples

    if to.exists():
        refuse(f"{to} exists already.")
    with refusing(), progress_bar() as progress:
        lessons = prepare(
            general_sentences(general, most_per_source=MOST_PER_SOURCE) if general else [],
            domain_sentences(),
            triples(),
            matches(),
            cache=to.with_name(to.name + "-general.safetensors"),
            report=lambda _what, _done, _total: None,
        )
        task = progress.add_task("Learning", total=minutes * 60)

        def report(step: int, seconds: float, loss: float) -> bool:
            progress.update(task, completed=seconds, description=f"Learning, step {step}, loss {loss:.3f}")
            return True

        save(learn(start, lessons, Schedule(minutes=minutes, threads=threads, seed=seed), report=report), to)
    out.print(f"Written to {to}. Export it with `empelt train export {to}`.")


@train.command()
def export(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A SentenceTransformer folder.")],
) -> None:
    """Add the ONNX file that the service runs."""
    from models.training.export import export as write

    with refusing():
        out.print(f"Written to {write(folder)}.")


@train.command()
def report(
    tests: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the public test sets.")],
    folder: Annotated[Path, typer.Option(help="A SentenceTransformer folder.")] = SHIPPED,
) -> None:
    """Measure an encoder on public test sets and on our own themes kept out of training."""
    from models.training.report import report as measured

    with refusing(), progress_bar() as progress:
        task = progress.add_task("Measuring", total=None)
        figures = measured(
            load_encoder(folder), tests, progress=lambda what: progress.update(task, description=what)
        )
    table = Table("measure", "per cent")
    for name, value in figures.items():
        table.add_row(name, f"{value:.1f}")
    out.print(table)
