"""What the encoder learns from: sentences in four languages, and problems with the practice that answers them.

Our own domain text lies beside this file; general text, made by others, stays outside the repository and is
read from the folder the training configuration names.
"""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("en", "es", "ca", "it")
DOMAIN = Path(__file__).parent / "domain"
# Kept out of training, a fifth of the themes: named, so that a theme that is added moves none across the line.
DEVELOPMENT_THEMES = frozenset(
    {
        "accessibility-leisure-disability",
        "adult-employment-insertion",
        "dementia",
        "elderly-loneliness",
        "food-poverty-waste",
        "hoarding-and-neglected-homes",
        "housing-eviction",
        "language-for-newcomers",
        "neighbourhood-networks-community-action",
        "public-health-prevention",
        "school-meals",
        "seasonal-workers",
        "sport-for-inclusion",
        "suicide-prevention",
        "waiting-lists-procedures-simplification",
    }
)

Versions = tuple[str, str, str, str]  # one sentence in the order of LANGUAGES


@dataclass(frozen=True)
class Triple:
    """A problem, a practice that answers it in other words, and one of the same field that does not."""

    theme: str
    problem: Versions
    practice: Versions
    hard_negative: Versions


@dataclass(frozen=True)
class Match:
    """A query in one language, the record that answers it in another, and one that is near and does not."""

    query: str
    title: str
    problem: str
    actions: str
    near_miss: str


def _theme(path: Path) -> str:
    """`pairs_dementia-2.jsonl` -> `dementia`: a theme may have several parts."""
    name = path.stem.split("_", 1)[1]
    return name[:-2] if name[-2:-1] == "-" and name[-1].isdigit() else name


def themes(folder: Path = DOMAIN) -> list[str]:
    """All themes of the domain text, in order of name."""
    return sorted({_theme(path) for path in folder.glob("pairs_*.jsonl")})


def domain_sentences(folder: Path = DOMAIN, *, development: bool = False) -> list[Versions]:
    """Our own sentences in four languages, of the training themes or of those kept out."""
    rows = []
    for path in sorted(folder.glob("quads_*.tsv")):
        if (_theme(path) in DEVELOPMENT_THEMES) is development:
            for line in path.read_text(encoding="utf-8").splitlines()[1:]:
                fields = line.split("\t")
                if len(fields) == 5 and all(fields):
                    rows.append((fields[0], fields[1], fields[2], fields[3]))
    return rows


def triples(folder: Path = DOMAIN, *, development: bool = False) -> list[Triple]:
    """Our own problems, practices and hard negatives, of the training themes or of those kept out."""

    def versions(texts: dict[str, str]) -> Versions:
        return texts["en"], texts["es"], texts["ca"], texts["it"]

    found = []
    for path in sorted(folder.glob("pairs_*.jsonl")):
        if (_theme(path) in DEVELOPMENT_THEMES) is development:
            for line in filter(None, path.read_text(encoding="utf-8").splitlines()):
                fields = json.loads(line)
                found.append(
                    Triple(
                        theme=_theme(path),
                        problem=versions(fields["problem"]),
                        practice=versions(fields["practice"]),
                        hard_negative=versions(fields["hard_negative"]),
                    )
                )
    return found


def matches(folder: Path = DOMAIN) -> list[Match]:
    """Our own queries with the record that answers."""
    rows = (
        json.loads(line)
        for path in sorted(folder.glob("matches_*.jsonl"))
        for line in filter(None, path.read_text(encoding="utf-8").splitlines())
    )
    return [Match(**{name: row[name] for name in Match.__dataclass_fields__}) for row in rows]


def rows_of_bundle(path: Path) -> Iterator[list[str]]:
    """Rows of a bundle: en, es, ca, it (empty where missing), origin, source."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            if len(fields) == 6:
                yield fields


def general_sentences(path: Path, *, most_per_source: int) -> list[Versions]:
    """Sentences of a bundle in all four languages whose English a person wrote.

    An English made by machine is a poor target for the teacher; `most_per_source` keeps one source from
    outweighing the others.
    """
    taken: dict[str, int] = {}
    rows = []
    for fields in rows_of_bundle(path):
        if all(fields) and fields[4].startswith("en=H") and taken.get(fields[5], 0) < most_per_source:
            taken[fields[5]] = taken.get(fields[5], 0) + 1
            rows.append((fields[0], fields[1], fields[2], fields[3]))
    return rows
