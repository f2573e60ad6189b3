import importlib

import pytest
from django.apps import apps

from agents.tests.factories import AgentFactory
from flatmates.models import Message, UserBlock, UserConversation, UserMatch
from flatmates.tests.factories import match
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits.models import Visit, VisitEvent, VisitFeedback
from visits.tests.factories import book, local
from visits.tests.meets import AT, invite


@pytest.fixture
def agent(db):
    """Works 09:00–19:00 in Mumbai, and can log in."""
    return AgentFactory(user=UserFactory(full_name="Meera Kulkarni", email="meera@example.com"))


@pytest.fixture
def listing(db):
    return PropertyFactory(owner=UserFactory(full_name="Omkar Patil", email="omkar@example.com"))


@pytest.fixture
def tour(agent, listing, asha):
    """Asha's tour the day after tomorrow at 11:00 in Mumbai, with the agent; it awaits the agency."""
    return book(asha, listing, local(2, 11))


@pytest.fixture
def snapshot(db):
    """`snapshot()` is all there is of visits, history and feedback: equal before and after a refusal."""

    def take():
        return [list(model.objects.order_by("pk").values()) for model in (Visit, VisitEvent, VisitFeedback)]

    return take


@pytest.fixture
def home(bala):
    return PropertyFactory(owner=bala, title="Sea view")


@pytest.fixture
def matched(asha, bala):
    return match(asha, bala)


@pytest.fixture
def meet(asha, bala, home, matched):
    """Asha invites Bala to Bala's home the day after tomorrow at 18:00; the meet awaits Bala."""
    return invite(asha, bala, home, local(*AT))


@pytest.fixture
def chitra(db):
    return UserFactory(full_name="Chitra Menon")


@pytest.fixture
def unchanged(snapshot):
    """Within it, neither visits nor anything of flatmates changes."""

    def take():
        models = (UserMatch, UserConversation, Message, UserBlock)
        return snapshot(), [list(model.objects.order_by("pk").values()) for model in models]

    before = None

    class Unchanged:
        def __enter__(self):
            nonlocal before
            before = take()

        def __exit__(self, *error):
            assert error[0] is not None or take() == before

    return Unchanged()


@pytest.fixture
def staff_groups(db):
    """The groups of staff, which a test with real transactions empties with all other tables."""
    importlib.import_module("visits.migrations.0003_staff_groups").create(apps, None)
