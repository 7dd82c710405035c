"""Bodies made of municipalities (comarca, ambito, mancomunidad, unione, consorzio), imported from CSV or YAML."""

import re
from pathlib import Path
from typing import Any

import yaml

from corpus.errors import Problem, UnreadableSource
from corpus.official_table import read_table
from corpus.place_names import plain_name
from corpus.places import BODIES_FILE, load_municipalities, read_json, resolve_body, write_json
from corpus.vocabulary import BodyType


def import_bodies(path: Path, data_folder: Path) -> list[Problem]:
    """Take bodies made of municipalities into the data folder, in place of those of the same name and type.

    A CSV has the columns name, type, members (names or codes, parted by "|" or ";"), and may have
    region, country, source; a YAML file is a list of such mappings, its members a list. Members are
    looked for in the body's region and country. One that is unknown is reported and kept by name:
    the body stands, its population unknown.

    Raises:
        UnreadableSource: the file is neither, or has no such columns.
    """
    municipalities = load_municipalities(data_folder)
    problems: list[Problem] = []
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for row, entry in _body_entries(path):
        name, members = entry.get("name"), entry.get("members")
        if not isinstance(name, str) or not name.strip():
            problems.append(Problem(file=path.name, row=row, field="name", reason="is empty"))
            continue
        kinds = [kind.value for kind in BodyType if kind is not BodyType.MUNICIPALITY]
        if entry.get("type") not in kinds:
            reason = f"must be one of {', '.join(kinds)}"
            problems.append(
                Problem(file=path.name, row=row, field="type", value=str(entry.get("type")), reason=reason)
            )
            continue
        if not isinstance(members, list) or not members:
            problems.append(Problem(file=path.name, row=row, field="members", reason="names no municipality"))
            continue
        kept = {key: str(entry[key]) for key in ("name", "type", "region", "country", "source") if entry.get(key)}
        body = {**kept, "members": [str(member) for member in members]}
        for member, error in resolve_body(body, municipalities)[1]:
            problems.append(Problem(file=path.name, row=row, field="members", value=member, reason=str(error)))
        entries[plain_name(kept["name"]), kept["type"]] = body
    target = data_folder / BODIES_FILE
    before = read_json(target)["bodies"] if target.exists() else []
    kept_before = {(plain_name(body["name"]), body["type"]): body for body in before}
    if entries:
        write_json(target, {"bodies": list((kept_before | entries).values())})
    return problems


def _body_entries(path: Path) -> list[tuple[int, dict[str, Any]]]:
    if path.suffix.lower() in (".yaml", ".yml"):
        try:
            listed = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise UnreadableSource(f"{path.name}: is not YAML ({' '.join(str(error).split())}).") from None
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise UnreadableSource(f"{path.name}: must hold a list of bodies, each with name, type, members.")
        return list(enumerate(listed, start=1))
    table = read_table(path)
    headings = [plain_name(cell) for cell in table[0]] if table else []
    if not {"name", "type", "members"} <= set(headings):
        raise UnreadableSource(f"{path.name}: needs the columns name, type and members.")
    entries = []
    for number, cells in enumerate(table[1:], start=2):
        if any(cells):
            entry: dict[str, Any] = dict(zip(headings, cells, strict=False))
            members = re.split(r"\s*[|;]\s*", entry.get("members", ""))
            entries.append((number, {**entry, "members": [member for member in members if member]}))
    return entries
