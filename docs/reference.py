"""Writes record.md and settings.md from the types themselves: run `python docs/reference.py` after changing one.

`tests/test_docs.py` fails where the two pages and the types have drifted apart.
"""

import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import PydanticUndefined

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from corpus.exporters import not_carried  # noqa: E402
from corpus.importers.drafts import Format  # noqa: E402
from corpus.practice import (  # noqa: E402
    LATEST_YEAR,
    LONGEST_TEXT,
    Actor,
    Body,
    BudgetLine,
    Contact,
    Impact,
    Practice,
    Recognition,
    Record,
    Replication,
    Source,
    parse_practice,
)
from corpus.vocabulary import VOCABULARIES, labels  # noqa: E402
from service.settings import Settings  # noqa: E402

LANGUAGES = ("ca", "es", "it", "en")
NAMES_SHOWN = 3  # headings of each field and language

# What a field means, where the type does not say so itself.
MEANINGS = {
    "Practice.id": "Name of the record in addresses and files. Made from body and title on import when left out.",
    "Practice.title": "What the practice is called.",
    "Practice.summary": "The practice in a few sentences; needed where problem or actions are missing.",
    "Practice.objectives": "What the body wanted to reach.",
    "Practice.results": "What came of it, in words; figures go to `impacts` too.",
    "Practice.obstacles": "What stood in the way.",
    "Practice.lessons": "What the body would tell another one.",
    "Practice.target_groups": "Whom it serves.",
    "Practice.methods": "How it works.",
    "Practice.body": "The public body that runs it.",
    "Practice.actors": "Who takes part.",
    "Practice.start_year": "Calendar year it began.",
    "Practice.end_year": "Calendar year it ended; absent while it runs.",
    "Practice.status": "How far it has come.",
    "Practice.budget": "What it costs, amount by amount.",
    "Practice.impacts": "Results that were counted or measured.",
    "Practice.evidence": "How well the results are known.",
    "Practice.recognitions": "Prizes, labels, selections.",
    "Practice.replications": "Other bodies that took it over.",
    "Practice.sources": "Where the facts were read.",
    "Practice.contact": "An office to ask, never a person.",
    "Body.name": "The name, without «Ajuntament de».",
    "Body.type": "A municipality unless it says otherwise.",
    "Body.population_year": "Calendar year the population was counted.",
    "Body.province": "Province.",
    "Body.region": "Region or autonomous community.",
    "Actor.name": "An organisation or a kind of people, never a private person.",
    "Actor.role": "What it does in the practice.",
    "Actor.sector": "Where it comes from.",
    "BudgetLine.amount_eur": "Euros.",
    "BudgetLine.purpose": "What the amount is for.",
    "BudgetLine.year": "Calendar year of the amount.",
    "BudgetLine.scope": "A year's cost, or that of the whole practice.",
    "BudgetLine.kind": "Whether it grows with the town: a coordinator is `fixed`, a meal `per-head`.",
    "Impact.what": "What was counted.",
    "Impact.value": "The figure, in `unit`.",
    "Impact.unit": "What the figure counts: people, %, €, hours ...",
    "Recognition.scheme": "Who gave it, or the name of the prize.",
    "Recognition.edition": "Which edition.",
    "Recognition.year": "Calendar year.",
    "Replication.body": "Who took it over.",
    "Replication.year": "Calendar year.",
    "Replication.extent": "The whole, or a part.",
    "Replication.what": "Which part, or what was changed.",
    "Source.url": "Web address.",
    "Source.retrieved_on": "Day it was read.",
    "Source.title": "Title of the page or document.",
    "Source.licence": "Licence of the source, where it names one.",
    "Contact.body": "Office or service.",
    "Contact.url": "Web address.",
    "Contact.email": "Address of an office.",
    "Contact.phone": "Number of an office.",
}
UNITS = {
    "Body.population": "inhabitants",
    "BudgetLine.amount_eur": "€",
    "Impact.value": "as `unit` says",
    **dict.fromkeys(
        (
            "Practice.start_year",
            "Practice.end_year",
            "Body.population_year",
            "BudgetLine.year",
            "Recognition.year",
            "Replication.year",
        ),
        "year",
    ),
}
PARTS: dict[str, type[Record]] = {
    "body": Body,
    "actors": Actor,
    "budget": BudgetLine,
    "impacts": Impact,
    "recognitions": Recognition,
    "replications": Replication,
    "sources": Source,
    "contact": Contact,
}
CODES = {
    "theme": "Themes",
    "target_group": "Target groups",
    "method": "Methods",
    "status": "Status",
    "evidence": "Evidence, weakest first",
    "body_type": "Kinds of body",
    "sector": "Sectors of actors",
}

