"""What is understood in cells."""

from decimal import Decimal

import pytest

from properties.importing.errors import ValueRefused
from properties.importing.values import parse
from properties.models import Property

LAKH, CRORE = 100_000, 10_000_000
UNDERSTOOD = [
    ("base_price", "25000", 25_000),
    ("base_price", "1,25,000", 125_000),
    ("base_price", "12,50,000.50", Decimal("1250000.50")),
    ("base_price", "1,250,000", 1_250_000),
    ("base_price", "1 250 000", 1_250_000),
    ("base_price", "1'250'000", 1_250_000),
    ("base_price", "₹25000", 25_000),
    ("base_price", "₹ 18,500/-", 18_500),
    ("base_price", "Rs. 18,500", 18_500),
    ("base_price", "INR 18500 per month", 18_500),
    ("base_price", "$1,450 /mo", 1_450),
    ("base_price", "1450 €", 1_450),
    ("base_price", "3.4E+05", 340_000),
    ("base_price", "45 Lakhs", 45 * LAKH),
    ("base_price", "62.75 lac", 6_275_000),
    ("base_price", "₹1.2Cr", 12_000_000),
    ("base_price", "2 Crore", 2 * CRORE),
    ("base_price", "85K", 85_000),
    ("base_price", "1.5 million", 1_500_000),
    ("base_price", "₹3.05 Cr₹18,300 per sqft", 30_500_000),
    ("base_price", "₹77 Lac ₹6,100 per sqft", 7_700_000),
    ("base_price", "18500.000000000004", 18_500),
    ("base_price", "-5", -5),
    ("monthly_rent", "22,000", 22_000),
    ("bedrooms", "2.0", 2),
    ("bedrooms", "3 BHK", 3),
    ("bedrooms", "2 bedrooms", 2),
    ("bathrooms", "1", 1),
    ("area_sqft", "1,480 sqft", 1_480),
    ("area_sqft", "1480 Sq. Ft.", 1_480),
    ("area_sqft", "120 Sq Yards", 1_080),
    ("area_sqft", "75 sq.m", Decimal("807.29")),
    ("area_sqft", "500\n     \n  sqm", Decimal("5381.96")),
    ("area_sqft", "10 cents", 4_356),
    ("area_sqft", "0.5 acre", 21_780),
    ("area_sqft", "1076.3910416709722", Decimal("1076.39")),
    ("latitude", "19.0760", 19.076),
    ("property_type", "Builder-Floor", "builder_floor"),
    ("property_type", "Flat", "apartment"),
    ("property_type", "Independent House", "house"),
    ("property_type", "3 BHK Flats for Sale in Mill Road", "apartment"),
    ("property_type", "2 BHK Builder Floor for Rent", "builder_floor"),
    ("purpose", "Sale", "buy"),
    ("purpose", "Short Stay", "short_stay"),
    ("purpose", "House for Rent in Fort", "rent"),
    ("status", "Available", "available"),
    ("status", "UNDER OFFER", "under_offer"),
    ("furnishing", "Semi-Furnished", "semi_furnished"),
    ("furnishing", "Fully Furnished", "furnished"),
    ("is_available", "Y", True),
    ("exclusive_tours", "0.0", False),
    ("amenities", "Lift|Gym, 24 hours", ["Lift", "Gym, 24 hours"]),
    ("amenities", "Parking, Gym ,", ["Parking", "Gym"]),
    ("amenities", '["Lift", "Play Area"]', ["Lift", "Play Area"]),
    ("amenities", "['Lift', 'Play Area']", ["Lift", "Play Area"]),
    ("amenities", "[]", []),
    ("amenities", "['Owner\"s gym', \"Boys' room\"]", ['Owner"s gym', "Boys' room"]),
    ("amenities", '["Caf\\u00e9", "a\\"b"]', ["Café", 'a"b']),
    ("image_urls", "https://a.example/1.jpg, https://a.example/2,3.jpg", ["https://a.example/1.jpg", "https://a.example/2,3.jpg"]),
    ("image_urls", "https://a.example/1.jpg Hall|/b.svg", ["https://a.example/1.jpg Hall", "/b.svg"]),
    ("features", "Sea view | floor=4 of 7|", ["Sea view", "floor=4 of 7"]),
    ("title", "Sea view", "Sea view"),
]  # fmt: skip
WITH_DECIMAL_COMMA = [
    ("base_price", "1.250,50", Decimal("1250.50")),
    ("base_price", "12,5", Decimal("12.5")),
    ("base_price", "1.250.000", 1_250_000),
    ("base_price", "1,25,000", 125_000),
    ("base_price", "1250.5", Decimal("1250.5")),
    ("latitude", "19,076", 19.076),
    ("latitude", "19.076", 19.076),
]
REFUSED = [
    ("base_price", "₹₹25000", "is not a number"),
    ("base_price", "1,25", "is not a number"),
    ("base_price", "1,2,5000", "is not a number"),
    ("base_price", "45 - 60 Lakhs", "is not a number"),
    ("base_price", "Price on request", "is not a number"),
    ("base_price", "Infinity", "is not a number"),
    ("base_price", "5 GB", "is not a number"),
    ("base_price", "1e999", "is not a number"),
    ("base_price", "१००", "is not a number"),
    ("base_price", "4 lakhs per bigha", "is not a number"),
    ("base_price", "9 lakhs per acre of hill", "is for no known unit"),
    ("monthly_rent", "55 per sqft", "is a price per area"),
    ("area_sqft", "3 bigha", "is not an area in a known unit"),
    ("area_sqft", "1200-1500", "is not an area in a known unit"),
    ("bedrooms", "2.5", "is not a whole number"),
    ("bedrooms", "two", "is not a number"),
    ("latitude", "19° N", "is not a number"),
    ("property_type", "castle", "is no known choice"),
    ("property_type", "House or villa", "is no known choice"),
    ("status", "Withdrawn", "is withdrawn"),
    ("is_available", "perhaps", "is neither true nor false"),
    ("amenities", '["Lift", 4]', "is not a list of texts"),
    ("amenities", '["\\ud800"]', "is not a list of texts"),
    ("amenities", '["a\\u0000"]', "is not a list of texts"),
    ("amenities", "[" * 9_000, "is not a list of texts"),
    ("amenities", "['a', 3]", "is not a list of texts"),
    ("amenities", "[" + "1" * 9_000 + "]", "is not a list of texts"),
    ("base_price", "1e" * 9_000 + "!", "is not a number"),
    ("area_sqft", "1e" * 9_000 + "!", "is not a number"),
    ("amenities", "[Lift", "is not a list of texts"),
]


