"""What only an administrator does: make, list and revoke keys, and read who wrote what."""

from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import ConfigDict, Field

from corpus.network import AuditEntry, Key, Role
from corpus.practice import Line, Slug
from service.access import Action, mint, require
from service.routes.shared import REFUSALS, WITH_KEY, Asker, Held
from service.schemas import Name, Wire

router = APIRouter(prefix="/v1", tags=["keys and audit"], dependencies=WITH_KEY, responses=REFUSALS)

HIGHEST_NUMBER = 2**53  # that JSON carries exactly


class KeyIn(Wire):
    """The key that is wanted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {"role": "municipality", "label": "Serveis socials de Reus", "municipality": "Reus"},
                {"role": "partner", "label": "Portal social", "regions": ["Catalunya"], "per_minute": 600},
            ]
        },
    )

    role: Role
    label: Line = Field(description="Whose it is and what for, in words.")
    municipality: Name | None = Field(None, description="Name or code, of a municipality's key.")
    regions: list[Name] = Field([], max_length=50, description="A partner reads what is of these; of all without.")
    origins: list[Name] = Field([], max_length=50, description="Sites a partner uses it on, as a label.")
    per_minute: int = Field(240, ge=1, le=100_000, description="Requests it may make.")
    expires_on: date | None = Field(None, description="The last day it is good.")


class KeyOut(Wire):
    """A key as it is kept, without what could open anything."""

    id: str
    role: Role
    label: str
    municipality: str | None
    regions: list[str]
    origins: list[str]
    per_minute: int
    created_at: datetime
    expires_on: date | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: Key) -> Self:
        return cls(**key.model_dump(exclude={"digest"}))


class KeyMade(Wire):
    """A new key, with the secret to send: it is shown this once."""

    key: KeyOut
    secret: str = Field(description="What to send as `Authorization: Bearer <secret>`. Kept nowhere: note it now.")


@router.post("/keys", status_code=201)
def make_key(asked: KeyIn, held: Held, asker: Asker) -> KeyMade:
    """Make a key. Its secret is in this answer and nowhere else."""
    require(asker, Action.KEEP_KEYS)
    key, secret = mint(held.municipalities, **dict(asked))
    held.network.put_key(key, by=asker.id)
    return KeyMade(key=KeyOut.of(key), secret=secret)


@router.get("/keys")
def list_keys(held: Held, asker: Asker) -> list[KeyOut]:
    """Every key ever made, oldest first, expired and revoked ones too."""
    require(asker, Action.KEEP_KEYS)
    return list(map(KeyOut.of, held.network.keys()))


@router.delete("/keys/{key_id}", status_code=204, responses={404: {"description": "No key has that id."}})
def revoke_key(
    key_id: Annotated[Slug, Path(examples=["serveis-socials-de-reus-3f9a2c"])], held: Held, asker: Asker
) -> None:
    """Have a key open nothing from now on. It stays on the list."""
    require(asker, Action.KEEP_KEYS)
    held.network.revoke_key(key_id, by=asker.id)


@router.get("/audit")
def audit(
    held: Held,
    asker: Asker,
    since: Annotated[
        int, Query(ge=0, le=HIGHEST_NUMBER, description="The number of the last entry you have.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> list[AuditEntry]:
    """Who wrote what to the network and when, oldest first: keys by their id. Practices have their history."""
    require(asker, Action.READ_AUDIT)
    return held.network.audit(since, limit)
