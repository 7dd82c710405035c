"""The names of columns and headings and the words towns answer with, from `headings.yaml` and the caller's own."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from corpus.errors import UnreadableSource
from corpus.practice import Body, Contact, Practice
from corpus.vocabulary import Language, labels

LONGEST_HEADING = 120  # characters; a longer line is a sentence
NOT_FIELDS = ("period", "entity", "source_url", "person", "ignored")
FIELDS = frozenset(
    [*Practice.model_fields, *NOT_FIELDS]
    + [f"body.{name}" for name in Body.model_fields]
    + [f"contact.{name}" for name in Contact.model_fields]
)

_HINT = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NUMBERING = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2})*[.)\-:]?|[a-z][.)])\s+(?=\S)")
_NOT_WORD = re.compile(r"[^\w/%]+|_+")


def fold(text: str) -> str:
    """A text without case, accents and punctuation, for comparing words: "Data d'inici:" -> "data d inici"."""
    return _fold_short(text) if len(text) <= LONGEST_HEADING else _fold(text)


def _fold(text: str) -> str:
    text = text.casefold().replace("·", "")
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return _NOT_WORD.sub(" ", text).strip()


_fold_short = lru_cache(maxsize=8192)(_fold)  # the same headings and words come back in every row


@dataclass(frozen=True, eq=False)
class Headings:
    """Names and words, folded; made by `load_headings`."""

    fields: dict[str, str]
    languages: dict[str, frozenset[str]]
    endings: tuple[str, ...]
    words: dict[str, dict[str, str]]
    bodies: dict[str, str]
    boilerplate: frozenset[str]

    def field(self, heading: str) -> str | None:
        """The field a heading names, or None: the name of the field itself, or one of the table."""
        name = _known_name(self, heading)
        return self.fields[name] if name else None

    def language(self, headings: Iterable[str]) -> Language | None:
        """The language most of the known headings are in, or None on a tie; names of fields have none."""
        votes: Counter[str] = Counter()
        for heading in set(headings) - FIELDS:
            votes.update(self.languages.get(_known_name(self, heading) or "", ()))
        best = votes.most_common(2)
        if not best or (len(best) == 2 and best[0][1] == best[1][1]):
            return None
        return Language(best[0][0])

    def word(self, kind: str, text: str) -> str | None:
        """The code a word stands for ("Consolidado" -> "consolidated"), or None."""
        return self.words[kind].get(fold(text))

    def holds(self, kind: str, text: str) -> bool:
        """Whether any of the words of a plain list stands in a text."""
        folded = f" {fold(text)} "
        return any(f" {word} " in folded for word in self.words[kind])


@lru_cache(maxsize=4096)
def _known_name(headings: Headings, heading: str) -> str | None:
    """The folded name of the table that a heading is, without numbering, hints and "of the project"."""
    heading = heading.strip()
    if not heading or len(heading) > LONGEST_HEADING:
        return None
    if heading in FIELDS:
        return fold(heading)
    lowered = heading.casefold()
    for variant in (lowered, _HINT.sub(" ", lowered)):
        bare = variant.strip(" *•")
        for numbered in (bare, _NUMBERING.sub("", bare)):
            name = fold(numbered)
            if name in headings.fields:
                return name
            for ending in headings.endings:
                if name.endswith(ending) and name.removesuffix(ending) in headings.fields:
                    return name.removesuffix(ending)
    return None


def load_headings(extra: Path | None = None) -> Headings:
    """The shipped table, joined by the names and words of a file of the same form.

    Raises:
        UnreadableSource: the extra file is not of that form, or names a field that does not exist.
    """
    try:
        return _load(extra, extra.stat().st_mtime_ns if extra else 0)
    except OSError as error:
        raise UnreadableSource(f"The file of headings cannot be opened: {error}.") from None


@lru_cache(maxsize=8)
def _load(extra: Path | None, _changed: int) -> Headings:
    tables = [
        _table(files("corpus.importers").joinpath("headings.yaml").read_text(encoding="utf-8"), "headings.yaml")
    ]
    if extra:
        tables.append(_table(extra.read_text(encoding="utf-8"), extra.name))
    fields: dict[str, str] = {}
    languages: dict[str, set[str]] = {}
    endings: list[str] = []
    words: dict[str, dict[str, str]] = {
        kind: {fold(text): code for code, texts in codes.items() for text in (code, *texts.values())}
        for kind, codes in labels().items()
    }
    bodies: dict[str, str] = {}
    boilerplate: set[str] = set()
    for table in tables:
        for field, names in table.get("fields", {}).items():
            for language, known in names.items():
                for name in map(fold, known):
                    fields[name] = field
                    languages.setdefault(name, set()).add(language)
        endings += [f" {fold(text)}" for texts in table.get("of_the_practice", {}).values() for text in texts]
        for kind, entries in table.get("words", {}).items():
            known_words = words.setdefault(kind, {})
            groups = entries.items() if isinstance(entries, dict) else [(kind, entries)]
            known_words.update({fold(text): code for code, texts in groups for text in texts})
        bodies |= {fold(text): kind for kind, texts in table.get("bodies", {}).items() for text in texts}
        boilerplate |= {fold(text) for text in table.get("boilerplate", [])}
    return Headings(
        fields=fields | {fold(name): name for name in FIELDS},
        languages={name: frozenset(spoken) for name, spoken in languages.items()},
        endings=tuple(endings),
        words=words,
        bodies=dict(sorted(bodies.items(), key=lambda body: -len(body[0]))),
        boilerplate=frozenset(boilerplate),
    )


def _table(text: str, name: str) -> dict[str, Any]:
    try:
        table = yaml.load(text, Loader=yaml.CSafeLoader) or {}
        unknown = set(table.get("fields", {})) - FIELDS
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise UnreadableSource(f"{name} is not a table of headings: {error}") from None
    if unknown:
        raise UnreadableSource(
            f"{name} gives names to fields that do not exist: {', '.join(sorted(unknown))}. "
            f"The fields are: {', '.join(sorted(FIELDS))}."
        )
    loaded: dict[str, Any] = table
    return loaded
