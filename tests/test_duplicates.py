"""Finding the same practice in another language, and leaving neighbours alone."""

from pathlib import Path

import numpy as np
import pytest

from corpus.bank import read_yaml_practice
from indexer.duplicates import Likeness, all_resemblances, resemblances, sentence_alignment
from tests.factories import make_snapshot

TRANSLATIONS = Path(__file__).parent / "translations"


@pytest.fixture(scope="module")
def translated(bank, shipped_encoder, tmp_path_factory):
    """The bank with twenty records translated as another network would publish them."""
    translations = [read_yaml_practice(path) for path in sorted(TRANSLATIONS.glob("*.yaml"))]
    assert len(translations) == 20
    return translations, make_snapshot(tmp_path_factory.mktemp("index"), [*bank, *translations], shipped_encoder)


def original_of(translation):
    return translation.id.rsplit(".", 1)[0]


def test_every_translation_is_found_as_the_same_practice(translated):
    translations, snapshot = translated
    found = {
        translation.id: [r.other_id for r in resemblances(snapshot, snapshot.rows[translation.id])
                         if r.likeness is Likeness.SAME]
        for translation in translations
    }  # fmt: skip
    missed = [
        i for i, others in found.items() if original_of(next(t for t in translations if t.id == i)) not in others
    ]
    assert missed == []


def test_of_two_hundred_near_neighbours_hardly_any_is_taken_for_the_same(translated):
    translations, snapshot = translated
    wholes = snapshot.wholes.vectors()
    known = {frozenset((t.id, original_of(t))) for t in translations}
    similar = wholes @ wholes.T
    np.fill_diagonal(similar, -1)
    pairs = []
    for row, other in zip(*np.unravel_index(np.argsort(-similar, axis=None), similar.shape), strict=True):
        pair = frozenset((snapshot.ids[row], snapshot.ids[other]))
        if row < other and pair not in known:
            pairs.append(pair)
        if len(pairs) == 200:
            break
    same = {
        frozenset((r.practice_id, r.other_id)) for r in all_resemblances(snapshot) if r.likeness is Likeness.SAME
    }
    wrong = [pair for pair in pairs if pair in same]
    assert len(wrong) <= 4, wrong


def test_a_decided_translation_is_not_asked_about_again(bank, shipped_encoder, tmp_path):
    original, other = bank[0], bank[0].model_copy(update={"id": "a-translation", "translations": (bank[0].id,)})
    snapshot = make_snapshot(tmp_path, [original, other], shipped_encoder)
    assert resemblances(snapshot, snapshot.rows[original.id]) == []


def test_alignment_is_one_for_the_same_sentences_in_any_order(shipped_encoder):
    one = shipped_encoder.encode_documents(["Una frase sobre avis.", "Una altra sobre joves."])
    assert sentence_alignment(one, one[::-1]) == pytest.approx(1.0, abs=1e-5)
