"""Nearest vectors by cosine similarity: one small protocol, exact search in FAISS behind it."""

from pathlib import Path
from typing import Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from corpus.errors import DamagedSnapshot
from models.encoder import Vectors

Rows = NDArray[np.int64]
Allowed = NDArray[np.bool_]

# Since FAISS 1.15 a batch uses BLAS only above this many query values; the default of 128,000 made batches
# below 334 queries run one by one, 2.5 to 10 times slower.
_BLAS_FROM_QUERIES = 4


class DenseIndex(Protocol):
    """Vectors by row number, searched by inner product; rows are numbered from 0 in the order given."""

    def __len__(self) -> int:
        """How many vectors it holds."""

    def search(
        self, query: Vectors, top_k: int, *, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.float32], Rows]:
        """The rows nearest to one unit vector of shape (dimension,), nearest first.

        Returns similarities in [-1, 1] and row numbers, both of length min(top_k, rows allowed): exact,
        whatever the share of `allowed`, a mask of one bool a row.
        """

    def within(self, query: Vectors, least: float, *, allowed: Allowed | None = None) -> Rows:
        """All rows whose similarity to one unit vector is above `least`, in ascending order."""

    def vectors(self) -> Vectors:
        """All vectors, float32 of shape (rows, dimension); a view, not to be
        written to, that lives as long as the index."""

    def save(self, path: Path) -> None:
        """Write to one file."""


class FaissIndex:
    """Exact search over float32 vectors in memory (`IndexFlatIP`)."""

    def __init__(self, vectors: Vectors) -> None:
        """`vectors`: unit vectors, float32 of shape (rows, dimension)."""
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        faiss.cvar.distance_compute_blas_threshold = _BLAS_FROM_QUERIES * vectors.shape[1]

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(
        self, query: Vectors, top_k: int, *, allowed: Allowed | None = None
    ) -> tuple[NDArray[np.float32], Rows]:
        top_k = min(top_k, len(self))
        if top_k == 0:
            return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        scores, rows = self._index.search(query.reshape(1, -1), top_k, params=_selected(allowed))
        found = rows[0] >= 0  # FAISS pads with -1 when fewer rows are allowed than asked for
        return scores[0][found], rows[0][found]

    def within(self, query: Vectors, least: float, *, allowed: Allowed | None = None) -> Rows:
        _, _, rows = self._index.range_search(query.reshape(1, -1), least, params=_selected(allowed))
        return np.sort(rows)

    def vectors(self) -> Vectors:
        view: Vectors = faiss.rev_swig_ptr(self._index.get_xb(), len(self) * self._index.d).reshape(
            len(self), self._index.d
        )
        return view

    def save(self, path: Path) -> None:
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> "FaissIndex":
        """Read what `save` wrote.

        Raises:
            DamagedSnapshot: the file is not such an index.
        """
        loaded = cls.__new__(cls)
        try:
            index = faiss.read_index(str(path))
        except (RuntimeError, MemoryError) as error:
            raise DamagedSnapshot(f"{path.name} cannot be read: {error}") from None
        if not isinstance(index, faiss.IndexFlatIP):
            raise DamagedSnapshot(f"{path.name} holds a {type(index).__name__}, not an IndexFlatIP")
        loaded._index = index
        faiss.cvar.distance_compute_blas_threshold = _BLAS_FROM_QUERIES * loaded._index.d
        return loaded


def _selected(allowed: Allowed | None) -> faiss.SearchParameters | None:
    """A mask as FAISS takes it: a bitmap, exact and faster than no filter."""
    if allowed is None:
        return None
    bitmap = np.packbits(allowed, bitorder="little")
    selector = faiss.IDSelectorBitmap(bitmap)  # type: ignore[call-arg,arg-type]
    parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
    return parameters
