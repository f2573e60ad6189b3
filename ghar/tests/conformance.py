"""Checks of responses against the OpenAPI document, key by key."""

import json
from copy import deepcopy
from functools import cache

import jsonschema_rs
from django.urls import resolve

from ghar.api.docs import document


@cache
def operations():
    """Return {(route of the URLconf, method): (path, method) in the document}."""
    return {
        (resolve(sample(path)).route, method.upper()): (path, method)
        for path, methods in document()["paths"].items()
        for method in methods
    }


def query_names(callback, method):
    """Return the names of the query parameters that the view of a URL pattern knows."""
    view = callback.cls(**getattr(callback, "initkwargs", {}))
    view.action = getattr(callback, "actions", {}).get(method)
    return set(view.query_names(getattr(view, view.action or method)))


def sample(path):
    return "/".join("1" if part.startswith("{") else part for part in path.split("/"))


def closed(part):
    """Return the same schemas, in which objects have no keys but those that are named."""
    if isinstance(part, dict):
        made = {key: closed(value) for key, value in part.items()}
        if part.get("type") == "object" and "properties" in part:
            made.setdefault("additionalProperties", False)
        return made
    return [closed(child) for child in part] if isinstance(part, list) else part


@cache
def components():
    return closed(deepcopy(document()["components"]))


@cache
def compiled(schema):
    root = {"components": components(), **closed(json.loads(schema))}
    return jsonschema_rs.validator_for(root, validate_formats=True)


def checker(schema):
    """Return a function that lists what is wrong with a value."""
    validator = compiled(json.dumps(schema))
    return lambda value: [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(value)]


def assert_documented(method, path, response):
    """Assert that the document has the status, headers and shape of a response; return the operation."""
    found = operations()[resolve(path).route, method]
    responses = document()["paths"][found[0]][found[1]]["responses"]
    status = str(response.status_code)
    assert status in responses, f"{method} {path}: {status} is not documented: {response.getvalue()[:300]}"
    assert set(responses[status].get("headers", ())) <= set(response.headers)
    if "content" not in responses[status]:
        assert not response.content
        return found
    kind = response.headers["Content-Type"]
    content = responses[status]["content"][kind]
    if kind.endswith("json"):
        wrong = checker(content["schema"])(json.loads(response.content))
        assert not wrong, f"{method} {path}: {status}: {wrong}"
    return found
