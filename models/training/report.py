"""What an encoder can do, on public test sets and on the themes of our own text that were kept out of training.

All figures in per cent. Bitext accuracy: share of sentences whose nearest in the other language is their
translation. STS: Spearman correlation of cosine similarities with human scores. Own themes: share of problems
whose practice, in another language, is among the five nearest of all practices of these themes.
"""

import csv
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from models.encoder import Encoder, Vectors
from models.training.texts import LANGUAGES, Versions, triples

NTREX = {"ca": "cat", "es": "spa", "it": "ita", "en": "eng"}
FOUND_IN = 5

Report = dict[str, float]


def report(encoder: Encoder, tests: Path, *, progress: Callable[[str], None] = lambda _: None) -> Report:
    """Every figure; `tests` holds `ntrex.<lang>.txt`, `tatoeba.<lang>-eng.<lang>` and `stsb-<lang>-test.csv`."""
    figures: Report = {}
    progress("NTREX-128")
    vectors = {code: encoder.encode_documents(_lines(tests / f"ntrex.{name}.txt")) for code, name in NTREX.items()}
    directions = [bitext_accuracy(vectors[one], vectors[two]) for one, two in permutations(vectors, 2)]
    figures["ntrex, mean of 12 directions"] = float(np.mean(directions))
    for code in ("ca", "es", "it"):
        progress(f"Tatoeba {code}")
        pair = f"tatoeba.{NTREX[code]}-eng"
        ours = encoder.encode_documents(_lines(tests / f"{pair}.{NTREX[code]}"))
        english = encoder.encode_documents(_lines(tests / f"{pair}.eng"))
        figures[f"tatoeba {code} to en"] = bitext_accuracy(ours, english)
    progress("STS benchmark")
    rows = {code: _sts(tests / f"stsb-{code}-test.csv") for code in ("en", "es", "it")}
    sides = {
        code: [encoder.encode_documents([row[side] for row in found]) for side in (0, 1)]
        for code, found in rows.items()
    }
    scores = [float(row[2]) for row in rows["es"]]
    for one, two in (("es", "es"), ("it", "it"), ("en", "en"), ("es", "it")):
        name = f"sts {one}" if one == two else f"sts {one}-{two}"
        figures[name] = _correlation(sides[one][0], sides[two][1], scores)
    progress("our own themes")
    figures["own themes, practice in another language in 5"] = own_themes(encoder)
    return figures


def bitext_accuracy(one: Vectors, two: Vectors) -> float:
    """Per cent of rows of `one` whose nearest row of `two` has the same number."""
    return float(100 * ((one @ two.T).argmax(axis=1) == np.arange(len(one))).mean())


def _correlation(one: Vectors, two: Vectors, scores: Sequence[float]) -> float:
    return float(100 * spearmanr((one * two).sum(axis=1), scores).statistic)


def own_themes(encoder: Encoder) -> float:
    """Per cent of problems, over all pairs of different languages, whose practice is among the nearest five."""
    kept_out = triples(development=True)

    def encoded(versions: Sequence[Versions]) -> list[Vectors]:
        return [encoder.encode_documents([row[at] for row in versions]) for at in range(len(LANGUAGES))]

    problems = encoded([triple.problem for triple in kept_out])
    practices = encoded([triple.practice for triple in kept_out])
    found: list[NDArray[np.bool_]] = []
    for one, two in permutations(range(len(LANGUAGES)), 2):
        similar = problems[one] @ practices[two].T
        rank = (similar > np.diag(similar)[:, None]).sum(axis=1)
        found.append(rank < FOUND_IN)
    return float(100 * np.concatenate(found).mean())


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").strip("\n").split("\n")


def _sts(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.reader(file) if row]
