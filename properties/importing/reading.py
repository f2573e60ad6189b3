"""Rows of CSV files as people have them: encodings, separators, and quotes.

The module `csv` is not used: when it is strict, it takes `"Hill Road"  ,5` for malformed, and when it is not,
it reads `"Hill" Road` without a word.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, TextIO

from properties.importing.errors import ImportRefused
from properties.importing.headers import is_known_name

# Limits in characters. No line of a real listing is that long. The rest of an overlong line is read and
# dropped, so that it cannot fill the memory; a cell of its first part is beyond the limit for cells, so that
# the row is refused and not silently cut.
MAX_LINE = 1_000_000
MAX_CELL = 20_000
MAX_COLUMNS = 500
SEPARATORS = (",", ";", "\t")
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
# The bytes that are no UTF-8 are read as these characters (errors="surrogateescape").
ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
SURROGATE = re.compile("[\ud800-\udfff]")
NOT_CSV = {
    b"PK\x03\x04": "This is an Excel workbook or a ZIP archive. Save the sheet as CSV first.",
    b"\xd0\xcf\x11\xe0": "This is an Excel workbook. Save the sheet as CSV first.",
    b"\x1f\x8b": "This file is compressed. Use: zcat FILE | manage.py import_listings -",
    b"%PDF": "This is a PDF document, not CSV.",
}


class Row(NamedTuple):
    """A row with the number of its first line. `error` says why it can't be read; then it has no cells."""

    line: int
    cells: list[str]
    error: str = ""


@dataclass
class Table:
    """A file whose header has been read. `windows_lines` grows while the rows are read."""

    header: list[str]
    rows: Iterator[Row]
    separator: str
    windows_lines: list[int] = field(default_factory=list)

    @property
    def has_decimal_comma(self) -> bool:
        """Return whether 12,5 may be a number: where it is, spreadsheets separate by semicolons."""
        return self.separator == ";"

    def warnings(self) -> list[str]:
        """Return what to tell about the encoding. All rows have to be read before."""
        if not self.windows_lines:
            return []
        return [
            f"Some rows are not UTF-8 and were read as Windows-1252: {len(self.windows_lines)}, the first "
            f"one in line {self.windows_lines[0]}. Check their accents."
        ]


class Malformed(Exception):
    """A row is not CSV."""


