from typing import Any

from django.core.management.base import CommandError, CommandParser

from agents.exports import AGENTS
from ghar.exports import CsvExport
from ghar.management.base import DataCommand, DocumentedCommand
from properties.exports import PROPERTIES
from visits.exports import VISITS

EXPORTS: dict[str, CsvExport[Any]] = {each.name: each for each in (AGENTS, PROPERTIES, VISITS)}


class Command(DocumentedCommand, DataCommand):
    help = "Write the agents, listings or visits as a CSV file."
    description = """Write the agents, listings or visits as a CSV file.

The file is UTF-8, with commas and CRLF. Times are in UTC; visits have the local times of their listing as
well. A text that a spreadsheet would take for a formula begins with a '. Rows are written as they are read,
so that the size of the table does not matter.
"""
    epilog = """Examples:
  python manage.py export_csv visits > visits.csv
  python manage.py export_csv agents --out agents.csv --bom
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", choices=EXPORTS, help="what to export")
        parser.add_argument("--out", metavar="FILE", help="the file to write (default: standard output)")
        parser.add_argument(
            "--bom", action="store_true", help="begin with a byte order mark, so that Excel reads UTF-8"
        )

    def handle(self, *, table: str, out: str | None, bom: bool, **options: Any) -> None:
        lines = EXPORTS[table].lines(bom=bom)
        if out is None:
            self.stdout.ending = ""
            for line in lines:
                self.stdout.write(line)
            return
        try:
            with open(out, "w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
        except (OSError, ValueError) as error:
            raise CommandError(f"{out} can't be written: {error}") from None
