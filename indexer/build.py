"""From records to a snapshot: all of them anew, or only what changed since the snapshot that serves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus.errors import SnapshotError
from corpus.practice import Practice, need_text, passages, topic_texts, whole_text
from corpus.store import PracticeStore
from indexer.lexical import LexicalIndex
from indexer.snapshot import (
    Contents,
    EncoderStamp,
    Manifest,
    Snapshot,
    load_current,
    write_snapshot,
    writing,
)
from models.encoder import Encoder, Vectors

TEXTS_BETWEEN_REPORTS = 256

Progress = Callable[[int, int], None]  # texts done, texts in all


def _silent(_done: int, _total: int) -> None:
    pass


@dataclass(frozen=True)
class _Encoded:
    """One record as it goes into a snapshot: its bytes, vectors, and the row it had before if it is unchanged."""

    record: bytes
    language: str
    passages: Vectors
    need: Vectors
    topic: Vectors
    whole: Vectors
    text: Callable[[], str]
    row_before: int | None = None


def build_snapshot(
    practices: Iterable[Practice],
    encoder: Encoder,
    index: Path,
    *,
    applied_change: int = 0,
    progress: Progress = _silent,
) -> Manifest:
    """Index records from nothing and make the result current.

    Raises:
        OSError: the disk is full or fails; the previous snapshot stays current.
    """
    with writing(index):
        encoded = _encode({practice.id: practice for practice in practices}, encoder, None, progress)
        return write_snapshot(index, _contents(encoded, encoder, None, applied_change))


def update_snapshot(
    store: PracticeStore, encoder: Encoder, index: Path, *, progress: Progress = _silent
) -> Manifest | None:
    """Bring the index to the store's last change; None when it already stands there.

    Unchanged records keep their bytes and vectors, and of a changed one only new texts are encoded. Without a
    snapshot that can serve, everything is built anew. The manifest names the last change applied, so the flip
    that makes it current also acknowledges the changes.

    Raises:
        OSError: the disk is full or fails; the previous snapshot stays current.
        StoreUnavailable: the database cannot be read.
    """
    with writing(index):
        previous, refused = _previous(index, encoder)
        if previous is None:
            last = store.last_change()
            encoded = _encode({practice.id: practice for practice in store.practices()}, encoder, None, progress)
        else:
            last, changed = store.changes_since(previous.manifest.applied_change)
            if not refused and last == previous.manifest.applied_change:
                return None
            new = {key: practice for key, practice in changed.items() if practice is not None}
            encoded = _unchanged(previous, changed) | _encode(new, encoder, previous, progress)
        return write_snapshot(index, _contents(encoded, encoder, previous, last))


def _previous(index: Path, encoder: Encoder) -> tuple[Snapshot | None, list[str]]:
    try:
        return load_current(index, encoder)
    except SnapshotError:
        return None, []


def _unchanged(snapshot: Snapshot, changed: Mapping[str, Practice | None]) -> dict[str, _Encoded]:
    """Every record of a snapshot that did not change, as it stands there."""
    vectors, needs, topics, wholes = (
        index.vectors() for index in (snapshot.passages, snapshot.needs, snapshot.topics, snapshot.wholes)
    )
    languages = snapshot.lexical.languages()
    return {
        practice_id: _Encoded(
            record=snapshot.record(row),
            language=languages.get(row) or snapshot.practice(row).language.value,
            passages=vectors[snapshot.starts[row] : snapshot.starts[row + 1]],
            need=needs[row],
            topic=topics[row],
            whole=wholes[row],
            text=lambda row=row: whole_text(snapshot.practice(row)),  # type: ignore[misc]
            row_before=row,
        )
        for practice_id, row in snapshot.rows.items()
        if practice_id not in changed
    }


def _encode(
    practices: Mapping[str, Practice], encoder: Encoder, previous: Snapshot | None, progress: Progress
) -> dict[str, _Encoded]:
    """Encode records; a text that the same record had before is not encoded again."""
    known: dict[str, Vectors] = {}
    pieces: dict[str, list[str]] = {}
    for practice in practices.values():
        known |= _vectors_before(practice.id, previous)
        pieces[practice.id] = [passage.text for passage in passages(practice)]
    wanted = {text for texts in pieces.values() for text in texts}
    for practice in practices.values():
        wanted |= {need_text(practice), whole_text(practice), *topic_texts(practice)}
    new = sorted(wanted - known.keys(), key=len)
    for start in range(0, len(new), TEXTS_BETWEEN_REPORTS):
        batch = new[start : start + TEXTS_BETWEEN_REPORTS]
        known |= dict(zip(batch, encoder.encode_documents(batch), strict=True))
        progress(start + len(batch), len(new))
    return {
        practice.id: _Encoded(
            record=practice.model_dump_json(exclude_defaults=True).encode(),
            language=practice.language.value,
            passages=np.stack([known[text] for text in pieces[practice.id]]),
            need=known[need_text(practice)],
            topic=_topic(practice, known),
            whole=known[whole_text(practice)],
            text=lambda practice=practice: whole_text(practice),  # type: ignore[misc]
        )
        for practice in practices.values()
    }


def _topic(practice: Practice, known: Mapping[str, Vectors]) -> Vectors:
    """The mean of its topic's names, of length 1; its need, where it has no topic."""
    names = topic_texts(practice)
    if not names:
        return known[need_text(practice)]
    mean = np.mean([known[name] for name in names], axis=0)
    return np.asarray(mean / np.linalg.norm(mean), np.float32)


def _vectors_before(practice_id: str, snapshot: Snapshot | None) -> dict[str, Vectors]:
    """Vectors by text of a record as a snapshot has it."""
    if snapshot is None or (row := snapshot.rows.get(practice_id)) is None:
        return {}
    old, start = snapshot.practice(row), int(snapshot.starts[row])
    vectors = snapshot.passages.vectors()
    return {passage.text: vectors[start + offset] for offset, passage in enumerate(passages(old))} | {
        need_text(old): snapshot.needs.vectors()[row],
        whole_text(old): snapshot.wholes.vectors()[row],
    }


def _contents(
    encoded: Mapping[str, _Encoded], encoder: Encoder, previous: Snapshot | None, applied_change: int
) -> Contents:
    """Lay everything out in order of id."""
    ordered = [encoded[practice_id] for practice_id in sorted(encoded)]

    def stacked(vectors: Sequence[Vectors]) -> Vectors:
        return np.vstack([np.empty((0, encoder.dimension), dtype=np.float32), *vectors])

    return Contents(
        records=[item.record for item in ordered],
        lexical=LexicalIndex.build(
            [(item.language, item.text) for item in ordered],
            previous=previous.lexical if previous else None,
            rows_before=[item.row_before for item in ordered],
        ),
        starts=np.cumsum([0, *(len(item.passages) for item in ordered)], dtype=np.int64),
        passages=stacked([item.passages for item in ordered]),
        needs=stacked([item.need for item in ordered]),
        topics=stacked([item.topic for item in ordered]),
        wholes=stacked([item.whole for item in ordered]),
        encoder=EncoderStamp.of(encoder),
        applied_change=applied_change,
    )
