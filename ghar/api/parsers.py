import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

MAX_DEPTH = 20
# An escaped NUL, unless its backslash is itself escaped.
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JSONParser(BaseParser):
    """Parses a JSON object. An empty body counts as an empty object."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = read_body(stream)
        if not without_bom(body).strip():
            return {}
        data = decode(body)
        if not isinstance(data, dict):
            raise ValidationError(_("Send a JSON object: {…}."))
        return data


def read_body(stream: IO[bytes]) -> bytes:
    body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig
    return body


def without_bom(body: bytes) -> bytes:
    """Return the body without the byte order mark that Windows editors and PowerShell put before UTF-8."""
    return body.removeprefix(BOM_UTF8)


def decode(body: bytes) -> Any:
    body = without_bom(body)
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise ParseError(_("The body is not valid JSON: line %(line)d, column %(column)d.") % place) from None
    if NUL.search(body):
        raise ParseError(_("The body contains a NUL character (\\u0000). Leave it out."))
    # A body with fewer brackets can't be too deep, so most bodies need no walk.
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and too_deep(data):
        raise ParseError(_("The body is nested more than %(levels)d levels deep.") % {"levels": MAX_DEPTH})
    return data


def too_deep(data: Any) -> bool:
    level = [data]
    for _level in range(MAX_DEPTH):
        level = [child for value in level for child in children(value)]
        if not level:
            return False
    return True


def children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
