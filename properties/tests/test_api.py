from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ghar import clock
from properties.models import Property, PropertyImage
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory

PROPERTIES = "/api/v1/properties"
HOME = {
    "title": "Home",
    "property_type": "apartment",
    "purpose": "rent",
    "city": "Mumbai",
    "base_price": 50_000,
}
IMAGE = {"image_url": "https://images.example.com/a.jpg"}


@pytest.fixture
def listing(asha):
    return PropertyFactory(owner=asha, title="Home", monthly_rent=50_000)


@pytest.fixture
def image(listing):
    return PropertyImageFactory(property=listing, is_main_image=True)


@pytest.fixture
def people(asha, bala, ops):
    return {"owner": asha, "stranger": bala, "staff": ops, "nobody": None}


def snapshot():
    return [*Property.objects.order_by("id").values()], [*PropertyImage.objects.order_by("id").values()]


def test_the_whole_shape(api, asha):
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
            features={"floor": "4 of 7"},
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
        "features": {"floor": "4 of 7"},
        "created_at": "2026-05-01T12:00:00Z",
        "updated_at": "2026-05-01T12:00:00Z",
    }


@pytest.mark.django_db
def test_a_bare_listing_has_every_key(api):
    home = PropertyFactory(owner=None)
    shown = api().get(f"{PROPERTIES}/{home.pk}/").json()
    empty = ["latitude", "monthly_rent", "bedrooms", "area_sqft", "main_image_url", "owner_id"]
    assert [shown[name] for name in empty] == [None] * 6
    assert (shown["images"], shown["amenities"], shown["features"]) == ([], [], {})


def test_the_newest_come_first_and_withdrawn_ones_only_to_owner_and_staff(api, people, asha):
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


def test_pages_follow_on_one_another(api, db):
    homes = PropertyFactory.create_batch(5)
    first = api().get(PROPERTIES, {"limit": 3, "include_total": "true"}).json()
    second = api().get(PROPERTIES, {"limit": 3, "cursor": first["next_cursor"]}).json()
    assert (first["total"], first["has_more"], second["has_more"]) == (5, True, False)
    assert [row["id"] for row in first["items"] + second["items"]] == [home.pk for home in homes[::-1]]


def test_ten_more_rows_take_no_more_queries(api, asha):
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


def test_a_user_lists_what_becomes_his(api, asha):
    AmenityFactory(title="Lift")
    response = api(asha).post(PROPERTIES, {**HOME, "amenities": ["lift"], "features": {"floor": "4"}})
    assert response.status_code == 201
    shown = response.json()
    assert (shown["owner_id"], shown["status"], shown["is_available"]) == (asha.pk, "available", True)
    assert (shown["base_price"], shown["monthly_rent"], shown["timezone"]) == (50000, 50000, "Asia/Kolkata")
    assert [amenity["title"] for amenity in shown["amenities"]] == ["Lift"]
    assert api().get(f"{PROPERTIES}/{shown['id']}").json() == shown


def test_nobody_lists_nothing(api, db):
    response = api().post(PROPERTIES, HOME)
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert not Property.objects.exists()


