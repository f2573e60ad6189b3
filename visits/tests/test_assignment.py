"""Whom the agency chooses, over whom and why; and the queue of those who wait."""

from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection

from agents import services as agent_services
from agents.models import Agent, Engagement
from ghar import clock
from ghar.errors import Invalid, NotAllowed
from visits import services
from visits.assignment import explanations
from visits.models import Visit
from visits.tests.factories import KOLKATA, AgentFactory, ListingFactory, UserFactory, book, local

pytestmark = pytest.mark.django_db


def run(command, **options):
    out = StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


class TestCandidates:
    def get(self, client, visit):
        return client.get(f"/api/v1/visits/{visit.pk}/candidates")

    def test_are_every_active_agent_the_eligible_ones_first(self, api, ops, tour, agent):
        elsewhere = AgentFactory(name="Far Away", cities=["Delhi"])
        on_leave = AgentFactory(name="Not Now", is_available=False)
        free = AgentFactory(name="Free", languages=["mr"])
        AgentFactory(is_active=False)
        response = self.get(api(ops), tour)
        assert response.status_code == 200
        items = response.json()["items"]
        assert response.json()["urgent"] is False
        assert [item["rank"] for item in items] == [1, 2, 3, 4]
        found = [(item["agent"]["id"], item["reasons"]) for item in items]
        assert found[:2] == [(agent.pk, []), (free.pk, [])]
        assert found[2:] == [(on_leave.pk, ["unavailable"]), (elsewhere.pk, ["city"])]
        assert list(items[0]) == ["agent", "eligible", "reasons", "load", "rank", "explanation"]
        assert (items[0]["eligible"], items[0]["load"]) == (True, 0.02)
        assert items[0]["explanation"].startswith("The seeker's current agent; ")
        assert {item["explanation"] for item in items[2:]} == {
            "Doesn't serve this city.",
            "Takes no new visits.",
        }
        assert items[0]["agent"]["name"] == agent.name
        assert set(items[0]["agent"]) == {
            "id", "name", "contact_number", "avatar_url", "languages", "agent_type",
            "user_satisfaction_rating",
        }  # fmt: skip

    def test_the_first_is_whom_the_agency_chooses(self, ops, api, listing):
        AgentFactory.create_batch(5)
        for number in range(6):
            waiting = book(UserFactory(preferred_languages=["hi"]), listing, local(3, 3 + number % 2))
            waiting.set_time(local(4 + number, 11), timedelta(hours=1))
            waiting.save()
            best = self.get(api(ops), waiting).json()["items"][0]["agent"]["id"]
            services.assign(visit=waiting, by=ops)
            waiting.refresh_from_db()
            assert waiting.agent_id == best

    def test_who_was_taken_off_comes_after_the_other_eligible_ones(self, api, ops, client, tour, agent):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        other = AgentFactory(name="Other")
        first, second = self.get(api(ops), tour).json()["items"]
        assert [(item["agent"]["id"], item["eligible"]) for item in (first, second)] == [
            (other.pk, True),
            (agent.pk, True),
        ]
        assert second["explanation"].endswith(
            ". Unassigned from this visit earlier; assign manually to bring them back."
        )
        client.force_login(ops)
        ticked = f'value="{other.pk}" checked'
        assert ticked in client.get(f"/admin/visits/visit/{tour.pk}/change/").content.decode()
        Agent.objects.filter(pk=other.pk).update(is_available=False)
        page = client.get(f"/admin/visits/visit/{tour.pk}/change/").content.decode()
        assert " checked" not in page
        assert "Unassigned from this visit earlier" in page

    def test_are_for_staff(self, api, asha, bala, tour, agent):
        assert self.get(api(), tour).status_code == 401
        assert self.get(api(asha), tour).status_code == 403
        assert self.get(api(agent.user), tour).status_code == 403
        assert self.get(api(bala), tour).status_code == 404


