"""BM25 per language: every record is stemmed in its own language, every query in each of them.

Scores are scaled to [0, 1]: the share of the highest score a record of that language could reach for the
query, so they can be compared across languages. Okapi BM25 in Lucene's form (Robertson and Zaragoza 2009).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from indexer.tokens import STEMMERS, terms

K1, B = 1.2, 0.75


class _OneLanguage:
    """The records of one language: which they are, and their BM25 weights."""

    def __init__(self, rows: NDArray[np.int64], bm25: bm25s.BM25) -> None:
        self.rows = rows
        self.bm25 = bm25

    def scores(self, query_terms: list[str]) -> NDArray[np.float32]:
        """Scaled BM25 of each record, float32 in [0, 1] of shape (len(rows),)."""
        known = sorted(self.bm25.get_tokens_ids(sorted(set(query_terms))))
        if not known:
            return np.zeros(len(self.rows), dtype=np.float32)
        weights, starts = self.bm25.scores["data"], self.bm25.scores["indptr"]
        reachable = sum(float(weights[starts[term] : starts[term + 1]].max(initial=0.0)) for term in known)
        # A query word that no record has is a word unmet: it counts like the mean of the others.
        reachable *= len(set(query_terms)) / len(known)
        raw = self.bm25.get_scores_from_ids(known)
        return np.asarray(raw / reachable if reachable else raw, dtype=np.float32)


class LexicalIndex:
    """Word search over the whole texts of records."""

    def __init__(self, languages: dict[str, _OneLanguage], count: int) -> None:
        self._languages = languages
        self._count = count

    @classmethod
    def build(
        cls,
        documents: Sequence[tuple[str, Callable[[], str]]],
        *,
        previous: "LexicalIndex | None" = None,
        rows_before: Sequence[int | None] = (),
    ) -> "LexicalIndex":
        """Index (language, text) pairs; row numbers are their positions.

        A text is a callable, for it is only asked for where it is needed: a language whose records are those of
        `previous`, at the rows that `rows_before` tells, is taken over from there.
        """
        languages = {}
        for language in STEMMERS:
            rows = np.array([row for row, (code, _) in enumerate(documents) if code == language], dtype=np.int64)
            before = previous._languages.get(language) if previous else None
            if before and [rows_before[row] for row in rows] == before.rows.tolist():
                languages[language] = _OneLanguage(rows, before.bm25)
                continue
            tokens = [terms(documents[row][1](), language) for row in rows]
            if any(tokens):
                bm25 = bm25s.BM25(method="lucene", k1=K1, b=B)
                bm25.index(tokens, show_progress=False)
                languages[language] = _OneLanguage(rows, bm25)
        return cls(languages, len(documents))

    def languages(self) -> dict[int, str]:
        """The language of every record that has words, by row."""
        return {int(row): language for language, index in self._languages.items() for row in index.rows}

    def __len__(self) -> int:
        return self._count

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of every record for a query in any language, float32 in [0, 1] of shape (records,)."""
        scores = np.zeros(self._count, dtype=np.float32)
        for language, index in self._languages.items():
            scores[index.rows] = index.scores(terms(query, language))
        return scores

    def save(self, folder: Path) -> None:
        """Write below a folder: one subfolder a language."""
        folder.mkdir()
        np.save(folder / "count.npy", np.int64(self._count))
        for language, index in self._languages.items():
            index.bm25.save(str(folder / language), show_progress=False)
            np.save(folder / language / "rows.npy", index.rows)

    @classmethod
    def load(cls, folder: Path) -> "LexicalIndex":
        """Read what `save` wrote; nothing is unpickled."""
        languages = {
            part.name: _OneLanguage(np.load(part / "rows.npy"), bm25s.BM25.load(str(part)))
            for part in sorted(folder.iterdir())
            if part.is_dir()
        }
        return cls(languages, int(np.load(folder / "count.npy")))
