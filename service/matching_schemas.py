"""What goes over the wire of matchmaking: pairs with their reasons, as data and in sentences."""

from datetime import datetime
from typing import Self

from pydantic import Field

from corpus.network import Need, Offer
from corpus.practice import Contact
from corpus.vocabulary import Language, Theme, label
from service import matching_sentences
from service.i18n import Translator
from service.introductions import Answer, Network, PlannedMeetings
from service.matchmaking import Cell, Exchange, Introduction, Member, PlannedMeeting, UnmetTheme
from service.profile_schemas import Plain
from service.schemas import PlaceOut, PracticeSummary, ResultOut, Wire

SIZE_BANDS_OUT = ("to-5000", "5001-20000", "20001-50000", "over-50000")  # bounds as the law draws them


class MemberOut(Wire):
    """A municipality of the network."""

    key: str = Field(description="What its needs and offers name it by.")
    municipality: PlaceOut
    languages: list[Language] = Field(description="Those its staff read, or the official ones of its territory.")

    @classmethod
    def of(cls, member: Member) -> Self:
        return cls(
            key=member.key, municipality=PlaceOut.of(member.municipality), languages=sorted(member.languages)
        )


class ReasonOut(Wire):
    """One part of the score of a pair: what is known of both, how good it is, and the sentence."""

    part: str
    name: str
    theirs: Plain | list[str] = Field(description="Of the one met.")
    yours: Plain | list[str] = Field(description="Of the one who asks.")
    finding: str
    score: float | None = Field(description="In 0-1; null when unknown, and then left out of the mean.")
    sentence: str


class IntroductionOut(Wire):
    """Two municipalities that should meet, and why."""

    asks: MemberOut
    meets: MemberOut
    need: Need
    offer: Offer | None = Field(description="What may help; null where the other has the same problem.")
    practice: PracticeSummary | None = Field(description="The practice that the offer explains.")
    shares: Need | None = Field(description="The other's need, where it is like this one.")
    contact: Contact | None = Field(description="Whom to write to at the one met: an office.")
    score: float = Field(ge=0, le=1, description="Weighted mean of what is known.")
    similarity: float = Field(description="Cosine of the two texts, in [-1, 1].")
    languages: list[Language] = Field(description="Those both read.")
    themes: list[Theme] = Field(description="Those in common.")
    distance_km: int | None
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, introduced: Introduction, network: Network, say: Translator) -> Self:
        pair = introduced.pair
        offer = pair.counterpart if isinstance(pair.counterpart, Offer) else None
        practice = network.practices.get(offer.id) if offer else None
        return cls(
            asks=MemberOut.of(pair.asks),
            meets=MemberOut.of(pair.meets),
            need=pair.need,
            offer=offer,
            practice=PracticeSummary.of(practice) if practice else None,
            shares=pair.counterpart if isinstance(pair.counterpart, Need) else None,
            contact=network.contact(introduced),
            score=round(introduced.score, 4),
            similarity=round(introduced.pair.similarity, 4),
            languages=list(pair.languages),
            themes=list(pair.themes),
            distance_km=pair.distance_km,
            reasons=[
                ReasonOut(
                    part=each.factor,
                    name=matching_sentences.part_name(each.factor, say),
                    theirs=each.source,
                    yours=each.target,
                    finding=each.finding,
                    score=None if each.score is None else round(each.score, 4),
                    sentence=matching_sentences.sentence(each, introduced, say),
                )
                for each in introduced.evidence
            ],
        )


class IntroductionsOut(Wire):
    """Whom a need leads to, best first; nobody once it is closed."""

    need: Need
    open: bool
    introductions: list[IntroductionOut]


class ExchangeOut(Wire):
    """Two municipalities that can help one another; the score is that of the side that gains less."""

    score: float
    there: IntroductionOut
    back: IntroductionOut

    @classmethod
    def of(cls, exchange: Exchange, network: Network, say: Translator) -> Self:
        return cls(
            score=round(exchange.score, 4),
            there=IntroductionOut.of(exchange.there, network, say),
            back=IntroductionOut.of(exchange.back, network, say),
        )


