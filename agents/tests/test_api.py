from datetime import UTC, datetime, time, timedelta
from zoneinfo import available_timezones

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent, Engagement, TimeOff, WorkingHours
from agents.tests.factories import (
    AgentFactory,
    EngagementFactory,
    SeekerFactory,
    TimeOffFactory,
    WorkingHoursFactory,
)
from ghar import clock, validators

AGENTS = "/api/v1/agents"
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
MONDAY = {"weekday": 0, "opens": "10:00", "closes": "18:00"}


@pytest.fixture
def meera(db):
    """An agent with a login of her own."""
    return AgentFactory(name="Meera", with_login=True)


@pytest.fixture
def viewer(db):
    """Staff who may look and nothing else."""
    user = SeekerFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_agent"))
    return user


def names(response):
    assert response.status_code == 200, response.json()
    return [row["name"] for row in response.json()["items"]]


def problem(response):
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code
    return response.status_code, body["code"], sorted(body.get("errors", {}))


class TestDirectory:
    def test_the_shape(self, api, asha):
        with clock.frozen_at(NOON):
            agent = AgentFactory(name="Meera", description="Knows Bandra", cities=["Mumbai"], with_login=True)
        Agent.objects.update(user_satisfaction_rating="4.50")
        WorkingHoursFactory(agent=agent, weekday=1, opens=time(10), closes=time(0))
        card = {
            "id": agent.pk,
            "name": "Meera",
            "description": "Knows Bandra",
            "contact_number": agent.contact_number,
            "avatar_url": "",
            "languages": ["en"],
            "agent_type": "general",
            "experience_level": "intermediate",
            "cities": ["Mumbai"],
            "timezone": "Asia/Kolkata",
            "is_active": True,
            "is_available": True,
            "user_satisfaction_rating": 4.5,
            "working_hours": [{"weekday": 1, "opens": "10:00", "closes": "00:00"}],
            "created_at": "2026-06-10T12:00:00Z",
        }
        assert api(asha).get(f"{AGENTS}/{agent.pk}").json() == card
        assert api(agent.user).get(f"{AGENTS}/{agent.pk}/").json() == card
        page = {"items": [card], "next_cursor": None, "has_more": False, "limit": 20, "total": None}
        assert api(asha).get(AGENTS).json() == page

    def test_staff_see_more(self, api, asha, ops, meera):
        EngagementFactory(agent=meera)
        seen = api(ops).get(f"{AGENTS}/{meera.pk}").json()
        open_to_all = api(asha).get(f"{AGENTS}/{meera.pk}").json()
        more = {
            "user_id": meera.user_id,
            "capacity": 50,
            "live_users": 1,
            "live_visits": 0,
            "total_users_assigned": 1,
        }
        assert seen == {**open_to_all, **more}

    def test_former_agents_are_for_staff(self, api, asha, ops, viewer):
        former = AgentFactory(name="Gone", is_active=False, with_login=True)
        AgentFactory(name="Here")
        for user, listed, code in [
            (asha, ["Here"], 404),
            (former.user, ["Here"], 404),
            (SeekerFactory(is_staff=True), ["Here"], 404),
            (viewer, ["Gone", "Here"], 200),
            (ops, ["Gone", "Here"], 200),
        ]:
            assert names(api(user).get(AGENTS)) == listed
            assert api(user).get(f"{AGENTS}/{former.pk}").status_code == code

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("city=mumbai", ["Everywhere", "Mumbai"]),
            ("city=NEW%20DELHI", ["Delhi", "Everywhere"]),
            ("city=Goa", ["Everywhere"]),
            ("language=hi", ["Delhi"]),
            ("language=HI&city=mumbai", []),
            ("agent_type=senior", ["Mumbai"]),
            ("city=&language=&agent_type=", ["Delhi", "Everywhere", "Mumbai"]),
            ("colour=blue", ["Delhi", "Everywhere", "Mumbai"]),
        ],
    )
    def test_filters(self, api, asha, query, found):
        AgentFactory(name="Everywhere")
        AgentFactory(name="Mumbai", cities=["Pune", "Mumbai"], agent_type="senior")
        AgentFactory(name="Delhi", cities=["New Delhi"], languages=["en", "hi"])
        assert names(api(asha).get(f"{AGENTS}?{query}")) == found

    @pytest.mark.parametrize(
        "query", ["agent_type=boss", "language=english", "language=%00", "city=%00", "limit=0", "limit=x"]
    )
    def test_bad_filters(self, api, asha, query):
        field = query.partition("=")[0]
        assert problem(api(asha).get(f"{AGENTS}?{query}")) == (400, "validation_error", [field])

    def test_pages_hold_everybody_once(self, api, asha):
        made = AgentFactory.create_batch(3, name="Same") + AgentFactory.create_batch(4)
        client, seen, url = api(asha), [], f"{AGENTS}?limit=3"
        cursor = ""
        while cursor is not None:
            page = client.get(f"{url}&cursor={cursor}" if cursor else url).json()
            seen += [row["id"] for row in page["items"]]
            cursor = page["next_cursor"]
        assert sorted(seen) == sorted(agent.pk for agent in made)
        assert names(client.get(AGENTS)) == sorted(agent.name for agent in made)

    @pytest.mark.parametrize("pk", ["0", "99", str(2**63), "9" * 400, "abc", "-1", "1%00", "assigned/1"])
    def test_nobody_of_that_id(self, api, ops, pk):
        assert problem(api(ops).get(f"{AGENTS}/{pk}"))[:2] == (404, "not_found")


