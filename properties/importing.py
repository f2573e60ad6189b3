"""Listings from CSV files: the known headers, and the way from a row to a draft of a listing.

docs/listings.md describes both headers for people who write such files. The messages for rejected rows are
output of a command, and not translated.
"""

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TextIO

from django.core.exceptions import ValidationError

from properties.models import Amenity, Property, PropertyImage
from properties.services import MAX_IMAGES, Draft

# Limits in characters. No line of a real listing is that long. The rest of an overlong line is read and
# dropped, so that it cannot fill the memory; a cell of its first part is beyond the limit for cells, so that
# the row is rejected and not silently cut.
MAX_LINE = 1_000_000
MAX_CELL = 20_000
# In messages.
MAX_QUOTED = 40
MAX_REASON = 200
NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
NUMBER_COLUMNS = {"latitude", "longitude", "base_price", "monthly_rent", "area_sqft", "bedrooms", "bathrooms"}
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
BOOLEAN_COLUMNS = {"is_available", "exclusive_tours"}

CsvRow = dict[str, str]


class UnknownHeader(Exception):
    """The first row is not one of KNOWN_HEADERS. The message lists them."""


class RejectedRow(Exception):
    """A row is no valid listing. The message says why, and names the columns of the file."""


@dataclass(frozen=True)
class CsvHeader:
    """A kind of file.

    `translate` turns a row with the file's columns into one with the columns of Property, and the attributes.
    `names` gives the file's columns by those of Property, where they differ; for messages.
    """

    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    translate: Callable[[CsvRow], tuple[CsvRow, dict[str, str]]]
    names: dict[str, str] = field(default_factory=dict)

    def columns(self, cells: list[str]) -> list[str] | None:
        """Return the columns that a first row names, in its order; None when it is not this header.

        Case and blanks don't matter. Each column may come once, and the required ones must come.
        """
        known = {column.casefold(): column for column in self.required + self.optional}
        named = [known.get(cell.strip().casefold(), "") for cell in cells]
        is_header = all(named) and len(set(named)) == len(named) and {*self.required} <= {*named}
        return named if is_header else None

    def __str__(self) -> str:
        rest = f" (required), {', '.join(self.optional)}" if self.optional else ""
        return f"{self.title}: {', '.join(self.required)}{rest}"


def translate_own_row(row: CsvRow) -> tuple[CsvRow, dict[str, str]]:
    """Return the row and its attributes: entries of `features` such as floor=4. The others stay features."""
    attributes = {}
    for entry in _split_list(row.get("features", "")):
        name, equals, text = entry.partition("=")
        if equals:
            attributes[name.strip()] = text.strip()
    return row, attributes


HOUSE_RENT_COLUMNS = {
    "bedrooms": "BHK",
    "base_price": "Rent",
    "area_sqft": "Size",
    "locality": "Area Locality",
    "city": "City",
    "furnishing": "Furnishing Status",
    "bathrooms": "Bathroom",
}
HOUSE_RENT_FEATURES = {
    "posted_on": "Posted On",
    "floor": "Floor",
    "area_type": "Area Type",
    "tenant_preferred": "Tenant Preferred",
    "point_of_contact": "Point of Contact",
}


def translate_house_rent_row(row: CsvRow) -> tuple[CsvRow, dict[str, str]]:
    own = {name: row[column] for name, column in HOUSE_RENT_COLUMNS.items()}
    size = f"{own['bedrooms']} BHK" if own["bedrooms"] else "Home"
    # Some localities of the data set begin with "in ", which the title adds itself.
    place = own["locality"].removeprefix("in ") or own["city"]
    own |= {"title": f"{size} in {place}", "property_type": "apartment", "purpose": "rent"}
    own["furnishing"] = own["furnishing"].lower().replace("-", "_")
    features = {name: row[column] for name, column in HOUSE_RENT_FEATURES.items()}
    return own, {name: text for name, text in features.items() if text}


REQUIRED = ("title", "property_type", "purpose", "city", "base_price")
OWN_HEADER = CsvHeader(
    "Listings",
    REQUIRED,
    (
        *("monthly_rent", "status", "is_available", "exclusive_tours", "description", "locality"),
        *("sub_locality", "landmark", "full_address", "pincode", "state", "country", "latitude"),
        *("longitude", "timezone", "area_sqft", "bedrooms", "bathrooms", "furnishing", "features"),
        *("amenities", "image_urls"),
    ),
    translate_own_row,
)
HOUSE_RENT_HEADER = CsvHeader(
    "House Rent data set",
    (
        *("Posted On", "BHK", "Rent", "Size", "Floor", "Area Type", "Area Locality", "City"),
        *("Furnishing Status", "Tenant Preferred", "Bathroom", "Point of Contact"),
    ),
    (),
    translate_house_rent_row,
    HOUSE_RENT_COLUMNS,
)
KNOWN_HEADERS = (OWN_HEADER, HOUSE_RENT_HEADER)


def read_drafts(file: TextIO) -> Iterator[tuple[int, Draft | RejectedRow]]:
    """Yield what each row of the file becomes, with the number of the line on which the row starts.

    Raises UnknownHeader before the first row.
    """
    rows = _read_rows(file)
    header, columns = _identify_header(next(rows, (1, [])))
    for line, cells in rows:
        try:
            yield line, _make_draft(header, _parse_row(columns, cells))
        except RejectedRow as reason:
            yield line, reason