class Lines:
    """The lines of a file, each cut to MAX_LINE characters. `number` is that of the last line."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.number = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = rest = self.file.readline(MAX_LINE)
        while len(rest) == MAX_LINE and not rest.endswith(("\n", "\r")):
            rest = self.file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        return line.lstrip("\ufeff") if self.number == 1 else line


def open_table(stream: BinaryIO) -> Table:
    """Read the header of a file of bytes. Raises ImportRefused when it is no CSV, or empty."""
    buffered = io.BufferedReader(stream)  # type: ignore[type-var]  # it needs readinto(), which all have
    start = buffered.peek(512)
    for magic, text in NOT_CSV.items():
        if start.startswith(magic):
            raise ImportRefused(text)
    encoding = _guess_encoding(start)
    errors = "surrogateescape" if encoding == "utf-8" else "replace"
    lines = Lines(io.TextIOWrapper(buffered, encoding=encoding, errors=errors, newline=""))
    first = next((line for line in lines if line.strip(" \t\r\n,;")), "")
    separator_line = SEPARATOR_LINE.fullmatch(first)
    if separator_line:
        first, separator = next(lines, "").lstrip("\ufeff"), separator_line[1]
    else:
        separator = max(SEPARATORS, key=lambda each: _score(first, each))
    table = Table([], iter(()), separator)
    rows = _read_rows(first, lines, table)
    header = next(rows, Row(1, [], "The file is empty."))
    if header.error:
        raise ImportRefused(f"The first line can't be read: {header.error}")
    if len(header.cells) > MAX_COLUMNS:
        raise ImportRefused(f"The first line has {len(header.cells)} cells; at most {MAX_COLUMNS} are read.")
    table.header, table.rows = [cell.strip() for cell in header.cells], rows
    table.windows_lines.clear()
    return table


def _guess_encoding(start: bytes) -> str:
    """Return the encoding that a BOM names or, without one, that the zeros between ASCII letters show."""
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if start.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if start.startswith(b"\xfe\xff"):
        return "utf-16-be"
    even, odd = start[:200:2], start[1:200:2]
    if len(odd) > 2 and odd.count(0) > len(odd) * 0.7 and not even.count(0):
        return "utf-16-le"
    if len(odd) > 2 and even.count(0) > len(even) * 0.7 and not odd.count(0):
        return "utf-16-be"
    return "utf-8"


def _score(line: str, separator: str) -> tuple[int, int]:
    """Return how many known names, and how many cells, a header has when `separator` separates them."""
    try:
        cells = _parse_record(line, iter(()), separator)
    except Malformed:
        cells = line.split(separator)
    return sum(map(is_known_name, cells)), len(cells)


def _read_rows(first: str, lines: Lines, table: Table) -> Iterator[Row]:
    """Yield each row that has a cell with more than blanks."""
    line: str | None = first
    while line is not None:
        number = max(lines.number, 1)
        try:
            cells = _parse_record(line, lines, table.separator)
            if any(cell and not cell.isspace() for cell in cells):
                yield Row(number, _decode(number, cells, table))
        except Malformed as error:
            yield Row(number, [], str(error))
        line = next(lines, None)


def _decode(number: int, cells: list[str], table: Table) -> list[str]:
    """Return the cells; bytes that are no UTF-8 are read as Windows-1252, and the table notes the line."""
    text = "".join(cells)
    if "\0" in text:
        raise Malformed("it holds a NUL character")
    if not SURROGATE.search(text):
        return cells
    # Accents that are right beside some that are not make neither encoding.
    if not ESCAPED_BYTE.sub("", text).isascii():
        raise Malformed("it is neither UTF-8 nor Windows-1252")
    try:
        decoded = [cell.encode(errors="surrogateescape").decode("cp1252") for cell in cells]
    except UnicodeError:
        raise Malformed("it is neither UTF-8 nor Windows-1252") from None
    table.windows_lines.append(number)
    return decoded


def _parse_record(line: str, more: Iterator[str], separator: str) -> list[str]:
    """Return the cells of a row. A quoted cell may take further lines from `more`. Raises Malformed."""
    if '"' not in line:
        return [_limited(cell) for cell in line.rstrip("\r\n").split(separator)]
    blanks = " " if separator == "\t" else r"[ \t]"
    opening = re.compile(rf'{blanks}*"')
    closing = re.compile(rf"{blanks}*(?:({re.escape(separator)})|[\r\n]*\Z)")
    plain = re.compile(rf"([^{re.escape(separator)}\r\n]*)(?:({re.escape(separator)})|[\r\n]*\Z)")
    cells: list[str] = []
    place, separated = 0, True
    while separated:
        if quote := opening.match(line, place):
            cell, line, place = _parse_quoted(line, quote.end(), more)
            end = closing.match(line, place)
            if not end:
                raise Malformed(f"not CSV: a quoted cell goes on after its quote in column {len(cells) + 1}")
            separated = end[1] is not None
        else:
            end = plain.match(line, place)
            if not end:
                raise Malformed("not CSV: a line break in a cell without quotes")
            cell, separated = end[1], end[2] is not None
        cells.append(_limited(cell))
        place = end.end()
    return cells


def _parse_quoted(line: str, place: int, more: Iterator[str]) -> tuple[str, str, int]:
    """Return a quoted cell from behind its first quote, and the line and the place behind its last one."""
    parts: list[str] = []
    size = 0
    while True:
        end = line.find('"', place)
        part = line[place:] if end < 0 else line[place:end]
        parts.append(part)
        size += len(part)
        if size > MAX_CELL:
            _limited("".join(parts))
        if end < 0:
            following = next(more, None)
            if following is None:
                raise Malformed("not CSV: a quote is never closed")
            line, place = following, 0
        elif line.startswith('""', end):
            parts.append('"')
            place = end + 2
        else:
            return "".join(parts), line, end + 1


def _limited(cell: str) -> str:
    if len(cell) > MAX_CELL:
        raise Malformed(f"not CSV: a cell has more than {MAX_CELL} characters")
    return cell