class TestStats:
    def test_show_the_agency_at_a_glance(self, api, ops, tour, agent, listing):
        idle = AgentFactory(name="Zoya", capacity=None)
        Visit.objects.filter(pk=tour.pk).update(agent=idle)
        services.cancel(visit=book(UserFactory(), listing, local(1, 11)), by=ops)
        book(UserFactory(), listing, local(2, 3))
        stats = api(ops).get("/api/v1/visits/stats")
        assert stats.status_code == 200
        assert stats.json() == {
            "unassigned": 1,
            "urgent": 0,
            "today": 0,
            "by_status": {"scheduled": 2, "confirmed": 0, "completed": 0, "cancelled": 1, "rescheduled": 0},
            "agents": [
                {"agent_id": agent.pk, "name": agent.name, "live_visits": 0, "capacity": 50},
                {"agent_id": idle.pk, "name": "Zoya", "live_visits": 1, "capacity": None},
            ],
            "fairness": None,
        }

    def test_today_is_the_date_where_the_listing_is(self, api, ops, asha):
        far_east = ListingFactory(timezone="Pacific/Kiritimati")
        day = clock.now().astimezone(ZoneInfo("Pacific/Kiritimati")).replace(hour=0, minute=0) + timedelta(3)
        book(asha, far_east, day + timedelta(hours=20))

        def today(hours):
            with clock.frozen_at(day + timedelta(hours=hours)):
                return api(ops).get("/api/v1/visits/stats").json()["today"]

        assert [today(-1), today(1), today(23), today(25)] == [0, 1, 1, 0]

    def test_are_for_staff(self, api, asha, agent):
        assert api(asha).get("/api/v1/visits/stats").status_code == 403
        assert api(agent.user).get("/api/v1/visits/stats").status_code == 403


class TestSweep:
    def waiting(self, number, start=None):
        """Tours that nobody can take, as there is no agent yet."""
        listings = ListingFactory.create_batch(number)
        first = start or local(2, 11)
        return [book(UserFactory(), home, first + timedelta(days=n)) for n, home in enumerate(listings)]

    def test_gives_each_visit_an_agent_soonest_first(self):
        later, sooner = self.waiting(1, local(2, 11, 10)) + self.waiting(1, local(2, 11))
        agent = AgentFactory()
        out = run("assign_pending_visits")
        later.refresh_from_db()
        sooner.refresh_from_db()
        assert (sooner.agent, later.agent) == (agent, None)
        assert "1 assigned, 1 still waiting." in out
        event = sooner.events.last()
        assert (event.change, event.actor, event.data["agent_id"]) == ("assigned", None, agent.pk)
        assert sooner.version == 2 == sooner.events.count()

    def test_again_changes_nothing(self, snapshot):
        self.waiting(3)
        AgentFactory()
        run("assign_pending_visits")
        before = snapshot()
        assert run("assign_pending_visits") == "0 assigned, 0 still waiting.\n"
        assert snapshot() == before

    def test_leaves_out_meets_final_begun_and_those_of_agents_taken_off(self, ops, tour, agent, snapshot):
        services.assign(visit=tour, by=ops, agent_id=None)
        cancelled = book(UserFactory(), ListingFactory(), local(3, 3))
        services.cancel(visit=cancelled, by=ops)
        before = snapshot()
        assert run("assign_pending_visits") == "0 assigned, 1 still waiting.\n"
        assert snapshot() == before
        other = AgentFactory()
        run("assign_pending_visits")
        tour.refresh_from_db()
        assert tour.agent == other

    def test_takes_at_most_as_many_as_told(self):
        book(UserFactory(), ListingFactory(city="Pune"), local(1, 9))
        self.waiting(3)
        AgentFactory(cities=["Mumbai"])
        assert run("assign_pending_visits", limit=2).endswith("2 assigned, 2 still waiting.\n")
        assert Agent.objects.get().live_visits == 2


