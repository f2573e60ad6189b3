"""The tools: what REST shows and refuses, in the same words, and what assistants get besides."""

import logging

import pytest
from django.utils.dateparse import parse_datetime
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent
from flatmates.tests.factories import match
from ghar.mcp.tests.assistant import Assistant
from ghar.models import OutboxEvent
from ghar.tests.responses import iso
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.tests.factories import KOLKATA, AgentFactory, ListingFactory, UserFactory, book, local

pytestmark = pytest.mark.django_db
API = "/api/v1"
FAR_ID = 2**62
READ_ONLY = {
    "agent_candidates",
    "agent_get",
    "agent_list",
    "agent_unassigned_visits",
    "agent_visits",
    "agent_workload",
    "properties_search",
    "visits_get",
    "visits_list",
    "visits_slots",
}
DESTRUCTIVE = {"visits_cancel", "agent_assign_visit"}


@pytest.fixture
def hers(asha):
    return Assistant(asha)


@pytest.fixture
def desk(ops):
    return Assistant(ops, "/mcp-admin")


@pytest.fixture
def everything(snapshot):
    """What there is, and what others have been told of it."""
    return lambda: (snapshot(), OutboxEvent.objects.count())


def at(days, hour, minute=0):
    """As people there say it: no zone."""
    return local(days, hour, minute).astimezone(KOLKATA).strftime("%Y-%m-%dT%H:%M")


def without_local(visit):
    return {name: value for name, value in visit.items() if name not in {"local", "changed", "summary"}}


