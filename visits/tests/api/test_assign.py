"""POST /visits/{id}/assign: staff choose the agent, or let the best one be chosen."""

import pytest
from django.contrib.auth.models import Permission

from agents.models import Engagement
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestAssign:
    def path(self, tour):
        return f"/api/v1/visits/{tour.pk}/assign"

    def test_a_change_of_the_agent_requires_a_reason(self, api, tour, ops, agent, snapshot):
        other = AgentFactory()
        before = snapshot()
        refused = api(ops).post(self.path(tour), {"agent_id": other.pk})
        assert problem(refused) == (400, "validation_error")
        assert list(refused.json()["errors"]) == ["reason"]
        assert snapshot() == before
        visit = api(ops).post(self.path(tour), {"agent_id": other.pk, "reason": "Knows the house"}).json()
        assert (visit["agent_id"], visit["status"], visit["version"]) == (other.pk, "scheduled", 2)
        last = tour.events.last()
        assert (last.change, last.reason, last.actor) == ("assigned", "Knows the house", ops)
        assert (last.data["from_agent_id"], last.data["agent_id"]) == (agent.pk, other.pk)
        agent.refresh_from_db()
        other.refresh_from_db()
        assert (agent.live_visits, other.live_visits) == (0, 1)
        back = api(ops).post(self.path(tour), {"agent_id": agent.pk, "reason": "Back"})
        assert back.json()["agent_id"] == agent.pk
        assert Engagement.objects.open().get(seeker=tour.user).agent == agent

    def test_the_present_agent_again_changes_nothing(self, api, tour, ops, agent, snapshot):
        before = snapshot()
        assert api(ops).post(self.path(tour), {"agent_id": agent.pk}).status_code == 200
        assert api(ops).post(self.path(tour), {}).status_code == 200
        assert snapshot() == before

    def test_an_unassigned_agent_comes_back_only_when_staff_name_them(self, api, tour, ops, agent, snapshot):
        visit = api(ops).post(self.path(tour), {"agent_id": None}).json()
        assert visit["agent"] is None
        assert tour.events.last().change == "unassigned"
        before = snapshot()
        refused = api(ops).post(self.path(tour), {})
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == []
        AgentFactory(cities=["Delhi"])
        AgentFactory(is_available=False)
        refused = api(ops).post(self.path(tour), {}).json()
        assert refused["reasons"] == ["unavailable"]
        assert refused["detail"] == (
            "No agent can take this visit. What stands in the way: takes no new visits; "
            "was unassigned from this visit."
        )
        assert snapshot() == before
        assert api(ops).post(self.path(tour), {"agent_id": agent.pk}).json()["agent_id"] == agent.pk

    def test_only_staff_with_the_permission_can_assign(self, api, tour, asha, agent, snapshot):
        viewer = UserFactory(is_staff=True)
        viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_visit", "change_visit"]))
        before = snapshot()
        for user in (asha, agent.user, viewer):
            assert problem(api(user).post(self.path(tour), {"agent_id": None})) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("change", "reason", "liftable"),
        [
            ({"is_active": False}, "inactive", False),
            ({"is_available": False}, "unavailable", True),
            ({"cities": ["Delhi"]}, "city", True),
            ({"capacity": 1, "live_visits": 1}, "capacity", True),
        ],
    )
    def test_the_reasons_of_ineligibility_are_named_and_some_can_be_overridden(
        self, api, tour, ops, snapshot, change, reason, liftable
    ):
        other = AgentFactory(**change)
        before = snapshot()
        body = {"agent_id": other.pk, "reason": "Please"}
        refused = api(ops).post(self.path(tour), body)
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == [reason]
        assert snapshot() == before
        no_reason = api(ops).post(self.path(tour), {"agent_id": other.pk, "override": True})
        assert problem(no_reason) == (400, "validation_error")
        lifted = api(ops).post(self.path(tour), {**body, "override": True})
        assert lifted.status_code == (200 if liftable else 409)

    def test_a_busy_agent_cannot_be_assigned_even_with_override(self, api, tour, ops, bala, snapshot):
        other = AgentFactory()
        busy = book(bala, PropertyFactory(), local(2, 11))
        assert busy.agent == other
        before = snapshot()
        body = {"agent_id": other.pk, "reason": "Please", "override": True}
        refused = api(ops).post(self.path(tour), body)
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == ["busy"]
        assert snapshot() == before

    def test_an_agent_cannot_be_assigned_to_their_own_visit(self, api, tour, ops, asha, snapshot):
        own = AgentFactory(user=asha)
        refused = api(ops).post(self.path(tour), {"agent_id": own.pk, "reason": "x", "override": True})
        assert refused.json()["reasons"] == ["own_visit"]

    def test_an_unknown_agent_is_refused(self, api, tour, ops, snapshot):
        before = snapshot()
        refused = api(ops).post(self.path(tour), {"agent_id": 2**62, "reason": "x"})
        assert problem(refused) == (400, "validation_error")
        assert snapshot() == before

    def test_an_unassigned_agent_is_not_chosen_again_after_a_reschedule(self, api, ops, asha, tour, agent):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        assert api(asha).post(path, {"new_date": iso(local(3, 12))}).json()["agent_id"] is None
        other = AgentFactory()
        assert api(asha).post(path, {"new_date": iso(local(4, 12))}).json()["agent_id"] == other.pk