class PlannedMeetingOut(Wire):
    """Two municipalities that are to meet, in which round, and for what."""

    round: int | None
    one: MemberOut
    other: MemberOut
    value: float = Field(description="In 0-2: the sum of what either side gains.")
    introductions: list[IntroductionOut]

    @classmethod
    def of(cls, meeting: PlannedMeeting, planned: PlannedMeetings, network: Network, say: Translator) -> Self:
        return cls(
            round=meeting.round,
            one=MemberOut.of(planned.members[meeting.one]),
            other=MemberOut.of(planned.members[meeting.other]),
            value=round(meeting.value, 4),
            introductions=[IntroductionOut.of(each, network, say) for each in meeting.introductions],
        )


class UnmatchedOut(Wire):
    """A municipality that meets nobody, and why."""

    member: MemberOut
    reason: str
    sentence: str


class ViolationOut(Wire):
    """One limit that the plan breaks."""

    limit: str
    members: list[str]
    found: int | None


class MeetingPlanOut(Wire):
    """The meetings of greatest total value, beside what the most valuable first would have come to."""

    value: float
    greedy_value: float
    meetings: list[PlannedMeetingOut]
    unmatched: list[UnmatchedOut]
    without_round: list[PlannedMeetingOut] = Field(description="Chosen, and in no round that was free for both.")
    rounds_needed: int | None
    violations: list[ViolationOut] = Field(description="Limits the plan breaks, checked anew: none.")

    @classmethod
    def of(cls, planned: PlannedMeetings, network: Network, say: Translator) -> Self:
        plan = planned.plan
        return cls(
            value=round(plan.value, 4),
            greedy_value=round(planned.greedy_value, 4),
            meetings=[PlannedMeetingOut.of(each, planned, network, say) for each in plan.meetings],
            unmatched=[
                UnmatchedOut(
                    member=MemberOut.of(planned.members[key]),
                    reason=reason.value,
                    sentence=matching_sentences.unmatched(reason, say),
                )
                for key, reason in plan.unmatched.items()
            ],
            without_round=[PlannedMeetingOut.of(each, planned, network, say) for each in plan.without_round],
            rounds_needed=plan.rounds_needed,
            violations=[
                ViolationOut(limit=each.limit.value, members=list(each.members), found=each.found)
                for each in planned.broken
            ],
        )


class AnswerOut(Wire):
    """A practice that answers a need, and when its record last changed."""

    changed_at: datetime | None = Field(description="Null where the store has no history of it.")
    result: ResultOut

    @classmethod
    def of(cls, answer: Answer, say: Translator) -> Self:
        return cls(changed_at=answer.changed_at, result=ResultOut.of(answer.result, say.language))


class AnswersOut(Wire):
    """What in the bank answers a need, the newest change first."""

    need: Need
    open: bool
    calibrated: bool = Field(
        description="Whether the encoder has a floor; without one, nothing is said to answer."
    )
    answers: list[AnswerOut]


class CellOut(Wire):
    """How many municipalities with how many unmet needs stand behind one value."""

    value: str | None = Field(description="A region, or a size band; null: not known.")
    municipalities: int
    needs: int

    @classmethod
    def of(cls, cell: Cell) -> Self:
        value = SIZE_BANDS_OUT[cell.value] if isinstance(cell.value, int) else cell.value
        return cls(value=value, municipalities=cell.municipalities, needs=cell.needs)


class UnmetOut(Wire):
    """A theme that is needed and not answered; what stands for fewer than five municipalities is withheld."""

    theme: Theme | None = Field(description="Null: needs that name no theme.")
    label: str | None
    municipalities: int
    needs: int
    territories: list[CellOut]
    size_bands: list[CellOut]

    @classmethod
    def of(cls, row: UnmetTheme, say: Translator) -> Self:
        return cls(
            theme=row.theme,
            label=label(row.theme, say.language) if row.theme else None,
            municipalities=row.municipalities,
            needs=row.needs,
            territories=list(map(CellOut.of, row.territories)),
            size_bands=list(map(CellOut.of, row.size_bands)),
        )
