import pytest

from visits.models import Visit, VisitEvent
from visits.tests.factories import AgentFactory, ListingFactory, UserFactory, book, local


@pytest.fixture
def agent(db):
    """Works 09:00–19:00 in Mumbai, and can log in."""
    return AgentFactory(user=UserFactory(full_name="Meera Kulkarni", email="meera@example.com"))


@pytest.fixture
def listing(db):
    return ListingFactory(owner=UserFactory(full_name="Omkar Patil", email="omkar@example.com"))


@pytest.fixture
def tour(agent, listing, asha):
    """Asha's tour the day after tomorrow at 11:00 in Mumbai, with the agent; it awaits the agency."""
    return book(asha, listing, local(2, 11))


@pytest.fixture
def snapshot(db):
    """`snapshot()` is all there is of visits and their history: equal before and after a refusal."""

    def take():
        return list(Visit.objects.order_by("pk").values()), list(VisitEvent.objects.order_by("pk").values())

    return take
