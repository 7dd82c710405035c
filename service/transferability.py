"""How well a practice's context fits the reader's: a table of small factors, each with its evidence.

Scores lie in [0, 1], higher fits better; None is unknown and left out of the mean. "Fit with your context" is
no probability of success: before a transfer, transferability can only be anticipated. Methods: PIET-T (Schloemer
and Schröder-Bäck 2018, doi 10.1186/s13012-018-0751-8), ASTAIRE (Cambon et al. 2013, doi
10.1186/1471-2458-13-1184), TRANSFER (Munthe-Kaas et al. 2020, doi 10.1186/s12874-019-0834-5), and the distance
from the owner setting of the OECD Guidebook on Best Practices in Public Health (2022).
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar

from corpus.errors import AmbiguousMunicipality, MunicipalityError
from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.practice import BudgetLine, BudgetScope, CostKind, Extent, Practice
from corpus.regions import REGION_NAMES, canonical_region
from corpus.vocabulary import BodyType, EvidenceLevel, Language, Status, TargetGroup, Theme

WEIGHTS_VERSION = "2026-12"  # changes with any default weight below
LARGEST_WEIGHT = 100

MATCHES_FROM = 0.6  # a known factor that scores less is listed among the differences
MARGIN = 0.05  # match strengths no further apart than this are equally relevant: fit may order them

SIZE_BANDS = (5_000, 20_000, 50_000)  # inhabitants above which Ley 7/1985, art. 26, adds duties
SOCIAL_CARE_DUTY = 20_000  # the one above which social care is the municipality's own
EARTH_RADIUS_KM = 6_371.0

Place = Municipality | TerritorialBody
Value = str | int | float | tuple[str, ...] | None


class View(StrEnum):
    """What the reader is after: a practice from a context like theirs to reproduce, or from another to adapt."""

    SIMILAR = "similar"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one factor found: both values, how well they fit, and which sentence says so."""

    factor: str
    source: Value  # there, where the practice was done
    target: Value  # here, what the reader has or asks for
    score: float | None  # in [0, 1]; None when unknown
    finding: str  # the factor's sentence that applies, or the reason why it is unknown
    details: Mapping[str, Value] = field(default_factory=dict)  # what else the sentence says


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a practice was done: its record, and the places its bodies were found to be."""

    practice: Practice
    place: Place | None = None
    replicated_in: tuple[Place | None, ...] = ()  # beside practice.replications; () when not looked up

    @property
    def body_type(self) -> BodyType | None:
        """The kind of body that runs it."""
        return self.practice.body.type if self.practice.body else None

    @property
    def population(self) -> int | None:
        """Inhabitants at the time of the practice, or else today's."""
        at_the_time = self.practice.body.population if self.practice.body else None
        return at_the_time or (self.place.population if self.place else None) or None

    @property
    def municipality(self) -> Municipality | None:
        """Its place, when that is one municipality."""
        return self.place if isinstance(self.place, Municipality) else None

    @property
    def province(self) -> str | None:
        """Its province, as the list of places writes it when it was found there."""
        return self._written("province")

    @property
    def region(self) -> str | None:
        """Its region, likewise."""
        return self._written("region")

    @property
    def country(self) -> str | None:
        """Its country, likewise."""
        return self._written("country")

    def _written(self, name: str) -> str | None:
        value: str | None = getattr(self.place, name, None) or getattr(self.practice.body, name, None)
        return value


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: their municipality if chosen, the language they read, whom and what they ask about."""

    municipality: Municipality | None
    language: Language
    target_groups: frozenset[TargetGroup] = frozenset()
    themes: frozenset[Theme] = frozenset()
    today: date = field(default_factory=date.today)


def locate(practice: Practice, places: Municipalities) -> Origin:
    """The practice with the places of its body and of its replications, as far as `places` knows them.

    A code decides; else the name within its region, else within its province. The answer depends on the
    record and the places alone, so it may be kept.
    """
    body = practice.body
    place: Place | None = None
    if body:
        if body.code and body.type is BodyType.MUNICIPALITY:
            place = _find(places, body.code, BodyType.MUNICIPALITY)
        place = place or _find(places, body.name, body.type, body.region, body.province, country=body.country)
    return Origin(practice, place, tuple(_find(places, each.body) for each in practice.replications))


def _find(
    places: Municipalities,
    name: str,
    kind: BodyType | None = None,
    *within: str | None,
    country: str | None = None,
) -> Place | None:
    """The place of that name; several of that name are told apart by the next of `within`."""
    for region in within or (None,):
        try:
            return places.find_body(name, body_type=kind, region=region, country=country)
        except AmbiguousMunicipality:
            continue
        except MunicipalityError:
            return None
    return None


# --- the factors: each docstring is its text on the page "How fit is worked out" -------------------


def population(origin: Origin, reader: Reader) -> Evidence:
    """Compares the inhabitants of the two municipalities by their ratio r, the same in both directions:
    exp(-ln²(r) / (2 ln² 4)). Equal size scores 1, four times as many 0.61, sixteen times 0.14. A body made of
    municipalities is not compared with one municipality. Source: OECD, distance from the owner setting; PIET-T,
    environment.
    """
    theirs, yours, reason = _inhabitants(origin, reader)
    if reason or not theirs or not yours:
        return Evidence("population", theirs, yours, None, reason)
    score = math.exp(-(math.log(theirs / yours) ** 2) / (2 * math.log(4) ** 2))
    unlike = "larger-there" if theirs > yours else "smaller-there"
    return Evidence("population", theirs, yours, score, "alike" if score >= MATCHES_FROM else unlike)


def duty_band(origin: Origin, reader: Reader) -> Evidence:
    """Compares the size bands that bring legal duties: up to 5,000 inhabitants, to 20,000, to 50,000, and more.
    The same band scores 1, the next 0.5, others 0. Between two Spanish municipalities on either side
    of 20,000 the score is halved: above it social care is the municipality's own duty, up to it the comarca or
    the diputació may hold it (Ley 7/1985, art. 26). Source: PIET-T, environment.
    """
    *both, reason = _inhabitants(origin, reader)
    theirs, yours = (None if inhabitants is None else bisect_left(SIZE_BANDS, inhabitants) for inhabitants in both)
    if reason or theirs is None or yours is None:
        return Evidence("duty_band", theirs, yours, None, reason)
    score = max(0.0, 1 - abs(theirs - yours) / 2)
    finding = "same-band" if theirs == yours else "other-band"
    duty_there, duty_here = (band > SIZE_BANDS.index(SOCIAL_CARE_DUTY) for band in (theirs, yours))
    if origin.country == _country(reader) == "ES" and duty_there != duty_here:
        score /= 2
        finding = "duty-only-there" if duty_there else "duty-only-here"
    return Evidence("duty_band", theirs, yours, score, finding)


def competent_body(origin: Origin, reader: Reader) -> Evidence:
    """Asks whether a body like the one that runs the practice could lead it for the reader. A municipality scores
    1. A body shared by municipalities (comarca, ambito, union, mancomunidad, consortium) scores 1 in Italy, where
    the ambito leads (Legge 328/2000), and for Spanish municipalities up to 20,000 inhabitants, where the comarca
    may; elsewhere 0.5. In Spain a province counts as such a body, for the diputació assists small municipalities;
    elsewhere it scores 0.25, as a region does. Source: PIET-T, environment; ASTAIRE, environment.
    """
    kind, here = origin.body_type, reader.municipality
    yours = BodyType.MUNICIPALITY if here else None
    if not here or not kind:
        return Evidence("competent_body", kind, yours, None, _reason(here, kind))
    if kind is BodyType.MUNICIPALITY:
        return Evidence("competent_body", kind, yours, 1.0, "municipality")
    if kind is BodyType.REGION or (kind is BodyType.PROVINCE and here.country != "ES"):
        return Evidence("competent_body", kind, yours, 0.25, "higher-body")
    if here.country == "IT":
        return Evidence("competent_body", kind, yours, 1.0, "ambito-leads")
    if here.country == "ES" and not here.population:
        return Evidence("competent_body", kind, yours, None, "target-unknown")
    if here.country == "ES" and here.population and here.population <= SOCIAL_CARE_DUTY:
        return Evidence("competent_body", kind, yours, 1.0, "comarca-may-lead")
    return Evidence("competent_body", kind, yours, 0.5, "shared-body")


def settlement(origin: Origin, reader: Reader) -> Evidence:
    """Compares the kind of settlement: a city has at least 50,000 inhabitants and 1,500 per km², a town at least
    5,000 and 300 per km², anything else is rural. The same kind scores 1, the next 0.5, city against rural 0.
    Source: the thresholds of Eurostat's Degree of Urbanisation, applied to the whole municipality; PIET-T,
    environment.
    """
    theirs, yours = _settlement(origin.municipality), _settlement(reader.municipality)
    if theirs is None or yours is None:
        return Evidence("settlement", theirs, yours, None, _reason(reader.municipality, theirs))
    steps = abs(_SETTLEMENTS.index(theirs) - _SETTLEMENTS.index(yours))
    return Evidence("settlement", theirs, yours, 1 - steps / 2, f"both-{theirs}" if not steps else "other")


def territory(origin: Origin, reader: Reader) -> Evidence:
    """Compares territory and, with it, the law on social services, which is regional in Spain and in Italy: the
    same province scores 1, the same region 0.8, the same country 0.5, another country 0.2. The distance between
    the two, as the crow flies, is told but not scored. Source: PIET-T, environment; ASTAIRE, environment.
    """
    here = reader.municipality
    theirs = tuple(filter(None, (origin.province, origin.region, origin.country)))
    yours = tuple(filter(None, (here.province, here.region, here.country))) if here else ()
    if not here or not (origin.country and here.country):
        return Evidence("territory", theirs, yours, None, _reason(here, origin.country))
    details: dict[str, Value] = {"country": origin.country}
    if origin.municipality and (distance_km := _distance_km(origin.municipality, here)) is not None:
        details["distance_km"] = distance_km
    same_region = _same_region(origin.region, here.region)
    if origin.region:
        details["region"] = origin.region
    if origin.country != here.country:
        score, finding = 0.2, "other-country"
    elif same_region and origin.municipality == here:
        score, finding = 1.0, "own"
    elif same_region and origin.province and origin.province == here.province:
        score, finding = 1.0, "same-province"
        details["province"] = origin.province
    elif same_region:
        score, finding = 0.8, "same-region"
    else:
        score, finding = 0.5, "same-country" if same_region is None else "other-region"
    return Evidence("territory", theirs, yours, score, finding, details)


def language(origin: Origin, reader: Reader) -> Evidence:
    """Asks how easily the reader reads the record: their own language scores 1, Spanish for a reader of Catalan
    0.9, another Romance language or English 0.5, a Romance language for a reader of English 0.25. It counts
    little, so that a better answer in another language is not lost. Source: ASTAIRE, support for transfer;
    intercomprehension of Romance languages (EuroCom).
    """
    theirs, yours = origin.practice.language, reader.language
    if theirs == yours:
        return Evidence("language", theirs, yours, 1.0, "same")
    score = 0.25 if yours == Language.ENGLISH else 0.5
    if (theirs, yours) == (Language.SPANISH, Language.CATALAN):
        score = 0.9
    return Evidence("language", theirs, yours, score, "translated" if origin.practice.translations else "other")


def target_groups(origin: Origin, reader: Reader) -> Evidence:
    """Counts the groups the reader asks about that the practice serves, as a share of those asked about; a
    practice for everyone scores 0.5 when it names none of them. Not counted when the reader names no group.
    Source: PIET-T, population; ASTAIRE, population.
    """
    found = _overlap("target_groups", origin.practice.target_groups, reader.target_groups)
    if found.score == 0 and TargetGroup.EVERYONE in origin.practice.target_groups:
        return Evidence("target_groups", found.source, found.target, 0.5, "everyone")
    return found


def themes(origin: Origin, reader: Reader) -> Evidence:
    """Counts the themes the reader asks about that the practice is about, as a share of those asked about. Not
    counted when the reader names no theme. Source: PIET-T, intervention.
    """
    return _overlap("themes", origin.practice.themes, reader.themes)


def maturity(origin: Origin, reader: Reader) -> Evidence:
    """Takes the status of the practice: consolidated scores 1, finished 0.5 (the problem was solved, or support
    ended), in progress 0.3 (a concept, a start or a pilot, even one without an end date). Source: URBACT and
    Interreg Europe, criteria of good practice.
    """
    status = origin.practice.status
    if status is None:
        return Evidence("maturity", None, None, None, "source-unknown")
    score = {Status.CONSOLIDATED: 1.0, Status.FINISHED: 0.5, Status.IN_PROGRESS: 0.3}[status]
    return Evidence("maturity", status, None, score, status)


def freshness(origin: Origin, reader: Reader) -> Evidence:
    """Counts the years since the latest date in the record: an update, a figure, a budget, a replication or the
    end. Up to five years score 1, and every five more halve it. Having begun long ago is not held against a
    practice. Source: the rule of ISPRA's bank GELSO, active within five years.
    """
    latest = _latest_year(origin.practice)
    this_year = reader.today.year
    if latest is None:
        return Evidence("freshness", None, this_year, None, "source-unknown")
    score = min(1.0, 2 ** -((this_year - latest - 5) / 5))
    return Evidence("freshness", latest, this_year, score, "recent" if score >= MATCHES_FROM else "old")


def evidence_level(origin: Origin, reader: Reader) -> Evidence:
    """Takes how well the results are known: with a comparison group 1, externally evaluated 0.9, measured 0.7, as
    the body itself reports 0.4, no results 0. Source: OECD, evidence-based criterion; EU Best Practice Portal.
    """
    level = origin.practice.evidence
    if level is None:
        return Evidence("evidence_level", None, None, None, "source-unknown")
    score = {
        EvidenceLevel.NONE: 0.0,
        EvidenceLevel.SELF_REPORTED: 0.4,
        EvidenceLevel.MEASURED: 0.7,
        EvidenceLevel.EXTERNALLY_EVALUATED: 0.9,
        EvidenceLevel.COMPARISON_GROUP: 1.0,
    }[level]
    return Evidence("evidence_level", level, None, score, level)


def replications(origin: Origin, reader: Reader) -> Evidence:
    """Counts the n bodies that took the practice over, those that took a part as half: 1 - 0.5^(n + 1). One
    municipality of about the reader's size among them, at most twice or half as large, scores 1. When none is
    on record, the factor is unknown. Source: PIET-T, transfer; URBACT, adapted by.
    """
    listed, here = origin.practice.replications, reader.municipality
    yours = here.population or None if here else None
    if not listed:
        return Evidence("replications", None, yours, None, "source-unknown")
    near = sum(
        1
        for place in origin.replicated_in
        if isinstance(place, Municipality) and place.population and yours and 0.5 <= place.population / yours <= 2
    )
    amount = sum(0.5 if each.extent is Extent.PART else 1.0 for each in listed)
    score = 1.0 if near else 1 - 0.5 ** (amount + 1)
    return Evidence("replications", len(listed), yours, score, "counted", {"near": near})


def documentation(origin: Origin, reader: Reader) -> Evidence:
    """Counts the parts of the record that are filled in, of twelve: problem, objectives, actions, results,
    obstacles, lessons, dates, budget, figures, actors, sources and contact. Source: ASTAIRE, the grid that reports
    the source; BBP, well documented.
    """
    practice = origin.practice
    parts = {
        "problem": practice.problem,
        "objectives": practice.objectives,
        "actions": practice.actions,
        "results": practice.results,
        "obstacles": practice.obstacles,
        "lessons": practice.lessons,
        "dates": practice.start_year,
        "budget": practice.budget,
        "impacts": practice.impacts,
        "actors": practice.actors,
        "sources": practice.sources,
        "contact": practice.contact,
    }
    missing = tuple(name for name, content in parts.items() if not content)
    described = len(parts) - len(missing)
    score = described / len(parts)
    finding = "partial" if score < MATCHES_FROM else "mostly" if missing else "complete"
    return Evidence("documentation", described, len(parts), score, finding, {"missing": missing})


def adaptability(origin: Origin, reader: Reader) -> Evidence:
    """Asks whether the record tells what another municipality may change (adaptable elements) and what must stay
    (core elements): both score 1, one of them 0.75. When it tells neither, the factor is unknown. Source:
    ASTAIRE, key functions and form.
    """
    said = {"core": origin.practice.core_elements, "adaptable": origin.practice.adaptable_elements}
    names = tuple(name for name, text in said.items() if text)
    if not names:
        return Evidence("adaptability", None, None, None, "source-unknown")
    if len(names) == 2:
        return Evidence("adaptability", names, None, 1.0, "both")
    return Evidence("adaptability", names, None, 0.75, names[0])


@dataclass(frozen=True, slots=True)
class Factor:
    """A row of the table: how it is worked out, what it weighs in each view, and whether it compares contexts."""

    function: Callable[[Origin, Reader], Evidence]
    weight: float  # in the view of similar contexts
    weight_to_adapt: float  # in the view of different contexts
    is_context: bool = False


FACTORS: dict[str, Factor] = {
    "population": Factor(population, 3, 2, is_context=True),
    "duty_band": Factor(duty_band, 2, 1, is_context=True),
    "settlement": Factor(settlement, 1, 1, is_context=True),
    "territory": Factor(territory, 2, 2, is_context=True),
    "competent_body": Factor(competent_body, 2, 2),
    "language": Factor(language, 1, 1),
    "target_groups": Factor(target_groups, 2, 2),
    "themes": Factor(themes, 1, 1),
    "maturity": Factor(maturity, 2, 2),
    "freshness": Factor(freshness, 1, 1),
    "evidence_level": Factor(evidence_level, 2, 2),
    "replications": Factor(replications, 2, 4),
    "documentation": Factor(documentation, 1, 1),
    "adaptability": Factor(adaptability, 1, 3),
}


# --- what the factors share ------------------------------------------------------------------------


def _inhabitants(origin: Origin, reader: Reader) -> tuple[int | None, int | None, str]:
    """Inhabitants there and here, and why they cannot be compared, "" when they can."""
    theirs, here = origin.population, reader.municipality
    yours = here.population or None if here else None
    if origin.body_type not in (None, BodyType.MUNICIPALITY):
        return theirs, yours, "shared-body"
    return theirs, yours, "" if theirs and yours else _reason(here, theirs)


def _country(reader: Reader) -> str | None:
    return reader.municipality.country if reader.municipality else None


def _reason(here: Municipality | None, source: object) -> str:
    """Why two values cannot be compared."""
    if here is None:
        return "no-municipality"
    return "target-unknown" if source else "place-unknown"


_SETTLEMENTS = ("rural", "town", "city")


def _settlement(place: Municipality | None) -> str | None:
    if place is None or not place.population or not place.density_per_km2:
        return None
    if place.population >= 50_000 and place.density_per_km2 >= 1_500:
        return "city"
    return "town" if place.population >= 5_000 and place.density_per_km2 >= 300 else "rural"


def _distance_km(one: Municipality, other: Municipality) -> int | None:
    """Great-circle distance by the haversine formula, or None where a coordinate is unknown."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    north, south = math.radians(one.latitude), math.radians(other.latitude)
    along = math.radians(other.longitude - one.longitude)
    chord = math.sin((south - north) / 2) ** 2 + math.cos(north) * math.cos(south) * math.sin(along / 2) ** 2
    return round(2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord))))


