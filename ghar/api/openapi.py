"""The OpenAPI document. What applies to every route is derived here; each app's `schema.py` adds the rest."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Choices
from django.utils.module_loading import autodiscover_modules
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_mock_request
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework.permissions import SAFE_METHODS, AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.serializers import Serializer

from ghar.api.errors import CHALLENGE, DETAILS, PROBLEM_TYPE, Problem, problem_body
from ghar.api.fields import StrictSerializer
from ghar.api.idempotency import KEY_HEADER, REPLAYED, IdempotentView
from ghar.errors import DomainError

Schema = dict[str, Any]

# Under these keys an operation carries its error codes until they are turned into responses.
CODES = "x-problem-codes"
NEVER = "x-never"
UNRESTRICTED = (AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly)
EVERYWHERE = {"validation_error", "unavailable"}
# The server's guard answers these for any request with a body.
WRITES = {"payload_too_large", "request_timeout"}
WITH_KEY = {"idempotency_in_flight", "idempotency_key_reused"}
WITH_BODY = {"parse_error", "unsupported_media_type"}
DIGITS = {r"^\d+$", "^[0-9]+$"}
ID_SCHEMA = {"type": "integer", "format": "int64", "minimum": 1}
MOMENT_OR_DATE_SCHEMA = {
    "type": "string",
    "anyOf": [{"format": "date-time"}, {"format": "date"}],
    "description": "A date and time, or a date, which stands for its midnight UTC.",
}
MOMENT_SCHEMA = {"type": "string", "format": "date-time"}
REQUEST_ID = {
    "description": "The X-Request-ID of the request, or a new one. Log lines contain it.",
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
                "description": "Seconds to wait before the next try.",
                "schema": {"type": "string", "pattern": r"^\d+$"},
                "required": True,
            }
        },
    ),
}
PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457. Every error is one; `code` tells them apart.",
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A message for people."},
        "code": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "With validation_error: the messages by field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        },
        "alternatives": {
            "type": "array",
            "description": "With visit_conflict: free times.",
            "items": {
                "type": "object",
                "properties": {"start": MOMENT_SCHEMA, "end": MOMENT_SCHEMA},
                "required": ["start", "end"],
            },
        },
        "reasons": {
            "type": "array",
            "description": "With agent_not_eligible: why the agent is not eligible.",
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
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="The version of the visit, in quotes.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The version of the visit that you have read, such as "3"; several as a list, `*` for any. '
    "Weak tags count as strong ones. A request for what is so already succeeds before this is judged.",
)
IDEMPOTENCY_KEY: Schema = {
    "name": KEY_HEADER,
    "in": "header",
    "description": "A new key for each new request, such as a UUID. For a day the same request with the same "
    f"key gets the same response, with `{REPLAYED}: true`, and changes nothing; while the first is still "
    "running, it gets 409 with `Retry-After`. Another request with the key gets 422.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def operation(summary: str, *, codes: Iterable[str] = (), never: Iterable[str] = (), **details: Any) -> Any:
    """Return extend_schema with error codes to add to the derived ones, and those that `never` occur."""
    return extend_schema(summary=summary, extensions={CODES: list(codes), NEVER: list(never)}, **details)


def request_example(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def response_example(name: str, value: object, *statuses: str) -> OpenApiExample:
    """Return an example of the responses with these statuses, by default 200."""
    return OpenApiExample(name, value, response_only=True, status_codes=list(statuses) or ["200"])


def optional_keys(serializer: type[Serializer[Any]], *names: str) -> None:
    """Declare keys that a response may lack. All others are always there."""
    serializer.optional_keys = names  # type: ignore[attr-defined]  # read by Document below


def nullable_keys(serializer: type[Serializer[Any]], *names: str) -> None:
    """Declare keys that may be null although the model says otherwise."""
    serializer.nullable_keys = names  # type: ignore[attr-defined]  # read by allow_empty below


def describe_filters(filterset: Any, **schemas: Schema) -> None:
    """Set the schemas of filters that spectacular can't derive from django-filter's fields."""
    for name, schema in schemas.items():
        extend_schema_field(schema)(filterset.base_filters[name])


def choices_schema(values: type[Choices]) -> Schema:
    return {"type": "string", "enum": list(values.values)}


def mock_request(method: str, path: str, view: Any, original: Any, **kwargs: Any) -> Any:
    """Return the request of a user without rights: the document is the same for everyone."""
    request = build_mock_request(method, path, view, None, **kwargs)
    request.user = get_user_model()(pk=0)
    return request


def without_slashes(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Return the endpoints with paths as the contract writes them: the trailing slash is optional."""
    return [(path.rstrip("/") or "/", regex, method, view) for path, regex, method, view in endpoints]


