"""Bringing practices in: what a file would do to the store, the doing of it, and the report that tells.

A file goes in whole, in one transaction, or not at all; records that will not do are left out only where
that was asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.errors import MunicipalityError, Problem, UnknownPractice, UnreadableSource
from corpus.importers.drafts import Draft, Format
from corpus.importers.interpret import FindMunicipality
from corpus.importers.reading import read_practices
from corpus.importers.web_address import fetch_page
from corpus.municipality import Municipality
from corpus.practice import Body, Practice, Source
from corpus.store import ChangeKind, PracticeStore, differences
from corpus.vocabulary import BodyType, Language
from models.language import detect_language

LONGEST_BY = 200  # characters of who made a change
LONGEST_VALUE = 200  # characters of a faulty value that are told
KNOWN_OF_PLACES = ("code", "population", "population_year", "province", "region", "country")

Progress = Callable[[int], None]  # records read so far


def _silent(_read: int) -> None:
    pass


class Effect(StrEnum):
    """What a record does to the store."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Told(BaseModel):
    """A part of what both faces show."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldChange(Told):
    """One field before and after; null where it is absent."""

    before: Any
    after: Any


class Fault(Told):
    """What is wrong or in doubt in a source: where it is, what stands there, why. Any client can decode it."""

    file: str
    row: int | None
    field: str
    value: str
    reason: str

    @classmethod
    def of(cls, problem: Problem) -> "Fault":
        return cls(
            file=_utf8(problem.file),
            row=problem.row,
            field=_utf8(problem.field),
            value=_utf8(problem.value[:LONGEST_VALUE]),
            reason=_utf8(problem.reason),
        )

    def __str__(self) -> str:
        return str(Problem(self.file, self.field, self.reason, self.value, self.row))


class ImportedRecord(Told):
    """One valid record and what it does: `changes` by field, for a record that exists and differs."""

    id: str
    title: str
    row: int | None
    effect: Effect
    changes: dict[str, FieldChange]


class ImportReport(Told):
    """What an import did, or would do in a dry run; a problem keeps its record out, a doubt does not."""

    source: str
    dry_run: bool
    added: int
    changed: int
    unchanged: int
    stored: int = Field(description="Records written: 0 in a dry run, and where problems kept the file out.")
    invalid: int = Field(description="Records that will not do; `problems` says why.")
    kept_out: bool = Field(description="Whether problems keep the whole file out (see `skip_invalid`).")
    records: list[ImportedRecord]
    problems: list[Fault]
    doubts: list[Fault]


class HistoryEntry(Told):
    """One change of a record: when, what, by whom."""

    number: int
    at: datetime
    kind: ChangeKind
    by: str | None
    fields: list[str] = Field(description="Names of the fields that differ from the state before.")
    changes: dict[str, FieldChange] | None = Field(description="The same with their values.")


def read_source(
    source: Path | bytes | str,
    find: FindMunicipality,
    *,
    name: str = "",
    language: Language | None = None,
    headings_file: Path | None = None,
) -> Iterator[Draft]:
    """The drafts of a file, the bytes of one (with `name`), or a web page by its address (a str).

    Raises:
        UnreadableSource: it cannot be had, or is not what it claims to be.
    """
    format = origin = None
    if isinstance(source, str):
        page = fetch_page(source)
        source, name, format = page.content, page.url, Format.HTML
        origin = _source_of(page.url, page.retrieved_on)
    return read_practices(
        source,
        name=name,
        format=format,
        language=language,
        detect_language=detect_language,
        find_municipality=find,
        headings_file=headings_file,
        origin=origin,
    )


def _source_of(url: str, day: date) -> Source:
    for sign, escaped in (("'", "%27"), ('"', "%22"), ("<", "%3C"), (">", "%3E"), (" ", "%20")):
        url = url.replace(sign, escaped)
    try:
        return Source(url=url, retrieved_on=day)
    except ValidationError:
        raise UnreadableSource(f"{url[:200]} cannot be kept as the source of a practice.") from None


def import_drafts(
    drafts: Iterator[Draft],
    store: PracticeStore,
    find: FindMunicipality,
    *,
    source: str,
    by: str,
    dry_run: bool = False,
    skip_invalid: bool = False,
    most_records: int | None = None,
    progress: Progress = _silent,
) -> ImportReport:
    """Store the valid records of a source in one transaction, or with `dry_run` only tell what would happen.

    Where any record has a problem nothing is stored, unless `skip_invalid`. `find` (`Municipalities.find`) fills
    in what a record leaves out about its municipality. `by` says who, for the history.

    Raises:
        UnreadableSource: the source breaks off, holds no practice, or more than `most_records`.
    """
    read: list[tuple[int | None, Practice]] = []
    problems: list[Fault] = []
    doubts: list[Fault] = []
    number = 0
    for number, draft in enumerate(drafts, 1):
        if most_records is not None and number > most_records:
            raise UnreadableSource(f"{source} holds more than {most_records:,} records: split it.")
        completed = with_place(draft, find)
        problems += map(Fault.of, completed.problems)
        doubts += map(Fault.of, completed.doubts)
        if completed.practice:
            read.append((completed.row, completed.practice))
        progress(number)
    if not number:
        raise UnreadableSource(f"{source} holds no practice.")
    invalid = number - len(read)
    kept_out = invalid > 0 and not skip_invalid
    records = [_effect_of(practice, row, store) for row, practice in read]
    effects = Counter(record.effect for record in records)
    stored = 0 if dry_run or kept_out else store.put((practice for _, practice in read), by=by[:LONGEST_BY])
    return ImportReport(
        source=_utf8(source),
        dry_run=dry_run,
        added=effects[Effect.ADDED],
        changed=effects[Effect.CHANGED],
        unchanged=effects[Effect.UNCHANGED],
        stored=stored,
        invalid=invalid,
        kept_out=kept_out,
        records=records,
        problems=problems,
        doubts=doubts,
    )


def _effect_of(practice: Practice, row: int | None, store: PracticeStore) -> ImportedRecord:
    try:
        changes = field_changes(store.practice(practice.id), practice)
        effect = Effect.CHANGED if changes else Effect.UNCHANGED
    except UnknownPractice:
        changes, effect = {}, Effect.ADDED
    return ImportedRecord(id=practice.id, title=practice.title, row=row, effect=effect, changes=changes)


def field_changes(before: Practice | None, after: Practice | None) -> dict[str, FieldChange]:
    """What changed between two states of a record, by field."""
    return {name: FieldChange(before=old, after=new) for name, (old, new) in differences(before, after).items()}


def history_of(store: PracticeStore, practice_id: str) -> list[HistoryEntry]:
    """Every change of one record, oldest first.

    Raises:
        UnknownPractice: there never was one with that id.
    """
    entries: list[HistoryEntry] = []
    before: Practice | None = None
    for change in store.history(practice_id):
        changes = field_changes(before, change.practice)
        entries.append(
            HistoryEntry(
                number=change.number,
                at=change.at,
                kind=change.kind,
                by=change.by,
                fields=list(changes),
                changes=changes,
            )
        )
        before = change.practice
    if not entries:
        raise UnknownPractice(practice_id)
    return entries


def link_practices(store: PracticeStore, one: str, other: str, *, by: str) -> None:
    """Note that two records, and those they are linked to, are one practice in several languages.

    Raises:
        UnknownPractice: there is none with one of the ids.
    """
    first, second = store.practice(one), store.practice(other)
    both = {one, other, *first.translations, *second.translations}
    members = [store.practice(member) for member in sorted(both)]
    store.put(
        [member.model_copy(update={"translations": tuple(sorted(both - {member.id}))}) for member in members],
        by=by,
    )


def with_place(draft: Draft, find: FindMunicipality) -> Draft:
    """A draft whose municipality has what is officially known of it, where the record does not say.

    A code that no imported list has is no obstacle to a name that one place alone answers to.
    """
    practice = draft.practice
    body = practice.body if practice else None
    if practice is None or body is None or body.type is not BodyType.MUNICIPALITY:
        return draft
    doubts = tuple(doubt for doubt in draft.doubts if doubt.field != "body.name")
    missing = [part for part in KNOWN_OF_PLACES if getattr(body, part) is None]
    if body.population is not None and "population_year" in missing:
        missing.remove("population_year")  # the year of another figure
    if not missing:
        return replace(draft, doubts=doubts)
    try:
        place = _place_of(body, find)
    except MunicipalityError as error:
        doubt = Problem(draft.place, "body.name", str(error), body.name, draft.row)
        return replace(draft, doubts=(*doubts, doubt))
    if body.code and place.code and body.code != place.code:
        doubt = Problem(draft.place, "body.code", f"is not that of {place}: {place.code}", body.code, draft.row)
        return replace(draft, doubts=(*doubts, doubt))
    known = {part: value for part in missing if (value := getattr(place, part)) is not None}
    completed = practice.model_copy(update={"body": Body.model_validate(body.model_dump() | known)})
    return replace(draft, practice=completed, doubts=doubts)


def _place_of(body: Body, find: FindMunicipality) -> Municipality:
    if body.code:
        try:
            return find(body.code)
        except MunicipalityError:
            pass  # no official list was imported, or an old one
    return find(body.name, region=body.region, country=body.country)


def remembering(find: FindMunicipality) -> FindMunicipality:
    """`find` that looks for each name once: near spellings of an unknown one take a while, names repeat."""
    known: dict[tuple[str, str | None, str | None], Municipality | MunicipalityError] = {}

    def found(name_or_code: str, *, region: str | None = None, country: str | None = None) -> Municipality:
        asked = name_or_code, region, country
        if asked not in known:
            try:
                known[asked] = find(name_or_code, region=region, country=country)
            except MunicipalityError as error:
                known[asked] = error
        answer = known[asked]
        if isinstance(answer, MunicipalityError):
            raise answer.with_traceback(None)
        return answer

    return found


def _utf8(text: str) -> str:
    """Half surrogates, which JSON can bring in and nothing can send out, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
