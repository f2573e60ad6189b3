import io
import sys
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from properties import services
from properties.models import Property
from properties.tests.factories import AmenityFactory, PropertyFactory

pytestmark = pytest.mark.django_db

HOUSE_RENT = """\
Posted On,BHK,Rent,Size,Floor,Area Type,Area Locality,City,Furnishing Status,Tenant Preferred,Bathroom,Point of Contact
2022-06-22,2,11000,1200,2 out of 4,Super Area,Lake Road,Hyderabad,Unfurnished,Bachelors/Family,2,Contact Owner
2022-06-30,3,31500,1400,Ground out of 2,Carpet Area,"Hill View, Ring Road",Bangalore,Semi-Furnished,Family,3,Contact Agent
2022-05-24,1,9000,450,Upper Basement out of 2,Built Area, in Temple Street,Kolkata,Furnished,Bachelors,1,Contact Owner
"""  # noqa: E501
HEADER = "title,property_type,purpose,city,base_price"
ROW = "Home,apartment,rent,Mumbai,50000"
EMPTY = "property_type: it is empty; purpose: it is empty; city: it is empty; base_price: it is empty"


def counts(imported=0, present=0, repeated=0, rejected=0):
    return [
        f"{imported} imported, {present} already there, {repeated} repeated in the file, {rejected} rejected."
    ]


def test_every_column_of_the_house_rent_header_is_imported(load):
    assert load(HOUSE_RENT) == (counts(imported=3), [])
    first, second, third = Property.objects.order_by("id")
    assert (first.title, second.title) == ("2 BHK in Lake Road", "3 BHK in Hill View, Ring Road")
    assert (third.title, third.locality) == ("1 BHK in Temple Street", "in Temple Street")
    names = (
        "property_type purpose status city base_price monthly_rent area_sqft bedrooms bathrooms furnishing"
    )
    assert [getattr(second, name) for name in names.split()] == [
        *("apartment", "rent", "available", "Bangalore"),
        *(Decimal(31_500), Decimal(31_500), Decimal(1_400), 3, 3, "semi_furnished"),
    ]
    assert second.attributes == {
        "posted_on": "2022-06-30",
        "floor": "Ground out of 2",
        "area_type": "Carpet Area",
        "tenant_preferred": "Family",
        "point_of_contact": "Contact Agent",
    }
    assert (second.owner, second.country, second.timezone) == (None, "India", "Asia/Kolkata")


def test_the_api_shows_imported_listings(load, api):
    load(HOUSE_RENT)
    (row,) = api().get("/api/v1/properties?city=kolkata").json()["items"]
    assert (row["base_price"], row["attributes"]["floor"]) == (9000, "Upper Basement out of 2")


def test_a_second_import_of_the_same_file_adds_nothing(load):
    load(HOUSE_RENT)
    before = [*Property.objects.order_by("id").values()]
    assert load(HOUSE_RENT) == (counts(present=3), [])
    assert [*Property.objects.order_by("id").values()] == before


def test_an_import_after_an_interruption_adds_the_rest(load):
    load("".join(HOUSE_RENT.splitlines(keepends=True)[:2]))
    assert load(HOUSE_RENT) == (counts(imported=2, present=1), [])


def test_an_interruption_keeps_the_chunks_that_are_saved_and_reports_them(load, monkeypatch):
    save = services._link_amenities

    def interrupted(drafts):
        save(drafts)
        if Property.objects.count() > 500:
            raise KeyboardInterrupt

    rows = [f"Home {number},apartment,rent,Mumbai,50000" for number in range(600)]
    content = "\n".join([HEADER, *rows])
    with monkeypatch.context() as patched:
        patched.setattr(services, "_link_amenities", interrupted)
        with pytest.raises(CommandError) as caught:
            load(content)
    assert (caught.value.returncode, Property.objects.count()) == (130, 500)
    assert "500 imported" in str(caught.value)
    assert load(content) == (counts(imported=100, present=500), [])


def test_rows_that_repeat_in_the_file_are_imported_once_and_counted(load):
    assert load("\n".join([HEADER, ROW, ROW, "Other" + ROW, ROW])) == (counts(imported=2, repeated=2), [])


