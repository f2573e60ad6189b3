import pytest

from properties.demo import create_listings
from properties.models import Amenity, Property

pytestmark = pytest.mark.django_db


def test_the_demo_creates_its_twenty_listings_once(asha):
    listings = create_listings(owner=asha)
    assert [listing.pk for listing in create_listings(owner=asha)] == [listing.pk for listing in listings]
    assert (len(listings), Property.objects.count()) == (20, 20)
    assert {listing.city for listing in listings} == {"Mumbai", "Bangalore", "Delhi"}
    assert {listing.owner_id for listing in listings} == {asha.pk}
    for listing in listings:
        assert 2 <= listing.images.count() <= 3
        assert listing.main_image() is not None
        assert listing.amenities.exists()
        assert listing.latitude is not None
    assert not Amenity.objects.filter(icon="").exists()


def test_the_pictures_of_the_demo_are_served(asha, client):
    create_listings(owner=asha)
    for path in {image.image_url for listing in Property.objects.all() for image in listing.images.all()}:
        response = client.get(path)
        assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
