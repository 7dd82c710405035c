"""`empelt duplicates` and `empelt link`: what may be the same practice, and a person's decision on it."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape

from indexer.snapshot import load_current
from models.encoder import load_encoder
from service.commands.shared import opened_store, out, refuse, refusing
from service.intake import link_practices
from service.search import row_of
from service.settings import settings

SAID = {
    "same": "the same practice",
    "adaptation": "an adaptation by another body",
    "same-problem": "the same problem",
}


def duplicates(
    practice_id: Annotated[str | None, typer.Argument(help="Only what resembles this practice.")] = None,
    problems: Annotated[bool, typer.Option(help="Also pairs that share only their problem.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the pairs as JSON.")] = False,
) -> None:
    """List practices that may be one and the same, across languages, with the evidence."""
    from indexer.duplicates import Likeness, all_resemblances

    with refusing():
        snapshot, _ = load_current(settings().index, load_encoder(settings().encoder))
        rows = None if practice_id is None else [row_of(snapshot, practice_id)]
        found = [
            pair
            for pair in all_resemblances(snapshot, rows)
            if problems or practice_id or pair.likeness is not Likeness.SAME_PROBLEM
        ]
    if as_json:
        sys.stdout.write(json.dumps([asdict(pair) for pair in found], ensure_ascii=False, indent=2) + "\n")
        return
    for pair in found:
        out.print(f"[bold]{pair.practice_id}[/]  {pair.other_id}", soft_wrap=True)
        evidence = [f"sentences alike {pair.alignment:.2f}", f"need {pair.need:.2f}"]
        evidence += ["same body"] * pair.same_body
        evidence += [f"same source {address}" for address in pair.shared_sources]
        evidence += [f"same figures {', '.join(pair.shared_figures)}"] if pair.shared_figures else []
        out.print(f"   perhaps {SAID[pair.likeness]}: {escape('; '.join(evidence))}", soft_wrap=True)
    out.print(
        f"{len(found)} pairs. Say that two are one practice with `empelt link ID ID`."
        if found
        else "Nothing looks like the same practice twice."
    )


def link(
    one: Annotated[str, typer.Argument(help="Id of a practice.", show_default=False)],
    other: Annotated[str, typer.Argument(help="Id of the same practice in another language.", show_default=False)],
    by: Annotated[str, typer.Option(help="Who decides, for the history.")] = "command line",
) -> None:
    """Decide that two records are one practice in two languages: they are shown as one result."""
    if one == other:
        refuse("A practice cannot be linked to itself.")
    with refusing(), opened_store() as store:
        link_practices(store, one, other, by=by)
    out.print(f"{one} and {other} are one practice now. Run `empelt index` to bring it into the search.")
