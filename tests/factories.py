"""Practices, encoders and indexes for tests: real types, small and quick."""

import hashlib
from collections.abc import Sequence
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from corpus.practice import Practice, parse_practice
from indexer.build import build_snapshot
from indexer.snapshot import Snapshot, load_current
from indexer.tokens import fold, words
from models.encoder import Vectors

_numbers = count(1)


def make_practice(**fields: Any) -> Practice:
    """A valid practice; `place` and `population` are short for parts of the body."""
    number = next(_numbers)
    place = fields.pop("place", f"Vila {number}")
    population = fields.pop("population", None)
    region, country = fields.pop("region", None), fields.pop("country", None)
    body = {"name": place, "population": population, "region": region, "country": country}
    return parse_practice(
        {
            "id": f"practice-{number}",
            "language": "ca",
            "title": f"Pràctica número {number}",
            "problem": f"Un problema del poble número {number} que ningú no sabia resoldre.",
            "actions": f"Es va fer una cosa concreta número {number} amb els veïns.",
            "sources": [{"url": "https://example.org/practica", "retrieved_on": date(2026, 11, 29)}],
            "body": body if place else None,
        }
        | fields
    )


class HashingEncoder:
    """Deterministic vectors from the words of a text: equal words near, nothing learnt. Not for meaning."""

    name = "hashing"
    dimension = 64

    def __init__(self, salt: str = "") -> None:
        self.digest = hashlib.sha256(f"hashing {salt}".encode()).hexdigest()
        self.encoded: list[str] = []

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        return self._encode(texts)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                seed = int.from_bytes(hashlib.sha256(fold(word).encode()).digest()[:8])
                vectors[row] += np.random.default_rng(seed).standard_normal(self.dimension)
            vectors[row, 0] += 1e-3
            vectors[row] /= np.linalg.norm(vectors[row])
        return vectors


def make_snapshot(folder: Path, practices: Sequence[Practice], encoder: Any = None) -> Snapshot:
    """Index practices and load the result."""
    encoder = encoder or HashingEncoder()
    build_snapshot(practices, encoder, folder)
    return load_current(folder, encoder)[0]
