"""Names of columns: those of the two known formats, and those that people use for the same things."""

REQUIRED = ("title", "property_type", "purpose", "city", "base_price")
OPTIONAL = (
    *("monthly_rent", "status", "is_available", "exclusive_tours", "description", "locality"),
    *("sub_locality", "landmark", "full_address", "pincode", "state", "country", "latitude"),
    *("longitude", "timezone", "area_sqft", "bedrooms", "bathrooms", "furnishing", "features"),
    *("amenities", "image_urls"),
)
FIELDS = REQUIRED + OPTIONAL
# `attributes.floor` is the field of one attribute.
ATTRIBUTE_PREFIX = "attributes."
# A file of refused rows begins with these. They do not make its rows other rows.
REFUSAL_COLUMNS = ("refused_line", "refused_reason")
# The public "House Rent" data set: the field of each of its columns.
HOUSE_RENT = {
    "Posted On": "attributes.posted_on",
    "BHK": "bedrooms",
    "Rent": "base_price",
    "Size": "area_sqft",
    "Floor": "attributes.floor",
    "Area Type": "attributes.area_type",
    "Area Locality": "locality",
    "City": "city",
    "Furnishing Status": "furnishing",
    "Tenant Preferred": "attributes.tenant_preferred",
    "Bathroom": "bathrooms",
    "Point of Contact": "attributes.point_of_contact",
}
# A header with these is one of House Rent, whatever else is missing.
HOUSE_RENT_MARKS = ("BHK", "Rent")
HOUSE_RENT_CONSTANTS = {"property_type": "apartment", "purpose": "rent"}
# What a column could be by its name. The values decide between two fields.
ALIASES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("name", "heading", "headline", "propertyname", "propertytitle", "project"), ("title",)),
    **dict.fromkeys(("type", "propertykind", "propertycategory", "housetype"), ("property_type", "purpose")),
    **dict.fromkeys(
        ("category", "listingtype", "transaction", "transactiontype"), ("purpose", "property_type")
    ),
    **dict.fromkeys(("for", "saleorrent", "offer", "intent"), ("purpose",)),
    **dict.fromkeys(("town", "cityname"), ("city",)),
    **dict.fromkeys(
        ("price", "amount", "cost", "askingprice", "saleprice", "totalprice", "pricelakhs", "priceinlakhs")
        + ("pricelakh", "pricelacs", "pricecr", "pricecrores", "priceincr", "priceincrores", "rent"),
        ("base_price",),
    ),
    **dict.fromkeys(("rentpermonth", "rentmonthly"), ("monthly_rent",)),
    **dict.fromkeys(
        ("bhk", "bed", "beds", "bedroom", "bedroomcount", "noofbedrooms", "rooms"), ("bedrooms",)
    ),
    **dict.fromkeys(
        ("bath", "baths", "bathroom", "bathroomcount", "noofbathrooms", "toilets"), ("bathrooms",)
    ),
    **dict.fromkeys(
        ("size", "area", "sqft", "squarefeet", "sizesqft", "areainsqft", "builtuparea", "carpetarea")
        + ("superarea", "totalarea", "plotarea", "livingarea", "propertysize"),
        ("area_sqft",),
    ),
    **dict.fromkeys(
        ("location", "arealocality", "neighbourhood", "neighborhood", "suburb", "society"), ("locality",)
    ),
    **dict.fromkeys(("address", "street", "streetaddress", "propertyaddress"), ("full_address",)),
    **dict.fromkeys(("zip", "zipcode", "pin", "postcode", "postalcode"), ("pincode",)),
    **dict.fromkeys(("lat",), ("latitude",)),
    **dict.fromkeys(("lng", "lon", "long"), ("longitude",)),
    **dict.fromkeys(("furnished", "furnish", "furnishingstatus", "furnishedstatus"), ("furnishing",)),
    **dict.fromkeys(("images", "image", "imageurl", "photos", "photo", "pictures"), ("image_urls",)),
    **dict.fromkeys(("facilities", "amenity"), ("amenities",)),
    **dict.fromkeys(("details", "about", "desc", "summary"), ("description",)),
}
# Factors of prices that the name of the column tells.
NAMED_FACTORS = {"lakh": 100_000, "lac": 100_000, "cr": 10_000_000}


def name_key(name: str) -> str:
    """Return a name without case, blanks and signs: "Area_Type", "area type" and "AreaType" are one name."""
    return "".join(character for character in name.casefold() if character.isalnum())


FIELD_KEYS = {name_key(name): name for name in FIELDS}
HOUSE_RENT_KEYS = {name_key(name): name for name in HOUSE_RENT}
KNOWN_KEYS = FIELD_KEYS.keys() | HOUSE_RENT_KEYS.keys() | ALIASES.keys()


def is_known_name(cell: str) -> bool:
    return name_key(cell) in KNOWN_KEYS


def is_unnamed(cell: str) -> bool:
    """Return whether a cell of the header is no name. pandas writes "Unnamed: 0" for its index."""
    key = name_key(cell)
    return not key or key.removeprefix("unnamed").isdecimal() and key.startswith("unnamed")


def is_field(name: str) -> bool:
    """Return whether a column can become this: a field, or an attribute such as attributes.floor."""
    return name in FIELDS or (name.startswith(ATTRIBUTE_PREFIX) and len(name) > len(ATTRIBUTE_PREFIX))


def factor_in_name(column: str) -> int:
    """Return the factor that a column's name tells: 100,000 for "price_lakhs", 1 for "price"."""
    rest = name_key(column).removeprefix("price").removeprefix("in")
    return next((factor for unit, factor in NAMED_FACTORS.items() if rest.startswith(unit)), 1)
