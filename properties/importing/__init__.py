"""Listings from CSV files as people have them.

reading.py turns bytes into rows, headers.py knows the names of columns, values.py understands cells,
mapping.py says which column becomes which field, drafts.py makes listings of rows, and running.py saves them.
The command, the page in the admin and the demo all take this way. docs/listings.md describes it for people
who have such files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from properties.importing.drafts import Entry, read_entries
from properties.importing.errors import ImportRefused
from properties.importing.headers import HOUSE_RENT, OPTIONAL, REQUIRED
from properties.importing.mapping import ColumnMapping, Plan, Rule, find_missing, make_plan, names_of, propose
from properties.importing.preview import proposal
from properties.importing.reading import Row, Table, open_table

SAMPLE_ROWS = 50
FORMATS = {
    "Listings": f"{', '.join(REQUIRED)} (required), {', '.join(OPTIONAL)}",
    "House Rent data set": f"{', '.join(name for name in HOUSE_RENT)} (BHK, Rent and City are required)",
}


@dataclass
class OpenImport:
    """A file whose rows are ready to be read once.

    `proposals` are for columns that become no field, and whose names are known for one that is empty.
    """

    table: Table
    plan: Plan
    proposals: Sequence[Rule]

    def entries(self) -> Iterator[Entry]:
        return read_entries(self.table, self.plan)

    def warnings(self) -> list[str]:
        """Return what to tell the user. All rows have to be read before."""
        return [*self.plan.warnings(), *self.table.warnings()]


def open_import(
    stream: BinaryIO, mapping: ColumnMapping | None = None, *, strict: bool = False
) -> OpenImport:
    """Open a file of bytes. Raises ImportRefused when it can't be read, or its columns make no listings."""
    table = open_table(stream)
    plan = make_plan(table.header, mapping or ColumnMapping(), strict=strict)
    proposals = propose(plan, [row.cells for row in take_samples(table)])
    missing = find_missing(plan)
    if missing:
        raise ImportRefused(_describe_missing(plan, missing, proposals))
    return OpenImport(table, plan, proposals)


def take_samples(table: Table) -> list[Row]:
    """Return the first rows that can be read, and leave them in the table."""
    rows = list(islice(table.rows, SAMPLE_ROWS))
    table.rows = chain(rows, table.rows)
    return [row for row in rows if not row.error]


def _describe_missing(plan: Plan, missing: Sequence[str], proposals: Sequence[Rule]) -> str:
    """Return which columns are missing, with the options that would supply them."""
    return (
        f"No column becomes {', '.join(missing)}, which every listing needs.\n"
        f"The file has the columns: {names_of(plan.header)}\n"
        f"Try these options, with the right values in place of capitals, and --dry-run to see the result:\n"
        f"  {proposal(proposals, missing)}\n"
        f"docs/listings.md lists all fields."
    )