@pytest.mark.parametrize("name", HOME)
def test_what_a_listing_needs(api, asha, name):
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
    ("features", []),
    ("features", {"floor": 4}),
    ("features", {"floor": None}),
    ("features", None),
    ("features", {"": "x"}),
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
    ("import_key", "x"),
    ("next_visit_date", None),
    ("colour", "red"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{name}-{str(value)[:12]}" for name, value in WRONG])
def test_what_is_wrong_is_refused_and_changes_nothing(api, asha, listing, name, value):
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


def test_half_a_place_is_refused(api, asha, listing):
    response = api(asha).patch(f"{PROPERTIES}/{listing.pk}", {"latitude": 19})
    assert (response.status_code, [*response.json()["errors"]]) == (400, ["longitude"])
    both = api(asha).patch(f"{PROPERTIES}/{listing.pk}", {"latitude": 19, "longitude": 72.5})
    assert (both.json()["latitude"], both.json()["longitude"]) == (19.0, 72.5)


@pytest.mark.parametrize("method", ["patch", "put"])
def test_patch_and_put_change_what_they_name(api, asha, listing, method):
    change = {"title": "Other", "bedrooms": 3, "features": {"floor": "4"}, "exclusive_tours": True}
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
def test_who_may_change_a_listing(api, people, listing, image, route, number, person):
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
def test_a_withdrawn_listing_is_not_there_for_others(api, people, listing, image, route, person, status):
    Property.objects.update(status="withdrawn")
    before = snapshot()
    method, path, body, _ = ACCESS[route]
    url = f"{PROPERTIES}/{listing.pk}{path.format(image=image.pk)}"
    assert getattr(api(people[person]), method)(url, body).status_code == status
    assert snapshot() == before


def test_a_stranger_learns_nothing_from_a_wrong_body(api, bala, listing):
    assert api(bala).patch(f"{PROPERTIES}/{listing.pk}", {"colour": "red"}).status_code == 403


def test_withdrawing_hides_and_its_owner_puts_it_back(api, asha, bala, listing):
    url = f"{PROPERTIES}/{listing.pk}"
    assert (api(asha).delete(url).status_code, api(asha).delete(url).status_code) == (204, 204)
    assert (api(asha).get(url).json()["status"], api(bala).get(url).status_code) == ("withdrawn", 404)
    assert api(asha).patch(url, {"status": "available"}).json()["status"] == "available"
    assert api(bala).get(url).status_code == 200


def test_adding_and_removing_images(api, asha, listing):
    url = f"{PROPERTIES}/{listing.pk}/images"
    first = api(asha).post(url, IMAGE)
    assert first.status_code == 201
    assert first.json() == {
        "id": first.json()["id"],
        "property_id": listing.pk,
        "image_url": "https://images.example.com/a.jpg",
        "caption": "",
        "display_order": 0,
        "is_main_image": True,
    }
    body = {"image_url": "http://example.com/b.jpg", "caption": "Hall", "is_main_image": True}
    second = api(asha).post(f"{url}/", body).json()
    assert (second["display_order"], second["caption"], second["is_main_image"]) == (1, "Hall", True)
    shown = api().get(f"{PROPERTIES}/{listing.pk}").json()
    assert shown["main_image_url"] == "http://example.com/b.jpg"
    assert [image["is_main_image"] for image in shown["images"]] == [False, True]
    assert api(asha).delete(f"{url}/{second['id']}").status_code == 204
    shown = api().get(f"{PROPERTIES}/{listing.pk}").json()
    assert [(image["id"], image["is_main_image"]) for image in shown["images"]] == [
        (first.json()["id"], True)
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_url", "/static/a.svg"),
        ("image_url", "ftp://example.com/a.jpg"),
        ("image_url", "javascript:alert(1)"),
        ("image_url", "http://["),
        ("image_url", ""),
        ("image_url", None),
        ("image_url", f"https://example.com/{'x' * 500}"),
        ("caption", "x" * 201),
        ("caption", None),
        ("display_order", -1),
        ("display_order", 32_768),
        ("display_order", 2**70),
        ("is_main_image", "yes please"),
        ("property_id", 1),
        ("colour", "red"),
    ],
)
def test_wrong_images_are_refused(api, asha, listing, name, value):
    response = api(asha).post(f"{PROPERTIES}/{listing.pk}/images", {**IMAGE, name: value})
    assert (response.status_code, [*response.json()["errors"]]) == (400, [name])
    assert not PropertyImage.objects.exists()


def test_an_image_of_another_listing_is_not_found(api, asha, listing):
    foreign = PropertyImageFactory(property=PropertyFactory(owner=asha))
    response = api(asha).delete(f"{PROPERTIES}/{listing.pk}/images/{foreign.pk}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert PropertyImage.objects.get() == foreign


@pytest.mark.parametrize("key", ["0", "999999999", str(2**70), "9" * 400, "abc", "-1", "1.0", "%00", "१"])
def test_a_listing_that_is_not_there(api, asha, key):
    for method, path in [
        ("get", ""),
        ("patch", ""),
        ("delete", ""),
        ("post", "/images"),
        ("delete", "/images/1"),
    ]:
        response = getattr(api(asha), method)(f"{PROPERTIES}/{key}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
