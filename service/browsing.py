"""What the bank holds, to be looked through: by theme and by place, and practices side by side.

Whatever is counted is counted over the same rows that are listed. What a record does not say is an empty cell.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import numpy as np

from corpus.errors import MunicipalityError
from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.practice import Practice, Section
from corpus.vocabulary import Language, Theme
from indexer.filters import LARGEST_BAND, POPULATION_BANDS, Filter
from indexer.snapshot import Snapshot
from indexer.tokens import fold
from service import fit_sentences, page_words
from service.i18n import Translator
from service.page_words import SECTION_NAMES, Finding, message
from service.profiles import KnownProfile
from service.recommendation import Ran, run_where
from service.resources import Generation, Resources
from service.transferability import FACTORS, Fit, Origin
from service.twins import Towns, Twin, twins_of

MOST_COMPARED = 4
TWINS_SHOWN = 5
TOGETHER_SHOWN = 8  # themes that go with a theme


# --- rows and counts -------------------------------------------------------------------------------


def rows_of(snapshot: Snapshot, *filters: Filter) -> list[int]:
    """The rows that pass each of several filters."""
    mask = np.ones(len(snapshot), dtype=np.bool_)
    for each in filters:
        allowed = snapshot.columns.allowed(each)
        if allowed is not None:
            mask &= allowed
    return [int(row) for row in np.flatnonzero(mask)]


def facet_counts(snapshot: Snapshot, filters: Filter, within: Filter) -> dict[str, dict[str, int]]:
    """How many practices within a filter each value of each facet would leave.

    A facet that filters counts as if it did not: choosing another of its values takes the place of this one.
    """
    columns = snapshot.columns
    counts = columns.counts(rows_of(snapshot, within, filters))
    for facet, values in filters.values.items():
        if values:
            others = {name: each for name, each in filters.values.items() if name != facet}
            counts[facet] = columns.counts(rows_of(snapshot, within, replace(filters, values=others)))[facet]
    return counts


# --- a theme ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SizeRow:
    """How many practices come from bodies of one size, by language; `band` None where the size is not known."""

    band: str | None
    by_language: tuple[int, ...]

    @property
    def total(self) -> int:
        """In all languages."""
        return sum(self.by_language)


@dataclass(frozen=True)
class SizeTable:
    """The practices of a theme by size and language, the most frequent language first."""

    languages: tuple[str, ...]
    rows: tuple[SizeRow, ...]
    totals: tuple[int, ...]  # of each language


def sizes_by_language(snapshot: Snapshot, within: Filter) -> SizeTable:
    """Count the practices that pass a filter by the size of their body and the language of their record."""
    counted = snapshot.columns.counts(rows_of(snapshot, within))["language"]
    bands = [
        snapshot.columns.counts(rows_of(snapshot, within, Filter({"language": (language,)})))["population_band"]
        for language in counted
    ]
    rows = [
        SizeRow(band, tuple(counts.get(band, 0) for counts in bands))
        for band in (*(name for name, _, _ in POPULATION_BANDS), LARGEST_BAND)
    ]
    unknown = tuple(total - sum(counts.values()) for total, counts in zip(counted.values(), bands, strict=True))
    if any(unknown):
        rows.append(SizeRow(None, unknown))
    return SizeTable(tuple(counted), tuple(rows), tuple(counted.values()))


def in_order_of_theme(practices: Iterable[Practice], theme: Theme, language: Language) -> list[Practice]:
    """Those mainly about the theme first, among them those in the reader's language, then by title."""
    return sorted(
        practices,
        key=lambda each: (each.themes[:1] != (theme,), each.language is not language, fold(each.title), each.id),
    )


# --- a place ---------------------------------------------------------------------------------------


