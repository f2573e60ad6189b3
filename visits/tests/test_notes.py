"""A change has a reason that the people of the visit read, and a note that only the agency reads."""

import pytest

from agents.tests.factories import AgentFactory
from ghar.tests.responses import iso, problem
from visits import services
from visits.tests.factories import local

AGENCY = {"id": None, "full_name": "The agency"}


def path(visit, end=""):
    return f"/api/v1/visits/{visit.pk}{end}"


def last(api, user, visit):
    return api(user).get(path(visit, "/history")).json()["items"][-1]


STEPS = {
    "reschedule": lambda: {"new_date": iso(local(2, 13))},
    "cancel": dict,
    "assign": lambda: {"agent_id": AgentFactory(name="Rohan Das").pk},
}


@pytest.mark.parametrize("step", STEPS)
def test_staff_give_both_and_the_visitor_reads_the_reason_alone(api, ops, asha, agent, tour, step):
    words = {"reason": "The lift is being mended", "note": "They argue with every agent"}

    answer = api(ops).post(path(tour, f"/{step}"), {**STEPS[step](), **words})

    assert answer.status_code == 200
    assert "argue" not in api(asha).get(path(tour)).text
    shown = last(api, asha, tour)
    assert (shown["reason"], shown["note"], shown["data"]) == (words["reason"], None, None)
    assert shown["actor"] == AGENCY
    kept = last(api, ops, tour)
    assert (kept["reason"], kept["note"]) == (words["reason"], words["note"])
    assert kept["actor"] == {"id": ops.pk, "full_name": "Ops Desk"}


def test_the_agent_of_the_visit_reads_notes_and_names(api, ops, agent, tour):
    services.reschedule(visit=tour, by=ops, new_date=local(2, 13), note="The owner is slow to open")
    entry = last(api, agent.user, tour)
    assert (entry["note"], entry["actor"]["full_name"]) == ("The owner is slow to open", "Ops Desk")
    assert set(entry["data"]) == {"from", "to", "agent_id", "from_agent_id"}


@pytest.mark.parametrize("step", ["reschedule", "cancel"])
def test_participants_give_reasons_and_no_notes(api, asha, tour, snapshot, step):
    before = snapshot()
    refused = api(asha).post(path(tour, f"/{step}"), {**STEPS[step](), "note": "x"})
    assert problem(refused) == (403, "permission_denied")
    assert snapshot() == before

    api(asha).post(path(tour, f"/{step}"), {**STEPS[step](), "reason": "Rain"})
    entry = last(api, asha, tour)
    assert (entry["reason"], entry["actor"]) == ("Rain", {"id": asha.pk, "full_name": "Asha Rao"})


@pytest.mark.parametrize("words", [{"reason": "On request"}, {"note": "On request"}])
def test_either_will_do_where_staff_must_say_why(api, ops, tour, words):
    other = AgentFactory(cities=["Delhi"])
    body = {"agent_id": other.pk, "override": True}
    refused = api(ops).post(path(tour, "/assign"), body)
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["reason"])
    assert api(ops).post(path(tour, "/assign"), body | words).json()["agent_id"] == other.pk


def test_a_note_on_a_cancellation_is_not_the_visits_reason(api, ops, asha, tour):
    body = api(ops).post(path(tour, "/cancel"), {"note": "Asks for another agent each time"}).json()
    assert (body["status"], body["cancellation_reason"]) == ("cancelled", "")
    assert last(api, asha, tour)["reason"] == ""


def test_the_other_of_a_meet_is_named_and_staff_are_not(api, asha, bala, ops, meet):
    services.confirm(visit=meet, by=bala)
    services.reschedule(visit=meet, by=ops, new_date=local(3, 18))
    actors = [entry["actor"] for entry in api(asha).get(path(meet, "/history")).json()["items"]]
    assert actors == [
        {"id": asha.pk, "full_name": "Asha Rao"},
        {"id": bala.pk, "full_name": "Bala Iyer"},
        AGENCY,
    ]


def test_the_seeker_does_not_read_why_staff_gave_them_another_agent(api, ops, asha, tour):
    other = AgentFactory(name="Rohan Das")
    services.move_engagement(user=asha, agent=other, by=ops, note="Wears Meera out")
    shown = api(asha).post("/api/v1/agents/assign").json()
    assert (shown["agent"]["name"], shown["assignment_reason"]) == ("Rohan Das", "")


def test_a_note_of_an_assignment_is_not_the_reason_of_the_engagement(api, ops, asha, tour):
    tour.user.engagements.all().delete()
    services.assign(visit=tour, by=ops, agent_id=None)
    services.assign(visit=tour, by=ops, agent_id=AgentFactory().pk, note="Wears Meera out")
    assert api(asha).post("/api/v1/agents/assign").json()["assignment_reason"] == "Assigned to a visit"


def test_the_page_shows_both_and_the_log_keeps_both(staff_client, tour):
    words = {"reason": "The lift is being mended", "note": "They argue with every agent"}
    response = staff_client.post(f"/admin/visits/visit/{tour.pk}/cancel/", words, follow=True)
    page = response.content.decode()
    assert [text in page for text in words.values()] == [True, True]
    entry = staff_client.get(f"/admin/visits/visit/{tour.pk}/history/").content.decode()
    assert " ".join(words.values()) in entry
