"""Tools return what REST returns, with local times, and describe themselves."""

from datetime import UTC, datetime

import pytest
from django.utils.dateparse import parse_datetime

from ghar import clock
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.factories import KOLKATA, book, local
from visits.tests.mcp.helpers import API, iso, local_day, local_text, rest_part

pytestmark = pytest.mark.django_db
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


def test_a_booking_returns_the_visit_of_rest_with_local_times(api, asha, asha_assistant, agent, listing):
    visit = asha_assistant.call(
        "visits_schedule", property_id=listing.pk, scheduled_date=local_text(2, 11), notes="Lift?"
    )
    assert rest_part(visit) == api(asha).get(f"{API}/visits/{visit['id']}").json()
    assert (visit["scheduled_date"], visit["special_requirements"]) == (iso(local(2, 11)), "Lift?")
    assert visit["local"] == {
        "timezone": "Asia/Kolkata",
        "scheduled_date": f"{local_text(2, 11)}:00+05:30",
        "scheduled_end": f"{local_text(2, 11, 30)}:00+05:30",
    }
    day = local(2, 11).astimezone(KOLKATA).strftime("%a %d %b %Y")
    assert visit["summary"] == (
        f"Booked for {day}, 11:00 in Asia/Kolkata ({iso(local(2, 11))})."
        f" {agent.name} will show it. It waits for the agency to confirm it."
    )


def test_the_same_booking_again_changes_nothing(asha_assistant, listing, everything):
    args = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
    first = asha_assistant.call("visits_schedule", **args)
    before = everything()
    again = asha_assistant.call("visits_schedule", **args | {"scheduled_date": local_text(2, 11)})
    assert (again["id"], again["changed"], everything()) == (first["id"], False, before)


@pytest.mark.parametrize("given", [":00+05:30", ":00.000+0530"])
def test_a_time_with_an_offset_is_not_local(asha_assistant, listing, given):
    visit = asha_assistant.call(
        "visits_schedule", property_id=listing.pk, scheduled_date=local_text(2, 11) + given
    )
    assert visit["scheduled_date"] == iso(local(2, 11))


def test_a_time_that_clocks_skip_is_refused(asha_assistant, listing, snapshot):
    Property.objects.filter(pk=listing.pk).update(timezone="Europe/Berlin")
    before = snapshot()
    text = asha_assistant.refusal(
        "visits_schedule", property_id=listing.pk, scheduled_date="2027-03-28T02:30"
    )
    assert text.startswith("validation_error: ")
    assert "- scheduled_date: Clocks in Europe/Berlin skip this time" in text
    assert snapshot() == before


def test_lists_have_the_pages_of_rest(api, asha, asha_assistant, listing):
    for hour in (11, 13, 15):
        book(asha, listing, local(2, hour))
    theirs = api(asha).get(f"{API}/visits?status=scheduled&limit=2").json()
    ours = asha_assistant.call("visits_list", status=["scheduled"], limit=2)
    assert [rest_part(visit) for visit in ours["items"]] == theirs["items"]
    assert (ours["has_more"], ours["limit"], ours["total"]) == (True, 2, None)
    rest = asha_assistant.call("visits_list", status=["scheduled"], limit=2, cursor=ours["next_cursor"])
    assert [visit["scheduled_date"] for visit in rest["items"]] == [iso(local(2, 11))]


def test_listings_and_slots_are_those_of_rest(api, asha, asha_assistant, agent, listing):
    PropertyFactory(city="Pune")
    found = asha_assistant.call("properties_search", city="mumbai", available=True, price_max=50_000)
    assert found == api(asha).get(f"{API}/properties?city=mumbai&available=true&price_max=50000").json()
    assert [one["id"] for one in found["items"]] == [listing.pk]
    days = {"from": local_day(1), "to": local_day(2)}
    theirs = api(asha).get(f"{API}/properties/{listing.pk}/slots", days).json()
    ours = asha_assistant.call(
        "visits_slots", property_id=listing.pk, from_date=days["from"], to_date=days["to"]
    )
    starts = [slot.pop("local_start") for slot in ours["items"]]
    assert ours == theirs
    assert [parse_datetime(start) for start in starts] == [
        parse_datetime(slot["start"]) for slot in theirs["items"]
    ]
    assert starts[0].endswith("+05:30")