class TestShapes:
    def test_a_booking_is_the_visit_of_rest(self, api, asha, hers, agent, listing):
        visit = hers.call("visits_schedule", property_id=listing.pk, scheduled_date=at(2, 11), notes="Lift?")
        assert without_local(visit) == api(asha).get(f"{API}/visits/{visit['id']}").json()
        assert (visit["scheduled_date"], visit["special_requirements"]) == (iso(local(2, 11)), "Lift?")
        assert visit["local"] == {
            "timezone": "Asia/Kolkata",
            "scheduled_date": f"{at(2, 11)}:00+05:30",
            "scheduled_end": f"{at(2, 11, 30)}:00+05:30",
        }
        day = local(2, 11).astimezone(KOLKATA).strftime("%a %d %b %Y")
        assert visit["summary"] == (
            f"Booked for {day}, 11:00 in Asia/Kolkata ({iso(local(2, 11))})."
            f" {agent.name} will show it. It waits for the agency to confirm it."
        )

    def test_the_same_booking_again_changes_nothing(self, hers, listing, everything):
        args = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        first = hers.call("visits_schedule", **args)
        before = everything()
        again = hers.call("visits_schedule", **args | {"scheduled_date": at(2, 11)})
        assert (again["id"], again["changed"], everything()) == (first["id"], False, before)

    @pytest.mark.parametrize("given", [":00+05:30", ":00.000+0530"])
    def test_an_offset_is_taken_at_its_word(self, hers, listing, given):
        visit = hers.call("visits_schedule", property_id=listing.pk, scheduled_date=at(2, 11) + given)
        assert visit["scheduled_date"] == iso(local(2, 11))

    def test_a_time_that_clocks_skip_is_refused(self, hers, listing, snapshot):
        Property.objects.filter(pk=listing.pk).update(timezone="Europe/Berlin")
        before = snapshot()
        text = hers.refusal("visits_schedule", property_id=listing.pk, scheduled_date="2027-03-28T02:30")
        assert text.startswith("validation_error: ")
        assert "- scheduled_date: Clocks in Europe/Berlin skip this time" in text
        assert snapshot() == before

    def test_lists_are_the_pages_of_rest(self, api, asha, hers, listing):
        for hour in (11, 13, 15):
            book(asha, listing, local(2, hour))
        theirs = api(asha).get(f"{API}/visits?status=scheduled&limit=2").json()
        ours = hers.call("visits_list", status=["scheduled"], limit=2)
        assert [without_local(visit) for visit in ours["items"]] == theirs["items"]
        assert (ours["has_more"], ours["limit"], ours["total"]) == (True, 2, None)
        rest = hers.call("visits_list", status=["scheduled"], limit=2, cursor=ours["next_cursor"])
        assert [visit["scheduled_date"] for visit in rest["items"]] == [iso(local(2, 11))]

    def test_listings_and_slots_are_those_of_rest(self, api, asha, hers, agent, listing):
        ListingFactory(city="Pune")
        found = hers.call("properties_search", city="mumbai", available=True, price_max=30_000)
        assert found == api(asha).get(f"{API}/properties?city=mumbai&available=true&price_max=30000").json()
        assert [one["id"] for one in found["items"]] == [listing.pk]
        days = {"from": at(1, 0)[:10], "to": at(2, 0)[:10]}
        theirs = api(asha).get(f"{API}/properties/{listing.pk}/slots", days).json()
        ours = hers.call("visits_slots", property_id=listing.pk, from_date=days["from"], to_date=days["to"])
        starts = [slot.pop("local_start") for slot in ours["items"]]
        assert ours == theirs
        assert [parse_datetime(start) for start in starts] == [
            parse_datetime(slot["start"]) for slot in theirs["items"]
        ]
        assert starts[0].endswith("+05:30")

    def test_the_agencys_answers_are_those_of_rest(self, api, ops, desk, agent, asha):
        waiting = book(asha, ListingFactory(city="Pune"), local(2, 11))
        client = api(ops)
        assert desk.call("agent_list") == client.get(f"{API}/agents").json()
        assert desk.call("agent_get", agent_id=agent.pk) == client.get(f"{API}/agents/{agent.pk}").json()
        assert desk.call("agent_workload") == client.get(f"{API}/agents/workload").json()
        path = f"{API}/visits/{waiting.pk}/candidates"
        assert desk.call("agent_candidates", visit_id=waiting.pk) == client.get(path).json()
        queue = client.get(f"{API}/visits/all?unassigned=true").json()["items"]
        ours = desk.call("agent_unassigned_visits")["items"]
        assert [without_local(visit) for visit in ours] == queue
        assert [visit["id"] for visit in ours] == [waiting.pk]

    def test_an_agents_day_is_his_own_date(self, desk, agent, listing, asha, bala):
        late, early = book(asha, listing, local(2, 18, 30)), book(bala, listing, local(2, 9))
        book(asha, listing, local(3, 9))
        services.cancel(visit=late, by=asha)
        day = desk.call("agent_visits", agent_id=agent.pk, day=at(2, 0)[:10])["items"]
        assert [visit["id"] for visit in day] == [early.pk, late.pk]
        ahead = desk.call("agent_visits", agent_id=agent.pk)["items"]
        assert [visit["local"]["scheduled_date"][:16] for visit in ahead] == [at(2, 9), at(3, 9)]

    def test_the_hints_say_what_a_tool_does(self, hers, desk):
        tools = hers.tools() | desk.tools()
        assert {name for name, tool in tools.items() if tool["annotations"]["readOnlyHint"]} == READ_ONLY
        destructive = {name for name, tool in tools.items() if tool["annotations"]["destructiveHint"]}
        assert destructive == DESTRUCTIVE
        for tool in tools.values():
            assert tool["description"]
            assert tool["inputSchema"]["additionalProperties"] is False
            assert tool["outputSchema"]["type"] == "object"

    def test_every_argument_is_described(self, hers, desk):
        tools = hers.tools() | desk.tools()
        inputs = {name: tool["inputSchema"].get("properties", {}) for name, tool in tools.items()}
        assert sum(map(len, inputs.values())) > 40
        assert [
            f"{name}.{field}"
            for name, fields in inputs.items()
            for field, schema in fields.items()
            if not schema.get("description")
        ] == []


