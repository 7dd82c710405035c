"""`empelt train`: make the encoder anew, step by step as a recipe says. Needs `pip install empelt[train]`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from models.encoder import SHIPPED, load_encoder
from models.training.recipe import SHIPPED_RECIPE, Recipe, read_recipe
from service.commands.shared import out, progress_bar, refuse, refusing

train = typer.Typer(
    help="Make the encoder: prepare, tokenizer, align, distil, finetune, export, report; each step reads what the "
    "one before wrote. Needs the extra `train` of the package.",
    no_args_is_help=True,
)

RecipeFile = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="A recipe; the one of the shipped encoder when left out."),
]
Again = Annotated[bool, typer.Option("--again", help="Do the step although its result is there.")]
Step = Callable[[Recipe, Callable[[str, float, float], None]], None]


def _do(step: Step, recipe_file: Path, reads: list[str], writes: str, *, again: bool) -> None:
    """Do one step unless it is done; `reads` and `writes` name paths of the recipe."""
    with refusing(), progress_bar() as progress:
        recipe = read_recipe(recipe_file)
        target: Path = getattr(recipe, writes)
        if target.exists() and not again:
            out.print(f"Done before: {target}. Do it again with --again.")
            return
        for name in reads:
            paths = getattr(recipe, name)
            for path in paths if isinstance(paths, tuple) else (paths,):
                if not path.exists():
                    refuse(
                        f"{path} is missing: {recipe_file} names it under `{name}`, or the step before writes it."
                    )
        task = progress.add_task("Starting", total=None)
        step(
            recipe,
            lambda what, done, total: progress.update(
                task, description=what, completed=round(done), total=round(total) or None
            ),
        )
    out.print(f"Written to {target}.")


@train.command()
def prepare(recipe: RecipeFile = SHIPPED_RECIPE, again: Again = False) -> None:
    """General sentences without any that is like one of the public test sets."""
    from models.training import steps

    _do(steps.prepare_text, recipe, ["bundles", "tests"], "general", again=again)


@train.command()
def tokenizer(recipe: RecipeFile = SHIPPED_RECIPE, again: Again = False) -> None:
    """A word list of open text, our own text and the bank."""
    from models.training import steps

    _do(steps.learn_words, recipe, ["student", "general"], "tokenizer", again=again)


@train.command()
def align(recipe: RecipeFile = SHIPPED_RECIPE, again: Again = False) -> None:
    """Where each new word starts: among those it is translated by."""
    from models.training import steps

    _do(steps.align, recipe, ["student", "general", "tokenizer"], "aligned", again=again)


@train.command()
def distil(recipe: RecipeFile = SHIPPED_RECIPE, again: Again = False) -> None:
    """Sentences in four languages towards the vectors an English teacher gives them."""
    from models.training import steps

    _do(steps.distil, recipe, ["general", "aligned"], "distilled", again=again)


@train.command()
def finetune(recipe: RecipeFile = SHIPPED_RECIPE, again: Again = False) -> None:
    """Problems towards the practices that answer them, in any of the languages."""
    from models.training import steps

    _do(steps.finetune, recipe, ["general", "distilled"], "finetuned", again=again)


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
