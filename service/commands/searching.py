"""`empelt search`: a problem in, practices out."""

import json
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.markup import escape

from service.commands.shared import REFUSED, complain, out, refusing
from service.settings import settings


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
                complain(f"{where}: {fault['msg'].removeprefix('Value error, ')}")
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
