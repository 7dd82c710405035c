"""The encoder that ships: meaning across languages, the same vectors on both paths, bad input survived."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from corpus.errors import EncoderError
from corpus.practice import passages
from models.batching import BatchingEncoder, EncoderBusy
from models.encoder import SHIPPED, WEIGHTS, SentenceTransformerEncoder, _prompts, load_encoder
from models.language import detect_language
from tests.factories import HashingEncoder

SAME = {
    "ca": "gent gran que viu sola i no surt de casa",
    "es": "personas mayores que viven solas y no salen de casa",
    "it": "anziani che vivono soli e non escono di casa",
    "en": "older people who live alone and do not leave the house",
}
OTHER = "contenidors de reciclatge al carrer"


def test_the_same_sentence_is_near_itself_in_four_languages_and_far_from_another(shipped_encoder):
    vectors = shipped_encoder.encode_queries([*SAME.values(), OTHER])
    similar = vectors @ vectors.T
    assert similar[:4, :4].min() > 0.5
    assert similar[4, :4].max() < 0.3


def test_vectors_are_unit_float32(shipped_encoder):
    vectors = shipped_encoder.encode_documents(["a", OTHER])
    assert vectors.dtype == np.float32
    assert vectors.shape == (2, shipped_encoder.dimension)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert shipped_encoder.encode_documents([]).shape == (0, shipped_encoder.dimension)


def test_a_text_has_the_same_vector_alone_and_in_any_batch(shipped_encoder, bank):
    texts = [passage.text for practice in bank[:8] for passage in passages(practice)]
    together = shipped_encoder.encode_documents(texts)
    alone = np.vstack([shipped_encoder.encode_documents([text]) for text in texts])
    assert (together * alone).sum(axis=1).min() > 0.9999


def test_both_paths_agree(shipped_encoder, bank):
    texts = [passage.text for practice in bank for passage in passages(practice)][:: len(bank) // 60][:500]
    through_torch = SentenceTransformerEncoder(str(SHIPPED)).encode_documents(texts)
    agreement = (through_torch * shipped_encoder.encode_documents(texts)).sum(axis=1)
    assert agreement.mean() > 0.99


@pytest.mark.parametrize("text", ["", " ", "\u0301" * 5000, "🏠", "a" * 2_000_000, "١٢٣", "\u202e"])
def test_any_text_has_a_vector_soon(shipped_encoder, text):
    started = time.perf_counter()
    assert np.isfinite(shipped_encoder.encode_queries([text])).all()
    assert time.perf_counter() - started < 5


def test_the_service_starts_without_torch():
    code = (
        "import sys; from service.app import create_app; from models.encoder import load_encoder; "
        "load_encoder().encode_queries(['a']); sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_ships_stays_small():
    files = [path for path in WEIGHTS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 100_000_000
    assert max(path.stat().st_size for path in files) <= 90_000_000


def test_an_unknown_model_is_named(tmp_path):
    with pytest.raises(EncoderError, match="no-such-model"):
        load_encoder(tmp_path / "no-such-model")


def test_e5_models_get_the_prompts_they_were_trained_with():
    assert _prompts("intfloat/multilingual-e5-small", {"query": "", "document": ""}) == ("query: ", "passage: ")
    assert _prompts("x", {"query": "q: ", "passage": "p: "}) == ("q: ", "p: ")
    assert _prompts("paraphrase-multilingual", {}) == ("", "")


def test_queries_from_many_threads_get_their_own_vectors():
    encoder = BatchingEncoder(HashingEncoder(), waiting=64)
    texts = [f"text número {n}" for n in range(40)]
    found = {}

    def ask(text):
        found[text] = encoder.encode_query(text)

    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for text in texts:
        np.testing.assert_array_equal(found[text], HashingEncoder().encode_queries([text])[0])
    encoder.close()


class StuckEncoder(HashingEncoder):
    """Encodes only once it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def encode_queries(self, texts):
        self.go.wait(10)
        return super().encode_queries(texts)


def test_more_queries_than_may_wait_are_told_so_and_the_others_are_answered():
    stuck = StuckEncoder()
    encoder = BatchingEncoder(stuck, waiting=2)
    answered = []
    threads = [threading.Thread(target=lambda: answered.append(encoder.encode_query("a"))) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    with pytest.raises(EncoderBusy):
        encoder.encode_query("b")
    stuck.go.set()
    for thread in threads:
        thread.join()
    assert len(answered) == 3
    encoder.close()


def test_an_error_of_the_encoder_reaches_who_asked_and_the_next_is_served():
    class Failing(HashingEncoder):
        def encode_queries(self, texts):
            if texts == ["bad"]:
                raise ValueError("bad text")
            return super().encode_queries(texts)

    encoder = BatchingEncoder(Failing(), waiting=4)
    with pytest.raises(ValueError, match="bad text"):
        encoder.encode_query("bad")
    assert encoder.encode_query("good").shape == (64,)
    encoder.close()


@pytest.mark.parametrize(("language", "text"), SAME.items())
def test_each_language_is_told_also_in_upper_case(language, text):
    assert detect_language(text) == language
    assert detect_language(text.upper()) == language


@pytest.mark.parametrize("text", ["", "Reus", "12345", "🏠🏠", "   "])
def test_a_text_too_short_to_tell_is_left_open(text):
    assert detect_language(text) is None
