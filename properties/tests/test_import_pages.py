"""The page of the admin that imports listings, and prices in the admin's form."""

import csv
import io
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from ghar.testing import create_user, messages_of
from properties.models import Property
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db

URL = "/admin/properties/property/import/"
SHEET = """\
name,category,type,price_lakhs,beds,note
Sea house,Sale,Villa,145.5,3.0,quiet
Small flat,Rent,Flat,0.25,1,
=Castle,Sale,Castle,cheap,,old
"""


def upload(client, content=SHEET, owner="", name="sheet.csv", **more):
    content = content if isinstance(content, bytes) else content.encode()
    return client.post(URL, {"file": SimpleUploadedFile(name, content), "owner": owner, **more})


def chosen(response, **more):
    """Return the data that the browser sends from a page with a preview."""
    form = response.context["form"]
    return {
        "content": response.context["content"],
        **{name: form[name].value() or "" for name in form.fields},
        **more,
    }


def test_the_list_of_listings_links_to_the_page(staff_client):
    page = staff_client.get(reverse("admin:properties_property_changelist")).content.decode()
    assert f'href="{URL}"' in page
    assert 'enctype="multipart/form-data"' in staff_client.get(URL).content.decode()


def test_an_upload_shows_the_proposed_mapping_and_what_is_missing(staff_client):
    response = upload(staff_client)
    form = response.context["form"]
    assert [(column, field.value()) for column, field in form.columns()] == [
        ("name", "title"),
        ("category", "purpose"),
        ("type", "property_type"),
        ("price_lakhs", "base_price*100000"),
        ("beds", "bedrooms"),
        ("note", ""),
    ]
    assert response.context["problem"] == (
        "Every listing needs: city. Choose a column, or a value for all rows."
    )
    assert not Property.objects.exists()


def test_the_preview_counts_and_changes_nothing(staff_client):
    data = chosen(upload(staff_client), set_city="Goa", column_5="attributes")
    response = staff_client.post(URL, data)
    page = response.content.decode()
    report = response.context["report"]
    assert (report.imported, report.rejected) == (2, 1)
    assert "145.5 → 14550000.00" in page
    assert "price_lakhs: “cheap” is not a number (line 4)" in page
    assert "Import 2 listings" in page
    assert not Property.objects.exists()
    assert not LogEntry.objects.exists()


def test_a_confirmed_import_saves_what_was_previewed(staff_client, ops, asha):
    data = chosen(upload(staff_client, owner="asha@example.com"), set_city="Goa", column_5="attributes")
    response = staff_client.post(URL, {**data, "confirmed": "yes"})
    assert "2 listings imported, 0 already there" in response.content.decode()
    fields = ("title", "purpose", "property_type", "city", "base_price", "bedrooms", "owner", "attributes")
    assert [*Property.objects.order_by("id").values_list(*fields)] == [
        ("Sea house", "buy", "villa", "Goa", 14_550_000, 3, asha.pk, {"note": "quiet"}),
        ("Small flat", "rent", "apartment", "Goa", 25_000, 1, asha.pk, {}),
    ]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr) == (ops, "sheet.csv")
    assert entry.change_message.startswith("2 imported, 0 already there")


def test_the_page_and_the_command_take_the_same_row_for_the_same_listing(staff_client, load):
    data = chosen(upload(staff_client), set_city="Goa")
    staff_client.post(URL, {**data, "confirmed": "yes"})
    options = ["--map=name=title", "--map=category=purpose", "--map=type=property_type"]
    out, _err = load(SHEET, *options, "--map=price_lakhs*100000=base_price", "--set=city=Goa")
    assert out == ["0 imported, 2 already there, 0 repeated in the file, 1 rejected."]


def test_a_house_rent_file_needs_no_choice(staff_client):
    content = "BHK,Rent,Size,Floor,Area Locality,City\n2,14500,940,1 out of 3,Palm Grove,Chennai\n"
    data = chosen(upload(staff_client, content))
    staff_client.post(URL, {**data, "confirmed": "yes"})
    listing = Property.objects.get()
    assert (listing.title, listing.base_price, listing.purpose) == ("2 BHK in Palm Grove", 14_500, "rent")
    assert listing.attributes == {"floor": "1 out of 3"}


