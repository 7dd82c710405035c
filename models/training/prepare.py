"""General text made ready: no sentence of the public test sets, nor one almost like it; counted by source.

A near copy shares at least half of its runs of three words with a test sentence; one of fewer than five words
is only compared whole, for short sentences are alike by nature.
"""

import csv
import json
import lzma
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

SHARED = 0.5  # of the runs of three words of a sentence
RUN = 3  # words
SHORT = 5  # words, below which only the whole is compared
HUMAN = "H"

_WORD = re.compile(r"\w+")


def normalised(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return tuple(_WORD.findall(plain))


class TestSentences:
    """The sentences of the public test sets, to tell what is like one of them."""

    __test__ = False  # not a test of pytest's

    def __init__(self, sentences: Iterable[str]) -> None:
        self._whole: set[tuple[str, ...]] = set()
        self._with_run: dict[tuple[str, ...], list[int]] = {}
        for number, sentence in enumerate(sentences):
            words = normalised(sentence)
            self._whole.add(words)
            for run in _runs(words):
                self._with_run.setdefault(run, []).append(number)

    def has_like(self, sentence: str) -> bool:
        """Whether one of them is this sentence or nearly so."""
        words = normalised(sentence)
        if words in self._whole:
            return True
        if len(words) < SHORT:
            return False
        runs = _runs(words)
        shared = Counter(number for run in runs for number in self._with_run.get(run, ()))
        return bool(shared) and max(shared.values()) >= SHARED * len(runs)


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1)}


def test_sentences(folder: Path) -> Iterator[str]:
    """Every sentence of the test sets in a folder, as `report` reads them."""
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.reader(file):
                    yield from row[:2]
        elif path.name.startswith(("ntrex.", "tatoeba.")):
            yield from path.read_text(encoding="utf-8").splitlines()


def prepare(
    bundles: Sequence[Path], tests: Path, to: Path, *, report: Callable[[str, int], None] = lambda *_: None
) -> dict[str, dict[str, int]]:
    """Write the rows of the bundles that may be learnt from, and count them by source.

    `bundles`: xz files of six columns, tab-separated: en, es, ca, it (empty where missing), origin of each
    (`en=H` for a person, `N` or `A(x)` for a machine), source. `to`: a file of the same form. Returns for each
    source how many rows were `kept`, were `like a test`, and how many of the kept have an English a person wrote.
    """
    known = TestSentences(test_sentences(tests))
    counts: dict[str, dict[str, int]] = {}
    read = 0
    scratch = to.with_name(to.name + ".part")
    with lzma.open(scratch, "wt", encoding="utf-8", preset=1) as out:
        for bundle in bundles:
            with lzma.open(bundle, "rt", encoding="utf-8") as file:
                for line in file:
                    fields = line.rstrip("\n").split("\t")
                    read += 1
                    if read % 5_000 == 0:
                        report(bundle.name, read)
                    if len(fields) != 6 or not any(fields[:4]):
                        continue
                    count = counts.setdefault(fields[5], {"kept": 0, "like a test": 0, "english by a person": 0})
                    if any(known.has_like(text) for text in fields[:4] if text):
                        count["like a test"] += 1
                        continue
                    count["kept"] += 1
                    count["english by a person"] += fields[4].startswith(f"en={HUMAN}")
                    out.write(line)
    scratch.replace(to)
    to.with_suffix(".json").write_text(json.dumps(counts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return counts