def test_the_agencys_results_are_those_of_rest(api, ops, staff_assistant, agent, asha):
    waiting = book(asha, PropertyFactory(city="Pune"), local(2, 11))
    client = api(ops)
    assert staff_assistant.call("agent_list") == client.get(f"{API}/agents").json()
    assert (
        staff_assistant.call("agent_get", agent_id=agent.pk) == client.get(f"{API}/agents/{agent.pk}").json()
    )
    assert staff_assistant.call("agent_workload") == client.get(f"{API}/agents/workload").json()
    path = f"{API}/visits/{waiting.pk}/candidates"
    assert staff_assistant.call("agent_candidates", visit_id=waiting.pk) == client.get(path).json()
    queue = client.get(f"{API}/visits/all?unassigned=true").json()["items"]
    ours = staff_assistant.call("agent_unassigned_visits")["items"]
    assert [rest_part(visit) for visit in ours] == queue
    assert [visit["id"] for visit in ours] == [waiting.pk]


def test_the_visits_of_a_day_are_those_of_the_agents_local_date(staff_assistant, agent, listing, asha, bala):
    late, early = book(asha, listing, local(2, 18, 30)), book(bala, listing, local(2, 9))
    book(asha, listing, local(3, 9))
    services.cancel(visit=late, by=asha)
    day = staff_assistant.call("agent_visits", agent_id=agent.pk, day=local_day(2))["items"]
    assert [visit["id"] for visit in day] == [early.pk, late.pk]
    ahead = staff_assistant.call("agent_visits", agent_id=agent.pk)["items"]
    assert [visit["local"]["scheduled_date"][:16] for visit in ahead] == [local_text(2, 9), local_text(3, 9)]


def test_hints_tell_reading_from_destructive_tools(asha_assistant, staff_assistant):
    tools = asha_assistant.tools() | staff_assistant.tools()
    assert {name for name, tool in tools.items() if tool["annotations"]["readOnlyHint"]} == READ_ONLY
    destructive = {name for name, tool in tools.items() if tool["annotations"]["destructiveHint"]}
    assert destructive == DESTRUCTIVE
    for tool in tools.values():
        assert tool["description"]
        assert tool["inputSchema"]["additionalProperties"] is False
        assert tool["outputSchema"]["type"] == "object"


def test_every_argument_is_described(asha_assistant, staff_assistant):
    tools = asha_assistant.tools() | staff_assistant.tools()
    inputs = {name: tool["inputSchema"].get("properties", {}) for name, tool in tools.items()}
    assert sum(map(len, inputs.values())) > 40
    assert [
        f"{name}.{field}"
        for name, fields in inputs.items()
        for field, schema in fields.items()
        if not schema.get("description")
    ] == []


def test_a_time_that_clocks_show_twice_is_refused_with_both_moments(asha_assistant, listing, snapshot):
    Property.objects.filter(pk=listing.pk).update(timezone="America/Halifax")
    before = snapshot()
    with clock.frozen_at(datetime(2027, 10, 20, 12, tzinfo=UTC)):
        args = {"property_id": listing.pk, "scheduled_date": "2027-11-07T01:45"}
        text = asha_assistant.refusal("visits_schedule", **args)
        assert "show this time twice: 2027-11-07T01:45-03:00 and 2027-11-07T01:45-04:00." in text
        assert snapshot() == before
        args["scheduled_date"] = "2027-11-07T01:45-04:00"
        visit = asha_assistant.call("visits_schedule", **args)
    assert visit["scheduled_date"] == "2027-11-07T05:45:00Z"
    assert "Sun 07 Nov 2027, 01:45 UTC-04:00 in America/Halifax" in visit["summary"]
