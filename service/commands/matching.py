"""The commands of matchmaking: needs and offers, who can help whom, meetings, and needs that nobody meets.

Whoever has the shell has the database: these commands see and do what the administrator may.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import BaseModel, ValidationError
from rich.markup import escape
from rich.table import Table

from corpus.errors import MunicipalityError
from corpus.municipality import Municipalities
from corpus.network import Need, Offer, Visibility
from corpus.places import load_municipalities
from corpus.store_network import NetworkStore, new_id
from corpus.vocabulary import Language, Theme, label
from models.language import detect_language
from service import matching_sentences
from service.access import ADMINISTRATOR
from service.commands.keeping import By, _who
from service.commands.shared import opened_store, out, refuse, refusing
from service.i18n import Translator, translator
from service.introductions import Network, answers_to, place_of, unmet_report
from service.matching_schemas import (
    SIZE_BANDS_OUT,
    AnswerOut,
    ExchangeOut,
    IntroductionOut,
    MeetingPlanOut,
    UnmetOut,
)
from service.matchmaking import Cell, Introduction, PlannedMeeting
from service.resources import Resources
from service.settings import settings

match = typer.Typer(help="Who can help whom in the network, and who should meet.", no_args_is_help=True)
needs = typer.Typer(help="Problems that municipalities look for help with.", no_args_is_help=True)
offers = typer.Typer(help="What municipalities explain or help with.", no_args_is_help=True)

NeedId = Annotated[str, typer.Argument(metavar="NEED_ID", help="A need's id, as listed.", show_default=False)]
TopK = Annotated[int, typer.Option(min=1, max=100, help="How many.")]
AnyLanguage = Annotated[
    bool,
    typer.Option("--any-language", help="Also those that read no language in common: interpreters are there."),
]
ReaderLanguage = Annotated[Language, typer.Option(help="Language of the explanations: ca, es, it or en.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the data as JSON.")]
Of = Annotated[str | None, typer.Option("--municipality", metavar="NAME", help="Only of this one: name or code.")]
From = Annotated[str, typer.Option("--municipality", metavar="NAME", help="Whose it is: name or code.")]
Themes = Annotated[list[Theme] | None, typer.Option("--theme", metavar="THEME", help="A theme; may be repeated.")]
VisibleTo = Annotated[Visibility, typer.Option(help="Who may read it.")]
OpenUntil = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day it is open; none when left out.")
]


@contextmanager
def _opened() -> Iterator[Resources]:
    with refusing(), closing(Resources(settings())) as held:
        yield held


# --- who can help whom -----------------------------------------------------------------------------


@match.command()
def helpers(
    need_id: NeedId,
    top_k: TopK = 10,
    any_language: AnyLanguage = False,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show who can help with a need, best first, and why."""
    _introduce(need_id, Network.helpers, "Nobody offers help yet.", top_k, any_language, reader_language, as_json)


