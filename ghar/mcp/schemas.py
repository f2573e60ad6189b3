"""The JSON Schema of a serializer, as the OpenAPI document would say it, in one piece."""

from typing import Any

from django.utils.module_loading import autodiscover_modules
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from ghar.api.openapi import Document, Schema


class View(APIView):
    """Of nobody's request."""

    request: Any = None


OF_THE_DOCUMENT = {"readOnly", "x-spec-enum-id"}
PREFIX = "#/components/schemas/"


def schema_of(serializer: BaseSerializer[Any], direction: str) -> Schema:
    """`direction` is "request" for what comes in and "response" for what goes out."""
    autodiscover_modules("schema", "api.schema")
    document = Document()
    document.registry, document.view = ComponentRegistry(), View()
    document.method, document.path = "POST", "/"
    return whole(document._map_serializer(serializer, direction), document.registry)


def whole(part: Any, registry: ComponentRegistry) -> Any:
    """With every reference replaced by what it refers to. Ours go in no circles."""
    if isinstance(part, list):
        return [whole(one, registry) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return whole(component(part["$ref"], registry), registry)
    # Only formats tell some alternatives apart, and clients need not check those.
    return {
        "anyOf" if name == "oneOf" else name: whole(value, registry)
        for name, value in part.items()
        if name not in OF_THE_DOCUMENT
    }


def component(ref: str, registry: ComponentRegistry) -> Schema:
    return next(c.schema for c in registry._components.values() if c.name == ref.removeprefix(PREFIX))
