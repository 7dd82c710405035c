"""One generation of the index: vectors, words and records together, written whole or not at all.

    <index>/CURRENT                names the folder that serves
    <index>/<name>/manifest.json   encoder, counts, last change applied, size and SHA-256 of every file
                  /passages.faiss  one vector a passage, records one after the other
                  /needs.faiss     one vector a record: title, themes and problem
                  /topics.faiss    one vector a record: its themes and target groups, in no one language
                  /wholes.faiss    one vector a record: all its texts
                  /lexical/...     BM25 per language
                  /records.jsonl   the records themselves, so a search never meets a newer or older row
                  /starts.npy      first passage of each record, int64 of shape (records + 1,)

A crash at any moment leaves CURRENT naming a folder that was complete and verified before it was named.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from functools import cached_property, lru_cache
from pathlib import Path
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import DamagedSnapshot, MismatchedSnapshot, NoSnapshot, SnapshotError
from corpus.practice import Passage, Practice, passages
from indexer.dense import FaissIndex
from indexer.filters import Columns
from indexer.lexical import LexicalIndex
from models.encoder import Encoder, Vectors, file_digest

FORMAT = 2  # of the files below; a snapshot in another format is refused
KEPT = 2  # snapshots kept after a flip: the current one and the one before it
PARSED_RECORDS_KEPT = 4_096  # records held parsed; the shipped bank fits whole


class EncoderStamp(BaseModel):
    """Which encoder made the vectors."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    digest: str
    dimension: int

    @classmethod
    def of(cls, encoder: Encoder) -> "EncoderStamp":
        return cls(name=encoder.name, digest=encoder.digest, dimension=encoder.dimension)


class FileStamp(BaseModel):
    """What a file must be: its size in bytes and SHA-256 in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    size: int
    sha256: str


class Manifest(BaseModel):
    """What a snapshot holds, and what every file of it must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int
    name: str
    created_at: datetime
    encoder: EncoderStamp
    records: int
    passages: int
    applied_change: int
    files: dict[str, FileStamp]


@dataclass(frozen=True)
class Contents:
    """What goes into a snapshot: records in order, and the vectors of their passages and wholes."""

    records: Sequence[bytes]  # one JSON object a record
    lexical: LexicalIndex
    starts: NDArray[np.int64]
    passages: Vectors
    needs: Vectors
    topics: Vectors
    wholes: Vectors
    encoder: EncoderStamp
    applied_change: int


class Snapshot:
    """A loaded generation; nothing in it changes, so many requests may read it at once."""

    def __init__(
        self,
        manifest: Manifest,
        *,
        passages: FaissIndex,
        needs: FaissIndex,
        topics: FaissIndex,
        wholes: FaissIndex,
        lexical: LexicalIndex,
        records: Sequence[bytes],
        starts: NDArray[np.int64],
    ) -> None:
        self.manifest = manifest
        self.passages = passages
        self.needs = needs
        self.topics = topics
        self.wholes = wholes
        self.lexical = lexical
        self.starts = starts
        self._records = records
        self._parsed = lru_cache(PARSED_RECORDS_KEPT)(self._parse)

    def __len__(self) -> int:
        return len(self._records)

    def _parse(self, row: int) -> Practice:
        return Practice.model_validate_json(self._records[row])

    @cached_property
    def ids(self) -> list[str]:
        """Practice ids by row."""
        return [json.loads(record)["id"] for record in self._records]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Rows by practice id."""
        return {practice_id: row for row, practice_id in enumerate(self.ids)}

    @cached_property
    def record_of_passage(self) -> NDArray[np.int64]:
        """The record's row of every passage, int64 of shape (passages,)."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))

    def record(self, row: int) -> bytes:
        """The JSON of the record at a row."""
        return self._records[row]

    @cached_property
    def columns(self) -> Columns:
        """The facets of all records, to filter and count by."""
        return Columns(self.practices())

    def practice(self, row: int) -> Practice:
        """The record at a row."""
        return self._parsed(row)

    def practices(self) -> Iterator[Practice]:
        """All records in order of row."""
        return (self.practice(row) for row in range(len(self)))

    def passage(self, passage_row: int) -> Passage:
        """The text behind one passage vector, word for word."""
        record = int(self.record_of_passage[passage_row])
        return passages(self.practice(record))[passage_row - int(self.starts[record])]


