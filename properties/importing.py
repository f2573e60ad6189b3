"""Listings from CSV files: the headers that are known, and how a row becomes a listing.

docs/listings.md describes both headers to those who write such files.
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

# A line of a listing is far shorter. What is longer is skipped unread, so that it can't fill the memory,
# and its first part has a cell above the other limit, so that the row is rejected.
LINE = 1_000_000
CELL = 20_000
QUOTED = 40
REASON = 200
NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
NUMBERS = {"latitude", "longitude", "base_price", "monthly_rent", "area_sqft", "bedrooms", "bathrooms"}
TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
SWITCHES = {"is_available", "exclusive_tours"}

Row = dict[str, str]


class UnknownHeader(Exception):
    """The first row is none of HEADERS; the message names them."""


class Rejected(Exception):
    """A row that makes no listing; the message says why."""


@dataclass(frozen=True)
class Header:
    """A kind of file. `translate` makes of its row one with our own columns, and the listing's features."""

    title: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    translate: Callable[[Row], tuple[Row, dict[str, str]]]
    # Our own columns by the file's, for messages.
    names: dict[str, str] = field(default_factory=dict)

    def columns(self, cells: list[str]) -> list[str] | None:
        """The columns that these cells name; None when this is not their header."""
        known = {column.casefold(): column for column in self.required + self.optional}
        named = [known.get(cell.strip().casefold(), "") for cell in cells]
        fits = all(named) and len(set(named)) == len(named) and {*self.required} <= {*named}
        return named if fits else None

    def __str__(self) -> str:
        rest = f" (required), {', '.join(self.optional)}" if self.optional else ""
        return f"{self.title}: {', '.join(self.required)}{rest}"


def own_row(row: Row) -> tuple[Row, dict[str, str]]:
    features = {}
    for entry in _listed(row.get("features", "")):
        name, equals, text = entry.partition("=")
        if not equals:
            raise Rejected(f"features: {_quoted(entry)} is not like name=text")
        features[name.strip()] = text.strip()
    return row, features


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


def house_rent_row(row: Row) -> tuple[Row, dict[str, str]]:
    own = {name: row[column] for name, column in HOUSE_RENT_COLUMNS.items()}
    size = f"{own['bedrooms']} BHK" if own["bedrooms"] else "Home"
    # A few of the data set's localities begin with the word that the title is about to say.
    place = own["locality"].removeprefix("in ") or own["city"]
    own |= {"title": f"{size} in {place}", "property_type": "apartment", "purpose": "rent"}
    own["furnishing"] = own["furnishing"].lower().replace("-", "_")
    features = {name: row[column] for name, column in HOUSE_RENT_FEATURES.items()}
    return own, {name: text for name, text in features.items() if text}


REQUIRED = ("title", "property_type", "purpose", "city", "base_price")
OWN = Header(
    "Listings",
    REQUIRED,
    (
        *("monthly_rent", "status", "is_available", "exclusive_tours", "description", "locality"),
        *("sub_locality", "landmark", "full_address", "pincode", "state", "country", "latitude"),
        *("longitude", "timezone", "area_sqft", "bedrooms", "bathrooms", "furnishing", "features"),
        *("amenities", "image_urls"),
    ),
    own_row,
)
HOUSE_RENT = Header(
    "House Rent data set",
    (
        *("Posted On", "BHK", "Rent", "Size", "Floor", "Area Type", "Area Locality", "City"),
        *("Furnishing Status", "Tenant Preferred", "Bathroom", "Point of Contact"),
    ),
    (),
    house_rent_row,
    HOUSE_RENT_COLUMNS,
)
HEADERS = (OWN, HOUSE_RENT)


def drafts(file: TextIO) -> Iterator[tuple[int, Draft | Rejected]]:
    """What each row of the file makes, with the number of the line on which it starts."""
    rows = _rows(file)
    header, columns = _header(next(rows, (1, [])))
    for line, cells in rows:
        try:
            yield line, _draft(header, _row(columns, cells))
        except Rejected as reason:
            yield line, reason


