"""The evidence of a fit in the reader's words: one sentence for each factor, question and amount.

Texts are English here and their own message ids; `messages/<language>/fit.po` holds the translations.
"""

from corpus.practice import BudgetScope
from corpus.regions import region_in
from corpus.vocabulary import BodyType, TargetGroup, Theme, label
from service.i18n import Translator
from service.transferability import FACTORS, Amount, Cost, Evidence, Fit, Question, View


def message(text: str) -> str:
    """Mark a text that is translated when it is said."""
    return text


FACTOR_NAMES = {
    "population": message("Population"),
    "duty_band": message("Legal duties by size"),
    "settlement": message("Kind of settlement"),
    "territory": message("Territory and law"),
    "competent_body": message("Competent body"),
    "language": message("Language"),
    "target_groups": message("Target groups"),
    "themes": message("Themes"),
    "maturity": message("Maturity"),
    "freshness": message("Last update"),
    "evidence_level": message("Evidence of results"),
    "replications": message("Replications"),
    "documentation": message("Documentation"),
    "adaptability": message("What may be adapted"),
}

VIEW_NAMES = {
    View.SIMILAR: message("Similar context, to reproduce"),
    View.DIFFERENT: message("Different context, to adapt"),
}

UNKNOWN = {
    "no-municipality": message("{factor}: choose your municipality to compare."),
    "source-unknown": message("{factor}: the record does not say."),
    "place-unknown": message("{factor}: not known for the place where it was done."),
    "target-unknown": message("{factor}: not known for your municipality."),
    "shared-body": message("{factor}: a body made of several municipalities is not compared with one."),
    "not-asked": message("{factor}: you did not ask for any in particular."),
}

FINDINGS = {
    ("duty_band", "same-band"): message("Both have {yours}."),
    ("duty_band", "other-band"): message("Size there: {theirs}. Size of yours: {yours}."),
    ("duty_band", "duty-only-there"): message(
        "Above 20,000 inhabitants social care is the municipality’s duty, as it was there; for yours the comarca "
        "or the diputació may hold it."
    ),
    ("duty_band", "duty-only-here"): message(
        "Above 20,000 inhabitants social care is the municipality’s duty, as in yours; there the comarca or the "
        "diputació may have held it."
    ),
    ("settlement", "both-rural"): message("Both are rural."),
    ("settlement", "both-town"): message("Both are towns."),
    ("settlement", "both-city"): message("Both are cities."),
    ("settlement", "other"): message("Settlement there: {theirs}. Settlement here: {yours}."),
    ("territory", "own"): message("Done in your own municipality."),
    ("territory", "same-province"): message("Same province: {province}."),
    ("territory", "same-region"): message("Same region, {region}: the same regional law on social services."),
    ("territory", "other-region"): message("Other region, {region}: check the legal base."),
    ("territory", "same-country"): message("Same country: check the regional law."),
    ("territory", "other-country"): message(
        "Other country, {country}: check the competent body, the law and the funds."
    ),
    ("competent_body", "municipality"): message("Run by a municipality, like yours."),
    ("competent_body", "ambito-leads"): message(
        "Run by another kind of body: {theirs}. In Italy the ambito would lead."
    ),
    ("competent_body", "comarca-may-lead"): message(
        "Run by another kind of body: {theirs}. Up to 20,000 inhabitants your comarca or diputació may lead."
    ),
    ("competent_body", "shared-body"): message(
        "Run by another kind of body: {theirs}. Agree first who would lead, your municipality or a body it shares."
    ),
    ("competent_body", "higher-body"): message(
        "Run by a higher body: {theirs}. Your municipality may be able to take over a part."
    ),
    ("language", "same"): message("Documents in your language."),
    ("language", "other"): message("Documents in {theirs} only."),
    ("language", "translated"): message("Documents in {theirs}; there is also a version in another language."),
    ("target_groups", "shared"): message("Same group: {shared}."),
    ("target_groups", "everyone"): message("For everyone, not for the group you ask about in particular."),
    ("target_groups", "none-shared"): message("For another group: {theirs}."),
    ("themes", "shared"): message("Same theme: {shared}."),
    ("themes", "none-shared"): message("On another theme: {theirs}."),
    ("maturity", "consolidated"): message("Consolidated: it grew after a first good valuation."),
    ("maturity", "finished"): message("Finished: the problem was solved, or support ended."),
    ("maturity", "in-progress"): message("In progress: an early phase or a pilot."),
    ("freshness", "recent"): message("Last dated {theirs}."),
    ("freshness", "old"): message("Last dated {theirs}: much may have changed."),
    ("evidence_level", "none"): message("No data on results."),
    ("evidence_level", "self-reported"): message("Results as the body itself reports them."),
    ("evidence_level", "measured"): message("Measured results, no comparison group."),
    ("evidence_level", "externally-evaluated"): message(
        "Results evaluated by an outside body, no comparison group."
    ),
    ("evidence_level", "comparison-group"): message("Results evaluated with a comparison group."),
    ("documentation", "complete"): message("Everything is described."),
    ("documentation", "mostly"): message("Well described, but for: {missing}."),
    ("documentation", "partial"): message("Not described: {missing}."),
    ("adaptability", "both"): message("The record tells what must stay and what may be changed."),
    ("adaptability", "core"): message("The record tells what must stay, not what may be changed."),
    ("adaptability", "adaptable"): message("The record tells what may be changed, not what must stay."),
}

