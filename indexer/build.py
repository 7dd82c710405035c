"""From records to a snapshot: all of them anew, or only what changed since the snapshot that serves."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from corpus.errors import SnapshotError
from corpus.practice import Practice, need_text, passages, whole_text
from corpus.store import PracticeStore
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


class _Reuse:
    """The vectors a snapshot already has, by text; a text is only ever encoded once."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot

    def of(self, practice: Practice) -> dict[str, Vectors]:
        """Vectors by text of the same record in the snapshot, whatever has changed around them."""
        if self._snapshot is None or (row := self._snapshot.rows.get(practice.id)) is None:
            return {}
        old = self._snapshot.practice(row)
        start = int(self._snapshot.starts[row])
        vectors = self._snapshot.passages.vectors()
        known = {passage.text: vectors[start + offset] for offset, passage in enumerate(passages(old))}
        return known | {
            need_text(old): self._snapshot.needs.vectors()[row],
            whole_text(old): self._snapshot.wholes.vectors()[row],
        }


def _contents(
    practices: Iterable[Practice],
    encoder: Encoder,
    *,
    previous: Snapshot | None,
    applied_change: int,
    progress: Progress,
) -> Contents:
    """Encode what is new and lay everything out in order of id."""
    ordered = sorted(practices, key=lambda practice: practice.id)
    reuse = _Reuse(previous)
    known: dict[str, Vectors] = {}
    pieces = []
    for practice in ordered:
        known |= reuse.of(practice)
        pieces.append([passage.text for passage in passages(practice)])
    needs = [need_text(practice) for practice in ordered]
    wholes = [whole_text(practice) for practice in ordered]
    new = sorted({text for texts in [*pieces, needs, wholes] for text in texts} - known.keys(), key=len)
    for start in range(0, len(new), TEXTS_BETWEEN_REPORTS):
        batch = new[start : start + TEXTS_BETWEEN_REPORTS]
        known |= dict(zip(batch, encoder.encode_documents(batch), strict=True))
        progress(start + len(batch), len(new))
    empty = np.empty((0, encoder.dimension), dtype=np.float32)
    return Contents(
        records=[practice.model_dump_json(exclude_defaults=True).encode() for practice in ordered],
        languages_and_texts=list(zip((p.language.value for p in ordered), wholes, strict=True)),
        starts=np.cumsum([0, *map(len, pieces)], dtype=np.int64),
        passages=np.vstack([empty, *(known[text] for texts in pieces for text in texts)]),
        needs=np.vstack([empty, *(known[text] for text in needs)]),
        wholes=np.vstack([empty, *(known[text] for text in wholes)]),
        encoder=EncoderStamp.of(encoder),
        applied_change=applied_change,
    )


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
        contents = _contents(practices, encoder, previous=None, applied_change=applied_change, progress=progress)
        return write_snapshot(index, contents)


def update_snapshot(
    store: PracticeStore, encoder: Encoder, index: Path, *, progress: Progress = _silent
) -> Manifest | None:
    """Bring the index to the store's last change; None when it already stands there.

    Only texts not yet encoded are encoded. Without a snapshot that can serve, everything is built anew. The
    manifest names the last change applied, so the flip that makes it current also acknowledges the changes.

    Raises:
        OSError: the disk is full or fails; the previous snapshot stays current.
        StoreUnavailable: the database cannot be read.
    """
    with writing(index):
        try:
            previous, refused = load_current(index, encoder)
        except SnapshotError:
            previous, refused = None, []
        if previous is None:
            last, practices = store.last_change(), {p.id: p for p in store.practices()}
        else:
            last, changed = store.changes_since(previous.manifest.applied_change)
            if not changed and not refused and last == previous.manifest.applied_change:
                return None
            practices = {practice.id: practice for practice in previous.practices()}
            for practice_id, practice in changed.items():
                if practice is None:
                    practices.pop(practice_id, None)
                else:
                    practices[practice_id] = practice
        contents = _contents(
            practices.values(), encoder, previous=previous, applied_change=last, progress=progress
        )
        return write_snapshot(index, contents)
