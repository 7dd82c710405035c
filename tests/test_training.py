"""The training loop and the export, on a model of two layers made here."""

import lzma

import numpy as np
import pytest
from typer.testing import CliRunner

from corpus.errors import EncoderError
from models.encoder import OnnxEncoder, SentenceTransformerEncoder
from models.training.recipe import read_recipe
from models.training.texts import (
    DEVELOPMENT_THEMES,
    DOMAIN,
    domain_sentences,
    general_sentences,
    matches,
    rows_of_bundle,
    themes,
    triples,
)
from service.cli import app

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
    from models.training.learn import Lessons, learn, save
    from models.training.schedule import Schedule

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
        minutes=60, steps=60, threads=2, domain_sentences=16, triples=6, matches=6, layer_rate=1e-3, longest=24
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
    assert len(themes()) >= 60
    assert set(themes()) >= DEVELOPMENT_THEMES
    assert len(DEVELOPMENT_THEMES) >= len(themes()) / 5
    assert not DEVELOPMENT_THEMES & {triple.theme for triple in triples()}
    assert {triple.theme for triple in triples(development=True)} == DEVELOPMENT_THEMES


def test_our_own_text_is_complete_in_four_languages():
    sentences = domain_sentences() + domain_sentences(development=True)
    assert len(sentences) >= 6_000
    assert all(all(row) for row in sentences)
    found = triples() + triples(development=True)
    assert len(found) >= 1_500
    for triple in found:
        for versions in (triple.problem, triple.practice, triple.hard_negative):
            assert all(versions), triple
    assert len(matches()) >= 2_000


def write_bundle(path, rows):
    """A bundle whose four columns all say the same, by a person."""
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.writelines("\t".join([text] * 4 + ["en=H,es=H,ca=H,it=H", source]) + "\n" for text, source in rows)
    return path


def test_general_text_whose_english_a_machine_wrote_is_left_out(tmp_path):
    path = tmp_path / "general.tsv.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("one\tuno\tu\tuno\ten=H,es=H,ca=H,it=H\ta\n")
        file.write("two\tdos\tdos\tdue\ten=A(es),es=H,ca=H,it=H\ta\n")
        file.write("three\ttres\ttres\ttre\ten=H,es=H,ca=H,it=H\ta\n")
    assert [row[0] for row in general_sentences(path, most_per_source=9)] == ["one", "three"]
    assert [row[0] for row in general_sentences(path, most_per_source=1)] == ["one"]


def test_a_sentence_of_a_test_set_or_nearly_so_is_not_learnt(tmp_path):
    from models.training.prepare import prepare

    tests = tmp_path / "test"
    tests.mkdir()
    (tests / "tatoeba.cat-eng.eng").write_text("The old man lives alone in a big house by the sea.\n", "utf-8")
    bundle = write_bundle(
        tmp_path / "bundle.tsv.xz",
        [
            ("THE OLD MAN LIVES ALONE, in a big house by the sea!", "a"),  # the same
            ("The old man lives alone in a big house by the river.", "a"),  # nearly
            ("The old woman visits her neighbour on Sundays.", "a"),
            ("By the sea.", "b"),  # short: only its whole is compared
        ],
    )
    counts = prepare([bundle], tests, tmp_path / "general.tsv.xz")
    assert counts == {
        "a": {"kept": 1, "like a test": 2, "english by a person": 1},
        "b": {"kept": 1, "like a test": 0, "english by a person": 1},
    }
    kept = [fields[0] for fields in rows_of_bundle(tmp_path / "general.tsv.xz")]
    assert kept == ["The old woman visits her neighbour on Sundays.", "By the sea."]


def test_a_new_word_starts_where_its_translation_is():
    import json

    from tokenizers import Tokenizer

    from models.training.words import align, embed, lacking_pieces

    def word_list(*words):
        pieces = ["[PAD]", "[UNK]", *words]
        plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        special = [{"id": at, "content": piece, "special": True} | plain for at, piece in enumerate(pieces[:2])]
        return Tokenizer.from_str(
            json.dumps(
                {
                    "version": "1.0", "truncation": None, "padding": None, "post_processor": None, "decoder": None,
                    "added_tokens": special, "normalizer": None, "pre_tokenizer": {"type": "Whitespace"},
                    "model": {
                        "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                        "max_input_chars_per_word": 99, "vocab": {piece: at for at, piece in enumerate(pieces)},
                    },
                }
            )
        )  # fmt: skip

    known = word_list("alone", "house", "warm", "s", "##o", "##l")
    new = word_list("alone", "house", "warm", "sol", "casa")
    rows = [
        ("alone", "sol", "sol", "sol"),
        ("warm house", "casa", "casa", "casa"),
        ("house", "casa", "casa", "casa"),
        ("alone house", "sol casa", "sol casa", "sol casa"),
    ]
    vectors = np.eye(8, 16, dtype=np.float32)
    lacking = lacking_pieces(new, known)
    assert {piece for piece, at in new.get_vocab().items() if lacking[at]} == {"sol", "casa"}
    made = embed(new, known, vectors, align(new, lacking, known, rows, np.ones(len(rows))), lacking)
    at = new.token_to_id
    assert np.array_equal(made[at("house")], vectors[known.token_to_id("house")])
    own, other = made[at("house")], made[at("alone")]
    assert made[at("casa")] @ own > 0.9 > 0.4 > made[at("casa")] @ other
    assert made[at("sol")] @ other > 0.1 > 0.01 > made[at("sol")] @ own  # beside the parts it was cut into
    assert np.linalg.norm(made, axis=1)[2:] == pytest.approx(1.0)