class TestQueue:
    """What waits is looked at right after whatever frees an agent."""

    @pytest.fixture
    def committed(self, django_capture_on_commit_callbacks):
        return partial(django_capture_on_commit_callbacks, execute=True)

    def test_a_cancellation_hands_the_agent_to_who_waits(self, committed, tour, agent, asha):
        waiting = book(UserFactory(), ListingFactory(), local(2, 11))
        assert waiting.agent is None
        with committed():
            services.cancel(visit=tour, by=asha)
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_a_tour_that_is_done_hands_the_agent_to_who_waits(self, committed, ops, asha):
        agent = AgentFactory(capacity=1)
        tour = book(asha, ListingFactory(), local(2, 11))
        waiting = book(UserFactory(), ListingFactory(), local(4, 11))
        with clock.frozen_at(local(2, 12)), committed():
            services.complete(visit=tour, by=ops)
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_what_waits_elsewhere_is_in_nobodys_way(self, committed, ops, monkeypatch):
        monkeypatch.setattr("visits.assignment.queue.MAX_LOOKED_AT", 3)
        agent = AgentFactory(cities=["MUMBAI"], is_available=False)
        for hour in (9, 10, 11):
            book(UserFactory(), ListingFactory(city="Pune"), local(2, hour))
        here = book(UserFactory(), ListingFactory(city="Mumbai"), local(3, 11))
        with committed():
            agent_services.set_availability(agent=agent, by=ops, is_available=True)
        here.refresh_from_db()
        assert here.agent == agent

    @pytest.mark.parametrize(
        "what", ["visits.assignment.queue.eligible", "visits.assignment.queue._waiting_in_cities"]
    )
    def test_a_look_that_fails_fails_nothing_that_was_done(
        self, api, asha, agent, tour, committed, monkeypatch, what
    ):
        book(UserFactory(), ListingFactory(), local(2, 11))

        def fail(*args):
            raise ValueError("Out of order")

        monkeypatch.setattr(what, fail)
        with committed():
            assert api(asha).post(f"/api/v1/visits/{tour.pk}/cancel", {}).status_code == 200
        tour.refresh_from_db()
        assert tour.status == "cancelled"

    def test_a_move_hands_the_agent_to_who_waits(self, committed, tour, agent, asha):
        waiting = book(UserFactory(), ListingFactory(), local(2, 11))
        with committed():
            services.reschedule(visit=tour, by=asha, new_date=local(2, 15))
        waiting.refresh_from_db()
        assert waiting.agent == agent

    def test_an_agent_who_becomes_available_takes_what_waits(self, api, ops, committed):
        agent = AgentFactory(is_available=False)
        waiting = book(UserFactory(), ListingFactory(), local(2, 11))
        with committed():
            path = f"/api/v1/agents/{agent.pk}/availability"
            assert api(ops).patch(path, {"is_available": True}).status_code == 200
        waiting.refresh_from_db()
        assert (waiting.agent, waiting.events.last().reason) == (agent, "From the queue")

    def test_who_stays_on_leave_takes_nothing(self, api, ops, committed, snapshot):
        agent = AgentFactory(is_available=False)
        book(UserFactory(), ListingFactory(), local(2, 11))
        before = snapshot()
        with committed():
            api(ops).put(f"/api/v1/agents/{agent.pk}/hours", {"items": []})
            api(ops).patch(f"/api/v1/agents/{agent.pk}", {"capacity": 7})
        assert snapshot() == before

    def test_what_begins_soon_and_has_nobody_is_urgent(self, api, ops, listing):
        visit = book(UserFactory(), listing, local(2, 11))
        later = book(UserFactory(), ListingFactory(), local(2, 13))
        with clock.frozen_at(local(2, 8)):
            assert api(ops).get(f"/api/v1/visits/{visit.pk}/candidates").json()["urgent"] is True
            assert api(ops).get(f"/api/v1/visits/{later.pk}/candidates").json()["urgent"] is False
            stats = api(ops).get("/api/v1/visits/stats").json()
            assert (stats["unassigned"], stats["urgent"]) == (2, 1)
            page = api(ops).get("/api/v1/visits/all", {"urgent": "true"}).json()["items"]
            assert [item["id"] for item in page] == [visit.pk]
            assert "2 still waiting, 1 of them urgent." in run("assign_pending_visits")


