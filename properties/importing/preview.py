"""What a file's columns would become: shown by a dry run, and by the page in the admin."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from shlex import quote

from properties.importing.drafts import Entry
from properties.importing.errors import printable
from properties.importing.headers import name_key
from properties.importing.mapping import Plan, Rule
from properties.importing.values import Value

MAX_SAMPLES = 3
MAX_SHOWN = 40


@dataclass
class ColumnPreview:
    """A column of the file, or a constant, and the name of the field that it becomes.

    `samples` are the first different texts, each with what it becomes; None if it is refused.
    """

    column: str
    name: str
    factor: str = ""
    samples: dict[str, str | None] = field(default_factory=dict)
    filled: int = 0
    empty: int = 0
    refused: int = 0


class Preview:
    """The previews of all columns of a plan. `add` takes each row."""

    def __init__(self, plan: Plan) -> None:
        self.ignored = plan.ignored
        self.columns = [
            ColumnPreview(
                source.column, source.field, "" if source.factor == 1 else f"{source.factor.normalize():f}"
            )
            for source in plan.sources
        ]
        self.columns += [ColumnPreview("", name) for name in plan.mapping.constants]

    def watch(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield the entries again, and take each of them into the preview."""
        for entry in entries:
            self.add(entry)
            yield entry

    def add(self, entry: Entry) -> None:
        wrong = {problem.field for problem in entry.problems}
        for preview in self.columns:
            text = entry.texts.get(preview.name, "")
            if not text:
                preview.empty += 1
            elif preview.name in wrong:
                preview.refused += 1
            else:
                preview.filled += 1
            sample = printable(" ".join(text.split()), MAX_SHOWN)
            if text and len(preview.samples) < MAX_SAMPLES and sample not in preview.samples:
                value = None if preview.name in wrong else entry.values.get(preview.name)
                preview.samples[sample] = None if value is None else printable(show(value), MAX_SHOWN)


def show(value: Value) -> str:
    """Return a value as people read it."""
    if isinstance(value, list):
        return " | ".join(value)
    if isinstance(value, dict):
        return " | ".join(f"{name}={text}" for name, text in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def lines(preview: Preview) -> list[str]:
    """Return a preview as lines of text."""
    shown = []
    for column in preview.columns:
        times = f" * {column.factor}" if column.factor else ""
        source = printable(column.column, MAX_SHOWN) + times if column.column else "(the same in each row)"
        numbers = f"{column.filled} filled, {column.empty} empty, {column.refused} refused"
        shown.append(f"{source} -> {column.name}: {numbers}")
        for text, value in column.samples.items():
            result = "refused" if value is None else value
            shown.append(f"    {text}" if text == result else f"    {text} -> {result}")
    return shown


def proposal(rules: Iterable[Rule], missing: Iterable[str]) -> str:
    """Return options, ready to paste, that would map these columns and set the fields which are missing."""
    rules = list(rules)
    options = [f"--map {quote(str(rule))}" for rule in rules]
    given = {rule.field for rule in rules}
    options += [f"--set {_constant(name, rules)}" for name in missing if name not in given]
    return " ".join(options)


def _constant(name: str, rules: Sequence[Rule]) -> str:
    """Return a field with a word in capitals in place of its value, unless another column tells it."""
    if name == "purpose" and any(name_key(rule.column).startswith("rent") for rule in rules):
        return "purpose=rent"
    return f"{name}={name.upper()}"
