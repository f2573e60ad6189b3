"""How a change gets onto a visit: what the database refuses is told as what it is."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from agents.models import Agent
from visits import permissions
from visits.permissions import Role
from visits.scheduling import changes

pytestmark = pytest.mark.django_db


def test_a_violation_of_another_rule_is_not_told_as_a_taken_time(tour):
    tour.busy = DateTimeTZRange(tour.scheduled_end, tour.scheduled_end + timedelta(hours=1))
    with pytest.raises(IntegrityError, match="visit_busy_covers_visit"), transaction.atomic():
        changes.save_visit(tour, ["busy"])


def test_an_agent_who_has_left_has_no_role(tour, agent):
    assert permissions.roles(agent.user, tour) == {Role.AGENT}
    Agent.objects.update(is_active=False)
    tour.refresh_from_db()
    assert permissions.roles(agent.user, tour) == set()
