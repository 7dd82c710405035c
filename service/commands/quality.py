"""`empelt evaluate`: how good the ranking is, on judged queries."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID
from rich.table import Table

from models.encoder import load_encoder
from service.commands.shared import out, progress_bar, refusing


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

    with refusing(), progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

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
