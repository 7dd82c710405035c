"""Text to unit vectors: the encoder Empelt ships, run by onnxruntime, or any sentence-transformers model.

Vectors are float32 of length 1, so their inner product is the cosine similarity in [-1, 1], higher is nearer.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corpus.errors import EncoderError

Vectors = NDArray[np.float32]

WEIGHTS = Path(__file__).parent / "weights"
SHIPPED = WEIGHTS / "empelt-384"
ONNX_FILE = Path("onnx") / "model_int8.onnx"

LONGEST_TEXT = 4_000  # characters kept before tokenising: a 2 MB text held the tokenizer for 47 s
BATCH_CHARACTERS = 1_500  # in one forward, padding counted; larger batches were no faster


class Encoder(Protocol):
    """What retrieval asks of an encoder."""

    @property
    def name(self) -> str:
        """A name for people: a folder's name or a hub id."""

    @property
    def digest(self) -> str:
        """SHA-256 in hex of what decides the vectors; an index made with another digest is refused."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of problem statements, float32 of shape (len(texts), dimension)."""

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of passages, float32 of shape (len(texts), dimension)."""


def file_digest(paths: Sequence[Path]) -> str:
    """SHA-256 in hex over the bytes of some files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


class OnnxEncoder:
    """A SentenceTransformer folder that carries an ONNX export, run on one thread without torch.

    The export pools and normalises inside the graph, and quantises each token's activations by itself, so a
    text has the same vector alone and in any batch.
    """

    def __init__(self, folder: Path) -> None:
        """Raises: EncoderError when the folder lacks a file or holds a damaged one."""
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = onnxruntime.InferenceSession(
                str(folder / ONNX_FILE), options, providers=["CPUExecutionProvider"]
            )
            self._digest = file_digest([folder / "tokenizer.json", folder / ONNX_FILE])
        except Exception as error:  # the two libraries raise bare Exceptions of their own
            raise EncoderError(f"The encoder in {folder} cannot be loaded: {error}") from error
        self._tokenizer.enable_truncation(128)
        self._tokenizer.enable_padding()
        self._name = folder.name
        self._dimension = int(self._session.get_outputs()[0].shape[1])

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, threads=1)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, threads=os.cpu_count() or 1)

    def _encode(self, texts: Sequence[str], *, threads: int) -> Vectors:
        """Encode in batches of like length, a batch a thread; rows come back in the order of `texts`."""
        cut = [text[:LONGEST_TEXT] for text in texts]
        batches = list(_batches(cut))
        vectors = np.empty((len(cut), self.dimension), dtype=np.float32)

        def encode(rows: list[int]) -> None:
            tokens = self._tokenizer.encode_batch([cut[row] for row in rows])
            (vectors[rows],) = self._session.run(
                None,
                {
                    "input_ids": np.array([token.ids for token in tokens], dtype=np.int64),
                    "attention_mask": np.array([token.attention_mask for token in tokens], dtype=np.int64),
                },
            )

        if threads == 1 or len(batches) == 1:
            for rows in batches:
                encode(rows)
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(encode, batches))
        return vectors


def _batches(texts: Sequence[str]) -> Iterator[list[int]]:
    """Rows of texts of like length, short ones first, each batch of about `BATCH_CHARACTERS` at most."""
    rows: list[int] = []
    for row in sorted(range(len(texts)), key=lambda at: len(texts[at])):
        if rows and (len(rows) + 1) * len(texts[row]) > BATCH_CHARACTERS:
            yield rows
            rows = []
        rows.append(row)
    if rows:
        yield rows


class SentenceTransformerEncoder:
    """Any sentence-transformers folder or hub id, with its own query and passage prompts."""

    def __init__(self, name: str) -> None:
        """Raises: EncoderError when sentence-transformers cannot load it."""
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:  # a hub, a file system and several parsers may fail, each in its way
            raise EncoderError(f"sentence-transformers cannot load {name!r}: {error}") from error
        self._model.eval()
        self._name = Path(name).name if Path(name).exists() else name
        self._prompts = _prompts(self._name, self._model.prompts)
        self._dimension = int(self._model.get_embedding_dimension() or 0)
        self._digest = self._weights_digest()

    @property
    def name(self) -> str:
        return self._name

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def dimension(self) -> int:
        return self._dimension

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._prompts[0])

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        return self._encode(texts, self._prompts[1])

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = self._model.encode(
            [text[:LONGEST_TEXT] for text in texts],
            prompt=prompt or None,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimension)

    def _weights_digest(self) -> str:
        digest = hashlib.sha256(repr(self._prompts).encode())
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().float().cpu().numpy().tobytes())
        return digest.hexdigest()


def _prompts(name: str, own: dict[str, str | None]) -> tuple[str, str]:
    """The (query, passage) prompts: the model's own, or those the E5 family was trained with."""
    query = own.get("query") or ""
    passage = own.get("document") or own.get("passage") or ""
    if not (query or passage) and "e5" in name.lower():
        return "query: ", "passage: "
    return query, passage


def load_encoder(name: str | Path | None = None) -> Encoder:
    """The shipped encoder, or the one named: a folder, or a hub id for those who reach a hub.

    A folder with an ONNX export runs through onnxruntime; everything else through sentence-transformers.

    Raises:
        EncoderError: nothing loadable by that name.
    """
    folder = Path(name) if name else SHIPPED
    if (folder / ONNX_FILE).is_file():
        return OnnxEncoder(folder)
    if folder == SHIPPED:
        raise EncoderError(f"The shipped encoder is missing: no {SHIPPED / ONNX_FILE}")
    return SentenceTransformerEncoder(str(name))