class TestDecision:
    def test_says_who_over_whom_and_why(self, api, ops, asha, listing):
        AgentFactory(name="Busy", languages=["en"])
        book(UserFactory(), ListingFactory(), local(2, 11))
        asha.preferred_languages = ["mr"]
        asha.save()
        AgentFactory(name="Speaker", languages=["mr", "en"])
        visit = book(asha, listing, local(2, 11))
        (entry,) = api(ops).get(f"/api/v1/visits/{visit.pk}/history").json()["items"]
        assert entry["data"]["agent_id"] == visit.agent_id
        assert entry["data"]["key"]["foreign_language"] == 0
        assert [(other["name"], other["reasons"]) for other in entry["data"]["others"]] == [
            ("Busy", ["busy"])
        ]
        assert entry["data"]["why"] == (
            "Chosen: 0% of capacity; at fair share; no visit assigned yet. Busy: Is at another listing then."
        )

    def test_says_why_there_is_nobody(self, api, ops, tour):
        AgentFactory(is_available=False)
        AgentFactory(cities=["Pune"])
        visit = book(UserFactory(), ListingFactory(), local(2, 11))
        (entry,) = api(ops).get(f"/api/v1/visits/{visit.pk}/history").json()["items"]
        assert (entry["data"]["agent_id"], entry["data"]["reasons"]) == (None, ["unavailable", "busy"])
        assert entry["data"]["why"] == (
            "No agent can take this visit. What stands in the way: takes no new visits; "
            "is at another listing then."
        )
        services.reschedule(visit=visit, by=ops, new_date=local(2, 3))
        assert visit.events.latest("id").data["reasons"] == ["unavailable", "hours"]

    def test_tells_of_a_handful_of_others_only(self, listing):
        AgentFactory.create_batch(12)
        visit = book(UserFactory(), listing, local(2, 11))
        assert len(visit.events.get().data["others"]) == 4

    def test_counts_whole_visits_ahead(self, listing):
        AgentFactory.create_batch(2, assignments_won=5, expected_share=2)
        data = book(UserFactory(), listing, local(2, 11)).events.get().data
        assert [repr(key["surplus"]) for key in (data["key"], data["others"][0]["key"])] == ["3", "3"]
        assert "3 ahead of fair share" in explanations.explain_decision(data)

    def test_a_count_that_fails_fails_no_booking(
        self, api, asha, agent, listing, monkeypatch, django_capture_on_commit_callbacks
    ):
        def fail(*args):
            raise ValueError("Out of order")

        monkeypatch.setattr("visits.assignment.fairness.count_choice", fail)
        sent = {"property_id": listing.pk, "scheduled_date": local(2, 11).isoformat()}
        with django_capture_on_commit_callbacks(execute=True):
            assert api(asha).post("/api/v1/visits", sent).status_code == 201
        assert Visit.objects.get().agent == agent


