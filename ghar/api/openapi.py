"""The OpenAPI document: what holds for every route is derived here, each app's `schema.py` says the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Choices
from django.utils.module_loading import autodiscover_modules
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_mock_request
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.serializers import Serializer

from ghar.api.errors import CHALLENGE, DETAILS, PROBLEM_TYPE, Problem, problem_body
from ghar.api.fields import StrictSerializer
from ghar.errors import DomainError

Schema = dict[str, Any]

# Under these an operation carries its codes until they have become responses.
CODES = "x-problem-codes"
NEVER = "x-never"
OPEN = (AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly)
EVERYWHERE = {"validation_error", "unavailable"}
# The guard, of any body.
WRITES = {"payload_too_large", "request_timeout"}
WITH_BODY = {"parse_error", "unsupported_media_type"}
DIGITS = {r"^\d+$", "^[0-9]+$"}
ID = {"type": "integer", "format": "int64", "minimum": 1}
MOMENT_OR_DATE = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
    "description": "A moment, or a date that stands for its midnight UTC.",
}
MOMENT = {"type": "string", "format": "date-time"}
REQUEST_ID = {
    "description": "The caller's X-Request-ID, or one made for it. Log lines have it too.",
    "schema": {"type": "string", "pattern": r"^[A-Za-z0-9._:/+=-]{1,128}$"},
    "required": True,
}
HEADERS: dict[str, dict[str, Schema]] = {
    "401": {
        "WWW-Authenticate": {
            "description": "How to log in.",
            "schema": {"type": "string", "const": CHALLENGE},
            "required": True,
        }
    },
    **dict.fromkeys(
        ("429", "503"),
        {
            "Retry-After": {
                "description": "Seconds until another try makes sense.",
                "schema": {"type": "string", "pattern": r"^\d+$"},
                "required": True,
            }
        },
    ),
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. Every answer from 400 on is one; `code` says which.",
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "Of a validation_error: what is wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "alternatives": {
            "type": "array",
            "description": "Of a visit_conflict: times that are free.",
            "items": {
                "type": "object",
                "properties": {"start": MOMENT, "end": MOMENT},
                "required": ["start", "end"],
            },
        },
        "reasons": {
            "type": "array",
            "description": "Of an agent_not_eligible: what speaks against him.",
            "items": {"type": "string"},
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
    "allOf": [
        {
            "if": {"properties": {"code": {"const": code}}, "required": ["code"]},
            "then": {"required": [extra]},
        }
        for code, extra in (("visit_conflict", "alternatives"), ("agent_not_eligible", "reasons"))
    ],
}
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200, 201], description="The visit's version, quoted."
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='The version that you have read, such as "3".'
)


def operation(summary: str, *, codes: Iterable[str] = (), never: Iterable[str] = (), **details: Any) -> Any:
    """extend_schema with codes that this operation gives besides what is derived, and `never` gives."""
    return extend_schema(summary=summary, extensions={CODES: list(codes), NEVER: list(never)}, **details)


def optional_keys(serializer: type[Serializer[Any]], *names: str) -> None:
    """These keys of an answer may be missing. All others are always there."""
    serializer.sometimes = names  # type: ignore[attr-defined]


def nullable_keys(serializer: type[Serializer[Any]], *names: str) -> None:
    """These may be null although the model says otherwise."""
    serializer.nulls = names  # type: ignore[attr-defined]


def filters(filterset: Any, **schemas: Schema) -> None:
    """What django-filter's fields do not tell of themselves."""
    for name, schema in schemas.items():
        extend_schema_field(schema)(filterset.base_filters[name])


def choices(values: type[Choices]) -> Schema:
    return {"type": "string", "enum": list(values.values)}


def mock_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Any:
    """Somebody without rights asks, whoever asks: the document is the same for all."""
    request = build_mock_request(method, path, view, None, **kwargs)
    request.user = get_user_model()(pk=0)
    return request