class TestAssigned:
    def test_my_agent(self, api, asha, meera):
        EngagementFactory(seeker=asha, agent=meera)
        EngagementFactory()
        assert api(asha).get(f"{AGENTS}/assigned").json() == api(asha).get(f"{AGENTS}/{meera.pk}").json()

    def test_none_yet_or_no_longer(self, api, asha, bala):
        EngagementFactory(seeker=asha, ended_at=NOON)
        EngagementFactory(seeker=bala, agent__is_active=False)
        for user in (asha, bala):
            assert problem(api(user).get(f"{AGENTS}/assigned")) == (404, "not_found", [])
        assert Engagement.objects.count() == 2


class TestStaffWrite:
    def test_only_a_name_is_needed(self, api, ops):
        response = api(ops).post(AGENTS, {"name": " Meera "})
        body = response.json()
        agent = Agent.objects.get()
        assert response.status_code == 201
        assert body == api(ops).get(f"{AGENTS}/{agent.pk}").json()
        defaults = {
            "name": "Meera",
            "languages": ["en"],
            "cities": [],
            "capacity": 50,
            "agent_type": "general",
            "experience_level": "intermediate",
            "is_active": True,
            "is_available": True,
            "timezone": "Asia/Kolkata",
            "user_id": None,
            "working_hours": [],
            "user_satisfaction_rating": None,
        }
        assert {name: body[name] for name in defaults} == defaults

    def test_everything_at_once(self, api, ops, asha):
        sent = {
            "name": "Meera",
            "description": "Knows Bandra",
            "contact_number": "+919820012345",
            "avatar_url": "https://img.example/meera.png",
            "languages": ["mr", "en"],
            "agent_type": "specialist",
            "experience_level": "expert",
            "cities": ["Mumbai", "Pune"],
            "timezone": "Asia/Kathmandu",
            "is_active": True,
            "is_available": False,
            "working_hours": [MONDAY],
            "user_id": asha.pk,
            "capacity": None,
        }
        body = api(ops).post(AGENTS, sent).json()
        assert {name: body[name] for name in sent} == sent

    def test_a_part_changes_only_that(self, api, ops, meera):
        before = api(ops).get(f"{AGENTS}/{meera.pk}").json()
        response = api(ops).patch(f"{AGENTS}/{meera.pk}/", {"capacity": 3, "working_hours": [MONDAY]})
        assert response.status_code == 200
        assert response.json() == {**before, "capacity": 3, "working_hours": [MONDAY]}
        assert api(ops).patch(f"{AGENTS}/{meera.pk}", {}).json() == response.json()

    def test_a_number_as_people_write_it(self, api, ops):
        body = api(ops).post(AGENTS, {"name": "Meera", "contact_number": "+91 (98200) 12-345"}).json()
        assert body["contact_number"] == "+919820012345"

    def test_leaving_keeps_the_row(self, api, ops, asha):
        engagement = EngagementFactory(seeker=asha)
        url = f"{AGENTS}/{engagement.agent_id}"
        for _ in range(2):
            response = api(ops).delete(f"{url}?dry_run=false")
            assert (response.status_code, response.json()) == (200, {"moved": []})
        assert api(asha).get(f"{AGENTS}/assigned").status_code == 404
        assert api(ops).get(url).json()["is_active"] is False
        assert api(ops).patch(url, {"is_active": True}).json()["is_active"] is True

    @pytest.mark.parametrize(
        ("sent", "fields"),
        [
            ({"id": 5}, ["id"]),
            ({"live_users": 0, "live_visits": 0}, ["live_users", "live_visits"]),
            ({"total_users_assigned": 0}, ["total_users_assigned"]),
            ({"user_satisfaction_rating": 5}, ["user_satisfaction_rating"]),
            ({"created_at": "2026-01-01T00:00:00Z"}, ["created_at"]),
            ({"salary": 5, "colour": "blue"}, ["colour", "salary"]),
            ({"name": ""}, ["name"]),
            ({"name": None}, ["name"]),
            ({"name": "x" * 121}, ["name"]),
            ({"name": ["Meera"]}, ["name"]),
            ({"description": "x" * 2001}, ["description"]),
            ({"contact_number": "12"}, ["contact_number"]),
            ({"contact_number": "9" * 17}, ["contact_number"]),
            ({"avatar_url": "javascript:alert(1)"}, ["avatar_url"]),
            ({"languages": "en"}, ["languages"]),
            ({"languages": ["english"]}, ["languages.0"]),
            ({"languages": ["en"] * 21}, ["languages"]),
            ({"languages": [None]}, ["languages.0"]),
            ({"cities": ["x" * 81]}, ["cities.0"]),
            ({"cities": [" "]}, ["cities.0"]),
            ({"cities": None}, ["cities"]),
            ({"cities": {"a": 1}}, ["cities"]),
            ({"agent_type": "boss"}, ["agent_type"]),
            ({"experience_level": ""}, ["experience_level"]),
            ({"timezone": "localtime"}, ["timezone"]),
            ({"timezone": "../../etc/passwd"}, ["timezone"]),
            ({"timezone": "asia/kolkata"}, ["timezone"]),
            ({"is_available": "perhaps"}, ["is_available"]),
            ({"is_active": None}, ["is_active"]),
            ({"capacity": 0}, ["capacity"]),
            ({"capacity": 2**31}, ["capacity"]),
            ({"capacity": 2**70}, ["capacity"]),
            ({"capacity": 1.5}, ["capacity"]),
            ({"user_id": 2**70}, ["user_id"]),
            ({"user_id": 987654}, ["user_id"]),
            ({"user_id": "asha"}, ["user_id"]),
            ({"working_hours": {}}, ["working_hours"]),
            ({"working_hours": [5]}, ["working_hours.0"]),
            ({"working_hours": [MONDAY, MONDAY]}, ["working_hours"]),
            ({"working_hours": [MONDAY, {**MONDAY, "weekday": 7}]}, ["working_hours.1.weekday"]),
            ({"working_hours": [{"weekday": 5}]}, ["working_hours.0.closes", "working_hours.0.opens"]),
        ],
    )
    def test_what_is_wrong_is_named(self, api, ops, meera, sent, fields):
        before = api(ops).get(AGENTS).json()
        changed = {"description": "Changed", **sent}
        assert problem(api(ops).patch(f"{AGENTS}/{meera.pk}", changed)) == (400, "validation_error", fields)
        new = {"name": "New", **sent}
        assert problem(api(ops).post(AGENTS, new)) == (400, "validation_error", fields)
        assert api(ops).get(AGENTS).json() == before

    @pytest.mark.parametrize("body", ["[]", "5", "null", '"x"'])
    def test_a_body_that_is_no_object(self, api, ops, meera, body):
        for send, url in [(api(ops).post, AGENTS), (api(ops).patch, f"{AGENTS}/{meera.pk}")]:
            assert problem(send(url, body, content_type="application/json"))[:2] == (400, "validation_error")

    def test_a_login_is_one_persons(self, api, ops, bala, meera):
        for user_id in (ops.pk, meera.user_id):
            sent = {"name": "Twin", "user_id": user_id}
            assert problem(api(ops).post(AGENTS, sent)) == (400, "validation_error", ["user_id"])
        assert Agent.objects.count() == 1


