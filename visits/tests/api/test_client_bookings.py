"""Bookings as clients send them: with fields of their own, a day without a time, and a word for the time."""

from datetime import timedelta

import pytest

from agents.models import TimeOff
from agents.tests.factories import AgentFactory
from flatmates.tests.factories import match
from ghar import clock
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db

VISITS = "/api/v1/visits"


def day(days: int) -> str:
    """Return the local date so many days ahead in Mumbai."""
    return local(days, 12).date().isoformat()


def send(client, listing, **fields):
    return client.post(VISITS, {"property_id": listing.pk, "scheduled_date": iso(local(2, 11)), **fields})


class TestFields:
    def test_a_field_that_nobody_knows_is_ignored_in_a_booking(self, api, asha, agent, listing):
        response = send(api(asha), listing, source="ios", utm={"campaign": "x"})
        assert (response.status_code, response.json()["agent_id"]) == (201, agent.pk)

    @pytest.mark.parametrize("method", ["patch", "put"])
    def test_a_field_that_nobody_knows_is_refused_in_a_change(self, api, asha, tour, snapshot, method):
        before = snapshot()
        response = getattr(api(asha), method)(
            f"{VISITS}/{tour.pk}", {"source": "ios", "interest_level": "low"}
        )
        assert problem(response) == (400, "validation_error")
        assert response.json()["errors"] == {"source": ["There is no such field."]}
        assert snapshot() == before

    @pytest.mark.parametrize("name", ["agent_id", "agent_name", "status", "version", "actual_date", "id"])
    def test_a_read_only_field_is_refused_in_a_booking(self, api, asha, agent, listing, snapshot, name):
        before = snapshot()
        response = send(api(asha), listing, **{name: 1})
        assert (problem(response), list(response.json()["errors"])) == ((400, "validation_error"), [name])
        assert snapshot() == before

    def test_a_label_of_the_time_is_kept_and_shown(self, api, asha, ops, listing):
        visit = send(api(asha), listing, time_slot_label="After tea").json()
        assert visit["time_slot_label"] == "After tea"
        path = f"{VISITS}/{visit['id']}"
        assert api(ops).get(path).json()["time_slot_label"] == "After tea"
        assert api(asha).patch(path, {"time_slot_label": "Noon"}).json()["time_slot_label"] == "Noon"

    def test_a_label_has_at_most_60_characters(self, api, asha, listing):
        assert send(api(asha), listing, time_slot_label="x" * 60).status_code == 201
        refused = send(api(asha), listing, time_slot_label="x" * 61)
        assert (problem(refused), list(refused.json()["errors"])) == (
            (400, "validation_error"),
            ["time_slot_label"],
        )

    def test_a_moved_visit_keeps_no_label_of_its_old_time(self, api, asha, listing):
        client, path = api(asha), f"{VISITS}/{book(asha, listing, local(2, 11), time_slot_label='Late').pk}"
        same = client.post(f"{path}/reschedule", {"new_date": iso(local(2, 11))})
        moved = client.post(f"{path}/reschedule", {"new_date": iso(local(2, 16))})
        again = client.put(path, {"scheduled_date": iso(local(2, 18)), "time_slot_label": "Evening"})
        labels = [answer.json()["time_slot_label"] for answer in (same, moved, again)]
        assert labels == ["Late", "", "Evening"]


class TestMeets:
    def test_whoever_names_a_counterparty_books_a_meet(self, api, asha, bala):
        match(asha, bala, flat := PropertyFactory(owner=bala))
        response = send(
            api(asha),
            flat,
            counterparty_user_id=bala.pk,
            visit_context="property_tour",
            time_slot_label="Tea",
        )
        visit = response.json()
        assert (response.status_code, visit["visit_context"], visit["awaiting"], visit["agent_id"]) == (
            201,
            "flatmate_meet",
            "counterparty",
            None,
        )
        again = send(api(asha), flat, counterparty_user_id=bala.pk)
        assert (again.status_code, again.json()["id"]) == (200, visit["id"])

    def test_a_meet_on_a_day_is_at_the_first_time_by_day_at_which_both_are_free(self, api, asha, bala):
        match(asha, bala, flat := PropertyFactory(owner=bala))
        book(bala, PropertyFactory(), local(3, 9))
        response = send(api(asha), flat, counterparty_user_id=bala.pk, scheduled_date=day(3))
        assert (response.status_code, response.json()["scheduled_date"]) == (201, iso(local(3, 9, 30)))


