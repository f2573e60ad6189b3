"""Visits change agents: absences, engagements, and counters that stay true."""

from functools import partial
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from agents import services as agent_services
from agents.models import Agent, Engagement
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.errors import Invalid, NotAllowed
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.commands import run
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestAbsence:
    def visits(self, agent, *days):
        return [book(UserFactory(), PropertyFactory(), local(day, 11)) for day in days]

    def period(self, first, last):
        return {"from": local(first, 0).isoformat(), "to": local(last, 0).isoformat(), "reason": "Leave"}

    def test_time_off_hands_over_what_it_strands(self, api, ops, agent):
        first, second, third = self.visits(agent, 2, 3, 5)
        other = AgentFactory()
        elsewhere = book(UserFactory(), PropertyFactory(), local(3, 11))
        assert elsewhere.agent == other
        answer = api(ops).post(f"/api/v1/agents/{agent.pk}/time-off", self.period(2, 4))
        assert answer.status_code == 201
        assert answer.json()["moved"] == [
            {"visit_id": first.pk, "from_agent_id": agent.pk, "to_agent_id": other.pk},
            {"visit_id": second.pk, "from_agent_id": agent.pk, "to_agent_id": None},
        ]
        assert answer.json()["time_off"]["reason"] == "Leave"
        for visit in (first, second, third):
            visit.refresh_from_db()
        assert [visit.agent for visit in (first, second, third)] == [other, None, agent]
        last = first.events.last()
        assert (last.change, last.reason, last.actor) == ("assigned", "The agent is away then", ops)
        assert Agent.objects.get(pk=agent.pk).live_visits == 1

    def test_a_dry_run_shows_the_same_and_changes_nothing(self, api, ops, agent, snapshot):
        (visit,) = self.visits(agent, 2)
        other = AgentFactory()
        before = snapshot(), list(Agent.objects.order_by("pk").values())
        path = f"/api/v1/agents/{agent.pk}/time-off"
        dry = api(ops).post(f"{path}?dry_run=true", self.period(2, 4))
        moved = [{"visit_id": visit.pk, "from_agent_id": agent.pk, "to_agent_id": other.pk}]
        assert (dry.status_code, dry.json()) == (200, {"time_off": None, "moved": moved})
        assert (snapshot(), list(Agent.objects.order_by("pk").values())) == before
        assert not agent.time_off.exists()
        assert api(ops).post(path, self.period(2, 4)).json()["moved"] == moved

    @pytest.mark.parametrize("value", ["", "maybe", "2"])
    def test_a_dry_run_that_is_neither_true_nor_false_does_nothing(self, api, ops, agent, snapshot, value):
        self.visits(agent, 2)
        before = snapshot()
        path = f"/api/v1/agents/{agent.pk}?dry_run={value}"
        assert api(ops).delete(path).json()["errors"].keys() == {"dry_run"}
        assert snapshot() == before
        assert Agent.objects.get(pk=agent.pk).is_active

    def test_leaving_hands_over_everything_ahead(self, api, ops, agent):
        first, second = self.visits(agent, 2, 5)
        other = AgentFactory()
        path = f"/api/v1/agents/{agent.pk}"
        dry = api(ops).delete(f"{path}?dry_run=true")
        assert dry.status_code == 200
        assert Agent.objects.get(pk=agent.pk).is_active
        answer = api(ops).delete(path)
        assert (answer.status_code, answer.json()) == (200, dry.json())
        assert [(row["visit_id"], row["to_agent_id"]) for row in answer.json()["moved"]] == [
            (first.pk, other.pk),
            (second.pk, other.pk),
        ]
        agent.refresh_from_db()
        assert (agent.is_active, agent.live_visits, agent.live_users) == (False, 0, 0)
        seekers = Engagement.objects.open().values_list("seeker", "agent")
        assert set(seekers) == {(first.user_id, other.pk), (second.user_id, other.pk)}
        assert api(ops).delete(path).json() == {"moved": []}

    def test_setting_is_active_to_false_does_the_same(self, api, ops, agent):
        (visit,) = self.visits(agent, 2)
        assert api(ops).patch(f"/api/v1/agents/{agent.pk}", {"is_active": False}).status_code == 200
        visit.refresh_from_db()
        assert (visit.agent, visit.events.last().reason) == (None, "The agent has left")

    def test_a_change_is_never_tried_out(self, api, ops, agent, snapshot):
        self.visits(agent, 2)
        path, before = f"/api/v1/agents/{agent.pk}", snapshot()
        answer = api(ops).patch(f"{path}?dry_run=true", {"is_active": False})
        assert (answer.status_code, answer.json()["errors"]) == (
            400,
            {"dry_run": ["This route takes no parameters in its URL."]},
        )
        assert (Agent.objects.get(pk=agent.pk).is_active, snapshot()) == (True, before)

    def test_only_staff_and_the_agent_may_take_it(self, api, asha, bala, agent, snapshot):
        self.visits(agent, 2)
        path, before = f"/api/v1/agents/{agent.pk}", snapshot()
        assert api(bala).delete(path).status_code == 403
        assert api(agent.user).delete(path).status_code == 403
        assert api(bala).post(f"{path}/time-off", self.period(2, 4)).status_code == 403
        assert snapshot() == before
        assert api(agent.user).post(f"{path}/time-off", self.period(2, 4)).status_code == 201

    def test_what_went_to_the_queue_may_come_back(self, api, ops, agent):
        (visit,) = self.visits(agent, 2)
        off = api(ops).post(f"/api/v1/agents/{agent.pk}/time-off", self.period(2, 4)).json()["time_off"]
        api(ops).delete(f"/api/v1/agents/{agent.pk}/time-off/{off['id']}")
        run("assign_pending_visits")
        visit.refresh_from_db()
        assert visit.agent == agent