# What is refused: who asks, which tool with what, and the same over REST. `w` is the world.
REFUSALS = {
    "no such listing": (
        "visits_schedule",
        lambda w: {"property_id": FAR_ID, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": FAR_ID, "scheduled_date": iso(local(2, 11))}),
    ),
    "a time that is past": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": "2020-01-01T10:00:00Z"},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": "2020-01-01T10:00:00Z"}),
    ),
    "too far ahead": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": iso(local(92, 11))},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": iso(local(92, 11))}),
    ),
    "no time at all": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": "tomorrow"},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": "tomorrow"}),
    ),
    "nothing given": ("visits_schedule", lambda w: {}, lambda w: ("POST", "visits", {})),
    "an unknown argument": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": iso(local(3, 11)), "when": "x"},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": iso(local(3, 11)), "when": "x"}),
    ),
    "a listing that is not available": (
        "visits_schedule",
        lambda w: {"property_id": w.sold, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.sold, "scheduled_date": iso(local(2, 11))}),
    ),
    "one's own listing": (
        "visits_schedule",
        lambda w: {"property_id": w.own, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.own, "scheduled_date": iso(local(2, 11))}),
    ),
    "two places at once": (
        "visits_schedule",
        lambda w: {"property_id": w.other, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.other, "scheduled_date": iso(local(2, 11))}),
    ),
    "a stranger's visit": (
        "visits_get",
        lambda w: {"visit_id": w.foreign},
        lambda w: ("GET", f"visits/{w.foreign}", {}),
    ),
    "cancelling a stranger's visit": (
        "visits_cancel",
        lambda w: {"visit_id": w.foreign, "confirm": True},
        lambda w: ("POST", f"visits/{w.foreign}/cancel", {}),
    ),
    "cancelling the visit to one's listing": (
        "visits_cancel",
        lambda w: {"visit_id": w.at_own, "confirm": True},
        lambda w: ("POST", f"visits/{w.at_own}/cancel", {}),
    ),
    "cancelling what is over": (
        "visits_cancel",
        lambda w: {"visit_id": w.done, "confirm": True},
        lambda w: ("POST", f"visits/{w.done}/cancel", {}),
    ),
    "too long a reason": (
        "visits_cancel",
        lambda w: {"visit_id": w.tour, "reason": "x" * 501},
        lambda w: ("POST", f"visits/{w.tour}/cancel", {"reason": "x" * 501}),
    ),
    "moving into another visit": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": iso(local(4, 11))},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": iso(local(4, 11))}),
    ),
    "moving into the past": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": "2020-01-01T10:00:00Z"},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": "2020-01-01T10:00:00Z"}),
    ),
    "moving what is over": (
        "visits_reschedule",
        lambda w: {"visit_id": w.done, "new_date": iso(local(3, 11))},
        lambda w: ("POST", f"visits/{w.done}/reschedule", {"new_date": iso(local(3, 11))}),
    ),
    "a forged cursor": (
        "visits_list",
        lambda w: {"cursor": "x"},
        lambda w: ("GET", "visits", {"cursor": "x"}),
    ),
    "slots of nothing": (
        "visits_slots",
        lambda w: {"property_id": FAR_ID, "from_date": at(1, 0)[:10], "to_date": at(1, 0)[:10]},
        lambda w: ("GET", f"properties/{FAR_ID}/slots", {"from": at(1, 0)[:10], "to": at(1, 0)[:10]}),
    ),
    "too many days": (
        "visits_slots",
        lambda w: {"property_id": w.listing, "from_date": at(1, 0)[:10], "to_date": at(40, 0)[:10]},
        lambda w: ("GET", f"properties/{w.listing}/slots", {"from": at(1, 0)[:10], "to": at(40, 0)[:10]}),
    ),
    "half a place": (
        "properties_search",
        lambda w: {"lat": 19.1},
        lambda w: ("GET", "properties", {"lat": 19.1}),
    ),
    "candidates of nothing": (
        "agent_candidates",
        lambda w: {"visit_id": FAR_ID},
        lambda w: ("GET", f"visits/{FAR_ID}/candidates", {}),
    ),
    "an agent who cannot": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": w.elsewhere, "reason": "x"},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": w.elsewhere, "reason": "x"}),
    ),
    "no such agent": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": FAR_ID, "reason": "x"},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": FAR_ID, "reason": "x"}),
    ),
    "another agent without a reason": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": w.second},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": w.second}),
    ),
    "an agent for what is over": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.done, "agent_id": w.second, "reason": "x"},
        lambda w: ("POST", f"visits/{w.done}/assign", {"agent_id": w.second, "reason": "x"}),
    ),
    "an agent whom nobody knows": (
        "agent_get",
        lambda w: {"agent_id": FAR_ID},
        lambda w: ("GET", f"agents/{FAR_ID}", {}),
    ),
    "no word on availability": (
        "agent_set_availability",
        lambda w: {"agent_id": w.second, "is_available": "perhaps"},
        lambda w: ("PATCH", f"agents/{w.second}/availability", {"is_available": "perhaps"}),
    ),
}


