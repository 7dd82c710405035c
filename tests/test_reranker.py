"""The optional second reading: a cross-encoder made here orders the best hits, and nothing else changes."""

import numpy as np
import pytest

from corpus.errors import EncoderError
from models.reranker import load_reranker
from service.search import SearchQuestion, search_practices
from tests.factories import HashingEncoder, make_practice, make_snapshot


@pytest.fixture(scope="module")
def tiny_cross_encoder(tmp_path_factory):
    """A cross-encoder of one layer, with weights as they fall."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("reranker")
    (folder / "vocab.txt").write_text(
        "\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz"])
    )
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(0)
    BertForSequenceClassification(
        BertConfig(
            vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            num_labels=1,
        )
    ).save_pretrained(folder)  # fmt: skip
    return str(folder)


@pytest.mark.filterwarnings("ignore")
def test_a_cross_encoder_of_a_folder_gives_one_score_a_text(tiny_cross_encoder):
    reranker = load_reranker(tiny_cross_encoder)
    scores = reranker.scores("a b", ["a", "b c d", "z"])
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert len(set(scores.tolist())) == 3
    assert np.allclose(scores, reranker.scores("a b", ["a", "b c d", "z"]))


@pytest.mark.filterwarnings("ignore")
def test_a_reranker_that_is_not_there_is_refused():
    assert load_reranker(None) is None
    with pytest.raises(EncoderError, match="no such folder"):
        load_reranker("./nowhere")


class LongestFirst:
    """A reranker whose order anybody can tell."""

    def scores(self, query, texts):
        assert query == "hort"
        return np.array([len(text) for text in texts], np.float32)


def test_a_reranker_orders_the_hits_and_leaves_their_strengths(tmp_path):
    practices = [
        make_practice(id=f"p-{number}", title="Hort", problem="Cal un hort." + " Paraula." * number)
        for number in range(4)
    ]
    encoder = HashingEncoder()
    snapshot = make_snapshot(tmp_path, practices, encoder)
    vector = encoder.encode_queries(["hort"])[0]
    question = SearchQuestion("hort", per_body=None)
    plain = search_practices(snapshot, vector, question)
    again = search_practices(snapshot, vector, question, reranker=LongestFirst())
    assert [result.practice.id for result in again.results] == ["p-3", "p-2", "p-1", "p-0"]
    assert [result.practice.id for result in plain.results] != [result.practice.id for result in again.results]
    strengths = {result.practice.id: result.strength for result in plain.results}
    assert {result.practice.id: result.strength for result in again.results} == strengths
