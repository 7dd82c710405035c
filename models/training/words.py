"""The word list, learnt from open text, and where each new piece of it starts: word alignment.

A piece that the student knows keeps its vector. A new one gets the mean of the pieces it is aligned with in
translated sentences (WECHSEL, Minixhofer et al. 2022; the alignment is Model 1 of Brown et al. 1993), so that
*soledat* begins where *loneliness* and *soledad* are.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from models.training.texts import LANGUAGES, Versions

ROUNDS = 6  # of expectation and maximisation
ALIGNED = 5  # pieces a new one is the mean of
SHARPEN = 1.5  # exponent of their weights
LEAST_EVIDENCE = 1.0  # expected alignments; below them a piece starts from its own parts


def learn_words(known: Tokenizer, texts: Sequence[str], *, pieces: int, words: int) -> Tokenizer:
    """A WordPiece tokenizer that reads like `known`, with a list of its own of `words` pieces.

    `pieces` of them are learnt as WordPiece does; the rest are the most frequent whole words that would still
    be cut. Texts that count more are given more often.
    """
    from tokenizers.models import WordPiece
    from tokenizers.trainers import WordPieceTrainer

    special = [token.content for _, token in sorted(known.get_added_tokens_decoder().items())]
    learnt = Tokenizer(WordPiece(unk_token="[UNK]"))  # noqa: S106
    learnt.normalizer, learnt.pre_tokenizer = known.normalizer, known.pre_tokenizer
    trainer = WordPieceTrainer(vocab_size=pieces, special_tokens=special, min_frequency=2, limit_alphabet=200)
    learnt.train_from_iterator(texts, trainer)
    vocabulary = {special_token: known.token_to_id(special_token) for special_token in special}
    free = (at for at in range(words + len(special)) if at not in set(vocabulary.values()))
    ordered = sorted(learnt.get_vocab().items(), key=lambda item: item[1])
    found = dict.fromkeys(piece for piece, _ in ordered if piece not in vocabulary)
    counts = Counter(chain.from_iterable(_words(known, text) for text in texts))
    whole = (word for word, count in counts.most_common() if count > 1 and word.isalpha() and len(word) > 3)
    found |= dict.fromkeys(islice((word for word in whole if word not in found), max(0, words - len(found))))
    vocabulary |= dict(zip(found, free, strict=False))
    description = json.loads(known.to_str())
    description["model"]["vocab"] = vocabulary
    return Tokenizer.from_str(json.dumps(description))


def _words(tokenizer: Tokenizer, text: str) -> list[str]:
    normalised = tokenizer.normalizer.normalize_str(text)
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalised)]


@dataclass(frozen=True)
class Alignment:
    """For each new piece the known ones it goes with: `(pieces,)` ids of both and expected alignments."""

    new: NDArray[np.int64]
    known: NDArray[np.int64]
    expected: NDArray[np.float64]


def lacking_pieces(new: Tokenizer, known: Tokenizer) -> NDArray[np.bool_]:
    """Which pieces of `new`, by id, `known` does not have."""
    lacking = np.zeros(max(new.get_vocab().values()) + 1, bool)
    lacking[[at for piece, at in new.get_vocab().items() if known.token_to_id(piece) is None]] = True
    return lacking


def align(
    new: Tokenizer,
    lacking: NDArray[np.bool_],
    known: Tokenizer,
    rows: Sequence[Versions],
    weights: NDArray[np.float64],
    *,
    report: Callable[[str], None] = lambda _: None,
) -> Alignment:
    """Model 1 over pieces: the `lacking` ones of one version, against the pieces `known` cuts the others into.

    `weights`: (rows,), how much a row counts.
    """
    special = set(known.get_added_tokens_decoder())
    unknown, others = [], []  # of each language, for each row: lacking pieces, and those to align them with
    for language, name in enumerate(LANGUAGES):
        report(f"cutting {name}")
        texts = [row[language] for row in rows]
        unknown.append([np.unique([at for at in cut.ids if lacking[at]]) for cut in new.encode_batch(texts)])
        others.append([np.array(sorted(set(cut.ids) - special)) for cut in known.encode_batch(texts)])
    f_parts, e_parts, size_parts, weight_parts = [], [], [], []
    for one in range(len(LANGUAGES)):
        for row in range(len(rows)):
            ours = unknown[one][row].astype(np.int64)
            if not len(ours):
                continue
            theirs = np.concatenate([others[two][row] for two in range(len(LANGUAGES)) if two != one])
            f_parts.append(np.repeat(ours, len(theirs)))
            e_parts.append(np.tile(theirs, len(ours)))
            size_parts.append(np.full(len(ours), len(theirs)))
            weight_parts.append(np.full(len(ours), weights[row]))
    f, e = np.concatenate(f_parts), np.concatenate(e_parts).astype(np.int64)
    sizes, token_weights = np.concatenate(size_parts), np.concatenate(weight_parts)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    span = known.get_vocab_size() + len(special)
    keys, pair = np.unique(f * span + e, return_inverse=True)
    new_ids, known_ids = keys // span, keys % span
    likely: NDArray[np.float64] = np.ones(len(keys))
    expected = likely
    for number in range(ROUNDS):
        report(f"aligning, round {number + 1} of {ROUNDS}")
        share = likely[pair]
        share *= np.repeat(token_weights / np.add.reduceat(share, starts), sizes)
        expected = np.asarray(np.bincount(pair, share, len(keys)), np.float64)
        likely = expected / np.bincount(known_ids, expected, span)[known_ids]
    other = (new_ids != known_ids) | (new is not known)  # a word shared by two languages tells nothing of itself
    return Alignment(new_ids[other], known_ids[other], expected[other])


def embed(
    new: Tokenizer, known: Tokenizer, vectors: NDArray[np.float32], aligned: Alignment, lacking: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Vectors of the new list, `(pieces, dimension)`, from those of the known one.

    Pieces with too little evidence start from the mean of the pieces `known` cuts them into.
    """
    made = np.empty((max(new.get_vocab().values()) + 1, vectors.shape[1]), np.float32)
    evidence = np.bincount(aligned.new, aligned.expected, len(made))
    order = np.lexsort((-aligned.expected, aligned.new))
    starts = dict(zip(*np.unique(aligned.new[order], return_index=True), strict=True))
    usual = float(np.linalg.norm(vectors, axis=1).mean())
    for piece, at in new.get_vocab().items():
        if not lacking[at]:
            made[at] = vectors[known.token_to_id(piece)]
            continue
        if evidence[at] >= LEAST_EVIDENCE:
            best = order[starts[at] : starts[at] + ALIGNED]
            best = best[aligned.new[best] == at]
            weight: NDArray[np.float64] = (aligned.expected[best] / aligned.expected[best].sum()) ** SHARPEN
            parts = aligned.known[best]
        else:
            parts = np.asarray(known.encode(piece.removeprefix("##"), add_special_tokens=False).ids)
            weight = np.ones(len(parts), np.float64)
        mean = (vectors[parts] * weight[:, None]).sum(axis=0) / weight.sum()
        made[at] = mean * (usual / np.linalg.norm(mean))
    return made


def rehouse(student: Path, new: Tokenizer, vectors: NDArray[np.float32], to: Path) -> None:
    """Write the student with another word list: its layers, the new vectors. A folder for `learn`."""
    import torch
    from transformers import AutoModel

    transformer: Any = AutoModel.from_pretrained(str(student), dtype=torch.float32)
    transformer.resize_token_embeddings(len(vectors), mean_resizing=False)
    with torch.no_grad():
        transformer.embeddings.word_embeddings.weight.copy_(torch.from_numpy(vectors))
    transformer.save_pretrained(to)
    settings = "tokenizer_config.json"
    (to / settings).write_text((student / settings).read_text(encoding="utf-8"), encoding="utf-8")
    new.save(str(to / "tokenizer.json"))
