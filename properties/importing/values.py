"""Values of cells: numbers, prices, areas, choices and lists in the ways in which people write them.

Each function takes the text of a cell and returns the value of the field, or raises ValueRefused.
docs/listings.md lists what is understood.
"""

import json
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import NamedTuple, Union

from ghar.text import clean, clean_words
from properties.importing.errors import ValueRefused, quote
from properties.importing.headers import name_key
from properties.models import Property

Value = Union[str, bool, int, float, Decimal, list[str], dict[str, str], "Rate"]

CENT = Decimal("0.01")
# In characters. The patterns for numbers take long on long texts.
MAX_NUMBER = 200
# Words for "there is nothing". "Nan" is a city of Thailand; pandas writes "nan" and "NaN".
NOTHING = {
    "-",
    "--",
    "---",
    "–",
    "—",
    "?",
    "nan",
    "n/a",
    "na",
    "n.a.",
    "#n/a",
    "<na>",
    "nat",
    "null",
    "none",
    "nil",
}
BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "t", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "no", "n", "f", "off", "0", "0.0"), False),
}
SYNONYMS = {
    "property_type": {
        **dict.fromkeys(("flat", "flatapartment", "apartmentflat", "apt", "unit"), "apartment"),
        **dict.fromkeys(
            ("independenthouse", "duplex", "maisonette", "bungalow", "rowhouse", "townhouse", "home"), "house"
        ),
        **dict.fromkeys(("floor", "independentfloor", "independentbuilderfloor"), "builder_floor"),
        **dict.fromkeys(("land", "residentialplot", "residentialland", "openplot", "plotland"), "plot"),
        **dict.fromkeys(("condominium",), "condo"),
        **dict.fromkeys(("studioapartment",), "studio"),
        **dict.fromkeys(("payingguest", "hostel"), "pg"),
        **dict.fromkeys(("officespace", "commercialoffice"), "office"),
        **dict.fromkeys(("shopshowroom", "showroom", "retail"), "shop"),
        **dict.fromkeys(("godown",), "warehouse"),
    },
    "purpose": {
        **dict.fromkeys(("rental", "forrent", "torent", "lease", "tolet", "rented"), "rent"),
        **dict.fromkeys(("sale", "sell", "forsale", "resale", "newbooking", "purchase"), "buy"),
        **dict.fromkeys(("shortlet", "shortterm", "holiday"), "short_stay"),
    },
    "status": {
        "active": "available",
        "forsale": "available",
        "forrent": "available",
        "pending": "under_offer",
    },
    "furnishing": {
        **dict.fromkeys(("fullyfurnished", "fullfurnished", "full", "yes"), "furnished"),
        **dict.fromkeys(("semi", "partlyfurnished", "partfurnished", "partiallyfurnished"), "semi_furnished"),
        **dict.fromkeys(("notfurnished", "bare", "no"), "unfurnished"),
    },
}
CHOICES: dict[str, Sequence[tuple[str, object]]] = {
    "property_type": Property.Type.choices,
    "purpose": Property.Purpose.choices,
    "status": Property.Status.choices,
    "furnishing": Property.Furnishing.choices,
}

# In scraped files a title often tells the type and the purpose. These names say too little in a sentence.
NAMED_IN_TITLES = ("property_type", "purpose")
VAGUE = {"floor", "home", "unit", "room", "offer"}

# Lakhs and thousands in any mixture: 1,25,000 and 125,000; also 125 000 and 125'000.
GROUPED = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}(?:\.[0-9]{1,30})?|[0-9]{1,3}(?:[ '’][0-9]{3})+(?:\.[0-9]{1,30})?"
)
PLAIN = re.compile(r"[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?|\.[0-9]{1,30}")
EUROPEAN = re.compile(r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,30}),[0-9]{1,2}")
DOTS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+")

