"""Odd arguments and bodies are refused, and stay out of the log."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visits.tests.mcp.helpers import local_day, local_text

pytestmark = [pytest.mark.stress, pytest.mark.django_db]


def test_the_log_has_the_names_of_arguments_and_not_their_values(asha_assistant, listing, caplog):
    with caplog.at_level(logging.INFO, logger="django_mcpz.calls"):
        asha_assistant.call(
            "visits_schedule", property_id=listing.pk, scheduled_date=local_text(2, 11), notes="I am deaf"
        )
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
def test_no_arguments_make_a_tool_fail_unexpectedly(asha_assistant, staff_assistant, world, data):
    assistant = data.draw(st.sampled_from([asha_assistant, staff_assistant]))
    tools = vars(assistant).setdefault("known", assistant.tools())
    name = data.draw(st.sampled_from(sorted(tools)))
    sane = {
        "property_id": world.listing,
        "visit_id": world.tour,
        "agent_id": world.second_agent,
        "from_date": local_day(1),
        "to_date": local_day(2),
        "day": local_day(2),
        "scheduled_date": local_text(3, 11),
        "new_date": local_text(3, 11),
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
def test_no_body_makes_a_server_fail(asha_assistant, body):
    assert asha_assistant.post(body).status_code in {200, 400}