class Places:
    """Who runs what in a snapshot, and the towns that run something, to be compared; made once a snapshot."""

    def __init__(self, snapshot: Snapshot, locate: Callable[[Practice], Origin]) -> None:
        self._ran = run_where(snapshot, locate)
        self._bodies: dict[TerritorialBody, list[int]] = {}
        towns: dict[str, Municipality] = {}
        for row, practice in enumerate(snapshot.practices()):
            origin = locate(practice)
            for place in (origin.place, *origin.replicated_in):
                if isinstance(place, Municipality):
                    towns[place.key] = place
            if isinstance(origin.place, TerritorialBody):
                self._bodies.setdefault(origin.place, []).append(row)
        self._towns = Towns(KnownProfile(place) for place in towns.values())

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the municipalities that run or took over a practice."""
        return self._towns.keys

    def run_by(self, key: str) -> tuple[list[int], list[int]]:
        """The rows of the practices a municipality runs, and of those it took over from others."""
        ran = self._ran.get(key, ())

        def rows(kept: Callable[[Ran], bool]) -> list[int]:
            return list(dict.fromkeys(each.row for each in ran if kept(each)))

        own = rows(lambda each: not each.took_over)
        return own, [row for row in rows(lambda each: each.took_over) if row not in own]

    def run_by_bodies_of(self, place: Municipality) -> dict[TerritorialBody, list[int]]:
        """The rows of the practices of the bodies a municipality belongs to."""
        return {
            body: rows
            for body, rows in self._bodies.items()
            if any(member.key == place.key for member in body.members)
        }

    def twins_of(self, place: Municipality) -> list[Twin]:
        """Towns like one among those that run something of their own, by what reference data tells of them."""
        among = {key for key, ran in self._ran.items() if not all(each.took_over for each in ran)}
        return twins_of(KnownProfile(place), self._towns, among=among, top_k=TWINS_SHOWN)


_places: WeakKeyDictionary[Snapshot, Places] = WeakKeyDictionary()


def places_of(held: Resources, generation: Generation) -> Places:
    """Who runs what in the snapshot that serves."""
    if generation.snapshot not in _places:
        _places[generation.snapshot] = Places(
            generation.snapshot, lambda practice: generation.origin(practice, held.municipalities)
        )
    return _places[generation.snapshot]


def told_name(places: Municipalities, place: Municipality) -> str:
    """What a reader may write for a place: its name where that is enough to find it, else its key."""
    try:
        return str(place) if places.find(str(place)) == place else place.key
    except MunicipalityError:
        return place.key


# --- side by side ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One line of a cell, with what it leads to and what stands beside it in the reader's language."""

    text: str
    href: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Cell:
    """What one record says of a fact, in its own language when the words are its own; no line: it does not say."""

    lines: tuple[Line, ...]
    language: str | None = None


