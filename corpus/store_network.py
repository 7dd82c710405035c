"""The store of the network: what municipalities tell of themselves, their keys, and who wrote what when.

Each write and its entry in the audit log share one transaction; a write that changes nothing has no entry. The
practices themselves, and their history, are in `corpus/store.py`, in the same database.
"""

import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from corpus.errors import IdTaken, UnknownDraft, UnknownKeyId, UnknownNeed, UnknownOffer
from corpus.network import AuditEntry, Key, Meeting, Need, Offer, Profile
from corpus.practice import Practice, Record
from corpus.store_database import Database, Number

LONGEST_SLUG = 60  # characters of an id that are told from words

_metadata = sa.MetaData()

profile_table = sa.Table(
    "profile",
    _metadata,
    sa.Column("municipality", sa.String(20), primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)


def _owned(name: str, *more: sa.Column[Any]) -> sa.Table:
    """A table of things that each belong to one municipality for good."""
    return sa.Table(
        name,
        _metadata,
        sa.Column("id", sa.String(120), primary_key=True),
        sa.Column("municipality", sa.String(20), nullable=False, index=True),
        *more,
        sa.Column("record", sa.Text, nullable=False),
    )


need_table = _owned("need")
offer_table = _owned("offer")
draft_table = _owned("draft", sa.Column("at", sa.DateTime(timezone=True), nullable=False))
meeting_table = sa.Table(
    "meeting",
    _metadata,
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("one", sa.String(20), primary_key=True),
    sa.Column("other", sa.String(20), primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)
key_table = sa.Table(
    "access_key",
    _metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("record", sa.Text, nullable=False),
)
audit_table = sa.Table(
    "audit",
    _metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by", sa.String(500), nullable=False),
    sa.Column("action", sa.String(500), nullable=False),
    sa.Column("subject", sa.String(500), nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class PracticeDraft:
    """A practice a municipality proposes; it waits for the administrator to publish it."""

    municipality: str
    at: datetime
    practice: Practice


def new_id(text: str) -> str:
    """An id for a new need, offer or key: the first words of a text, to be recognised by, and 24 random bits."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = "-".join(re.findall("[a-z0-9]+", plain))
    if len(words) > LONGEST_SLUG:
        words = words[:LONGEST_SLUG].rpartition("-")[0] or words[:LONGEST_SLUG]
    return "-".join(filter(None, (words, secrets.token_hex(3))))


R = TypeVar("R", bound=Record)


class NetworkStore:
    """Profiles, needs, offers, drafts, meetings, keys and the audit log. Safe for many processes at once.

    `by` says who writes: the id of a key, or a name given on the command line; 1 to 500 characters. What is put
    replaces what has the same id.
    """

    def __init__(self, url: str) -> None:
        """Connect and bring the schema up to date. `url`: an SQLAlchemy address, sqlite or postgresql.

        Raises:
            StoreUnavailable: the database cannot be reached, or was migrated by a newer version.
        """
        self._database = Database(url)

    def close(self) -> None:
        """Give back all connections."""
        self._database.close()

    # Profiles

    def profile(self, municipality: str) -> Profile:
        """What a municipality says of itself, by its key; nothing where it has said nothing yet."""
        return self._one(Profile, profile_table.c.municipality, municipality) or Profile(municipality=municipality)

    def profiles(self) -> list[Profile]:
        """The profile of each municipality that has told one, in order of their keys."""
        return sorted(self._all(Profile, profile_table), key=lambda profile: profile.municipality)

    def put_profile(self, profile: Profile, *, by: str) -> None:
        """Add or replace a municipality's profile."""
        self._put(profile_table, profile, "profile", by, municipality=profile.municipality)

    # Needs

    def need(self, need_id: str) -> Need:
        """One need.

        Raises:
            UnknownNeed: there is none with that id.
        """
        if found := self._one(Need, need_table.c.id, need_id):
            return found
        raise UnknownNeed(need_id)

    def needs(self, municipality: str | None = None) -> list[Need]:
        """All needs, or those of one municipality, open or not, in order of id."""
        return sorted(self._all(Need, need_table, municipality), key=lambda need: need.id)

    def put_need(self, need: Need, *, by: str, new: bool = False) -> None:
        """Add or replace a need; a `new` one replaces none.

        Raises:
            IdTaken: it is the id of another municipality's need, or for a `new` one of any.
        """
        self._put(need_table, need, "need", by, new=new, id=need.id, municipality=need.municipality)

    def remove_need(self, need_id: str, *, by: str) -> None:
        """Take a need out.

        Raises:
            UnknownNeed: there is none with that id.
        """
        self._remove(need_table, need_id, "need removed", by, missing=UnknownNeed(need_id))

    # Offers

    def offer(self, offer_id: str) -> Offer:
        """One offer.

        Raises:
            UnknownOffer: there is none with that id.
        """
        if found := self._one(Offer, offer_table.c.id, offer_id):
            return found
        raise UnknownOffer(offer_id)

    def offers(self, municipality: str | None = None) -> list[Offer]:
        """All offers, or those of one municipality, standing or not, in order of id."""
        return sorted(self._all(Offer, offer_table, municipality), key=lambda offer: offer.id)

    def put_offer(self, offer: Offer, *, by: str, new: bool = False) -> None:
        """Add or replace an offer; a `new` one replaces none.

        Raises:
            IdTaken: it is the id of another municipality's offer, or for a `new` one of any.
        """
        self._put(offer_table, offer, "offer", by, new=new, id=offer.id, municipality=offer.municipality)

    def remove_offer(self, offer_id: str, *, by: str) -> None:
        """Take an offer out.

        Raises:
            UnknownOffer: there is none with that id.
        """
        self._remove(offer_table, offer_id, "offer removed", by, missing=UnknownOffer(offer_id))

    # Drafts of practices

    def draft(self, practice_id: str) -> PracticeDraft:
        """The draft of one practice.

        Raises:
            UnknownDraft: none waits under that id.
        """
        for draft in self._drafts(draft_table.c.id == practice_id):
            return draft
        raise UnknownDraft(practice_id)

    def drafts(self, municipality: str | None = None) -> list[PracticeDraft]:
        """All drafts that wait, or those of one municipality, in order of the practice's id."""
        own = () if municipality is None else (draft_table.c.municipality == municipality,)
        return sorted(self._drafts(*own), key=lambda draft: draft.practice.id)

    def put_draft(self, municipality: str, practice: Practice, *, by: str) -> PracticeDraft:
        """Have a practice wait for the administrator, in place of a draft of the same id.

        Raises:
            IdTaken: another municipality's draft waits under that id.
        """
        now = datetime.now(UTC)
        self._put(draft_table, practice, "draft", by, id=practice.id, municipality=municipality, at=now)
        return PracticeDraft(municipality, now, practice)

    def remove_draft(self, practice_id: str, *, by: str, published: bool = False) -> None:
        """A draft waits no longer: withdrawn or declined, or since it was `published`.

        Raises:
            UnknownDraft: none waits under that id.
        """
        action = "draft published" if published else "draft removed"
        self._remove(draft_table, practice_id, action, by, missing=UnknownDraft(practice_id))

    # Meetings

    def meetings(self) -> list[Meeting]:
        """All meetings held, in order of round and of the two municipalities."""
        held = self._all(Meeting, meeting_table)
        return sorted(held, key=lambda meeting: (meeting.round, meeting.one, meeting.other))

    def add_meetings(self, meetings: Iterable[Meeting], *, by: str) -> int:
        """Note meetings, all of them or none; returns how many were new or changed. One audit entry a round.

        Two municipalities meet once a round, whoever is named first: they are kept in order of their keys.
        """
        noted: Counter[int] = Counter()
        with self._database.writing() as connection:
            for meeting in meetings:
                one, other = sorted((meeting.one, meeting.other))
                row = {"round": meeting.round, "one": one, "other": other}
                record = _dump(meeting.model_copy(update=row))
                noted[meeting.round] += _replace(connection, meeting_table, row | {"record": record}) is not None
            for number, count in noted.items():
                if count:
                    _log(connection, by, "meetings added", f"round {number}: {count}")
        return noted.total()

    # Keys

    def keys(self) -> list[Key]:
        """Every key ever made, revoked and expired ones too, oldest first."""
        return sorted(self._all(Key, key_table), key=lambda key: (key.created_at, key.id))

    def key_by_digest(self, digest: str) -> Key | None:
        """The key whose secret has that SHA-256 digest, valid or not; None when there is none."""
        return self._one(Key, key_table.c.digest, digest)

    def put_key(self, key: Key, *, by: str) -> None:
        """Add or replace a key."""
        self._put(key_table, key, "key", by, id=key.id, digest=key.digest)

    def revoke_key(self, key_id: str, *, by: str) -> None:
        """Have a key open nothing from now on; one that was revoked before stays so since then.

        Raises:
            UnknownKeyId: no key has that id.
        """
        here = key_table.c.id == key_id
        with self._database.writing() as connection:
            record = connection.scalar(sa.select(key_table.c.record).where(here))
            if record is None:
                raise UnknownKeyId(key_id)
            key = _load(Key, record)
            if key.revoked_at is None:
                revoked = key.model_copy(update={"revoked_at": datetime.now(UTC)})
                connection.execute(key_table.update().where(here).values(record=_dump(revoked)))
                _log(connection, by, "key revoked", key_id)

    # The audit log

    def audit(self, since: int = 0, limit: int = 100) -> list[AuditEntry]:
        """At most `limit` entries with a number above `since`, oldest first."""
        query = sa.select(audit_table).where(audit_table.c.number > since).order_by(audit_table.c.number)
        with self._database.engine.connect() as connection:
            return [
                AuditEntry(**{**row, "at": _in_utc(row["at"])})
                for row in connection.execute(query.limit(limit)).mappings()
            ]

    # How rows are read and written

    def _one(self, kind: type[R], column: sa.Column[Any], value: str) -> R | None:
        """The record of the one row that has that value in a unique column, or None."""
        with self._database.engine.connect() as connection:
            record = connection.scalar(sa.select(column.table.c.record).where(column == value))
        return None if record is None else _load(kind, record)

    def _all(self, kind: type[R], table: sa.Table, municipality: str | None = None) -> list[R]:
        """The records of a table, of one municipality where one is named.

        In no order: databases order letters each in their way, so the callers sort.
        """
        query = sa.select(table.c.record)
        if municipality is not None:
            query = query.where(table.c.municipality == municipality)
        with self._database.engine.connect() as connection:
            return [_load(kind, record) for record in connection.scalars(query)]

    def _drafts(self, *where: sa.ColumnElement[bool]) -> list[PracticeDraft]:
        with self._database.engine.connect() as connection:
            return [
                PracticeDraft(row.municipality, _in_utc(row.at), _load(Practice, row.record))
                for row in connection.execute(sa.select(draft_table).where(*where))
            ]

    def _put(
        self, table: sa.Table, record: Record, noun: str, by: str, *, new: bool = False, **columns: Any
    ) -> None:
        """Add or replace a row, and log it under the first of its columns."""
        with self._database.writing() as connection:
            if done := _replace(connection, table, {**columns, "record": _dump(record)}, new=new):
                _log(connection, by, f"{noun} {done}", next(iter(columns.values())))

    def _remove(self, table: sa.Table, thing_id: str, action: str, by: str, *, missing: Exception) -> None:
        with self._database.writing() as connection:
            if connection.execute(table.delete().where(table.c.id == thing_id)).rowcount == 0:
                raise missing
            _log(connection, by, action, thing_id)


def _dump(record: Record) -> str:
    return record.model_dump_json(exclude_defaults=True)


def _load(kind: type[R], record: str) -> R:
    return kind.model_validate_json(record)


def _in_utc(at: datetime) -> datetime:
    """SQLite forgets the time zone, PostgreSQL tells it in its own."""
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _replace(connection: sa.Connection, table: sa.Table, row: dict[str, Any], *, new: bool = False) -> str | None:
    """Write a row over the one with its primary key; "added", "changed", or None where the record is the same.

    Raises:
        IdTaken: the row there is another municipality's, or there is one at all where the row must be `new`.
    """
    here = [column == row[column.name] for column in table.primary_key]
    before = connection.execute(sa.select(table).where(*here)).mappings().one_or_none()
    if before is None:
        connection.execute(table.insert().values(**row))
        return "added"
    if new or before.get("municipality") != row.get("municipality"):
        raise IdTaken(row["id"])
    if before["record"] == row["record"]:
        return None
    connection.execute(table.update().where(*here).values(**row))
    return "changed"


def _log(connection: sa.Connection, by: str, action: str, subject: str) -> None:
    """Raises: ValidationError when `by` is no name, so that no write goes by nobody."""
    entry = AuditEntry(number=0, at=datetime.now(UTC), by=by, action=action, subject=subject)
    connection.execute(audit_table.insert().values(entry.model_dump(exclude={"number"})))