def _same_region(one: str | None, other: str | None) -> bool | None:
    """Whether two names mean one region; None where a name is missing or not known to us."""
    if one and one == other:
        return True
    ours, theirs = canonical_region(one or ""), canonical_region(other or "")
    return ours == theirs if ours in REGION_NAMES and theirs in REGION_NAMES else None


def _overlap(factor: str, has: Collection[StrEnum], asked: Collection[StrEnum]) -> Evidence:
    source, target = tuple(dict.fromkeys(code.value for code in has)), tuple(sorted(code.value for code in asked))
    if not asked:
        return Evidence(factor, source, target, None, "not-asked")
    if not has:
        return Evidence(factor, source, target, None, "source-unknown")
    shared = tuple(code for code in source if code in target)
    finding = "shared" if shared else "none-shared"
    return Evidence(factor, source, target, len(shared) / len(asked), finding, {"shared": shared})


def _latest_year(practice: Practice) -> int | None:
    if practice.updated_on:
        return practice.updated_on.year
    dated = [practice.end_year, *(line.year for line in practice.budget)]
    dated += [each.year for each in practice.replications]
    dated += [int(impact.as_of[:4]) for impact in practice.impacts if impact.as_of]
    return max((year for year in dated if year), default=None)


# --- cost ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Amount:
    """What the budget lines for one span of time add up to, its parts kept apart, in euros."""

    scope: BudgetScope | None  # a year, the whole, or not said
    year: int | None
    fixed_eur: float
    per_head_eur: float
    undivided_eur: float  # the record does not say how it grows
    per_inhabitant_eur: float | None  # of the whole amount, there
    scaled_per_head_eur: float | None  # the per-head part, at the reader's number of inhabitants

    @property
    def total_eur(self) -> float:
        """All three parts."""
        return self.fixed_eur + self.per_head_eur + self.undivided_eur


