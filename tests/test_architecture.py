"""The arrow: corpus <- models <- indexer <- service, and each outside library at home in one place."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ["corpus", "models", "indexer", "service"]
FILES = [path for package in ORDER for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """Every module a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def of(path: Path, *libraries: str) -> bool:
    return any(name.split(".")[0] in libraries for name in imports(path))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_package_imports_only_what_stands_to_its_left(path):
    here = ORDER.index(path.relative_to(ROOT).parts[0])
    to_the_right = set(ORDER[here + 1 :])
    assert not {module.split(".")[0] for module in imports(path)} & to_the_right


def test_fastapi_stays_at_the_edge():
    edge = {"service/app.py", "service/errors.py", "service/resources.py"}
    inside = {name(p) for p in FILES if of(p, "fastapi", "starlette") and "service/routes/" not in name(p)}
    assert inside <= edge | {"service/guards.py", "service/measures.py"}


def test_sql_stays_in_the_store():
    users = {name(p) for p in FILES if of(p, "sqlalchemy", "alembic") and "migrations" not in name(p)}
    assert users <= {
        "corpus/store.py",
        "corpus/store_database.py",
        "corpus/store_network.py",
        "indexer/pgvector.py",
    }


def test_the_environment_is_read_in_the_settings_only():
    readers = {name(p) for p in FILES if re.search(r"\b(environ|getenv)\b", p.read_text())}
    assert readers <= {"service/settings.py"}


def test_nothing_is_pickled():
    for path in FILES:
        assert not of(path, "pickle", "joblib", "dill", "marshal", "shelve"), path
        assert "allow_pickle=True" not in path.read_text(), path


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_module_says_what_it_is_for(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert path.read_text() == "" or ast.get_docstring(tree)
