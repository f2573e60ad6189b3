import pytest

from properties.models import Property, PropertyImage
from properties.tests.factories import PropertyFactory, PropertyImageFactory


@pytest.fixture
def listing(asha):
    """Asha's listing."""
    return PropertyFactory(owner=asha, title="Home", monthly_rent=50_000)


@pytest.fixture
def image(listing):
    """The main image of Asha's listing."""
    return PropertyImageFactory(property=listing, is_main_image=True)


@pytest.fixture
def people(asha, bala, ops):
    """Asha, a stranger, staff and an anonymous user, by what they are to Asha's listing."""
    return {"owner": asha, "stranger": bala, "staff": ops, "nobody": None}


@pytest.fixture
def snapshot(db):
    """`snapshot()` returns all listings and images: the same before and after a refusal."""

    def take():
        properties, images = Property.objects.order_by("id"), PropertyImage.objects.order_by("id")
        return list(properties.values()), list(images.values())

    return take