class TestAvailability:
    def test_it_is_switched(self, api, meera, ops):
        for user, value in [(meera.user, False), (ops, True)]:
            response = api(user).patch(f"{AGENTS}/{meera.pk}/availability", {"is_available": value})
            assert (response.status_code, response.json()["is_available"]) == (200, value)
            assert Agent.objects.get().is_available is value

    @pytest.mark.parametrize(
        "sent", [{}, {"is_available": None}, {"is_available": 2}, {"is_available": "no!"}]
    )
    def test_refused(self, api, meera, sent):
        response = api(meera.user).patch(f"{AGENTS}/{meera.pk}/availability", sent)
        assert problem(response) == (400, "validation_error", ["is_available"])
        assert Agent.objects.get().is_available


class TestHours:
    def test_the_week_is_replaced(self, api, meera):
        WorkingHoursFactory(agent=meera)
        url = f"{AGENTS}/{meera.pk}/hours"
        sent = [
            {"weekday": 5, "opens": "18:00:00", "closes": "24:00"},
            {"weekday": 2, "opens": "09:00", "closes": "12:00"},
            {"weekday": 2, "opens": "12:00", "closes": "17:30"},
            {"weekday": 6, "opens": "00:00", "closes": "00:00"},
        ]
        stored = [
            {"weekday": 2, "opens": "09:00", "closes": "17:30"},
            {"weekday": 5, "opens": "18:00", "closes": "00:00"},
            {"weekday": 6, "opens": "00:00", "closes": "00:00"},
        ]
        response = api(meera.user).put(url, {"items": sent})
        assert (response.status_code, response.json()) == (200, {"items": stored})
        assert api(meera.user).get(url).json() == {"items": stored}
        assert api(meera.user).put(url, {"items": []}).json() == {"items": []}

    @pytest.mark.parametrize(
        ("row", "fields"),
        [
            ({**MONDAY, "weekday": 7}, ["items.0.weekday"]),
            ({**MONDAY, "weekday": -1}, ["items.0.weekday"]),
            ({**MONDAY, "weekday": True}, ["items.0.weekday"]),
            ({**MONDAY, "opens": "24:00"}, ["items.0.opens"]),
            ({**MONDAY, "opens": "9:00"}, ["items.0.opens"]),
            ({**MONDAY, "closes": "25:00"}, ["items.0.closes"]),
            ({**MONDAY, "closes": "18:60"}, ["items.0.closes"]),
            ({**MONDAY, "closes": 18}, ["items.0.closes"]),
            ({**MONDAY, "closes": "١٨:٠٠"}, ["items.0.closes"]),
            ({**MONDAY, "closes": "10:00"}, ["items"]),
            ({**MONDAY, "closes": None}, ["items.0.closes"]),
            ({**MONDAY, "note": "x"}, ["items.0.note"]),
        ],
    )
    def test_a_bad_row_is_named(self, api, meera, row, fields):
        WorkingHoursFactory(agent=meera, weekday=3)
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", {"items": [row]})
        assert problem(response) == (400, "validation_error", fields)
        assert WorkingHours.objects.get().weekday == 3

    @pytest.mark.parametrize("sent", [{}, {"items": None}, {"items": "x"}, {"items": [MONDAY] * 400}])
    def test_no_week(self, api, meera, sent):
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", sent)
        assert problem(response) == (400, "validation_error", ["items"])

    def test_overlap(self, api, meera):
        rows = [MONDAY, {"weekday": 0, "opens": "17:00", "closes": "20:00"}]
        response = api(meera.user).put(f"{AGENTS}/{meera.pk}/hours", {"items": rows})
        assert response.json()["errors"] == {
            "items": ["Row 2: Monday 17:00–20:00 overlaps Monday 10:00–18:00. Change one of the two."]
        }
        assert not WorkingHours.objects.exists()