def test_a_recipe_that_says_what_no_recipe_has_is_refused(tmp_path):
    (tmp_path / "recipe.yaml").write_text("work: here\nstudnet: there\n", "utf-8")
    with pytest.raises(EncoderError, match="student"):
        read_recipe(tmp_path / "recipe.yaml")


@pytest.mark.filterwarnings("ignore")
def test_the_whole_pipeline_runs_and_a_step_that_is_done_is_not_done_again(tiny, tmp_path):
    """Tiny data, every step, from bundle to the file the service runs."""
    from safetensors.torch import load_file

    for name in ("tests", "domain"):
        (tmp_path / name).mkdir()
    (tmp_path / "tests" / "ntrex.eng.txt").write_text("Nothing like it.\n", "utf-8")
    for path in sorted(DOMAIN.glob("*energy-poverty*")):
        lines = path.read_text("utf-8").splitlines(keepends=True)[:12]
        (tmp_path / "domain" / path.name).write_text("".join(lines), "utf-8")
    (tmp_path / "domain" / "matches_a.jsonl").write_text(
        "".join((DOMAIN / "matches_a.jsonl").read_text("utf-8").splitlines(keepends=True)[:8]), "utf-8"
    )
    write_bundle(tmp_path / "bundle.tsv.xz", [(row[0], "source") for row in domain_sentences()[400:430]])
    (tmp_path / "recipe.yaml").write_text(
        f"""
        work: work
        student: {tiny}
        bundles: [bundle.tsv.xz]
        tests: tests
        domain: domain
        word_list: {{pieces: 1500, words: 2500, bank: 0, passes: 2}}
        distil: {{minutes: 60, steps: 2, sentences: 4, domain_sentences: 4, triples: 0, matches: 0, longest: 16}}
        finetune: {{minutes: 60, steps: 2, sentences: 4, domain_sentences: 4, triples: 2, matches: 2, longest: 16}}
        """,
        "utf-8",
    )
    recipe = str(tmp_path / "recipe.yaml")
    run = CliRunner().invoke
    for step in ("prepare", "tokenizer", "align", "distil", "finetune"):
        done = run(app, ["train", step, recipe])
        assert done.exit_code == 0, done.output
    work = tmp_path / "work"
    assert run(app, ["train", "export", str(work / "finetuned")]).exit_code == 0
    encoder = OnnxEncoder(work / "finetuned")
    assert encoder.encode_queries(["el comptador de la llum"]).shape == (1, 384)
    before = load_file(work / "distilled" / "model.safetensors")
    after = load_file(work / "finetuned" / "model.safetensors")
    assert any((before[name] != after[name]).any() for name in before)
    again = run(app, ["train", "finetune", recipe])
    assert "Done before" in again.output
    (work / "distilled").rename(work / "gone")
    refused = run(app, ["train", "finetune", recipe, "--again"])
    assert refused.exit_code == 2
    assert "distilled is missing" in refused.output.replace("\n", "")


@pytest.mark.filterwarnings("ignore")
def test_learning_that_was_stopped_goes_on_where_it_stood(tiny, tmp_path, monkeypatch):
    import torch

    from models.training import learn as learning
    from models.training.schedule import Schedule

    monkeypatch.setattr(learning, "CHECKPOINT_STEPS", 3)
    sentences = domain_sentences()[:8]
    lessons = learning.Lessons(
        general=[], domain=sentences, triples=[], matches=[],
        general_targets=torch.empty(0, 384),
        domain_targets=torch.nn.functional.normalize(torch.ones(8, 384), dim=1),
        triple_targets=(torch.empty(0, 384),) * 3,
    )  # fmt: skip
    checkpoint = tmp_path / "checkpoint"
    short = Schedule(minutes=60, steps=4, domain_sentences=4, triples=0, matches=0, longest=16)
    learning.learn(tiny, lessons, short, report=lambda *_: True, checkpoint=checkpoint)
    assert torch.load(checkpoint, weights_only=True)["step"] == 3
    steps = []
    longer = Schedule(minutes=60, steps=40, domain_sentences=4, triples=0, matches=0, longest=16)
    learning.learn(
        tiny, lessons, longer, report=lambda step, *_: steps.append(step) or True, checkpoint=checkpoint
    )
    assert steps == [20, 40]
    assert torch.load(checkpoint, weights_only=True)["step"] == 39
