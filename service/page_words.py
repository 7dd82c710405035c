"""The words of the pages for what the bank holds as codes, and a search's parts made ready to be laid out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup, escape

from corpus.municipality import Municipality
from corpus.practice import BudgetLine, BudgetScope, CostKind, Extent, Impact, Practice, Section
from corpus.regions import region_in
from corpus.vocabulary import labels
from service import fit_sentences
from service.i18n import Translator
from service.page_address import BANDS, Address
from service.search import StrengthWord
from service.transferability import Evidence, Fit

VALUES_SHOWN = 6  # of a facet, before the reader asks for more


def message(text: str) -> str:
    """Mark a text that is translated when it is said."""
    return text


FACET_NAMES = {
    "theme": message("Theme"),
    "target_group": message("Target group"),
    "population_band": message("Inhabitants"),
    "country": message("Country"),
    "region": message("Region"),
    "language": message("Language of the record"),
    "status": message("Status"),
    "evidence": message("Evidence"),
}
BAND_NAMES = {
    "under-5000": message("Fewer than 5,000"),
    "5000-20000": message("5,000 to 20,000"),
    "20000-50000": message("20,000 to 50,000"),
    "over-50000": message("50,000 or more"),
}
SECTION_NAMES = {
    Section.TITLE: message("Title"),
    Section.SUMMARY: message("Summary"),
    Section.PROBLEM: message("The problem"),
    Section.OBJECTIVES: message("Objectives"),
    Section.ACTIONS: message("What was done"),
    Section.RESULTS: message("Results"),
    Section.OBSTACLES: message("Obstacles"),
    Section.LESSONS: message("Lessons"),
    Section.ADAPTABLE_ELEMENTS: message("What may be adapted"),
    Section.CORE_ELEMENTS: message("What must stay"),
}
STRENGTH_NAMES = {
    StrengthWord.STRONG: message("Strong match"),
    StrengthWord.PARTIAL: message("Partial match"),
    StrengthWord.RELATED: message("Related"),
}
SCOPE_NAMES = {BudgetScope.ANNUAL: message("a year"), BudgetScope.WHOLE: message("the whole practice")}
KIND_NAMES = {CostKind.FIXED: message("fixed"), CostKind.PER_HEAD: message("grows with the people served")}
EXTENT_NAMES = {Extent.WHOLE: message("in whole"), Extent.PART: message("in part")}

# What a record may leave out, in the order of the page; `unsaid` lists what it does.
PART_NAMES: dict[str, tuple[str, Callable[[Practice], object]]] = {
    "objectives": (message("objectives"), lambda p: p.objectives),
    "results": (message("results"), lambda p: p.results),
    "obstacles": (message("obstacles"), lambda p: p.obstacles),
    "lessons": (message("lessons"), lambda p: p.lessons),
    "core": (message("what must stay"), lambda p: p.core_elements),
    "adaptable": (message("what may be adapted"), lambda p: p.adaptable_elements),
    "population": (message("number of inhabitants"), lambda p: p.body and p.body.population),
    "start": (message("when it began"), lambda p: p.start_year),
    "status": (message("status"), lambda p: p.status),
    "evidence": (message("evidence"), lambda p: p.evidence),
    "promoter": (message("who leads it"), lambda p: p.promoter),
    "actors": (message("who takes part"), lambda p: p.actors),
    "budget": (message("budget"), lambda p: p.budget),
    "impacts": (message("figures of results"), lambda p: p.impacts),
    "replications": (message("replications"), lambda p: p.replications),
    "recognitions": (message("recognitions"), lambda p: p.recognitions),
    "contact": (message("contact"), lambda p: p.contact),
    "updated": (message("when it was last updated"), lambda p: p.updated_on),
}


def code_label(vocabulary: str, code: str, say: Translator) -> str:
    """The words for a code of a vocabulary or facet."""
    match vocabulary:
        case "population_band":
            return say(BAND_NAMES[code])
        case "country":
            return str(say.locale.territories.get(code, code))
        case "region":
            return region_in(code, say.language)
        case _:
            return labels()[vocabulary].get(code, {}).get(say.language, code)


def code_labels(vocabulary: str, codes: Sequence[str], say: Translator) -> str:
    """The words for several codes, in one line."""
    return ", ".join(code_label(vocabulary, code, say) for code in codes)


def own_name(language: str) -> str:
    """A language's name in itself."""
    return labels()["language"][language][language]


def budget_cover(line: BudgetLine, say: Translator) -> str:
    """What an amount covers: its time, year and kind, as far as the record says."""
    known = (
        say(SCOPE_NAMES[line.scope]) if line.scope else None,
        str(line.year) if line.year else None,
        say(KIND_NAMES[line.kind]) if line.kind else None,
    )
    return ", ".join(filter(None, known))


def inhabitants(population: int, say: Translator) -> str:
    """A number of inhabitants."""
    return say.plural("{count} inhabitant", "{count} inhabitants", population)


def whereabouts(place: Municipality, say: Translator) -> str:
    """A place of the reader's with what tells it from others of its name."""
    known = (
        region_in(place.region, say.language) if place.region else None,
        code_label("country", place.country, say) if place.country else None,
        inhabitants(place.population, say) if place.population else None,
    )
    return ", ".join(filter(None, known))


