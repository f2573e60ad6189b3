import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ghar.testing import create_user, messages_of
from properties.models import Amenity, Property, PropertyImage
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:properties_property_changelist")
ADD = reverse("admin:properties_property_add")
FIELDS = (
    *("owner", "title", "description", "property_type", "purpose", "status", "city", "locality"),
    *("sub_locality", "landmark", "full_address", "pincode", "state", "country", "latitude", "longitude"),
    *("timezone", "base_price", "monthly_rent", "area_sqft", "bedrooms", "bathrooms", "furnishing"),
)


def change(listing):
    return reverse("admin:properties_property_change", args=[listing.pk])


def image_row(image, **changed):
    row = {name: getattr(image, name) for name in ("id", "image_url", "caption", "display_order")}
    row |= {"property": image.property_id, "is_main_image": "on" if image.is_main_image else ""}
    return row | changed


def page(listing, stored=(), new=(), **changed):
    """Return the listing's form as a browser sends it."""
    data = {name: getattr(listing, f"{name}_id" if name == "owner" else name) for name in FIELDS}
    data |= {"is_available": "on", "features": "[]", "attributes": "{}", **changed}
    data |= {"images-TOTAL_FORMS": len(stored) + len(new), "images-INITIAL_FORMS": len(stored)}
    for number, row in enumerate([*stored, *({"display_order": 0} | row for row in new)]):
        data |= {f"images-{number}-{name}": value for name, value in row.items()}
    return {name: "" if value is None else value for name, value in data.items() if value is not False}


def images(listing):
    return [image.image_url[-1] + "*" * image.is_main_image for image in listing.images.all()]


def test_staff_add_a_listing_for_an_owner(staff_client, asha):
    lift = AmenityFactory(title="Lift")
    draft = PropertyFactory.build(owner=asha, title="Sea view")
    new = [{"image_url": f"https://example.com/{letter}"} for letter in "ab"]
    response = staff_client.post(ADD, page(draft, new=new, amenities=[lift.pk]))
    assert response.status_code == 302
    listing = Property.objects.get()
    assert (listing.title, listing.owner, listing.monthly_rent) == ("Sea view", asha, 50_000)
    assert [*listing.amenities.all()] == [lift]
    assert images(listing) == ["a*", "b"]
    assert LogEntry.objects.get().object_id == str(listing.pk)


def test_a_listing_needs_no_owner(staff_client):
    staff_client.post(ADD, page(PropertyFactory.build(owner=None)))
    assert Property.objects.get().owner is None


def test_only_changed_fields_are_saved(staff_client):
    listing = PropertyFactory(monthly_rent=50_000, amenities=[AmenityFactory(title="Lift")])
    data = page(listing, base_price=60_000, amenities=[amenity.pk for amenity in listing.amenities.all()])
    Property.objects.update(description="Written meanwhile")
    assert staff_client.post(change(listing), data | {"description": "Written meanwhile"}).status_code == 302
    stored = Property.objects.get()
    assert (stored.base_price, stored.monthly_rent, stored.description) == (
        60_000,
        60_000,
        "Written meanwhile",
    )
    assert stored.amenities.count() == 1
    staff_client.post(change(listing), page(stored))
    assert not Property.objects.get().amenities.exists()


def test_images_are_added_changed_and_removed(staff_client):
    listing = PropertyFactory()
    first, second, third = (
        PropertyImageFactory(property=listing, image_url=f"https://example.com/{letter}", display_order=place)
        for place, letter in enumerate("abc")
    )
    PropertyImage.objects.filter(pk=first.pk).update(is_main_image=True)
    first.refresh_from_db()
    stored = [image_row(first, DELETE="on"), image_row(second, caption="Hall"), image_row(third)]
    new = [{"image_url": "https://example.com/d"}]
    assert staff_client.post(change(listing), page(listing, stored, new)).status_code == 302
    assert images(listing) == ["b*", "c", "d"]
    assert listing.images.first().caption == "Hall"


def test_selecting_another_main_image_replaces_the_first(staff_client):
    listing = PropertyFactory()
    first = PropertyImageFactory(property=listing, image_url="https://example.com/a", is_main_image=True)
    second = PropertyImageFactory(property=listing, image_url="https://example.com/b")
    stored = [image_row(first), image_row(second, is_main_image="on")]
    assert staff_client.post(change(listing), page(listing, stored)).status_code == 302
    assert images(listing) == ["a", "b*"]


