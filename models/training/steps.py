"""The steps of a recipe, each reading what the one before wrote."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from corpus.bank import read_bank
from corpus.practice import Practice, whole_text
from models.training import prepare, words
from models.training.recipe import Recipe
from models.training.schedule import Schedule
from models.training.texts import (
    Versions,
    domain_sentences,
    general_sentences,
    matches,
    rows_of_bundle,
    triples,
)

OWN_ROWS_WEIGHT = 3.0  # of a sentence of ours in the alignment, beside a general one

Report = Callable[[str, float, float], None]  # what is done, how far, of how much


def prepare_text(recipe: Recipe, report: Report) -> None:
    """General text without anything like a test sentence."""
    recipe.work.mkdir(parents=True, exist_ok=True)
    prepare.prepare(
        recipe.bundles,
        recipe.tests,
        recipe.general,
        report=lambda bundle, row: report(f"{bundle}, row {row}", 0, 0),
    )


def learn_words(recipe: Recipe, report: Report) -> None:
    """A word list of open text, our own text and the bank."""
    report("Learning words", 0, 0)
    size = recipe.word_list
    general = [text for fields in rows_of_bundle(recipe.general) for text in fields[:4] if text]
    own = [text for row in _own_rows(recipe.domain) for text in row]
    own += [
        text
        for match in matches()
        for text in (match.query, match.title, match.problem, match.actions, match.near_miss)
    ]
    bank = [whole_text(record) for record in read_bank() if isinstance(record, Practice)]
    texts = general + own * size.own_text + bank * size.bank
    found = words.learn_words(_tokenizer(recipe.student), texts, pieces=size.pieces, words=size.words)
    found.save(str(recipe.tokenizer))


def align(recipe: Recipe, report: Report) -> None:
    """Where each new piece starts: among the pieces it is aligned with."""
    import torch
    from transformers import AutoModel

    known, new = _tokenizer(recipe.student), _tokenizer(recipe.tokenizer)
    general = [(f[0], f[1], f[2], f[3]) for f in rows_of_bundle(recipe.general) if all(f[:4])]
    rows = general + _own_rows(recipe.domain)
    weights = np.ones(len(rows))
    weights[len(general) :] = OWN_ROWS_WEIGHT
    lacking = words.lacking_pieces(new, known)
    transformer = AutoModel.from_pretrained(str(recipe.student), dtype=torch.float32)
    vectors = transformer.embeddings.word_embeddings.weight.detach().numpy()
    cut_with = known
    for number in range(recipe.word_list.passes):
        aligned = words.align(
            new, lacking, cut_with, rows, weights,
            report=lambda what, number=number: report(f"Pass {number + 1}: {what}", 0, 0),  # type: ignore[misc]
        )  # fmt: skip
        vectors = words.embed(new, cut_with, vectors, aligned, lacking)
        cut_with = new
    words.rehouse(recipe.student, new, vectors, recipe.aligned)


def distil(recipe: Recipe, report: Report) -> None:
    """Sentences in four languages towards the teacher's vectors of the English ones."""
    _learn(recipe, recipe.aligned, recipe.distil, recipe.distilled, report)


def finetune(recipe: Recipe, report: Report) -> None:
    """Problems towards the practices that answer them, beside sentences so that nothing is forgotten."""
    _learn(recipe, recipe.distilled, recipe.finetune, recipe.finetuned, report)


def _learn(recipe: Recipe, start: Path, schedule: Schedule, to: Path, report: Report) -> None:
    from models.training.learn import learn, prepare, save

    lessons = prepare(
        general_sentences(recipe.general, most_per_source=recipe.most_per_source),
        domain_sentences(recipe.domain),
        triples(recipe.domain),
        matches(recipe.domain),
        cache=recipe.work / "teacher",
        report=report,
    )

    def learnt(step: int, seconds: float, loss: float) -> bool:
        report(f"Learning, step {step}, loss {loss:.3f}", seconds, schedule.minutes * 60)
        return True

    checkpoint = to.with_name(to.name + ".checkpoint")
    save(learn(start, lessons, schedule, report=learnt, checkpoint=checkpoint), to)
    checkpoint.unlink(missing_ok=True)


def _own_rows(domain: Path) -> list[Versions]:
    """Every sentence and text of ours that stands in four languages, of the themes that are learnt."""
    return domain_sentences(domain) + [
        text for triple in triples(domain) for text in (triple.problem, triple.practice, triple.hard_negative)
    ]


def _tokenizer(place: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(place / "tokenizer.json" if place.is_dir() else place))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