@dataclass(frozen=True, slots=True)
class Cost:
    """What the record says of money. Only a per-head part is scaled: a coordinator costs the same anywhere."""

    amounts: tuple[Amount, ...]
    unit_prices: tuple[BudgetLine, ...]  # for one person or one hour: they belong in no sum


def cost(origin: Origin, municipality: Municipality | None) -> Cost | None:
    """The budget by the time it covers, per inhabitant there, and scaled where that is fair; None without one.

    A per-head line that covers a year or the whole is a sum that grows with the town; one that covers
    neither is the price of a unit. Of yearly lines, those of the latest year count: adding up years
    would tell a cost nobody had.
    """
    lines = origin.practice.budget
    if not lines:
        return None
    unit_prices = tuple(line for line in lines if line.kind is CostKind.PER_HEAD and line.scope is None)
    amounts = []
    for scope in (BudgetScope.ANNUAL, BudgetScope.WHOLE, None):
        covered = [line for line in lines if line.scope is scope and line not in unit_prices]
        latest = max((line.year for line in covered if line.year), default=None)
        if scope is BudgetScope.ANNUAL:
            covered = [line for line in covered if line.year == latest]
        if covered:
            amounts.append(_amount(scope, latest, covered, origin.population, municipality))
    return Cost(tuple(amounts), unit_prices)


