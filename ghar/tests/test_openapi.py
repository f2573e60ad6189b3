"""The OpenAPI document is valid, knows every route, and describes every response."""

import io
import json
from collections import defaultdict
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from django.core.management import call_command
from django.urls import URLResolver, get_resolver
from drf_spectacular import validation

from ghar.api.docs import document
from ghar.tests.conformance import assert_documented, checker, operations, query_names, sample
from ghar.tests.world import World, walk
from visits.models import Visit

API = "api/v1/"
# A page for people, and the answer to unknown URLs.
NOT_DOCUMENTED = {"docs/?$", "^api(/.*)?$"}
APPS = ("properties", "agents", "flatmates", "ghar.accounts", "ghar.streams")
METHODS = ("get", "post", "put", "patch", "delete")


def test_the_document_is_valid_and_gives_no_warning():
    call_command("spectacular", "--fail-on-warn", stdout=io.StringIO())
    assert document()["openapi"] == "3.1.1"
    # The option --validate reads the same specification, but its validator takes seconds.
    specification = Path(validation.__file__).with_name("openapi_3_1_schema.json").read_text()
    errors = jsonschema_rs.validator_for(json.loads(specification)).iter_errors(plain_document())
    assert [f"{error.instance_path}: {error.message}" for error in errors] == []


def plain_document():
    """Return the document as a client reads it."""
    return json.loads(json.dumps(document()))


def test_the_document_knows_every_route():
    assert set(operations()) == set(routes(get_resolver().url_patterns))


def test_the_document_lists_the_parameters_that_each_route_knows():
    documented, known, schemes = {}, {}, document()["components"]["securitySchemes"]
    for pattern, route in patterns(get_resolver().url_patterns):
        view = pattern.callback
        for method in methods(view):
            path, lower = operations()[route, method]
            operation = document()["paths"][path][lower]
            tickets = [schemes[name] for scheme in operation.get("security", ()) for name in scheme]
            found = [*operation.get("parameters", ()), *tickets]
            documented[route, method] = {part["name"] for part in found if part.get("in") == "query"}
            known[route, method] = query_names(view, lower)
    assert documented == known


def test_each_url_is_served_by_one_view():
    views = defaultdict(set)
    for pattern, route in patterns(get_resolver().url_patterns):
        views[route].add(pattern.callback.cls)
    assert {route: found for route, found in views.items() if len(found) > 1} == {}


def test_no_view_is_completed_by_that_of_another_app():
    """A view that needs another app lives there whole: half a view would be an unsafe one."""
    for pattern, route in patterns(get_resolver().url_patterns):
        view = pattern.callback.cls
        ours = {parent.__module__ for parent in view.__mro__} & {f"{app}.views" for app in APPS}
        assert ours <= {view.__module__}, route


def routes(url_patterns):
    """Yield (route, method) for every route of the API."""
    for pattern, route in patterns(url_patterns):
        yield from ((route, method) for method in methods(pattern.callback))


def patterns(url_patterns, prefix=""):
    """Yield each URL pattern of the API with its whole route."""
    for pattern in url_patterns:
        route = prefix + str(pattern.pattern).removeprefix("^" if prefix else "")
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, route)
        elif route.startswith(("^api", API)) and route.removeprefix(API) not in NOT_DOCUMENTED:
            yield pattern, route


def methods(view):
    names = view.actions if hasattr(view, "actions") else dir(view.cls)
    return {name.upper() for name in names if name in METHODS}


def test_the_examples_have_the_documented_shapes():
    for path, found in document()["paths"].items():
        for method, operation in found.items():
            for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for content in part.get("content", {}).values():
                    for example in content.get("examples", {}).values():
                        assert checker(content["schema"])(example["value"]) == [], f"{method} {path}"


def test_the_document_is_served_as_json_and_as_yaml(client):
    answer = client.get("/api/v1/schema")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == plain_document()
    for found in (
        client.get("/api/v1/schema/?format=yaml"),
        client.get("/api/v1/schema", headers={"Accept": "application/yaml"}),
    ):
        assert (found.status_code, found["Content-Type"]) == (200, "application/yaml")
        # The parser in C: the one in Python takes two seconds for it.
        assert yaml.load(found.content, yaml.CSafeLoader) == plain_document()


def test_the_docs_page_loads_nothing_from_other_hosts(client):
    answer = client.get("/api/v1/docs")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "http:" not in text and "https:" not in text
    assert "<script>" not in text and "<style" not in text
    assert 'data-schema="/api/v1/schema"' in text


@pytest.mark.django_db
def test_every_response_of_a_walk_over_all_routes_is_documented(asha, ops, api):
    walked = set()
    for user, method, path, body, status in walk(World(asha, ops)):
        answer = api(user).generic(
            method, f"/api/v1/{path}", "" if body is None else json.dumps(body), "application/json"
        )
        assert answer.status_code == status, f"{method} {path}: {answer.content[:500]}"
        operation = assert_documented(method, f"/api/v1/{path}".partition("?")[0], answer)
        if status < 400:
            walked.add(operation)
    assert walked == set(operations().values())


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "stranger", "staff"])
def test_every_error_is_documented(bala, ops, api, who):
    user = {"nobody": None, "stranger": bala, "staff": ops}[who]
    for path, method in operations().values():
        for content_type in ("application/json", "text/plain"):
            answer = api(user).generic(method.upper(), sample(path), "{", content_type)
            assert_documented(method.upper(), sample(path), answer)
    assert Visit.objects.count() == 0
