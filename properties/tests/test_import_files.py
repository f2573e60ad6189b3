"""Ten kinds of files that people publish, rewritten with invented values, and the options that open each."""

from decimal import Decimal
from pathlib import Path

import pytest

from properties.models import Property

pytestmark = pytest.mark.django_db

FILES = Path(__file__).with_name("files")
FIELDS = [
    "title",
    "property_type",
    "purpose",
    "city",
    "locality",
    "base_price",
    "area_sqft",
    "bedrooms",
    "bathrooms",
    "furnishing",
]
RENT = ("apartment", "rent")
KINDS = [
    (
        "house_rent_other_dates.csv",
        [],
        [
            ("2 BHK in Palm Grove", *RENT, "Chennai", "Palm Grove", 14500, 940, 2, 2, "semi_furnished"),
            (
                *(
                    "1 BHK in Mill Lane, near the old depot",
                    *RENT,
                    "Kolkata",
                    "Mill Lane, near the old depot",
                ),
                *(7200, 410, 1, 1, "unfurnished"),
            ),
        ],
        [],
    ),
    (
        "house_rent_padded.csv",
        [],
        [
            (
                *("2 BHK in Lotus Garden, Canal Road", *RENT, "Kolkata", "Lotus Garden, Canal Road"),
                *(12500, 880, 2, 2, "unfurnished"),
            ),
            ("3 BHK in Hill View", *RENT, "Mumbai", "Hill View", 31000, 1350, 3, 3, "furnished"),
        ],
        [],
    ),
    (
        "house_rent_joined_names.csv",
        [],
        [
            ("2 BHK in Lake Side", *RENT, "Hyderabad", "Lake Side", 9800, 760, 2, 2, "semi_furnished"),
            ("1 BHK in Fort Road", *RENT, "Delhi", "Fort Road", 6100, 380, 1, 1, "unfurnished"),
        ],
        [],
    ),
    (
        "house_rent_underscores.csv",
        [],
        [
            ("3 BHK in Rose Avenue", *RENT, "Bangalore", "Rose Avenue", 27500, 1480, 3, 3, "furnished"),
            ("2 BHK in Temple View", *RENT, "Chennai", "Temple View", 16250, None, 2, 2, "semi_furnished"),
        ],
        ["warning: Ignored columns: 1 without a name."],
    ),
    (
        "portal_scrape.csv",
        ["--map=price=base_price", "--map=title=purpose", "--map=title=title", "--set=city=Gurgaon"]
        + ["--map=area=area_sqft"],
        [
            (
                *(
                    "3 BHK Apartment for Sale in Sector 12 Gurgaon",
                    "apartment",
                    "buy",
                    "Gurgaon",
                    "Sector 12",
                ),
                *(23_500_000, 1645, 3, 3, "semi_furnished"),
            ),
            (
                *("1 BHK Builder Floor for Sale in Palm Colony Gurgaon", "builder_floor", "buy", "Gurgaon"),
                *("Palm Colony", 4_850_000, 500, 1, None, ""),
            ),
            (
                *("Plot/Land for Sale in Lake City Gurgaon", "plot", "buy", "Gurgaon", ""),
                *(60_000_000, 2000, None, None, ""),
            ),
        ],
        [
            "warning: Ignored columns: price_per_sqft, carpet_area, floor, property_url, property_id.",
        ],
    ),
    (
        "crm_export.csv",  # with crm_export.toml beside it
        [],
        [
            (
                *("3 BHK Flat for Sale in Mill Road, Nashik", "apartment", "buy", "Nashik", "Mill Road"),
                *(8_450_000, 1340, None, None, ""),
            ),
            (
                *("Row House for Rent in Canal View, Nashik", "house", "rent", "Nashik", "Canal View"),
                *(32_500, 1350, None, None, ""),
            ),
            (
                *("Showroom for Sale in Fort, Nashik", "shop", "buy", "Nashik", "Fort"),
                *(21_900_000, 3000, None, None, ""),
            ),
        ],
        ["warning: Ignored columns: _id, slug, constructionStatus, isFeatured, agentName, createdAt."],
    ),
    (
        "agency_lakhs.csv",
        ["--map=price_lakhs*100000=base_price", "--set=purpose=buy", "--map=age_years=attributes.age_years"],
        [
            (
                *("Two rooms with a view", "apartment", "buy", "Tirupati", "Hill Side"),
                *(4_500_000, 950, 2, 2, "semi_furnished"),
            ),
            (
                "Plot by the river",
                "plot",
                "buy",
                "Tirupati",
                "River Road",
                4_175_000,
                2250,
                0,
                0,
                "unfurnished",
            ),
        ],
        ["warning: Ignored columns: property_id, location."],
    ),
    (
        "agency_plots.csv",
        ["--map=property_category=property_type", "--set=purpose=buy", "--set=city=Visakhapatnam"]
        + ["--set=base_price={price_value} {price_unit}", "--set=area_sqft={size_value} {size_unit}"],
        [
            (
                *("New 2BHK flats near the university", "apartment", "buy", "Visakhapatnam", "North Town"),
                *(7_150_000, 1100, None, None, ""),
            ),
            (
                *("Approved plot near the beach", "plot", "buy", "Visakhapatnam", "Beach Road"),
                *(5_040_000, 2160, None, None, ""),
            ),
            (
                *("Land for villas", "plot", "buy", "Visakhapatnam", "East End"),
                *(11_250_000, 10_890, None, None, ""),
            ),
        ],
        [
            "line 5: base_price: it is empty",
            "warning: Ignored columns: property_id, facing, price_notes, is_active.",
        ],
    ),
    (
        "lagos_portal.csv",
        ["--map=name=title", "--map=price=base_price", "--map=location=locality", "--map=name=purpose"]
        + ["--map=Property Size=area_sqft", "--map=Attribute_1=property_type", "--set=city=Lagos"]
        + ["--map=Attribute_2=bedrooms", "--map=Attribute_3=bathrooms", "--set=country=Nigeria"]
        + ["--set=timezone=Africa/Lagos"],
        [
            (
                *("2bdrm Apartment in Palm Estate for rent", *RENT, "Lagos", "Lekki, Palm"),
                *(2_300_000, Decimal("5381.96"), 2, 2, "semi_furnished"),
            ),
            (
                *("3bdrm Block of Flats in Creek Road for rent", *RENT, "Lagos", "Ibeju"),
                *(1_200_000, Decimal("861.11"), 3, 3, "unfurnished"),
            ),
        ],
        ["warning: Ignored columns: link, Property Address, Condition, Toilets, Pets."],
    ),
    (
        "us_agency.csv",
        ["--map=Price=base_price", "--map=Beds=bedrooms", "--map=Baths=bathrooms", "--map=SqFt=area_sqft"]
        + ["--map=Type=property_type", "--map=Address=full_address", "--map=Zip=pincode"]
        + ["--set=title={Beds} beds at {Address}", "--set=purpose=buy", "--set=country=United States"],
        [
            ("4 beds at 12 Elm Street", "house", "buy", "Springfield", "", 703_369, 2027, 4, 2, ""),
            ("3 beds at 8 Oak Court, Unit 3", "condo", "buy", "Springfield", "", 1_250_000, 1480, 3, 3, ""),
        ],
        [
            "line 4: Price: “Call for price” is not a number",
            "warning: Ignored columns: Year Built.",
        ],
    ),
]


