"""What the data folder knows: official lists once imported, the GeoNames cut until then, bodies made of these."""

import json
import os
import tempfile
from dataclasses import astuple
from pathlib import Path
from typing import Any

from corpus.errors import MunicipalityError, UnreadableSource
from corpus.geonames import cut_geonames
from corpus.municipality import FIELDS, Municipalities, Municipality, Row, TerritorialBody, folded_names
from corpus.vocabulary import BodyType

PLACES_FILE = "places.json"  # the GeoNames cut: may be deleted, it is cut again
MUNICIPALITIES_FILE = "municipalities.json"  # the imported official lists, joined to the cut
BODIES_FILE = "bodies.json"
FORMAT = 1  # of all three files


def load_municipalities(data_folder: Path) -> Municipalities:
    """What the data folder knows: official lists if imported, else the GeoNames cut, made when missing.

    Raises:
        UnreadableSource: a file there was written by another version or is damaged.
    """
    official = data_folder / MUNICIPALITIES_FILE
    municipalities = read_places(official) if official.exists() else load_geonames(data_folder)
    bodies = data_folder / BODIES_FILE
    if bodies.exists():
        return municipalities.with_bodies(
            resolve_body(entry, municipalities)[0] for entry in read_json(bodies)["bodies"]
        )
    return municipalities


def load_geonames(data_folder: Path) -> Municipalities:
    """The GeoNames cut, cut anew when missing or unusable: nothing in it is ours to lose."""
    try:
        return read_places(data_folder / PLACES_FILE)
    except (FileNotFoundError, UnreadableSource):
        rows = [list(astuple(place)) for place in cut_geonames()]
        write_places(data_folder / PLACES_FILE, rows)
        return read_places(data_folder / PLACES_FILE)


def resolve_body(
    entry: dict[str, Any], municipalities: Municipalities
) -> tuple[TerritorialBody, list[tuple[str, MunicipalityError]]]:
    """The body with its members looked up, and the members that could not be."""
    region, country = entry.get("region"), entry.get("country")
    members: list[Municipality] = []
    unknown: list[tuple[str, MunicipalityError]] = []
    for member in entry["members"]:
        try:
            members.append(municipalities.find(member, region=region, country=country))
        except MunicipalityError as error:
            unknown.append((member, error))
    body = TerritorialBody(
        name=entry["name"],
        type=BodyType(entry["type"]),
        members=tuple(members),
        unknown_members=tuple(member for member, _ in unknown),
        region=region,
        country=country,
        source=entry.get("source"),
    )
    return body, unknown


def read_json(path: Path) -> dict[str, Any]:
    """A file of the data folder.

    Raises:
        UnreadableSource: it is damaged, or of another format.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        written = content["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise UnreadableSource(f"{path}: is damaged ({error}); delete it and import again.") from None
    if written != FORMAT:
        raise UnreadableSource(f"{path}: has format {written}, this program reads {FORMAT}; import again.")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write beside the file and swap: a reader sees the old file or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, **content}, file, ensure_ascii=False, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def read_places(path: Path) -> Municipalities:
    """The municipalities of one file.

    Raises:
        UnreadableSource: it is damaged, or written by another version.
    """
    content = read_json(path)
    if content.get("fields") != FIELDS:
        raise UnreadableSource(f"{path}: was written by another version; import again.")
    return Municipalities.of_rows(content["rows"], (content["names"], content["ids"]))


def write_places(path: Path, rows: list[Row]) -> None:
    """Rows with their folded names, so that loading need not fold 45,000 of them again."""
    names, ids = folded_names(rows)
    write_json(path, {"fields": FIELDS, "rows": rows, "names": names, "ids": ids})