@contextmanager
def writing(index: Path) -> Iterator[None]:
    """Hold the index for one writer at a time, across processes; the lock ends with the process."""
    index.mkdir(parents=True, exist_ok=True)
    with (index / ".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def write_snapshot(index: Path, contents: Contents) -> Manifest:
    """Write a snapshot, verify what reached the disk, make it current and prune old ones.

    Call it while `writing`. A failure leaves the previous snapshot current.

    Raises:
        DamagedSnapshot: what was read back is not what was written.
        OSError: the disk is full or fails.
    """
    created_at = datetime.now(UTC)
    name = f"{created_at:%Y%m%dT%H%M%S}-{uuid4().hex[:8]}"
    draft = index / f".draft-{name}"
    try:
        draft.mkdir()
        FaissIndex(contents.passages).save(draft / "passages.faiss")
        FaissIndex(contents.needs).save(draft / "needs.faiss")
        FaissIndex(contents.topics).save(draft / "topics.faiss")
        FaissIndex(contents.wholes).save(draft / "wholes.faiss")
        contents.lexical.save(draft / "lexical")
        (draft / "records.jsonl").write_bytes(b"".join(record + b"\n" for record in contents.records))
        np.save(draft / "starts.npy", contents.starts)
        manifest = Manifest(
            format=FORMAT,
            name=name,
            created_at=created_at,
            encoder=contents.encoder,
            records=len(contents.records),
            passages=len(contents.passages),
            applied_change=contents.applied_change,
            files={
                str(path.relative_to(draft)): FileStamp(size=path.stat().st_size, sha256=file_digest([path]))
                for path in sorted(draft.rglob("*"))
                if path.is_file()
            },
        )
        (draft / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
        for path in [*draft.rglob("*"), draft]:
            _sync(path)
        draft.rename(index / name)
        load_snapshot(index / name)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(index / name, ignore_errors=True)
        raise
    _flip(index, name)
    _prune(index, name)
    return manifest


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flip(index: Path, name: str) -> None:
    draft = index / ".draft-CURRENT"
    draft.write_text(name, encoding="ascii")
    _sync(draft)
    draft.replace(index / "CURRENT")
    _sync(index)


def _prune(index: Path, current: str) -> None:
    """Remove drafts that a crash left, and all but the newest snapshots."""
    snapshots = sorted(p.name for p in index.iterdir() if p.is_dir() and not p.name.startswith("."))
    spared = {current, *[name for name in snapshots if name != current][-(KEPT - 1) :]}
    for path in index.iterdir():
        if path.is_dir() and path.name not in spared:
            shutil.rmtree(path, ignore_errors=True)


def current_name(index: Path) -> str:
    """The name of the snapshot that serves.

    Raises:
        NoSnapshot: nothing was indexed yet.
    """
    try:
        return (index / "CURRENT").read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise NoSnapshot(f"Nothing is indexed in {index} yet: run `empelt index`.") from None


def read_manifest(folder: Path) -> Manifest:
    """The manifest of one snapshot folder.

    Raises:
        DamagedSnapshot: there is none, or it is not one.
        MismatchedSnapshot: it is in another format.
    """
    try:
        text = (folder / "manifest.json").read_text(encoding="utf-8")
        form = json.loads(text)["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedSnapshot(f"Snapshot {folder.name} has no readable manifest: {error}") from None
    if form != FORMAT:
        raise MismatchedSnapshot(
            f"Snapshot {folder.name} is in format {form}; this version reads {FORMAT}: run `empelt index`."
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise DamagedSnapshot(f"The manifest of snapshot {folder.name} is damaged: {error}") from None


def load_snapshot(folder: Path) -> Snapshot:
    """Load one snapshot after every file of it was checked against the manifest.

    Raises:
        DamagedSnapshot: a file is missing, superfluous, cut or changed.
        MismatchedSnapshot: it is in another format.
    """
    manifest = read_manifest(folder)
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    for name in sorted(found ^ set(manifest.files)):
        raise DamagedSnapshot(
            f"Snapshot {folder.name}: {name} is {'not in the manifest' if name in found else 'missing'}"
        )
    for name, stamp in manifest.files.items():
        path = folder / name
        if path.stat().st_size != stamp.size or file_digest([path]) != stamp.sha256:
            raise DamagedSnapshot(f"Snapshot {folder.name}: {name} was changed or cut after it was written")
    snapshot = Snapshot(
        manifest,
        passages=FaissIndex.load(folder / "passages.faiss"),
        needs=FaissIndex.load(folder / "needs.faiss"),
        topics=FaissIndex.load(folder / "topics.faiss"),
        wholes=FaissIndex.load(folder / "wholes.faiss"),
        lexical=LexicalIndex.load(folder / "lexical"),
        records=(folder / "records.jsonl").read_bytes().splitlines(),
        starts=np.load(folder / "starts.npy"),
    )
    sizes = (
        len(snapshot),
        len(snapshot.needs),
        len(snapshot.topics),
        len(snapshot.wholes),
        len(snapshot.lexical),
        len(snapshot.starts) - 1,
    )
    if set(sizes) != {manifest.records} or len(snapshot.passages) != manifest.passages:
        raise DamagedSnapshot(
            f"Snapshot {folder.name}: its parts hold {sizes} records, the manifest {manifest.records}"
        )
    return snapshot


def load_current(index: Path, encoder: Encoder) -> tuple[Snapshot, list[str]]:
    """The current snapshot, or the newest one before it that is whole and made by this encoder.

    Returns the snapshot and why better ones were passed over, to be logged.

    Raises:
        NoSnapshot: nothing was indexed yet.
        SnapshotError: none can serve; the message says why for each.
    """
    current = current_name(index)
    older = sorted((p.name for p in index.iterdir() if p.is_dir() and p.name[0] != "."), reverse=True)
    refused: list[str] = []
    for name in [current, *(name for name in older if name < current)]:
        try:
            made_by = read_manifest(index / name).encoder
            if made_by.digest != encoder.digest:
                raise MismatchedSnapshot(
                    f"Snapshot {name} was made by the encoder {made_by.name} ({made_by.digest[:12]}), "
                    f"not by {encoder.name} ({encoder.digest[:12]}): run `empelt index`."
                )
            return load_snapshot(index / name), refused
        except SnapshotError as error:
            refused.append(str(error))
    raise (MismatchedSnapshot if "made by the encoder" in refused[0] else DamagedSnapshot)("\n".join(refused))