@pytest.fixture
def world(asha, bala, agent, listing):
    """Asha's tours (one ahead, one done), what she owns, and what is others'."""

    class World:
        pass

    w = World()
    w.listing = listing.pk
    w.tour = book(asha, listing, local(2, 11)).pk
    w.other = ListingFactory().pk
    book(asha, listing, local(4, 11))
    own = ListingFactory(owner=asha)
    w.own, w.sold = own.pk, ListingFactory(status="sold").pk
    w.foreign = book(bala, listing, local(2, 11)).pk
    w.at_own = book(bala, own, local(3, 11)).pk
    done = book(asha, listing, local(6, 11))
    Visit.objects.filter(pk=done.pk).update(
        status="completed", awaiting=None, actual_date=done.scheduled_date
    )
    w.done = done.pk
    w.elsewhere = AgentFactory(cities=["Pune"]).pk
    w.second = AgentFactory().pk
    return w


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_that_of_rest(api, asha, ops, hers, desk, world, everything, case):
    name, arguments, over_rest = REFUSALS[case]
    method, path, body = over_rest(world)
    user, assistant = (ops, desk) if name.startswith("agent_") else (asha, hers)
    before = everything()
    send = getattr(api(user), method.lower())
    theirs = send(f"{API}/{path}", body).json()
    text = assistant.refusal(name, **arguments(world))
    assert everything() == before
    assert text.splitlines()[0] == f"{theirs['code']}: {theirs['detail']}"
    for sentences in theirs.get("errors", {}).values():
        assert f": {' '.join(sentences)}\n" in text
    if "reasons" in theirs:
        assert f"Reasons: {', '.join(theirs['reasons'])}." in text
    for slot in theirs.get("alternatives", []):
        assert f"({slot['start']})" in text
    assert "\nNext: " in text


@pytest.mark.parametrize("day", ["9999-12-31", "3000-01-01", "1899-12-31", "0001-01-01"])
def test_days_that_are_not_of_our_time_are_named(api, asha, hers, desk, agent, listing, day):
    sentence = "The year must be between 1900 and 2999."
    text = desk.refusal("agent_visits", agent_id=agent.pk, day=day)
    assert text == (
        f"validation_error: Check the fields named in errors.\n- day: {sentence}\n"
        "Next: Correct the arguments that are named, asking the user where you are not sure."
    )
    text = hers.refusal("visits_slots", property_id=listing.pk, from_date=day, to_date=day)
    assert f"\n- from_date: {sentence}\n- to_date: {sentence}\n" in text
    answer = api(asha).get(f"{API}/properties/{listing.pk}/slots?from={day}&to={day}")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"from": [sentence], "to": [sentence]})


@pytest.mark.parametrize("day", ["2999-12-31", "1900-01-01"])
def test_the_last_days_of_our_time_are_empty(api, asha, hers, desk, agent, listing, day):
    assert desk.call("agent_visits", agent_id=agent.pk, day=day)["items"] == []
    found = hers.call("visits_slots", property_id=listing.pk, from_date=day, to_date=day)
    assert found["items"] == []


def test_only_named_arguments_are_to_be_corrected(asha, bala, desk):
    match(asha, bala)
    meet = book(
        asha,
        ListingFactory(owner=asha),
        local(3, 11),
        visit_context="flatmate_meet",
        counterparty_user_id=bala.pk,
    )
    assert desk.refusal("agent_candidates", visit_id=meet.pk) == (
        "validation_error: Only tours have an agent; flatmates meet on their own.\n"
        "Next: Do not try the same again: tell the user why it is refused."
    )


class TestOffers:
    def test_a_conflict_offers_times_that_can_be_booked(self, hers, world):
        text = hers.refusal("visits_schedule", property_id=world.other, scheduled_date=at(2, 11))
        offers = [line for line in text.splitlines() if line.startswith("- ")]
        assert len(offers) == 5
        assert all(" in Asia/Kolkata (" in offer for offer in offers)
        start = offers[0].split("(")[1].rstrip(")")
        assert hers.call("visits_schedule", property_id=world.other, scheduled_date=start)["changed"]

    def test_a_listing_that_is_gone_offers_similar_ones(self, hers, world):
        gone = ListingFactory(status="sold", property_type="villa", base_price=50_000)
        far = ListingFactory(property_type="villa", base_price=90_000, locality="Powai")
        near = ListingFactory(property_type="villa", base_price=51_000)
        ListingFactory(property_type="villa", base_price=50_000, purpose="buy")
        ListingFactory(property_type="villa", base_price=50_000, city="Pune")
        text = hers.refusal("visits_schedule", property_id=gone.pk, scheduled_date=at(5, 11))
        offers = [line for line in text.splitlines() if line.startswith("- ")]
        assert len(offers) == 3
        assert offers[:2] == [
            f"- property_id {near.pk}: {near.title}, Mumbai, 51000",
            f"- property_id {far.pk}: {far.title}, Powai, Mumbai, 90000",
        ]

    def test_an_agent_who_cannot_is_answered_with_those_who_can(self, desk, world):
        text = desk.refusal(
            "agent_assign_visit", visit_id=world.tour, agent_id=world.elsewhere, reason="Asked for him"
        )
        assert f"- agent_id {world.second}: " in text
        assert f"- agent_id {world.elsewhere}: " not in text


