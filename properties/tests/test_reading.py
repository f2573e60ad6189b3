"""GET /properties: who sees which listings, and with which fields."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ghar import clock
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory
from properties.tests.requests import PROPERTIES

pytestmark = pytest.mark.django_db


def test_a_listing_shows_all_its_fields(api, asha):
    with clock.frozen_at(datetime(2026, 5, 1, 12, tzinfo=UTC)):
        home = PropertyFactory(
            owner=asha,
            title="Sea view",
            latitude=19.0596,
            longitude=72.8295,
            base_price="50000.50",
            monthly_rent=48_000,
            area_sqft="900",
            bedrooms=2,
            features=["Sea view"],
            attributes={"floor": "4 of 7"},
            amenities=[AmenityFactory(title="Lift", icon="elevator", category="building")],
        )
    own = PropertyImageFactory(
        property=home, image_url="/static/a.svg", caption="Hall", display_order=1, is_main_image=True
    )
    other = PropertyImageFactory(property=home, image_url="https://example.com/b.jpg", display_order=0)
    (lift,) = home.amenities.all()
    assert api().get(f"{PROPERTIES}/{home.pk}").json() == {
        "id": home.pk,
        "title": "Sea view",
        "property_type": "apartment",
        "purpose": "rent",
        "status": "available",
        "city": "Mumbai",
        "locality": "",
        "full_address": "",
        "latitude": 19.0596,
        "longitude": 72.8295,
        "base_price": 50000.5,
        "monthly_rent": 48000,
        "bedrooms": 2,
        "bathrooms": None,
        "area_sqft": 900,
        "main_image_url": "http://127.0.0.1:8000/static/a.svg",
        "images": [
            {
                "id": other.pk,
                "property_id": home.pk,
                "image_url": "https://example.com/b.jpg",
                "caption": "",
                "display_order": 0,
                "is_main_image": False,
            },
            {
                "id": own.pk,
                "property_id": home.pk,
                "image_url": "http://127.0.0.1:8000/static/a.svg",
                "caption": "Hall",
                "display_order": 1,
                "is_main_image": True,
            },
        ],
        "amenities": [{"id": lift.pk, "title": "Lift", "icon": "elevator", "category": "building"}],
        "description": "",
        "sub_locality": "",
        "landmark": "",
        "pincode": "",
        "state": "",
        "country": "India",
        "timezone": "Asia/Kolkata",
        "furnishing": "",
        "exclusive_tours": False,
        "is_available": True,
        "owner_id": asha.pk,
        "features": ["Sea view"],
        "attributes": {"floor": "4 of 7"},
        "created_at": "2026-05-01T12:00:00Z",
        "updated_at": "2026-05-01T12:00:00Z",
    }


@pytest.mark.django_db
def test_a_listing_without_optional_values_has_every_key(api):
    home = PropertyFactory(owner=None)
    shown = api().get(f"{PROPERTIES}/{home.pk}/").json()
    empty = ["latitude", "monthly_rent", "bedrooms", "area_sqft", "main_image_url", "owner_id"]
    assert [shown[name] for name in empty] == [None] * 6
    assert (shown["images"], shown["amenities"], shown["features"], shown["attributes"]) == ([], [], [], {})


def test_the_newest_listings_come_first_and_withdrawn_ones_only_for_owner_and_staff(api, people, asha):
    old, new = PropertyFactory(), PropertyFactory(status="sold", is_available=False)
    gone = PropertyFactory(owner=asha, withdrawn=True)
    everything, offered = [gone.pk, new.pk, old.pk], [new.pk, old.pk]
    for person, seen in {
        "owner": everything,
        "staff": everything,
        "stranger": offered,
        "nobody": offered,
    }.items():
        page = api(people[person]).get(PROPERTIES).json()
        assert [row["id"] for row in page["items"]] == seen
        assert {**page, "items": None} == {
            "items": None,
            "next_cursor": None,
            "has_more": False,
            "limit": 20,
            "total": None,
        }
        assert api(people[person]).get(f"{PROPERTIES}/{gone.pk}").status_code == 200 + 204 * (seen == offered)


def test_pages_follow_one_another(api, db):
    homes = PropertyFactory.create_batch(5)
    first = api().get(PROPERTIES, {"limit": 3, "include_total": "true"}).json()
    second = api().get(PROPERTIES, {"limit": 3, "cursor": first["next_cursor"]}).json()
    assert (first["total"], first["has_more"], second["has_more"]) == (5, True, False)
    assert [row["id"] for row in first["items"] + second["items"]] == [home.pk for home in homes[::-1]]


def test_ten_more_rows_need_no_more_queries(api, asha):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert api(asha).get(PROPERTIES).status_code == 200
        return len(captured)

    def add(count):
        for home in PropertyFactory.create_batch(count, amenities=[AmenityFactory()]):
            PropertyImageFactory(property=home, is_main_image=True)

    add(2)
    before = queries()
    add(10)
    assert queries() == before


@pytest.mark.parametrize("key", ["0", "999999999", str(2**70), "9" * 400, "abc", "-1", "1.0", "%00", "१"])
def test_an_unknown_id_is_not_found(api, asha, key):
    for method, path in [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/images"),
        ("delete", "/images/1"),
    ]:
        response = getattr(api(asha), method)(f"{PROPERTIES}/{key}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
