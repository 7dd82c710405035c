"""The store of record: practices, and every change ever made to them, in SQLite or PostgreSQL.

Each write and its entry in the change log share one transaction. The log is at once the history of a record
(who, when, what) and the queue the index follows: a snapshot names the last change it holds.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from corpus.errors import UnknownPractice
from corpus.practice import Practice
from corpus.store_database import Database, Number

_ROWS_AT_A_TIME = 500

_metadata = sa.MetaData()

practice_table = sa.Table(
    "practice",
    _metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)
change_table = sa.Table(
    "change",
    _metadata,
    sa.Column("number", Number, primary_key=True),
    sa.Column("practice_id", sa.String(120), nullable=False, index=True),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("record", sa.Text, nullable=True),
    sqlite_autoincrement=True,  # a number is never given twice, not even after the last row is gone
)


class ChangeKind(StrEnum):
    """What a change did to a record."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True)
class Change:
    """One entry of a record's history; `practice` is the record after it, None when it was removed."""

    number: int
    practice_id: str
    kind: ChangeKind
    at: datetime
    by: str
    practice: Practice | None


def _dump(practice: Practice) -> str:
    return practice.model_dump_json(exclude_defaults=True)


def _load(record: str) -> Practice:
    return Practice.model_validate_json(record)


class PracticeStore:
    """Practices by id, with history. Safe for many processes at once."""

    def __init__(self, url: str) -> None:
        """Connect and bring the schema up to date. `url`: an SQLAlchemy address, sqlite or postgresql.

        Raises:
            StoreUnavailable: the database cannot be reached, or was migrated by a newer version.
        """
        self._database = Database(url)
        self._engine = self._database.engine

    def close(self) -> None:
        """Give back all connections."""
        self._database.close()

    # Reading

    def practice(self, practice_id: str) -> Practice:
        """One record.

        Raises:
            UnknownPractice: there is none with that id.
        """
        with self._engine.connect() as connection:
            record = connection.scalar(
                sa.select(practice_table.c.record).where(practice_table.c.id == practice_id)
            )
        if record is None:
            raise UnknownPractice(practice_id)
        return _load(record)

    def practices(self) -> Iterator[Practice]:
        """All records in order of id, a few hundred at a time, as they stood when the reading began."""
        with self._engine.connect().execution_options(yield_per=_ROWS_AT_A_TIME) as connection:
            for row in connection.execute(sa.select(practice_table.c.record).order_by(practice_table.c.id)):
                yield _load(row.record)

    def count(self) -> int:
        """How many records there are."""
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(practice_table)) or 0

    def last_change(self) -> int:
        """The number of the last change; 0 before the first."""
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.max(change_table.c.number))) or 0

    def changes_since(self, number: int) -> tuple[int, dict[str, Practice | None]]:
        """The last change's number, and the final state of every record changed after `number` (None: removed)."""
        columns = change_table.c.number, change_table.c.practice_id, change_table.c.record
        query = sa.select(*columns).where(change_table.c.number > number).order_by(change_table.c.number)
        last, states = number, {}
        with self._engine.connect() as connection:
            for last, practice_id, record in connection.execute(query):  # noqa: B007 - the last one is returned
                states[practice_id] = record
        return last, {key: None if record is None else _load(record) for key, record in states.items()}

    def history(self, practice_id: str) -> list[Change]:
        """Every change of one record, oldest first; empty for an id never used."""
        query = (
            sa.select(change_table)
            .where(change_table.c.practice_id == practice_id)
            .order_by(change_table.c.number)
        )
        with self._engine.connect() as connection:
            return [
                Change(
                    number=row.number,
                    practice_id=row.practice_id,
                    kind=ChangeKind(row.kind),
                    at=row.at.replace(tzinfo=row.at.tzinfo or UTC),
                    by=row.by,
                    practice=None if row.record is None else _load(row.record),
                )
                for row in connection.execute(query)
            ]

    # Writing

    def put(self, practices: Iterable[Practice], *, by: str) -> int:
        """Add or replace records, all of them or none; a record that stays the same is no change.

        `by` says who, for the history. Returns how many records were added or changed.
        """
        changed = 0
        with self._database.writing() as connection:
            for practice in practices:
                record = _dump(practice)
                here = practice_table.c.id == practice.id
                old = connection.scalar(sa.select(practice_table.c.record).where(here))
                if old == record:
                    continue
                if old is None:
                    connection.execute(practice_table.insert().values(id=practice.id, record=record))
                else:
                    connection.execute(practice_table.update().where(here).values(record=record))
                kind = ChangeKind.ADDED if old is None else ChangeKind.CHANGED
                self._log(connection, practice.id, kind, by, record)
                changed += 1
        return changed

    def remove(self, practice_id: str, *, by: str) -> None:
        """Take one record out; its history stays.

        Raises:
            UnknownPractice: there is none with that id.
        """
        with self._database.writing() as connection:
            gone = connection.execute(practice_table.delete().where(practice_table.c.id == practice_id))
            if gone.rowcount == 0:
                raise UnknownPractice(practice_id)
            self._log(connection, practice_id, ChangeKind.REMOVED, by, None)

    def _log(
        self, connection: sa.Connection, practice_id: str, kind: ChangeKind, by: str, record: str | None
    ) -> None:
        connection.execute(
            change_table.insert().values(
                practice_id=practice_id, kind=kind.value, at=datetime.now(UTC), by=by, record=record
            )
        )


def differences(before: Practice | None, after: Practice | None) -> dict[str, tuple[Any, Any]]:
    """What changed between two states of a record: field -> (before, after), plain JSON values."""
    old = json.loads(_dump(before)) if before else {}
    new = json.loads(_dump(after)) if after else {}
    return {
        key: (old.get(key), new.get(key))
        for key in [*old, *(key for key in new if key not in old)]
        if old.get(key) != new.get(key)
    }
