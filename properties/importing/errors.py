"""Refusals of files, mappings and rows. The texts are output of a command, and not translated."""

from typing import NamedTuple

MAX_QUOTED = 40
MAX_REASON = 200


class ImportRefused(Exception):
    """Nothing can be imported: the file can't be read, or its columns don't make listings."""


class Problem(NamedTuple):
    """A reason why a row is refused. `kind` is equal for reasons that differ in the value only.

    `column` is the name that the file gives to the column of `field`. Both are "" when the row as a whole is
    wrong.
    """

    column: str
    text: str
    kind: str
    field: str = ""

    def __str__(self) -> str:
        return f"{self.column}: {self.text}" if self.column else self.text


class ValueRefused(Exception):
    """A text is no value of its field. `kind` is the reason without the value."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


def quote(text: str) -> str:
    return f"“{printable(text, MAX_QUOTED)}”"


def printable(text: str, length: int) -> str:
    """Return a text cut to `length`, with all characters escaped that could control a terminal."""
    short = text if len(text) <= length else text[:length] + "…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in short
    )
