"""What a bank of practices covers: languages, places, sizes of towns, themes, fields filled, second reading.

Every number counts practices unless its name says otherwise. A body counts once however many practices it has.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

from corpus.errors import UnreadableSource
from corpus.place_names import loose_name
from corpus.practice import Body, Practice, Section, whole_text
from corpus.regions import canonical_region
from corpus.vocabulary import BodyType, label, labels

SMALL_BELOW = 20_000  # inhabitants; below it social care is no duty of a Spanish town (Ley 7/1985, art. 26)
WELL_COVERED_FROM = 6  # practices of a theme, in each of `WELL_COVERED_LANGUAGES` languages
WELL_COVERED_LANGUAGES = 2
SECOND_READING_FILE = "second_reading.csv"  # beside the records: id, read_on, mended

_BEGIN, _END = "<!-- coverage: written by `empelt bank report --readme` -->", "<!-- end of coverage -->"


@dataclass(frozen=True, slots=True)
class Words:
    """How long the records are, in words over all their texts."""

    fewest: int
    median: int
    most: int


@dataclass(frozen=True, slots=True)
class SecondReading:
    """Records that someone other than their writer read against the source."""

    read: int
    mended: int  # of those read
    by_language: Mapping[str, int]  # read


@dataclass(frozen=True, slots=True)
class Coverage:
    """The figures of one bank."""

    practices: int
    by_language: Mapping[str, int]
    bodies: int
    bodies_by_type: Mapping[str, int]
    municipalities: int
    bodies_of_known_population: int
    small_bodies: int  # of those of known population, below `SMALL_BELOW` inhabitants
    themes: Mapping[str, Mapping[str, int]]  # theme -> language -> practices; every theme of the vocabulary
    well_covered_themes: Sequence[str]  # `WELL_COVERED_FROM` practices or more in `WELL_COVERED_LANGUAGES` or more
    regions: Mapping[str, Mapping[str, int]]  # country -> region, in its own language -> practices
    puglia: int
    words: Words | None  # None for an empty bank
    sources: int
    filled: Mapping[str, int]  # structured field -> practices that have it
    second_reading: SecondReading | None  # None where no reading is recorded

    @property
    def small_share(self) -> float | None:
        """The part of the bodies of known population that is small, in [0, 1]; None when none is known."""
        return self.small_bodies / self.bodies_of_known_population if self.bodies_of_known_population else None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures to be laid out: a row has a cell for each column, of which the first `labels` name it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    labels: int = 1


def coverage(practices: Iterable[Practice], *, second_reading: SecondReading | None = None) -> Coverage:
    """Count what these practices cover."""
    records = list(practices)
    bodies = _distinct(record.body for record in records if record.body)
    known = [body.population for body in bodies if body.population is not None]
    themes: dict[str, Counter[str]] = {code: Counter() for code in labels()["theme"]}
    regions: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        for theme in record.themes:
            themes[theme.value][record.language.value] += 1
        if record.body and record.body.region:
            regions[record.body.country or ""].append(canonical_region(record.body.region))
    words = [len(whole_text(record).split()) for record in records]
    return Coverage(
        practices=len(records),
        by_language=_counted(record.language.value for record in records),
        bodies=len(bodies),
        bodies_by_type=_counted(body.type.value for body in bodies),
        municipalities=sum(body.type is BodyType.MUNICIPALITY for body in bodies),
        bodies_of_known_population=len(known),
        small_bodies=sum(population < SMALL_BELOW for population in known),
        themes={code: dict(sorted(counts.items())) for code, counts in themes.items()},
        well_covered_themes=[code for code, counts in themes.items() if _is_well_covered(counts)],
        regions={country: _counted(named) for country, named in sorted(regions.items())},
        puglia=regions["IT"].count("Puglia"),
        words=Words(min(words), round(median(words)), max(words)) if words else None,
        sources=sum(len(record.sources) for record in records),
        filled={name: sum(_has(record, name) for record in records) for name in _structured_fields()},
        second_reading=second_reading,
    )


def read_second_reading(folder: Path, practices: Iterable[Practice]) -> SecondReading | None:
    """The second reading recorded beside a bank's records, or None where there is no such file.

    A CSV with the columns id, read_on (a date), mended (what was put right, in a few words; empty for nothing).

    Raises:
        UnreadableSource: a column is missing, a date is none, or an id is no record's or stands twice.
    """
    path = folder / SECOND_READING_FILE
    if not path.exists():
        return None
    languages = {practice.id: practice.language.value for practice in practices}
    read: dict[str, bool] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"id", "read_on", "mended"} <= set(rows.fieldnames or ()):
            raise UnreadableSource(f"{path.name}: needs the columns id, read_on and mended.")
        for number, row in enumerate(rows, start=2):
            if row["id"] not in languages or row["id"] in read:
                fault = "stands twice" if row["id"] in read else "is no record of the bank"
                raise UnreadableSource(f"{path.name}, row {number}: id {row['id']!r} {fault}.")
            try:
                date.fromisoformat(row["read_on"] or "")
            except ValueError:
                raise UnreadableSource(
                    f"{path.name}, row {number}: read_on {row['read_on']!r} is no date; write 2026-11-29."
                ) from None
            read[row["id"]] = bool((row["mended"] or "").strip())
    return SecondReading(len(read), sum(read.values()), _counted(languages[each] for each in read))


def tables(found: Coverage) -> list[Table]:
    """The figures laid out for people, in English."""
    languages = list(found.by_language)
    small = f"{found.small_bodies} ({_share(found.small_bodies, found.bodies_of_known_population)})"
    words, reading = found.words, found.second_reading
    length = f"{words.fewest}, {words.median}, {words.most}" if words else "-"
    whole: list[tuple[str, str | int]] = [
        ("Practices", found.practices),
        ("Bodies", found.bodies),
        ("Municipalities among them", found.municipalities),
        ("Bodies of known population", found.bodies_of_known_population),
        (f"... of these below {SMALL_BELOW:,} inhabitants", small),
        (
            f"Themes with {WELL_COVERED_FROM} practices or more in at least {WELL_COVERED_LANGUAGES} languages",
            len(found.well_covered_themes),
        ),
        ("Regions", sum(len(counts) for counts in found.regions.values())),
        ("Practices from Puglia", found.puglia),
        ("Words a record: fewest, median, most", length),
        ("Sources", found.sources),
        ("Read a second time", f"{reading.read}, {reading.mended} mended" if reading else "not recorded"),
    ]
    most_first = sorted(found.themes, key=lambda code: -sum(found.themes[code].values()))
    themes: list[list[str | int]] = [
        [labels()["theme"][code]["en"], *_row(found.themes[code], languages), _tick(code, found)]
        for code in most_first
    ]
    return [
        Table("The bank", ("figure", "number"), whole),
        Table(
            "Languages",
            ("language", "practices"),
            [(labels()["language"][code]["en"], number) for code, number in found.by_language.items()],
        ),
        Table(
            "Bodies",
            ("kind", "bodies"),
            [(label(BodyType(code), "en"), number) for code, number in found.bodies_by_type.items()],
        ),
        Table("Themes", ("theme", *languages, "all", f"{WELL_COVERED_FROM} in two"), themes),
        Table(
            "Regions",
            ("country", "region", "practices"),
            [(country, *row) for country, counts in found.regions.items() for row in counts.items()],
            labels=2,
        ),
        Table(
            "Structured fields",
            ("field", "practices that have it", "share"),
            [(name, number, _share(number, found.practices)) for name, number in found.filled.items()],
        ),
    ]


def as_markdown(found: Coverage) -> str:
    """The tables in Markdown, as the README of the bank has them."""
    parts = []
    for table in tables(found):
        parts += [f"### {table.title}", "", _line(table.columns)]
        parts.append(_line(["---" if at < table.labels else "---:" for at in range(len(table.columns))]))
        parts += [*map(_line, table.rows), ""]
    return "\n".join(parts).rstrip() + "\n"


def with_coverage(page: str, found: Coverage) -> str:
    """A Markdown page with its tables of coverage, which stand between two marks, replaced by these.

    Raises:
        UnreadableSource: the page lacks the marks.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise UnreadableSource(f"The page has no tables of coverage: put {_BEGIN} and {_END} where they go.")
    return f"{before}{begin}\n\n{as_markdown(found)}\n{end}{after}"


