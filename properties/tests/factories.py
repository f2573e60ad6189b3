import factory
from factory.django import DjangoModelFactory

from ghar.accounts.tests.factories import UserFactory
from properties.models import Amenity, Property, PropertyImage


class AmenityFactory(DjangoModelFactory):
    class Meta:
        model = Amenity

    title = factory.Sequence(lambda n: f"Amenity {n}")


class PropertyFactory(DjangoModelFactory):
    class Meta:
        model = Property
        skip_postgeneration_save = True

    class Params:
        withdrawn = factory.Trait(status=Property.Status.WITHDRAWN)

    owner = factory.SubFactory(UserFactory)
    title = factory.Sequence(lambda n: f"Home {n}")
    city = "Mumbai"
    base_price = 50_000

    @factory.post_generation
    def amenities(self, create, extracted, **kwargs):
        if extracted:
            self.amenities.set(extracted)


class PropertyImageFactory(DjangoModelFactory):
    class Meta:
        model = PropertyImage

    property = factory.SubFactory(PropertyFactory)
    image_url = factory.Sequence(lambda n: f"https://images.example.com/{n}.jpg")
    display_order = factory.Sequence(lambda n: n)
