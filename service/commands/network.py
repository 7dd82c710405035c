"""The commands that introduce municipalities: their profiles, their twins, what is recommended to them."""

import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Table

from corpus.places import load_municipalities
from corpus.store_network import NetworkStore
from corpus.vocabulary import Language
from service import fit_sentences, profile_sentences
from service.commands.keeping import By, _print_some, _who
from service.commands.shared import REFUSED, complain, err, out, refuse, refusing
from service.example_page import example_page
from service.i18n import Translator, translator
from service.profile_schemas import ProfileOut, RecommendationOut, TwinOut
from service.profiles import KnownProfile, read_profiles
from service.recommendation import ForNeed, Recommendation
from service.recommending import recommendations_for, twins_for
from service.resources import Resources
from service.schemas import PlaceOut, QueryText
from service.settings import settings
from service.transferability import View
from service.twins import Twin

profile = typer.Typer(help="What is known of a municipality, and what it states of itself.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Argument(help="A municipality: a name, `Name (Region)`, or an INE or ISTAT code.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]
ReaderLanguage = Annotated[Language, typer.Option(help="Language of the explanations: ca, es, it or en.")]


@profile.command()
def show(name: Name, reader_language: ReaderLanguage = Language.ENGLISH, as_json: AsJson = False) -> None:
    """Show what is known of a municipality, each value with its source."""
    say = translator(reader_language)
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        place = load_municipalities(settings().data).find(name)
        known = KnownProfile(place, store.profile(place.key))
    if as_json:
        _print_json(ProfileOut.of(known, say).model_dump(mode="json"))
        return
    table = Table(title=str(place), title_justify="left", title_style="bold", show_header=False, box=None)
    for fact in known.facts():
        table.add_row(
            f"[dim]{profile_sentences.attribute_name(fact.attribute, say)}[/]",
            escape(profile_sentences.value(fact.attribute, fact.value, say)),
            f"[dim]{escape(profile_sentences.source(fact, say))}[/]",
        )
    out.print(table)


