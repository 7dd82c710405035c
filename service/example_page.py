"""The worked example: three real municipalities ask the shipped bank, as a page in Markdown.

Its figures and the practices it shows are those of the run that wrote it; another encoder finds others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from corpus.municipality import Municipalities, Municipality, TerritorialBody
from corpus.places import resolve_body
from corpus.practice import Practice
from corpus.vocabulary import Language
from service import fit_sentences, profile_sentences
from service.answering import run_search
from service.i18n import Translator, translator
from service.page_words import STRENGTH_NAMES
from service.recommendation import Recommendation, members_of
from service.recommending import known_profile, recommendations_for, twins_for
from service.resources import Resources
from service.search import SearchQuestion, SearchResult
from service.transferability import Fit, Place, assess
from service.twins import Twin

SHOWN = 3  # results, twins of each municipality
RECOMMENDED = 6

# The ambito of Altamura as two of the bank's own records name its four municipalities.
AMBITO_NAME = "Ambito territoriale sociale di Altamura"
AMBITO = {
    "name": AMBITO_NAME,
    "type": "ambito",
    "region": "Puglia",
    "country": "IT",
    "members": ["Altamura", "Gravina in Puglia", "Poggiorsini", "Santeramo in Colle"],
    "source": "https://www.altamuralife.it/notizie/piano-di-zona-parte-il-servizio-di-taxi-sociale/",
}


@dataclass(frozen=True)
class Asking:
    """One of the three: what it is, its language, and its needs in its own words, the first looked at closely."""

    name: str
    kind: str
    language: Language
    needs: tuple[str, ...]
    introduction: str


ASKING = (
    Asking(
        "Tàrrega",
        "a Catalan town",
        Language.CATALAN,
        (
            "Gent gran que viu sola i no surt de casa perquè no té qui l'acompanyi",
            "Joves que han deixat els estudis i no troben feina",
        ),
        "Tàrrega is the capital of a farming comarca, below the 20,000 inhabitants from which Spanish law makes "
        "social care a municipality's own duty.",
    ),
    Asking(
        AMBITO_NAME,
        "an Italian ambito",
        Language.ITALIAN,
        (
            "Famiglie che non riescono più a pagare l'affitto e rischiano lo sfratto",
            "Anziani senza auto che non riescono a raggiungere le visite mediche",
        ),
        "An ambito is no town: its municipalities run their social services together, and they are of very "
        "different size. So a practice is compared with each of them, and the answer may differ. The bank holds "
        "practices of its own: a search may show them, a recommendation does not.",
    ),
    Asking(
        "Covaleda (Castilla y León)",
        "a Spanish village",
        Language.SPANISH,
        (
            "Personas mayores que no conducen y no tienen cómo ir al médico ni a comprar",
            "Familias que trabajan y no tienen con quién dejar a los niños por la tarde",
        ),
        "Covaleda is a village in the pine woods of Soria. Up to 20,000 inhabitants the diputació or the comarca "
        "may hold the duty of social care, so who would lead is the first thing to settle.",
    ),
)


def example_page(held: Resources, *, today: date | None = None) -> str:
    """The whole page.

    Raises:
        UnknownMunicipality, AmbiguousMunicipality: the list of places does not know one of the three.
    """
    today = today or date.today()
    manifest = held.generation.snapshot.manifest
    parts = [
        "# Three municipalities, worked through\n",
        f"Written by `empelt example` on {today.isoformat()}, from {manifest.records} practices with the encoder "
        f"`{manifest.encoder.name}`. Nothing here is chosen or polished by hand: the needs are given, all else is "
        "what the program answers. Another encoder, bank or list of places gives another page: run the command "
        "again.\n",
        "The match says how likely a practice answers the need, from 0 to 1, and decides what is shown. The fit "
        "says how the context where it was done compares with the reader's, and only orders what answers about "
        "equally well; it is no chance of success. What is not known is left out of the fit, and said. Records "
        "speak in their own words, in the language they are written in.\n",
    ]
    for asking in ASKING:
        place = _place(held.municipalities, asking.name)
        parts += _reader(held, asking, place, today)
    return "\n".join(parts)


def _place(places: Municipalities, name: str) -> Place:
    if name != AMBITO_NAME:
        return places.find(name)
    known = [body for body in places.bodies if body.name == name]
    return known[0] if known else resolve_body(AMBITO, places)[0]


def _reader(held: Resources, asking: Asking, place: Place, today: date) -> Iterable[str]:
    say = translator(Language.ENGLISH.value)
    yield f"## {place.name}, {asking.kind}\n"
    yield f"{asking.introduction}\n"
    yield "### What is known of it\n"
    yield from _known(held, place, say)
    yield "### What the bank answers\n"
    need = asking.needs[0]
    answer, generation = run_search(
        held,
        SearchQuestion(
            need,
            municipality=place if isinstance(place, Municipality) else None,
            reader_language=asking.language,
            top_k=SHOWN,
        ),
    )
    yield f"It asks, in its own words:\n\n> {need}\n"
    shown = answer.results or answer.related
    if answer.results:
        yield f"{answer.total} practices answer. The first {len(shown)}:\n"
    else:
        yield "No practice in the bank answers this yet. The nearest, which may be no answer:\n"

    def fits(practice: Practice) -> list[Fit]:
        return [
            assess(
                practice,
                here,
                language=asking.language,
                origin=generation.origin(practice, held.municipalities),
                today=today,
            )
            for here in members_of(place)
        ]

    yield from _table(
        ("Practice", "Where it was done", "Match", "Fit", "Known of the fit"),
        (
            (
                result.practice.title,
                _where(result.practice, say),
                f"{result.strength:.2f}, {say(STRENGTH_NAMES[result.word]).lower()}",
                *_scores(fits(result.practice), say),
            )
            for result in shown
        ),
    )
    if shown:
        yield "### The first of them, read closely\n"
        yield from _closely(shown[0], fits(shown[0].practice), say)
    yield "### Municipalities like it\n"
    yield from _twins(held, place, say)
    yield "### What is recommended to it\n"
    yield "For these needs, and from what towns like it run:\n"
    yield "".join(f"> {each}  \n" for each in asking.needs)
    yield from _recommended(
        recommendations_for(
            held, place, needs=asking.needs, reader_language=asking.language, top_k=RECOMMENDED, today=today
        ),
        asking.needs,
        say,
    )


def _known(held: Resources, place: Place, say: Translator) -> Iterable[str]:
    if isinstance(place, TerritorialBody):
        yield from _table(
            ("Municipality", "Inhabitants", "Kind of settlement", "Source"),
            (
                (
                    here.name,
                    profile_sentences.value("population", profile.population, say),
                    profile_sentences.value("settlement", profile.settlement, say),
                    profile_sentences.source(profile.facts()[0], say),
                )
                for here in place.members
                for profile in [known_profile(held, here)]
            ),
        )
        yield f"Its municipalities stand in [a notice of its services]({place.source}).\n" if place.source else ""
        return
    facts = known_profile(held, place).facts()
    yield from _table(
        ("Attribute", "Value", "Source"),
        (
            (
                profile_sentences.attribute_name(fact.attribute, say),
                profile_sentences.value(fact.attribute, fact.value, say),
                profile_sentences.source(fact, say),
            )
            for fact in facts
        ),
    )
    yield "What is not known is left out of all that follows; the municipality may state it.\n"


def _closely(result: SearchResult, fits: Sequence[Fit], say: Translator) -> Iterable[str]:
    practice = result.practice
    source = f" ([source]({practice.sources[0].url}))" if practice.sources else ""
    yield f"**{practice.title}**, {_where(practice, say)}{source}. What answers the need, in its own words:\n"
    yield f"> {result.passage.text}\n"
    if len(fits) > 1:
        yield "The fit is that of each municipality:\n"
        yield from _table(
            ("Municipality", "Fit", "Known of the fit"),
            ((fit.municipality.name if fit.municipality else "", *_scores([fit], say)) for fit in fits),
        )
    else:
        yield f"{fit_sentences.summary(fits[0], say)}\n"
    for title, found in (
        ("What matches", [fit.matches for fit in fits]),
        ("What differs", [fit.differs for fit in fits]),
    ):
        said = [[fit_sentences.sentence(each, say) for each in evidence] for evidence in found]
        of_all = [each for each in said[0] if all(each in other for other in said)]
        of_one = [
            f"{fit.municipality.name}: {' '.join(rest)}"
            for fit, own in zip(fits, said, strict=True)
            if fit.municipality and (rest := [each for each in own if each not in of_all])
        ]
        yield from _listed(title, [*of_all, *of_one])
    unknown = dict.fromkeys(fit_sentences.factor_name(each.factor, say) for fit in fits for each in fit.unknown)
    if unknown:
        yield f"What is unknown, and left out of the fit: {', '.join(unknown).lower()}.\n"
    if fits[0].cost:
        yield from _listed("What it costs", fit_sentences.cost_sentences(fits[0].cost, say))
    questions = dict.fromkeys(fit_sentences.question(each, say) for fit in fits for each in fit.questions)
    yield from _listed("What to ask its owner", questions)


def _listed(title: str, lines: Iterable[str]) -> Iterable[str]:
    if listed := "".join(f"- {line}\n" for line in lines):
        yield f"{title}:\n\n{listed}"


def _twins(held: Resources, place: Place, say: Translator) -> Iterable[str]:
    found = twins_for(held, place, top_k=SHOWN if isinstance(place, Municipality) else 1)
    yield "Nearest first, among those that run a practice of the bank:\n"
    rows: list[tuple[str, ...]] = []
    for mine, twins in found:
        for twin in twins:
            row = (
                str(twin.municipality),
                profile_sentences.value("population", twin.municipality.population, say),
                f"{twin.distance:.2f}",
                say.percent(twin.coverage),
                " ".join(profile_sentences.comparison(each, say) for each in twin.agrees),
                " ".join(profile_sentences.comparison(each, say) for each in twin.differs),
            )
            rows.append(row if isinstance(place, Municipality) else (mine.name, *row))
    columns = ("Municipality", "Inhabitants", "Distance", "Compared", "Alike", "Unlike")
    yield from _table(columns if isinstance(place, Municipality) else ("For", *columns), rows)
    yield from _left_out(found, say)


def _left_out(found: Sequence[tuple[Municipality, Sequence[Twin]]], say: Translator) -> Iterable[str]:
    for said in dict.fromkeys(profile_sentences.not_compared(twin, say) for _, twins in found for twin in twins):
        if said:
            yield f"{said}\n"


def _recommended(found: Sequence[Recommendation], needs: Sequence[str], say: Translator) -> Iterable[str]:
    yield from _table(
        ("Practice", "Where it was done", "Why", "Fit", "Known of the fit"),
        (
            (
                each.practice.title,
                _where(each.practice, say),
                " ".join(profile_sentences.reason(why, say) for why in each.reasons),
                *_scores(each.fits, say),
            )
            for each in found
        ),
    )


def _scores(fits: Sequence[Fit], say: Translator) -> tuple[str, str]:
    """Fit and coverage as a percentage, from lowest to highest where there are several."""
    scores = sorted(round(100 * fit.score) for fit in fits if fit.score is not None)
    known = sorted(fit.coverage for fit in fits)
    shown = "–".join(dict.fromkeys((str(scores[0]), str(scores[-1])))) + " of 100" if scores else say("not known")
    return shown, "–".join(dict.fromkeys((say.percent(known[0]), say.percent(known[-1]))))


def _where(practice: Practice, say: Translator) -> str:
    body = practice.body
    if not body:
        return say("not known")
    size = f", {say.number(body.population)} inhabitants" if body.population else ""
    return f"{body.name} ({body.country or practice.language}{size})"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    yield "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
