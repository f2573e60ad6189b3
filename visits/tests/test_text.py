"""Agents, listings and visits find each other in whatever form a text is written."""

from urllib.parse import quote

import pytest
from django.urls import reverse

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.tests.assistant import Assistant
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.commands import run
from visits.tests.factories import book, local
from visits.tests.mcp.helpers import local_day, local_text

pytestmark = pytest.mark.django_db

# The cities of an agent and of a listing, which are one.
CITIES = [
    ("M\u00e2con", "Ma\u0302con"),
    ("\u0130zmit", "izmit"),
    ("\u0130zmit", "IZMIT"),
    ("GIESSEN", "Gie\u00dfen"),
    ("\u0391\u03b3\u03c1\u03af\u03bd\u03b9\u03bf\u03c2", "\u0391\u0393\u03a1\u038a\u039d\u0399\u039f\u03a3"),
    ("\u0930\u093e\u092f\u092a\u0941\u0930", "\u200b\u0930\u093e\u092f\u092a\u0941\u0930"),
    ("\ubd80\uc0b0", "\u1107\u116e\u1109\u1161\u11ab"),
    ("Hu\xadbli", "HUBLI"),
]


@pytest.mark.parametrize(("theirs", "written"), CITIES)
def test_an_agent_serves_a_city_in_every_form(api, ops, asha, bala, theirs, written):
    asha_assistant, staff_assistant = Assistant(asha), Assistant(ops, "/mcp-admin")
    answer = api(ops).post("/api/v1/agents", {"name": "Meera", "cities": [theirs, written]})
    assert answer.status_code == 201, answer.json()
    assert len(answer.json()["cities"]) == 1
    agent = Agent.objects.get()
    body = {
        "title": "Flat",
        "property_type": "apartment",
        "purpose": "rent",
        "city": written,
        "base_price": 1,
    }
    listing = api(bala).post("/api/v1/properties", body).json()["id"]

    day = local_day(2)
    slots = api(asha).get(f"/api/v1/properties/{listing}/slots?from={day}&to={day}").json()["items"]
    assert {slot["agents_free"] for slot in slots} == {1}
    assert len(slots) > 10
    booked = api(asha).post(
        "/api/v1/visits", {"property_id": listing, "scheduled_date": local(2, 11).isoformat()}
    )
    assert booked.json()["agent_id"] == agent.pk
    moved = asha_assistant.call("visits_schedule", property_id=listing, scheduled_date=local_text(3, 11))
    assert moved["agent_id"] == agent.pk
    for city in (theirs, written):
        found = api(asha).get(f"/api/v1/agents?city={quote(city)}").json()["items"]
        assert [row["id"] for row in found] == [agent.pk]
        assert [row["id"] for row in staff_assistant.call("agent_list", city=city)["items"]] == [agent.pk]
        by_city = asha_assistant.call("properties_search", city=city)["items"]
        by_words = asha_assistant.call("properties_search", q=f"{city} FLAT")["items"]
        assert [row["id"] for row in by_city] == [row["id"] for row in by_words] == [listing]


@pytest.mark.parametrize(("theirs", "written"), CITIES[1::3])
def test_a_new_agent_takes_what_waits_in_their_city(
    api, ops, django_capture_on_commit_callbacks, theirs, written
):
    waiting = book(UserFactory(), PropertyFactory(city=written), local(2, 11))
    elsewhere = book(UserFactory(), PropertyFactory(city="Elsewhere"), local(2, 11))
    with django_capture_on_commit_callbacks(execute=True):
        api(ops).post("/api/v1/agents", {"name": "Meera", "cities": [theirs]})
    waiting.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (waiting.agent, elsewhere.agent) == (Agent.objects.get(), None)
    assert "0 assigned, 1 still waiting." in run("assign_pending_visits")


def test_visits_are_found_by_names_in_every_form(api, ops, staff_client):
    agent = AgentFactory(name="Zo\u00eb Wei\u00df", cities=[], serves_everywhere=True)
    listing = PropertyFactory(title="\u0130lk ev", locality="Ph\u01b0\u1eddng 1")
    visit = book(UserFactory(full_name="Jos\u00e9 Nu\u00f1ez"), listing, local(2, 11))
    assert visit.agent == agent
    book(UserFactory(), PropertyFactory(), local(4, 11))
    words = [
        "Zoe\u0308 WEISS",
        "ILK EV",
        "i\u0307lk",
        "PHU\u031b\u01a0\u0300NG",
        "JOSE\u0301 nu\u200bn\u0303ez",
    ]
    for text in words:
        found = api(ops).get(f"/api/v1/visits/all?q={quote(text)}").json()["items"]
        assert visit.pk in [row["id"] for row in found], text
        page = staff_client.get(reverse("admin:visits_visit_changelist"), {"q": text})
        assert visit in page.context["cl"].result_list, text
        for name in ("agents_agent", "properties_property", "accounts_user"):
            staff_client.get(reverse(f"admin:{name}_changelist"), {"q": text})
    found = [
        staff_client.get(reverse(f"admin:{name}_changelist"), {"q": text}).context["cl"].result_count
        for name, text in [
            ("agents_agent", words[0]),
            ("properties_property", words[1]),
            ("accounts_user", words[4]),
        ]
    ]
    assert found == [1, 1, 1]


def test_texts_of_visits_are_cleaned(api, asha, agent, listing):
    body = {"property_id": listing.pk, "scheduled_date": local(2, 11).isoformat()}
    body["special_requirements"] = (
        "Re\u0301z-de-chausse\u0301e\u200b\nzwei\xadte\u202e Zeile \U0001f469\u200d\U0001f33e"
    )
    made = api(asha).post("/api/v1/visits", body).json()
    assert (
        made["special_requirements"] == "R\u00e9z-de-chauss\u00e9e\nzweite Zeile \U0001f469\u200d\U0001f33e"
    )
    api(asha).post(f"/api/v1/visits/{made['id']}/cancel", {"reason": "Ver\xadspa\u0308tet"})
    assert Visit.objects.get().cancellation_reason == "Versp\u00e4tet"


def test_staffs_texts_are_cleaned(staff_client, tour):
    page = reverse("admin:visits_visit_cancel", args=[tour.pk])
    assert staff_client.post(page, {"reason": "Ver\xadspa\u0308tet\u200b"}).status_code == 302
    tour.refresh_from_db()
    assert tour.cancellation_reason == "Versp\u00e4tet"


def test_a_message_needs_something_to_read(api, asha, bala, matched):
    conversation = api(asha).get("/api/v1/flatmates/conversations").json()["items"][0]["id"]
    path = f"/api/v1/flatmates/conversations/{conversation}/messages"
    assert api(asha).post(path, {"body": "\u200b\u2060"}).status_code == 400
    assert api(asha).post(path, {"body": "Ca\u0300 phe\u0302?"}).json()["body"] == "C\u00e0 ph\u00ea?"
