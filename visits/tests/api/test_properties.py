"""The routes of listings that need visits: slots, the next visit, withdrawal."""

import pytest

from ghar.tests.responses import iso, problem
from visits.tests.factories import KOLKATA, local

pytestmark = pytest.mark.django_db


class TestSlots:
    def test_slots_fill_the_hours_of_an_agent_every_quarter_of_an_hour(self, api, asha, agent, listing):
        day = local(2, 0).astimezone(KOLKATA).date().isoformat()
        path = f"/api/v1/properties/{listing.pk}/slots"
        body = api(asha).get(path, {"from": day, "to": day}).json()
        assert body["timezone"] == "Asia/Kolkata"
        assert len(body["items"]) == 39
        assert body["items"][0] == {"start": iso(local(2, 9)), "end": iso(local(2, 9, 30)), "agents_free": 1}
        assert body["items"][-1]["end"] == iso(local(2, 19))

    def test_slots_require_a_login(self, api, listing):
        response = api().get(f"/api/v1/properties/{listing.pk}/slots?from=2026-01-01&to=2026-01-01")
        assert problem(response) == (401, "not_authenticated")

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "from=2026-12-01",
            "from=2026-12-02&to=2026-12-01",
            "from=2026-12-01&to=2027-01-01",
            "from=2026-12-01&to=9999-12-31",
            "from=9999-12-31&to=9999-12-31",
            "from=0001-01-01&to=0001-01-01",
            "from=x&to=y",
            "from=2026-12-01&to=2026-12-01&duration_minutes=5",
            "from=2026-12-01&to=2026-12-01&language=%00",
        ],
    )
    def test_bad_queries_are_refused(self, api, asha, listing, query):
        response = api(asha).get(f"/api/v1/properties/{listing.pk}/slots?{query}")
        assert problem(response) == (400, "validation_error")
        assert response.json()["errors"]

    def test_a_past_day_has_no_slots(self, api, asha, agent, listing):
        path = f"/api/v1/properties/{listing.pk}/slots?from=2020-01-01&to=2020-01-31"
        assert api(asha).get(path).json()["items"] == []


class TestPropertyWithVisits:
    def test_a_withdrawal_cancels_the_visits_of_the_listing(self, api, tour, agent):
        response = api(tour.property.owner).delete(f"/api/v1/properties/{tour.property_id}")
        assert response.status_code == 204
        tour.refresh_from_db()
        assert (tour.status, tour.cancellation_reason) == ("cancelled", "The listing was withdrawn.")
        assert tour.events.last().actor == tour.property.owner
        agent.refresh_from_db()
        assert agent.live_visits == 0

    def test_a_listing_shows_the_next_visit_of_the_logged_in_user(self, api, tour, asha, bala):
        path = f"/api/v1/properties/{tour.property_id}"
        assert api(asha).get(path).json()["next_visit_date"] == iso(tour.scheduled_date)
        assert api(bala).get(path).json()["next_visit_date"] is None
        assert "next_visit_date" not in api().get(path).json()