EXAMPLE = """\
id: vilanova-dexemple-trucades-de-barri
language: ca
title: Trucades de barri
problem: >-
  Moltes persones grans del poble viuen soles i passen dies sense parlar amb ningú. Els serveis socials només se
  n'assabenten quan hi ha una urgència.
actions: >-
  Vint voluntaris truquen dos cops per setmana a qui ho demana. Qui detecta un problema avisa la treballadora
  social.
results: El primer any 64 persones han rebut trucades; 11 s'han apuntat al casal.
lessons: La llista del padró no n'hi ha prou; qui més en sap són la farmàcia i el forn.
themes: [loneliness, active-ageing]
target_groups: [older-people-alone]
methods: [telephone-support, volunteer-support]
body: {name: Vilanova d'Exemple, type: municipality, population: 4200, population_year: 2025, region: Catalunya,
  country: ES}
promoter: Regidoria de Benestar Social
actors:
  - {name: Casal de la gent gran, role: aporta els voluntaris, sector: third-sector}
start_year: 2024
status: in-progress
budget:
  - {amount_eur: 6500, purpose: coordinació a hores, year: 2025, scope: annual, kind: fixed}
impacts:
  - {what: persones que reben trucades, value: 64, unit: persones, as_of: 2025-12}
evidence: self-reported
sources:
  - {url: "https://www.example.org/trucades", retrieved_on: 2026-11-29, title: Trucades de barri}
contact: {body: Serveis socials de Vilanova d'Exemple, email: social@example.org}
"""

RECORD = """\
# The record of a practice

<!-- Written by docs/reference.py: change the types or that file, not this one. -->

What a practice is made of, for people who bring practices in. A record needs `language`, `title`, and enough
words to be found: a `problem` and `actions`, or a `summary`. All else is optional. What is unknown is left out,
never guessed, never written as "-" or 0.

There are four ways to bring it:

- a spreadsheet (`.xlsx`, `.csv`): one row a practice, any of the [headings](#headings) in any order;
- a form or a page (`.docx`, `.html`, or a web address): each heading with its text below it;
- one practice a file in YAML (`.yaml`), as in the [example](#example);
- JSON Lines, JSON or JSON-LD (`.jsonl`, `.json`, `.jsonld`) with the names of the fields below.

`empelt import FILE --dry-run` tells what would come of it and stores nothing; [api.md](api.md) tells the same for
HTTP. On import:

- the language is told from the text where nothing says it;
- an id is made from body and title where there is none (in a folder of YAML read by `empelt index --bank` it is
  the name of the file);
- what is officially known of a municipality (code, population, province, region, country) is filled in where its
  name or code belongs to one place only; a name that several places share, or none, is reported as a doubt, and
  the record kept as it is;
- an id that the store has already replaces that record, whose history keeps what it was;
- a column or heading that nobody knows is reported as a doubt and not read.

Never bring the name of a private person: contacts are offices, actors are organisations. Columns headed «persona
de contacte» and the like are not stored.

## Fields

{fields}

Text longer than {longest_text:,} characters is refused.

{parts}

## Example

```yaml
{example}```

## Headings

Names of columns and headings that are recognised, a few for each field; the whole list is
[headings.yaml](../corpus/importers/headings.yaml). Case, accents, numbering and hints in parentheses make no
difference; the names of the fields themselves are always understood. `period` stands for start and end together,
`entity` for a body that may not be a municipality, `source_url` for the address of a source, `person` for what is
not stored, `ignored` for what is not about the practice. To teach other names, write a file of the same form and
pass it with `empelt import --headings FILE`.

{headings}

In a cell, several codes are separated by semicolons, and labels in any of the four languages do as well as codes.
Amounts may be written as towns write them («20.798,12 €», «1,2 milions d'euros»), periods as «2016-2019» or
«des de 2017».

## Codes

{codes}

## Formats that Empelt writes

`empelt export FILE` and `GET /v1/export` write CSV, XLSX, JSON Lines and JSON-LD; an import reads each again to
the same records.

{formats}
"""

