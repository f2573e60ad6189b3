import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from textwrap import fill
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser

from ghar.accounts.models import User
from ghar.management.base import DataCommand, DocumentedCommand
from properties import importing
from properties.importing.errors import ImportRefused
from properties.importing.mapping import ColumnMapping, parse_options, parse_toml
from properties.importing.preview import Preview, lines, proposal
from properties.importing.running import Report, run

MAX_TOML = 1_000_000


class Command(DocumentedCommand, DataCommand):
    help = "Add the listings of a CSV file."
    description = """Add the listings of a CSV file.

The first line names the columns; case, blanks, "_" and "-" in the names don't matter. Two formats are known:

{formats}

For other files, say which column becomes which field, with --map and --set or in a TOML file beside the CSV
file (listings.toml for listings.csv). --dry-run shows what would become of each column, and imports nothing.
When a required column is missing, the command proposes options.

It is safe to run the command again, also after an interruption: it adds only what is missing, and skips
each row that was imported before. Rows that are no valid listings are reported on stderr, with their line
and the reason, and do not stop the import. docs/listings.md has the details.
""".format(
        formats="\n\n".join(
            fill(f"{title}: {columns}", 100, initial_indent="  ", subsequent_indent="    ")
            for title, columns in importing.FORMATS.items()
        )
    )
    epilog = """Exit code: 0 when the whole file was read, even if rows were rejected (the last line counts
them); 1 when nothing could be imported: no such file or owner, or columns that make no listings; 130 when
interrupted.

Examples:
  python manage.py import_listings listings.csv
  python manage.py import_listings listings.csv --owner asha@example.com
  python manage.py import_listings sheet.csv --dry-run --map "lakhs*100000=base_price" --set city=Gurgaon
  zcat listings.csv.gz | python manage.py import_listings -
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a CSV file, or - for standard input")
        parser.add_argument(
            "--owner", metavar="EMAIL_OR_PHONE", help="the user who owns the new listings (default: nobody)"
        )
        parser.add_argument(
            "--map",
            metavar="COLUMN[*FACTOR]=FIELD",
            action="append",
            default=[],
            help="the field that a column becomes, with a factor for numbers; attributes.NAME keeps it as an "
            "attribute",
        )
        parser.add_argument(
            "--set",
            metavar="FIELD=TEXT",
            action="append",
            default=[],
            help="the value of a field in every row; {column} stands for the cell of a column",
        )
        parser.add_argument(
            "--mapping", metavar="FILE", help="a TOML file with the mapping (default: the one beside FILE)"
        )
        parser.add_argument(
            "--keep-others", action="store_true", help="keep all other columns as attributes of the listings"
        )
        parser.add_argument("--strict", action="store_true", help="refuse a file with unknown columns")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would become of each column, and import nothing"
        )

    def handle(self, *, file: str, owner: str | None, **options: Any) -> None:
        # On a terminal each line of progress overwrites the last one; in a file or a pipe they follow.
        self.progress = options["verbosity"] > 0
        self.start, self.end = ("\r", "") if self.progress and self.stdout.isatty() else ("", "\n")
        report = Report()
        user = find_owner(owner) if owner else None
        try:
            mapping = self.read_mapping(file, options["mapping"]).overridden_by(
                parse_options(options["map"], options["set"], keep_others=options["keep_others"])
            )
            with open_file(file) as source:
                opened = importing.open_import(source, mapping, strict=options["strict"])
                if options["dry_run"]:
                    self.show_preview(opened, report)
                else:
                    self.import_all(opened, report, user)
        except ImportRefused as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            message = f"Interrupted. Run the command again to continue. So far: {report}"
            raise CommandError(message, returncode=130) from None
        for warning in opened.warnings():
            self.stderr.write(f"{self.start}warning: {warning}")
        self.stdout.write(f"{self.start}{report}")

    def read_mapping(self, file: str, name: str | None) -> ColumnMapping:
        """Return the mapping of the TOML file: the named one, or the one beside the file if there is one."""
        path = Path(name) if name else Path(file).with_suffix(".toml")
        try:
            if not name and (file == "-" or not path.is_file()):
                return ColumnMapping()
            with path.open(encoding="utf-8") as source:
                text = source.read(MAX_TOML)
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} can't be read: {error}") from None
        if self.progress:
            self.stdout.write(f"Mapping: {path}")
        return parse_toml(text, str(path))

    def import_all(self, opened: importing.OpenImport, report: Report, owner: User | None) -> None:
        for refused in run(opened.entries(), report, owner=owner):
            for entry in refused:
                self.stderr.write(f"{self.start}line {entry.line}: {entry.reason()}")
            if self.progress:
                self.stdout.write(f"{self.start}{report.total()} rows read", ending=self.end)
                self.stdout.flush()

    def show_preview(self, opened: importing.OpenImport, report: Report) -> None:
        preview = Preview(opened.plan)
        for _ in run(preview.watch(opened.entries()), report, owner=None, dry_run=True):
            pass
        shown = lines(preview)
        if opened.proposals:
            shown.append(f"Other columns could become fields: {proposal(opened.proposals, [])}")
        if reasons := report.reason_lines():
            shown += ["Reasons for refusing rows:", *reasons]
        self.stdout.write("\n".join([*shown, "This is a dry run: nothing was imported. It would be:"]))


def find_owner(identifier: str) -> User:
    """Return the user with this email or phone. Raises CommandError when there is none."""
    try:
        return User.objects.get_by_natural_key(identifier)
    except User.DoesNotExist:
        raise CommandError(f"No user has the email or phone {identifier!r}.") from None


@contextmanager
def open_file(name: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for "-". Raises CommandError when it cannot be opened."""
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        raw = FileIO(name)
    except (OSError, ValueError) as error:
        raise CommandError(f"{name} can't be read: {error}") from None
    with raw:
        yield raw
