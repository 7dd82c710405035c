"""What goes over the wire: requests with their bounds, responses without surprises."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from corpus.municipality import Municipality
from corpus.practice import EARLIEST_YEAR, LATEST_YEAR, Practice
from corpus.vocabulary import EvidenceLevel, Language, Status, TargetGroup, Theme
from indexer.filters import LARGEST_BAND, POPULATION_BANDS, Filter
from indexer.snapshot import Manifest
from service import fit_sentences
from service.i18n import Translator, translator
from service.search import SearchAnswer, SearchResult
from service.transferability import FACTORS, LARGEST_WEIGHT, Fit, View

LONGEST_QUERY = 5_000  # characters; a paragraph of 600 words has about 4,000
MOST_RESULTS = 100
MOST_STEERING = 20

PopulationBand = Literal["under-5000", "5000-20000", "20000-50000", "over-50000"]
assert set(PopulationBand.__args__) == {*(b[0] for b in POPULATION_BANDS), LARGEST_BAND}  # type: ignore[attr-defined]  # noqa: S101


def _utf8(value: Any) -> Any:
    """Refuse what cannot be encoded: half a surrogate pair, or NUL."""
    if isinstance(value, str):
        if "\x00" in value:
            raise ValueError("holds a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("holds half of a surrogate pair") from None
    return value


Name = Annotated[
    str, BeforeValidator(_utf8), StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
]


def _has_words(text: str) -> str:
    if not text:
        raise PydanticCustomError("too_short", "is empty: say what the problem is")
    if not any(character.isalnum() for character in text):
        raise ValueError("holds no letter or digit: say what the problem is")
    return text


QueryText = Annotated[
    str,
    BeforeValidator(_utf8),
    StringConstraints(strip_whitespace=True, max_length=LONGEST_QUERY),
    AfterValidator(_has_words),
]


def _of_factors(weights: dict[str, float]) -> dict[str, float]:
    if unknown := sorted(weights.keys() - FACTORS.keys()):
        raise ValueError(f"{', '.join(unknown)} is no factor; the factors are {', '.join(FACTORS)}")
    return weights


Weights = Annotated[
    dict[Name, Annotated[float, Field(ge=0, le=LARGEST_WEIGHT, allow_inf_nan=False)]], AfterValidator(_of_factors)
]
Year = Annotated[int, Field(ge=EARLIEST_YEAR, le=LATEST_YEAR)]


class Wire(BaseModel):
    """A part of a request or response; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Filters(Wire):
    """What results must be; values of one facet are alternatives, facets add up."""

    language: list[Language] = []
    country: list[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]] = Field([], max_length=20)
    region: list[Name] = Field([], max_length=50)
    theme: list[Theme] = []
    target_group: list[TargetGroup] = []
    status: list[Status] = []
    evidence: list[EvidenceLevel] = []
    population_band: list[PopulationBand] = []
    from_year: Year | None = Field(None, description="Earliest starting year.")
    to_year: Year | None = Field(None, description="Latest starting year.")

    def filter(self) -> Filter:
        """The same as the index understands it."""
        values = self.model_dump(mode="json", exclude={"from_year", "to_year"})
        return Filter({k: tuple(v) for k, v in values.items() if v}, self.from_year, self.to_year)


