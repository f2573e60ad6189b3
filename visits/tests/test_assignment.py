"""The automatic choice of an agent: travel, fair shares and cities."""

from datetime import datetime, timedelta
from functools import partial

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits.tests.commands import run
from visits.tests.factories import KOLKATA, book, local

pytestmark = pytest.mark.django_db


class TestTravel:
    NEAR, FAR = (19.0, 72.8), (19.2, 72.8)  # 22.2 km: 67 minutes at 20 km/h

    @pytest.fixture
    def there(self, agent):
        """The agent shows the far listing at noon."""
        return book(UserFactory(), self.at(self.FAR), local(2, 12))

    def at(self, place, **kwargs):
        return PropertyFactory(latitude=place[0], longitude=place[1], **kwargs)

    @pytest.mark.parametrize(
        ("hour", "minute", "can"),
        [(10, 23, True), (10, 24, False), (11, 29, False), (13, 36, False), (13, 37, True)],
    )
    def test_takes_time_by_distance_before_and_after(self, there, agent, hour, minute, can):
        visit = book(UserFactory(), self.at(self.NEAR), local(2, hour, minute))
        assert visit.agent == (agent if can else None)

    def test_is_none_at_the_same_listing(self, there, agent):
        assert book(UserFactory(), there.property, local(2, 12, 30)).agent == agent

    def test_is_a_quarter_of_an_hour_where_the_place_is_unknown(self, there, agent):
        assert book(UserFactory(), PropertyFactory(), local(2, 12, 45)).agent == agent

    def test_is_named_and_may_be_overridden_unlike_being_busy(self, api, ops, there, agent):
        visit = book(UserFactory(), self.at(self.NEAR), local(2, 13))
        path, body = f"/api/v1/visits/{visit.pk}/assign", {"agent_id": agent.pk}
        refused = api(ops).post(path, body)
        assert (refused.status_code, refused.json()["reasons"]) == (409, ["travel"])
        candidate = api(ops).get(f"/api/v1/visits/{visit.pk}/candidates").json()["items"][0]
        assert candidate["explanation"] == "Can't arrive in time from the previous or next visit."
        lifted = api(ops).post(path, {**body, "override": True, "reason": "They go by train."})
        assert (lifted.status_code, lifted.json()["agent_id"]) == (200, agent.pk)

        clash = book(UserFactory(), self.at(self.NEAR), local(2, 12, 40))
        path = f"/api/v1/visits/{clash.pk}/assign"
        again = api(ops).post(path, {**body, "override": True, "reason": "Please."})
        assert (again.status_code, again.json()["reasons"]) == (409, ["busy"])

    def test_is_that_of_now_for_what_was_booked_before(self, settings, listing):
        settings.TRAVEL_MINUTES = 30
        waiting = book(UserFactory(), listing, local(2, 11))
        settings.TRAVEL_MINUTES = 15
        agent = AgentFactory()
        book(UserFactory(), PropertyFactory(), local(2, 11, 45))
        assert run("assign_pending_visits").endswith("1 assigned, 0 still waiting.\n")
        waiting.refresh_from_db()
        assert waiting.agent == agent
        assert waiting.busy.upper == local(2, 11, 45)

    def test_is_counted_in_slots_as_in_bookings(self, api, asha, there, agent):
        near = self.at(self.NEAR)
        day = there.scheduled_date.astimezone(KOLKATA).date().isoformat()
        slots = api(asha).get(f"/api/v1/properties/{near.pk}/slots", {"from": day, "to": day}).json()
        starts = {datetime.fromisoformat(item["start"]) for item in slots["items"]}
        every = [local(2, 9) + timedelta(minutes=15 * n) for n in range(39)]
        assert [at for at in every if at not in starts] == [
            local(2, 10, 30) + timedelta(minutes=15 * n) for n in range(13)
        ]


class TestFairShare:
    @pytest.fixture
    def committed(self, django_capture_on_commit_callbacks):
        return partial(django_capture_on_commit_callbacks, execute=True)

    def test_equal_agents_get_equally_much(self, committed):
        agents = AgentFactory.create_batch(4)
        for number in range(12):
            with committed():
                book(UserFactory(), PropertyFactory(), local(2 + number, 11))
        got = [Agent.objects.get(pk=agent.pk).live_visits for agent in agents]
        assert sum(got) == 12
        assert max(got) - min(got) <= 2
        assert [Agent.objects.get(pk=agent.pk).assignments_won for agent in agents] == got
        assert sum(Agent.objects.values_list("expected_share", flat=True)) == pytest.approx(12)

    def test_a_newcomer_is_not_flooded(self, committed):
        old = AgentFactory.create_batch(2)
        for number in range(8):
            with committed():
                book(UserFactory(), PropertyFactory(), local(2 + number, 11))
        newcomer = AgentFactory()
        got = []
        for number in range(9):
            with committed():
                got.append(book(UserFactory(), PropertyFactory(), local(12 + number, 15)).agent)
        # Each third visit is a fair share; lots decide among those who are within one visit of theirs.
        assert {got.count(agent) for agent in (newcomer, *old)} <= {2, 3, 4}

    def test_the_seekers_own_agent_has_no_rivals(self, committed, asha):
        AgentFactory.create_batch(2)
        for number in range(3):
            with committed():
                book(asha, PropertyFactory(), local(2 + number, 11))
        assert list(Agent.objects.order_by("assignments_won").values_list("assignments_won", flat=True)) == [
            0,
            1,
        ]

    def test_the_index_is_jains_over_what_each_could_have_got(self, api, ops):
        for expected_share, chosen in ((4, 4), (2, 1)):
            AgentFactory(assignments_won=chosen, expected_share=expected_share)
        assert api(ops).get("/api/v1/visits/stats").json()["fairness"] == 0.9

    def test_whoever_is_nearly_full_comes_last(self):
        full, free = AgentFactory.create_batch(2, capacity=10)
        Agent.objects.filter(pk=free.pk).update(assignments_won=9)
        Agent.objects.filter(pk=full.pk).update(live_visits=6)
        assert book(UserFactory(), PropertyFactory(), local(2, 11)).agent == free


class TestCities:
    @pytest.mark.parametrize("city", ["New  Delhi ", " new\u00a0delhi", "NEW\t DELHI"])
    def test_are_the_same_however_they_are_spaced(self, api, asha, bala, city):
        agent = AgentFactory(cities=["New Delhi"])
        sent = {"title": "Home", "property_type": "house", "purpose": "rent", "base_price": 20_000}
        listing = (
            api(bala).post("/api/v1/properties", {**sent, "city": city, "locality": "Hauz  Khas "}).json()
        )
        assert (listing["city"], listing["locality"]) == (" ".join(city.split()), "Hauz Khas")
        path = f"/api/v1/properties/{listing['id']}"
        changed = api(bala).patch(path, {"city": city.lower()}).json()
        assert changed["city"] == "new delhi"
        visit = {"property_id": listing["id"], "scheduled_date": local(2, 11).isoformat()}
        assert api(asha).post("/api/v1/visits", visit).json()["agent_id"] == agent.pk