SIGN = r"(?:[₹$€£₦¥]|Rs\.?|INR|USD|EUR|GBP|NGN|AED)"
LOOSE_NUMBER = r"-?\.?[0-9](?:[0-9.,'’]|[ ](?=[0-9])|[eE](?=[+0-9-])|(?<=[eE])[+-])*"
SCALES = {
    "lakh": 100_000,
    "lac": 100_000,
    "l": 100_000,
    "cr": 10_000_000,
    "k": 1_000,
    "thousand": 1_000,
    "m": 1_000_000,
}
PRICE = re.compile(
    rf"(?:{SIGN}\s*)?(?P<number>{LOOSE_NUMBER})\s*"
    r"(?P<scale>(?:lakh|lac)s?|crores?|cr|thousand|million|mn|[lkm])?(?![a-z])\.?\s*(?P<rest>.*)",
    re.IGNORECASE,
)
AREA_WORD = r"(?:sq|sft|m²|square|acre|cent|yard|gaj|ft)"
# What may follow a price: it changes nothing about the number.
AFTER_PRICE = re.compile(
    rf"(?:{SIGN})?\s*(?:/-|/?-)?\s*(?:only)?\s*(?:(?:/|per)\s*(?:month|mo|m)\b\.?|p\.?\s*m\.?|monthly|onwards|negotiable)?"
    rf"|{SIGN}\s*[0-9.,]+\s*(?:k|lakhs?|cr)?\s*(?:/|per)\s*{AREA_WORD}.*",
    re.IGNORECASE,
)
UNIT_PRICE = re.compile(rf"(?:{SIGN})?\s*(?:/|per\b)\s*(?P<unit>{AREA_WORD}.*)", re.IGNORECASE)

# Square feet per unit. Units that differ from region to region (bigha, marla, katha) are left out.
AREA_UNITS = {
    **dict.fromkeys(
        ("sqft", "sft", "sqfeet", "sqfoot", "squarefeet", "squarefoot", "ft2", "feet"), Decimal(1)
    ),
    **dict.fromkeys(
        ("sqyd", "sqyds", "sqyard", "sqyards", "squareyard", "squareyards", "gaj", "yd2"), Decimal(9)
    ),
    **dict.fromkeys(
        ("sqm", "sqmt", "sqmtr", "sqmtrs", "sqmeter", "sqmeters", "sqmetre", "sqmetres"),
        Decimal("10.7639104"),
    ),
    **dict.fromkeys(
        ("m2", "squaremeter", "squaremeters", "squaremetre", "squaremetres"), Decimal("10.7639104")
    ),
    **dict.fromkeys(("cent", "cents"), Decimal("435.6")),
    **dict.fromkeys(("guntha", "gunthas", "gunta"), Decimal(1089)),
    **dict.fromkeys(("acre", "acres"), Decimal(43560)),
    **dict.fromkeys(("hectare", "hectares", "ha"), Decimal("107639.104")),
}
AREA = re.compile(rf"(?P<number>{LOOSE_NUMBER})\s*(?P<unit>[^\W\d_][\w.\s²]*)?", re.IGNORECASE)
COUNT = re.compile(
    rf"(?P<number>{LOOSE_NUMBER})\s*(?:bhk|bed|bdrm|bedroom|br|bath|bathroom|room)?s?\.?", re.IGNORECASE
)
# A list of texts as pandas writes it; texts with escapes are left out.
PYTHON_TEXT = re.compile(r"""'([^'\\]*)'|"([^"\\]*)\"""")
PYTHON_LIST = re.compile(rf"""\[\s*(?:(?:{PYTHON_TEXT.pattern})\s*(?:,\s*|(?=\])))*\]""")
DEGREES = re.compile(r"-?[0-9]{1,3}(?:[.,][0-9]{1,30})?(?:[eE]-[0-9]{1,2})?")


def is_nothing(text: str) -> bool:
    return not text or (text != "Nan" and text.casefold() in NOTHING)


def number(text: str, *, decimal_comma: bool) -> Decimal:
    """Return a number of any writing. With `decimal_comma`, 12,5 is one, and 1.250 could be two."""
    digits = text.strip().removeprefix("-")
    if decimal_comma and EUROPEAN.fullmatch(digits):
        plain = digits.replace(".", "").replace(",", ".")
    elif decimal_comma and DOTS.fullmatch(digits):
        if digits.count(".") == 1:
            raise ValueRefused(
                f"{quote(text)} could be {digits.replace('.', '')} or {digits}", "two readings"
            )
        plain = digits.replace(".", "")
    elif GROUPED.fullmatch(digits):
        plain = re.sub("[,' ’]", "", digits)
    elif PLAIN.fullmatch(digits):
        plain = digits
    else:
        raise ValueRefused(f"{quote(text)} is not a number", "is not a number")
    return -Decimal(plain) if text.strip().startswith("-") else Decimal(plain)


