"""Time off over HTTP. Which visits it moves is tested in visits."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import TimeOff
from agents.tests.factories import TimeOffFactory
from agents.tests.queries import count_queries
from ghar import clock
from ghar.tests.responses import problem_fields

pytestmark = pytest.mark.django_db


AGENTS = "/api/v1/agents"
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)


class TestTimeOff:
    def test_time_off_is_added_listed_and_removed(self, api, meera):
        url, client = f"{AGENTS}/{meera.pk}/time-off", api(meera.user)
        with clock.frozen_at(NOON):
            sent = {"from": "2026-07-01T00:00:00+05:30", "to": "2026-07-03T00:00:00", "reason": "Wedding"}
            response = client.post(url, sent)
        off = {
            "id": TimeOff.objects.get().pk,
            "from": "2026-06-30T18:30:00Z",
            "to": "2026-07-03T00:00:00Z",
            "reason": "Wedding",
            "created_at": "2026-06-10T12:00:00Z",
        }
        assert (response.status_code, response.json()) == (201, {"time_off": off, "moved": []})
        assert client.get(url).json()["items"] == [off]
        response = client.delete(f"{url}/{off['id']}/")
        assert (response.status_code, response.content) == (204, b"")
        assert client.get(url).json()["items"] == []
        assert problem_fields(client.delete(f"{url}/{off['id']}")) == (404, "not_found", [])

    def test_pages_list_the_latest_time_off_first(self, api, meera):
        days = [3, 1, 5, 2, 4]
        made = {day: TimeOffFactory(agent=meera, starts=clock.now() + timedelta(days=day)).pk for day in days}
        TimeOffFactory()
        client, url = api(meera.user), f"{AGENTS}/{meera.pk}/time-off?limit=2"
        first = client.get(url).json()
        second = client.get(f"{url}&cursor={first['next_cursor']}").json()
        third = client.get(f"{url}&cursor={second['next_cursor']}").json()
        seen = [row["id"] for page in (first, second, third) for row in page["items"]]
        assert seen == [made[day] for day in (5, 4, 3, 2, 1)]
        assert third["has_more"] is False

    @pytest.mark.parametrize(
        ("sent", "fields"),
        [
            ({}, ["from", "to"]),
            ({"from": "2026-07-01T00:00:00Z"}, ["to"]),
            ({"from": "2026-07-02T00:00:00Z", "to": "2026-07-01T00:00:00Z"}, ["to"]),
            ({"from": "2026-06-01T00:00:00Z", "to": "2026-06-10T12:00:00Z"}, ["to"]),
            ({"from": "2026-07-01T00:00:00Z", "to": "2027-07-03T00:00:00Z"}, ["to"]),
            ({"from": "9999-12-31T23:59:59-12:00", "to": "0001-01-01T00:00:00Z"}, ["from", "to"]),
            ({"from": 5, "to": None}, ["from", "to"]),
            ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-02T00:00:00Z", "reason": "x" * 201}, ["reason"]),
            ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-02T00:00:00Z", "reason": None}, ["reason"]),
            ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-02T00:00:00Z", "id": 1}, ["id"]),
            ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-02T00:00:00Z", "dry_run": True}, ["dry_run"]),
        ],
    )
    def test_bad_time_off_is_refused_by_field(self, api, meera, sent, fields):
        with clock.frozen_at(NOON):
            response = api(meera.user).post(f"{AGENTS}/{meera.pk}/time-off", sent)
        assert problem_fields(response) == (400, "validation_error", fields)
        assert not TimeOff.objects.exists()

    def test_time_off_of_another_agent_is_not_found(self, api, meera):
        off = TimeOffFactory()
        for pk in (off.pk, 2**70):
            url = f"{AGENTS}/{meera.pk}/time-off/{pk}"
            assert problem_fields(api(meera.user).delete(url)) == (404, "not_found", [])
        assert TimeOff.objects.get() == off

    def test_ten_more_rows_need_no_more_queries(self, api, meera):
        client, url = api(meera.user), f"{AGENTS}/{meera.pk}/time-off"
        TimeOffFactory(agent=meera)
        few = count_queries(client, url)
        TimeOffFactory.create_batch(10, agent=meera)
        assert count_queries(client, url) == few
