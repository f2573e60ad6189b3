from dataclasses import dataclass

import pytest

from agents.tests.factories import AgentFactory
from ghar.mcp.tests.assistant import Assistant
from ghar.models import OutboxEvent
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import book, local


@pytest.fixture
def asha_assistant(asha):
    """Asha's assistant, at the server for users."""
    return Assistant(asha)


@pytest.fixture
def staff_assistant(ops):
    """The assistant of staff with all permissions, at the agency's server."""
    return Assistant(ops, "/mcp-admin")


@pytest.fixture
def everything(snapshot):
    """`everything()` is all visits, their history and events: equal before and after a refusal."""
    return lambda: (snapshot(), OutboxEvent.objects.count())


@dataclass
class World:
    """The ids of Asha's tours, of listings and agents."""

    listing: int
    other_listing: int
    own_listing: int
    sold_listing: int
    tour: int
    completed_tour: int
    bala_tour: int
    tour_at_own_listing: int
    agent_elsewhere: int
    second_agent: int


@pytest.fixture
def world(asha, bala, agent, listing):
    """Asha has two tours ahead and a completed one; Bala has one there and one at the listing of Asha."""
    own = PropertyFactory(owner=asha)
    tour, completed = book(asha, listing, local(2, 11)), book(asha, listing, local(6, 11))
    book(asha, listing, local(4, 11))
    Visit.objects.filter(pk=completed.pk).update(
        status="completed", awaiting=None, actual_date=completed.scheduled_date
    )
    return World(
        listing=listing.pk,
        other_listing=PropertyFactory().pk,
        own_listing=own.pk,
        sold_listing=PropertyFactory(status="sold").pk,
        tour=tour.pk,
        completed_tour=completed.pk,
        bala_tour=book(bala, listing, local(2, 11)).pk,
        tour_at_own_listing=book(bala, own, local(3, 11)).pk,
        agent_elsewhere=AgentFactory(cities=["Pune"]).pk,
        second_agent=AgentFactory().pk,
    )
