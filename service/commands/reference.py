"""The commands on reference data: what the bank covers, and the municipalities known by name and code."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from rich.table import Table

from corpus.bank import BANK, read_bank
from corpus.coverage import Coverage, coverage, read_second_reading, tables, with_coverage
from corpus.errors import AmbiguousMunicipality, EmpeltError, InvalidPractice, Problem, UnknownMunicipality
from corpus.municipality import Municipality, TerritorialBody
from corpus.official_lists import import_official
from corpus.places import load_municipalities
from corpus.practice import Practice
from corpus.territorial_bodies import import_bodies
from service.commands.shared import REFUSED, complain, err, out, refuse, refusing
from service.settings import settings

MOST_LISTED = 20  # faulty rows printed of one file
_OFFICES = {"ine": "INE", "istat": "ISTAT", "geonames": "GeoNames"}

bank = typer.Typer(help="What a bank of practices covers.", no_args_is_help=True)
municipalities = typer.Typer(
    help="Municipalities by name and code, and the official lists they come from.", no_args_is_help=True
)


@bank.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of YAML practices.", show_default=False)] = BANK,
    readme: Annotated[
        bool, typer.Option("--readme", help="Put the tables into the README.md of the folder, between its marks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Count what a bank of practices covers, from its files: languages, places, sizes of towns, themes, fields.

    Without a folder, the bank that ships with Empelt.
    """
    if not folder.is_dir():
        refuse(f"{folder} is not a folder.")
    with refusing():
        found = _coverage_of(folder)
        page = folder / "README.md"
        if readme:
            page.write_text(with_coverage(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    if as_json:
        _print_json({**asdict(found), "small_share": found.small_share})
    elif readme:
        out.print(f"Wrote the tables into {escape(str(page))}.", soft_wrap=True)
    else:
        _print_tables(found)


def _coverage_of(folder: Path) -> Coverage:
    """The figures of a folder; a file that is no practice ends it, since it would be missing from every count."""
    items = list(read_bank(folder))
    faults = [item for item in items if isinstance(item, InvalidPractice)]
    for fault in faults:
        err.print(f"[yellow]{escape(str(fault))}[/]", soft_wrap=True)
    if faults:
        refuse(f"{len(faults)} of {len(items)} files are not valid practices. Mend them, then count again.")
    practices = [item for item in items if isinstance(item, Practice)]
    return coverage(practices, second_reading=read_second_reading(folder, practices))


def _print_tables(found: Coverage) -> None:
    for each in tables(found):
        table = Table(title=each.title, title_justify="left", title_style="bold")
        for at, column in enumerate(each.columns):
            table.add_column(column, justify="left" if at < each.labels else "right")
        for row in each.rows:
            table.add_row(*(escape(f"{cell:,}" if isinstance(cell, int) else cell) for cell in row))
        out.print(table)


@municipalities.command("import")
def import_lists(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Official lists (CSV, XLSX) of INE or ISTAT; its headings tell which a file is.",
            show_default=False,
        ),
    ],
    bodies: Annotated[
        bool,
        typer.Option(
            "--bodies",
            help="The files (CSV, YAML) list bodies made of municipalities instead: name, type, members.",
        ),
    ] = False,
    year: Annotated[
        int | None,
        typer.Option(min=1900, max=2100, help="Year of the populations, where the file does not say it."),
    ] = None,
    part: Annotated[
        bool, typer.Option("--part", help="The list holds only part of its country: keep GeoNames for the rest.")
    ] = False,
) -> None:
    """Take official lists of municipalities in: from then on their names, codes and populations rule.

    Spain: INE's list of the padrón, which has names and populations. Italy: ISTAT's "Elenco dei comuni" first,
    which alone names the regions, then a list of populations. A file goes in without its faulty rows, which are
    named; one that is no such list changes nothing. The exit status is 2 when any file was kept out.
    """
    data, refused = settings().data, False
    for file in files:
        with refusing():
            try:
                with err.status(f"Reading {escape(file.name)}"):
                    said, problems = _take_in(file, data, bodies=bodies, year=year, part=part)
            except EmpeltError as error:
                complain(f"{error} Nothing of it was taken in.")
                refused = True
                continue
        out.print(f"[bold]{escape(file.name)}[/]: {said}", soft_wrap=True)
        for problem in problems[:MOST_LISTED]:
            out.print(f"  [yellow]{escape(str(problem))}[/]", soft_wrap=True)
        if len(problems) > MOST_LISTED:
            out.print(f"  ... and {len(problems) - MOST_LISTED} more rows that will not do.")
    if refused:
        raise typer.Exit(REFUSED)