def _read_rows(file: TextIO) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield each row that is not blank, with its first line: the cells, or the error of a malformed one."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(_limited_lines(file), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, error
            continue
        if cells:
            yield line, cells


def _limited_lines(file: TextIO) -> Iterator[str]:
    """Yield the lines of a file, each cut to MAX_LINE characters."""
    while line := file.readline(MAX_LINE):
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(("\n", "\r")):
            rest = file.readline(MAX_LINE)
        yield line


def _identify_header(first: tuple[int, list[str] | csv.Error]) -> tuple[CsvHeader, list[str]]:
    cells = first[1] if isinstance(first[1], list) else []
    for header in KNOWN_HEADERS:
        if columns := header.columns(cells):
            return header, columns
    columns_found = ", ".join(_quote(cell) for cell in cells[:30]) or "none"
    known = "\n".join(f"  {header}" for header in KNOWN_HEADERS)
    raise UnknownHeader(
        f"The columns of the first line are not those of a known header: {columns_found}\n"
        f"Use one of these headers:\n{known}"
    )


def _parse_row(columns: list[str], cells: list[str] | csv.Error) -> CsvRow:
    if isinstance(cells, csv.Error):
        raise RejectedRow(f"not CSV: {cells}")
    if len(cells) != len(columns):
        raise RejectedRow(f"{len(cells)} columns instead of {len(columns)}")
    text = "".join(cells)
    if "\0" in text:
        raise RejectedRow("it holds a NUL character")
    # Bytes that are no UTF-8 were read as surrogates (errors="surrogateescape").
    if not text.isprintable() and any("\udc80" <= character <= "\udcff" for character in text):
        raise RejectedRow("it is not UTF-8")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _make_draft(header: CsvHeader, row: CsvRow) -> Draft:
    own, attributes = header.translate(row)
    column = {name: header.names.get(name, name) for name in own}
    for name in REQUIRED:
        if not own[name]:
            raise RejectedRow(f"{column[name]}: it is empty")
    values = {name: _parse_value(column[name], name, text) for name, text in own.items() if text}
    amenities, urls = _parse_amenities(values.pop("amenities", "")), _split_list(values.pop("image_urls", ""))
    texts = [entry for entry in _split_list(values.pop("features", "")) if "=" not in entry]
    listing = Property(**values, features=texts, attributes=attributes)
    _check_fields(listing, column)
    return Draft(_natural_key(row), listing, amenities, _make_images(listing, urls))


def _parse_value(column: str, name: str, text: str) -> Any:
    if name in NUMBER_COLUMNS and not NUMBER.fullmatch(text):
        raise RejectedRow(f"{column}: {_quote(text)} is not a number")
    if name in BOOLEAN_COLUMNS:
        if text.lower() not in BOOLEANS:
            raise RejectedRow(f"{column}: {_quote(text)} is neither true nor false")
        return BOOLEANS[text.lower()]
    if name == "status" and text == Property.Status.WITHDRAWN:
        raise RejectedRow(f"{column}: a withdrawn listing can't be imported")
    return text


def _parse_amenities(text: str) -> list[str]:
    titles = _split_list(text)
    for title in titles:
        if title.isdecimal():
            raise RejectedRow(f"amenities: {_quote(title)} is not a title")
        _check_fields(Amenity(title=title), {"title": "amenities"})
    return titles


def _make_images(listing: Property, entries: list[str]) -> list[PropertyImage]:
    if len(entries) > MAX_IMAGES:
        raise RejectedRow(f"image_urls: a listing has at most {MAX_IMAGES} images")
    return [_make_image(listing, place, *entry.partition(" ")[::2]) for place, entry in enumerate(entries)]


def _make_image(listing: Property, place: int, url: str, caption: str) -> PropertyImage:
    image = PropertyImage(property=listing, image_url=url, caption=caption.strip(), display_order=place)
    image.is_main_image = place == 0
    _check_fields(image, dict.fromkeys(("image_url", "caption"), "image_urls"), "property")
    return image


def _check_fields(
    instance: Amenity | Property | PropertyImage, column: dict[str, str], *unchecked: str
) -> None:
    try:
        instance.clean_fields(exclude={*unchecked, "owner"})
        instance.clean()
    except ValidationError as error:
        problems = [
            f"{column.get(name, name)}: {_printable(' '.join(messages), MAX_REASON)}"
            for name, messages in error.message_dict.items()
        ]
        raise RejectedRow("; ".join(problems)) from None


def _natural_key(row: CsvRow) -> str:
    """Return a digest of the whole row without its empty cells, whatever the order of its columns."""
    filled = sorted((column, text) for column, text in row.items() if text)
    return sha256(json.dumps(filled).encode()).hexdigest()


def _split_list(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _quote(text: str) -> str:
    return f"“{_printable(text, MAX_QUOTED)}”"


def _printable(text: str, length: int) -> str:
    """Return a text cut to `length`, with all characters escaped that could control a terminal."""
    short = text if len(text) <= length else text[:length] + "…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in short
    )