class Generator(SchemaGenerator):
    def get_schema(self, request: Any = None, public: bool = False) -> Schema:
        autodiscover_modules("schema", "api.schema")
        document: Schema = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        components = document["components"]
        components["schemas"]["Problem"] = {
            **PROBLEM,
            "properties": {**PROBLEM["properties"], "code": {"type": "string", "enum": all_codes()}},
        }
        components["headers"] = {"X-Request-ID": REQUEST_ID}
        for methods in document["paths"].values():
            for found in methods.values():
                add_request_id(found["responses"].values())
        return document


def all_codes() -> list[str]:
    domain = {error.code for error in all_subclasses(DomainError)}
    return sorted(domain | DETAILS.keys())


def all_subclasses(parent: type[DomainError]) -> set[type[DomainError]]:
    return {parent}.union(*(all_subclasses(child) for child in parent.__subclasses__()))


def add_request_id(responses: Iterable[Schema]) -> None:
    for response in responses:
        response.setdefault("headers", {})["X-Request-ID"] = {"$ref": "#/components/headers/X-Request-ID"}


class Document(AutoSchema):
    """Describes one operation, with every error that it can return."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Schema | None:
        found: Schema | None = super().get_operation(*args, **kwargs)
        if found is not None:
            if self.takes_keys():
                found.setdefault("parameters", []).append(dict(IDEMPOTENCY_KEY))
            codes = self.derived_codes(found) - set(found.pop(NEVER, ())) | set(found.pop(CODES, ()))
            found["responses"] |= document_problems(codes)
        return found

    def takes_keys(self) -> bool:
        heeds = isinstance(self.view, IdempotentView) and self.view.heeds_keys
        return heeds and self.method not in SAFE_METHODS and bool(self.view.get_authenticators())

    def derived_codes(self, found: Schema) -> set[str]:
        writes = self.method not in SAFE_METHODS
        restricted = any(
            not isinstance(permission, UNRESTRICTED) for permission in self.view.get_permissions()
        )
        conditions = {
            "not_authenticated": bool(self.view.get_authenticators()),
            "not_found": "{" in self.path,
            # A session without its CSRF token gets it too.
            "permission_denied": restricted or (writes and bool(self.view.get_authenticators())),
            "throttled": writes and bool(self.view.get_throttles()),
            "invalid_cursor": any(parameter["name"] == "cursor" for parameter in found.get("parameters", ())),
        }
        groups = (
            (EVERYWHERE, True),
            (WRITES, writes),
            (WITH_BODY, "requestBody" in found),
            (WITH_KEY, self.takes_keys()),
        )
        grouped = set().union(*(codes for codes, holds in groups if holds))
        return grouped | {code for code, holds in conditions.items() if holds}

    def _resolve_path_parameters(self, variables: Any) -> list[Schema]:
        parameters: list[Schema] = super()._resolve_path_parameters(variables)  # type: ignore[no-untyped-call]
        for parameter in parameters:
            if parameter["schema"].get("pattern") in DIGITS:
                parameter["schema"] = dict(ID_SCHEMA)
        return parameters

    def _map_serializer_field(self, field: Any, direction: str, *args: Any, **kwargs: Any) -> Any:
        schema = super()._map_serializer_field(field, direction, *args, **kwargs)  # type: ignore[no-untyped-call]
        if schema and direction == "response":
            allow_empty(field, schema)
        return schema

    def _insert_field_validators(self, field: Any, schema: Schema) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        # A read-only URL may be empty, which is no URL; spectacular can't know that.
        if field.read_only and schema.get("format") == "uri":
            del schema["format"]

    def _get_paginator(self) -> Any:
        paginator = super()._get_paginator()  # type: ignore[no-untyped-call]
        if paginator is not None:
            paginator.resource = getattr(self.view, "page_resource", "")
        return paginator

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _map_basic_serializer(self, serializer: Any, direction: str) -> Schema:
        schema: Schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response":
            missing = getattr(serializer, "optional_keys", ())
            schema["required"] = [name for name in schema.get("properties", ()) if name not in missing]
        elif isinstance(serializer, StrictSerializer):
            # What is read-only is refused even where unknown fields are ignored.
            ignored = serializer.ignores_unknown and not serializer.partial
            schema |= without_read_only(serializer) if ignored else {"additionalProperties": False}
        return schema


def without_read_only(serializer: StrictSerializer) -> Schema:
    """Return the schema of an object with any fields but those that are read-only."""
    names = {*serializer.response_fields, *serializer.fields}
    read_only = sorted(name for name in names if serializer.is_read_only(name))
    return {"propertyNames": {"not": {"enum": read_only}}} if read_only else {}


def allow_empty(field: Any, schema: Schema) -> None:
    """Allow null and "" where the column does: a read-only serializer field does not say so."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    columns = {column.name: column for column in model._meta.concrete_fields} if model else {}
    column = columns.get(field.source)
    if column is not None and column.blank and "enum" in schema and column.empty_strings_allowed:
        schema["enum"] = [*schema["enum"], ""]
    null = (
        column is not None and column.null or field.field_name in getattr(field.parent, "nullable_keys", ())
    )
    if null and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]


