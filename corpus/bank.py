"""The shipped bank: one YAML file a practice, read into records or into problems that name file and field."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from corpus.errors import InvalidPractice, Problem
from corpus.practice import Practice, parse_practice

BANK = Path(__file__).parent / "bank"


class UniqueKeyLoader(yaml.CSafeLoader):
    """Safe YAML that refuses a key given twice, which plain YAML would silently drop."""


def _mapping(loader: UniqueKeyLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"key {key.value!r} stands twice", problem_mark=key.start_mark)
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


UniqueKeyLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml_practice(path: Path) -> Practice:
    """Read one practice; its id is the file's name.

    Raises:
        InvalidPractice: naming the file, each broken field and the reason.
    """
    try:
        fields = yaml.load(path.read_text(encoding="utf-8"), Loader=UniqueKeyLoader)  # noqa: S506 - a safe loader that also refuses doubled keys
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidPractice([Problem(file=path.name, field="file", reason=f"is not YAML: {reason}")]) from None
    if not isinstance(fields, dict):
        raise InvalidPractice(
            [Problem(file=path.name, field="file", reason="must hold one practice as a mapping")]
        )
    return parse_practice({"id": path.stem, **fields}, file=path.name)


def read_bank(folder: Path = BANK) -> Iterator[Practice | InvalidPractice]:
    """Every practice below a folder in order of path; a file that will not do comes as the error it raised."""
    for path in sorted(folder.rglob("*.yaml")):
        try:
            yield read_yaml_practice(path)
        except InvalidPractice as error:
            yield error