@dataclass(frozen=True)
class Row:
    """One fact of several practices."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """Facts that belong together."""

    name: str
    rows: tuple[Row, ...]


Fact = Callable[[Practice, Translator], Iterable[Line | str | None]]


def _section(section: Section) -> Fact:
    return lambda practice, say: (practice.text(section) or "").splitlines()


def _coded(vocabulary: str, codes: Callable[[Practice], Sequence[str]]) -> Fact:
    return lambda practice, say: [page_words.code_label(vocabulary, code, say) for code in codes(practice)]


def _known(code: str | None) -> list[str]:
    return [code] if code else []


def _of_body(part: str) -> Callable[[Practice], list[str]]:
    return lambda practice: _known(getattr(practice.body, part, None))


def _inhabitants(practice: Practice, say: Translator) -> Iterable[Line | None]:
    body = practice.body
    if body and body.population is not None:
        yield Line(say.number(body.population), note=str(body.population_year) if body.population_year else None)


def _budget(practice: Practice, say: Translator) -> Iterable[Line]:
    for line in practice.budget:
        yield Line(say.euros(line.amount_eur), note=page_words.budget_cover(line, say) or None)


def _figures(practice: Practice, say: Translator) -> Iterable[Line]:
    for impact in practice.impacts:
        shown = ": ".join(filter(None, (impact.what, page_words.figure(impact, say))))
        yield Line(shown, note=page_words.as_of(impact.as_of, say) if impact.as_of else None)


def _actors(practice: Practice, say: Translator) -> Iterable[Line]:
    for actor in practice.actors:
        sector = page_words.code_label("sector", actor.sector.value, say) if actor.sector else None
        yield Line(" – ".join(filter(None, (actor.name, actor.role))), note=sector)


def _replications(practice: Practice, say: Translator) -> Iterable[Line]:
    for each in practice.replications:
        extent = say(page_words.EXTENT_NAMES[each.extent]) if each.extent else None
        note = ", ".join(filter(None, (str(each.year) if each.year else None, extent)))
        yield Line(" – ".join(filter(None, (each.body, each.what))), note=note or None)


def _recognitions(practice: Practice, say: Translator) -> Iterable[Line]:
    for each in practice.recognitions:
        yield Line(", ".join(str(part) for part in (each.scheme, each.edition, each.year) if part))


def _contact(practice: Practice, say: Translator) -> Iterable[Line]:
    contact = practice.contact
    if contact:
        yield Line(contact.body, href=contact.url)
        if contact.email:
            yield Line(contact.email, href=f"mailto:{contact.email}")
        if contact.phone:
            yield Line(contact.phone)


def _sources(practice: Practice, say: Translator) -> Iterable[Line]:
    for source in practice.sources:
        day = say("read on {day}", day=say.day(source.retrieved_on))
        yield Line(source.title or source.url, href=source.url, note=day)


# The rows of a comparison: name, what the record says, and whether it says so in words of its own.
FACTS: dict[str, list[tuple[str, Fact, bool]]] = {
    message("Where it was done"): [
        (message("Municipality or body"), lambda p, say: _of_body("name")(p), True),
        (message("Kind of body"), _coded("body_type", _of_body("type")), False),
        (message("Inhabitants"), _inhabitants, False),
        (message("Region"), _coded("region", _of_body("region")), False),
        (message("Country"), _coded("country", _of_body("country")), False),
    ],
    message("What it is"): [
        (message("Themes"), _coded("theme", lambda p: p.themes), False),
        (message("Target groups"), _coded("target_group", lambda p: p.target_groups), False),
        (message("Methods"), _coded("method", lambda p: p.methods), False),
        (message("Years"), lambda p, say: [page_words.years(p, say)], False),
        (message("Status"), _coded("status", lambda p: _known(p.status)), False),
        (message("Evidence"), _coded("evidence", lambda p: _known(p.evidence)), False),
    ],
    message("What the record tells"): [
        (SECTION_NAMES[section], _section(section), True) for section in list(Section)[1:]
    ],
    message("Means and results"): [
        (message("Led by"), lambda p, say: [p.promoter], True),
        (message("Who takes part"), _actors, True),
        (message("Budget"), _budget, False),
        (message("Figures"), _figures, True),
        (message("Taken over by"), _replications, True),
        (message("Recognitions"), _recognitions, True),
    ],
    message("The record"): [
        (message("Language of the record"), _coded("language", lambda p: [p.language]), False),
        (message("Last updated"), lambda p, say: [say.day(p.updated_on) if p.updated_on else None], False),
        (message("Contact"), _contact, True),
        (message("Where this was read"), _sources, True),
    ],
}  # fmt: skip


def side_by_side(practices: Sequence[Practice], say: Translator) -> list[Group]:
    """Every fact of some practices in rows, also one that none of them tells: that is worth knowing."""

    def cell(practice: Practice, fact: Fact, own_words: bool) -> Cell:
        lines = (Line(each) if isinstance(each, str) else each for each in fact(practice, say))
        told = tuple(line for line in lines if line and line.text.strip())
        return Cell(told, practice.language.value if own_words else None)

    return [
        Group(
            say(name),
            tuple(
                Row(say(fact_name), tuple(cell(practice, fact, own_words) for practice in practices))
                for fact_name, fact, own_words in facts
            ),
        )
        for name, facts in FACTS.items()
    ]


@dataclass(frozen=True)
class FactorRow:
    """One factor of the fit of several practices; None where it was not worked out."""

    name: str
    findings: tuple[Finding | None, ...]


def fits_side_by_side(fits: Sequence[Fit], say: Translator) -> list[FactorRow]:
    """The factors of several fits in rows, without those that none of them knows."""
    rows = []
    for code in FACTORS:
        name = fit_sentences.factor_name(code, say)
        found = [next((each for each in fit.evidence if each.factor == code), None) for fit in fits]
        if any(each and each.score is not None for each in found):
            findings = (
                Finding(name, fit_sentences.sentence(each, say), each.score) if each else None for each in found
            )
            rows.append(FactorRow(name, tuple(findings)))
    return rows


def columns_compared(saved: Sequence[str], chosen: Sequence[str], known: Mapping[str, int]) -> list[str]:
    """The practices to lay side by side: those chosen, or else the reader's list; only such as the bank holds."""
    return [each for each in dict.fromkeys(chosen or saved) if each in known]
