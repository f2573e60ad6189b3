"""An import from the first row to the last. No row ends it: each is saved, or refused with its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import DataError, IntegrityError

from ghar.accounts.models import User
from properties import services
from properties.importing.drafts import Entry
from properties.importing.errors import MAX_REASON, Problem, printable

CHUNK = 500


@dataclass
class Reason:
    """Rows that are refused for one kind of reason: how many, the first line, and its reason."""

    example: Problem
    line: int
    rows: int = 0


@dataclass
class Report:
    """The rows of a file by what became of them."""

    imported: int = 0
    present: int = 0
    repeated: int = 0
    rejected: int = 0
    reasons: dict[tuple[str, str], Reason] = field(default_factory=dict)

    def total(self) -> int:
        return self.imported + self.present + self.repeated + self.rejected

    def reject(self, entry: Entry) -> None:
        self.rejected += 1
        for problem in entry.problems:
            reason = self.reasons.setdefault((problem.column, problem.kind), Reason(problem, entry.line))
            reason.rows += 1

    def reason_lines(self) -> list[str]:
        """Return the reasons with their numbers of rows, the most frequent one first."""
        reasons = sorted(self.reasons.values(), key=lambda reason: -reason.rows)
        return [
            f"{each.rows} row{'' if each.rows == 1 else 's'}: {each.example} (line {each.line})"
            for each in reasons
        ]

    def __str__(self) -> str:
        return (
            f"{self.imported} imported, {self.present} already there, "
            f"{self.repeated} repeated in the file, {self.rejected} rejected."
        )


def run(
    entries: Iterable[Entry], report: Report, *, owner: User | None, dry_run: bool = False
) -> Iterator[list[Entry]]:
    """Save the drafts in chunks, and count them in `report`; a dry run counts them only.

    Yields, after each chunk, its entries that were refused. Each chunk is saved before, so that an
    interruption keeps it.
    """
    seen: set[str] = set()
    rows = iter(entries)
    while chunk := list(islice(rows, CHUNK)):
        new = []
        for entry in chunk:
            if entry.draft is None:
                continue
            if entry.draft.key in seen:
                report.repeated += 1
            else:
                seen.add(entry.draft.key)
                new.append(entry)
        saved = _count_new(new) if dry_run else _save(new, owner)
        refused = [entry for entry in chunk if entry.problems]
        for entry in refused:
            report.reject(entry)
        report.imported += saved
        report.present += sum(not entry.problems for entry in new) - saved
        yield refused


def _count_new(entries: list[Entry]) -> int:
    return services.count_new([entry.draft.key for entry in entries if entry.draft])


def _save(entries: list[Entry], owner: User | None) -> int:
    """Save the drafts, all at once or, if the database refuses one of them, each by itself."""
    drafts = [entry.draft for entry in entries if entry.draft]
    if not drafts:
        return 0
    try:
        return services.import_listings(drafts=drafts, owner=owner)
    except (DataError, IntegrityError):
        return sum(_save_one(entry, owner) for entry in entries)


def _save_one(entry: Entry, owner: User | None) -> int:
    assert entry.draft is not None
    try:
        return services.import_listings(drafts=[entry.draft], owner=owner)
    except (DataError, IntegrityError) as error:
        text = printable(" ".join(str(error).split()), MAX_REASON)
        entry.problems.append(Problem("", f"the database refuses it: {text}", "the database refuses it"))
        return 0