def test_the_order_of_columns_and_empty_cells_do_not_make_a_new_row(load):
    load(f"{HEADER}\n{ROW}\n")
    turned = [",".join(reversed(line.split(","))) for line in (HEADER, ROW)]
    assert load("\n".join(turned)) == (counts(present=1), [])
    assert load(f"{HEADER},landmark\n{ROW},\n") == (counts(present=1), [])
    assert load(f"{HEADER},landmark\n{ROW},Fort\n") == (counts(imported=1), [])


def test_a_row_stays_imported_when_its_listing_changes(load, asha):
    load(f"{HEADER}\n{ROW}\n", "--owner", asha.email)
    services.update_property(property=Property.objects.get(), by=asha, title="Renamed")
    assert load(f"{HEADER}\n{ROW}\n") == (counts(present=1), [])


def test_every_column_of_the_own_header_is_imported(load):
    lift = AmenityFactory(title="Lift")
    row = {
        "title": '"Sea view, 2 BHK"',
        "property_type": "villa",
        "purpose": "buy",
        "status": "under_offer",
        "is_available": "No",
        "exclusive_tours": "TRUE",
        "description": '"Two\nlines"',
        "city": "Mumbai",
        "locality": "Bandra West",
        "sub_locality": "Pali Hill",
        "landmark": "Fort",
        "full_address": '"14 Hill Road, Mumbai"',
        "pincode": "400050",
        "state": "Maharashtra",
        "country": "Bharat",
        "latitude": "19.0596",
        "longitude": "72.8295",
        "timezone": "Asia/Dubai",
        "base_price": "92500000.50",
        "monthly_rent": "1000",
        "area_sqft": "900.25",
        "bedrooms": "2",
        "bathrooms": "3",
        "furnishing": "furnished",
        "features": "floor=4 of 7| Sea view | facing = west |note=",
        "amenities": "LIFT| Roof garden |roof garden",
        "image_urls": "https://example.com/a.jpg Living room|/static/b.svg",
    }
    assert load(f"{','.join(row)}\n{','.join(row.values())}\n") == (counts(imported=1), [])
    listing = Property.objects.get()
    plain = "property_type purpose status city locality sub_locality landmark pincode state country timezone"
    assert [getattr(listing, name) for name in plain.split()] == [row[name] for name in plain.split()]
    assert listing.furnishing == "furnished"
    assert (listing.title, listing.description) == ("Sea view, 2 BHK", "Two\nlines")
    assert listing.full_address == "14 Hill Road, Mumbai"
    assert (listing.is_available, listing.exclusive_tours) == (False, True)
    assert (listing.latitude, listing.longitude) == (19.0596, 72.8295)
    assert (listing.base_price, listing.monthly_rent) == (Decimal("92500000.50"), Decimal(1000))
    assert (listing.area_sqft, listing.bedrooms, listing.bathrooms) == (Decimal("900.25"), 2, 3)
    assert listing.attributes == {"floor": "4 of 7", "facing": "west", "note": ""}
    assert listing.features == ["Sea view"]
    assert [amenity.title for amenity in listing.amenities.all()] == ["Lift", "Roof garden"]
    assert lift in listing.amenities.all()
    images = listing.images.values_list("image_url", "caption", "display_order", "is_main_image")
    assert [*images] == [
        ("https://example.com/a.jpg", "Living room", 0, True),
        ("/static/b.svg", "", 1, False),
    ]


