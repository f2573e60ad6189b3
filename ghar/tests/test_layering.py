"""Who may import whom: the layout shows the architecture, and this keeps it true."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = {"visits", "properties", "flatmates", "agents", "ghar.accounts"}
# What each part may import of our own; `ghar` stands for the glue, which knows no app.
MAY_IMPORT = {
    "ghar": {"ghar"},
    "ghar.accounts": {"ghar", "ghar.accounts"},
    "properties": {"ghar", "ghar.accounts", "properties"},
    "agents": {"ghar", "ghar.accounts", "agents"},
    "flatmates": {"ghar", "ghar.accounts", "flatmates"},
    "visits": {"ghar", *APPS},
}
COMPOSITION = {"ghar/settings.py", "ghar/urls.py", "ghar/asgi.py", "ghar/wsgi.py", "ghar/testing.py"}


def sources() -> Iterator[Path]:
    for part in ("ghar", "visits", "properties", "flatmates", "agents"):
        for path in sorted((settings.BASE_DIR / part).rglob("*.py")):
            relative = path.relative_to(settings.BASE_DIR)
            if "tests" not in relative.parts and str(relative) not in COMPOSITION:
                yield relative


def part_of(module: str) -> str | None:
    """The part of ours that a dotted name belongs to."""
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
def test_imports_go_one_way(path):
    part = part_of(".".join(path.with_suffix("").parts))
    assert imported(path) <= MAY_IMPORT[part]
