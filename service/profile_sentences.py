"""Profiles, twins and recommendations in the reader's words: values, sources and reasons.

Texts are English here and their own message ids, as in `fit_sentences`.
"""

from corpus.municipality import SettlementClass
from corpus.regions import region_in
from corpus.vocabulary import TargetGroup, label
from service.fit_sentences import SETTLEMENT_NAMES, SIZE_BAND_NAMES
from service.i18n import Translator
from service.profiles import Fact, Finding
from service.recommendation import ByTwin, ForNeed
from service.search import StrengthWord
from service.transferability import Value
from service.twins import Comparison, Twin


def message(text: str) -> str:
    """Mark a text that is translated when it is said."""
    return text


ATTRIBUTE_NAMES = {
    "population": message("Population"),
    "settlement_class": message("Size"),
    "duty_band": message("Legal duties by size"),
    "density": message("Inhabitants per km²"),
    "settlement": message("Kind of settlement"),
    "coordinates": message("Coordinates"),
    "province": message("Province"),
    "region": message("Region"),
    "country": message("Country"),
    "territory": message("Territory and law"),
    "distance": message("Distance"),
    "languages": message("Languages"),
    "budget_eur": message("Yearly budget of social services"),
    "budget_per_head_eur": message("Yearly budget of social services per inhabitant"),
    "ageing_share": message("Share aged 65 and over"),
    "services": message("Services already there"),
    "target_groups": message("Groups of most concern"),
    "contact": message("Contact"),
}

SIZE_NAMES = {
    SettlementClass.VILLAGE: message("village"),
    SettlementClass.SMALL_TOWN: message("small town"),
    SettlementClass.TOWN: message("town"),
    SettlementClass.CITY: message("city"),
    SettlementClass.LARGE_CITY: message("large city"),
}

LIST_NAMES = {Finding.INE: "INE", Finding.ISTAT: "ISTAT", Finding.GEONAMES: "GeoNames"}

SOURCES = {
    Finding.STATED: message("stated by the municipality"),
    Finding.LAW: message("official in its territory: {law}"),
    Finding.NOT_STATED: message("not stated, and no reference data tells it"),
    Finding.NO_REFERENCE: message("the list of places does not tell it"),
    Finding.NO_POPULATION: message("the population is not known"),
    Finding.NO_DENSITY: message("the area is not known, so neither is the density"),
}

DERIVED = {
    "settlement_class": message("worked out from the population"),
    "duty_band": message("worked out from the population"),
    "density": message("worked out from population and area"),
    "settlement": message(
        "worked out from population and density over the whole municipality; the Degree of Urbanisation itself "
        "needs a population grid"
    ),
}


def attribute_name(code: str, say: Translator) -> str:
    """The name of an attribute of a profile or of a comparison."""
    return say(ATTRIBUTE_NAMES[code])


def value(attribute: str, shown: Value, say: Translator) -> str:
    """A value as the reader writes it; what is not known is said so."""
    if shown is None or shown == ():
        return say("not known")
    if isinstance(shown, tuple):
        return ", ".join(value(attribute, each, say) for each in shown)
    if isinstance(shown, str):
        return _word(attribute, shown, say)
    match attribute:
        case "duty_band":
            return say(SIZE_BAND_NAMES[int(shown)])
        case "ageing_share":
            return say.percent(shown)
        case "budget_eur" | "budget_per_head_eur":
            return say.euros(round(shown, 2))
        case _:
            return say.number(shown)


def _word(attribute: str, code: str, say: Translator) -> str:
    match attribute:
        case "settlement":
            return say(SETTLEMENT_NAMES[code])
        case "settlement_class":
            return say(SIZE_NAMES[SettlementClass(code)])
        case "languages":
            return say.language_name(code)
        case "target_groups":
            return label(TargetGroup(code), say.language)
        case "country" | "territory" | "region":
            return region_in(str(say.locale.territories.get(code, code)), say.language)
        case _:
            return code


def source(fact: Fact, say: Translator) -> str:
    """Where a value of a profile comes from, or why there is none."""
    if fact.finding in LIST_NAMES:
        name = LIST_NAMES[fact.finding]
        return f"{name}, {fact.year}" if fact.year else name
    if fact.finding is Finding.DERIVED:
        return say(DERIVED[fact.attribute])
    return say(SOURCES[fact.finding], **fact.details)


def comparison(compared: Comparison, say: Translator) -> str:
    """What one attribute of a twin is beside the reader's, where both are known."""
    name = attribute_name(compared.attribute, say)
    if compared.attribute == "distance":
        kilometres = compared.theirs if isinstance(compared.theirs, int) else 0
        return say("About {distance} km away, as the crow flies.", distance=say.number(kilometres))
    yours, theirs = (value(compared.attribute, each, say) for each in (compared.yours, compared.theirs))
    if yours == theirs:
        return say("{attribute}: {theirs}, as yours.", attribute=name, theirs=theirs)
    return say("{attribute}: {theirs}; yours: {yours}.", attribute=name, theirs=theirs, yours=yours)


def twin_summary(twin: Twin, say: Translator) -> str:
    """How near a twin is, and how much of what counts was compared."""
    return say(
        "Distance {distance}, from 0 (alike in all that is known) to 1. Compared: {coverage} of what counts.",
        distance=say.number(round(twin.distance, 3)),
        coverage=say.percent(twin.coverage),
    )


def not_compared(twin: Twin, say: Translator) -> str:
    """What was left out of the distance; "" when nothing."""
    if not twin.unknown:
        return ""
    names = ", ".join(attribute_name(each.attribute, say) for each in twin.unknown)
    return say("Not compared, for want of data: {attributes}.", attributes=names)


def reason(why: ForNeed | ByTwin, say: Translator) -> str:
    """Why a practice is recommended."""
    if isinstance(why, ByTwin):
        place = why.twin.municipality.name
        if why.took_over:
            return say("Taken over by {place}, a municipality like yours.", place=place)
        return say("Run by {place}, a municipality like yours.", place=place)
    if why.word is StrengthWord.RELATED:
        return say("Near your need, though it may be no answer: “{need}”.", need=why.need)
    return say("Answers your need: “{need}”.", need=why.need)
