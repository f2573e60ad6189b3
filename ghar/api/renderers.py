import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer

OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def instant(moment: datetime) -> str:
    """Format as 2026-11-25T05:30:00Z: in UTC, and without a fraction of zero."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def encode(data: Any) -> bytes:
    """Return JSON. The json module writes what orjson refuses: lone surrogates, integers over 64 bits."""
    try:
        return orjson.dumps(data, default=json_default, option=OPTIONS)
    except orjson.JSONEncodeError:
        return json.dumps(data, default=json_default, ensure_ascii=False).encode(errors="replace")


def json_default(value: Any) -> Any:
    """Return a value of another type as one that JSON knows. Raises TypeError."""
    match value:
        case datetime():
            return instant(value)
        case date() | time():
            return value.isoformat()
        case Decimal():
            return number(value)
        case Promise():
            return str(value)
        case set() | frozenset():
            return list(value)
        case bytes():
            return value.decode(errors="replace")
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


class JSONRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else encode(data)


class Negotiation(DefaultContentNegotiation):
    """Answer with JSON instead of 406 when the client accepts none of the renderers' types."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except (NotAcceptable, ValueError):
            return renderers[0], renderers[0].media_type
