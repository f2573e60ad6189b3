"""The arguments of tools as assistants write them, read as they are meant."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.fields import Field
from rest_framework.serializers import ListField, Serializer

from ghar.api.fields import IdField
from ghar.api.openapi import Schema
from ghar.api.parsers import decode

ID_TEXT: Schema = {"type": "string", "pattern": "^[0-9]+$"}
LIST_TEXT: Schema = {"type": "string", "description": "The list as JSON text."}


def read_arguments(
    serializer: Serializer[Any], arguments: Mapping[str, Any], *, writes: bool
) -> dict[str, Any]:
    """Return the arguments without those that say nothing, and with lists where lists are wanted.

    Many frameworks send every argument that a tool has. So null is absent wherever an argument may be left
    out; where null would mean something else, the tool has a word for it. Blank text is absent for tools
    that only read; for the others the serializer decides. Required and unknown arguments stay as they are.
    """
    read: dict[str, Any] = {}
    for name, value in arguments.items():
        field = serializer.fields.get(name)
        if isinstance(field, ListField):
            value = as_list(value)
        is_optional = field is not None and not field.required
        if is_optional and (value is None or (not writes and is_blank(value))):
            continue
        read[name] = value
    return read


def is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def as_list(value: Any) -> Any:
    """Return a list for a list written as JSON text, and for one item alone; all else unchanged."""
    if isinstance(value, str) and value.strip()[:1] in {"[", '"'}:
        value = parse_or_keep(value)
    if isinstance(value, int | float) or (isinstance(value, str) and not is_blank(value)):
        return [value]
    return value


def parse_or_keep(text: str) -> Any:
    """Return the list or the text that JSON text holds; text that is no such JSON, as it is."""
    try:
        value = decode(text.encode())
    except ParseError:
        return text
    return value if isinstance(value, list | str) else text


def describe_arguments(serializer: Serializer[Any], schema: Schema) -> Schema:
    """Return the schema of a tool's input with what `read_arguments` accepts beyond the serializer."""
    properties = {
        name: describe_argument(serializer.fields[name], part)
        for name, part in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties, "additionalProperties": False}


def describe_argument(field: Field[Any, Any, Any, Any], schema: Schema) -> Schema:
    alternatives = [{name: value for name, value in schema.items() if name not in {"description", "default"}}]
    if isinstance(field, ListField):
        alternatives += [alternatives[0]["items"], LIST_TEXT]
    if isinstance(field, IdField):
        alternatives.append(ID_TEXT)
    if not field.required:
        alternatives.append({"type": "null"})
    if len(alternatives) == 1:
        return schema
    about: Schema = {name: schema[name] for name in ("description", "default") if name in schema}
    return {**about, "anyOf": alternatives}
