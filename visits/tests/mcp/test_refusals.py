"""Tools refuse what REST refuses, with the same code and text, and say what to do next."""

import pytest

from flatmates.tests.factories import match
from properties.tests.factories import PropertyFactory
from visits.tests.factories import book, local
from visits.tests.mcp.helpers import API, local_text
from visits.tests.mcp.refusals import REFUSALS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_has_the_code_and_text_of_rest_and_changes_nothing(
    api, asha, ops, asha_assistant, staff_assistant, world, everything, case
):
    name, arguments, over_rest = REFUSALS[case]
    method, path, body = over_rest(world)
    user, assistant = (ops, staff_assistant) if name.startswith("agent_") else (asha, asha_assistant)
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
def test_days_outside_the_supported_years_are_refused_by_name(
    api, asha, asha_assistant, staff_assistant, agent, listing, day
):
    sentence = "The year must be between 1900 and 2999."
    text = staff_assistant.refusal("agent_visits", agent_id=agent.pk, day=day)
    assert text == (
        f"validation_error: {sentence}\n- day: {sentence}\n"
        "Next: Correct the arguments that are named, and ask the user where you are not sure."
    )
    text = asha_assistant.refusal("visits_slots", property_id=listing.pk, from_date=day, to_date=day)
    assert f"\n- from_date: {sentence}\n- to_date: {sentence}\n" in text
    answer = api(asha).get(f"{API}/properties/{listing.pk}/slots?from={day}&to={day}")
    assert (answer.status_code, answer.json()["errors"]) == (400, {"from": [sentence], "to": [sentence]})


@pytest.mark.parametrize("day", ["2999-12-31", "1900-01-01"])
def test_the_first_and_last_supported_days_have_no_visits_and_no_slots(
    api, asha, asha_assistant, staff_assistant, agent, listing, day
):
    assert staff_assistant.call("agent_visits", agent_id=agent.pk, day=day)["items"] == []
    found = asha_assistant.call("visits_slots", property_id=listing.pk, from_date=day, to_date=day)
    assert found["items"] == []


def test_without_wrong_fields_the_assistant_is_not_told_to_correct_any(asha, bala, staff_assistant):
    match(asha, bala)
    meet = book(
        asha,
        PropertyFactory(owner=asha),
        local(3, 11),
        visit_context="flatmate_meet",
        counterparty_user_id=bala.pk,
    )
    assert staff_assistant.refusal("agent_candidates", visit_id=meet.pk) == (
        "validation_error: Only tours have an agent; flatmates meet on their own.\n"
        "Next: Do not try the same again. Tell the user why it was refused."
    )


class TestSuggestions:
    def test_a_conflict_suggests_times_that_can_be_booked(self, asha_assistant, world):
        text = asha_assistant.refusal(
            "visits_schedule", property_id=world.other_listing, scheduled_date=local_text(2, 11)
        )
        suggestions = [line for line in text.splitlines() if line.startswith("- ")]
        assert len(suggestions) == 5
        assert all(" in Asia/Kolkata (" in suggestion for suggestion in suggestions)
        start = suggestions[0].split("(")[1].rstrip(")")
        assert asha_assistant.call("visits_schedule", property_id=world.other_listing, scheduled_date=start)[
            "changed"
        ]

    def test_a_listing_that_is_gone_suggests_similar_ones(self, asha_assistant, world):
        gone = PropertyFactory(status="sold", property_type="villa", base_price=50_000)
        far = PropertyFactory(property_type="villa", base_price=90_000, locality="Powai")
        near = PropertyFactory(property_type="villa", base_price=51_000)
        PropertyFactory(property_type="villa", base_price=50_000, purpose="buy")
        PropertyFactory(property_type="villa", base_price=50_000, city="Pune")
        text = asha_assistant.refusal(
            "visits_schedule", property_id=gone.pk, scheduled_date=local_text(5, 11)
        )
        suggestions = [line for line in text.splitlines() if line.startswith("- ")]
        assert len(suggestions) == 3
        assert suggestions[:2] == [
            f"- property_id {near.pk}: {near.title}, Mumbai, 51000",
            f"- property_id {far.pk}: {far.title}, Powai, Mumbai, 90000",
        ]

    def test_an_ineligible_agent_suggests_eligible_ones(self, staff_assistant, world):
        text = staff_assistant.refusal(
            "agent_assign_visit", visit_id=world.tour, agent_id=world.agent_elsewhere, reason="On request"
        )
        assert f"- agent {world.second_agent}: " in text
        assert f"- agent {world.agent_elsewhere}: " not in text
