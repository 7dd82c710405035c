"""The pages in docs/ say what the program does: generated tables are in step, every name is told."""

import json
import re
from pathlib import Path

import pytest
import typer
import yaml

from corpus.practice import Practice, parse_practice
from docs.reference import EXAMPLE, PAGES
from service.app import create_app
from service.cli import app as commands
from service.routes.imports import ImportAddress
from service.routes.keys import KeyIn
from service.routes.matching import MeetingsIn
from service.routes.network import NewNeed, NewOffer, ProfileIn
from service.schemas import SearchRequest
from service.settings import Settings

DOCS = Path(__file__).parent.parent / "docs"


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_in_step_with_the_types(name):
    assert page(name) == PAGES[name](), f"docs/{name} has drifted: run `python docs/reference.py`"


def test_every_field_of_a_practice_is_described():
    for name in Practice.model_fields:
        assert f"| `{name}` |" in page("record.md")


def test_the_example_is_a_practice_and_stands_on_the_page():
    practice = parse_practice(yaml.safe_load(EXAMPLE))
    assert practice.body.population == 4200
    assert practice.budget[0].amount_eur == 6500
    assert EXAMPLE in page("record.md")


def test_every_setting_is_described():
    assert len(Settings.model_fields) >= 10
    for name, field in Settings.model_fields.items():
        assert f"`EMPELT_{name.upper()}`" in page("settings.md")
        assert field.description in page("settings.md")


def names(group, before=""):
    """Every command with its groups before it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from names(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_described():
    known = set(names(typer.main.get_command(commands)))
    assert {"search", "import", "export", "remove", "history", "index", "check", "evaluate", "serve"} <= known
    told = {
        re.sub("( [A-Z_.]+)+$", "", row)
        for row in re.findall(r"^\| `empelt ([^`]+)`", page("api.md"), re.MULTILINE)
    }
    assert told == known


def test_every_path_of_the_api_is_described():
    paths = create_app(Settings()).openapi()["paths"]
    told = set(re.findall(r"`(GET|POST|PUT|DELETE) (/\S+)`", page("api.md")))
    asked = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(asked) >= 9
    assert asked <= told
    assert told - asked <= {("GET", "/metrics"), ("GET", "/openapi.json")}


# What an example's body is, by a field that no other has.
EXAMPLE_BODIES = [
    ("visibility", NewNeed),
    ("practice_id", NewOffer),
    ("role", KeyIn),
    ("ageing_share", ProfileIn),
    ("meetings", MeetingsIn),
    ("address", ImportAddress),
    ("text", SearchRequest),
]


def test_the_bodies_of_the_examples_are_valid_requests():
    bodies = [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'", page("api.md"), re.DOTALL)]
    read = [
        next(kind for sign, kind in EXAMPLE_BODIES if sign in body).model_validate(body).__class__
        for body in bodies
    ]
    assert {kind for _, kind in EXAMPLE_BODIES} == set(read)


def test_links_between_pages_lead_somewhere():
    for name in ("api.md", "record.md", "settings.md"):
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page(name)):
            assert (DOCS / target).exists(), (name, target)
        anchors = {
            re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
            for title in re.findall(r"^#+ (.+)$", page(name), re.MULTILINE)
        }
        assert set(re.findall(r"\]\(#([^)]+)\)", page(name))) <= anchors
