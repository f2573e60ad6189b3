"""Each route of agents admits the right people and refuses all others."""

import pytest

from agents.models import Agent, TimeOff
from agents.tests.factories import AgentFactory, TimeOffFactory, WorkingHoursFactory
from ghar.tests.responses import problem, problem_fields

pytestmark = pytest.mark.django_db


AGENTS = "/api/v1/agents"
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
    def test_each_route_admits_those_whom_it_should(
        self, api, asha, ops, viewer, meera, method, path, body, person, code
    ):
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
            assert problem_fields(response) == (code, expected, [])
            assert api(ops).get(AGENTS).json() == before
            assert list(TimeOff.objects.all()) == [off]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [(method, path, body) for method, path, body, _ in TABLE if path.startswith("/{id}/")],
    )
    def test_a_former_agent_is_found_by_staff_only(self, api, asha, ops, meera, method, path, body):
        off = TimeOffFactory(agent=meera)
        Agent.objects.update(is_active=False)
        url = AGENTS + path.format(id=meera.pk, off=off.pk)
        for user in (asha, meera.user):
            assert problem_fields(getattr(api(user), method)(url, body)) == (404, "not_found", [])
        assert getattr(api(ops), method)(url, body).status_code < 300

    def test_a_user_without_rights_gets_403_whatever_the_body(self, api, asha, meera):
        assert problem(api(asha).put(f"{AGENTS}/{meera.pk}/hours", {"items": "x"})) == (
            403,
            "permission_denied",
        )

    @pytest.mark.parametrize(
        ("method", "path"),
        [("post", "/assigned"), ("post", "/{id}"), ("patch", "/{id}/hours")],
    )
    def test_other_methods_are_not_allowed(self, api, ops, meera, method, path):
        url = AGENTS + path.format(id=meera.pk)
        assert problem(getattr(api(ops), method)(url, {})) == (405, "method_not_allowed")
