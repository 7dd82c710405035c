"""Everything that is said to a reader is said in Catalan, Spanish and Italian, and nothing said is left over."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from service.i18n import MESSAGES, translator
from service.transferability import FACTORS

SERVICE = MESSAGES.parent
TRANSLATED = ("ca", "es", "it")
PLACEHOLDER = re.compile(r"\{(\w+)\}")

Id = str | tuple[str, str]  # a text, or its singular and plural


@cache
def said() -> dict[Id, str]:
    """Every message id in templates and code, with one place where it stands."""
    found: dict[Id, str] = {}
    for path in sorted(SERVICE.rglob("*.py")):
        found |= {message: f"{path.name}:{line}" for message, line in _in_code(ast.parse(path.read_text("utf-8")))}
    for path in sorted((SERVICE / "templates").rglob("*.*")):
        tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
        found |= {message: f"{path.name}:{line}" for message, line in _in_template(tree)}
    # The explanation of a factor is its docstring (service/fit_sentences.py).
    found |= {" ".join((factor.function.__doc__ or "").split()): code for code, factor in FACTORS.items()}
    return found


def _in_code(tree: ast.AST) -> Iterator[tuple[Id, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        texts = [
            each.value for each in node.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        if called in ("say", "message") and texts:
            yield texts[0], node.lineno
        if called == "plural" and len(texts) == 2:
            yield (texts[0], texts[1]), node.lineno


def _in_template(tree: nodes.Template) -> Iterator[tuple[Id, int]]:
    for call in tree.find_all(nodes.Call):
        texts = [
            each.value for each in call.args[:2] if isinstance(each, nodes.Const) and isinstance(each.value, str)
        ]
        if isinstance(call.node, nodes.Name) and call.node.name == "say" and texts:
            yield texts[0], call.lineno
        if isinstance(call.node, nodes.Getattr) and call.node.attr == "plural" and len(texts) == 2:
            yield (texts[0], texts[1]), call.lineno


@cache
def catalogs(language: str) -> dict[str, Catalog]:
    """The catalogs of a language by domain."""
    found = {}
    for path in sorted((MESSAGES / language).glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=language)
    return found


def messages(language: str) -> Iterator[tuple[str, Message]]:
    """Every message of a language with its domain."""
    for domain, catalog in catalogs(language).items():
        yield from ((domain, message) for message in catalog if message.id)


def translated(language: str) -> set[Id]:
    """The ids that have a translation in every form."""
    return {
        message.id
        for _, message in messages(language)
        if not message.fuzzy and (all(message.string) if message.pluralizable else message.string)
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_said_is_translated(language: str) -> None:
    missing = {f"{where}: {message}" for message, where in said().items() if message not in translated(language)}
    assert not missing, "\n".join(sorted(missing))


def test_the_walk_finds_what_is_said_in_templates_and_in_code() -> None:
    assert "What problem do you want to solve?" in said()
    assert ("{count} inhabitant", "{count} inhabitants") in said()
    assert "Strong match" in said()
    assert len(said()) > 150


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_left_over_of_what_is_no_longer_said(language: str) -> None:
    left = [f"{domain}: {message.id}" for domain, message in messages(language) if message.id not in said()]
    assert not left, "\n".join(left)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_the_same_values_as_the_text(language: str) -> None:
    for _, message in messages(language):
        ids = message.id if message.pluralizable else (message.id,)
        strings = message.string if message.pluralizable else (message.string,)
        wanted = {name for each in ids for name in PLACEHOLDER.findall(each)}
        for string in strings:
            # "one practice" may write its one as a word.
            assert set(PLACEHOLDER.findall(string)) | {"count"} == wanted | {"count"}, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_has_all_the_plural_forms_it_declares(language: str) -> None:
    for domain, catalog in catalogs(language).items():
        for message in catalog:
            if message.pluralizable:
                assert len(message.string) == catalog.num_plurals, f"{domain}: {message.id}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_text_said_in_two_places_is_translated_alike(language: str) -> None:
    known: dict[str, str] = {}
    for domain, message in messages(language):
        assert known.setdefault(str(message.id), str(message.string)) == str(message.string), (domain, message.id)


@pytest.mark.parametrize(
    ("language", "none", "one", "many"),
    [
        ("ca", "0 habitants", "1 habitant", "20.798 habitants"),
        ("es", "0 habitantes", "1 habitante", "20.798 habitantes"),
        ("it", "0 abitanti", "1 abitante", "20.798 abitanti"),
        ("en", "0 inhabitants", "1 inhabitant", "20,798 inhabitants"),
    ],
)
def test_inhabitants_are_counted_as_the_reader_counts(language: str, none: str, one: str, many: str) -> None:
    say = translator(language)
    counted = [say.plural("{count} inhabitant", "{count} inhabitants", count) for count in (0, 1, 20_798)]
    assert counted == [none, one, many]


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_files_are_what_translators_expect(language: str) -> None:
    for path in sorted((MESSAGES / language).glob("*.po")):
        text = Path(path).read_text("utf-8")
        assert "charset=utf-8" in text.lower(), path.name
        assert "fuzzy" not in text, path.name
