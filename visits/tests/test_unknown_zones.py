"""Agents and listings in a time zone that nobody knows: they are told of, and are in nobody's way."""

import zoneinfo
from datetime import timedelta

import pytest
from django.urls import reverse

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock, doctor, health
from ghar.tests.responses import problem
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import local

pytestmark = pytest.mark.django_db


@pytest.fixture
def watch():
    """A process that has not looked at its time zones yet."""
    before = vars(health.time_watch).copy()
    health.time_watch.__init__()
    yield health.time_watch
    vars(health.time_watch).update(before)


class TestAgentInAnUnknownZone:
    @pytest.fixture(autouse=True)
    def lost(self, agent):
        lost = AgentFactory(cities=agent.cities)
        Agent.objects.filter(pk=lost.pk).update(timezone="Mars/Base")
        lost.refresh_from_db()
        return lost

    def test_seekers_are_offered_the_hours_of_all_others(self, api, asha, agent, listing):
        day = local(2, 0).astimezone(zoneinfo.ZoneInfo(listing.timezone)).date().isoformat()
        answer = api(asha).get(f"/api/v1/properties/{listing.pk}/slots", {"from": day, "to": day})
        assert {slot["agents_free"] for slot in answer.json()["items"]} == {1}

    def test_a_booking_gets_another_agent(self, api, asha, agent, listing):
        sent = {"property_id": listing.pk, "scheduled_date": local(2, 11).isoformat()}
        answer = api(asha).post("/api/v1/visits", sent)
        assert (answer.status_code, answer.json()["agent"]["id"]) == (201, agent.pk)

    def test_staff_read_why_that_agent_gets_no_visits(self, staff_client, lost):
        front = staff_client.get(reverse("admin:index")).content.decode()
        assert f'<a href="/admin/agents/agent/{lost.pk}/change/">{lost.name}</a>' in front
        page = staff_client.get(reverse("admin:agents_agent_change", args=[lost.pk])).content.decode()
        assert "The time zone Mars/Base is unknown." in page

    def test_the_doctor_names_the_row(self, lost):
        wrong = [each for each in doctor.database_findings() if not each.is_well]
        assert [(each.id, each.seen) for each in wrong] == [
            ("ghar.E009", f"not to be used: Mars/Base; agent {lost.pk}")
        ]

    def test_readyz_warns_and_the_log_says_so_once(self, client, watch, caplog, lost):
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
        (warning,) = answer.json()["warnings"]
        assert warning.startswith(
            f"Time zones: not to be used: Mars/Base; agent {lost.pk}. Give what is there"
        )
        watch.looked_at -= health.LOOK_AGAIN.total_seconds() + 1
        client.get("/readyz")
        assert [record.levelname for record in caplog.records if record.name == "ghar.health"] == ["ERROR"]


class TestListingInAnUnknownZone:
    @pytest.fixture
    def lost(self, tour):
        Property.objects.filter(pk=tour.property_id).update(timezone="Mars/Base")
        return Property.objects.get()

    def test_it_refuses_slots_and_bookings_and_nothing_is_stored(self, api, bala, lost, tour):
        path = f"/api/v1/properties/{lost.pk}/slots"
        refused = api(bala).get(path, {"from": "2027-01-01", "to": "2027-01-01"})
        assert problem(refused) == (409, "property_unavailable")
        sent = {"property_id": lost.pk, "scheduled_date": local(2, 15).isoformat()}
        refused = api(bala).post("/api/v1/visits", sent)
        assert problem(refused) == (409, "property_unavailable")
        assert "The time zone of this listing, Mars/Base, is unknown." in refused.json()["detail"]
        assert Visit.objects.get() == tour

    def test_everything_else_goes_on(self, api, asha, bala, ops, agent, staff_client, lost, tour):
        other = PropertyFactory(city=lost.city)
        sent = {"property_id": other.pk, "scheduled_date": local(2, 15).isoformat()}
        assert api(bala).post("/api/v1/visits", sent).status_code == 201
        assert api(asha).get(f"/api/v1/visits/{tour.pk}").status_code == 200
        new = (tour.scheduled_date + timedelta(days=1)).isoformat()
        moved = api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": new})
        assert moved.status_code == 200
        front = staff_client.get(reverse("admin:index"))
        assert f'<a href="/admin/properties/property/{lost.pk}/change/">' in front.content.decode()
        with clock.frozen_at(tour.scheduled_date + timedelta(days=1)):
            pages = [
                reverse("admin:visits_visit_changelist"),
                reverse("admin:visits_visit_changelist") + "?work=today",
                reverse("admin:visits_visit_change", args=[tour.pk]),
                reverse("admin:visits_visit_reschedule", args=[tour.pk]),
                reverse("admin:properties_property_change", args=[lost.pk]),
            ]
            for url in pages:
                page = staff_client.get(url)
                assert page.status_code == 200, url
        assert "UTC" in staff_client.get(pages[0]).content.decode()
