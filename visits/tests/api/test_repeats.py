"""A change that is asked for again is answered with the visit, and leaves no event and no new version."""

from datetime import timedelta

import pytest

from agents.models import TimeOff
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.tests.responses import iso, problem
from visits import services
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


def of(visit, act=""):
    return f"/api/v1/visits/{visit.pk}{act and f'/{act}'}"


@pytest.fixture
def begun(agent, listing, asha):
    with clock.frozen_at(clock.now() - timedelta(days=3)):
        return book(asha, listing, local(-1, 11))


# The act, its body, and the body of a PATCH that asks for the same.
ACTS = [
    ("confirm", {}, {"status": "confirmed"}),
    ("cancel", {"reason": "Sold"}, {"status": "cancelled"}),
    ("reschedule", {"new_date": iso(local(4, 15))}, {"scheduled_date": iso(local(4, 15))}),
]


@pytest.mark.parametrize(("act", "body", "patch"), ACTS)
def test_the_second_request_gets_the_visit_whatever_version_it_names(
    api, tour, ops, snapshot, act, body, patch
):
    first = api(ops).post(of(tour, act), body, headers={"If-Match": '"1"'})
    assert (first.status_code, first["ETag"]) == (200, '"2"')
    after = snapshot()
    for second in (
        api(ops).post(of(tour, act), body, headers={"If-Match": '"1"'}),
        api(ops).patch(of(tour), patch | {"version": 1}),
        api(ops).put(of(tour), patch, headers={"If-Match": '"1"'}),
    ):
        assert (second.status_code, second["ETag"], second.json()["version"]) == (200, '"2"', 2)
    assert snapshot() == after


@pytest.mark.parametrize(("act", "body", "patch"), ACTS)
def test_who_may_not_do_it_is_refused_as_before_the_change(api, tour, bala, ops, snapshot, act, body, patch):
    services.reschedule(visit=tour, by=ops, new_date=local(4, 15))
    if act != "reschedule":
        api(ops).post(of(tour, act), body)
    after = snapshot()
    for response in (
        api(tour.property.owner).post(of(tour, act), body),
        api(tour.property.owner).patch(of(tour), patch),
    ):
        assert problem(response) == (403, "permission_denied")
    assert problem(api(bala).post(of(tour, act), body)) == (404, "not_found")
    assert snapshot() == after


def test_only_the_side_that_was_awaited_may_confirm_again(api, tour, asha, agent, ops, snapshot):
    api(agent.user).post(of(tour, "confirm"))
    before = snapshot()
    assert problem(api(asha).post(of(tour, "confirm"))) == (403, "permission_denied")
    assert api(agent.user).post(of(tour, "confirm")).status_code == 200
    assert snapshot() == before

    api(agent.user).post(of(tour, "reschedule"), {"new_date": iso(local(5, 12))})
    assert api(asha).post(of(tour, "confirm")).json()["version"] == 4
    before = snapshot()
    assert problem(api(agent.user).post(of(tour, "confirm"))) == (403, "permission_denied")
    assert api(asha).post(of(tour, "confirm")).json()["version"] == 4
    assert api(ops).patch(of(tour), {"status": "confirmed"}).json()["version"] == 4
    assert snapshot() == before


def test_a_meet_is_confirmed_again_by_the_counterparty_alone(api, meet, asha, bala, snapshot):
    api(bala).post(of(meet, "confirm"))
    before = snapshot()
    assert api(bala).post(of(meet, "confirm")).json()["status"] == "confirmed"
    assert problem(api(asha).post(of(meet, "confirm"))) == (403, "permission_denied")
    assert snapshot() == before


def test_a_status_that_is_so_already_lets_the_other_fields_through(api, tour, asha, ops):
    services.confirm(visit=tour, by=ops)
    visit = api(ops).put(of(tour), {"status": "confirmed", "visit_notes": "Gate B"}).json()
    assert (visit["status"], visit["visit_notes"], visit["version"]) == ("confirmed", "Gate B", 3)
    assert [event.change for event in tour.events.all()] == ["scheduled", "confirmed", "updated"]


def test_a_cancelled_visit_takes_a_repeat_and_nothing_else(api, tour, asha, snapshot):
    body = {"status": "cancelled", "special_requirements": "None any more"}
    assert api(asha).patch(of(tour), body).json()["version"] == 2
    before = snapshot()
    assert api(asha).patch(of(tour), body).json()["version"] == 2
    assert problem(api(asha).patch(of(tour), body | {"special_requirements": "Lift"})) == (
        409,
        "invalid_transition",
    )
    assert problem(api(asha).post(of(tour, "reschedule"), {"new_date": iso(local(2, 11))})) == (
        409,
        "invalid_transition",
    )
    assert snapshot() == before


