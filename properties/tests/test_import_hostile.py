"""Files with rows that are wrong in every way. Each row is imported, or refused by its line and a reason."""

import io
import random
import re
from pathlib import Path

import pytest
from django.db import connection

from properties.importing import open_import
from properties.importing.errors import ImportRefused
from properties.importing.mapping import parse_options
from properties.models import Amenity, Property

pytestmark = pytest.mark.django_db

HEADER = "title;property_type;purpose;city;base_price;bedrooms;amenities;features"
# A row each; %d keeps rows apart. True is for rows that become a listing.
KINDS = [
    (b"Flat %d;Apartment;Rent;Pune;25.000,50;2.0;Lift, Gym;floor=%d", True),
    (b'"House ""%d"" ; big"  ;HOUSE;Sale;"Nan";1,25,000;NaN;["Sauna"];', True),
    (b"Caf\xe9 %d;flat;rent;Goa;9000", True),
    (b'"Two\nlines %d";studio;rent;Goa;1;;"\xc3\x84rztehaus\n|\xc3\xa4RZTEHAUS";"a=two\nlines"', True),
    (b"Plot %d;Plot;buy;Goa;\xe2\x82\xb91.2 Cr;0;;;;", True),
    (b"=1+%d;villa;buy;Goa;1e6", True),
    (b"Nothing %d;;;;;;;", False),
    (b";villa;buy;Goa;%d;;;", False),
    (b"Infinite %d;villa;buy;Goa;Infinity;;;", False),
    (b"Huge %d;villa;buy;Goa;9e99;;;", False),
    (b"Ambiguous %d;villa;buy;Goa;1.250;;;", False),
    (b"Long %d;villa;buy;Goa;1;2;Lift;a=b;more;%d", False),
    (b"NUL\0 %d;villa;buy;Goa;1", False),
    (b"Bytes \xff\xc3\xa9 %d;villa;buy;Goa;1", False),
    (b'"Quote" %d;villa;buy;Goa;1', False),
    (b"Escapes %d;villa;buy;Goa;1;;[\"\\ud800\"];", False),
    (b"Deep %d;villa;buy;Goa;1;;" + b"[" * 2_000, False),
    (b"Many %d;villa;buy;Goa;1;99999999999999999999;;", False),
    (b"Wide %d;villa;buy;Goa;1;;;" + b"x" * 20_001, False),
    (b"Wrong %d;villa;buy;Goa;1;;;=no name", False),
    (b"Road %d;villa;buy;Goa;1;;Stra\xc3\x9fe|STRASSE;", True),
]  # fmt: skip


def test_each_of_3000_mixed_rows_is_imported_or_refused_by_line_and_reason(load):
    content, expected, line, imported = HEADER.encode() + b"\n", set(), 2, 0
    for number in range(3_000):
        row, good = KINDS[number % len(KINDS)]
        row = row.replace(b"%d", str(number).encode())
        imported += good
        if not good:
            expected.add(line)
        content += row + b"\n"
        line += row.count(b"\n") + 1
    out, err = load(content)
    refused = {int(found[1]) for text in err if (found := re.match(r"line ([0-9]+): .{10}", text))}
    assert out == [
        f"{imported} imported, 0 already there, 0 repeated in the file, {3_000 - imported} rejected."
    ]
    assert refused == expected
    assert Property.objects.count() == imported


def test_a_row_that_the_database_refuses_does_not_take_the_others_with_it(load):
    # A rule that only the database knows stands for whatever the code does not foresee.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE properties_property ADD CONSTRAINT no_huts CHECK (title <> 'Hut')")
    rows = [
        f"{title},house,buy,Goa,5,Lift,https://a.example/{title}.jpg" for title in ("Home", "Hut", "Nest")
    ]
    content = "\n".join(["title,property_type,purpose,city,base_price,amenities,image_urls", *rows])
    out, err = load(content)
    assert out == ["2 imported, 0 already there, 0 repeated in the file, 1 rejected."]
    assert len(err) == 1
    assert err[0].startswith("line 3: the database refuses it: ")
    assert "no_huts" in err[0]
    listings = Property.objects.order_by("title").values_list(
        "title", "amenities__title", "images__image_url"
    )
    assert [*listings] == [
        ("Home", "Lift", "https://a.example/Home.jpg"),
        ("Nest", "Lift", "https://a.example/Nest.jpg"),
    ]
    assert Amenity.objects.count() == 1


def damaged(content, chance):
    """Return a file with some bytes replaced, inserted and left out."""
    data = bytearray(content)
    pieces = [
        b'"',
        b'""',
        b",",
        b"\n",
        b"\0",
        b"\xff",
        b"\xe2\x82\xb9",
        b"\xed\xa0\x80",
        b"1e9",
        b"[",
        b"NaN",
    ]
    for _ in range(chance.randint(1, 20)):
        place = chance.randrange(len(data))
        data[place : place + chance.choice((0, 1, 5))] = chance.choice([b"", *pieces])
    return bytes(data)


def test_a_damaged_file_is_refused_or_each_of_its_rows_is_a_draft_or_has_a_reason():
    chance = random.Random(11)
    files = [path.read_bytes() for path in sorted(Path(__file__).with_name("files").glob("*.csv"))]
    mapping = parse_options([], ["city=Goa", "purpose=rent", "property_type=house", "base_price=5"])
    rows = 0
    for number in range(400):
        content = damaged(files[number % len(files)], chance)
        if number % 7 == 0:
            content = content.decode("latin-1").encode(chance.choice(("utf-16", "utf-16-be", "utf-32")))
        try:
            entries = list(open_import(io.BytesIO(content), mapping).entries())
        except ImportRefused:
            continue
        rows += len(entries)
        assert all((entry.draft is None) == bool(entry.reason()) for entry in entries)
    assert rows > 300