class TestEngagements:
    def test_end_after_idle_days(self, asha, bala, agent, listing):
        long_ago, visited, lately = local(-100, 9), local(-99, 11), local(-30, 12)
        with clock.frozen_at(long_ago):
            book(asha, listing, visited)
            book(bala, PropertyFactory(), lately)
        assert run("close_idle_engagements", days=60, dry_run=True).endswith(
            "Idle engagements: 1. Run the command without --dry-run to end them.\n"
        )
        assert run("close_idle_engagements", days=60) == "Engagements ended: 1.\n"
        assert list(Engagement.objects.open().values_list("seeker", flat=True)) == [bala.pk]
        assert run("close_idle_engagements", days=60) == "Engagements ended: 0.\n"
        agent.refresh_from_db()
        assert agent.live_users == 1

    def test_a_seeker_who_books_meanwhile_keeps_their_agent(self, asha, bala, agent):
        long_ago, eleven, twelve = local(-100, 9), local(-99, 11), local(-99, 12)
        with clock.frozen_at(long_ago):
            book(asha, PropertyFactory(), eleven)
            book(bala, PropertyFactory(), twelve)
        first, second = Engagement.objects.order_by("pk")

        class Meanwhile(StringIO):
            """The first has ended when the command says so; then the second seeker books."""

            def write(self, text):
                if not self.tell():
                    book(second.seeker, PropertyFactory(), local(3, 11))
                return super().write(text)

        out = Meanwhile()
        call_command("close_idle_engagements", days=60, verbosity=2, stdout=out)
        assert out.getvalue().splitlines()[-1] == "Engagements ended: 1."
        assert list(Engagement.objects.open()) == [second]

    def test_move_with_the_seeker(self, ops, bala, tour, agent, asha):
        other = AgentFactory()
        with pytest.raises(NotAllowed):
            services.move_engagement(user=asha, agent=other, by=bala, reason="Speaks Marathi")
        with pytest.raises(Invalid):
            services.move_engagement(user=asha, agent=other, by=ops, reason="")
        services.move_engagement(user=asha, agent=other, by=ops, reason="Speaks Marathi")
        assert Engagement.objects.get(ended_at=None).agent == other
        assert Engagement.objects.exclude(ended_at=None).get().agent == agent
        tour.refresh_from_db()
        assert tour.agent == agent
        assert book(asha, PropertyFactory(), local(4, 11)).agent == other

    def test_the_rating_is_the_mean_of_the_last_ones(self, ops, asha, agent):
        rate = partial(agent_services.record_interaction, agent=agent, by=ops, user=asha)
        for _ in range(agent_services.RATED):
            rate(user_satisfaction=1)
        for _ in range(agent_services.RATED):
            rate(user_satisfaction=5)
        rate()
        agent.refresh_from_db()
        assert agent.user_satisfaction_rating == 5


class TestReconciliation:
    def test_is_quiet_when_counters_agree(self, tour):
        assert run("reconcile_agent_load").endswith("Wrong counters: 0. Repaired: 0.\n")

    @pytest.mark.parametrize("check", [True, False])
    def test_reports_drift_and_repairs_it(self, tour, agent, check, capsys):
        Agent.objects.filter(pk=agent.pk).update(live_visits=7, live_users=0)
        with pytest.raises(SystemExit) as stopped:
            call_command("reconcile_agent_load", check=check)
        assert stopped.value.code == 1
        out = capsys.readouterr().out
        assert f"{agent.name} ({agent.pk}): live_visits is 7, counted 1" in out
        assert f"{agent.name} ({agent.pk}): live_users is 0, counted 1" in out
        agent.refresh_from_db()
        assert (agent.live_visits, agent.live_users) == ((7, 0) if check else (1, 1))

    def test_finds_what_a_missing_trigger_leaves(self, tour):
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE visits_visit DISABLE TRIGGER visits_count_live")
        Visit.objects.all().delete()
        with pytest.raises(SystemExit):
            call_command("reconcile_agent_load")
        assert run("reconcile_agent_load").endswith("Wrong counters: 0. Repaired: 0.\n")


class TestReassignment:
    def test_back_and_forth_with_reasons(self, api, ops, tour, agent):
        other = AgentFactory()
        path = f"/api/v1/visits/{tour.pk}/assign"
        assert api(ops).post(path, {"agent_id": other.pk}).status_code == 400
        for to in (other, agent, other):
            body = {"agent_id": to.pk, "reason": f"To {to.name}"}
            assert api(ops).post(path, body).json()["agent_id"] == to.pk
        tour.refresh_from_db()
        moves = tour.events.filter(change="assigned").values_list("data__from_agent_id", "data__agent_id")
        assert list(moves) == [(agent.pk, other.pk), (other.pk, agent.pk), (agent.pk, other.pk)]
        assert tour.version == 4
        assert [Agent.objects.get(pk=a.pk).live_visits for a in (agent, other)] == [0, 1]
