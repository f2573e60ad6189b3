import pytest

from flatmates.models import Message, Swipe, UserBlock, UserConversation, UserMatch
from flatmates.tests.factories import match
from ghar.accounts.tests.factories import UserFactory


@pytest.fixture
def chitra(db):
    """A third person, whom neither Asha nor Bala knows."""
    return UserFactory(full_name="Chitra Menon", email="chitra@example.com")


@pytest.fixture
def matched(asha, bala):
    return match(asha, bala)


@pytest.fixture
def snapshot(db):
    """`snapshot()` returns all rows of flatmates: the same before and after a refusal."""
    models = (Swipe, UserMatch, UserConversation, Message, UserBlock)

    def take():
        return [list(model.objects.order_by("pk").values()) for model in models]

    return take