BAD_ROWS = [
    ("base_price", "5 GB", "base_price: “5 GB” is not a number"),
    ("base_price", "NaN", "base_price: it is empty"),
    ("base_price", "9e99", "base_price: Ensure that there are no more than 14 digits in total."),
    ("base_price", "१००", "base_price: “१००” is not a number"),
    ("base_price", "", "base_price: it is empty"),
    ("base_price", "-1", "base_price: Ensure this value is greater than or equal to 0."),
    ("base_price", "9" * 40, f"base_price: “{'9' * 40}” is not a number"),
    ("base_price", "9" * 41, f"base_price: “{'9' * 40}…” is not a number"),
    (
        "base_price",
        "1000000000000",
        "base_price: Ensure that there are no more than 12 digits before the decimal point.",
    ),
    ("base_price", "1.005", "base_price: Ensure that there are no more than 2 decimal places."),
    ("title", " ", "title: it is empty"),
    ("title", "x" * 201, "title: Ensure this value has at most 200 characters (it has 201)."),
    ("city", "", "city: it is empty"),
    ("property_type", "castle", f"property_type: “castle” is none of: {', '.join(Property.Type.values)}"),
    (
        "property_type",
        "\x1b[31m",
        f"property_type: “\\x1b[31m” is none of: {', '.join(Property.Type.values)}",
    ),
    ("status", "withdrawn", "status: a withdrawn listing can't be imported"),
    ("latitude", "19", "longitude: Enter both latitude and longitude, or neither."),
    ("latitude", "91", "latitude: Ensure this value is less than or equal to 90."),
    ("bedrooms", "2.5", "bedrooms: “2.5” is not a whole number"),
    ("bedrooms", "32768", "bedrooms: Ensure this value is less than or equal to 32767."),
    ("is_available", "maybe", "is_available: “maybe” is neither true nor false"),
    ("timezone", "Mars", "timezone: Mars is not a time zone such as Asia/Kolkata."),
    ("features", "x" * 201, "features: A feature must be a text of 1 to 200 characters."),
    ("features", "=4", "attributes: The name of an attribute must have 1 to 60 characters."),
    ("features", f"floor={'x' * 501}", "attributes: An attribute must be a text of at most 500 characters."),
    ("amenities", "12", "amenities: “12” is not a title"),
    ("amenities", "x" * 81, "amenities: Ensure this value has at most 80 characters (it has 81)."),
    ("image_urls", "a.jpg", "image_urls: Give a web address (https://…) or a path on this server (/…)."),
    (
        "image_urls",
        "javascript:alert(1)",
        "image_urls: Give a web address (https://…) or a path on this server (/…).",
    ),
    ("image_urls", "|".join(["/a.jpg"] * 51), "image_urls: a listing has at most 50 images"),
    ("description", "a\0b", "it holds a NUL character"),
    (
        "description",
        "x" * 10_001,
        "description: Ensure this value has at most 10000 characters (it has 10001).",
    ),
    ("description", "x" * 20_001, "not CSV: a cell has more than 20000 characters"),
    ("description", "x" * 3_000_000, "not CSV: a cell has more than 20000 characters"),
    ("description", '"a" b', "not CSV: a quoted cell goes on after its quote in column 6"),
    ("description", "a,b", "7 columns instead of 6"),
]


@pytest.mark.parametrize(("column", "value", "reason"), BAD_ROWS)
def test_a_bad_row_is_reported_and_the_others_are_imported(load, column, value, reason):
    names = HEADER.split(",")
    cells = dict(zip(names, ROW.split(","), strict=True)) | {column: value}
    header = [*names] if column in names else [*names, column]
    good, other = (
        ",".join([title, *ROW.split(",")[1:], *([""] * (len(header) - 5))]) for title in ("One", "Two")
    )
    content = "\n".join([",".join(header), good, ",".join(cells[name] for name in header), other])
    assert load(content) == (counts(imported=2, rejected=1), [f"line 3: {reason}"])
    assert sorted(Property.objects.values_list("title", flat=True)) == ["One", "Two"]


def test_bad_rows_of_the_data_set_are_named_by_its_columns(load):
    lines = HOUSE_RENT.splitlines()
    lines[1] = lines[1].replace("11000", "")
    lines[2] = lines[2].replace("31500", "cheap").replace("Semi-Furnished", "Plush")
    lines[3] = lines[3].replace("Furnished", "Plush")
    assert load("\n".join(lines)) == (
        counts(rejected=3),
        [
            "line 2: Rent: it is empty",
            "line 3: Rent: “cheap” is not a number; "
            "Furnishing Status: “Plush” is none of: unfurnished, semi_furnished, furnished",
            "line 4: Furnishing Status: “Plush” is none of: unfurnished, semi_furnished, furnished",
        ],
    )


def test_lines_are_counted_through_breaks_and_blank_lines(load):
    content = f'{HEADER},description\n{ROW},"a\nb\r\nc"\n\n{ROW},x,y\nOther,,,,,"\n\n"\nz\n{ROW},d\n'
    assert load(content) == (
        counts(imported=2, rejected=3),
        [
            "line 6: 7 columns instead of 6",
            f"line 7: {EMPTY}",
            f"line 10: {EMPTY}",
        ],
    )


def test_a_quote_that_is_never_closed_rejects_the_rest_as_one_row(load):
    content = f'{HEADER},description\n{ROW},"open\n{ROW},b\n'
    assert load(content) == (counts(rejected=1), ["line 2: not CSV: a quote is never closed"])


