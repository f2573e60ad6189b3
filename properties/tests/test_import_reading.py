"""Encodings, separators, quotes and headers of files that hold the same two listings."""

import pytest

from properties.models import Property

pytestmark = pytest.mark.django_db

ROWS = [
    ["title", "property_type", "purpose", "city", "base_price", "locality"],
    ["Café flat", "apartment", "rent", "Orléans", "25000", "Rue Haute, 3"],
    ["Home", "house", "buy", "Pune", "9500000", "Fort"],
]
LISTINGS = [
    ("Café flat", "Orléans", 25_000, "Rue Haute, 3"),
    ("Home", "Pune", 9_500_000, "Fort"),
]


def text(separator=",", end="\n", blanks=""):
    def cell(value):
        return f'"{value}"{blanks}' if "," in value or separator in value else value

    return end.join(separator.join(map(cell, row)) for row in ROWS) + end


def listings():
    return [*Property.objects.order_by("id").values_list("title", "city", "base_price", "locality")]


@pytest.mark.parametrize(
    "content",
    [
        text().encode(),
        text().encode("utf-8-sig"),
        b"\xef\xbb\xbf" + text().encode("utf-8-sig"),
        text().encode("utf-16"),
        b"\xff\xfe" + text("\t", "\r\n").encode("utf-16-le"),
        b"\xfe\xff" + text(";").encode("utf-16-be"),
        b"\xff\xfe\xff\xfe" + text().encode("utf-16-le"),
        text().encode("utf-16-le"),
        text().encode("utf-16-be"),
        text().encode("utf-32"),
        text(";").encode(),
        text("\t").encode(),
        b"sep=,\n" + text().encode(),
        b"sep=;\r\n" + text(";", "\r\n").encode(),
        b"\xef\xbb\xbfsep=|\r\n" + text("|").encode(),
        b'"sep=;"\n' + text(";").encode(),
        text(blanks="  ").encode(),
        text(blanks=" \t").encode(),
        text().replace(",house", ' , "house" ').encode(),
        text(end="\r").encode(),
        b"\n\r\n" + text().encode(),
        text().encode() + b",,,,,\n  ,,\n\n;;\n"[:12],
        text().replace("\n", ",,\n").encode(),
    ],
    ids=lambda content: content[:14].hex(" ") + f" ({len(content)})",
)
def test_encodings_and_separators_are_recognised(load, content):
    out, err = load(content)
    assert out == ["2 imported, 0 already there, 0 repeated in the file, 0 rejected."]
    assert err in ([], ["warning: Ignored columns: 2 without a name."])
    assert listings() == LISTINGS


def test_rows_of_windows_1252_are_read_with_a_warning(load):
    out, err = load(text().encode("cp1252"))
    assert (out, listings()) == (
        ["2 imported, 0 already there, 0 repeated in the file, 0 rejected."],
        LISTINGS,
    )
    assert err == [
        "warning: Some rows are not UTF-8 and were read as Windows-1252: 1, the first one in line 2. "
        "Check their accents."
    ]


@pytest.mark.parametrize("title", [b"Caf\xe9 \xc3\xa9t\xc3\xa9", b"A\x81B"], ids=["mixed", "undefined"])
def test_a_row_of_no_encoding_is_refused(load, title):
    out, err = load(text().encode() + title + b",house,buy,Pune,1,Fort\n")
    assert err == ["line 4: it is neither UTF-8 nor Windows-1252"]
    assert out == ["2 imported, 0 already there, 0 repeated in the file, 1 rejected."]


@pytest.mark.parametrize(
    "header",
    [
        "Title,Property Type,PURPOSE,City,Base Price,Locality",
        "title,property-type,purpose,city,BasePrice,locality",
        " Title , PropertyType ,purpose, CITY ,base  price,LOCALITY ",
        'title,"Property\nType",purpose,city,base_price,locality',
    ],
)
def test_names_of_columns_match_without_case_blanks_and_signs(load, header):
    load(header + "\n" + text().partition("\n")[2])
    assert listings() == LISTINGS


def test_columns_without_a_known_name_are_ignored_with_one_warning(load):
    lines = [",".join(["7", line, "x", ""]) for line in text().splitlines()]
    lines[0] = ",".join(["", lines[0][2:-3], "property id", "Unnamed: 8"])
    assert load("\n".join(lines))[1] == ["warning: Ignored columns: property id, 2 without a name."]
    assert listings() == LISTINGS


def test_strict_refuses_columns_without_a_known_name(load):
    with pytest.raises(Exception, match="These columns are unknown: colour, 1 without a name"):
        load(text().replace("locality", "locality,colour,"), "--strict")
    assert not listings()
    load(text(), "--strict")
    assert listings() == LISTINGS


def test_another_index_of_the_same_rows_imports_nothing_again(load):
    def numbered(start):
        rows = text().splitlines()
        return "\n".join([f",{rows[0]}", *(f"{start + n},{row}" for n, row in enumerate(rows[1:]))])

    load(numbered(0))
    assert load(numbered(40))[0] == ["0 imported, 2 already there, 0 repeated in the file, 0 rejected."]
    assert load(text())[0] == ["0 imported, 2 already there, 0 repeated in the file, 0 rejected."]


def test_a_row_from_the_file_of_refused_rows_is_the_same_row(load):
    load(text())
    lines = text().splitlines()
    content = "\n".join([f"refused_line,refused_reason,{lines[0]}", f"2,city: it is empty,{lines[1]}"])
    assert load(content)[0] == ["0 imported, 1 already there, 0 repeated in the file, 0 rejected."]


def test_rows_that_differ_in_an_unknown_column_are_two_listings(load):
    row = text().splitlines()[2]
    content = f"flat no,{text().splitlines()[0]}\n4,{row}\n5,{row}\n"
    assert load(content)[0] == ["2 imported, 0 already there, 0 repeated in the file, 0 rejected."]


def test_short_rows_are_padded_and_long_ones_refused(load):
    content = text() + "Short,house,buy,Pune,1\nLong,house,buy,Pune,1,Fort,more\n"
    assert load(content)[1] == ["line 5: 7 columns instead of 6"]
    assert listings()[2:] == [("Short", "Pune", 1, "")]


def test_a_quoted_cell_keeps_its_lines_quotes_and_separators(load):
    content = text() + '"The ""Nest"" ; flat"  ,house,buy,"Pune"\t,1,"Two\r\nlines, a "",""  "\r\n'
    load(content)
    assert listings()[2:] == [('The "Nest" ; flat', "Pune", 1, 'Two lines, a ","')]
