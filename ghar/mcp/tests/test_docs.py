"""The examples of docs/mcp.md run from top to bottom: each tool is called and answers as the page shows."""

import json
import re
from datetime import datetime

import pytest
from django.conf import settings
from django.db import connection
from django.urls import resolve

from agents.mcp import agency_server
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.server import user_server
from ghar.mcp.tests.assistant import Assistant
from properties.models import Amenity
from properties.tests.factories import PropertyFactory

DOC = (settings.BASE_DIR / "docs/mcp.md").read_text()
EXAMPLE = re.compile(r"```json (\w+)( refused)?\n(.*?)```\n+```(?:json|text)\n(.*?)```", re.S)
MORE = "…"


@pytest.fixture
def world(ops):
    """The people and listings that the page shows, by its ids. Gives the assistants by tool prefix."""
    asha = UserFactory(pk=7, full_name="Asha Rao", email="asha.rao@example.com", preferred_languages=["mr"])
    for pk, title, price in ((3, "2 BHK near the lake", 42_000), (4, "2 BHK with a terrace", 45_000)):
        home = PropertyFactory(
            pk=pk, title=title, locality="Powai", base_price=price, monthly_rent=price, bedrooms=2
        )
        home.amenities.add(Amenity.objects.get_or_create(pk=1, title="Lift")[0])
    for pk, name, language in ((2, "Meera Kulkarni", "mr"), (5, "Ravi Nair", "hi")):
        AgentFactory(pk=pk, name=name, contact_number=f"+91224000000{pk}", languages=["en", language])
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE visits_visit_id_seq RESTART WITH 12")
    with clock.frozen_at(datetime.fromisoformat("2026-11-21T09:20:00Z")):
        seeker, staff = Assistant(asha), Assistant(ops, "/mcp-admin")
        yield {"visits": seeker, "properties": seeker, "agent": staff}


def matches_json(shown, whole):
    """Return whether a result is as the page shows it; … stands for what is left out."""
    if isinstance(shown, dict):
        left_out = MORE in shown
        named = {name: value for name, value in shown.items() if name != MORE}
        same_names = set(named) <= set(whole) if left_out else set(named) == set(whole)
        return same_names and all(matches_json(value, whole[name]) for name, value in named.items())
    if isinstance(shown, list):
        if shown and shown[-1] == MORE:
            shown, whole = shown[:-1], whole[: len(shown) - 1]
        return len(shown) == len(whole) and all(map(matches_json, shown, whole))
    return shown == whole


def matches_text(shown, whole):
    """Return whether a text is as the page shows it; … stands for any part of one line."""
    return re.fullmatch(".*".join(map(re.escape, shown.split(MORE))), whole) is not None


@pytest.mark.django_db
def test_each_example_gives_the_result_that_the_page_shows(world):
    for name, refused, arguments, answer in EXAMPLE.findall(DOC):
        assistant = world[name.split("_")[0]]
        arguments = json.loads(arguments)
        if refused:
            text = assistant.refusal(name, **arguments)
            assert matches_text(answer.rstrip("\n"), text), (name, text)
        else:
            whole = assistant.call(name, **arguments)
            assert matches_json(json.loads(answer), whole), (name, json.dumps(whole, indent=1))


def test_every_tool_has_an_example():
    assert resolve("/mcp").func is user_server  # Loading the URLs registers the tools.
    shown = {name for name, refused, _, _ in EXAMPLE.findall(DOC) if not refused}
    assert shown == set(user_server._tools) | set(agency_server._tools)
