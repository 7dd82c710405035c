"""What a running process holds: store, encoder, places, and the snapshot that serves, swapped after each flip."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event, Thread

import structlog

from corpus.errors import SnapshotError
from corpus.municipality import Municipalities
from corpus.places import load_municipalities
from corpus.practice import Practice
from corpus.store import PracticeStore
from corpus.store_network import NetworkStore
from indexer.build import update_snapshot
from indexer.calibration import Calibration, load_calibration
from indexer.snapshot import Snapshot, current_name, load_current
from models.batching import BatchingEncoder
from models.encoder import load_encoder
from models.reranker import load_reranker
from service.settings import Settings
from service.transferability import Origin, locate

log = structlog.get_logger()

RETRY_SECONDS = 30.0  # between two tries to bring the index up to date, where one failed


@dataclass(frozen=True)
class Generation:
    """The snapshot a request reads from first to last; a flip meanwhile changes nothing for it."""

    snapshot: Snapshot
    calibration: Calibration | None
    _origins: dict[str, Origin] = field(default_factory=dict)

    def origin(self, practice: Practice, places: Municipalities) -> Origin:
        """The practice with its place, looked up once a generation."""
        if practice.id not in self._origins:
            self._origins[practice.id] = locate(practice, places)
        return self._origins[practice.id]


class Resources:
    """Opened once a process; `generation` is the only thing that changes."""

    def __init__(self, settings: Settings) -> None:
        """Raises: EncoderError; SnapshotError when there is none that can serve."""
        self.settings = settings
        encoder = load_encoder(settings.encoder)
        self.encoder = BatchingEncoder(encoder, waiting=settings.queue)
        self._calibration = load_calibration(encoder)
        self.reranker = load_reranker(settings.reranker)
        self.municipalities = load_municipalities(settings.data)
        self._current = ""
        self._closing = Event()
        self.generation = self._load()
        self._watcher = Thread(target=self._watch, name="snapshot watcher", daemon=True)
        self._watcher.start()
        self._behind = Event()
        self._updater = Thread(target=self._follow_store, name="index updater", daemon=True)
        self._updater.start()

    @cached_property
    def store(self) -> PracticeStore:
        """The store of record; opened by the first request that writes or asks for history."""
        return PracticeStore(self.settings.store_url)

    @cached_property
    def network(self) -> NetworkStore:
        """The store of the network; opened by the first request that shows a key or asks for a need."""
        return NetworkStore(self.settings.store_url)

    def close(self) -> None:
        """Stop watching and encoding."""
        self._closing.set()
        self._behind.set()
        self._watcher.join()
        self._updater.join()
        self.encoder.close()
        for name in {"store", "network"} & self.__dict__.keys():
            getattr(self, name).close()

    def refresh(self) -> None:
        """Swap to the snapshot that is current now, if it is another one and whole."""
        if current_name(self.settings.index) != self._current:
            self.generation = self._load()

    def update_index_soon(self) -> None:
        """Have the index follow the store, in the background; the watcher swaps to what comes of it."""
        self._behind.set()

    def _follow_store(self) -> None:
        """The one updater of this process; between processes the index's own lock lets one write at a time."""
        while self._behind.wait() and not self._closing.is_set():
            self._behind.clear()  # before the store is read: a write meanwhile sets it again
            try:
                update_snapshot(self.store, self.encoder.encoder, self.settings.index)
            except Exception:  # whatever failed, the change stays in the store's log
                log.exception("index not updated")
                self._closing.wait(RETRY_SECONDS)
                self._behind.set()

    def _load(self) -> Generation:
        index: Path = self.settings.index
        name = current_name(index)
        snapshot, refused = load_current(index, self.encoder.encoder)
        for reason in refused:
            log.error("snapshot refused", reason=reason)
        self._current = name
        log.info("snapshot loaded", name=snapshot.manifest.name, practices=len(snapshot))
        return Generation(snapshot, self._calibration)

    def _watch(self) -> None:
        while not self._closing.wait(self.settings.refresh_seconds):
            try:
                self.refresh()
            except (SnapshotError, OSError) as error:
                log.error("snapshot not swapped", reason=str(error))  # noqa: TRY400 - a reason, not a fault of ours
