"""The imports between the parts of the project."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = {"visits", "properties", "flatmates", "agents", "ghar.accounts"}
# The parts that each part may import. `ghar` is the glue, which knows no app.
MAY_IMPORT = {
    "ghar": {"ghar"},
    "ghar.accounts": {"ghar", "ghar.accounts"},
    "properties": {"ghar", "ghar.accounts", "properties"},
    "agents": {"ghar", "agents"},
    "flatmates": {"ghar", "ghar.accounts", "flatmates"},
    "visits": {"ghar", *APPS},
}
# These put the parts together.
COMPOSITION = {"ghar/settings.py", "ghar/urls.py", "ghar/asgi.py", "ghar/wsgi.py", "ghar/testing.py"}


def sources() -> Iterator[Path]:
    for part in ("ghar", "visits", "properties", "flatmates", "agents"):
        for path in sorted((settings.BASE_DIR / part).rglob("*.py")):
            relative = path.relative_to(settings.BASE_DIR)
            if "tests" not in relative.parts and str(relative) not in COMPOSITION:
                yield relative


def part_of(module: str) -> str | None:
    """Return the part that a dotted name belongs to; None for a library."""
    for app in APPS:
        if module == app or module.startswith(f"{app}."):
            return app
    return "ghar" if module == "ghar" or module.startswith("ghar.") else None


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse((settings.BASE_DIR / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {part for name in names if (part := part_of(name))}


@pytest.mark.parametrize("path", list(sources()), ids=str)
def test_a_module_imports_only_the_parts_that_its_own_part_may_import(path):
    part = part_of(".".join(path.with_suffix("").parts))
    assert imported(path) <= MAY_IMPORT[part]