class Rate(NamedTuple):
    """A price per square foot: the price of the listing follows from its area."""

    amount: Decimal
    text: str

    def total(self, area: Decimal) -> Decimal:
        return _to_cents(self.amount * area, rounded=True)


def price(text: str, *, factor: Decimal = Decimal(1), decimal_comma: bool = False) -> Decimal:
    """Return an amount of money: 1,25,000 or ₹1.25 lakh, and of two prices the one of the whole listing."""
    amount = price_or_rate(text, factor=factor, decimal_comma=decimal_comma)
    if isinstance(amount, Rate):
        raise ValueRefused(f"{quote(text)} is a price per area", "is a price per area")
    return amount


def price_or_rate(text: str, *, factor: Decimal, decimal_comma: bool) -> Decimal | Rate:
    """Return an amount of money, or a Rate if the text says that it is for a unit of area."""
    flat = " ".join(text.split())
    found = PRICE.fullmatch(flat)
    per_area = found and UNIT_PRICE.fullmatch(found["rest"])
    if not found or not (per_area or AFTER_PRICE.fullmatch(found["rest"])):
        raise ValueRefused(f"{quote(flat)} is not a number", "is not a number")
    amount = number(found["number"], decimal_comma=decimal_comma)
    scale = (found["scale"] or "").lower()
    if scale and factor != 1:
        raise ValueRefused(f"{quote(flat)} has a unit of its own beside the factor", "has a unit of its own")
    if scale:
        amount *= next(times for word, times in SCALES.items() if scale.startswith(word))
    if per_area:
        unit = _unit_key(per_area["unit"])
        if unit not in AREA_UNITS:
            raise ValueRefused(f"{quote(flat)} is a price for no known unit of area", "is for no known unit")
        return Rate(amount * factor / AREA_UNITS[unit], flat)
    return _to_cents(amount * factor, rounded=bool(scale) or factor != 1)


def area(text: str, *, factor: Decimal = Decimal(1), decimal_comma: bool = False) -> Decimal:
    """Return an area in square feet, with two decimals."""
    flat = " ".join(text.split())
    found = AREA.fullmatch(flat)
    unit = _unit_key(found["unit"] or "") if found else ""
    if not found or (unit and unit not in AREA_UNITS):
        raise ValueRefused(f"{quote(flat)} is not an area in a known unit", "is not an area in a known unit")
    if unit and factor != 1:
        raise ValueRefused(f"{quote(flat)} has a unit of its own beside the factor", "has a unit of its own")
    amount = number(found["number"], decimal_comma=decimal_comma)
    return _to_cents(amount * AREA_UNITS.get(unit, factor), rounded=True)


def count(text: str, *, factor: Decimal = Decimal(1), decimal_comma: bool = False) -> int:
    """Return a whole number: 2, 2.0 or 2 BHK."""
    flat = " ".join(text.split())
    found = COUNT.fullmatch(flat)
    if not found:
        raise ValueRefused(f"{quote(flat)} is not a number", "is not a number")
    amount = number(found["number"], decimal_comma=decimal_comma) * factor
    if amount != amount.to_integral_value() or amount.adjusted() > 18:
        raise ValueRefused(f"{quote(flat)} is not a whole number", "is not a whole number")
    return int(amount)


def degrees(text: str) -> float:
    if not DEGREES.fullmatch(text):
        raise ValueRefused(f"{quote(text)} is not a number", "is not a number")
    return float(text.replace(",", "."))


def truth(text: str) -> bool:
    if text.casefold() not in BOOLEANS:
        raise ValueRefused(f"{quote(text)} is neither true nor false", "is neither true nor false")
    return BOOLEANS[text.casefold()]


def choice(field: str, text: str) -> str:
    """Return the choice whose name or label this is, without case, blanks, `_` and `-`."""
    if field == "status" and name_key(text) == Property.Status.WITHDRAWN:
        raise ValueRefused("a withdrawn listing can't be imported", "is withdrawn")
    by_key = _choices_by_key(field)
    found = by_key.get(name_key(text)) or (_choice_within(text, by_key) if field in NAMED_IN_TITLES else "")
    if not found:
        known = ", ".join(value for value, _label in CHOICES[field] if value != Property.Status.WITHDRAWN)
        raise ValueRefused(f"{quote(text)} is none of: {known}", "is no known choice")
    return found


