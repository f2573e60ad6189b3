import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO, TextIOWrapper
from textwrap import fill
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser

from ghar.accounts.models import User
from ghar.management.base import DataCommand, DocumentedCommand
from properties import importing, services

CHUNK = 500


@dataclass
class Counts:
    """The rows of a file by what became of them."""

    imported: int = 0
    present: int = 0
    repeated: int = 0
    rejected: int = 0

    def total(self) -> int:
        return self.imported + self.present + self.repeated + self.rejected

    def __str__(self) -> str:
        return (
            f"{self.imported} imported, {self.present} already there, "
            f"{self.repeated} repeated in the file, {self.rejected} rejected."
        )


class Command(DocumentedCommand, DataCommand):
    help = "Add the listings of a CSV file."
    description = """Add the listings of a CSV file.

The first line names the columns. Two headers are known:

{headers}

It is safe to run the command again, also after an interruption: it adds only what is missing, and skips
each row that was imported before. Rows that are no valid listings are reported on stderr, with their line
and the reason, and do not stop the import. docs/listings.md has the details.
""".format(
        headers="\n\n".join(
            fill(str(header), 100, initial_indent="  ", subsequent_indent="    ")
            for header in importing.KNOWN_HEADERS
        )
    )
    epilog = """Exit code: 0 when the whole file was read, even if rows were rejected (the last line counts
them); 1 when nothing could be imported: no such file or owner, or an unknown header; 130 when interrupted.

Examples:
  python manage.py import_listings listings.csv
  python manage.py import_listings listings.csv --owner asha@example.com
  zcat listings.csv.gz | python manage.py import_listings -
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a CSV file in UTF-8, or - for standard input")
        parser.add_argument(
            "--owner", metavar="EMAIL_OR_PHONE", help="the user who owns the new listings (default: nobody)"
        )

    def handle(self, *, file: str, owner: str | None, **options: Any) -> None:
        # On a terminal each line of progress overwrites the last one; in a file or a pipe they follow.
        self.progress = options["verbosity"] > 0
        self.start, self.end = ("\r", "") if self.progress and self.stdout.isatty() else ("", "\n")
        self.counts, self.seen = Counts(), set[str]()
        user = find_owner(owner) if owner else None
        try:
            with open_csv(file) as source:
                self.import_all(source, user)
        except importing.UnknownHeader as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            message = f"Interrupted. Run the command again to continue. So far: {self.counts}"
            raise CommandError(message, returncode=130) from None
        self.stdout.write(f"{self.start}{self.counts}")

    def import_all(self, source: TextIO, owner: User | None) -> None:
        chunk: list[services.Draft] = []
        for line, row in importing.read_drafts(source):
            if isinstance(row, importing.RejectedRow):
                self.reject(line, row)
            elif row.key in self.seen:
                self.counts.repeated += 1
            else:
                self.seen.add(row.key)
                chunk.append(row)
            if len(chunk) == CHUNK:
                self.save(chunk, owner)
                chunk = []
        if chunk:
            self.save(chunk, owner)

    def save(self, chunk: list[services.Draft], owner: User | None) -> None:
        new = services.import_listings(drafts=chunk, owner=owner)
        self.counts.imported += new
        self.counts.present += len(chunk) - new
        if self.progress:
            self.stdout.write(f"{self.start}{self.counts.total()} rows read", ending=self.end)
            self.stdout.flush()

    def reject(self, line: int, reason: importing.RejectedRow) -> None:
        self.counts.rejected += 1
        self.stderr.write(f"{self.start}line {line}: {reason}")


def find_owner(identifier: str) -> User:
    """Return the user with this email or phone. Raises CommandError when there is none."""
    try:
        return User.objects.get_by_natural_key(identifier)
    except User.DoesNotExist:
        raise CommandError(f"No user has the email or phone {identifier!r}.") from None


@contextmanager
def open_csv(name: str) -> Iterator[TextIO]:
    """Open a file, or standard input for "-". Raises CommandError when it cannot be opened.

    Bytes that are no UTF-8 become surrogates instead of an error, so that their rows can be reported.
    """
    try:
        raw = sys.stdin.buffer if name == "-" else BufferedReader(FileIO(name))
    except (OSError, ValueError) as error:
        raise CommandError(f"{name} can't be read: {error}") from None
    with TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        yield text