SIZE_BAND_NAMES = (
    message("up to 5,000 inhabitants"),
    message("5,001 to 20,000 inhabitants"),
    message("20,001 to 50,000 inhabitants"),
    message("more than 50,000 inhabitants"),
)

SETTLEMENT_NAMES = {"rural": message("rural area"), "town": message("town"), "city": message("city")}

PART_NAMES = {
    "problem": message("problem"),
    "objectives": message("objectives"),
    "actions": message("actions"),
    "results": message("results"),
    "obstacles": message("obstacles"),
    "lessons": message("lessons"),
    "dates": message("dates"),
    "budget": message("budget"),
    "impacts": message("figures"),
    "actors": message("actors"),
    "sources": message("sources"),
    "contact": message("contact"),
}

QUESTIONS = {
    Question.POLITICAL_WILL: message("Who in the council backed it, and would it have gone ahead without them?"),
    Question.ACCEPTANCE: message("How did residents, staff and local associations take it at first?"),
    Question.STAFF: message("How many people work on it, in which jobs and for how many hours?"),
    Question.COSTS: message("What does it cost a year, and who pays?"),
    Question.COST_PARTS: message("Which costs are for one year, and which grow with the number of people served?"),
    Question.OBSTACLES: message("What went wrong or took longer than planned, and what helped?"),
    Question.CORE: message("What must stay as it is for it to work, and what may be changed?"),
    Question.RESULTS: message("How is it known that it works: what was counted, before and after?"),
    Question.REPLICATIONS: message("Has another municipality taken it over, and what did it change?"),
    Question.PILOT: message("What is still being tried out, and what would make it stop?"),
    Question.ENDED: message("Why did it end: was the problem solved, or did money or support run out?"),
    Question.STILL_RUNNING: message("Is it still running, and what has changed since it was described?"),
    Question.LEGAL_BASE: message("Which law, plan or fund does it rest on?"),
    Question.WHO_LED: message("What did each municipality do, and what the body they share?"),
    Question.SMALLER: message("What could be left out in a much smaller municipality?"),
    Question.LARGER: message("What would have to change in a much larger municipality?"),
}


def factor_name(code: str, say: Translator) -> str:
    """The name of a factor."""
    return say(FACTOR_NAMES[code])


def explanation(code: str, say: Translator) -> str:
    """How a factor is worked out: its docstring, in the reader's language."""
    return say(" ".join((FACTORS[code].function.__doc__ or "").split()))


def question(asked: Question, say: Translator) -> str:
    """A question for the owner of the practice."""
    return say(QUESTIONS[asked])


def sentence(evidence: Evidence, say: Translator) -> str:
    """What one factor found."""
    if evidence.factor == "replications" and evidence.score is not None:
        return _replications(evidence, say)
    if evidence.score is None:
        return say(UNKNOWN[evidence.finding], factor=factor_name(evidence.factor, say))
    if evidence.factor == "population":
        return say.plural(
            "Done in a municipality of {count} inhabitant; yours has {yours}.",
            "Done in a municipality of {count} inhabitants; yours has {yours}.",
            _whole(evidence.source),
            yours=say.number(_whole(evidence.target)),
        )
    said = say(
        FINDINGS[evidence.factor, evidence.finding],
        theirs=_shown(evidence.factor, evidence.source, say),
        yours=_shown(evidence.factor, evidence.target, say),
        **{
            name: _shown(evidence.factor if name == "shared" else name, value, say)
            for name, value in evidence.details.items()
        },
    )
    distance_km = evidence.details.get("distance_km")
    if evidence.factor == "territory" and evidence.finding != "own" and distance_km is not None:
        away = say("About {distance} km away, as the crow flies.", distance=say.number(_whole(distance_km)))
        return f"{said} {away}"
    return said