def without_slashes(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Paths as the contract writes them; the slash at the end is optional."""
    return [(path.rstrip("/") or "/", regex, method, view) for path, regex, method, view in endpoints]


class Generator(SchemaGenerator):
    def get_schema(self, request: Any = None, public: bool = False) -> Schema:
        autodiscover_modules("schema", "api.schema")
        document = super().get_schema(request, public)
        components = document["components"]
        components["schemas"]["Problem"] = {
            **PROBLEM,
            "properties": {**PROBLEM["properties"], "code": {"type": "string", "enum": all_codes()}},
        }
        components["headers"] = {"X-Request-ID": REQUEST_ID}
        for methods in document["paths"].values():
            for found in methods.values():
                name_request_id(found["responses"].values())
        return document


def all_codes() -> list[str]:
    domain = {error.code for error in subclasses(DomainError)}
    return sorted(domain | DETAILS.keys() | {"idempotency_in_flight", "idempotency_key_reused"})


def subclasses(parent: type[DomainError]) -> set[type[DomainError]]:
    return {parent}.union(*(subclasses(child) for child in parent.__subclasses__()))


def name_request_id(responses: Iterable[Schema]) -> None:
    for response in responses:
        response.setdefault("headers", {})["X-Request-ID"] = {"$ref": "#/components/headers/X-Request-ID"}


class Document(AutoSchema):
    """One operation, with every refusal that it can give."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        found = super().get_operation(*args, **kwargs)
        if found is not None:
            codes = self.derived_codes(found) - set(found.pop(NEVER, ())) | set(found.pop(CODES, ()))
            found["responses"] |= problems(codes)
        return found

    def derived_codes(self, found: Schema) -> set[str]:
        writes = self.method not in SAFE_METHODS
        restricted = any(not isinstance(one, OPEN) for one in self.view.get_permissions())
        held = {
            "not_authenticated": bool(self.view.get_authenticators()),
            "not_found": "{" in self.path,
            # A session without its CSRF token is one, too.
            "permission_denied": restricted or (writes and bool(self.view.get_authenticators())),
            "throttled": writes and bool(self.view.get_throttles()),
            "invalid_cursor": any(one["name"] == "cursor" for one in found.get("parameters", ())),
        }
        groups = ((EVERYWHERE, True), (WRITES, writes), (WITH_BODY, "requestBody" in found))
        grouped = set().union(*(codes for codes, holds in groups if holds))
        return grouped | {code for code, holds in held.items() if holds}

    def _resolve_path_parameters(self, variables: Any) -> list[Schema]:
        parameters = super()._resolve_path_parameters(variables)
        for parameter in parameters:
            if parameter["schema"].get("pattern") in DIGITS:
                parameter["schema"] = dict(ID)
        return parameters

    def _map_serializer_field(self, field: Any, direction: str, *args: Any, **kwargs: Any) -> Any:
        schema = super()._map_serializer_field(field, direction, *args, **kwargs)
        if schema and direction == "response":
            admit_empty(field, schema)
        return schema

    def _insert_field_validators(self, field: Any, schema: Schema) -> None:
        super()._insert_field_validators(field, schema)
        # What is only read does not say that it may be empty, and that is no address.
        if field.read_only and schema.get("format") == "uri":
            del schema["format"]

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "response":
            missing = getattr(serializer, "sometimes", ())
            schema["required"] = [name for name in schema.get("properties", ()) if name not in missing]
        elif isinstance(serializer, StrictSerializer):
            schema["additionalProperties"] = False
        return schema


def admit_empty(field: Any, schema: Schema) -> None:
    """What is only read does not say that its column may be NULL or empty."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    columns = {column.name: column for column in model._meta.concrete_fields} if model else {}
    column = columns.get(field.source)
    if column is not None and column.blank and "enum" in schema and column.empty_strings_allowed:
        schema["enum"] = [*schema["enum"], ""]
    null = column is not None and column.null or field.field_name in getattr(field.parent, "nulls", ())
    if null and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]


def problems(codes: Iterable[str]) -> dict[str, Schema]:
    """Responses by status."""
    by_status: dict[str, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(str(Problem(code).status), []).append(code)
    return {status: problem(status, held) for status, held in sorted(by_status.items())}


def problem(status: str, codes: list[str]) -> Schema:
    schema = {
        "$ref": "#/components/schemas/Problem",
        "properties": {"status": {"const": int(status)}, "code": {"enum": codes}},
    }
    examples = {code: {"value": example(int(status), code)} for code in codes}
    described = " · ".join(f"`{code}`" for code in codes)
    content = {PROBLEM_TYPE: {"schema": schema, "examples": examples}}
    headers = {"headers": dict(HEADERS[status])} if status in HEADERS else {}
    return {"description": described, "content": content, **headers}


def example(status: int, code: str) -> Schema:
    return problem_body(
        status, code, DETAILS.get(code, EXAMPLE_DETAILS.get(code, "")), **EXTRAS.get(code, {})
    )


# What a service says stands with the service; these are of the kind.
EXAMPLE_DETAILS = {
    "visit_conflict": "You have another visit then.",
    "invalid_transition": "A cancelled visit can't be confirmed.",
    "agent_not_eligible": "This agent can't take the visit.",
    "property_unavailable": "This listing takes no visits at present.",
    "no_active_match": "You have no active match with this person.",
    "precondition_failed": "The visit has changed since you read it: read it again.",
}
EXTRAS: Mapping[str, Schema] = {
    "validation_error": {"errors": {"scheduled_date": ["Choose a time in the future."]}},
    "visit_conflict": {"alternatives": [{"start": "2026-11-25T06:30:00Z", "end": "2026-11-25T07:00:00Z"}]},
    "agent_not_eligible": {"reasons": ["busy"]},
}


class Bearer(OpenApiAuthenticationExtension):
    target_class = "ghar.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "The token of a log-in or sign-up."}


class Session(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        description = "The admin's session; what changes something needs X-CSRFToken as well."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}


class FieldAs(OpenApiSerializerFieldExtension):
    """A field of ours that is written as `schema`."""

    schema: Schema
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return dict(self.schema)


class InstantAs(FieldAs):
    target_class = "ghar.api.fields.InstantField"
    schema = MOMENT


class LanguageAs(FieldAs):
    target_class = "ghar.api.fields.LanguageField"
    schema = {"type": "string", "pattern": "^ *[A-Za-z]{2} *$", "description": "ISO 639-1."}


class JSONAs(FieldAs):
    target_class = "rest_framework.serializers.JSONField"
    schema = {"type": "object", "additionalProperties": True}


class EmptySerializer(StrictSerializer):
    """A body without fields, or none."""