def _rows(file: TextIO) -> Iterator[tuple[int, list[str] | csv.Error]]:
    csv.field_size_limit(CELL)
    reader = csv.reader(_lines(file), strict=True)
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


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LINE):
        rest = line
        while len(rest) == LINE and not rest.endswith(("\n", "\r")):
            rest = file.readline(LINE)
        yield line


def _header(first: tuple[int, list[str] | csv.Error]) -> tuple[Header, list[str]]:
    cells = first[1] if isinstance(first[1], list) else []
    for header in HEADERS:
        if columns := header.columns(cells):
            return header, columns
    found = ", ".join(_quoted(cell) for cell in cells[:30]) or "none"
    known = "\n".join(f"  {header}" for header in HEADERS)
    raise UnknownHeader(f"The header is not one that is known: {found}\nKnown are\n{known}")


def _row(columns: list[str], cells: list[str] | csv.Error) -> Row:
    if isinstance(cells, csv.Error):
        raise Rejected(f"not CSV: {cells}")
    if len(cells) != len(columns):
        raise Rejected(f"{len(cells)} columns instead of {len(columns)}")
    text = "".join(cells)
    if "\0" in text:
        raise Rejected("it holds a NUL character")
    if not text.isprintable() and any("\udc80" <= character <= "\udcff" for character in text):
        raise Rejected("it is not UTF-8")
    return {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}


def _draft(header: Header, row: Row) -> Draft:
    own, features = header.translate(row)
    column = {name: header.names.get(name, name) for name in own}
    for name in REQUIRED:
        if not own[name]:
            raise Rejected(f"{column[name]}: it is empty")
    values = {name: _value(column[name], name, text) for name, text in own.items() if text}
    amenities, urls = _titles(values.pop("amenities", "")), _listed(values.pop("image_urls", ""))
    listing = Property(**{**values, "features": features})
    _check(listing, column)
    return Draft(_key(row), listing, amenities, _images(listing, urls))


def _value(column: str, name: str, text: str) -> Any:
    if name in NUMBERS and not NUMBER.fullmatch(text):
        raise Rejected(f"{column}: {_quoted(text)} is not a number")
    if name in SWITCHES:
        if text.lower() not in TRUTH:
            raise Rejected(f"{column}: {_quoted(text)} is neither true nor false")
        return TRUTH[text.lower()]
    if name == "status" and text == Property.Status.WITHDRAWN:
        raise Rejected(f"{column}: a withdrawn listing can't be imported")
    return text


def _titles(text: str) -> list[str]:
    titles = _listed(text)
    for title in titles:
        if title.isdecimal():
            raise Rejected(f"amenities: {_quoted(title)} is not a title")
        _check(Amenity(title=title), {"title": "amenities"})
    return titles


def _images(listing: Property, entries: list[str]) -> list[PropertyImage]:
    if len(entries) > MAX_IMAGES:
        raise Rejected(f"image_urls: a listing has at most {MAX_IMAGES} images")
    return [_image(listing, place, *entry.partition(" ")[::2]) for place, entry in enumerate(entries)]


def _image(listing: Property, place: int, url: str, caption: str) -> PropertyImage:
    image = PropertyImage(property=listing, image_url=url, caption=caption.strip(), display_order=place)
    image.is_main_image = place == 0
    _check(image, dict.fromkeys(("image_url", "caption"), "image_urls"), "property")
    return image


def _check(instance: Amenity | Property | PropertyImage, column: dict[str, str], *unchecked: str) -> None:
    try:
        instance.clean_fields(exclude={*unchecked, "owner"})
        instance.clean()
    except ValidationError as error:
        problems = [
            f"{column.get(name, name)}: {_plain(' '.join(messages), REASON)}"
            for name, messages in error.message_dict.items()
        ]
        raise Rejected("; ".join(problems)) from None


def _key(row: Row) -> str:
    """The natural key: the whole row, in whatever order its columns stand."""
    filled = sorted((column, text) for column, text in row.items() if text)
    return sha256(json.dumps(filled).encode()).hexdigest()


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _quoted(text: str) -> str:
    return f"“{_plain(text, QUOTED)}”"


def _plain(text: str, length: int) -> str:
    """Short, and without characters that a terminal would obey or couldn't show."""
    short = text if len(text) <= length else text[:length] + "…"
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in short
    )
