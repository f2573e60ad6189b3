"""POST /visits: what can be booked. A refused booking changes nothing."""

from datetime import timedelta

import pytest

from agents.models import Engagement
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.tests.responses import iso, problem, problem_fields
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


# fmt: off
VISIT_KEYS = [
    "id", "visit_context", "status", "awaiting", "property_id", "property_title", "property",
    "user_id", "user", "agent_id", "agent_name", "agent", "counterparty_user_id", "counterparty_user",
    "conversation_id", "match_id", "scheduled_date", "scheduled_end", "time_slot_label", "actual_date",
    "special_requirements", "visit_notes", "visitor_feedback", "interest_level", "follow_up_required",
    "follow_up_date", "cancellation_reason", "rescheduled_from", "version", "created_at", "updated_at",
]
# fmt: on


class TestBooking:
    def body(self, listing, **changes):
        return {"property_id": listing.pk, "scheduled_date": iso(local(2, 11)), **changes}

    @pytest.mark.django_db(transaction=True)
    def test_a_booking_takes_twenty_seven_statements_however_many_agents_there_are(
        self, api, asha, agent, listing, django_assert_num_queries
    ):
        AgentFactory.create_batch(5)
        client = api(asha)
        with django_assert_num_queries(27):
            response = client.post("/api/v1/visits", self.body(listing))
        assert response.status_code == 201

    def test_a_booking_returns_the_visit_with_its_agent_and_starts_an_engagement(
        self, api, asha, agent, listing
    ):
        response = api(asha).post("/api/v1/visits", self.body(listing, special_requirements="Lift?"))
        assert response.status_code == 201
        visit = response.json()
        assert list(visit) == VISIT_KEYS
        expected = {
            "visit_context": "property_tour",
            "status": "scheduled",
            "awaiting": "agency",
            "property_id": listing.pk,
            "user_id": asha.pk,
            "user": {"id": asha.pk, "full_name": "Asha Rao", "profile_image_url": ""},
            "agent_id": agent.pk,
            "counterparty_user_id": None,
            "scheduled_date": iso(local(2, 11)),
            "scheduled_end": iso(local(2, 11, 30)),
            "special_requirements": "Lift?",
            "visit_notes": None,
            "version": 1,
        }
        assert {key: visit[key] for key in expected} == expected
        assert visit["agent"]["contact_number"] == agent.contact_number
        assert visit["property"]["base_price"] == 50_000
        assert Engagement.objects.get(seeker=asha).agent == agent
        history = api(asha).get(f"/api/v1/visits/{visit['id']}/history").json()["items"]
        assert [(e["change"], e["from_status"], e["to_status"], e["actor"]["id"]) for e in history] == [
            ("scheduled", "", "scheduled", asha.pk)
        ]

    def test_the_same_booking_again_returns_the_existing_visit(self, api, asha, listing, snapshot):
        first = api(asha).post("/api/v1/visits", self.body(listing))
        before = snapshot()
        Property.objects.filter(pk=listing.pk).update(is_available=False)
        again = api(asha).post("/api/v1/visits/", self.body(listing, special_requirements="Other"))
        assert (again.status_code, again.json()) == (
            200,
            first.json() | {"property": again.json()["property"]},
        )
        assert snapshot() == before

    def test_the_same_booking_after_a_cancellation_is_a_new_visit(self, api, asha, tour):
        services.cancel(visit=tour, by=asha)
        response = api(asha).post("/api/v1/visits", self.body(tour.property))
        assert response.status_code == 201
        assert response.json()["id"] != tour.pk

    def test_the_seconds_of_a_start_are_dropped(self, api, asha, listing):
        start = (local(2, 11) + timedelta(seconds=59, microseconds=7)).isoformat()
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=start))
        assert response.json()["scheduled_date"] == iso(local(2, 11))

    def test_a_tour_that_no_agent_can_take_is_booked_without_one(self, api, asha, agent, listing):
        at_night = iso(local(2, 3))
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=at_night))
        assert (response.status_code, response.json()["agent"], response.json()["status"]) == (
            201,
            None,
            "scheduled",
        )
        elsewhere = self.body(PropertyFactory(city="Kolkata"))
        assert api(asha).post("/api/v1/visits", elsewhere).json()["agent_id"] is None

    def test_an_agent_can_have_the_largest_possible_capacity(self, api, asha, listing):
        agent = AgentFactory(capacity=2**31 - 1)
        assert book(asha, listing, local(2, 11)).agent == agent
        again = self.body(listing, scheduled_date=iso(local(3, 11)))
        assert api(asha).post("/api/v1/visits", again).json()["agent_id"] == agent.pk

    def test_only_staff_can_book_for_another_user(self, api, ops, asha, bala, listing, snapshot):
        response = api(ops).post("/api/v1/visits", self.body(listing, user_id=asha.pk))
        assert (response.status_code, response.json()["user_id"]) == (201, asha.pk)
        before = snapshot()
        refused = api(bala).post("/api/v1/visits", self.body(listing, user_id=asha.pk))
        assert problem(refused) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"property_id": 2**62}, "property_id"),
            ({"property_id": None}, "property_id"),
            ({"property_id": "x"}, "property_id"),
            ({"scheduled_date": "tomorrow"}, "scheduled_date"),
            ({"scheduled_date": None}, "scheduled_date"),
            ({"scheduled_date": "9999-12-31T23:59:59Z"}, "scheduled_date"),
            ({"scheduled_date": "2020-01-01T10:00:00Z"}, "scheduled_date"),
            ({"duration_minutes": 14}, "duration_minutes"),
            ({"duration_minutes": 181}, "duration_minutes"),
            ({"visit_context": "party"}, "visit_context"),
            ({"agent_id": 1}, "agent_id"),
            ({"special_requirements": "x" * 2001}, "special_requirements"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, listing, snapshot, change, field):
        before = snapshot()
        response = api(asha).post("/api/v1/visits", self.body(listing, **change))
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == [field]
        assert snapshot() == before

    def test_a_visit_in_the_running_minute_or_before_is_refused(self, api, asha, listing, snapshot):
        noon, before = local(2, 12), snapshot()
        with clock.frozen_at(noon + timedelta(seconds=30)):
            for minutes in (0, 1, 2):
                start = iso(noon - timedelta(minutes=minutes))
                response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=start))
                assert problem_fields(response) == (400, "validation_error", ["scheduled_date"])
            assert snapshot() == before
            body = self.body(listing, scheduled_date=iso(noon + timedelta(minutes=1)))
            assert api(asha).post("/api/v1/visits", body).status_code == 201

    def test_a_listing_that_becomes_exclusive_is_so_beside_plain_tours(
        self, api, asha, bala, listing, snapshot
    ):
        book(bala, listing, local(2, 11))
        Property.objects.filter(pk=listing.pk).update(exclusive_tours=True)
        before = snapshot()
        body = self.body(listing, scheduled_date=iso(local(2, 11)))
        assert problem(api(asha).post("/api/v1/visits", body)) == (409, "visit_conflict")
        assert snapshot() == before

    def test_a_visit_beyond_the_booking_horizon_is_refused(self, api, asha, listing, snapshot):
        late = iso(clock.now() + timedelta(days=90, minutes=2))
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=late))
        assert problem(response) == (400, "validation_error")
        soon = iso(clock.now() + timedelta(days=89, hours=23))
        assert api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=soon)).status_code == 201

    def test_an_owner_cannot_book_a_tour_of_their_own_listing(self, api, listing, snapshot):
        before = snapshot()
        response = api(listing.owner).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == ["property_id"]
        assert snapshot() == before

    @pytest.mark.parametrize("change", [{"is_available": False}, {"status": "sold"}, {"status": "withdrawn"}])
    def test_a_listing_that_takes_no_visits_cannot_be_booked(self, api, asha, listing, snapshot, change):
        Property.objects.filter(pk=listing.pk).update(**change)
        before = snapshot()
        response = api(asha).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (409, "property_unavailable")
        assert snapshot() == before

    def test_a_conflict_names_alternatives_that_can_be_booked(self, api, asha, tour, snapshot):
        before = snapshot()
        other = PropertyFactory()
        start = iso(local(2, 11, 15))
        response = api(asha).post("/api/v1/visits", self.body(other, scheduled_date=start))
        assert problem(response) == (409, "visit_conflict")
        assert snapshot() == before
        free = response.json()["alternatives"]
        assert len(free) == 5
        for slot in free:
            assert slot["end"] <= iso(local(2, 11)) or slot["start"] >= iso(local(2, 11, 30))
        booked = api(asha).post("/api/v1/visits", self.body(other, scheduled_date=free[0]["start"]))
        assert booked.status_code == 201
        assert booked.json()["agent_id"] is not None

    def test_an_exclusive_listing_takes_one_seeker_at_a_time(self, api, asha, bala, snapshot):
        listing = PropertyFactory(exclusive_tours=True)
        book(asha, listing, local(2, 11))
        before = snapshot()
        response = api(bala).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (409, "visit_conflict")
        assert snapshot() == before

    def test_one_agent_can_show_one_listing_to_several_seekers_at_once(self, api, bala, tour):
        response = api(bala).post("/api/v1/visits", self.body(tour.property))
        assert response.json()["agent_id"] == tour.agent_id