@profile.command("import")
def import_profiles(
    file: Annotated[
        Path, typer.Argument(help="A CSV or XLSX with a row for each municipality.", show_default=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    skip_invalid: Annotated[
        bool, typer.Option("--skip-invalid", help="Store the good rows of a file that has others too.")
    ] = False,
    by: By = None,
) -> None:
    """Take in what municipalities state of themselves.

    Columns may be in Catalan, Spanish, Italian or English.

    Each row replaces what its municipality stated before.

    A file goes in whole or not at all; when it is kept out the exit status is 2.
    """
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        with err.status("Reading the municipalities"):
            places = load_municipalities(settings().data)
        read = read_profiles(file, places)
        kept_out = bool(read.problems) and not skip_invalid
        if not dry_run and not kept_out:
            for each in read.profiles:
                store.put_profile(each, by=_who(by))
    would = "would be " if dry_run or kept_out else ""
    faulty = len({(problem.file, problem.row) for problem in read.problems})
    out.print(
        f"[bold]{escape(file.name)}[/]: {len(read.profiles)} {would}stored, {faulty} invalid", soft_wrap=True
    )
    for title, found in (
        ("Doubts (read with a guess, or left aside):", read.doubts),
        ("Problems:", read.problems),
    ):
        if found:
            out.print(title)
            _print_some(f"  {escape(str(each))}" for each in found)
    if kept_out:
        complain(
            f"Nothing of {file.name} {'would be' if dry_run else 'was'} stored. Mend it, or add --skip-invalid."
        )
        raise typer.Exit(REFUSED)
    if dry_run:
        out.print("A dry run: nothing was stored.")


def twins(
    name: Name,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 5,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Among all known municipalities, not only those with a practice.")
    ] = False,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show the municipalities most like one, and what makes them so.

    Of a body made of municipalities (an ambito, a comarca), those most like each of them.
    """
    say = translator(reader_language)
    with refusing(), closing(Resources(settings())) as held:
        found = twins_for(held, held.municipalities.find_body(name), top_k=top_k, everywhere=everywhere)
    if as_json:
        _print_json(
            [
                {
                    "municipality": PlaceOut.of(mine).model_dump(mode="json"),
                    "twins": [TwinOut.of(twin, say).model_dump(mode="json") for twin in listed],
                }
                for mine, listed in found
            ]
        )
        return
    for mine, listed in found:
        out.print(f"[bold]Like {escape(str(mine))}:[/]", soft_wrap=True)
        _print_twins(listed, say)


def _print_twins(found: Sequence[Twin], say: Translator) -> None:
    for number, twin in enumerate(found, 1):
        out.print(f"\n[bold]{number}. {escape(str(twin.municipality))}[/]", soft_wrap=True)
        out.print(f"   [dim]{escape(profile_sentences.twin_summary(twin, say))}[/]", soft_wrap=True)
        for sign, compared in (("[green]=[/]", twin.agrees), ("[yellow]≠[/]", twin.differs)):
            for each in compared:
                out.print(f"   {sign} {escape(profile_sentences.comparison(each, say))}", soft_wrap=True)
        if left_out := profile_sentences.not_compared(twin, say):
            out.print(f"   [dim]{escape(left_out)}[/]", soft_wrap=True)
    if not found:
        out.print("   None: too little is known, or no practice of the bank is placed yet.")


def recommend(
    name: Name,
    need: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="A need in words; may be repeated. Those it states when left out."),
    ] = None,
    top_k: Annotated[int, typer.Option(min=1, max=100, help="How many practices.")] = 10,
    view: Annotated[View, typer.Option(help="`similar` to reproduce, `different` to adapt.")] = View.SIMILAR,
    weight: Annotated[
        list[str] | None,
        typer.Option(metavar="FACTOR=NUMBER", help="Weigh a factor of the fit otherwise; may be repeated."),
    ] = None,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Recommend practices to a municipality: for its needs, and those that towns like it run.

    None of its own. Each with its reason, and how its context compares.
    """
    say = translator(reader_language)
    try:
        needs = None if need is None else [TypeAdapter(QueryText).validate_python(text) for text in need]
        weights = {factor: float(number) for factor, _, number in (each.partition("=") for each in weight or ())}
    except ValidationError as error:
        refuse(f"--need: {error.errors()[0]['msg'].removeprefix('Value error, ')}")
    except ValueError as error:
        refuse(f"--weight: is no FACTOR=NUMBER: {error}")
    with refusing(), closing(Resources(settings())) as held:
        place = held.municipalities.find_body(name)
        try:
            found = recommendations_for(
                held, place, needs=needs, reader_language=reader_language, view=view, weights=weights, top_k=top_k
            )
        except ValueError as error:
            refuse(str(error))
    if as_json:
        _print_json([RecommendationOut.of(each, say).model_dump(mode="json") for each in found])
        return
    if not found:
        out.print("Nothing to recommend yet: no practice answers a need, and none is run by a town like it.")
    for number, each in enumerate(found, 1):
        _print_recommendation(number, each, say)


def _print_recommendation(number: int, recommended: Recommendation, say: Translator) -> None:
    practice = recommended.practice
    where = practice.body.name if practice.body else ""
    out.print(f"\n[bold]{number}. {escape(practice.title)}[/]", soft_wrap=True)
    out.print(f"   {escape(where)} ({practice.language})  [dim]{practice.id}[/]", soft_wrap=True)
    for why in recommended.reasons:
        out.print(f"   [green]→[/] {escape(profile_sentences.reason(why, say))}", soft_wrap=True)
        if isinstance(why, ForNeed):
            out.print(f"     «{escape(why.passage.text)}»", soft_wrap=True)
    for fit in recommended.fits:
        of = f"{fit.municipality.name}: " if len(recommended.fits) > 1 and fit.municipality else ""
        out.print(f"   [dim]{escape(of + fit_sentences.summary(fit, say))}[/]", soft_wrap=True)


def example(
    write: Annotated[Path, typer.Option(help="Write the page there as Markdown.", dir_okay=False)] = Path(
        "docs/example.md"
    ),
) -> None:
    """Work through three municipalities of the shipped bank: what they find, how it fits, who is like them."""
    with refusing(), closing(Resources(settings())) as held:
        write.write_text(example_page(held), encoding="utf-8")
    out.print(f"Written to {escape(str(write))}.", soft_wrap=True)


def _print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
