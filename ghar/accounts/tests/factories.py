import factory
from factory.django import DjangoModelFactory

from ghar.accounts.models import User


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User

    full_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")