@pytest.mark.parametrize(("name", "options", "listings", "messages"), KINDS, ids=[kind[0] for kind in KINDS])
def test_a_public_file_is_imported(load_file, name, options, listings, messages):
    refused = sum(message.startswith("line") for message in messages)
    counts = f"{len(listings)} imported, 0 already there, 0 repeated in the file, {refused} rejected."
    assert load_file(FILES / name, *options) == ([counts], messages)
    assert [*Property.objects.order_by("id").values_list(*FIELDS)] == listings
    assert load_file(FILES / name, *options)[0] == [
        counts.replace(f"{len(listings)} imported, 0", f"0 imported, {len(listings)}")
    ]


def test_lists_and_statuses_of_the_crm_export_are_understood(load_file):
    load_file(FILES / "crm_export.csv")
    first, second, third = Property.objects.order_by("id")
    assert [listing.status for listing in (first, second, third)] == ["available", "maintenance", "sold"]
    assert first.description == "Two lines,\nwith a comma"
    assert [amenity.title for amenity in first.amenities.all()] == ["Gym", "Power Backup"]
    assert [*first.images.values_list("image_url", "is_main_image")] == [
        ("https://img.example/1.jpg", True),
        ("https://img.example/2.jpg", False),
    ]
    assert not second.images.exists()


def test_commas_divide_amenities_and_a_column_can_be_kept_as_an_attribute(load_file):
    load_file(FILES / "agency_lakhs.csv", *KINDS[6][1])
    listing = Property.objects.get(title="Two rooms with a view")
    assert [amenity.title for amenity in listing.amenities.all()] == ["Elevator", "Parking", "Play Area"]
    assert listing.attributes == {"age_years": "0"}
    assert listing.images.get().image_url == "https://img.example/a?auto=format&sig=1"
