"""Mappings by options and TOML files, dry runs, and the options that are proposed."""

import re
import shlex
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.management import CommandError

from properties.models import Amenity, Property

pytestmark = pytest.mark.django_db

SHEET = """\
name,category,type,town,price in lakhs,beds,note
Sea house,Sale,Villa,Goa,145.5,3.0,quiet
Small flat,Rent,Flat,Goa,0.25,1,
Castle,Sale,Castle,Goa,cheap,,
"""
OPTIONS = [
    "--map=name=title",
    "--map=category=purpose",
    "--map=type=property_type",
    "--map=town=city",
    "--map=price in lakhs*100000=base_price",
    "--map=beds=bedrooms",
]
TOML = """\
map = ["name=title", "category=purpose", "type=property_type", "price in lakhs*100000=base_price"]
keep_others = true

[set]
city = "Panaji"

[values.property_type]
Castle = "house"
"""
CASTLE = (
    "line 4: property_type: “Castle” is none of: "
    f"{', '.join(Property.Type.values)}; base_price: “cheap” is not a number"
)


def rows(*fields):
    return [*Property.objects.order_by("id").values_list(*fields)]


def counted(imported=0, present=0, rejected=0):
    return f"{imported} imported, {present} already there, 0 repeated in the file, {rejected} rejected."


def test_columns_become_the_fields_that_the_options_name(load):
    out, err = load(SHEET, *OPTIONS)
    assert out == [counted(imported=2, rejected=1)]
    assert err == [
        CASTLE.replace("property_type", "type", 1).replace("base_price", "price in lakhs"),
        "warning: Ignored columns: note.",
    ]
    assert rows("title", "purpose", "property_type", "city", "base_price", "bedrooms") == [
        ("Sea house", "buy", "villa", "Goa", 14_550_000, 3),
        ("Small flat", "rent", "apartment", "Goa", 25_000, 1),
    ]


def test_a_toml_file_beside_the_file_is_its_mapping(load, tmp_path):
    (tmp_path / "listings.toml").write_text(TOML)
    assert load(SHEET)[0] == [counted(imported=2, rejected=1)]
    assert rows("title", "city", "attributes") == [
        ("Sea house", "Panaji", {"town": "Goa", "beds": "3.0", "note": "quiet"}),
        ("Small flat", "Panaji", {"town": "Goa", "beds": "1"}),
    ]


