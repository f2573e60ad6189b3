"""The way from the rows of a table to drafts of listings, by a plan."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256

from django.core.exceptions import ValidationError

from properties.importing.errors import MAX_REASON, Problem, ValueRefused, printable, quote
from properties.importing.headers import ATTRIBUTE_PREFIX, HOUSE_RENT_CONSTANTS, REQUIRED, name_key
from properties.importing.mapping import PLACEHOLDER, Plan
from properties.importing.reading import Row, Table
from properties.importing.values import Rate, Value, is_nothing, parse
from properties.models import Amenity, Property, PropertyImage
from properties.services import MAX_IMAGES, Draft

ONE = Decimal(1)
BEDROOM_WORDS = re.compile(r"(\.0+)?\s*(BHK)?$", re.IGNORECASE)
# A spreadsheet would take a text that begins with one of these for a formula; exports put ' before it.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class Entry:
    """A row, and what becomes of it: a draft, or the problems because of which there is none.

    `texts` and `values` are its cells before and after they are understood, by field.
    """

    line: int
    cells: list[str]
    draft: Draft | None = None
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)

    def reason(self) -> str:
        return "; ".join(map(str, self.problems))


def read_entries(table: Table, plan: Plan) -> Iterator[Entry]:
    """Yield what each row of the table becomes. No row raises an error."""
    for row in table.rows:
        yield _make_entry(row, plan, decimal_comma=table.has_decimal_comma)


def _make_entry(row: Row, plan: Plan, *, decimal_comma: bool) -> Entry:
    entry = Entry(row.line, row.cells)
    if row.error:
        entry.problems.append(Problem("", row.error, row.error))
        return entry
    cells = _fit(row.cells, len(plan.header))
    if cells is None:
        text = f"{len(row.cells)} columns instead of {len(plan.header)}"
        entry.problems.append(Problem("", text, "too many columns"))
        return entry
    entry.texts = _texts(plan, cells)
    _parse_values(entry, plan, decimal_comma=decimal_comma)
    if not entry.problems:
        _add_draft(entry, _natural_key(plan, cells), plan.columns)
    return entry


def _parse_values(entry: Entry, plan: Plan, *, decimal_comma: bool) -> None:
    """Fill in the values of the texts, and the problems of texts that have none."""
    columns = plan.columns
    for name in REQUIRED:
        if not entry.texts.get(name):
            entry.problems.append(_problem(columns, name, "it is empty", "it is empty"))
    for name, text in entry.texts.items():
        if not text:
            continue
        if name in plan.mapping.words:
            text = plan.mapping.words[name].get(name_key(text), text)
        try:
            entry.values[name] = parse(
                name, text, factor=plan.factors.get(name, ONE), decimal_comma=decimal_comma
            )
        except ValueRefused as refusal:
            entry.problems.append(_problem(columns, name, str(refusal), refusal.kind))
    rate, size = entry.values.get("base_price"), entry.values.get("area_sqft")
    if isinstance(rate, Rate) and isinstance(size, Decimal):
        entry.values["base_price"] = rate.total(size)
    elif isinstance(rate, Rate):
        text = f"{quote(rate.text)} is a price per area, and the row has no area"
        entry.problems.append(_problem(columns, "base_price", text, "is a price per area"))


def _problem(columns: Mapping[str, str], name: str, text: str, kind: str) -> Problem:
    """Return what is wrong with a field, under the name of its column in the file."""
    return Problem(columns.get(name, name), text, kind, name)


def _fit(cells: list[str], length: int) -> list[str] | None:
    """Return a row with as many cells as the header: spreadsheets add, and leave out, empty ones."""
    if any(cell.strip() for cell in cells[length:]):
        return None
    return [cell.strip() for cell in cells[:length]] + [""] * (length - len(cells))


def _texts(plan: Plan, cells: list[str]) -> dict[str, str]:
    """Return the texts of a row by field; "" where there is nothing."""
    texts = {source.field: _plain(cells[source.place]) for source in plan.sources}
    for name, constant in plan.mapping.constants.items():
        texts[name] = PLACEHOLDER.sub(lambda found: _plain(cells[plan.place_of(found[1])]), constant).strip()
    if plan.is_house_rent:
        texts = {"title": _house_rent_title(texts), **HOUSE_RENT_CONSTANTS, **texts}
    return texts


def _plain(cell: str) -> str:
    if is_nothing(cell):
        return ""
    is_guarded = cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS)
    return cell[1:] if is_guarded else cell


def _house_rent_title(texts: dict[str, str]) -> str:
    bedrooms, locality = texts.get("bedrooms", ""), texts.get("locality", "")
    # Some files write "2.0", or "2 BHK".
    size = f"{BEDROOM_WORDS.sub('', bedrooms)} BHK" if bedrooms else "Home"
    # Some localities of the data set begin with "in ", which the title adds itself.
    return f"{size} in {locality.removeprefix('in ') or texts.get('city', '')}"


def _add_draft(entry: Entry, key: str, columns: Mapping[str, str]) -> None:
    """Make the draft of an entry whose values are understood, or add what is wrong with them together."""
    values = dict(entry.values)
    amenities, urls = values.pop("amenities", []), values.pop("image_urls", [])
    listed = values.pop("features", [])
    assert isinstance(amenities, list) and isinstance(urls, list) and isinstance(listed, list)
    texts = [text for text in listed if "=" not in text]
    named = (text.partition("=") for text in listed if "=" in text)
    own = {name: value for name, value in values.items() if not name.startswith(ATTRIBUTE_PREFIX)}
    attributes = {name.strip(): text.strip() for name, _equals, text in named} | {
        name.removeprefix(ATTRIBUTE_PREFIX): value
        for name, value in values.items()
        if name.startswith(ATTRIBUTE_PREFIX) and isinstance(value, str)
    }
    listing = Property(**own, features=texts, attributes=attributes)
    entry.problems += _check_fields(listing, columns, {}, "owner")
    for title in amenities:
        if title.isdecimal():
            text = f"{quote(title)} is not a title"
            entry.problems.append(_problem(columns, "amenities", text, "is not a title"))
        else:
            entry.problems += _check_fields(Amenity(title=title), columns, {"title": "amenities"})
    if len(urls) > MAX_IMAGES:
        text = f"a listing has at most {MAX_IMAGES} images"
        entry.problems.append(_problem(columns, "image_urls", text, "too many images"))
        return
    images = [_make_image(listing, place, url) for place, url in enumerate(urls)]
    names = {"image_url": "image_urls", "caption": "image_urls"}
    for image in images:
        entry.problems += _check_fields(image, columns, names, "property")
    if not entry.problems:
        entry.draft = Draft(key, listing, amenities, images)


def _make_image(listing: Property, place: int, entry: str) -> PropertyImage:
    url, _, caption = entry.partition(" ")
    image = PropertyImage(property=listing, image_url=url, caption=caption.strip(), display_order=place)
    image.is_main_image = place == 0
    return image


def _check_fields(
    instance: Amenity | Property | PropertyImage,
    columns: Mapping[str, str],
    names: Mapping[str, str],
    *unchecked: str,
) -> list[Problem]:
    """Return what the model says about its fields. `names` gives those that have other names in files."""
    try:
        instance.clean_fields(exclude={*unchecked})
        instance.clean()
    except ValidationError as error:
        return [
            _problem(
                columns,
                names.get(name, name),
                printable(" ".join(each.messages), MAX_REASON),
                str(each.code or each.messages[0]),
            )
            for name, errors in error.error_dict.items()
            for each in errors
        ]
    return []


def _natural_key(plan: Plan, cells: list[str]) -> str:
    """Return a digest of the whole row without its empty cells, whatever the order of its columns.

    It takes the cells as they are, so that a corrected mapping does not import a row for a second time. A
    constant counts as a cell: two files without a city may hold the same row for two cities.
    """
    constants = plan.mapping.constants
    pairs = [
        (key, cell)
        for key, cell in zip(plan.keys, cells, strict=True)
        if key and cell and key not in constants
    ]
    return sha256(json.dumps(sorted([*pairs, *constants.items()])).encode()).hexdigest()