def _amount(
    scope: BudgetScope | None,
    year: int | None,
    lines: Collection[BudgetLine],
    inhabitants: int | None,
    municipality: Municipality | None,
) -> Amount:
    parts = {
        kind: math.fsum(line.amount_eur for line in lines if line.kind is kind)
        for kind in (CostKind.FIXED, CostKind.PER_HEAD, None)
    }
    per_head_eur = parts[CostKind.PER_HEAD]
    yours = municipality.population if municipality else None
    return Amount(
        scope,
        year,
        parts[CostKind.FIXED],
        per_head_eur,
        parts[None],
        per_inhabitant_eur=math.fsum(parts.values()) / inhabitants if inhabitants else None,
        scaled_per_head_eur=per_head_eur / inhabitants * yours if inhabitants and yours and per_head_eur else None,
    )


# --- the whole -------------------------------------------------------------------------------------


class Question(StrEnum):
    """What no record can answer for the reader, or this one does not: to be asked of its owner."""

    POLITICAL_WILL = "political-will"
    ACCEPTANCE = "acceptance"
    STAFF = "staff"
    COSTS = "costs"
    COST_PARTS = "cost-parts"
    OBSTACLES = "obstacles"
    CORE = "core"
    RESULTS = "results"
    REPLICATIONS = "replications"
    PILOT = "pilot"
    ENDED = "ended"
    STILL_RUNNING = "still-running"
    LEGAL_BASE = "legal-base"
    WHO_LED = "who-led"
    SMALLER = "smaller"
    LARGER = "larger"


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit of one practice with the reader's context, with all that explains it."""

    score: float | None  # in [0, 1]: weighted mean of the known factors; None when none is known
    coverage: float  # in [0, 1]: known weight of all weight
    view: View
    evidence: tuple[Evidence, ...]  # in the order of the table, without what the reader did not ask about
    weights: Mapping[str, float]
    weights_version: str | None  # None when the reader changed a weight
    questions: tuple[Question, ...]
    cost: Cost | None
    municipality: Municipality | None  # None: only what needs no municipality was compared

    @property
    def matches(self) -> tuple[Evidence, ...]:
        """The factors that fit well, whichever the view."""
        return tuple(each for each in self.evidence if each.score is not None and each.score >= MATCHES_FROM)

    @property
    def differs(self) -> tuple[Evidence, ...]:
        """The factors that fit less, or call for care."""
        return tuple(each for each in self.evidence if each.score is not None and each.score < MATCHES_FROM)

    @property
    def unknown(self) -> tuple[Evidence, ...]:
        """The factors left out of the mean."""
        return tuple(each for each in self.evidence if each.score is None)


