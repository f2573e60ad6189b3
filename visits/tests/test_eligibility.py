"""The one predicate: each reason has its rule, text and override flag, and nobody passes unjudged."""

from dataclasses import fields

import pytest

from agents.models import Agent
from agents.tests.factories import AgentFactory
from visits.assignment import explanations
from visits.scheduling.eligibility import (
    REASONS,
    Reason,
    Requirements,
    eligible,
    ineligibility_reasons,
    with_eligibility,
)

pytestmark = pytest.mark.django_db

# api.md: the names and their order, and which of them `override` lifts.
CONTRACT = ["inactive", "unavailable", "city", "hours", "time_off", "capacity", "busy", "travel", "own_visit"]
OVERRIDABLE = {"unavailable", "city", "hours", "time_off", "capacity", "travel"}


def test_the_reasons_are_those_of_the_contract():
    assert list(REASONS) == CONTRACT
    assert {reason.name for reason in REASONS.values() if reason.overridable} == OVERRIDABLE


def test_a_reason_cannot_be_without_rule_text_and_override_flag():
    required = {"name": "moon", "text": "is on the moon", "rule": Requirements, "overridable": False}
    Reason(**required)
    for name in required:
        with pytest.raises(TypeError):
            Reason(**{key: value for key, value in required.items() if key != name})
    assert {field.name for field in fields(Reason)} >= required.keys()


@pytest.mark.parametrize("name", CONTRACT)
def test_each_reason_can_be_told(name):
    assert explanations.explain_reasons([name]).endswith(".")


def test_an_agent_who_was_not_judged_is_never_eligible():
    AgentFactory()
    with pytest.raises(ValueError, match="was not judged"):
        ineligibility_reasons(Agent.objects.get())


def test_an_agent_who_was_judged_in_part_is_not_eligible_either():
    AgentFactory()
    judged = with_eligibility(Agent.objects.all(), Requirements()).get()
    del vars(judged)["fulfils_time_off"]
    with pytest.raises(ValueError, match="was not judged"):
        ineligibility_reasons(judged)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"is_active": False}, "inactive"),
        ({"is_available": False}, "unavailable"),
        ({"capacity": 1, "live_visits": 1}, "capacity"),
    ],
)
def test_the_predicate_and_the_reasons_agree(changes, reason):
    AgentFactory(**changes)
    requirements = Requirements(city="Mumbai")
    assert ineligibility_reasons(with_eligibility(Agent.objects.all(), requirements).get()) == [reason]
    assert not eligible(Agent.objects.all(), requirements).exists()
