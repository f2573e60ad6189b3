"""Files of SQL, each of which defines one function and the triggers that run it."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from django.conf import settings

FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\b.*?\$\$(.*?)\$\$", re.DOTALL | re.MULTILINE)
TRIGGER = re.compile(
    r"^CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (\w+)\s.*?\sON (\w+)\s.*?;", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Trigger:
    name: str
    table: str
    definition: str


@dataclass(frozen=True)
class SQLFile:
    """A file such as "visits/sql/agent_taken.sql". It may be run again: it replaces what it made before.

    The doctor compares triggers with what PostgreSQL says of them: they are written in its order of words,
    which docs/adr/0019-declared-database.md shows.
    """

    path: str

    @cached_property
    def text(self) -> str:
        return Path(settings.BASE_DIR, self.path).read_text()

    @property
    def function(self) -> str:
        return self._function[0]

    @property
    def body(self) -> str:
        return self._function[1]

    @cached_property
    def triggers(self) -> list[Trigger]:
        found = TRIGGER.finditer(self.text)
        return [Trigger(match[1], match[2], without_layout(match[0])) for match in found]

    @property
    def drop(self) -> str:
        """The statements that undo the file."""
        triggers = [f"DROP TRIGGER {trigger.name} ON {trigger.table};" for trigger in self.triggers]
        return "\n".join([*triggers, f"DROP FUNCTION {self.function};"])

    @cached_property
    def _function(self) -> tuple[str, str]:
        found: list[tuple[str, str]] = FUNCTION.findall(self.text)
        if len(found) != 1:
            raise ValueError(f"{self.path} must create one function, by CREATE OR REPLACE and between $$")
        return found[0]


def without_layout(statement: str) -> str:
    """The definition of a trigger on one line, as `pg_get_triggerdef(oid, true)` writes it."""
    return " ".join(statement.replace("OR REPLACE ", "").rstrip("; \n").split())
