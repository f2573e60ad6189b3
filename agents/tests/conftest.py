import pytest
from django.contrib.auth.models import Permission

from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory


@pytest.fixture
def meera(db):
    """An agent with a login of their own."""
    return AgentFactory(name="Meera", with_login=True)


@pytest.fixture
def viewer(db):
    """Staff who may view agents and nothing else."""
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_agent"))
    return user
