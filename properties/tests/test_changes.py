"""Adding, changing and withdrawing listings over HTTP. What is refused changes nothing."""

import pytest

from properties.models import Property
from properties.tests.factories import AmenityFactory
from properties.tests.requests import HOME, IMAGE, PROPERTIES

pytestmark = pytest.mark.django_db


def test_a_user_who_adds_a_listing_owns_it(api, asha):
    AmenityFactory(title="Lift")
    response = api(asha).post(PROPERTIES, {**HOME, "amenities": ["lift"], "attributes": {"floor": "4"}})
    assert response.status_code == 201
    shown = response.json()
    assert (shown["owner_id"], shown["status"], shown["is_available"]) == (asha.pk, "available", True)
    assert (shown["base_price"], shown["monthly_rent"], shown["timezone"]) == (50000, 50000, "Asia/Kolkata")
    assert [amenity["title"] for amenity in shown["amenities"]] == ["Lift"]
    assert api().get(f"{PROPERTIES}/{shown['id']}").json() == shown


def test_adding_a_listing_requires_a_login(api, db):
    response = api().post(PROPERTIES, HOME)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert not Property.objects.exists()


@pytest.mark.parametrize("name", HOME)
def test_a_required_field_that_is_missing_is_named(api, asha, name):
    response = api(asha).post(PROPERTIES, {key: value for key, value in HOME.items() if key != name})
    assert (response.status_code, [*response.json()["errors"]]) == (400, [name])
    assert not Property.objects.exists()


WRONG = [
    ("title", ""),
    ("title", None),
    ("title", "x" * 201),
    ("title", ["a"]),
    ("title", "a\0b"),
    ("description", "x" * 1_000_000),
    ("property_type", "castle"),
    ("property_type", {}),
    ("purpose", None),
    ("status", "withdrawn"),
    ("status", "gone"),
    ("furnishing", "plush"),
    ("base_price", -1),
    ("base_price", None),
    ("base_price", True),
    ("base_price", "NaN"),
    ("base_price", 10**12),
    ("base_price", 2**70),
    ("base_price", 0.001),
    ("base_price", "1e999999"),
    ("monthly_rent", -1),
    ("area_sqft", 10**8),
    ("bedrooms", -1),
    ("bedrooms", 32_768),
    ("bedrooms", 2.5),
    ("bedrooms", 2**70),
    ("bathrooms", "many"),
    ("latitude", 90.1),
    ("latitude", "Infinity"),
    ("longitude", -180.1),
    ("longitude", True),
    ("timezone", "Mars/Base"),
    ("timezone", "../../etc/passwd"),
    ("is_available", "perhaps"),
    ("exclusive_tours", None),
    ("attributes", []),
    ("attributes", {"floor": 4}),
    ("attributes", {"floor": None}),
    ("attributes", None),
    ("attributes", {"": "x"}),
    ("features", {"floor": "4"}),
    ("features", "Sea view"),
    ("features", [4]),
    ("features", [" "]),
    ("features", ["x" * 201]),
    ("features", ["x"] * 51),
    ("features", None),
    ("amenities", "Lift"),
    ("amenities", ["Moat"]),
    ("amenities", [True]),
    ("amenities", [None]),
    ("amenities", [2**63]),
    ("amenities", [0]),
    ("amenities", ["9" * 80]),
    ("amenities", [{}]),
    ("amenities", ["Lift"] * 101),
    ("amenities", None),
    ("owner_id", 1),
    ("id", 1),
    ("created_at", "2026-01-01T00:00:00Z"),
    ("next_visit_date", None),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}-{str(value)[:12]}" for name, value in WRONG])
def test_a_bad_field_is_named_and_nothing_changes(api, asha, listing, name, value, snapshot):
    before = snapshot()
    place = {"latitude": 1, "longitude": 1} if name in {"latitude", "longitude"} else {}
    for response in (
        api(asha).post(PROPERTIES, {**HOME, **place, name: value}),
        api(asha).patch(f"{PROPERTIES}/{listing.pk}", {**place, name: value}),
    ):
        body = response.json()
        assert (response.status_code, body["status"]) == (400, 400)
        if body["code"] != "parse_error":
            assert [key.partition(".")[0] for key in body["errors"]] == [name]
    assert snapshot() == before