def test_options_count_more_than_the_toml_file(load, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(TOML)
    load(SHEET, f"--mapping={other}", "--set=city=Margao", "--set=base_price=5")
    assert rows("title", "city", "base_price", "property_type") == [
        ("Sea house", "Margao", 5, "villa"),
        ("Small flat", "Margao", 5, "apartment"),
        ("Castle", "Margao", 5, "house"),
    ]


def test_a_corrected_mapping_imports_no_row_twice(load):
    load(SHEET, *OPTIONS)
    assert load(SHEET, *OPTIONS, "--map=note=description")[0] == [counted(present=2, rejected=1)]


def test_a_dry_run_shows_each_column_and_the_reasons_and_changes_nothing(load):
    load(SHEET.replace("Small flat", "Old house"), *OPTIONS)
    before = rows("pk", "updated_at")
    out, err = load(SHEET, *OPTIONS, "--dry-run")
    assert out == [
        "name -> title: 3 filled, 0 empty, 0 refused",
        "    Sea house",
        "    Small flat",
        "    Castle",
        "category -> purpose: 3 filled, 0 empty, 0 refused",
        "    Sale -> buy",
        "    Rent -> rent",
        "type -> property_type: 2 filled, 0 empty, 1 refused",
        "    Villa -> villa",
        "    Flat -> apartment",
        "    Castle -> refused",
        "town -> city: 3 filled, 0 empty, 0 refused",
        "    Goa",
        "price in lakhs * 100000 -> base_price: 2 filled, 0 empty, 1 refused",
        "    145.5 -> 14550000.00",
        "    0.25 -> 25000.00",
        "    cheap -> refused",
        "beds -> bedrooms: 2 filled, 1 empty, 0 refused",
        "    3.0 -> 3",
        "    1",
        "Reasons for refusing rows:",
        f"1 row: type: “Castle” is none of: {', '.join(Property.Type.values)} (line 4)",
        "1 row: price in lakhs: “cheap” is not a number (line 4)",
        "This is a dry run: nothing was imported. It would be:",
        counted(imported=1, present=1, rejected=1),
    ]
    assert err == ["warning: Ignored columns: note."]
    assert rows("pk", "updated_at") == before
    assert not Amenity.objects.exists()


def test_a_dry_run_proposes_fields_for_columns_that_are_ignored(load):
    out, _err = load(SHEET, *OPTIONS[:-1], "--dry-run")
    assert "Other columns could become fields: --map beds=bedrooms" in out


def test_missing_columns_are_told_with_options_that_supply_them(load):
    with pytest.raises(CommandError) as caught:
        load(SHEET.replace("town", "district"))
    message = str(caught.value)
    assert "No column becomes title, property_type, purpose, city, base_price" in message
    proposed = (
        "--map name=title --map category=purpose --map type=property_type "
        "--map 'price in lakhs*100000=base_price' --map beds=bedrooms --set city=CITY"
    )
    assert f"  {proposed}\n" in message
    # The proposal can be pasted.
    options = [*OPTIONS[:3], "--map=price in lakhs*100000=base_price", "--map=beds=bedrooms"]
    load(SHEET.replace("town", "district"), *options, "--set=city=Goa")
    assert rows("title") == [("Sea house",), ("Small flat",)]


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        (
            "portal_scrape",
            "--map price=base_price --map area=area_sqft --map title=purpose --set city=CITY",
        ),
        (
            "lagos_portal",
            "--map name=title --map price=base_price --map location=locality "
            "--map 'Property Address=full_address' --map 'Property Size=area_sqft' --map Toilets=bathrooms "
            "--map name=property_type --map name=purpose --set city=CITY",
        ),
        (
            "us_agency",
            "--map Address=full_address --map Zip=pincode --map Price=base_price --map Beds=bedrooms "
            "--map Baths=bathrooms --map SqFt=area_sqft --map Type=property_type --set title=TITLE "
            "--set purpose=PURPOSE",
        ),
        ("agency_lakhs", "--map 'price_lakhs*100000=base_price' --set purpose=PURPOSE"),
    ],
)
def test_what_is_proposed_for_public_files(load_file, name, proposed):
    with pytest.raises(CommandError) as caught:
        load_file(settings.BASE_DIR / f"properties/tests/files/{name}.csv")
    assert f"  {proposed}\n" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--map=colour=title"], "There is no column “colour”. The file has: “name”, “category”"),
        (["--map=name=titel"], "“titel” is not a field. Do you mean title?"),
        (["--map=name"], "“name” is not like COLUMN=FIELD or COLUMN*FACTOR=FIELD."),
        (["--map=name*2=title"], "title takes no factor, as it is no number"),
        (["--map=beds/0=bedrooms"], "the factor can't be zero"),
        (["--map=name=title", "--map=note=title"], "Two columns are mapped to title."),
        (["--set=city"], "“city” is not like FIELD=TEXT."),
        (["--set=title={nom}"], "There is no column “nom”."),
        (["--mapping=/nowhere.toml"], "/nowhere.toml can't be read"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_with_what_is_wrong(load, options, message):
    with pytest.raises(CommandError) as caught:
        load(SHEET, *options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("map = [", "is not TOML"),
        ("maps = []", "has unknown names: maps."),
        ("map = [3]", "map is a list of texts, and keep_others is true or false"),
        ("set = 3", "set and values are tables"),
        ("[values]\ncity = 3", "values.city is a table of texts"),
        ('[values.colour]\nred = "x"', "“colour” is not a field."),
    ],
)
def test_a_toml_file_that_makes_no_sense_is_refused_with_what_is_wrong(load, tmp_path, toml, message):
    (tmp_path / "listings.toml").write_text(toml)
    with pytest.raises(CommandError, match="listings.toml|colour") as caught:
        load(SHEET)
    assert message in str(caught.value)


def test_a_factor_and_a_unit_are_not_multiplied(load):
    header = "title,property_type,purpose,city,price\nHome,house,buy,Goa,45 lakhs\nHut,house,buy,Goa,4\n"
    assert load(header, "--map=price*100000=base_price")[1] == [
        "line 2: price: “45 lakhs” has a unit of its own beside the factor"
    ]
    assert rows("base_price") == [(400_000,)]


def test_a_price_per_area_is_multiplied_by_the_area(load):
    content = (
        "title,property_type,purpose,city,base_price,area_sqft\n"
        "A,plot,buy,Goa,2 lakh per cent,4 cents\nB,plot,buy,Goa,500/sqft,\n"
    )
    assert load(content)[1] == ["line 3: base_price: “500/sqft” is a price per area, and the row has no area"]
    assert rows("base_price", "area_sqft") == [(800_000, Decimal("1742.40"))]


def test_the_examples_of_the_documentation_are_imported(load, load_file, tmp_path):
    text = (settings.BASE_DIR / "docs/listings.md").read_text()
    own, sheet = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    (toml,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (command,) = re.findall(r"```sh\npython manage.py import_listings sheet.csv (.*?)```", text, re.DOTALL)
    assert load(own) == ([counted(imported=1)], [])
    (tmp_path / "sheet.csv").write_text(sheet)
    options = shlex.split(command.replace("\\\n", " "))
    assert load_file(tmp_path / "sheet.csv", *options) == (
        [counted(imported=2)],
        ["warning: Ignored columns: note."],
    )
    (tmp_path / "sheet.toml").write_text(toml)
    assert load_file(tmp_path / "sheet.csv") == ([counted(present=2)], [])