@pytest.mark.parametrize(
    "content",
    [
        HOUSE_RENT.replace("\n", "\r\n").encode("utf-8-sig"),
        HOUSE_RENT.replace("\n", "\r").encode(),
        HOUSE_RENT.rstrip("\n").encode(),
        HOUSE_RENT.upper().partition("\n")[0].encode() + b"\n" + HOUSE_RENT.partition("\n")[2].encode(),
    ],
    ids=["BOM and CRLF", "CR", "no last line end", "upper-case header"],
)
def test_line_ends_and_case_of_the_header_do_not_matter(load, content):
    load(HOUSE_RENT)
    assert load(content) == (counts(present=3), [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty."),
        (b"\n\n", "The file is empty."),
        (
            b"name,price\nSea view,5\n",
            "--map name=title --map price=base_price --set property_type=PROPERTY_TYPE",
        ),
        (
            HEADER.replace(",base_price", "").encode(),
            "No column becomes base_price, which every listing needs.",
        ),
        (f"{HEADER},Title\n".encode(), "“title” is doubled: columns 1 and 6 have this name."),
        (HOUSE_RENT.partition("\n")[0].replace("City,", "").encode(), "No column becomes city"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", "The file has the columns: “‰PNG”"),
        (
            b"PK\x03\x04" + b"x" * 100,
            "This is an Excel workbook or a ZIP archive. Save the sheet as CSV first.",
        ),
        (b'"' + b"x" * 3_000_000, "a cell has more than 20000 characters"),
        (ROW.encode(), "The file has the columns: “Home”, “apartment”, “rent”, “Mumbai”, “50000”"),
    ],
)
def test_a_header_that_makes_no_listings_is_refused_with_what_is_wrong(load, content, message):
    with pytest.raises(CommandError) as caught:
        load(content)
    assert message in str(caught.value)
    assert str(caught.value).isprintable() or "\n" in str(caught.value)
    assert not Property.objects.exists()


def test_a_header_alone_imports_nothing(load):
    assert load(HEADER) == (counts(), [])


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for name in (tmp_path / "none.csv", tmp_path, "a\0b"):
        with pytest.raises(CommandError, match="can't be read"):
            call_command("import_listings", str(name))


def test_the_owner_is_found_by_email_in_any_case(load, asha):
    load(f"{HEADER}\n{ROW}\n", "--owner", "ASHA@example.com")
    assert Property.objects.get().owner == asha


@pytest.mark.parametrize("owner", ["nobody@example.com", "+919800000000", "x\0y"])
def test_an_unknown_owner_is_refused_before_anything_is_imported(load, owner):
    with pytest.raises(CommandError, match="No user has the email or phone"):
        load(f"{HEADER}\n{ROW}\n", "--owner", owner)
    assert not Property.objects.exists()


def test_a_dash_reads_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HOUSE_RENT.encode())))
    out = io.StringIO()
    call_command("import_listings", "-", stdout=out, verbosity=0)
    assert out.getvalue().splitlines() == counts(imported=3)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_in_place_on_a_terminal_and_by_lines_elsewhere(tmp_path):
    path = tmp_path / "listings.csv"
    path.write_text("\n".join([HEADER, *(f"Home {n},apartment,rent,Mumbai,1" for n in range(501))]))
    terminal, pipe = Terminal(), io.StringIO()
    call_command("import_listings", str(path), stdout=terminal)
    call_command("import_listings", str(path), stdout=pipe)
    (done,), (again,) = counts(imported=501), counts(present=501)
    assert terminal.getvalue() == f"\r500 rows read\r501 rows read\r{done}\n"
    assert pipe.getvalue() == f"500 rows read\n501 rows read\n{again}\n"


def test_help_lists_the_headers_and_the_exit_codes(capsys):
    with pytest.raises(SystemExit):
        call_command("import_listings", "--help")
    shown = capsys.readouterr().out
    for part in (
        "Posted On, BHK",
        "title, property_type",
        "--owner EMAIL_OR_PHONE",
        "Exit code",
        "standard input",
    ):
        assert part in shown


def test_an_import_leaves_other_listings_alone(load, asha):
    PropertyFactory.create_batch(2, owner=asha)
    load(HOUSE_RENT)
    assert Property.objects.filter(import_key=None).count() == 2


def test_repeated_blanks_in_names_are_removed(load):
    load(f"{HEADER},locality\nHome,apartment,rent,New  Delhi,50000,Hauz  Khas\n")
    listing = Property.objects.get()
    assert (listing.city, listing.locality) == ("New Delhi", "Hauz Khas")
