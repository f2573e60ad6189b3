"""What the database refuses and follows by itself, tried by plain SQL."""

from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction

from ghar.accounts.tests.factories import UserFactory
from properties.models import Property, PropertyImage
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory

pytestmark = pytest.mark.django_db

# The constraint, and what it has to refuse of a listing.
REFUSED = [
    ("property_price_in_range", "base_price = -0.01"),
    ("property_price_in_range", "base_price = 'NaN'"),
    ("property_rent_in_range", "monthly_rent = -0.01"),
    ("property_rent_in_range", "monthly_rent = 'NaN'"),
    ("property_area_in_range", "area_sqft = -0.01"),
    ("property_area_in_range", "area_sqft = 'NaN'"),
    ("property_on_the_globe", "latitude = 90.1, longitude = 0"),
    ("property_on_the_globe", "latitude = 0, longitude = -180.1"),
    ("property_on_the_globe", "latitude = 'NaN', longitude = 0"),
    ("property_place_is_whole", "latitude = 19"),
    ("property_place_is_whole", "longitude = 72"),
    ("property_status_known", "status = 'gone'"),
]


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@contextmanager
def refused_by(name):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        yield
    assert caught.value.__cause__.diag.constraint_name == name


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_a_listing_that_must_never_be_is_refused(constraint, change):
    listing = PropertyFactory()
    with refused_by(constraint):
        sql(f"UPDATE properties_property SET {change} WHERE id = %s", listing.pk)


@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_nothing_but_its_constraint_refuses_it(constraint, change):
    sql(f"ALTER TABLE properties_property DROP CONSTRAINT {constraint}")
    listing = PropertyFactory()
    sql(f"UPDATE properties_property SET {change} WHERE id = %s", listing.pk)


def test_a_row_is_imported_once():
    PropertyFactory(import_key="a")
    with refused_by("properties_property_import_key_key"):
        PropertyFactory(import_key="a")


def test_a_listing_has_one_main_image():
    listing = PropertyFactory()
    columns = "property_id, image_url, caption, display_order, is_main_image"
    values = "%s, 'https://example.com/a.jpg', '', 0, true"
    add = f"INSERT INTO properties_propertyimage ({columns}) VALUES ({values})"
    sql(add, listing.pk)
    with refused_by("property_one_main_image"):
        sql(add, listing.pk)
    sql("DROP INDEX property_one_main_image")
    sql(add, listing.pk)
    assert listing.images.count() == 2


def test_an_amenity_has_its_title_alone_without_case():
    AmenityFactory(title="Lift")
    add = "INSERT INTO properties_amenity (title, icon, category) VALUES ('LIFT', '', '')"
    with refused_by("amenity_title_once"):
        sql(add)
    sql("DROP INDEX amenity_title_once")
    sql(add)


def test_a_listing_outlives_its_owner():
    listing = PropertyFactory(owner=UserFactory())
    sql("DELETE FROM accounts_user WHERE id = %s", listing.owner_id)
    assert Property.objects.get().owner_id is None


def test_images_and_links_to_amenities_go_with_the_listing():
    listing = PropertyFactory(amenities=[AmenityFactory()])
    PropertyImageFactory(property=listing)
    sql("DELETE FROM properties_property WHERE id = %s", listing.pk)
    assert not PropertyImage.objects.exists()
    assert not Property.amenities.through.objects.exists()


def test_searching_uses_the_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Property.objects.order_by().search("Bandra").explain()
    assert "property_search" in plan