class TestDays:
    def test_a_date_is_the_first_free_slot_of_that_local_day(self, api, asha, agent, listing):
        TimeOff.objects.create(agent=agent, period=(local(4, 0), local(4, 12, 10)))
        visit = send(api(asha), listing, scheduled_date=day(4)).json()
        assert (visit["scheduled_date"], visit["agent_id"]) == (iso(local(4, 12, 15)), agent.pk)

    def test_a_day_is_that_of_the_listing(self, api, asha):
        AgentFactory(cities=["Auckland"], timezone="Pacific/Auckland")
        listing = PropertyFactory(city="Auckland", timezone="Pacific/Auckland")
        start = send(api(asha), listing, scheduled_date=day(5)).json()["scheduled_date"]
        # 09:00 of that day in New Zealand, 12 or 13 hours ahead, is on the day before in UTC.
        assert start[:10] == day(4)
        assert start[11:] in {"20:00:00Z", "21:00:00Z"}

    def test_a_day_without_a_free_agent_is_10_o_clock(self, api, asha, listing):
        visit = send(api(asha), listing, scheduled_date=day(4)).json()
        assert (visit["scheduled_date"], visit["agent_id"]) == (iso(local(4, 10)), None)

    def test_the_same_day_again_is_the_same_visit(self, api, asha, bala, agent, listing, snapshot):
        at_four = send(api(asha), listing, scheduled_date=iso(local(4, 16)))
        before = snapshot()
        again = send(api(asha), listing, scheduled_date=day(4))
        assert (again.status_code, again.json()["id"]) == (200, at_four.json()["id"])
        assert snapshot() == before
        others = [
            send(api(asha), listing, scheduled_date=day(5)),
            send(api(asha), PropertyFactory(), scheduled_date=day(4)),
            send(api(bala), listing, scheduled_date=day(4)),
        ]
        assert [answer.status_code for answer in others] == [201, 201, 201]
        api(asha).post(f"{VISITS}/{at_four.json()['id']}/cancel")
        assert send(api(asha), listing, scheduled_date=day(4)).status_code == 201

    def test_a_move_to_a_day_is_to_its_first_free_slot(self, api, asha, agent, listing):
        client = api(asha)
        path = f"{VISITS}/{send(client, listing, scheduled_date=iso(local(4, 16))).json()['id']}"
        stays = client.put(path, {"scheduled_date": day(4)}).json()
        moves = client.post(f"{path}/reschedule", {"new_date": day(6)}).json()
        assert (stays["scheduled_date"], stays["version"]) == (iso(local(4, 16)), 1)
        assert (moves["scheduled_date"], moves["status"]) == (iso(local(6, 9)), "rescheduled")

    @pytest.mark.parametrize(
        "wrong", ["2020-01-01", "2011-12-30", "2999-12-31", "1900-01-01", "2026-02-30", "9999-12-31"]
    )
    def test_a_day_on_which_no_visit_can_be_is_refused(self, api, asha, snapshot, wrong):
        listing = PropertyFactory(timezone="Pacific/Apia")
        before = snapshot()
        response = send(api(asha), listing, scheduled_date=wrong)
        assert (problem(response), list(response.json()["errors"])) == (
            (400, "validation_error"),
            ["scheduled_date"],
        )
        assert snapshot() == before

    def test_a_day_beyond_the_horizon_is_refused(self, api, asha, listing):
        late = (clock.now() + timedelta(days=92)).date().isoformat()
        assert problem(send(api(asha), listing, scheduled_date=late)) == (400, "validation_error")
        assert not Visit.objects.exists()
