"""Each model has one ModelAdmin, in one place; no app registers one that another app replaces."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin

OURS = {"visits", "agents", "properties", "flatmates", "accounts", "mcp"}


def own_sources():
    for config in apps.get_app_configs():
        if Path(config.path).is_relative_to(settings.BASE_DIR / config.name.split(".")[0]):
            yield from (path for path in Path(config.path).rglob("*.py") if "tests" not in path.parts)


def modules_of_names(tree):
    """Return the module from which a file imports each of its names."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def unregistered_models(tree):
    """Yield the arguments of each call of `unregister` in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "unregister":
            (argument,) = node.args
            yield from argument.elts if isinstance(argument, ast.List) else [argument]


@pytest.mark.parametrize("path", sorted(set(own_sources())), ids=lambda path: path.name)
def test_only_models_of_libraries_are_unregistered(path):
    tree = ast.parse(path.read_text())
    modules = modules_of_names(tree)
    for model in unregistered_models(tree):
        assert isinstance(model, ast.Name), "name the models, so that this test can tell where they come from"
        assert modules[model.id].startswith("django"), f"{path} replaces the admin of {model.id}"


@pytest.mark.parametrize(
    "model_admin",
    [row for model, row in admin.site._registry.items() if model._meta.app_label in OURS],
    ids=lambda model_admin: model_admin.model.__name__,
)
def test_an_admin_is_one_class_named_after_its_model(model_admin):
    own = [each for each in type(model_admin).__mro__ if not each.__module__.startswith("django.")]
    named_alike = [each for each in own if each.__name__ == f"{model_admin.model.__name__}Admin"]
    assert named_alike == [type(model_admin)]
