"""JSON Schemas of serializers: as the OpenAPI document has them, but in one piece, without references."""

from typing import Any

from django.utils.module_loading import autodiscover_modules
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from ghar.api.openapi import Document, Schema


class SchemaView(APIView):
    """The view that drf-spectacular wants to know. A tool has none, and no request."""

    request: Any = None


# Keys that mean something in an OpenAPI document only.
DOCUMENT_KEYS = {"readOnly", "x-spec-enum-id"}
COMPONENTS = "#/components/schemas/"


def json_schema(serializer: BaseSerializer[Any], direction: str) -> Schema:
    """Return the schema of a serializer.

    `direction` is "request" for what a tool takes, and "response" for what it returns.
    """
    # The apps describe their fields in these modules, which nothing else loads before the document is made.
    autodiscover_modules("schema", "api.schema")
    document = Document()
    document.registry, document.view = ComponentRegistry(), SchemaView()
    document.method, document.path = "POST", "/"
    schema = document._map_serializer(serializer, direction)  # type: ignore[no-untyped-call]  # the library's
    whole: Schema = inline_references(schema, document.registry)
    return whole


def inline_references(part: Any, registry: ComponentRegistry) -> Any:
    """Return a part of a schema with all references replaced by what they refer to.

    Our components never refer to themselves, so this ends.
    """
    if isinstance(part, list):
        return [inline_references(item, registry) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return inline_references(component(part["$ref"], registry), registry)
    # Some alternatives differ only in the format of a string, which clients need not check: a value that
    # fits two of them would break oneOf.
    return {
        "anyOf" if name == "oneOf" else name: inline_references(value, registry)
        for name, value in part.items()
        if name not in DOCUMENT_KEYS
    }


def component(ref: str, registry: ComponentRegistry) -> Schema:
    return next(c.schema for c in registry._components.values() if c.name == ref.removeprefix(COMPONENTS))