class TestTimeOff:
    def test_it_comes_and_goes(self, api, meera):
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
        assert problem(client.delete(f"{url}/{off['id']}")) == (404, "not_found", [])

    def test_the_latest_comes_first_on_every_page(self, api, meera):
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
            ({"from": "2026-07-01T00:00:00Z", "to": "2026-07-02T00:00:00Z", "until": 1}, ["until"]),
        ],
    )
    def test_refused(self, api, meera, sent, fields):
        with clock.frozen_at(NOON):
            response = api(meera.user).post(f"{AGENTS}/{meera.pk}/time-off", sent)
        assert problem(response) == (400, "validation_error", fields)
        assert not TimeOff.objects.exists()

    def test_that_of_another_agent_is_not_found_here(self, api, meera):
        off = TimeOffFactory()
        for pk in (off.pk, 2**70):
            url = f"{AGENTS}/{meera.pk}/time-off/{pk}"
            assert problem(api(meera.user).delete(url)) == (404, "not_found", [])
        assert TimeOff.objects.get() == off


DAYS = {"from": "2030-07-01T00:00:00Z", "to": "2030-07-02T00:00:00Z"}
PEOPLE = ("nobody", "user", "other agent", "the agent", "viewer", "ops")
TABLE = [
    ("get", "", None, (401, 200, 200, 200, 200, 200)),
    ("get", "/{id}", None, (401, 200, 200, 200, 200, 200)),
    ("get", "/assigned", None, (401, 404, 404, 404, 404, 404)),
    ("post", "", {"name": "New"}, (401, 403, 403, 403, 403, 201)),
    ("patch", "/{id}", {"name": "New"}, (401, 403, 403, 403, 403, 200)),
    ("delete", "/{id}", None, (401, 403, 403, 403, 403, 200)),
    ("patch", "/{id}/availability", {"is_available": False}, (401, 403, 403, 200, 403, 200)),
    ("get", "/{id}/hours", None, (401, 403, 403, 200, 200, 200)),
    ("put", "/{id}/hours", {"items": []}, (401, 403, 403, 200, 403, 200)),
    ("get", "/{id}/time-off", None, (401, 403, 403, 200, 200, 200)),
    ("post", "/{id}/time-off", DAYS, (401, 403, 403, 201, 403, 201)),
    ("delete", "/{id}/time-off/{off}", None, (401, 403, 403, 204, 403, 204)),
]
CASES = [
    (method, path, body, person, code)
    for method, path, body, codes in TABLE
    for person, code in zip(PEOPLE, codes, strict=True)
]