class TestCare:
    def test_a_dry_run_shows_and_changes_nothing(self, hers, desk, world, everything):
        before = everything()
        would = hers.call("visits_cancel", visit_id=world.tour, reason="Ill", dry_run=True)
        assert (would["status"], would["cancellation_reason"], would["changed"]) == (
            "cancelled",
            "Ill",
            False,
        )
        assert would["summary"].startswith("Nothing was changed. A call without dry_run would cancel the ")
        would = desk.call("agent_assign_visit", visit_id=world.tour, agent_id=None, dry_run=True)
        assert (would["agent"], would["changed"]) == (None, False)
        assert everything() == before

    def test_who_cannot_be_asked_must_be_told_to_confirm(self, hers, world, everything):
        before = everything()
        text = hers.refusal("visits_cancel", visit_id=world.tour)
        assert text.startswith(f"confirmation_required: Shall I cancel the visit {world.tour} to ")
        assert "confirm=true" in text
        assert everything() == before
        done = hers.call("visits_cancel", visit_id=world.tour, confirm=True)
        assert (done["status"], done["changed"]) == ("cancelled", True)
        again = hers.call("visits_cancel", visit_id=world.tour)
        assert (again["version"], again["changed"]) == (done["version"], False)

    def test_an_answer_holds_for_the_question_that_was_asked(self, ops, world, everything):
        assistant = Assistant(ops, "/mcp-admin", asks=True)
        arguments = {"visit_id": world.tour, "agent_id": world.second, "reason": "Knows the house"}
        before = everything()
        asked = assistant.result("agent_assign_visit", arguments)
        assert asked["resultType"] == "input_required"
        assert everything() == before
        [(key, question)] = asked["inputRequests"].items()
        assert question["params"]["message"].startswith(f"Shall I give the visit {world.tour} to ")
        answer = {
            "inputResponses": {key: {"action": "accept", "content": {"confirm": True}}},
            "requestState": asked["requestState"],
        }
        done = assistant.result("agent_assign_visit", arguments, **answer)
        assert done["structuredContent"]["agent_id"] == world.second
        same = assistant.result("agent_assign_visit", arguments, **answer)
        assert same["structuredContent"]["changed"] is False
        services.assign(visit=Visit.objects.get(pk=world.tour), by=ops, agent_id=None)
        replayed = assistant.result("agent_assign_visit", arguments, **answer)
        assert replayed["resultType"] == "input_required"
        assert Visit.objects.get(pk=world.tour).agent is None

    @pytest.mark.parametrize(
        "said", [{"action": "decline"}, {"action": "accept", "content": {"confirm": False}}]
    )
    def test_no_means_no(self, asha, world, everything, said):
        assistant = Assistant(asha, asks=True)
        before = everything()
        # confirm=true is the model's word; the user is asked all the same.
        arguments = {"visit_id": world.tour, "confirm": True}
        asked = assistant.result("visits_cancel", arguments)
        answers = dict.fromkeys(asked["inputRequests"], said)
        result = assistant.result(
            "visits_cancel", arguments, inputResponses=answers, requestState=asked["requestState"]
        )
        assert result["isError"]
        assert result["content"][0]["text"].startswith("declined: ")
        assert everything() == before

    def test_history_and_events_show_who_did_it(self, api, ops, desk, asha):
        waiting = book(asha, ListingFactory(), local(2, 11))
        agent = AgentFactory()
        told = OutboxEvent.objects.count()
        done = desk.call("agent_assign_visit", visit_id=waiting.pk, confirm=True)
        assert done["agent_id"] == agent.pk
        history = api(ops).get(f"{API}/visits/{waiting.pk}/history").json()["items"]
        assert [(e["change"], e["actor"]["id"]) for e in history] == [
            ("scheduled", asha.pk),
            ("assigned", ops.pk),
        ]
        [event] = OutboxEvent.objects.order_by("pk")[told:]
        assert (event.type, event.data["change"], event.data["agent_id"]) == (
            "visit_updated",
            "assigned",
            agent.pk,
        )
        assert f"user-{asha.pk}" in event.channels