def document_problems(codes: Iterable[str]) -> dict[str, Schema]:
    """Return the error responses by status."""
    by_status: dict[str, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(str(Problem(code).status), []).append(code)
    return {status: document_problem(status, codes) for status, codes in sorted(by_status.items())}


def document_problem(status: str, codes: list[str]) -> Schema:
    schema = {
        "$ref": "#/components/schemas/Problem",
        "properties": {"status": {"const": int(status)}, "code": {"enum": codes}},
    }
    examples = {code: {"value": problem_example(int(status), code)} for code in codes}
    description = " · ".join(f"`{code}`" for code in codes)
    content = {PROBLEM_TYPE: {"schema": schema, "examples": examples}}
    headers = {"headers": dict(HEADERS[status])} if status in HEADERS else {}
    return {"description": description, "content": content, **headers}


def problem_example(status: int, code: str) -> Schema:
    detail = DETAILS.get(code) or EXAMPLE_DETAILS.get(code, "")
    return problem_body(status, code, detail, **EXAMPLE_EXTRAS.get(code, {}))


# The services word these errors themselves, each time differently.
EXAMPLE_DETAILS = {
    "visit_conflict": "You have another visit at that time. Choose one of the alternatives.",
    "invalid_transition": "A cancelled visit can't be confirmed.",
    "agent_not_eligible": "This agent can't take the visit.",
    "property_unavailable": "This listing takes no visits at the moment.",
    "no_active_match": "You have no active match with this person.",
    "idempotency_in_flight": "The first request with this Idempotency-Key is still running. Try again.",
    "idempotency_key_reused": "This Idempotency-Key was used for another request.",
    "precondition_failed": "The visit has changed since you read it. Read it again.",
}
EXAMPLE_EXTRAS: Mapping[str, Schema] = {
    "validation_error": {"errors": {"scheduled_date": ["Choose a time in the future."]}},
    "visit_conflict": {"alternatives": [{"start": "2026-11-25T06:30:00Z", "end": "2026-11-25T07:00:00Z"}]},
    "agent_not_eligible": {"reasons": ["busy"]},
}


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "ghar.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "The token from log-in or sign-up."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        description = "The session of the admin. Requests that change something also need X-CSRFToken."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}


class FieldSchema(OpenApiSerializerFieldExtension):
    """Sets the schema of a serializer field class: subclass it with `target_class` and `schema`."""

    schema: Schema
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> Schema:
        return dict(self.schema)


class InstantSchema(FieldSchema):
    target_class = "ghar.api.fields.InstantField"
    schema = MOMENT_SCHEMA


class InstantOrDaySchema(FieldSchema):
    target_class = "ghar.api.fields.InstantOrDayField"
    schema = {
        "type": "string",
        "anyOf": [{"format": "date-time"}, {"format": "date"}],
        "description": "A date and time, or a date: the first free slot of that local day at the listing, "
        "or 10:00 there when it has none.",
    }


class LanguageSchema(FieldSchema):
    target_class = "ghar.api.fields.LanguageField"
    schema = {
        "type": "string",
        "minLength": 2,
        "description": "An ISO 639-1 code. An English name, such as Hindi, is read as its code.",
    }


class JSONSchema(FieldSchema):
    target_class = "rest_framework.serializers.JSONField"
    schema = {"type": "object", "additionalProperties": True}
