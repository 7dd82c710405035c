"""One recipe names what every step of the training reads and writes, how long it learns and how hard.

    prepare -> tokenizer -> align -> distil -> finetune -> export -> report

A step that is done is not done again, and one that was stopped while learning goes on where it stood.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from corpus.errors import EncoderError
from models.training.schedule import Schedule

SHIPPED_RECIPE = Path(__file__).parent / "recipe.yaml"


@dataclass(frozen=True)
class WordList:
    """How large the new word list is, and how much our own text counts in it."""

    pieces: int = 42_000  # learnt as WordPiece does
    words: int = 53_900  # with the whole words added
    own_text: int = 6  # times a text of ours counts beside a general one
    bank: int = 4  # times a practice of the bank counts
    passes: int = 2  # of the alignment; from the second on, new pieces are aligned with one another too


@dataclass(frozen=True)
class Recipe:
    """Paths are relative to the recipe's own folder."""

    work: Path  # where every step writes
    student: Path  # a SentenceTransformer folder to start from
    bundles: tuple[Path, ...]  # general sentences: xz, tab-separated: en, es, ca, it, origin, source
    tests: Path  # the public test sets: nothing like their sentences is learnt
    domain: Path  # our own text
    distil: Schedule
    finetune: Schedule
    most_per_source: int = 9_000  # general sentences of one source, so that none outweighs the others
    word_list: WordList = WordList()

    @property
    def general(self) -> Path:
        """What `prepare` writes; its counts by source stand beside it as JSON."""
        return self.work / "general.tsv.xz"

    @property
    def tokenizer(self) -> Path:
        """What `tokenizer` writes."""
        return self.work / "tokenizer.json"

    @property
    def aligned(self) -> Path:
        """What `align` writes: the student with the new word list, not yet taught."""
        return self.work / "aligned"

    @property
    def distilled(self) -> Path:
        """What `distil` writes."""
        return self.work / "distilled"

    @property
    def finetuned(self) -> Path:
        """What `finetune` writes, and `export` adds the ONNX file to."""
        return self.work / "finetuned"


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Raises:
        EncoderError: it is not YAML, or says something no recipe has.
    """
    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
        recipe = TypeAdapter(Recipe).validate_python(fields, strict=False)
    except (yaml.YAMLError, ValidationError) as error:
        raise EncoderError(f"{path} is no recipe: {error}") from None
    here = path.resolve().parent

    def at(named: Path) -> Path:
        return (here / named).resolve()

    return replace(
        recipe,
        work=at(recipe.work),
        student=at(recipe.student),
        bundles=tuple(map(at, recipe.bundles)),
        tests=at(recipe.tests),
        domain=at(recipe.domain),
    )
