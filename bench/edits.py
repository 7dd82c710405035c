"""From one edit to searchable: median and worst of 50, on the shipped bank and on 20,000 generated practices.

    python bench/edits.py [practices]

An edit is put into the store, the index follows its change, and the new sentence is searched for. Generated
practices are sentences of the bank put together anew; their vectors come from words, for encoding them would take
an hour and an edit encodes only its own texts. What an edit encodes is encoded by the encoder that ships.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console

from corpus.bank import read_bank
from corpus.practice import Practice, sentences
from corpus.store import PracticeStore
from indexer.build import update_snapshot
from indexer.retrieval import search_hybrid
from indexer.snapshot import load_current
from models.encoder import Vectors, load_encoder

EDITS = 50
MARK = "Edició"
out = Console()


class MostlyRandom:
    """The shipped encoder for what an edit writes, random unit vectors for the rest."""

    def __init__(self) -> None:
        self._real = load_encoder()
        self.name, self.digest, self.dimension = "bench", "bench", self._real.dimension
        self._rng = np.random.default_rng(0)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._real.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        if any(MARK in text for text in texts):
            return self._real.encode_documents(texts)
        vectors = self._rng.standard_normal((len(texts), self.dimension)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def generated(bank: list[Practice], count: int) -> list[Practice]:
    """Practices whose texts are sentences of the bank in the same language, drawn anew."""
    rng = np.random.default_rng(0)
    pools: dict[str, list[str]] = {}
    for practice in bank:
        pools.setdefault(practice.language, []).extend(sentences(practice.actions or ""))
    made = []
    for number in range(count):
        like = bank[number % len(bank)]
        drawn = rng.choice(pools[like.language], 7)
        made.append(
            like.model_copy(
                update={
                    "id": f"generated-{number}",
                    "title": f"{like.title} ({number})",
                    "problem": " ".join(drawn[:2]),
                    "actions": " ".join(drawn[2:]),
                }
            )
        )
    return made


def main() -> None:
    bank = [item for item in read_bank() if isinstance(item, Practice)]
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    practices = generated(bank, count) if count else bank
    encoder = MostlyRandom() if count else load_encoder()
    with tempfile.TemporaryDirectory(prefix="empelt-bench-") as folder:
        store, index = PracticeStore(f"sqlite:///{folder}/store.db"), Path(folder) / "index"
        store.put(practices, by="bench")
        started = time.perf_counter()
        update_snapshot(store, encoder, index)
        out.print(f"{len(practices)} practices indexed in {time.perf_counter() - started:.1f} s")
        seconds = []
        for number in range(EDITS):
            practice = practices[number * len(practices) // EDITS]
            text = f"{MARK} {number}: la brigada municipal pinta bancs de color de préssec."
            started = time.perf_counter()
            store.put([practice.model_copy(update={"results": text})], by="bench")
            update_snapshot(store, encoder, index)
            snapshot, _ = load_current(index, encoder)
            vector = encoder.encode_queries([text])[0]
            search_hybrid(snapshot, vector, text)
            seconds.append(time.perf_counter() - started)
            _, nearest = snapshot.passages.search(vector, 1)
            assert snapshot.passage(int(nearest[0])).text == text
        store.close()
    out.print(f"one edit to searchable: median {median(seconds):.2f} s, worst {max(seconds):.2f} s of {EDITS}")


if __name__ == "__main__":
    main()
