"""The images of a listing over HTTP."""

import pytest

from properties.models import PropertyImage
from properties.tests.factories import PropertyFactory, PropertyImageFactory
from properties.tests.requests import IMAGE, PROPERTIES

pytestmark = pytest.mark.django_db


def test_images_are_added_and_removed_and_one_is_the_main_image(api, asha, listing):
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
    ],
)
def test_a_bad_field_of_an_image_is_named(api, asha, listing, name, value):
    response = api(asha).post(f"{PROPERTIES}/{listing.pk}/images", {**IMAGE, name: value})
    assert (response.status_code, [*response.json()["errors"]]) == (400, [name])
    assert not PropertyImage.objects.exists()


def test_an_image_of_another_listing_is_not_found(api, asha, listing):
    foreign = PropertyImageFactory(property=PropertyFactory(owner=asha))
    response = api(asha).delete(f"{PROPERTIES}/{listing.pk}/images/{foreign.pk}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert PropertyImage.objects.get() == foreign
