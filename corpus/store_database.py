"""A database that several stores share: its connections, its schema, and one writer at a time.

SQLite by default, PostgreSQL by address. Reading never waits for a writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from corpus.errors import StoreUnavailable

BUSY_SECONDS = 30  # how long a SQLite writer waits for the one before it
_WRITERS_LOCK = 7_210_391  # any fixed number: the advisory lock all writers of a PostgreSQL store share

# A number that is given out once: autoincrement in either database.
Number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Database:
    """Connections to one database whose schema is up to date; safe for many processes at once."""

    def __init__(self, url: str) -> None:
        """Connect and bring the schema up to date. `url`: an SQLAlchemy address, sqlite or postgresql.

        Raises:
            StoreUnavailable: the database cannot be reached, or was migrated by a newer version.
        """
        address = sa.make_url(url)
        if address.drivername in ("postgresql", "postgres"):
            address = address.set(drivername="postgresql+psycopg")
        self.engine = sa.create_engine(address, pool_pre_ping=True)
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        if self._is_sqlite:
            if address.database:
                Path(address.database).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(self.engine, "connect", _set_up_sqlite)
            sa.event.listen(self.engine, "begin", _begin)
        try:
            self._migrate()
        except sa.exc.SQLAlchemyError as error:
            self.close()
            shown = address.render_as_string(hide_password=True)
            raise StoreUnavailable(f"The database {shown} cannot be used: {error}") from None
        except StoreUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction of the one writer there is: committed when the block ends, undone when it raises.

        Numbers given out become visible in their order: a reader that saw 6 must have been able to see 5. SQLite
        has one writer by nature; PostgreSQL gives numbers out before commits, in any order.
        """
        with self.engine.connect().execution_options(writing=True) as connection, connection.begin():
            if not self._is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS_LOCK)))
            yield connection

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        scripts = ScriptDirectory.from_config(config)
        with self.writing() as connection:
            stands_at = MigrationContext.configure(connection).get_current_revision()
            if stands_at == scripts.get_current_head():
                return
            if stands_at is not None and stands_at not in {s.revision for s in scripts.walk_revisions()}:
                raise StoreUnavailable(
                    f"The database is at schema {stands_at}, which this version does not know: update Empelt."
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer takes the lock at once: a reader that turns writer half-way would meet SQLITE_BUSY."""
    writes = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