class SearchRequest(Wire):
    """A problem in a municipality's own words."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"text": "gent gran que viu sola i no surt de casa", "municipality": "Reus", "top_k": 5},
                {"text": "jóvenes que dejan el instituto", "filters": {"country": ["IT"]}},
            ]
        },
    )

    text: QueryText
    municipality: Name | None = Field(
        None, description="The reader's municipality: a name, `Name (Region)`, or an INE or ISTAT code."
    )
    reader_language: Language | None = Field(None, description="Preferred language of translations and sentences.")
    filters: Filters = Filters()
    view: View = Field(View.SIMILAR, description="`similar` to reproduce, `different` to adapt.")
    like: list[Name] = Field([], max_length=MOST_STEERING, description="Ids: more like these.")
    unlike: list[Name] = Field([], max_length=MOST_STEERING, description="Ids: not these.")
    weights: Weights = Field({}, description="What counts in the fit, by factor; 1 is the usual weight of many.")
    top_k: int = Field(10, ge=1, le=MOST_RESULTS)
    offset: int = Field(0, ge=0, le=10_000)


class Components(Wire):
    """The two parts of a match: cosine similarity in [-1, 1] and scaled BM25 in [0, 1]."""

    dense: float
    lexical: float


class PassageOut(Wire):
    """The sentence of the record that answers best, word for word; `marked`: (start, end) of matching words."""

    section: str
    text: str
    marked: list[tuple[int, int]] = []


class PracticeSummary(Wire):
    """What a card shows of a practice."""

    id: str
    language: Language
    title: str
    summary: str | None
    municipality: str | None
    body_type: str | None
    population: int | None
    region: str | None
    country: str | None
    themes: list[Theme]
    target_groups: list[TargetGroup]
    status: Status | None
    evidence: EvidenceLevel | None
    start_year: int | None
    end_year: int | None
    url: str | None
    translations: list[str] = []

    @classmethod
    def of(cls, practice: Practice, translations: tuple[str, ...] = ()) -> Self:
        body = practice.body
        return cls(
            id=practice.id,
            language=practice.language,
            title=practice.title,
            summary=practice.summary,
            municipality=body.name if body else None,
            body_type=body.type.value if body else None,
            population=body.population if body else None,
            region=body.region if body else None,
            country=body.country if body else None,
            themes=list(practice.themes),
            target_groups=list(practice.target_groups),
            status=practice.status,
            evidence=practice.evidence,
            start_year=practice.start_year,
            end_year=practice.end_year,
            url=practice.sources[0].url if practice.sources else None,
            translations=list(translations or practice.translations),
        )


class FactorOut(Wire):
    """One factor of the fit: what stands there and here, how well they go together in 0-1, and the sentence."""

    factor: str
    name: str
    score: float | None = Field(description="In 0-1; null when unknown, and then left out of the fit.")
    sentence: str


class FitOut(Wire):
    """How the practice's context compares with the reader's: never a probability of success."""

    score: float | None = Field(description="Weighted mean of the known factors in 0-1; null when none is known.")
    coverage: float = Field(description="Share of the weights whose factors are known, in 0-1.")
    view: View
    weights_version: str | None
    summary: str
    factors: list[FactorOut]
    questions: list[str] = Field(description="What to ask the body that runs the practice.")
    cost: list[str]

    @classmethod
    def of(cls, fit: Fit, say: Translator) -> Self:
        return cls(
            score=None if fit.score is None else round(fit.score, 4),
            coverage=round(fit.coverage, 4),
            view=fit.view,
            weights_version=fit.weights_version,
            summary=fit_sentences.summary(fit, say),
            factors=[
                FactorOut(
                    factor=evidence.factor,
                    name=fit_sentences.factor_name(evidence.factor, say),
                    score=None if evidence.score is None else round(evidence.score, 4),
                    sentence=fit_sentences.sentence(evidence, say),
                )
                for evidence in fit.evidence
            ],
            questions=[fit_sentences.question(asked, say) for asked in fit.questions],
            cost=fit_sentences.cost_sentences(fit.cost, say) if fit.cost else [],
        )


class ResultOut(Wire):
    """One practice and why it was found."""

    practice: PracticeSummary
    strength: float = Field(ge=0, le=1, description="How likely the practice answers the problem.")
    strength_word: str
    passage: PassageOut
    components: Components
    fit: FitOut

    @classmethod
    def of(cls, result: SearchResult, language: str) -> Self:
        return cls(
            practice=PracticeSummary.of(result.practice, result.translations),
            strength=round(result.strength, 4),
            strength_word=result.word.value,
            passage=PassageOut(
                section=result.passage.section.value, text=result.passage.text, marked=list(result.marked)
            ),
            components=Components(dense=round(result.dense, 4), lexical=round(result.lexical, 4)),
            fit=FitOut.of(result.fit, translator(language)),
        )


class PlaceOut(Wire):
    """A municipality as it was understood."""

    name: str
    code: str | None
    population: int | None
    province: str | None
    region: str | None
    country: str | None
    source: str = Field(description="`geonames`: a populated place; `ine` or `istat`: the official list.")

    @classmethod
    def of(cls, place: Municipality) -> Self:
        return cls(
            name=place.name,
            code=place.code,
            population=place.population,
            province=place.province,
            region=place.region,
            country=place.country,
            source=place.source,
        )


class QueryOut(Wire):
    """The question as it was understood."""

    text: str
    language: Language | None
    municipality: PlaceOut | None
    filters: dict[str, Any]
    view: View


class SearchResponse(Wire):
    """Results best first; empty when no practice in the bank answers yet, then `related` holds the nearest."""

    query: QueryOut
    snapshot: str
    encoder: str
    calibrated: bool
    total: int
    results: list[ResultOut]
    related: list[ResultOut]
    facets: dict[str, dict[str, int]]

    @classmethod
    def of(
        cls, answer: SearchAnswer, *, query: QueryOut, manifest: Manifest, calibrated: bool, language: str
    ) -> Self:
        return cls(
            query=query,
            snapshot=manifest.name,
            encoder=manifest.encoder.name,
            calibrated=calibrated,
            total=answer.total,
            results=[ResultOut.of(result, language) for result in answer.results],
            related=[ResultOut.of(result, language) for result in answer.related],
            facets=answer.facets,
        )


class SimilarOut(Wire):
    """A practice like another, with the cosine similarity of the two records in [-1, 1]."""

    practice: PracticeSummary
    similarity: float


class ThemeOut(Wire):
    """A theme, its label in the language asked for and in all four, and how many practices are about it."""

    theme: Theme
    label: str
    labels: dict[str, str]
    practices: int
