"""JSON Lines, JSON, JSON-LD and YAML: records with named fields, one entry each.

The names may be those of corpus/practice.py or any of `headings.yaml`.
"""

import json
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import chain
from typing import Any, BinaryIO

import yaml

from corpus.bank import UniqueKeyLoader
from corpus.errors import Problem, UnreadableSource
from corpus.importers.drafts import Entry
from corpus.importers.files import bounded_lines, encoding_of, read_text

LARGEST_DOCUMENT_BYTES = 20 << 20  # one JSON value is held whole
DEEPEST = 20  # levels of a YAML or JSON value; a practice has four
RECORD = "record"  # the key of a JSON-LD node that carries the practice itself, see corpus/exporters.py


def json_entries(file: BinaryIO, name: str) -> Iterator[Entry]:
    """One record a line, or one JSON document: a record, a list of records, or JSON-LD with a @graph."""
    with TextIOWrapper(file, encoding=encoding_of(file), newline="\n") as text:
        physical = bounded_lines(text, name)
        first = next((line for line in physical if line.strip()), "")
        if first.rstrip().endswith('"@graph": ['):  # our own JSON-LD: a node a line
            for row, line in enumerate(physical, 2):
                if node := line.strip().removesuffix(",").removesuffix("]}"):
                    yield _line_entry(node, name, row)
        elif _is_whole(first):
            for row, line in enumerate(chain([first], physical), 1):
                if line.strip():
                    yield _line_entry(line, name, row)
        else:
            yield from _document_entries(chain([first], physical), name)


def _is_whole(line: str) -> bool:
    """A line that is a record of its own, or broken in a way that is no document's beginning."""
    if line.strip() in ("{", "[") or line.lstrip().startswith("["):
        return False
    try:
        record = _loads(line)
    except ValueError:
        return line.rstrip().endswith("}") or not line.lstrip().startswith("{")
    return not (isinstance(record, dict) and "@graph" in record)


def _document_entries(physical: Iterator[str], name: str) -> Iterator[Entry]:
    size = 0
    pieces = []
    for line in physical:
        size += len(line)
        if size > LARGEST_DOCUMENT_BYTES:
            raise UnreadableSource(
                f"{name} is one JSON document of over {LARGEST_DOCUMENT_BYTES >> 20} MB. Write one record a line."
            )
        pieces.append(line)
    try:
        document = _loads("".join(pieces))
    except ValueError as error:
        raise UnreadableSource(f"{name} is not JSON: {error}.") from None
    if isinstance(document, dict):
        document = document.get("@graph", [document])
    if not isinstance(document, list):
        raise UnreadableSource(f"{name} holds neither a record nor a list of records.")
    for number, record in enumerate(document, 1):
        yield record_entry(record, name, number)


def _line_entry(line: str, name: str, row: int) -> Entry:
    try:
        return record_entry(_loads(line.strip()), name, row)
    except ValueError as error:
        return Entry(name, row, problems=[Problem(name, "line", f"is not JSON: {error}", line.strip(), row)])


def _loads(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice")
    return record


def record_entry(record: Any, name: str, row: int) -> Entry:
    """The entry of one record; a JSON-LD node holds it under `record`."""
    if isinstance(record, dict) and isinstance(record.get(RECORD), dict):
        record = record[RECORD]
    if not isinstance(record, dict):
        return Entry(name, row, problems=[Problem(name, "record", "must name its fields", str(record), row)])
    return Entry(name, row, [(str(key), value) for key, value in record.items() if value is not None])


def yaml_entries(file: BinaryIO, name: str) -> Iterator[Entry]:
    """One or more YAML documents, each a record or a list of records; aliases, which may swell, are refused."""
    text = read_text(file, name)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
                fault = "uses an alias (*name)" if isinstance(event, yaml.AliasEvent) else "is nested too deeply"
                line = event.start_mark.line + 1 if event.start_mark else "?"
                raise UnreadableSource(f"{name} {fault} at line {line}. Write the value out.")
        documents = list(yaml.load_all(text, Loader=UniqueKeyLoader))
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableSource(f"{name} is not YAML: {' '.join(str(error).split())}.") from None
    number = 0
    for document in documents:
        for record in document if isinstance(document, list) else [document]:
            number += 1
            yield record_entry(record, name, number)
