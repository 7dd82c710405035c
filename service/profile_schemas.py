"""What goes over the wire of profiles, twins and recommendations: data with its sentences."""

from typing import Self

from pydantic import Field

from service import profile_sentences
from service.i18n import Translator
from service.profiles import Fact, KnownProfile
from service.recommendation import Recommendation
from service.schemas import FitOut, PassageOut, PlaceOut, PracticeSummary, Wire
from service.twins import Comparison, Twin

Plain = str | int | float | tuple[str, ...] | None


class FactOut(Wire):
    """One attribute of a municipality, and where its value comes from."""

    attribute: str
    name: str
    value: Plain
    finding: str = Field(description="Where the value comes from, or why there is none, in a code.")
    year: int | None = Field(description="The year the value stands for.")
    source: str

    @classmethod
    def of(cls, fact: Fact, say: Translator) -> Self:
        return cls(
            attribute=fact.attribute,
            name=profile_sentences.attribute_name(fact.attribute, say),
            value=fact.value,
            finding=fact.finding.value,
            year=fact.year,
            source=profile_sentences.source(fact, say),
        )


class ProfileOut(Wire):
    """What is known of a municipality: reference data, overlaid by what it says of itself."""

    municipality: PlaceOut
    key: str
    facts: list[FactOut]

    @classmethod
    def of(cls, profile: KnownProfile, say: Translator) -> Self:
        return cls(
            municipality=PlaceOut.of(profile.municipality),
            key=profile.municipality.key,
            facts=[FactOut.of(fact, say) for fact in profile.facts()],
        )


class ComparisonOut(Wire):
    """One attribute of two municipalities."""

    attribute: str
    yours: Plain
    theirs: Plain
    distance: float | None = Field(description="In 0-1; null when unknown, and then left out.")
    sentence: str

    @classmethod
    def of(cls, compared: Comparison, say: Translator) -> Self:
        return cls(
            attribute=compared.attribute,
            yours=compared.yours,
            theirs=compared.theirs,
            distance=None if compared.distance is None else round(compared.distance, 4),
            sentence=profile_sentences.comparison(compared, say),
        )


class TwinOut(Wire):
    """A municipality like the reader's, and what makes it so."""

    municipality: PlaceOut
    key: str
    distance: float = Field(description="Gower's distance over what is known of both, in 0-1; 0 is alike.")
    coverage: float = Field(description="Share of the weights that were compared, in 0-1.")
    summary: str
    agrees: list[ComparisonOut]
    differs: list[ComparisonOut]
    unknown: list[str] = Field(description="Attributes left out, for want of a value of either.")

    @classmethod
    def of(cls, twin: Twin, say: Translator) -> Self:
        return cls(
            municipality=PlaceOut.of(twin.municipality),
            key=twin.municipality.key,
            distance=round(twin.distance, 4),
            coverage=round(twin.coverage, 4),
            summary=profile_sentences.twin_summary(twin, say),
            agrees=[ComparisonOut.of(each, say) for each in twin.agrees],
            differs=[ComparisonOut.of(each, say) for each in twin.differs],
            unknown=[each.attribute for each in twin.unknown],
        )


class ForNeedOut(Wire):
    """A need the practice answers, and the sentence of the record that does."""

    need: str
    strength: float
    strength_word: str
    passage: PassageOut
    sentence: str


class ByTwinOut(Wire):
    """A municipality like the reader's that runs the practice or took it over."""

    municipality: PlaceOut
    key: str
    distance: float
    took_over: bool
    sentence: str


class RecommendationOut(Wire):
    """A practice for a municipality, why, and how its context compares."""

    practice: PracticeSummary
    finding: str = Field(description="`need`, `twin` or `both`.")
    needs: list[ForNeedOut]
    twins: list[ByTwinOut]
    fits: list[FitOut] = Field(description="One; for a body made of municipalities, one for each of them.")

    @classmethod
    def of(cls, recommended: Recommendation, say: Translator) -> Self:
        return cls(
            practice=PracticeSummary.of(recommended.practice),
            finding=recommended.finding.value,
            needs=[
                ForNeedOut(
                    need=each.need,
                    strength=round(each.strength, 4),
                    strength_word=each.word.value,
                    passage=PassageOut(section=each.passage.section.value, text=each.passage.text),
                    sentence=profile_sentences.reason(each, say),
                )
                for each in recommended.needs
            ],
            twins=[
                ByTwinOut(
                    municipality=PlaceOut.of(each.twin.municipality),
                    key=each.twin.municipality.key,
                    distance=round(each.twin.distance, 4),
                    took_over=each.took_over,
                    sentence=profile_sentences.reason(each, say),
                )
                for each in recommended.twins
            ],
            fits=[FitOut.of(fit, say) for fit in recommended.fits],
        )