class TestAgents:
    def test_an_agent_sees_and_moves_his_own_visits_only(self, agent, world, everything, bala):
        other = AgentFactory(user=UserFactory())
        assistant, stranger = Assistant(agent.user, "/mcp-admin"), Assistant(other.user, "/mcp-admin")
        assert set(assistant.tools()) == {"agent_get", "agent_list", "agent_set_availability", "agent_visits"}
        his = assistant.call("agent_visits", agent_id=agent.pk)["items"]
        assert world.tour in [visit["id"] for visit in his]
        before = everything()
        text = stranger.refusal("agent_visits", agent_id=agent.pk)
        assert text.startswith("permission_denied: An agent sees his own visits only.")
        unknown = stranger.rpc(
            "tools/call", name="agent_assign_visit", arguments={"visit_id": world.tour, "confirm": True}
        )
        assert unknown["error"]["message"] == "Unknown tool: 'agent_assign_visit'"
        new_date = at(7, 12)
        text = Assistant(other.user).refusal("visits_reschedule", visit_id=world.tour, new_date=new_date)
        assert text.startswith("not_found: ")
        assert everything() == before
        moved = Assistant(agent.user).call("visits_reschedule", visit_id=world.tour, new_date=new_date)
        assert (moved["local"]["scheduled_date"], moved["awaiting"]) == (f"{new_date}:00+05:30", "visitor")

    def test_he_sets_his_own_availability_alone(self, api, agent):
        other = AgentFactory(user=UserFactory())
        stranger = Assistant(other.user, "/mcp-admin")
        theirs = (
            api(other.user).patch(f"{API}/agents/{agent.pk}/availability", {"is_available": False}).json()
        )
        text = stranger.refusal("agent_set_availability", agent_id=agent.pk, is_available=False)
        assert text.splitlines()[0] == f"{theirs['code']}: {theirs['detail']}"
        assert Agent.objects.get(pk=agent.pk).is_available
        done = Assistant(agent.user, "/mcp-admin").call(
            "agent_set_availability", agent_id=agent.pk, is_available=False
        )
        assert (done["is_available"], "live_visits" in done) == (False, False)

    def test_staff_have_the_tools_of_their_permissions(self, db):
        clerk = UserFactory(is_staff=True)
        assert set(Assistant(clerk, "/mcp-admin").tools()) == {
            "agent_get",
            "agent_list",
            "agent_set_availability",
        }


def test_arguments_stay_out_of_the_log(hers, listing, caplog):
    with caplog.at_level(logging.INFO, logger="django_mcpz.calls"):
        hers.call("visits_schedule", property_id=listing.pk, scheduled_date=at(2, 11), notes="I am deaf")
    [record] = [record for record in caplog.records if record.name == "django_mcpz.calls"]
    assert record.arguments == ["notes", "property_id", "scheduled_date"]
    assert "deaf" not in str(vars(record))


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**63, 2**64, -1, 0, 1e308, "\x00", "9999-12-31T23:59:59Z", "0001-01-01"]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30).filter(lambda text: text.isascii() or text.isprintable()),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text("ab", max_size=3), st.none(), max_size=2),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_arguments_are_our_failure(hers, desk, world, data):
    assistant = data.draw(st.sampled_from([hers, desk]))
    tools = vars(assistant).setdefault("known", assistant.tools())
    name = data.draw(st.sampled_from(sorted(tools)))
    sane = {
        "property_id": world.listing,
        "visit_id": world.tour,
        "agent_id": world.second,
        "from_date": at(1, 0)[:10],
        "to_date": at(2, 0)[:10],
        "day": at(2, 0)[:10],
        "scheduled_date": at(3, 11),
        "new_date": at(3, 11),
    }
    arguments = {}
    for field in tools[name]["inputSchema"].get("properties", {}):
        usual = st.just(sane[field]) if field in sane else st.nothing()
        if data.draw(st.booleans(), label=field):
            arguments[field] = data.draw(usual | ODD)
    result = assistant.result(name, arguments)
    if result["isError"]:
        assert "failed unexpectedly" not in result["content"][0]["text"], (name, arguments)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"null",
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 1}}',
        b'{"jsonrpc": "2.0", "id": 99999999999999999999999, "method": "tools/list"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "visits_get", '
        b'"arguments": []}}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "\\u0000"}',
        b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "visits_get", '
        b'"arguments": {"visit_id": 1e999}}}',
    ],
)
def test_no_body_is_our_failure(hers, body):
    assert hers.post(body).status_code in {200, 400}