def _take_in(
    file: Path, data: Path, *, bodies: bool, year: int | None, part: bool
) -> tuple[str, Sequence[Problem]]:
    """Take one file in; what came of it in a sentence, and its faulty rows."""
    if bodies:
        problems = import_bodies(file, data)
        known = len(load_municipalities(data).bodies)
        return f"{known} bodies made of municipalities are known now.", problems
    taken = import_official(file, data, population_year=year, whole_country=not part)
    people = "without populations"
    if taken.population_year:
        people = f"with populations of {taken.population_year}"
    return (
        f"{taken.municipalities:,} municipalities of {_OFFICES[taken.source]} {people}; "
        f"{taken.located:,} have coordinates.",
        taken.problems,
    )


@municipalities.command()
def find(
    name: Annotated[
        str,
        typer.Argument(
            help="A name in any of its languages, `Name (Region)`, or an INE or ISTAT code.", show_default=False
        ),
    ],
    region: Annotated[str | None, typer.Option(help="Region or province it lies in.")] = None,
    country: Annotated[str | None, typer.Option(help="Country it lies in: ES, IT or AD.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what is known as JSON.")] = False,
) -> None:
    """Show what is known of a municipality, or of a body made of municipalities."""
    with refusing(), err.status("Reading the municipalities"):
        known = load_municipalities(settings().data)
        try:
            found = known.find_body(name, region=region, country=country)
        except AmbiguousMunicipality as error:
            _refuse_with(f"{name!r} may be any of these; name one with its region, or by code:", error.candidates)
        except UnknownMunicipality as error:
            hint = " Did you mean:" if error.suggestions else ""
            _refuse_with(f"No municipality is known as {name!r}.{hint}", error.suggestions)
    if as_json:
        _print_json(_as_data(found))
        return
    table = Table.grid(padding=(0, 2))
    for title, value in _details(found):
        if value:
            table.add_row(f"[dim]{title}[/]", escape(value))
    out.print(f"[bold]{escape(found.name)}[/]")
    out.print(table)
    if isinstance(found, Municipality) and found.source == "geonames":
        out.print(
            "[dim]A place of GeoNames: no official list of its country is imported, so it has no code. "
            "`empelt municipalities import` takes one in.[/]",
            soft_wrap=True,
        )


def _refuse_with(reason: str, names: Sequence[str]) -> NoReturn:
    complain(reason)
    for each in names:
        err.print(f"  {escape(each)}", soft_wrap=True)
    raise typer.Exit(REFUSED)


def _details(found: Municipality | TerritorialBody) -> list[tuple[str, str | None]]:
    """What is known, in the order shown; None where it is unknown."""
    people = None
    if found.population is not None:
        people = f"{found.population:,}" + (f" ({found.population_year})" if found.population_year else "")
    where = ", ".join(filter(None, (found.region, found.country)))
    if isinstance(found, TerritorialBody):
        members = "; ".join([*(member.name for member in found.members), *found.unknown_members])
        return [("kind", found.type.value), ("where", where), ("inhabitants", people), ("members", members)]
    point = None
    if found.latitude is not None and found.longitude is not None:
        point = f"{found.latitude:.4f}, {found.longitude:.4f}"
    return [
        ("code", found.code),
        ("where", ", ".join(filter(None, (found.province, where)))),
        ("inhabitants", people),
        ("area", f"{found.area_km2:,.1f} km²" if found.area_km2 is not None else None),
        ("coordinates", point),
        ("also called", ", ".join(found.other_names)),
        ("source", _OFFICES.get(found.source, found.source)),
    ]


def _as_data(found: Municipality | TerritorialBody) -> dict[str, Any]:
    data = asdict(found)
    if isinstance(found, TerritorialBody):
        data["members"] = [member.key for member in found.members]
        return data | {"population": found.population, "population_year": found.population_year}
    return data


def _print_json(data: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