def test_two_new_main_images_are_refused(staff_client):
    listing = PropertyFactory()
    new = [{"image_url": f"https://example.com/{letter}", "is_main_image": "on"} for letter in "ab"]
    response = staff_client.post(change(listing), page(listing, new=new))
    assert "A listing has one main image. Select one." in response.content.decode()
    assert images(listing) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"latitude": "19"}, "Enter both latitude and longitude, or neither."),
        ({"attributes": '{"floor": 4}'}, "An attribute must be a text of at most 500 characters."),
        ({"features": "{"}, "Enter a valid JSON."),
        ({"base_price": "-1"}, "Ensure this value is greater than or equal to 0."),
        ({"status": "withdrawn"}, "Select a valid choice. withdrawn is not one of the available choices."),
        ({"timezone": "Mars"}, "Mars is not a time zone such as Asia/Kolkata."),
    ],
)
def test_errors_are_shown_and_nothing_is_saved(staff_client, changed, message):
    listing = PropertyFactory()
    response = staff_client.post(change(listing), page(listing, **changed, title="Other"))
    assert (response.status_code, message in response.content.decode()) == (200, True)
    assert Property.objects.values().get()["title"] == listing.title


def test_a_withdrawn_listing_can_be_put_back(staff_client):
    listing = PropertyFactory(withdrawn=True)
    assert staff_client.post(change(listing), page(listing, title="Other")).status_code == 302
    assert Property.objects.values_list("title", "status").get() == ("Other", "withdrawn")
    assert staff_client.post(change(listing), page(listing, status="available")).status_code == 302
    assert Property.objects.get().status == "available"


def test_images_of_a_new_listing_require_the_permission_to_change(client, asha):
    clerk = create_user("Clerk", is_staff=True)
    codenames = ["add_property", "view_property", "add_propertyimage"]
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(clerk)
    new = [{"image_url": "https://example.com/a"}]
    response = client.post(ADD, page(PropertyFactory.build(owner=asha), new=new), follow=True)
    assert len(messages_of(response)) == 1
    assert not Property.objects.exists()


def test_listings_are_not_deleted(staff_client):
    listing = PropertyFactory()
    response = staff_client.post(
        reverse("admin:properties_property_delete", args=[listing.pk]), {"post": "yes"}
    )
    assert response.status_code == 403
    staff_client.post(LIST, {"action": "delete_selected", "_selected_action": [listing.pk], "post": "yes"})
    assert Property.objects.get() == listing


@pytest.mark.parametrize("query", ["", "?q=bandra", "?q=%3D1", "?status__exact=available", "?city=Mumbai"])
def test_the_list_takes_as_many_queries_however_long(staff_client, query):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert staff_client.get(LIST + query).status_code == 200
        return len(captured)

    PropertyFactory.create_batch(2, locality="Bandra West")
    before = queries()
    PropertyFactory.create_batch(10, locality="Bandra West")
    assert queries() == before


def test_search_finds_by_owner_and_id(staff_client, asha):
    listing = PropertyFactory(owner=asha, title="Sea view")
    PropertyFactory(title="Elsewhere")
    for query in ("asha", "sea", str(listing.pk)):
        page = staff_client.get(LIST, {"q": query}).content.decode()
        assert ("Sea view" in page, "Elsewhere" in page) == (True, False)


def test_amenities(staff_client):
    url = reverse("admin:properties_amenity_add")
    assert staff_client.post(url, {"title": "Lift", "icon": "", "category": "building"}).status_code == 302
    assert staff_client.post(url, {"title": "LIFT"}).status_code == 200
    assert [amenity.title for amenity in Amenity.objects.all()] == ["Lift"]
    PropertyFactory(amenities=Amenity.objects.all())
    assert staff_client.get(reverse("admin:properties_amenity_changelist")).status_code == 200


def test_users_who_are_not_staff_are_redirected(client, asha):
    client.force_login(asha)
    assert client.get(LIST).status_code == 302
    assert client.get(change(PropertyFactory())).status_code == 302


def test_spaces_are_normalised_in_cities_and_localities(staff_client, asha):
    listing = PropertyFactory(owner=asha)
    assert (
        staff_client.post(
            change(listing), page(listing, city="New  Delhi", locality="Hauz  Khas")
        ).status_code
        == 302
    )
    listing.refresh_from_db()
    assert (listing.city, listing.locality) == ("New Delhi", "Hauz Khas")