def assess(
    practice: Practice,
    municipality: Municipality | None,
    *,
    language: Language,
    view: View = View.SIMILAR,
    origin: Origin | None = None,
    target_groups: Collection[TargetGroup] = (),
    themes: Collection[Theme] = (),
    weights: Mapping[str, float] | None = None,
    today: date | None = None,
) -> Fit:
    """The fit of a practice with the reader's context: the weighted mean of the known factors, explained.

    In the view of different contexts the factors of context (size, duties, settlement, territory) count what
    is unlike, 1 - score, and what shows that a practice can be adapted weighs more: Unioncamere's
    riproducibilità and trasferibilità. Evidence itself reads the same in both views.

    `language`: the one the reader reads. `origin`: as `locate` found it; without it only the record's own facts
    count. `weights`: by factor code, from 0 to `LARGEST_WEIGHT`, in place of the defaults of the view.

    Raises:
        ValueError: a weight names no factor, or lies outside those bounds.
    """
    origin = origin or Origin(practice)
    reader = Reader(municipality, language, frozenset(target_groups), frozenset(themes), today or date.today())
    weighed = default_weights(view) | _checked(weights or {})
    found = {code: factor.function(origin, reader) for code, factor in FACTORS.items()}
    evidence = {code: each for code, each in found.items() if each.finding != "not-asked"}
    known = {
        code: counted for code, each in evidence.items() if (counted := counted_score(each, view)) is not None
    }
    known_weight = math.fsum(weighed[code] for code in known)
    total_weight = math.fsum(weighed[code] for code in evidence)
    mean = (
        math.fsum(weighed[code] * score for code, score in known.items()) / known_weight if known_weight else None
    )
    return Fit(
        score=min(1.0, mean) if mean is not None else None,  # the last bit of a float may stick out
        coverage=min(1.0, known_weight / total_weight) if total_weight else 0.0,
        view=view,
        evidence=tuple(evidence.values()),
        weights=weighed,
        weights_version=WEIGHTS_VERSION if weighed == default_weights(view) else None,
        questions=_questions(practice, evidence),
        cost=cost(origin, municipality),
        municipality=municipality,
    )