def test_refused_rows_can_be_downloaded_with_their_reasons(staff_client):
    data = chosen(upload(staff_client), set_city="Goa")
    result = staff_client.post(URL, {**data, "confirmed": "yes"})
    response = staff_client.post(URL, {"refused": result.context["packed"]})
    assert response["Content-Disposition"] == 'attachment; filename="refused.csv"'
    (row,) = csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")))
    assert (row["refused_line"], row["name"], row["note"]) == ("4", "'=Castle", "old")
    assert "price_lakhs: “cheap” is not a number" in row["refused_reason"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04xx", "This is an Excel workbook or a ZIP archive. Save the sheet as CSV first."),
        (b"title,Title\nA,B\n", "“title” is doubled: columns 1 and 2 have this name. Rename all but one."),
        (b"title\n" + b"x\n" * 3_001, "The file has more than 3000 rows. Split it, or use manage.py "
         "import_listings."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_with_a_message(staff_client, content, message):
    response = upload(staff_client, content)
    assert response.status_code == 302
    assert messages_of(staff_client.get(response.url)) == [message]


@pytest.mark.parametrize(
    ("field", "data", "error"),
    [
        ("file", {"content": b"x" * 1_500_001}, "The file is larger than 1.4\xa0MB"),
        ("file", {"content": b""}, "The submitted file is empty."),
        ("owner", {"owner": "nobody@example.com"}, "No user has this email or phone."),
        ("owner", {"owner": "x\0"}, "Null characters are not allowed."),
    ],
)
def test_an_upload_that_makes_no_sense_is_refused_in_the_form(staff_client, field, data, error):
    response = upload(staff_client, **data)
    assert response.context["form"].errors[field][0].startswith(error)


def test_two_columns_for_one_field_are_a_problem_and_not_an_error(staff_client):
    data = chosen(upload(staff_client), set_city="Goa", column_5="title")
    response = staff_client.post(URL, {**data, "confirmed": "yes"})
    assert response.context["problem"] == "Two columns are mapped to title."
    assert not Property.objects.exists()


@pytest.mark.parametrize("change", ["forged", "other user", "other purpose", "expired"])
def test_only_what_was_signed_for_this_user_and_step_is_taken(staff_client, change, monkeypatch):
    data = chosen(upload(staff_client), set_city="Goa", confirmed="yes")
    client = staff_client
    if change == "forged":
        data["content"] = "x" + data["content"]
    elif change == "other user":
        client = Client()
        client.force_login(create_user("Root", is_staff=True, is_superuser=True))
    elif change == "other purpose":
        data = {"refused": data["content"]}
    else:
        monkeypatch.setattr("properties.import_pages.MAX_AGE", -1)
    response = client.post(URL, data)
    assert response.status_code == 302
    assert messages_of(client.get(URL)) == ["This upload has expired. Upload the file again."]
    assert not Property.objects.exists()


def test_only_staff_who_may_add_listings_import(client, asha):
    clerk = create_user("Clerk", is_staff=True)
    for codename in ("view_property", "change_property"):
        clerk.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(clerk)
    assert [client.get(URL).status_code, upload(client).status_code] == [403, 403]
    assert f'href="{URL}"' not in client.get("/admin/properties/property/").content.decode()
    client.force_login(asha)
    assert [client.get(URL).status_code, upload(client).status_code] == [302, 302]
    clerk.user_permissions.add(Permission.objects.get(codename="add_property"))
    client.force_login(clerk)
    assert [client.get(URL).status_code, upload(client).status_code] == [200, 200]


def test_the_page_wants_the_csrf_token(ops):
    client = Client(enforce_csrf_checks=True)
    client.force_login(ops)
    assert upload(client).status_code == 403


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,25,000", 125_000),
        ("₹ 45,00,000.50", Decimal("4500000.50")),
        ("45 lakh", 4_500_000),
        ("98000", 98_000),
    ],
)
def test_prices_are_typed_with_commas_and_currency_in_the_admin(staff_client, text, amount):
    listing = PropertyFactory(monthly_rent=5)
    response = staff_client.post(
        f"/admin/properties/property/{listing.pk}/change/",
        edited(listing, base_price=text, monthly_rent=text),
    )
    assert response.status_code == 302
    listing.refresh_from_db()
    assert (listing.base_price, listing.monthly_rent) == (amount, amount)


def test_a_price_that_is_none_is_refused_with_examples(staff_client):
    listing = PropertyFactory()
    url = f"/admin/properties/property/{listing.pk}/change/"
    response = staff_client.post(url, edited(listing, base_price="1,2,3"))
    assert response.context["adminform"].form.errors["base_price"] == [
        "Enter an amount such as 1,25,000 or 45 lakh. “1,2,3” is not a number."
    ]
    assert 'type="number" name="base_price"' not in staff_client.get(url).content.decode()


def edited(listing, **changes):
    """Return the data of a listing's page with some fields changed."""
    names = ("title", "property_type", "purpose", "status", "city", "country", "timezone")
    images = {f"images-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    values = {name: getattr(listing, name) for name in names}
    return {
        **values,
        "is_available": "on",
        "base_price": "5",
        "features": "[]",
        "attributes": "{}",
        **images,
        **changes,
    }
