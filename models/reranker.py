"""A second reading of the best hits: a cross-encoder that reads the query and a record together.

Off unless the setting `EMPELT_RERANKER` names a folder: a cross-encoder for our languages is larger than all that
ships, and reads fifty records in seconds rather than milliseconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.errors import EncoderError
from models.encoder import LONGEST_TEXT


class Reranker(Protocol):
    """Whatever can tell how well texts answer a query."""

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """One score a text, of shape (texts,), higher is better; only their order means anything."""
        ...


class CrossEncoderReranker:
    """Any sentence-transformers cross-encoder with one output."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import CrossEncoder

        self._model = CrossEncoder(name, device="cpu")

    def scores(self, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
        pairs = [(query[:LONGEST_TEXT], text[:LONGEST_TEXT]) for text in texts]
        found = self._model.predict(pairs, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(found, np.float32).reshape(len(texts))


def load_reranker(name: str | None) -> Reranker | None:
    """The reranker of a folder or hub id; None for None.

    Raises:
        EncoderError: nothing by that name can be loaded, or it gives more than one score a pair.
    """
    if name is None:
        return None
    try:
        reranker = CrossEncoderReranker(name)
        reranker.scores("a", ["b"])
    except (OSError, ValueError) as error:
        hint = "" if Path(name).exists() else " There is no such folder."
        raise EncoderError(f"The reranker {name!r} cannot be loaded.{hint} {error}") from None
    return reranker