@match.command()
def sharers(
    need_id: NeedId,
    top_k: TopK = 10,
    any_language: AnyLanguage = False,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show who has the same problem, best first, and why."""
    _introduce(need_id, Network.sharers, "Nobody shares it yet.", top_k, any_language, reader_language, as_json)


def _introduce(
    need_id: str,
    find: Callable[..., list[Introduction]],
    none: str,
    top_k: int,
    any_language: bool,
    reader_language: Language,
    as_json: bool,
) -> None:
    say = translator(reader_language)
    with _opened() as held:
        need = held.network.need(need_id)
        network = Network.seen_by(ADMINISTRATOR, held)
        found = find(network, need, common_language=not any_language)[:top_k]
        if as_json:
            _print_json([IntroductionOut.of(each, network, say) for each in found])
            return
        out.print(
            f"[bold]{escape(str(place_of(held, need.municipality)))}[/]  «{escape(need.text)}»", soft_wrap=True
        )
        if not need.is_open(network.today):
            out.print(f"Closed since {need.open_until}: nobody is looked for any more.")
        elif not found:
            out.print(none)
        for number, each in enumerate(found, 1):
            _print_introduction(f"{number}. ", each, network, say)


def _print_introduction(before: str, introduced: Introduction, network: Network, say: Translator) -> None:
    pair = introduced.pair
    out.print(
        f"\n[bold]{before}{escape(str(pair.meets.municipality))}[/]  [dim]{introduced.score:.2f}[/]",
        soft_wrap=True,
    )
    _print_pair(introduced, network, say)


def _print_pair(introduced: Introduction, network: Network, say: Translator) -> None:
    counterpart = introduced.pair.counterpart
    explained = network.practices.get(counterpart.id) if isinstance(counterpart, Offer) else None
    said = "; ".join(filter(None, (counterpart.text, explained.title if explained else None)))
    out.print(f"   «{escape(said)}»  [dim]{counterpart.id}[/]", soft_wrap=True)
    for each in introduced.evidence:
        sign = "[dim]?[/]" if each.score is None else f"[dim]{each.score:.2f}[/]"
        out.print(f"   {sign} {escape(matching_sentences.sentence(each, introduced, say))}", soft_wrap=True)
    if contact := network.contact(introduced):
        ways = ", ".join(filter(None, (contact.body, contact.email, contact.phone, contact.url)))
        out.print(f"   [green]→[/] {escape(ways)}", soft_wrap=True)


@match.command()
def exchanges(
    municipality: Of = None,
    top_k: TopK = 10,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show municipalities that can help one another, best first."""
    say = translator(reader_language)
    with _opened() as held:
        of = held.municipalities.find(municipality).key if municipality else None
        network = Network.seen_by(ADMINISTRATOR, held)
        found = network.exchanges(of)[:top_k]
        if as_json:
            _print_json([ExchangeOut.of(each, network, say) for each in found])
            return
        if not found:
            out.print("No two municipalities can help one another yet.")
        for number, exchange in enumerate(found, 1):
            pair = exchange.there.pair
            out.print(
                f"\n[bold]{number}. {escape(str(pair.asks.municipality))} and "
                f"{escape(str(pair.meets.municipality))}[/]  [dim]{exchange.score:.2f}[/]",
                soft_wrap=True,
            )
            for each in (exchange.there, exchange.back):
                names = (each.pair.meets.municipality.name, each.pair.asks.municipality.name)
                out.print(f"  {escape(names[0])} helps {escape(names[1])}:", soft_wrap=True)
                _print_pair(each, network, say)


@match.command()
def meetings(
    each: Annotated[int, typer.Option(min=1, max=50, help="Most meetings of one municipality.")] = 3,
    rounds: Annotated[
        int | None,
        typer.Option(min=1, max=50, help="Rounds in which nobody meets twice; no rounds when left out."),
    ] = None,
    any_language: AnyLanguage = False,
    compare: Annotated[bool, typer.Option("--compare", help="Also tell what the greedy plan is worth.")] = False,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Plan the meetings of greatest value in the whole network, without those already held."""
    say = translator(reader_language)
    with _opened() as held:
        network = Network.seen_by(ADMINISTRATOR, held)
        planned = network.meetings(
            each=each, rounds=rounds, earlier=held.network.meetings(), common_language=not any_language
        )
    if as_json:
        _print_json(MeetingPlanOut.of(planned, network, say))
        return
    plan = planned.plan
    table = Table("round", "value", "one", "other", "for")
    for meeting in plan.meetings:
        table.add_row(*_meeting_row(meeting, planned.members))
    if plan.meetings:
        out.print(table)
    out.print(f"{len(plan.meetings)} meetings of value {plan.value:.2f} in all.")
    if compare:
        share = f", {planned.greedy_value / plan.value:.1%} of it" if plan.value else ""
        out.print(f"The most valuable first would have come to {planned.greedy_value:.2f}{share}.")
    for meeting in plan.without_round:
        one, other = (planned.members[key].municipality.name for key in meeting.members)
        out.print(
            f"[yellow]No round was free for {escape(one)} and {escape(other)}: it takes {plan.rounds_needed}.[/]",
            soft_wrap=True,
        )
    for key, reason in plan.unmatched.items():
        name = planned.members[key].municipality.name
        out.print(f"[dim]{escape(name)}: {matching_sentences.unmatched(reason, say)}[/]", soft_wrap=True)
    for broken in planned.broken:
        out.print(f"[red]Broken: {broken.limit} ({', '.join(broken.members)})[/]", soft_wrap=True)
    if not planned.broken:
        out.print("Every limit is kept.")


def _meeting_row(meeting: PlannedMeeting, members: dict[str, Any]) -> list[str]:
    one, other = (escape(str(members[key].municipality)) for key in meeting.members)
    why = "\n".join(f"«{escape(each.pair.need.text)}»" for each in meeting.introductions)
    return [str(meeting.round or ""), f"{meeting.value:.2f}", one, other, why]


# --- needs -----------------------------------------------------------------------------------------


@needs.command("list")
def list_needs(municipality: Of = None, as_json: AsJson = False) -> None:
    """List needs, open or not, in order of id."""
    _list(NetworkStore.needs, municipality, "No need was told yet: `empelt needs add` tells one.", as_json)


def _list(
    read: Callable[[NetworkStore, str | None], Sequence[Need | Offer]],
    municipality: str | None,
    none: str,
    as_json: bool,
) -> None:
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        places = load_municipalities(settings().data)
        found = read(store, places.find(municipality).key if municipality else None)
        if as_json:
            _print_json(found)
            return
        today = datetime.now(UTC).date()
        for each in found:
            state = each.visibility.value if each.is_open(today) else f"closed since {each.open_until}"
            said = "; ".join(filter(None, (each.text, getattr(each, "practice_id", None))))
            out.print(
                f"[bold]{each.id}[/]  {escape(_named(places, each.municipality))}  [dim]{state}[/]",
                soft_wrap=True,
            )
            out.print(f"   «{escape(said)}»", soft_wrap=True)
        if not found:
            out.print(none)


def _named(places: Municipalities, key: str) -> str:
    try:
        return str(places.find(key))
    except MunicipalityError:  # no list has it any more
        return key


@needs.command("add")
def add_need(
    text: Annotated[str, typer.Argument(help="The problem, in the municipality's own words.", show_default=False)],
    municipality: From,
    language: Annotated[
        Language | None, typer.Option(help="Language of the text; told from it when left out.")
    ] = None,
    theme: Themes = None,
    visibility: VisibleTo = Visibility.NETWORK,
    open_until: OpenUntil = None,
    by: By = None,
) -> None:
    """Tell a need of a municipality."""
    who = _who(by)
    with refusing(), closing(NetworkStore(settings().store_url)) as store:
        place = load_municipalities(settings().data).find(municipality)
        need = _stated(
            Need,
            id=new_id(f"{place.name} {text}"),
            municipality=place.key,
            text=text,
            language=language
            or detect_language(text)
            or refuse("--language: not to be told from the text; name it."),
            themes=tuple(theme or ()),
            visibility=visibility,
            created_on=datetime.now(UTC).date(),
            open_until=open_until.date() if open_until else None,
        )
        store.put_need(need, by=who, new=True)
    out.print(f"Told as {need.id}.", soft_wrap=True)


@needs.command()
def alerts(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only practices whose record changed on this day or later."),
    ] = None,
    municipality: Of = None,
    reader_language: ReaderLanguage = Language.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Show which practices of the bank answer the open needs, those that changed last first."""
    say = translator(reader_language)
    found = []
    with _opened() as held:
        of = held.municipalities.find(municipality).key if municipality else None
        if held.generation.calibration is None:
            refuse("This encoder has no calibration, so nothing tells which practices answer.")
        for need in held.network.needs(of):
            if need.is_open(datetime.now(UTC).date()):
                answers = answers_to(
                    held,
                    need,
                    reader_language=Language(say.language),
                    since=since.replace(tzinfo=UTC) if since else None,
                )
                found.append((need, place_of(held, need.municipality), answers))
    if as_json:
        data = [
            {
                "need": need.model_dump(mode="json"),
                "answers": [AnswerOut.of(each, say).model_dump(mode="json") for each in answers],
            }
            for need, _, answers in found
            if answers
        ]
        _print_json(data)
        return
    for need, place, answers in found:
        if answers:
            out.print(f"\n[bold]{escape(str(place))}[/]  «{escape(need.text)}»  [dim]{need.id}[/]", soft_wrap=True)
        for answer in answers:
            practice = answer.result.practice
            day = f"{answer.changed_at:%Y-%m-%d}" if answer.changed_at else "no date"
            out.print(
                f"   {day}  {escape(practice.title)}  [dim]{answer.result.word} {answer.result.strength:.2f}, "
                f"{practice.id}[/]",
                soft_wrap=True,
            )
    if not any(answers for _, _, answers in found):
        out.print("No practice answers an open need" + (" since then." if since else " yet."))


# --- offers ----------------------------------------------------------------------------------------


@offers.command("list")
def list_offers(municipality: Of = None, as_json: AsJson = False) -> None:
    """List offers, standing or not, in order of id."""
    _list(NetworkStore.offers, municipality, "No offer was made yet: `empelt offers add` makes one.", as_json)


@offers.command("add")
def add_offer(
    municipality: From,
    text: Annotated[str | None, typer.Argument(help="Help offered, in words.", show_default=False)] = None,
    practice: Annotated[
        str | None, typer.Option(metavar="ID", help="The practice its owner is willing to explain.")
    ] = None,
    language: Annotated[
        Language | None,
        typer.Option(help="Language of the text, or to explain in; that of the text or practice when left out."),
    ] = None,
    theme: Themes = None,
    visibility: VisibleTo = Visibility.NETWORK,
    open_until: OpenUntil = None,
    by: By = None,
) -> None:
    """Make an offer for a municipality: to explain a practice, help in words, or both."""
    if text is None and practice is None:
        refuse("An offer says what is offered, or names a practice with --practice.")
    who = _who(by)
    with refusing(), opened_store() as practices, closing(NetworkStore(settings().store_url)) as store:
        place = load_municipalities(settings().data).find(municipality)
        explained = practices.practice(practice) if practice else None
        spoken = (
            language or (detect_language(text) if text else None) or (explained.language if explained else None)
        )
        offer = _stated(
            Offer,
            id=new_id(practice or f"{place.name} {text}"),
            municipality=place.key,
            practice_id=practice,
            text=text,
            language=spoken or refuse("--language: not to be told from the text; name it."),
            themes=tuple(theme or (explained.themes if explained else ())),
            visibility=visibility,
            created_on=datetime.now(UTC).date(),
            open_until=open_until.date() if open_until else None,
        )
        store.put_offer(offer, by=who, new=True)
    out.print(f"Made as {offer.id}.", soft_wrap=True)


def _stated(kind: type[Any], **fields: Any) -> Any:
    """A need or an offer of those fields; where they will not do, that is said."""
    try:
        return kind(**fields)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        refuse(f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}")


# --- needs nobody answers --------------------------------------------------------------------------


def unmet(reader_language: ReaderLanguage = Language.ENGLISH, as_json: AsJson = False) -> None:
    """Report needs that neither an offer nor the bank answers, by theme, territory and size.

    What stands for fewer than five municipalities is withheld.
    """
    say = translator(reader_language)
    with _opened() as held:
        rows = unmet_report(held)
    if as_json:
        _print_json([UnmetOut.of(row, say) for row in rows])
        return
    if not rows:
        out.print("No theme is unmet in five municipalities or more.")
        return
    table = Table("theme", "municipalities", "needs", "territories", "inhabitants")
    for row in rows:
        name = label(row.theme, say.language) if row.theme else "no theme named"
        cells = [", ".join(map(_cell, each)) or "withheld" for each in (row.territories, row.size_bands)]
        table.add_row(escape(name), str(row.municipalities), str(row.needs), *map(escape, cells))
    out.print(table)


def _cell(cell: Cell) -> str:
    name = SIZE_BANDS_OUT[cell.value] if isinstance(cell.value, int) else cell.value or "not known"
    return f"{name} {cell.municipalities}"


def _print_json(data: Any) -> None:
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    elif not all(isinstance(each, dict) for each in data):
        data = [each.model_dump(mode="json") for each in data]
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")
