import re
from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20
# An escaped NUL, unless its backslash is itself escaped.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JSONParser(BaseParser):
    """A JSON object, or nothing at all, which is an empty one."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = read(stream)
        if not body.strip():
            return {}
        data = decode(body)
        if not isinstance(data, dict):
            raise ValidationError("Send a JSON object: {…}.")
        return data


def read(stream: IO[bytes]) -> bytes:
    body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    return body


def decode(body: bytes) -> Any:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"The body is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    if NUL.search(body):
        raise ParseError("The body holds a NUL character (\\u0000): leave it out.")
    # More depth needs more brackets, so that most bodies need no look.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and too_deep(data):
        raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
    return data


def too_deep(data: Any) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [child for value in level for child in children(value)]
        if not level:
            return False
    return True


def children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