def summary(fit: Fit, say: Translator) -> str:
    """The fit in one line: how good, how much of it is known, and whether a municipality was chosen."""
    if fit.score is None:
        said = say("Nothing is known yet to compare with your context.")
    else:
        said = say(
            "Fit with your context: {score} of 100. Known: {coverage} of what counts.",
            score=round(100 * fit.score),
            coverage=say.percent(fit.coverage),
        )
    if fit.municipality is None:
        return f"{said} {say('No municipality is chosen: only what needs none was compared.')}"
    return said


def cost_sentences(cost: Cost, say: Translator) -> list[str]:
    """What the record says of money, and the warning that belongs to it."""
    said = [each for amount in cost.amounts for each in _amount(amount, say)]
    for line in cost.unit_prices:
        price = say.euros(line.amount_eur)
        if line.purpose:
            said.append(say("Price of one unit: {amount} ({purpose}).", amount=price, purpose=line.purpose))
        else:
            said.append(say("Price of one unit: {amount}.", amount=price))
    if cost.amounts:
        said.append(
            say(
                "Do not scale the whole by inhabitants: coordination and start-up cost nearly the same in a small "
                "municipality. Lines may overlap."
            )
        )
    return said


def _amount(amount: Amount, say: Translator) -> list[str]:
    total = say.euros(amount.total_eur)
    if amount.scope is BudgetScope.WHOLE:
        said = [say("Whole budget: {amount}.", amount=total)]
    elif amount.scope is BudgetScope.ANNUAL and amount.year:
        said = [say("Budget for {year}: {amount}.", year=amount.year, amount=total)]
    elif amount.scope is BudgetScope.ANNUAL:
        said = [say("Budget for one year: {amount}.", amount=total)]
    else:
        said = [say("Budget: {amount}; the record does not say for how long.", amount=total)]
    if amount.per_inhabitant_eur is not None:
        per_inhabitant = say.euros(max(amount.per_inhabitant_eur, 0.01))
        if amount.per_inhabitant_eur < 0.01:
            said.append(say("That is less than {amount} per inhabitant there.", amount=per_inhabitant))
        else:
            said.append(say("That is {amount} per inhabitant there.", amount=per_inhabitant))
    if amount.fixed_eur:
        said.append(say("Fixed part: {amount}.", amount=say.euros(amount.fixed_eur)))
    if amount.per_head_eur:
        said.append(
            say("Part that grows with the people served: {amount}.", amount=say.euros(amount.per_head_eur))
        )
    if amount.scaled_per_head_eur is not None:
        scaled = say.euros(round(amount.scaled_per_head_eur))
        said.append(say("In your municipality that part would be about {amount}.", amount=scaled))
    return said


def _replications(evidence: Evidence, say: Translator) -> str:
    said = say.plural(
        "Taken over by {count} other body.", "Taken over by {count} other bodies.", _whole(evidence.source)
    )
    if near := _whole(evidence.details["near"]):
        of_size = say.plural("{count} is of about your size.", "{count} are of about your size.", near)
        return f"{said} {of_size}"
    return said


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _shown(kind: str, value: object, say: Translator) -> str:
    """A value of evidence as the reader writes it: `kind` is the factor or the detail it belongs to."""
    if isinstance(value, tuple):
        return "; ".join(_shown(kind, each, say) for each in value)
    text = str(value)
    match kind:
        case "duty_band":
            return say(SIZE_BAND_NAMES[_whole(value)])
        case "settlement":
            return say(SETTLEMENT_NAMES[text])
        case "competent_body":
            return label(BodyType(text), say.language)
        case "language":
            return say.language_name(text)
        case "target_groups":
            return label(TargetGroup(text), say.language)
        case "themes":
            return label(Theme(text), say.language)
        case "missing":
            return say(PART_NAMES[text])
        case "region":
            return region_in(text, say.language)
        case "country":
            return str(say.locale.territories.get(text, text))
        case _:
            return text
