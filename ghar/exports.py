"""Tables as CSV files: one description of the columns for a command and an action in the admin."""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.admin import BaseAdmin

Row = TypeVar("Row", bound=Model)

CHUNK = 500
BOM = "\ufeff"
# Spreadsheets take a text that begins like this for a formula, and run it.
FORMULA = re.compile(r"[=+\-@\t\r]")
PHONE = re.compile(r"\+[0-9]+")


class _Echo:
    """A file whose `write` returns what it is given."""

    def write(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class CsvExport(Generic[Row]):
    """A file that is exported. `columns` gives the value of a row by name, in the order of the columns.

    `rows` are all rows with all that the columns need: they ask for no query per row.
    """

    name: str
    rows: Callable[[], QuerySet[Row]]
    columns: Mapping[str, Callable[[Row], object]]

    def lines(self, rows: QuerySet[Row] | None = None, *, bom: bool = False) -> Iterator[str]:
        """Yield the lines of the file, of all rows or of those that are among `rows`.

        The rows are read in chunks, so that the memory they take does not grow with the table. Excel reads
        UTF-8 only if there is a byte order mark.
        """
        found = self.rows()
        if rows is not None:
            found = found.filter(pk__in=rows.order_by().values("pk"))
        writer = csv.writer(_Echo())
        yield (BOM if bom else "") + writer.writerow(self.columns)
        for row in found.order_by("pk").iterator(chunk_size=CHUNK):
            yield writer.writerow([cell(value(row)) for value in self.columns.values()])


def cell(value: object) -> str:
    """Return a value as the text of a cell: times in UTC, and texts like formulas with a ' before them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, str) and FORMULA.match(value) and not PHONE.fullmatch(value):
        return f"'{value}"
    return str(value)


class CsvExportMixin(BaseAdmin[Row]):
    """The action that exports the selected rows as a CSV file, for staff who may view them."""

    csv_export: CsvExport[Row]

    @admin.action(description=_("Export as CSV"), permissions=["view"])
    def export_csv(self, request: HttpRequest, queryset: QuerySet[Row]) -> StreamingHttpResponse:
        name = f"{self.csv_export.name}-{clock.now():%Y-%m-%d}.csv"
        return StreamingHttpResponse(
            self.csv_export.lines(queryset, bom=True),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )
