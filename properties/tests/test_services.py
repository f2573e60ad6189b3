from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from ghar import clock
from ghar.errors import Invalid, NotAllowed
from properties import services
from properties.models import Property
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory

pytestmark = pytest.mark.django_db


def create(by, **fields):
    required = {"title": "Home", "property_type": "apartment", "purpose": "rent", "city": "Mumbai"}
    return services.create_property(by=by, **{**required, "base_price": Decimal(50_000), **fields})


def images(listing):
    """Each image's last part of the address; the main one has a star."""
    return [image.image_url[-1] + "*" * image.is_main_image for image in listing.images.all()]


def add(listing, by, name, **fields):
    return services.add_image(
        property=listing, by=by, image_url=f"https://images.example.com/{name}", **fields
    )


@pytest.mark.parametrize(
    ("fields", "rent"),
    [
        ({}, 50_000),
        ({"monthly_rent": None}, 50_000),
        ({"monthly_rent": Decimal(48_000)}, 48_000),
        ({"purpose": "buy"}, None),
        ({"purpose": "short_stay"}, None),
        ({"purpose": "buy", "monthly_rent": Decimal(900)}, 900),
    ],
)
def test_the_rent_of_a_new_listing(asha, fields, rent):
    assert create(asha, **fields).monthly_rent == rent


@pytest.mark.parametrize(
    ("before", "changes", "rent"),
    [
        ({}, {"base_price": Decimal(60_000)}, 60_000),
        ({}, {"title": "Other"}, 50_000),
        ({}, {"monthly_rent": Decimal(45_000)}, 45_000),
        ({}, {"purpose": "buy", "base_price": Decimal(9_000_000)}, None),
        ({"monthly_rent": Decimal(48_000)}, {"base_price": Decimal(60_000)}, 48_000),
        ({"monthly_rent": Decimal(48_000)}, {"monthly_rent": None}, 50_000),
        ({"purpose": "buy"}, {"purpose": "rent"}, 50_000),
    ],
)
def test_the_rent_follows_the_price_until_it_is_set_apart(asha, before, changes, rent):
    listing = create(asha, **before)
    services.update_property(property=listing, by=asha, **changes)
    assert Property.objects.get().monthly_rent == rent


def test_an_update_writes_only_what_it_names(asha):
    listing = create(asha)
    Property.objects.update(description="Written meanwhile")
    services.update_property(property=listing, by=asha, title="New title")
    stored = Property.objects.get()
    assert (stored.title, stored.description) == ("New title", "Written meanwhile")
    assert stored.updated_at > listing.updated_at


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"base_price": Decimal(-1)}, "base_price"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"latitude": 19.0}, "longitude"),
        ({"latitude": float("nan"), "longitude": 1.0}, "latitude"),
        ({"attributes": {"floor": 3}}, "attributes"),
        ({"attributes": {str(number): "" for number in range(51)}}, "attributes"),
        ({"attributes": {"x" * 61: ""}}, "attributes"),
        ({"attributes": {"floor": "x" * 501}}, "attributes"),
        ({"attributes": {" ": "x"}}, "attributes"),
        ({"attributes": ["floor"]}, "attributes"),
        ({"features": {"floor": "3"}}, "features"),
        ({"features": [str(number) for number in range(51)]}, "features"),
        ({"features": [""]}, "features"),
    ],
)
def test_what_is_wrong_is_named_and_not_saved(asha, changes, field):
    listing = create(asha)
    with pytest.raises(ValidationError) as caught:
        services.update_property(property=listing, by=asha, **changes)
    assert [*caught.value.message_dict] == [field]
    stored = Property.objects.get()
    assert (stored.title, stored.base_price, stored.attributes, stored.latitude) == ("Home", 50_000, {}, None)


def test_amenities_are_found_by_id_and_by_title_without_case(asha):
    lift, gym, _ = (AmenityFactory(title=title) for title in ("Lift", "Gym", "Pool"))
    listing = create(asha, amenities=[lift.pk, " gYM "])
    assert {*listing.amenities.all()} == {lift, gym}
    services.update_property(property=listing, by=asha, amenities=[str(gym.pk)])
    assert [*listing.amenities.all()] == [gym]
    services.update_property(property=listing, by=asha, title="Other")
    assert [*listing.amenities.all()] == [gym]
    services.update_property(property=listing, by=asha, amenities=[])
    assert not listing.amenities.exists()


def test_unknown_amenities_are_named_and_nothing_is_saved(asha):
    listing = create(asha, amenities=[AmenityFactory(title="Lift").pk])
    with pytest.raises(Invalid) as caught:
        services.update_property(
            property=listing, by=asha, title="Other", amenities=["lift", "Moat", 987_654]
        )
    assert caught.value.extra == {
        "errors": {"amenities": ["Unknown amenities: Moat, 987654. Choose existing ones."]}
    }
    stored = Property.objects.get()
    assert stored.title == "Home"
    assert [amenity.title for amenity in stored.amenities.all()] == ["Lift"]


def test_an_update_does_not_withdraw_and_can_put_back(asha):
    listing = create(asha)
    with pytest.raises(Invalid):
        services.update_property(property=listing, by=asha, status="withdrawn")
    assert Property.objects.get().status == "available"
    withdrawn = PropertyFactory(owner=asha, withdrawn=True)
    assert services.update_property(property=withdrawn, by=asha, status="available").status == "available"


def test_nothing_here_withdraws_a_listing_without_its_visits():
    assert not hasattr(services, "withdraw")


def test_a_new_listing_is_not_withdrawn(asha):
    with pytest.raises(Invalid):
        create(asha, status="withdrawn")
    assert not Property.objects.exists()


def test_images_come_last_and_the_first_is_the_main_one(asha):
    listing = create(asha)
    for name in "abc":
        add(listing, asha, name)
    assert images(listing) == ["a*", "b", "c"]
    assert add(listing, asha, "d", display_order=0, is_main_image=True).is_main_image
    assert images(listing) == ["a", "d*", "b", "c"]


def test_removing_the_main_image_promotes_the_next(asha):
    listing = create(asha)
    first, second, third = (add(listing, asha, name) for name in "abc")
    services.remove_image(image=second, by=asha)
    assert images(listing) == ["a*", "c"]
    services.remove_image(image=first, by=asha)
    assert images(listing) == ["c*"]
    services.remove_image(image=third, by=asha)
    assert images(listing) == []


def test_the_main_image_moves(asha):
    listing = create(asha)
    first, second = (add(listing, asha, name) for name in "ab")
    services.update_image(image=second, by=asha, is_main_image=True, caption="Hall")
    assert images(listing) == ["a", "b*"]
    second.refresh_from_db()
    assert second.caption == "Hall"
    services.update_image(image=second, by=asha, is_main_image=False)
    assert images(listing) == ["a*", "b"]
    services.update_image(image=first, by=asha, is_main_image=True)
    assert images(listing) == ["a*", "b"]


def test_images_have_an_end(asha):
    listing = create(asha)
    for place in range(services.MAX_IMAGES):
        PropertyImageFactory(property=listing, display_order=place)
    with pytest.raises(Invalid):
        add(listing, asha, "z")
    assert listing.images.count() == services.MAX_IMAGES


def test_an_image_after_the_last_possible_place(asha):
    listing = create(asha)
    add(listing, asha, "a", display_order=services.LAST_PLACE)
    assert add(listing, asha, "b").display_order == services.LAST_PLACE


CHANGES = {
    "update": lambda listing, by: services.update_property(property=listing, by=by, title="Mine now"),
    "add_image": lambda listing, by: add(listing, by, "z"),
    "update_image": lambda listing, by: services.update_image(
        image=listing.images.get(), by=by, caption="Mine now"
    ),
    "remove_image": lambda listing, by: services.remove_image(image=listing.images.get(), by=by),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_the_owner_and_staff_change_a_listing(asha, bala, ops, change):
    listing = create(asha)
    add(listing, asha, "a")
    before = Property.objects.values().get(), listing.images.values().get()
    with pytest.raises(NotAllowed):
        CHANGES[change](listing, bala)
    assert (Property.objects.values().get(), listing.images.values().get()) == before
    CHANGES[change](listing, ops)
    assert Property.objects.get().updated_at > before[0]["updated_at"]


def test_staff_without_the_permission_are_strangers(asha, bala):
    bala.is_staff = True
    bala.save()
    with pytest.raises(NotAllowed):
        services.update_property(property=create(asha), by=bala, title="Mine now")
    assert Property.objects.get().title == "Home"


def test_a_change_keeps_the_moment_of_the_clock(asha):
    listing = create(asha)
    moment = clock.now()
    with clock.frozen_at(moment):
        services.update_property(property=listing, by=asha, title="Other")
    assert Property.objects.get().updated_at == moment
