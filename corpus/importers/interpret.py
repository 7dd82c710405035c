"""From what a source tells to a practice: names to fields, words to values, each fault and guess on record."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from corpus.errors import InvalidPractice, MunicipalityError, Problem
from corpus.importers.drafts import Draft, Entry
from corpus.importers.headings import Headings, fold
from corpus.importers.values import READERS, structured
from corpus.practice import LONGEST_TEXT, Practice, Section, Source, parse_practice
from corpus.vocabulary import BodyType, Language

if TYPE_CHECKING:
    from corpus.municipality import Municipality

LONGEST_ABSENT = 30  # characters of a cell that says it says nothing
LONGEST_ID = 110  # characters, leaving room for a number

_NAMED_ONLY = {"body": "entity", "contact": "person"}  # where a text stands for the whole part
_PARTS = ("budget", "impacts", "actors", "recognitions", "replications", "sources")
_KNOWN_OF_PLACES = ("code", "population", "population_year", "province", "region", "country")
_SOFT_BREAK = re.compile("[\x0b\x0c]")
_MOJIBAKE = re.compile("Ã[\x80-\xbf©¡³±§]|â€™")
_PLACE_ARTICLES = (
    (r"(?:de\s+l|dell)['’]\s*", "L'"),
    (r"(?:del|de\s+el)\s+", "El "),
    (r"dels\s+", "Els "),
    (r"(?:de\s+la|della)\s+", "La "),
    (r"de\s+les\s+", "Les "),
    (r"de\s+los\s+", "Los "),
    (r"de\s+las\s+", "Las "),
    (r"dello\s+", "Lo "),
    (r"(?:de|di|of)\s+|d['’]\s*", ""),
)


class FindMunicipality(Protocol):
    """`Municipalities.find`: the one place of a name or code, or a MunicipalityError."""

    def __call__(
        self, name_or_code: str, *, region: str | None = None, country: str | None = None
    ) -> "Municipality": ...


@dataclass
class Interpreter:
    """Turns the entries of one file into drafts; remembers the ids given and the names it did not know."""

    headings: Headings
    language: Language | None = None
    detect_language: Callable[[str], str | None] | None = None
    find_municipality: FindMunicipality | None = None
    source: Source | None = None
    read_on: date = field(default_factory=date.today)
    _ids: dict[str, str] = field(default_factory=dict)
    _made: Counter[str] = field(default_factory=Counter)  # how often an id was made of these names
    _unknown: set[str] = field(default_factory=set)

    def draft(self, entry: Entry) -> Draft:
        """The draft of one entry; nothing is lost without a word."""
        return _Reading(self, entry).draft()


class _Reading:
    """One entry on its way to a draft."""

    def __init__(self, by: Interpreter, entry: Entry) -> None:
        self.by = by
        self.entry = entry
        self.problems = list(entry.problems)
        self.doubts = list(entry.doubts)
        self.told: dict[str, list[tuple[str, Any]]] = {}
        self.fields: dict[str, Any] = {}

    def draft(self) -> Draft:
        practice = None
        if self.entry.values or not self.problems:
            self._sort()
            for name, values in self.told.items():
                self._read(name, values)
            self._set_body_and_contact()
            self._set_years()
            self._set_sources()
            self._set_language()
            self._set_id()
            practice = self._practice()
        return Draft(self.entry.place, self.entry.row, practice, tuple(self.problems), tuple(self.doubts))

    def _sort(self) -> None:
        for label, value in self.entry.values:
            name = self.by.headings.field(label)
            if isinstance(value, str):
                name = _NAMED_ONLY.get(name or "", name)
            if name is None:
                self._unknown_name(label, value)
            elif name == "person":
                self.doubt(label, "may name a person; not stored")
            elif name != "ignored" and not self._is_absent(label, name, value):
                content = _SOFT_BREAK.sub("\n", value) if isinstance(value, str) else value
                self.told.setdefault(name, []).append((label, content))
                if name == "impacts" and isinstance(content, str) and structured(content) is None:
                    self.told.setdefault("results", []).append((label, content))  # figures are read, words stay

    def _unknown_name(self, label: str, value: Any) -> None:
        if label not in self.by._unknown:
            self.by._unknown.add(label)
            self.doubt(label, "is no heading we know; not read, here and below", value)

    def _is_absent(self, label: str, name: str, value: Any) -> bool:
        """Whether a town says that it says nothing ("-", "n/a"); our own exports are taken at their word."""
        if not isinstance(value, str) or (label == name and value):
            return value == ""
        return len(value) < LONGEST_ABSENT and (not fold(value) or fold(value) in self.by.headings.words["absent"])

    def doubt(self, name: str, reason: str, value: Any = "") -> None:
        self.doubts.append(Problem(self.entry.place, name, reason, _shown(value), self.entry.row))

    def problem(self, name: str, reason: str, value: Any = "") -> None:
        self.problems.append(Problem(self.entry.place, name, reason, _shown(value), self.entry.row))

    def _read(self, name: str, values: list[tuple[str, Any]]) -> None:
        label, value = values[0]
        if len(values) > 1:
            if not all(isinstance(one, str) for _, one in values):
                self.problem(name, f"stands twice, under {label!r} and {values[1][0]!r}")
                return
            value = "\n".join(one for _, one in values)
        if name in _PARTS and isinstance(value, str) and (parts := structured(value)) is not None:
            value = parts
        reader = READERS.get(name)
        if reader is None or not isinstance(value, str):
            self.fields[name] = value
            return
        under = "" if label == name else f" (under {label!r})"
        if len(value) > LONGEST_TEXT:
            self.problem(name, f"is longer than {LONGEST_TEXT} characters{under}", value)
            return
        try:
            read = reader(value, self.by.headings, lambda reason: self.doubt(name, f"{reason}{under}", value))
        except ValueError as error:
            self.problem(name, f"{error}{under}", value)
            return
        if name == "budget":
            read = [self._scope_of(values) | line for line in read]
        if read not in (None, [], {}):
            self.fields[name] = read

    def _scope_of(self, values: list[tuple[str, Any]]) -> dict[str, str]:
        """What the headings say amounts cover: "Cost total", "Budget annuo"."""
        for scope in ("annual", "whole"):
            if any(self.by.headings.holds(scope, label) for label, _ in values):
                return {"scope": scope}
        return {}

    def _taken(self, prefix: str) -> dict[str, Any]:
        names = [name for name in self.fields if name.startswith(f"{prefix}.")]
        return {name.removeprefix(f"{prefix}."): self.fields.pop(name) for name in names}

    def _set_body_and_contact(self) -> None:
        contact = self._taken("contact")
        entity = self.fields.pop("entity", None)
        body = self._taken("body")
        if entity is not None:
            body.setdefault("name", entity)
        if isinstance(code := body.get("code"), str):
            body["code"] = self._whole_code(code.strip())
        if body and "body" not in self.fields:
            self.fields["body"] = (
                body if "type" in body else self._found_body(body, is_place="body.name" in self.told)
            )
        if contact and "contact" not in self.fields:
            named = self.fields.get("body")
            if "body" not in contact and isinstance(named, dict) and "name" in named:
                contact["body"] = named["name"]
            self.fields["contact"] = contact

    def _whole_code(self, code: str) -> str:
        """Spreadsheets drop the zero an official code begins with."""
        length = 6 if any("istat" in fold(label) for label, _ in self.told["body.code"]) else 5
        if code.isdigit() and len(code) == length - 1:
            self.doubt("body.code", f"is read as {code.zfill(length)}", code)
            return code.zfill(length)
        return code

    def _found_body(self, told: dict[str, Any], *, is_place: bool) -> dict[str, Any]:
        kind, name = self._kind_and_name(str(told.get("name", "")))
        if kind:
            told["type"] = kind
        elif not is_place:
            self.doubt("body.type", "may not be a municipality", name)
        if name:
            told["name"] = name
        if self.by.find_municipality and kind in (None, BodyType.MUNICIPALITY) and (told.get("code") or name):
            try:
                place = self.by.find_municipality(
                    told.get("code") or name, region=told.get("region"), country=told.get("country")
                )
            except MunicipalityError as error:
                self.doubt("body.name", str(error), name)
                return told
            known = {part: getattr(place, part) for part in _KNOWN_OF_PLACES if getattr(place, part) is not None}
            if "population" in told:
                known.pop("population_year", None)
            return told | {"name": place.name} | {part: known[part] for part in known if part not in told}
        return told

    def _kind_and_name(self, text: str) -> tuple[str | None, str]:
        """ "Ajuntament d'Olot" -> municipality, "Olot"; other bodies keep their whole name."""
        text = re.sub(r"\s+\([A-Z]{2}\)$", "", " ".join(text.split()))
        folded = f"{fold(text)} "
        for words, kind in self.by.headings.bodies.items():
            if not folded.startswith(f"{words} "):
                continue
            rest = text.split(maxsplit=words.count(" ") + 1)[words.count(" ") + 1 :]
            if kind != BodyType.MUNICIPALITY or not rest:
                return kind, text
            for article, short in _PLACE_ARTICLES:
                if found := re.match(article, rest[0], re.IGNORECASE):
                    return kind, short + rest[0][found.end() :]
            return kind, rest[0]
        return None, text

    def _set_years(self) -> None:
        for name, year in (self.fields.pop("period", None) or {}).items():
            self.fields.setdefault(name, year)

    def _set_sources(self) -> None:
        address = self.fields.pop("source_url", None)
        if "sources" in self.fields:
            return
        if address:
            addresses = re.findall(r"https?://[^\s<>\"']+", str(address))
            if not addresses:
                self.doubt("sources", "is no web address; left out", address)
            self.fields["sources"] = [{"url": url, "retrieved_on": self.by.read_on} for url in addresses]
        elif self.by.source:
            self.fields["sources"] = [self.by.source]

    def _set_language(self) -> None:
        if "language" in self.fields:
            return
        text = "\n".join(str(self.fields[section]) for section in Section if section in self.fields)
        language: str | None = self.by.detect_language(text) if self.by.detect_language else None
        if language is None and self.by.language is None:
            language = self.by.headings.language(label for label, _ in self.entry.values)
            if language:
                self.doubt("language", "is taken from the headings", language)
        language = language or self.by.language
        if language:
            self.fields["language"] = language
        elif "language" not in self.told:
            self.problem("language", "cannot be told from the text; give a column with ca, es, it or en")
            self.fields["language"] = Language.ENGLISH  # so that the other fields are checked too

    def _set_id(self) -> None:
        if "id" in self.fields:
            told = str(self.fields["id"])
            if told in self.by._ids:
                self.problem("id", f"stands already in {self.by._ids[told]}", told)
        else:
            body = self.fields.get("body")
            name = body.get("name", "") if isinstance(body, dict) else ""
            made = make_id(str(name), str(self.fields.get("title", "")))
            number = self.by._made[made]
            told = made if number == 0 else f"{made}-{number + 1}"
            while told in self.by._ids:
                number += 1
                told = f"{made}-{number + 1}"
            self.by._made[made] = number + 1
            if told != made:
                self.doubt("id", f"may stand twice: same body and title as {self.by._ids[made]}", told)
            self.fields["id"] = told
        where = self.entry.place if self.entry.row is None else f"row {self.entry.row}"
        self.by._ids.setdefault(told, where)

    def _practice(self) -> Practice | None:
        if any(isinstance(value, str) and _MOJIBAKE.search(value) for value in self.fields.values()):
            self.doubt("file", "holds letters that look wrongly decoded (Ã©, â€™)")
        try:
            practice = parse_practice(self.fields, file=self.entry.place, row=self.entry.row)
        except InvalidPractice as error:
            faulty = {problem.field for problem in self.problems}
            self.problems += [problem for problem in error.problems if problem.field not in faulty]
            return None
        return None if self.problems else practice


def _shown(value: Any) -> str:
    return " ".join(str(value)[:200].split())


def make_id(body: str, title: str) -> str:
    """A slug from the names of a body and a practice: "Vic", "Fem companyia" -> "vic-fem-companyia"."""
    slug = "-".join(re.findall("[a-z0-9]+", f"{fold(body)} {fold(title)}"))
    if len(slug) > LONGEST_ID:
        slug = slug[:LONGEST_ID].rsplit("-", 1)[0]
    return slug or f"practice-{hashlib.sha256(title.encode(errors='backslashreplace')).hexdigest()[:12]}"