def years(practice: Practice, say: Translator) -> str | None:
    """When a practice ran: 2019-2023, since 2019, until 2023; None when the record does not say."""
    start, end = practice.start_year, practice.end_year
    if start and end:
        return str(start) if start == end else f"{start}–{end}"
    if start:
        return say("since {year}", year=start)
    return say("until {year}", year=end) if end else None


def as_of(text: str, say: Translator) -> str:
    """A year, a month or a day as the reader writes it."""
    parts = [int(part) for part in text.split("-")]
    try:
        match parts:
            case [year, month]:
                return f"{say.locale.months['stand-alone']['wide'][month]} {date(year, month, 1).year}"
            case [year, month, day]:
                return say.day(date(year, month, day))
    except (KeyError, ValueError):  # a thirteenth month: shown as the record has it
        pass
    return text


def figure(impact: Impact, say: Translator) -> str:
    """The value of an impact with its unit."""
    value = say.number(impact.value) if impact.value is not None else ""
    return " ".join(filter(None, (value, impact.unit)))


def unsaid(practice: Practice, say: Translator) -> str:
    """What the record leaves out, in one line; "" when nothing."""
    return ", ".join(say(name) for name, content in PART_NAMES.values() if not content(practice))


def with_marks(text: str, marked: Sequence[tuple[int, int]]) -> Markup:
    """A text with some of its characters, as (start, end), in `<mark>`; all else escaped."""
    shown, at = Markup(), 0
    for start, end in marked:
        shown += escape(text[at:start]) + Markup("<mark>{}</mark>").format(text[start:end])
        at = end
    return shown + escape(text[at:])


@dataclass(frozen=True)
class FacetValue:
    """One value of a facet: how many results it would leave, and the address that leaves them."""

    label: str
    count: int
    href: str
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A facet with its values, the most frequent or the chosen first."""

    name: str
    values: list[FacetValue]
    more: list[FacetValue]


def facets(counts: Mapping[str, Mapping[str, int]], address: Address, say: Translator) -> list[Facet]:
    """The facets that can still narrow the results, or that do."""
    shown = []
    for facet, name in FACET_NAMES.items():
        chosen = address.filters.get(facet, ())
        codes = dict.fromkeys([*chosen, *counts.get(facet, {})])
        if facet == "population_band":
            codes = dict.fromkeys(band for band in BANDS if band in codes)
        values = [
            FacetValue(
                label=code_label(facet, code, say),
                count=counts.get(facet, {}).get(code, 0),
                href=address.without(facet, code) if code in chosen else address.only(facet, code),
                chosen=code in chosen,
            )
            for code in codes
        ]
        if values:
            shown.append(Facet(say(name), values[:VALUES_SHOWN], values[VALUES_SHOWN:]))
    return shown


@dataclass(frozen=True)
class Removable:
    """Something that narrows or moves the results, and the address without it."""

    text: str
    href: str
    language: str | None = None  # of the text, when it is a record's


def removables(address: Address, titles: Mapping[str, Practice], say: Translator) -> list[Removable]:
    """The filters and wishes in force."""
    in_force = [
        Removable(f"{say(FACET_NAMES[facet])}: {code_label(facet, code, say)}", address.without(facet, code))
        for facet in FACET_NAMES
        for code in address.filters.get(facet, ())
    ]
    for ids, said in ((address.like, message("More like: {title}")), (address.unlike, message("Not: {title}"))):
        in_force += [
            Removable(say(said, title=titles[each].title), address.unsteered(each))
            for each in ids
            if each in titles
        ]
    return in_force


@dataclass(frozen=True)
class Finding:
    """What one factor of a fit found, in words; `score` in [0, 1] or None."""

    name: str
    sentence: str
    score: float | None


@dataclass(frozen=True)
class FitShown:
    """A fit in the reader's words."""

    score: float | None
    summary: str
    inhabitants_there: str | None  # at the time of the practice
    inhabitants_here: str | None
    matches: list[Finding]
    differs: list[Finding]
    unknown: list[str]
    questions: list[str]
    costs: list[str]


def fit_shown(fit: Fit, say: Translator) -> FitShown:
    """A fit made ready: what matches and what differs, what is not known by name only, what to ask."""

    def findings(evidence: Sequence[Evidence]) -> list[Finding]:
        return [
            Finding(fit_sentences.factor_name(each.factor, say), fit_sentences.sentence(each, say), each.score)
            for each in evidence
        ]

    compared = next(each for each in fit.evidence if each.factor == "population")
    there, here = (
        say.number(value) if isinstance(value, int) and value else None
        for value in (compared.source, compared.target)
    )
    return FitShown(
        score=fit.score,
        summary=fit_sentences.summary(fit, say),
        inhabitants_there=there,
        inhabitants_here=here,
        matches=findings(fit.matches),
        differs=findings(fit.differs),
        unknown=[fit_sentences.factor_name(each.factor, say) for each in fit.unknown],
        questions=[fit_sentences.question(each, say) for each in fit.questions],
        costs=fit_sentences.cost_sentences(fit.cost, say) if fit.cost else [],
    )
