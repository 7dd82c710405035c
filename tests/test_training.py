"""The training loop and the export, on a model of two layers made here."""

import numpy as np
import pytest

from models.encoder import OnnxEncoder, SentenceTransformerEncoder
from models.training.texts import (
    DEVELOPMENT_THEMES,
    domain_sentences,
    general_sentences,
    matches,
    themes,
    triples,
)

pytest.importorskip("onnx", reason="the export needs empelt[train]")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A transformer of two layers and 384 dimensions with a word list of our own text."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = BertWordPieceTokenizer(lowercase=True)
    words.train_from_iterator((text for row in domain_sentences()[:300] for text in row), vocab_size=2000)
    words.save_model(str(folder))
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=128)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=384,
        num_hidden_layers=2,
        num_attention_heads=6,
        intermediate_size=512,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
def test_learning_brings_translations_nearer_and_the_export_agrees(tiny, tmp_path):
    import torch

    from models.training.export import export
    from models.training.learn import Lessons, Schedule, learn, save

    sentences, pairs, matched = domain_sentences()[:40], triples()[:12], matches()[:12]
    generator = torch.Generator().manual_seed(0)

    def targets(count):
        return torch.nn.functional.normalize(torch.randn(count, 384, generator=generator), dim=1)

    lessons = Lessons(
        general=[], domain=sentences, triples=pairs, matches=matched,
        general_targets=targets(0), domain_targets=targets(40),
        triple_targets=(targets(12), targets(12), targets(12)),
    )  # fmt: skip
    losses = []
    schedule = Schedule(
        minutes=5, steps=60, threads=2, domain_sentences=16, triples=6, matches=6, layer_rate=1e-3, longest=24
    )
    student = learn(tiny, lessons, schedule, report=lambda _step, _seconds, loss: losses.append(loss) or True)
    assert losses[-1] < 0.9 * losses[0]

    folder = tmp_path / "student"
    save(student, folder)
    export(folder)
    texts = [text for row in sentences for text in row]
    served, reference = OnnxEncoder(folder), SentenceTransformerEncoder(str(folder))
    assert ((served.encode_documents(texts) * reference.encode_documents(texts)).sum(axis=1)).min() > 0.98
    catalan = served.encode_documents([row[2] for row in sentences])
    italian = served.encode_documents([row[3] for row in sentences])
    similar = catalan @ italian.T
    assert np.diag(similar).mean() > similar.mean()


def test_a_fifth_of_the_themes_is_kept_out_of_training():
    assert set(themes()) >= DEVELOPMENT_THEMES
    assert len(DEVELOPMENT_THEMES) >= len(themes()) / 5
    assert not DEVELOPMENT_THEMES & {triple.theme for triple in triples()}
    assert {triple.theme for triple in triples(development=True)} == DEVELOPMENT_THEMES


def test_our_own_text_is_complete_in_four_languages():
    sentences = domain_sentences() + domain_sentences(development=True)
    assert len(sentences) >= 5_000
    assert all(all(row) for row in sentences)
    found = triples() + triples(development=True)
    assert len(found) >= 1_200
    for triple in found:
        for versions in (triple.problem, triple.practice, triple.hard_negative):
            assert all(versions), triple
    assert len(matches()) >= 700


def test_general_text_whose_english_a_machine_wrote_is_left_out(tmp_path):
    import lzma

    path = tmp_path / "general.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("one\tuno\tu\tuno\ten=H,es=H,ca=H,it=H\ta\n")
        file.write("two\tdos\tdos\tdue\ten=A(es),es=H,ca=H,it=H\ta\n")
        file.write("three\ttres\ttres\ttre\ten=H,es=H,ca=H,it=H\ta\n")
    assert [row[0] for row in general_sentences(path, most_per_source=9)] == ["one", "three"]
    assert [row[0] for row in general_sentences(path, most_per_source=1)] == ["one"]
