import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO, TextIOWrapper
from textwrap import fill
from typing import Any, TextIO

from django.core.management.base import CommandError, CommandParser

from ghar.accounts.models import User
from ghar.management.base import DataCommand
from properties import importing, services

CHUNK = 500
DESCRIPTION = """Add the listings of a CSV file.

The first line says which columns there are. Two headers are known:

{headers}

Running it again, or going on after an interruption, adds only what is missing: a listing whose whole
row was imported before is left as it is. Rows that make no listing are reported on stderr with their
line and the reason, and the others are imported all the same. docs/listings.md has the details.
"""
EPILOG = """Exit code: 0 when the file was read to its end, also when rows were rejected (the last line counts
them); 1 when nothing could be done: no such file or owner, an unknown header; 130 when interrupted.

Examples:
  python manage.py import_listings listings.csv
  python manage.py import_listings listings.csv --owner asha@example.com
  zcat listings.csv.gz | python manage.py import_listings -
"""


@dataclass
class Counts:
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


class Command(DataCommand):
    help = "Add the listings of a CSV file."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        headers = "\n\n".join(
            fill(str(header), 100, initial_indent="  ", subsequent_indent="    ")
            for header in importing.HEADERS
        )
        parser.description = DESCRIPTION.format(headers=headers)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a CSV file in UTF-8, or - for standard input")
        parser.add_argument(
            "--owner", metavar="EMAIL_OR_PHONE", help="the user who owns the new listings (default: nobody)"
        )

    def handle(self, *, file: str, owner: str | None, **options: Any) -> None:
        # In place on a terminal, line by line elsewhere.
        self.progress = options["verbosity"] > 0
        self.start, self.end = ("\r", "") if self.progress and self.stdout.isatty() else ("", "\n")
        self.counts, self.seen = Counts(), set[str]()
        user = find_owner(owner) if owner else None
        try:
            with opened(file) as source:
                self.import_all(source, user)
        except importing.UnknownHeader as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            message = f"Interrupted. Run it again to go on. So far: {self.counts}"
            raise CommandError(message, returncode=130) from None
        self.stdout.write(f"{self.start}{self.counts}")

    def import_all(self, source: TextIO, owner: User | None) -> None:
        chunk: list[services.Draft] = []
        for line, made in importing.drafts(source):
            if isinstance(made, importing.Rejected):
                self.reject(line, made)
            elif made.key in self.seen:
                self.counts.repeated += 1
            else:
                self.seen.add(made.key)
                chunk.append(made)
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

    def reject(self, line: int, reason: importing.Rejected) -> None:
        self.counts.rejected += 1
        self.stderr.write(f"{self.start}line {line}: {reason}")


def find_owner(identifier: str) -> User:
    try:
        return User.objects.get_by_natural_key(identifier)
    except User.DoesNotExist:
        raise CommandError(f"Nobody has the email or phone {identifier!r}.") from None


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """Bytes that are no UTF-8 come through as surrogates, so that the rows with them can be named."""
    try:
        raw = sys.stdin.buffer if name == "-" else BufferedReader(FileIO(name))
    except (OSError, ValueError) as error:
        raise CommandError(f"{name} can't be read: {error}") from None
    with TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        yield text