class TestAccess:
    @pytest.mark.parametrize(("method", "path", "body", "person", "code"), CASES)
    def test_it(self, api, asha, ops, viewer, meera, method, path, body, person, code):
        other = AgentFactory(name="Other", with_login=True)
        off = TimeOffFactory(agent=meera)
        WorkingHoursFactory(agent=meera)
        before = api(ops).get(AGENTS).json()
        people = {
            "user": asha,
            "other agent": other.user,
            "the agent": meera.user,
            "viewer": viewer,
            "ops": ops,
        }
        url = AGENTS + path.format(id=meera.pk, off=off.pk)
        response = getattr(api(people.get(person)), method)(url, body)
        assert response.status_code == code
        if code >= 400:
            expected = {401: "not_authenticated", 403: "permission_denied", 404: "not_found"}[code]
            assert problem(response) == (code, expected, [])
            assert api(ops).get(AGENTS).json() == before
            assert list(TimeOff.objects.all()) == [off]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [(method, path, body) for method, path, body, _ in TABLE if path.startswith("/{id}/")],
    )
    def test_a_former_agent_is_not_found(self, api, asha, ops, meera, method, path, body):
        off = TimeOffFactory(agent=meera)
        Agent.objects.update(is_active=False)
        url = AGENTS + path.format(id=meera.pk, off=off.pk)
        for user in (asha, meera.user):
            assert problem(getattr(api(user), method)(url, body)) == (404, "not_found", [])
        assert getattr(api(ops), method)(url, body).status_code < 300

    def test_a_refusal_comes_before_the_body_is_judged(self, api, asha, meera):
        assert problem(api(asha).put(f"{AGENTS}/{meera.pk}/hours", {"items": "x"}))[0] == 403

    @pytest.mark.parametrize(
        ("method", "path"),
        [("put", "/{id}"), ("post", "/assigned"), ("post", "/{id}"), ("patch", "/{id}/hours")],
    )
    def test_other_methods(self, api, ops, meera, method, path):
        url = AGENTS + path.format(id=meera.pk)
        assert problem(getattr(api(ops), method)(url, {}))[:2] == (405, "method_not_allowed")


class TestQueries:
    def count(self, client, url):
        client.get(url)  # a user's permissions are read once
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    @pytest.mark.parametrize("person", ["asha", "ops"])
    def test_ten_more_agents_cost_no_more(self, api, person, request):
        client = api(request.getfixturevalue(person))
        WorkingHoursFactory()
        few = self.count(client, AGENTS)
        for agent in AgentFactory.create_batch(10, with_login=True):
            WorkingHoursFactory.create_batch(1, agent=agent)
        assert self.count(client, AGENTS) == few

    def test_ten_more_times_off_cost_no_more(self, api, meera):
        client, url = api(meera.user), f"{AGENTS}/{meera.pk}/time-off"
        TimeOffFactory(agent=meera)
        few = self.count(client, url)
        TimeOffFactory.create_batch(10, agent=meera)
        assert self.count(client, url) == few


def test_a_zone_that_the_database_would_not_take_for_one_is_refused(api, ops, monkeypatch):
    """As one that was named after PostgreSQL was built."""
    for zone in ("CET", "EET", "MET", "WET", "localtime"):
        answer = api(ops).post(AGENTS, {"name": "Meera", "timezone": zone})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["timezone"])
    known = available_timezones()
    monkeypatch.setattr(validators, "available_timezones", lambda: {*known, "Europe/Newtown"})
    validators.timezones.cache_clear()
    answer = api(ops).post(AGENTS, {"name": "Meera", "timezone": "Europe/Newtown"})
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"timezone": ["Europe/Newtown is not a time zone such as Asia/Kolkata."]},
    )
    assert not Agent.objects.exists()
    assert api(ops).post(AGENTS, {"name": "Meera", "timezone": "Europe/Berlin"}).status_code == 201
    validators.timezones.cache_clear()
