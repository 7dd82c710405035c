"""`empelt exchange`: from a list of participants to the tables of a day, to read on the screen or to print."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape
from rich.table import Table as Grid

from corpus.errors import NoSnapshot
from corpus.importers.table import escape_cell
from corpus.vocabulary import Language
from indexer.calibration import load_calibration
from indexer.snapshot import load_current
from models.encoder import Encoder, Vectors, load_encoder
from models.language import detect_language
from service.commands.shared import err, out, progress_bar, refuse, refusing
from service.exchange_day import (
    MOST_ROUNDS,
    Broken,
    Constraint,
    Day,
    Limits,
    Participant,
    ParticipantRole,
    Plan,
    PracticeToBring,
    Table,
    Unavoidable,
    greedy_plan,
    plan_day,
    random_plan,
)
from service.i18n import Translator, translator
from service.page_words import message
from service.participants import InvalidParticipants, languages_of, read_participants
from service.search import SearchQuestion, search_practices
from service.settings import settings

PRACTICES_PER_TABLE = 3
TEXTS_AT_ONCE = 16  # encoded between two moves of the bar
MOST_LISTED = 20  # broken constraints printed on the screen; a file has all
ENDINGS = (".html", ".csv", ".json")
TEMPLATES = Path(__file__).parent.parent / "templates"

ROLE_NAMES = {
    ParticipantRole.COUNCILLOR: message("Councillor"),
    ParticipantRole.MANAGER: message("Manager"),
    ParticipantRole.TECHNICIAN: message("Professional"),
    ParticipantRole.ADMINISTRATIVE: message("Administrative staff"),
    ParticipantRole.ASSOCIATION: message("Association"),
    ParticipantRole.OTHER: message("Another role"),
}
BROKEN = {
    Constraint.SEATED: message("Round {round}: not seated exactly once: {people}."),
    Constraint.LANGUAGE: message(
        "Round {round}, table {table}: do not read the language of the others: {people}."
    ),
    Constraint.OFFICE: message("Round {round}, table {table}: of the same office: {people}."),
    Constraint.REPEAT: message("Round {round}, table {table}: have met before: {people}."),
}

exchange = typer.Typer(
    help="An exchange day: participants at tables that share a problem, round by round.", no_args_is_help=True
)


@exchange.command()
def plan(
    file: Annotated[
        Path,
        typer.Argument(
            help="The list (CSV, XLSX), one participant a row; see `exchange example`.", show_default=False
        ),
    ],
    tables_of: Annotated[int, typer.Option(min=2, max=100, help="Seats of a table, about.")] = 10,
    least: Annotated[
        int | None, typer.Option(min=2, help="Fewest at a table; a fifth less than --tables-of when left out.")
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=2, help="Most at a table; a fifth more than --tables-of when left out.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, max=MOST_ROUNDS, help="How often people change tables.")] = 2,
    reads: Annotated[
        str, typer.Option(metavar="LANGUAGES", help="What those read who do not say, such as `ca, es`.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(help="Write the plan there: .html to print, one table a page; .csv; .json.", dir_okay=False),
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the plan.")] = Language.CATALAN,
    seed: Annotated[int, typer.Option(min=0, help="Another number may give another plan.")] = 0,
) -> None:
    """Seat the participants of a list at tables that share a problem, in every round with people new to them.

    At each table everybody reads one language, nobody sits with their own office, and where the list has one,
    there is somebody whose offer may help with the topic: the need nearest the middle of all, word for word. With
    an index, each table has practices to bring. What cannot be kept is named.

    Names and aliases are optional, and stand in the plan only.
    """
    if output and output.suffix.lower() not in ENDINGS:
        refuse(f"{output.name}: a plan is written as one of {', '.join(ENDINGS)}.")
    with refusing():
        limits = Limits.about(tables_of, least=least, most=most, rounds=rounds)
        participants = _participants(file, reads)
        encoder = load_encoder(settings().encoder)
        day = _encoded(participants, limits, encoder)
        bring = _searcher(day, encoder, language)
        with progress_bar() as progress:
            task = progress.add_task("Seating", total=None)
            planned = plan_day(
                day,
                seed=seed,
                bring=bring,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
        compared = {"greedy": greedy_plan(day), "random": random_plan(day, seed=seed)}
        words = Words(day, translator(language.value))
        if output:
            _write(output, planned, compared, words)
    if not output:
        _print_tables(planned, words)
    _print_summary(planned, compared, words)
    if output:
        out.print(f"Written to {escape(str(output))}.", soft_wrap=True)


def _participants(file: Path, reads: str) -> tuple[Participant, ...]:
    """The people of a list. What is in doubt is told; a fault ends it."""
    try:
        languages = languages_of(reads)
    except ValueError as error:
        refuse(f"--reads: {error}.")
    try:
        found = read_participants(file, languages=languages)
    except InvalidParticipants as error:
        for problem in error.problems:
            err.print(f"[yellow]{escape(str(problem))}[/]", soft_wrap=True)
        refuse(f"{len(error.problems)} faults in {file.name}; nothing was planned. Mend them, then plan again.")
    for doubt in found.doubts:
        err.print(f"[dim]{escape(str(doubt))}[/]", soft_wrap=True)
    return found.participants


def _encoded(participants: tuple[Participant, ...], limits: Limits, encoder: Encoder) -> Day:
    needs = {at: each.need for at, each in enumerate(participants) if each.need}
    offers = {at: each.offer for at, each in enumerate(participants) if each.offer}
    with progress_bar() as progress:
        task = progress.add_task("Encoding", total=len(needs) + len(offers))

        def vectors(texts: Mapping[int, str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
            rows = np.zeros((len(participants), encoder.dimension), dtype=np.float32)
            stating = list(texts)
            for start in range(0, len(stating), TEXTS_AT_ONCE):
                some = stating[start : start + TEXTS_AT_ONCE]
                rows[some] = encode([texts[at] for at in some])
                progress.advance(task, len(some))
            return rows

        return Day(
            participants,
            needs=vectors(needs, encoder.encode_queries),
            offers=vectors(offers, encoder.encode_documents),
            limits=limits,
        )


def _searcher(day: Day, encoder: Encoder, language: Language) -> Callable[[int], Sequence[PracticeToBring]] | None:
    """What finds the practices for a topic; None, and said so, where nothing is indexed."""
    try:
        snapshot, _ = load_current(settings().index, encoder)
    except NoSnapshot:
        err.print("[dim]Nothing is indexed here, so no practices are named: `empelt index` does that.[/]")
        return None
    calibration = load_calibration(encoder)
    known: dict[int, tuple[PracticeToBring, ...]] = {}

    def bring(person: int) -> tuple[PracticeToBring, ...]:
        if person not in known:
            question = SearchQuestion(
                day.participants[person].need or "", reader_language=language, top_k=PRACTICES_PER_TABLE
            )
            answer = search_practices(snapshot, day.needs[person], question, calibration=calibration)
            known[person] = tuple(
                PracticeToBring(each.practice.id, each.practice.title) for each in answer.results
            )
        return known[person]

    return bring


class Words:
    """A day's people and findings in the reader's words."""

    def __init__(self, day: Day, say: Translator) -> None:
        self.people = day.participants
        self.limits = day.limits
        self.say = say

    def row(self, person: int) -> str:
        """A person without their name."""
        return self.say("row {row}", row=self.people[person].row)

    def who(self, person: int) -> str:
        """A person by their name or alias, else by their row."""
        return self.people[person].name or self.row(person)

    def role(self, person: int) -> str:
        """What they do, "" where not told."""
        role = self.people[person].role
        return self.say(ROLE_NAMES[role]) if role else ""

    def languages(self, codes: Sequence[str]) -> str:
        """Names of languages in one line."""
        return ", ".join(map(self.say.language_name, codes))

    def language_of(self, person: int | None) -> str | None:
        """The language a topic is in, where that can be told."""
        return detect_language(self.people[person].need or "") if person is not None else None

    def seats(self, planned: Plan) -> list[list[int]]:
        """For each person, the number of their table in each round."""
        tables: list[list[int]] = [[] for _ in self.people]
        for each in planned.rounds:
            for table in each.tables:
                for person in table.people:
                    tables[person].append(table.number)
        return tables

    def share(self, value: float) -> str:
        """A value as a number of three digits."""
        return self.say.number(round(value, 3))

    def broken(self, found: Broken, name: Callable[[int], str]) -> str:
        """A constraint that is not kept; `name` tells who a person is."""
        if found.constraint is Constraint.SIZE:
            return self.say.plural(
                "Round {round}, table {table}: {count} person, where {least} to {most} were asked for.",
                "Round {round}, table {table}: {count} people, where {least} to {most} were asked for.",
                len(found.people),
                round=found.round,
                table=found.table,
                least=self.limits.least,
                most=self.limits.most,
            )
        people = ", ".join(map(name, found.people))
        return self.say(BROKEN[found.constraint], round=found.round, table=found.table, people=people)

    def unavoidable(self, found: Unavoidable) -> str:
        """Why a constraint cannot be kept."""
        say, languages = self.say, self.languages(found.languages)
        people, tables = say.number(len(found.people)), say.number(found.tables)
        match found.constraint:
            case Constraint.SIZE:
                return say.plural(
                    "{count} person cannot be shared out over tables of {least} to {most}.",
                    "{count} people cannot be shared out over tables of {least} to {most}.",
                    len(self.people),
                    least=self.limits.least,
                    most=self.limits.most,
                )
            case Constraint.LANGUAGE if found.people:
                rows = ", ".join(map(self.row, found.people))
                return say(
                    "Too few read {languages} to fill a table, and these read nothing else: {people}.",
                    languages=languages,
                    people=rows,
                )
            case Constraint.LANGUAGE:
                return say("However people are shared out, some table has no language that all there read.")
            case Constraint.OFFICE:
                at_work = self.people[found.people[0]]
                return say(
                    "{office}: more people of this office ({people}) than tables they can sit at ({tables}), so "
                    "some share one.",
                    office=", ".join(filter(None, (at_work.office, at_work.body))),
                    people=people,
                    tables=tables,
                )
            case _ if found.languages:
                return say(
                    "Those who read only {languages} ({people}) have too few tables ({tables}) and others to meet "
                    "for {rounds} rounds: some meet again.",
                    languages=languages,
                    people=people,
                    tables=tables,
                    rounds=self.limits.rounds,
                )
            case _:
                return say(
                    "Too many people ({people}) for the tables ({tables}) in {rounds} rounds: some meet again.",
                    people=people,
                    tables=tables,
                    rounds=self.limits.rounds,
                )


def _print_tables(planned: Plan, words: Words) -> None:
    say = words.say
    for each in planned.rounds:
        for table in each.tables:
            out.print(f"\n[bold]{escape(_title(each.number, table, words))}[/]", soft_wrap=True)
            if table.topic is not None:
                out.print(f"«{escape(words.people[table.topic].need or '')}»", soft_wrap=True)
            grid = Grid(say("Participant"), say("From"), say("Office"), say("Role"), say("May help"))
            for person in table.people:
                someone = words.people[person]
                cells = (words.who(person), someone.body, someone.office or "", words.role(person))
                grid.add_row(*map(escape, cells), "✓" if person in table.helpers else "")
            out.print(grid)
            for practice in table.practices:
                out.print(f"  {escape(practice.title)}  [dim]{practice.id}[/]", soft_wrap=True)


def _title(number: int, table: Table, words: Words) -> str:
    title = words.say("Round {round}, table {table}", round=number, table=table.number)
    return f"{title} · {words.languages(table.languages)}" if table.languages else title


def _print_summary(planned: Plan, compared: Mapping[str, Plan], words: Words) -> None:
    say = words.say
    grid = Grid("", say("Value"), say("Not kept"))
    for name, each in _compared(planned, compared, say):
        grid.add_row(name, words.share(each.value), say.number(len(each.broken)))
    out.print()
    out.print(grid)
    for cause in planned.unavoidable:
        out.print(f"[yellow]{escape(words.unavoidable(cause))}[/]", soft_wrap=True)
    if not planned.broken:
        out.print(say("Every constraint is kept."))
    for found in planned.broken[:MOST_LISTED]:
        out.print(f"[yellow]{escape(words.broken(found, words.row))}[/]", soft_wrap=True)
    if len(planned.broken) > MOST_LISTED:
        out.print(say.plural("{count} more", "{count} more", len(planned.broken) - MOST_LISTED))


def _compared(planned: Plan, compared: Mapping[str, Plan], say: Translator) -> list[tuple[str, Plan]]:
    return [
        (say("This plan"), planned),
        (say("Each in turn where they fit best"), compared["greedy"]),
        (say("By lot"), compared["random"]),
    ]


def _write(path: Path, planned: Plan, compared: Mapping[str, Plan], words: Words) -> None:
    match path.suffix.lower():
        case ".html":
            text = _page(planned, compared, words)
        case ".csv":
            text = _rows(planned, words)
        case _:
            text = _data(planned, compared, words)
    path.write_text(text, encoding="utf-8", newline="")


def _page(planned: Plan, compared: Mapping[str, Plan], words: Words) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return templates.get_template("exchange_plan.html").render(
        say=words.say, words=words, plan=planned, compared=_compared(planned, compared, words.say)
    )


def _rows(planned: Plan, words: Words) -> str:
    """A row a seat, for a spreadsheet."""
    say = words.say
    text = StringIO("\ufeff")  # without the mark Excel reads Windows-1252
    text.seek(0, 2)
    rows = csv.writer(text)
    rows.writerow(
        map(
            say,
            (
                message("Round"),
                message("Table"),
                message("Participant"),
                message("From"),
                message("Office"),
                message("Role"),
                message("May help"),
                message("Topic"),
                message("Practices to bring"),
            ),
        )
    )
    for each in planned.rounds:
        for table in each.tables:
            topic = words.people[table.topic].need or "" if table.topic is not None else ""
            practices = "; ".join(practice.title for practice in table.practices)
            for person in table.people:
                someone = words.people[person]
                seat = (words.who(person), someone.body, someone.office or "", words.role(person))
                helps = say("yes") if person in table.helpers else ""
                rows.writerow([each.number, table.number, *map(escape_cell, (*seat, helps, topic, practices))])
    return text.getvalue()


def _data(planned: Plan, compared: Mapping[str, Plan], words: Words) -> str:
    """Everything; people are positions in `participants`, from 0."""
    data: dict[str, Any] = {
        "participants": [each.model_dump(mode="json") for each in words.people],
        "limits": asdict(words.limits),
        **asdict(planned),
        "compared": {name: {"value": each.value, "broken": len(each.broken)} for name, each in compared.items()},
    }
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


HEADINGS = {
    "ca": ("Nom o àlies", "Municipi", "Entitat", "Departament", "Càrrec", "Llengües", "Necessitat", "Oferta"),
    "es": ("Nombre o alias", "Municipio", "Entidad", "Departamento", "Cargo", "Lenguas", "Necesidad", "Oferta"),
    "it": ("Nome o pseudonimo", "Comune", "Ente", "Ufficio", "Ruolo", "Lingue", "Bisogno", "Offerta"),
    "en": ("Name or alias", "Municipality", "Entity", "Office", "Role", "Languages", "Need", "Offer"),
}
EXAMPLE = (
    (
        "Gavina", "Vilanova d'Exemple", "", "Serveis Socials", "Cap de servei", "català, castellà",
        "Molta gent gran viu sola i no sabem com trobar-la abans que emmalalteixi.",
        "Voluntaris que truquen cada setmana a la gent gran que viu sola.",
    ),
    (
        "", "Sant Exemple de Dalt", "", "Benestar Social", "Treballadora social", "català, castellà",
        "La gent gran dels nuclis petits no surt de casa i no té amb qui parlar.",
        "Transport a demanda dels pobles al centre de salut.",
    ),
    (
        "", "Villaejemplo", "", "Servicios Sociales", "Técnica", "castellano",
        "Las personas mayores se sienten solas y no participan en nada.",
        "Comidas en compañía dos días a la semana para personas mayores.",
    ),
    (
        "", "Vilanova d'Exemple", "Associació de Veïns del Nord", "", "Voluntari", "català, castellà",
        "Els veïns grans que viuen sols no demanen ajuda fins que és tard.",
        "",
    ),
    (
        "Ronda", "Esempio sul Mare", "", "Servizi Sociali", "Assistente sociale", "italiano, spagnolo",
        "Gli anziani soli non conoscono i servizi e nessuno li chiama.",
        "Un registro delle persone anziane sole, aggiornato con i medici di base.",
    ),
    (
        "", "Villaejemplo", "", "Concejalía de Mayores", "Concejal", "castellano, inglés",
        "No llegamos a las personas mayores que viven solas en las pedanías.",
        "",
    ),
    (
        "", "Exemple de Mar", "", "Joventut", "Tècnic", "català, castellà",
        "Els adolescents deixen l'institut i passen el dia al carrer.",
        "Educadors de carrer a les tardes, amb el centre obert.",
    ),
    (
        "", "Ejemplo del Río", "", "Juventud", "Educadora", "castellano",
        "Los jóvenes abandonan los estudios y no encuentran trabajo.",
        "Un programa contra el absentismo con los institutos del pueblo.",
    ),
    (
        "Far", "Exemple de Mar", "", "Educació", "Regidora", "català, castellà, anglès",
        "Hi ha alumnes que falten a classe i les famílies no responen.",
        "",
    ),
    (
        "", "Esempio sul Mare", "Cooperativa Esempio", "", "Coordinatrice", "italiano, spagnolo",
        "I ragazzi lasciano la scuola e non hanno un posto dove andare il pomeriggio.",
        "Un doposcuola con educatori e volontari del quartiere.",
    ),
    (
        "", "Sant Exemple de Dalt", "", "Joventut", "Administrativa", "català, castellà",
        "Els joves que no estudien ni treballen no venen als nostres serveis.",
        "",
    ),
    (
        "", "Ejemplo del Río", "", "Educación", "Jefa de servicio", "castellano",
        "Muchos chicos faltan a clase y no sabemos cómo hacer que vuelvan.",
        "Mentores universitarios que acompañan a chicos que faltan a clase.",
    ),
)  # fmt: skip


@exchange.command()
def example(
    file: Annotated[Path, typer.Argument(help="The file to write, .csv or .xlsx.", show_default=False)],
    language: Annotated[Language, typer.Option(help="Language of the headings.")] = Language.CATALAN,
) -> None:
    """Write an example of a list of participants, to fill in with one's own.

    Twelve invented people, for which `empelt exchange plan FILE --tables-of 4` makes a plan.
    """
    from openpyxl import Workbook

    if file.exists():
        refuse(f"{file} exists already: name another file.")
    rows = [HEADINGS[language.value], *EXAMPLE]
    with refusing():
        match file.suffix.lower():
            case ".csv":
                with file.open("w", encoding="utf-8-sig", newline="") as text:
                    csv.writer(text).writerows(rows)
            case ".xlsx":
                workbook = Workbook(write_only=True)
                sheet = workbook.create_sheet("participants")
                sheet.freeze_panes = "A2"
                for row in rows:
                    sheet.append(row)
                workbook.save(file)
            case _:
                refuse(f"{file.name}: an example is written as .csv or .xlsx.")
    out.print(f"Wrote {len(EXAMPLE)} invented participants to {escape(str(file))}.", soft_wrap=True)