def read(field, text, *, decimal_comma=False):
    return parse(field, text, factor=Decimal(1), decimal_comma=decimal_comma)


@pytest.mark.parametrize(("field", "text", "value"), UNDERSTOOD)
def test_a_text_is_understood(field, text, value):
    assert read(field, text) == value


@pytest.mark.parametrize(("field", "text", "value"), WITH_DECIMAL_COMMA)
def test_a_number_of_a_file_with_semicolons_is_understood(field, text, value):
    assert read(field, text, decimal_comma=True) == value


@pytest.mark.parametrize(("field", "text", "kind"), REFUSED)
def test_a_text_is_refused_with_its_kind_of_reason(field, text, kind):
    with pytest.raises(ValueRefused) as caught:
        read(field, text)
    assert caught.value.kind == kind


def test_a_number_that_two_countries_read_differently_is_refused():
    with pytest.raises(ValueRefused, match=r"“1\.250” could be 1250 or 1\.250"):
        read("base_price", "1.250", decimal_comma=True)


@pytest.mark.django_db
@pytest.mark.parametrize("word", ["NaN", "N/A", "-", "null", "None", "#N/A", "nil", "—"])
def test_words_for_nothing_are_empty_cells(load, word):
    load(
        "title,property_type,purpose,city,base_price,bedrooms,furnishing,locality,amenities\n"
        f"Home,house,buy,Nan,5,{word},{word},{word},{word}\n"
    )
    listing = Property.objects.get()
    assert (listing.bedrooms, listing.furnishing, listing.locality, listing.city) == (None, "", "", "Nan")
    assert not listing.amenities.exists()