def default_weights(view: View) -> dict[str, float]:
    """What each factor weighs in a view, by its code."""
    return {
        code: factor.weight if view == View.SIMILAR else factor.weight_to_adapt for code, factor in FACTORS.items()
    }


def counted_score(evidence: Evidence, view: View) -> float | None:
    """What a factor adds to the mean: its score, or in the view of different contexts what is unlike."""
    if evidence.score is None or view == View.SIMILAR or not FACTORS[evidence.factor].is_context:
        return evidence.score
    return 1 - evidence.score


def _checked(weights: Mapping[str, float]) -> dict[str, float]:
    for code, weight in weights.items():
        if code not in FACTORS:
            raise ValueError(f"weights: no factor is called {code!r}; there are {', '.join(FACTORS)}")
        if not 0 <= weight <= LARGEST_WEIGHT:
            raise ValueError(f"weights: {code} is {weight}; a weight is a number from 0 to {LARGEST_WEIGHT}")
    return dict(weights)


def _questions(practice: Practice, evidence: Mapping[str, Evidence]) -> tuple[Question, ...]:
    """Those nobody can compute, then those this record or this pair of contexts leaves open."""
    size, status = evidence["population"].finding, practice.status
    divided = all(line.kind and line.scope for line in practice.budget)
    asked = {
        Question.POLITICAL_WILL: True,
        Question.ACCEPTANCE: True,
        Question.STAFF: True,
        Question.COSTS: not practice.budget,
        Question.COST_PARTS: not divided,
        Question.OBSTACLES: not practice.obstacles,
        Question.CORE: not practice.core_elements,
        Question.RESULTS: practice.evidence in (None, EvidenceLevel.NONE, EvidenceLevel.SELF_REPORTED),
        Question.REPLICATIONS: not practice.replications,
        Question.PILOT: status is Status.IN_PROGRESS,
        Question.ENDED: status is Status.FINISHED,
        Question.STILL_RUNNING: status is not Status.FINISHED and evidence["freshness"].finding != "recent",
        Question.LEGAL_BASE: evidence["territory"].finding in ("other-region", "same-country", "other-country"),
        Question.WHO_LED: practice.body is not None and practice.body.type is not BodyType.MUNICIPALITY,
        Question.SMALLER: size == "larger-there",
        Question.LARGER: size == "smaller-there",
    }
    return tuple(question for question, open_ in asked.items() if open_)


Hit = TypeVar("Hit")


def refine_order(
    hits: Sequence[Hit], strengths: Sequence[float], fits: Sequence[float | None], *, margin: float = MARGIN
) -> list[Hit]:
    """The hits in a new order, by fit where they are equally relevant: relevance first.

    A run goes on as long as no hit in it is more than `margin` from its best in match strength; fit orders
    within a run only. A hit whose fit is unknown keeps its place. Ties, and the runs, keep their order.

    Raises:
        ValueError: the three sequences differ in length.
    """
    if not len(hits) == len(strengths) == len(fits):
        raise ValueError(f"{len(hits)} hits, {len(strengths)} strengths and {len(fits)} fits: must be as many")
    runs: list[list[int]] = []
    for at, strength in enumerate(strengths):
        if runs and all(abs(strength - strengths[other]) <= margin for other in runs[-1]):
            runs[-1].append(at)
        else:
            runs.append([at])
    ordered: list[int] = []
    for run in runs:
        fitting = iter(sorted((at for at in run if fits[at] is not None), key=lambda at: -(fits[at] or 0)))
        ordered += [at if fits[at] is None else next(fitting) for at in run]
    return [hits[at] for at in ordered]
