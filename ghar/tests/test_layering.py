"""The imports between the parts of the project."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

APPS = {"visits", "properties", "flatmates", "agents", "ghar.accounts"}
# The parts that each part may import. `ghar` is the glue, which knows no app.
MAY_IMPORT = {
    "ghar": {"ghar"},
    "ghar.accounts": {"ghar", "ghar.accounts"},
    "properties": {"ghar", "ghar.accounts", "properties"},
    "agents": {"ghar", "ghar.accounts", "agents"},
    "flatmates": {"ghar", "ghar.accounts", "flatmates"},
    "visits": {"ghar", *APPS},
}
# The rooms of visits/ that each of its rooms may import. An interface (api, mcp, admin, management) imports
# no other one, except that mcp uses the shapes and filters of api.
TABLES = {"models"}
RULES = TABLES | {"events", "permissions", "queues"}
CHANGES = RULES | {"scheduling", "assignment", "services"}
ROOMS_MAY_IMPORT = {
    "models": set(),
    "events": TABLES,
    "permissions": TABLES,
    "queues": TABLES,
    "exports": TABLES,
    "scheduling": RULES,
    "assignment": RULES | {"scheduling"},
    "services": CHANGES,
    "receivers": CHANGES,
    "templatetags": RULES,
    "api": CHANGES,
    "mcp": CHANGES | {"api"},
    "admin": CHANGES | {"exports", "templatetags"},
    "management": CHANGES | {"exports"},
    "urls": {"api"},
    "apps": {"receivers"},
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


@cache
def imported_names(path: Path) -> set[str]:
    """Return the dotted names of all modules, and of what is imported from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((settings.BASE_DIR / path).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", list(sources()), ids=str)
def test_a_module_imports_only_the_parts_that_its_own_part_may_import(path):
    part = part_of(".".join(path.with_suffix("").parts))
    assert {part_of(name) for name in imported_names(path)} - {None} <= MAY_IMPORT[part]


def room_of(module: str) -> str | None:
    """Return the room of visits/ that a dotted name belongs to; None outside, and for `visits` itself."""
    app, _, rest = module.partition(".")
    return rest.split(".")[0] or None if app == "visits" else None


ROOMS = {
    path: room
    for path in sources()
    if "migrations" not in path.parts and (room := room_of(".".join(path.with_suffix("").parts)))
}


@pytest.mark.parametrize("path", [path for path, room in ROOMS.items() if room != "__init__"], ids=str)
def test_a_room_of_visits_imports_only_the_rooms_below_it(path):
    room = ROOMS[path]
    assert {room_of(name) for name in imported_names(path)} - {None, room} <= ROOMS_MAY_IMPORT[room]


@pytest.mark.parametrize("path", [path for path, room in ROOMS.items() if room == "mcp"], ids=str)
def test_mcp_takes_only_shapes_and_filters_from_the_api(path):
    shared = {"visits.api.inputs", "visits.api.serializers", "visits.api.filters"}
    taken = {name for name in imported_names(path) if name.startswith("visits.api.")}
    assert {name for name in taken if ".".join(name.split(".")[:3]) not in shared} == set()


@pytest.mark.parametrize("path", list(sources()), ids=str)
def test_the_product_does_not_import_what_is_for_trying_it(path):
    """Demo data, simulation and benchmarks live in visits.management, which only its own modules import."""
    if path.parts[:2] != ("visits", "management"):
        assert not {name for name in imported_names(path) if name.startswith("visits.management")}