@cache
def _choices_by_key(field: str) -> dict[str, str]:
    by_key = dict(SYNONYMS[field])
    return by_key | {name_key(name): value for value, label in CHOICES[field] for name in (str(label), value)}


def _choice_within(text: str, by_key: dict[str, str]) -> str:
    """Return the choice that a sentence names, such as "2 BHK Flats for Sale"; "" if none, or several."""
    words = [word.removesuffix("s") for word in re.findall(r"[^\W_]+", text.casefold())]
    found, start = set(), 0
    while start < len(words):
        # The longest name counts: a builder floor is no floor.
        phrases = {length: "".join(words[start : start + length]) for length in (3, 2, 1)}
        length = next((n for n, phrase in phrases.items() if phrase in by_key and phrase not in VAGUE), 0)
        if length:
            found.add(by_key[phrases[length]])
        start += length or 1
    return found.pop() if len(found) == 1 else ""


def titles(text: str) -> list[str]:
    """Return the titles of a list: a JSON list, or divided by | or, without one, by commas."""
    return _parse_list(text, lambda plain: plain.split("|" if "|" in plain else ","))


def links(text: str) -> list[str]:
    """Return the entries of a list of URLs. A comma is taken for the end of one only if another follows."""
    return _parse_list(text, lambda plain: re.split(r"\||[,;\s]+(?=https?://)", plain))


def features(text: str) -> list[str]:
    """Return the entries of a list: texts such as Sea view, and attributes such as floor=4 of 7."""
    return _parse_list(text, lambda plain: plain.split("|"))


def parse(field: str, text: str, *, factor: Decimal, decimal_comma: bool) -> Value:
    """Return the value that a cell has for a field.

    For a field of text it is the text. Scraped cells break lines where pages did, so that only a description
    keeps them.
    """
    if field in AMOUNTS and len(text) > MAX_NUMBER:
        raise ValueRefused(f"{quote(text)} is not a number", "is not a number")
    if field in AMOUNTS:
        return AMOUNTS[field](text, factor=factor, decimal_comma=decimal_comma)
    if field in CHOICES:
        return choice(field, text)
    if field in OTHERS:
        return OTHERS[field](text)
    return clean(text) if field == "description" else clean_words(text)


AMOUNTS: dict[str, Callable[..., Decimal | int | Rate]] = {
    "base_price": price_or_rate,
    "monthly_rent": price,
    "area_sqft": area,
    "bedrooms": count,
    "bathrooms": count,
}
OTHERS: dict[str, Callable[[str], Value]] = {
    "latitude": degrees,
    "longitude": degrees,
    "is_available": truth,
    "exclusive_tours": truth,
    "amenities": titles,
    "image_urls": links,
    "features": features,
}


def _unit_key(unit: str) -> str:
    """Return a unit of area without case, blanks and dots: Sq. Yards is sqyards."""
    return re.sub(r"[\s.]", "", unit).casefold().replace("²", "2")


def _to_cents(amount: Decimal, *, rounded: bool) -> Decimal:
    """Return the amount with two decimals if it is converted, or else if only a float's noise is lost."""
    if not amount.is_finite() or amount.adjusted() > 20:
        return amount  # too large for its field, which says so
    short = amount.quantize(CENT, ROUND_HALF_EVEN)
    is_noise = short != amount and abs(short - amount) < Decimal("0.000001")
    return short if rounded or is_noise else amount


def _parse_list(text: str, split: Callable[[str], list[str]]) -> list[str]:
    if not text.startswith("["):
        return [part.strip() for part in split(text) if part.strip()]
    entries = _parse_literal(text)
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueRefused(f"{quote(text)} is not a list of texts", "is not a list of texts")
    return [entry.strip() for entry in entries if entry.strip()]


def _parse_literal(text: str) -> object:
    """Return a list written as JSON, or of texts as Python writes it; None when it is neither."""
    if PYTHON_LIST.fullmatch(text):
        return [single or double for single, double in PYTHON_TEXT.findall(text)]
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        return None
    # JSON can spell characters that no database stores.
    texts = "".join(each for each in entries if isinstance(each, str))
    return None if re.search("[\0\ud800-\udfff]", texts) else entries
