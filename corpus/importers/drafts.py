"""The nouns of importing: what a reader finds (`Entry`), what comes of it (`Draft`), and the formats."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from corpus.errors import Problem
from corpus.practice import Practice


class Format(StrEnum):
    """What a file or page is written in."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON_LINES = "jsonl"
    JSON_LD = "jsonld"
    YAML = "yaml"
    DOCX = "docx"
    HTML = "html"


@dataclass
class Entry:
    """One record as its source tells it: each heading with what stands under it, in order."""

    place: str
    row: int | None
    values: list[tuple[str, Any]] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Draft:
    """What importing one record would do.

    A problem keeps the record out: `practice` is None, nothing of it is stored. A doubt lets it in:
    something was read with a guess, or left aside.
    """

    place: str
    row: int | None
    practice: Practice | None
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
