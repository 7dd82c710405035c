"""What municipalities tell a network about themselves: profile, needs, offers, meetings held, keys and audit.

Frozen and validated like a practice; unknown is absent, never guessed. A municipality is named by its key: an
INE or ISTAT code, or `geonames:<number>` while no official list is loaded (`Municipality.key`). Amounts are EUR,
shares lie in [0, 1].
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from corpus.practice import Contact, Line, Record, Slug
from corpus.vocabulary import Language, TargetGroup, Theme

MunicipalityKey = Annotated[str, StringConstraints(pattern=r"^(\d{5}|\d{6}|geonames:\d{1,12})$")]
Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


class Visibility(StrEnum):
    """Who may read a need or an offer."""

    PRIVATE = "private"  # the municipality itself, and the administrator
    NETWORK = "network"  # every municipality with a key
    PUBLIC = "public"  # anybody, partner sites too


class Settlement(StrEnum):
    """The kind of settlement, as the Degree of Urbanisation tells them (Eurostat, regulation 2017/2391)."""

    CITY = "city"
    TOWN = "town"
    RURAL = "rural"


class Profile(Record):
    """What a municipality is like, where it says so itself; the rest is prefilled from reference data."""

    municipality: MunicipalityKey
    population: Annotated[int, Field(ge=0, le=50_000_000)] | None = None
    settlement: Settlement | None = None
    languages: tuple[Language, ...] = Field((), description="Languages its staff read.")
    budget_eur: Annotated[float, Field(ge=0, le=1e11)] | None = Field(
        None, description="Yearly budget of social services."
    )
    ageing_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Share of inhabitants aged 65 and over."
    )
    services: tuple[Line, ...] = Field((), description="Services already there, in its own words.")
    target_groups: tuple[TargetGroup, ...] = Field((), description="Groups it is most concerned with.")
    weights: dict[str, Annotated[float, Field(ge=0, le=100)]] = Field(
        {}, description="What counts for it in the fit, by factor; the default where it says nothing."
    )
    contact: Contact | None = None


class Need(Record):
    """A problem a municipality looks for help with."""

    id: Slug
    municipality: MunicipalityKey
    text: Statement
    language: Language
    themes: tuple[Theme, ...] = ()
    visibility: Visibility = Visibility.NETWORK
    created_on: date
    open_until: date | None = Field(None, description="Last day it is open; without one it stays open.")

    def is_open(self, today: date) -> bool:
        """Whether help is still looked for."""
        return self.open_until is None or today <= self.open_until


class Offer(Record):
    """What a municipality will explain or help with: a practice of its own, or help stated in words."""

    id: Slug
    municipality: MunicipalityKey
    practice_id: Slug | None = Field(None, description="The practice its owner is willing to explain.")
    text: Statement | None = Field(None, description="Help offered, in words.")
    language: Language
    themes: tuple[Theme, ...] = ()
    visibility: Visibility = Visibility.NETWORK
    created_on: date
    open_until: date | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.practice_id is None and self.text is None:
            raise ValueError("an offer names a practice or says in words what is offered")
        return self

    def is_open(self, today: date) -> bool:
        """Whether it still stands."""
        return self.open_until is None or today <= self.open_until


class Meeting(Record):
    """Two municipalities that met in a round, so that a later round need not repeat it."""

    round: Annotated[int, Field(ge=1, le=10_000)]
    one: MunicipalityKey
    other: MunicipalityKey
    held_on: date | None = None


class Role(StrEnum):
    """What a key may do: everything, a municipality's own, or read what is published."""

    ADMINISTRATOR = "administrator"
    MUNICIPALITY = "municipality"
    PARTNER = "partner"


class Key(Record):
    """A key as it is kept: its secret only as a SHA-256 digest of 256 random bits."""

    id: Slug
    role: Role
    label: Line
    municipality: MunicipalityKey | None = Field(None, description="Whose key it is, of that role.")
    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    regions: tuple[Line, ...] = Field((), description="A partner's searches are limited to these regions.")
    origins: tuple[Line, ...] = Field((), description="Sites a partner uses it on: a label of its quota.")
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 240
    created_at: datetime
    expires_on: date | None = None
    revoked_at: datetime | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.role is Role.MUNICIPALITY) != (self.municipality is not None):
            raise ValueError("a municipality's key names its municipality, and no other key does")
        return self

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at that moment."""
        return self.revoked_at is None and (self.expires_on is None or now.date() <= self.expires_on)


class AuditEntry(Record):
    """One write: when, by whom (the id of a key, never the key), what it did to which thing."""

    number: int
    at: datetime
    by: Line
    action: Line
    subject: Line