def _distinct(bodies: Iterable[Body]) -> list[Body]:
    """Each body once: by code, or by name, kind and region; with its population where any record has that."""
    found: dict[object, Body] = {}
    for body in bodies:
        key = body.code or (body.type, loose_name(body.name), canonical_region(body.region or ""))
        if key not in found or found[key].population is None:
            found[key] = body
    return list(found.values())


def _counted(values: Iterable[str]) -> dict[str, int]:
    """How often each value occurs, most frequent first, then by name."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _is_well_covered(by_language: Mapping[str, int]) -> bool:
    deep = [language for language, number in by_language.items() if number >= WELL_COVERED_FROM]
    return len(deep) >= WELL_COVERED_LANGUAGES


def _structured_fields() -> list[str]:
    """What a record may hold besides its texts, its id and its language."""
    texts = {section.value for section in Section}
    inside = [f"body.{name}" for name in ("code", "population", "region")]
    names = [name for name in Practice.model_fields if name not in texts | {"id", "language"}]
    at = names.index("body") + 1
    return [*names[:at], *inside, *names[at:]]


def _has(practice: Practice, field: str) -> bool:
    value: object = practice
    for name in field.split("."):
        value = getattr(value, name, None)
    return value not in (None, ())


def _row(by_language: Mapping[str, int], languages: Sequence[str]) -> list[int]:
    return [*(by_language.get(language, 0) for language in languages), sum(by_language.values())]


def _tick(theme: str, found: Coverage) -> str:
    return "yes" if theme in found.well_covered_themes else ""


def _share(number: int, whole: int) -> str:
    """Rounded down, so that 100 % is all of them."""
    return f"{100 * number // whole} %" if whole else "-"


def _line(cells: Iterable[str | int]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