SETTINGS = """\
# Settings

<!-- Written by docs/reference.py: change service/settings.py or that file, not this one. -->

Every setting is an environment variable, read once when the process starts.

{settings}
"""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def kind(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a JSON schema allows, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if "enum" not in definitions[name]:
            return f"[{name}](#{name.lower()})"
        codes = definitions[name]["enum"]
        vocabulary = next((key for key, members in VOCABULARIES.items() if members.__name__ == name), None)
        if vocabulary in CODES:
            return f"code, see [{CODES[vocabulary].split(',')[0].lower()}](#{anchor(CODES[vocabulary])})"
        return " or ".join(f"`{code}`" for code in codes)
    if "anyOf" in schema:
        return kind(next(part for part in schema["anyOf"] if part.get("type") != "null"), definitions)
    match schema.get("type"):
        case "array":
            items = kind(schema["items"], definitions)
            return items.replace("code, see", "list of codes, see") if "code, see" in items else f"list of {items}"
        case "integer" | "number" as number:
            separator = "" if schema.get("maximum", 0) <= LATEST_YEAR else ","
            bounds = [
                f"{word} {schema[key]:{separator}.0f}"
                for key, word in (("minimum", "from"), ("maximum", "to"))
                if key in schema
            ]
            return " ".join(["whole number" if number == "integer" else "number", *bounds])
        case "string" if schema.get("format") == "date":
            return "date, YYYY-MM-DD"
    pattern = PATTERNS.get(schema.get("pattern", ""))
    if pattern:
        return pattern
    longest = schema["maxLength"]
    return f"line, up to {longest} characters" if longest < 1_000 else "text"


def _pattern(record: type[Record], field: str) -> str:
    schema = record.model_json_schema()["properties"][field]
    schema = next((part for part in schema.get("anyOf", []) if "pattern" in part), schema)
    found: str = schema["pattern"]
    return found


PATTERNS = {
    _pattern(Practice, "id"): "id: a-z, 0-9 and hyphens, up to 120",
    _pattern(Source, "url"): "address, http(s)://...",
    _pattern(Body, "code"): '5 digits (INE) or 6 (ISTAT), as text: `"03014"`',
    _pattern(Body, "country"): "two capital letters",
    _pattern(Impact, "as_of"): "YYYY, YYYY-MM or YYYY-MM-DD",
    _pattern(Contact, "email"): "e-mail address",
    _pattern(Contact, "phone"): "telephone number",
}


def anchor(title: str) -> str:
    """The anchor that Markdown gives a heading."""
    return title.lower().replace(",", "").replace(" ", "-")


def fields_of(record: type[Record]) -> str:
    """The table of a record's fields."""
    schema = record.model_json_schema()
    rows = []
    for name, field in record.model_fields.items():
        key = f"{record.__name__}.{name}"
        rows.append(
            (
                f"`{name}`",
                kind(schema["properties"][name], schema.get("$defs", {})),
                UNITS.get(key, ""),
                "yes" if field.is_required() else "",
                field.description or MEANINGS[key],
            )
        )
    return table(("Field", "Type", "Unit", "Needed", "Meaning"), rows)


def headings() -> str:
    """The table of headings, a few a field."""
    known = yaml.safe_load(files("corpus.importers").joinpath("headings.yaml").read_text(encoding="utf-8"))[
        "fields"
    ]
    rows = [
        (f"`{field}`", *(", ".join(map(str, names.get(language, [])[:NAMES_SHOWN])) for language in LANGUAGES))
        for field, names in known.items()
    ]
    return table(("Field", "Catalan", "Spanish", "Italian", "English"), rows)


def codes_of(vocabulary: str) -> str:
    """The table of a vocabulary's codes and labels."""
    known = labels()[vocabulary]
    rows = [
        (f"`{code.value}`", *(known[code.value][language] for language in LANGUAGES))
        for code in VOCABULARIES[vocabulary]
    ]
    return table(("Code", "Catalan", "Spanish", "Italian", "English"), rows)


def record_page() -> str:
    """docs/record.md."""
    parse_practice(yaml.safe_load(EXAMPLE))
    limits = {limit: [f for f in Format if limit in not_carried(f)] for f in Format for limit in not_carried(f)}
    return RECORD.format(
        fields=fields_of(Practice),
        parts="\n\n".join(
            f"### {part.__name__}\n\n{' '.join((part.__doc__ or '').split())} In `{name}`.\n\n{fields_of(part)}"
            for name, part in PARTS.items()
        ),
        longest_text=LONGEST_TEXT,
        example=EXAMPLE,
        headings=headings(),
        codes="\n\n".join(
            f"### {title}\n\n{' '.join((VOCABULARIES[name].__doc__ or '').split())}\n\n{codes_of(name)}"
            for name, title in CODES.items()
        ),
        formats="\n".join(
            f"- {' and '.join(format.upper() for format in formats)} cannot carry {limit}."
            for limit, formats in limits.items()
        ),
    )


def settings_page() -> str:
    """docs/settings.md."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "unset" if default in (None, PydanticUndefined) else f"`{default}`"
        rows.append((f"`EMPELT_{name.upper()}`", shown, field.description or ""))
    return SETTINGS.format(settings=table(("Variable", "Default", "Meaning"), rows))


PAGES = {"record.md": record_page, "settings.md": settings_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