class TestTravel:
    NEAR, FAR = (19.0, 72.8), (19.2, 72.8)  # 22.2 km: 67 minutes at 20 km/h

    @pytest.fixture
    def there(self, agent):
        """The agent shows the far listing at noon."""
        return book(UserFactory(), self.at(self.FAR), local(2, 12))

    def at(self, place, **kwargs):
        return ListingFactory(latitude=place[0], longitude=place[1], **kwargs)

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
        assert book(UserFactory(), ListingFactory(), local(2, 12, 45)).agent == agent

    def test_is_named_and_may_be_overridden_unlike_being_busy(self, api, ops, there, agent):
        visit = book(UserFactory(), self.at(self.NEAR), local(2, 13))
        path, body = f"/api/v1/visits/{visit.pk}/assign", {"agent_id": agent.pk}
        refused = api(ops).post(path, body)
        assert (refused.status_code, refused.json()["reasons"]) == (409, ["travel"])
        candidate = api(ops).get(f"/api/v1/visits/{visit.pk}/candidates").json()["items"][0]
        assert candidate["explanation"] == "Can't arrive in time from the previous or next visit."
        lifted = api(ops).post(path, {**body, "override": True, "reason": "He goes by train."})
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
        book(UserFactory(), ListingFactory(), local(2, 11, 45))
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
                book(UserFactory(), ListingFactory(), local(2 + number, 11))
        got = [Agent.objects.get(pk=agent.pk).live_visits for agent in agents]
        assert sum(got) == 12
        assert max(got) - min(got) <= 2
        assert [Agent.objects.get(pk=agent.pk).assignments_won for agent in agents] == got
        assert sum(Agent.objects.values_list("expected_share", flat=True)) == pytest.approx(12)

    def test_a_newcomer_is_not_flooded(self, committed):
        old = AgentFactory.create_batch(2)
        for number in range(8):
            with committed():
                book(UserFactory(), ListingFactory(), local(2 + number, 11))
        newcomer = AgentFactory()
        got = []
        for number in range(9):
            with committed():
                got.append(book(UserFactory(), ListingFactory(), local(12 + number, 15)).agent)
        assert got.count(newcomer) in (3, 4)
        assert {got.count(agent) for agent in old} <= {2, 3, 4}

    def test_the_seekers_own_agent_has_no_rivals(self, committed, asha):
        AgentFactory.create_batch(2)
        for number in range(3):
            with committed():
                book(asha, ListingFactory(), local(2 + number, 11))
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
        assert book(UserFactory(), ListingFactory(), local(2, 11)).agent == free


class TestAbsence:
    def visits(self, agent, *days):
        return [book(UserFactory(), ListingFactory(), local(day, 11)) for day in days]

    def period(self, first, last):
        return {"from": local(first, 0).isoformat(), "to": local(last, 0).isoformat(), "reason": "Leave"}

    def test_time_off_hands_over_what_it_strands(self, api, ops, agent):
        first, second, third = self.visits(agent, 2, 3, 5)
        other = AgentFactory()
        elsewhere = book(UserFactory(), ListingFactory(), local(3, 11))
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

    def test_writing_that_he_is_not_employed_does_the_same(self, api, ops, agent):
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
            {"dry_run": ["PATCH has no dry run. Use DELETE with ?dry_run=true."]},
        )
        assert (Agent.objects.get(pk=agent.pk).is_active, snapshot()) == (True, before)
        assert api(ops).patch(f"{path}?dry_run=false", {"is_active": False}).status_code == 200

    def test_is_for_staff_and_the_agent_himself(self, api, asha, bala, agent, snapshot):
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
            book(bala, ListingFactory(), lately)
        assert run("close_idle_engagements", days=60, dry_run=True).endswith(
            "Idle engagements: 1. Run the command without --dry-run to end them.\n"
        )
        assert run("close_idle_engagements", days=60) == "Engagements ended: 1.\n"
        assert list(Engagement.objects.open().values_list("seeker", flat=True)) == [bala.pk]
        assert run("close_idle_engagements", days=60) == "Engagements ended: 0.\n"
        agent.refresh_from_db()
        assert agent.live_users == 1

    def test_who_books_meanwhile_keeps_his_agent(self, asha, bala, agent):
        long_ago, eleven, twelve = local(-100, 9), local(-99, 11), local(-99, 12)
        with clock.frozen_at(long_ago):
            book(asha, ListingFactory(), eleven)
            book(bala, ListingFactory(), twelve)
        first, second = Engagement.objects.order_by("pk")

        class Meanwhile(StringIO):
            """The first has ended when the command says so; then the second seeker books."""

            def write(self, text):
                if not self.tell():
                    book(second.seeker, ListingFactory(), local(3, 11))
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
        assert book(asha, ListingFactory(), local(4, 11)).agent == other

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