def test_a_field_that_nobody_knows_is_ignored_in_a_new_listing_and_refused_in_a_change(api, asha, listing):
    unknown = {"import_key": "x", "colour": "red"}

    made = api(asha).post(PROPERTIES, HOME | unknown)
    refused = api(asha).put(f"{PROPERTIES}/{listing.pk}", unknown)

    assert (made.status_code, Property.objects.get(pk=made.json()["id"]).import_key) == (201, None)
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, ["import_key", "colour"])


def test_latitude_and_longitude_come_together(api, asha, listing):
    response = api(asha).patch(f"{PROPERTIES}/{listing.pk}", {"latitude": 19})
    assert (response.status_code, [*response.json()["errors"]]) == (400, ["longitude"])
    both = api(asha).patch(f"{PROPERTIES}/{listing.pk}", {"latitude": 19, "longitude": 72.5})
    assert (both.json()["latitude"], both.json()["longitude"]) == (19.0, 72.5)


@pytest.mark.parametrize("method", ["patch", "put"])
def test_patch_and_put_change_only_the_fields_they_name(api, asha, listing, method):
    change = {
        "title": "Other",
        "bedrooms": 3,
        "attributes": {"floor": "4"},
        "features": ["Sea view"],
        "exclusive_tours": True,
    }
    response = getattr(api(asha), method)(f"{PROPERTIES}/{listing.pk}", change)
    assert response.status_code == 200
    assert {name: response.json()[name] for name in change} == change
    assert response.json()["base_price"] == 50000
    listing.refresh_from_db()
    assert (listing.title, listing.bedrooms, listing.exclusive_tours) == ("Other", 3, True)


# What each route answers to the listing's owner, a stranger, staff and nobody.
ACCESS = {
    "change": ("patch", "", {"title": "Other"}, (200, 403, 200, 401)),
    "withdraw": ("delete", "", None, (204, 403, 204, 401)),
    "add image": ("post", "/images", IMAGE, (201, 403, 201, 401)),
    "remove image": ("delete", "/images/{image}", None, (204, 403, 204, 401)),
}


@pytest.mark.parametrize("route", ACCESS)
@pytest.mark.parametrize(("number", "person"), [*enumerate(["owner", "stranger", "staff", "nobody"])])
def test_only_owner_and_staff_can_change_a_listing(
    api, people, listing, image, route, number, person, snapshot
):
    method, path, body, statuses = ACCESS[route]
    before = snapshot()
    url = f"{PROPERTIES}/{listing.pk}{path.format(image=image.pk)}"
    response = getattr(api(people[person]), method)(url, body)
    assert response.status_code == statuses[number]
    codes = {401: "not_authenticated", 403: "permission_denied"}
    if statuses[number] in codes:
        assert response.json()["code"] == codes[statuses[number]]
    assert (snapshot() == before) == (statuses[number] in codes)


@pytest.mark.parametrize("route", ACCESS)
@pytest.mark.parametrize(("person", "status"), [("stranger", 404), ("nobody", 401)])
def test_others_cannot_find_a_withdrawn_listing(api, people, listing, image, route, person, status, snapshot):
    Property.objects.update(status="withdrawn")
    before = snapshot()
    method, path, body, _ = ACCESS[route]
    url = f"{PROPERTIES}/{listing.pk}{path.format(image=image.pk)}"
    assert getattr(api(people[person]), method)(url, body).status_code == status
    assert snapshot() == before


def test_a_user_without_rights_gets_403_whatever_the_body(api, bala, listing):
    assert api(bala).patch(f"{PROPERTIES}/{listing.pk}", {"colour": "red"}).status_code == 403


def test_a_withdrawn_listing_is_hidden_until_its_owner_puts_it_back(api, asha, bala, listing):
    url = f"{PROPERTIES}/{listing.pk}"
    assert (api(asha).delete(url).status_code, api(asha).delete(url).status_code) == (204, 204)
    assert (api(asha).get(url).json()["status"], api(bala).get(url).status_code) == ("withdrawn", 404)
    assert api(asha).patch(url, {"status": "available"}).json()["status"] == "available"
    assert api(bala).get(url).status_code == 200
