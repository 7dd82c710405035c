"""`empelt evaluate` and `empelt quality`: how good the ranking is, on judged queries."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress, TaskID
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
        figures = evaluate_files(practices, queries, load_encoder(encoder), progress=advancing(progress))
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        return
    out.print(figures_table(figures))


def quality(
    write: Annotated[Path | None, typer.Option(help="Write the report there as Markdown.", dir_okay=False)] = Path(
        "docs/quality.md"
    ),
    calibrate: Annotated[
        bool, typer.Option(help="Fit the strengths and the floor on the development half first, and keep them.")
    ] = False,
) -> None:
    """Measure the shipped encoder on the judged set of the shipped bank, per pair of languages."""
    from indexer.calibration import CALIBRATION_FILE
    from service.quality_report import DEVELOPMENT, HELD_OUT, as_markdown, judged_queries, measure, open_bench
    from service.quality_report import calibrate as fitted

    with refusing(), progress_bar() as progress:
        bench = open_bench(load_encoder(), advancing(progress))
        if calibrate:
            calibration = fitted(bench, judged_queries(DEVELOPMENT))
            CALIBRATION_FILE.write_text(calibration.model_dump_json(indent=1) + "\n", encoding="utf-8")
            bench = replace(bench, calibration=calibration)
        development = measure(bench, judged_queries(DEVELOPMENT), advancing(progress))
        held_out = measure(bench, judged_queries(HELD_OUT), advancing(progress))
        if write:
            write.write_text(as_markdown(development, held_out, bench), encoding="utf-8")
    for title, report in (("Development half", development), ("Held-out half", held_out)):
        table = figures_table(report["hybrid"])
        table.title = title
        out.print(table)
        for mode in ("dense", "lexical"):
            out.print(f"{mode} alone: nDCG@10 {report[mode]['all']['ndcg@10']:.3f}")
    if write:
        out.print(f"Written to {write}.")


def advancing(progress: Progress) -> Callable[[str, int, int], None]:
    """A callback that moves one bar for each thing that is done."""
    tasks: dict[str, TaskID] = {}

    def advance(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done, total=total)

    return advance


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