def test_a_completion_is_repeated_with_the_same_notes_only(api, begun, agent, ops, asha, snapshot):
    body = {"notes": "Wants a balcony", "follow_up_date": "2031-05-01T08:30:20Z"}
    assert api(agent.user).post(of(begun, "complete"), body).json()["version"] == 2
    before = snapshot()
    for user, again in (
        (agent.user, body),
        (ops, body),
        (agent.user, {}),
        (ops, {"notes": "Wants a balcony"}),
    ):
        response = api(user).post(of(begun, "complete"), again, headers={"If-Match": '"1"'})
        assert (response.status_code, response.json()["version"]) == (200, 2)
    # Other notes would be lost without a word.
    other = api(agent.user).post(of(begun, "complete"), {"notes": "Wants a garden"})
    assert problem(other) == (409, "invalid_transition")
    assert problem(api(asha).post(of(begun, "complete"))) == (403, "permission_denied")
    assert snapshot() == before


def test_the_present_agent_again_is_no_change_and_needs_no_version(api, tour, ops, asha, snapshot):
    other = AgentFactory()
    body = {"agent_id": other.pk, "reason": "Lives there"}
    assert api(ops).post(of(tour, "assign"), body, headers={"If-Match": 'W/"1"'}).json()["version"] == 2
    before = snapshot()
    for same in (body, {}):
        again = api(ops).post(of(tour, "assign"), same, headers={"If-Match": '"1"'})
        assert (again.status_code, again.json()["agent_id"], again.json()["version"]) == (200, other.pk, 2)
    assert problem(api(asha).post(of(tour, "assign"), body)) == (403, "permission_denied")
    assert snapshot() == before


def test_the_same_time_off_again_is_the_same_and_moves_nothing(api, tour, agent, ops, snapshot):
    path = f"/api/v1/agents/{agent.pk}/time-off"
    body = {"from": iso(local(2, 0)), "to": iso(local(3, 0)), "reason": "Wedding"}
    first = api(ops).post(path, body)
    assert first.status_code == 201
    assert [moved["visit_id"] for moved in first.json()["moved"]] == [tour.pk]
    # Staff want them to come all the same.
    by_hand = {"agent_id": agent.pk, "reason": "Agreed by phone", "override": True}
    assert api(ops).post(of(tour, "assign"), by_hand).status_code == 200
    before = snapshot()
    again = api(agent.user).post(path, body | {"reason": "The wedding"})
    assert (again.status_code, again.json()) == (200, {**first.json(), "moved": []})
    tried = api(ops).post(f"{path}?dry_run=true", body)
    assert (tried.status_code, tried.json()) == (200, {"time_off": None, "moved": []})
    assert (TimeOff.objects.count(), snapshot()) == (1, before)


def test_a_broken_or_stale_condition_changes_nothing_at_any_write_of_a_visit(api, tour, begun, ops, snapshot):
    api(ops).patch(of(begun), {"visit_notes": "a"})
    api(ops).patch(of(tour), {"visit_notes": "a"})
    api(ops).patch(of(tour), {"visit_notes": "b"})
    api(ops).patch(of(begun), {"visit_notes": "b"})
    calls = [
        ("post", of(tour, "confirm"), {}),
        ("post", of(tour, "reschedule"), {"new_date": iso(local(6, 12))}),
        ("post", of(tour, "assign"), {"agent_id": None}),
        ("post", of(begun, "complete"), {"notes": "c"}),
        ("patch", of(tour), {"visit_notes": "c"}),
        ("put", of(tour), {"scheduled_date": iso(local(6, 12))}),
        ("post", of(tour, "cancel"), {}),
    ]
    before = snapshot()
    for method, path, body in calls:
        for stale in ('"1"', '"2", W/"1"', 'W/"4"', '"three"', '"03a"', '""'):
            response = getattr(api(ops), method)(path, body, headers={"If-Match": stale})
            assert problem(response) == (412, "precondition_failed"), (path, stale)
        for broken in ("3", "W/3", '"3', "", "*, *", '"3" "2"', 'w/"3"', '"3";', '"2",*'):
            response = getattr(api(ops), method)(path, body, headers={"If-Match": broken})
            assert problem(response) == (400, "validation_error"), (path, broken)
    assert problem(api(ops).patch(of(tour), {"visit_notes": "c", "version": 2})) == (
        412,
        "precondition_failed",
    )
    both = api(ops).patch(of(tour), {"visit_notes": "c", "version": 3}, headers={"If-Match": '"2"'})
    assert problem(both) == (412, "precondition_failed")
    assert snapshot() == before


@pytest.mark.parametrize(
    "read", ['"1"', 'W/"1"', '"7", W/"1"', '"7","1"', "*", ' "1" ', ', "1",', '"x,y", "1"']
)
def test_a_tag_of_the_present_version_admits_the_write(api, tour, asha, read):
    response = api(asha).patch(of(tour), {"special_requirements": "Ramp"}, headers={"If-Match": read})
    assert (response.status_code, response["ETag"]) == (200, '"2"')


@pytest.mark.parametrize("method", ["patch", "put"])
def test_the_version_in_the_body_is_the_same_condition(api, tour, asha, method):
    body = {"special_requirements": "Ramp", "version": 1}
    assert getattr(api(asha), method)(of(tour), body).json()["version"] == 2
    stale = getattr(api(asha), method)(of(tour), body | {"special_requirements": "None"})
    assert problem(stale) == (412, "precondition_failed")
    assert getattr(api(asha), method)(of(tour), {"version": None}).status_code == 200
