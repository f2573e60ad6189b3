"""The official client against a running server: it logs in, asks the user, and calls every tool."""

import asyncio
import json
from datetime import date, timedelta

import httpx
import pytest

from ghar.mcp.tests.assistant import MODERN, TokenMemory, official_client, provider
from ghar.tests.serving import copy_data_dir, private_env, serving
from visits.assignment.explanations import explain_queue_pick

DEMO_LOGIN = "visit-the-house-1"
SEEKER, STAFF, AGENT = "asha@ghar.example", "staff@ghar.example", "meera@ghar.example"
GENERATIONS = [("auto", MODERN), ("legacy", "2025-11-25")]
USER_TOOLS = {
    "properties_search",
    "visits_cancel",
    "visits_get",
    "visits_list",
    "visits_reschedule",
    "visits_schedule",
    "visits_slots",
}
STAFF_TOOLS = {
    "agent_assign_visit",
    "agent_candidates",
    "agent_get",
    "agent_list",
    "agent_set_availability",
    "agent_unassigned_visits",
    "agent_visits",
    "agent_workload",
}
AGENT_TOOLS = {"agent_get", "agent_list", "agent_set_availability", "agent_visits"}


@pytest.fixture(scope="module")
def origin(tmp_path_factory, demo_data_dir):
    data_dir = copy_data_dir(demo_data_dir, tmp_path_factory.mktemp("mcp") / "data")
    with serving(private_env(data_dir)) as served:
        yield f"http://127.0.0.1:{served.port}"


async def call(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content[0].text
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


async def call_refused(client, name, **arguments):
    result = await client.call_tool(name, arguments)
    assert result.is_error
    return result.content[0].text


async def listen(origin):
    """Return the visit events that staff receive from now on."""

    async def events():
        async with httpx.AsyncClient(base_url=origin, timeout=60) as http:
            login = await http.post("/api/v1/auth/login", json={"identifier": STAFF, "password": DEMO_LOGIN})
            bearer = {"Authorization": f"Bearer {login.json()['token']}"}
            async with http.stream("GET", "/api/v1/events", headers=bearer) as stream:
                yield "open"
                async for line in stream.aiter_lines():
                    if line.startswith("data:") and '"visit_updated"' in line:
                        yield json.loads(line.removeprefix("data:"))["data"]

    heard = events()
    assert await anext(heard) == "open"
    return heard


async def free(client, property_id):
    days = [str(date.today() + timedelta(days=ahead)) for ahead in (2, 8)]
    slots = await call(client, "visits_slots", property_id=property_id, from_date=days[0], to_date=days[1])
    return slots["items"]


@pytest.mark.parametrize(
    ("mode", "version", "path"), [("auto", MODERN, "/mcp"), ("legacy", "2025-11-25", "/mcp/")]
)
def test_a_seeker_searches_books_reschedules_and_cancels(origin, mode, version, path):
    async def talk():
        asked = [] if version == MODERN else None
        async with official_client(origin, path, SEEKER, DEMO_LOGIN, mode=mode, asked=asked) as client:
            assert client.protocol_version == version
            assert {tool.name for tool in (await client.list_tools()).tools} == USER_TOOLS
            found = await call(client, "properties_search", city="mumbai", purpose=["rent"], available=True)
            first, other = found["items"][:2]
            slot = (await free(client, first["id"]))[0]
            visit = await call(
                client, "visits_schedule", property_id=first["id"], scheduled_date=slot["local_start"]
            )
            assert (visit["scheduled_date"], visit["changed"]) == (slot["start"], True)
            conflict = await call_refused(
                client, "visits_schedule", property_id=other["id"], scheduled_date=slot["local_start"]
            )
            assert conflict.startswith("visit_conflict: ")
            suggestion = conflict.splitlines()[-1].split("(")[1].rstrip(")")
            second = await call(client, "visits_schedule", property_id=other["id"], scheduled_date=suggestion)
            assert second["scheduled_date"] == suggestion
            later = (await free(client, other["id"]))[-1]
            moved = await call(
                client, "visits_reschedule", visit_id=second["id"], new_date=later["start"], reason="Later"
            )
            assert (moved["status"], moved["rescheduled_from"]) == ("rescheduled", suggestion)
            for one in (visit, second):
                await cancel(client, one["id"], asked)
            listed = await call(client, "visits_list", status=["cancelled"], limit=100)
            assert {visit["id"], second["id"]} <= {one["id"] for one in listed["items"]}

    async def cancel(client, visit_id, asked):
        if asked is None:
            question = await call_refused(client, "visits_cancel", visit_id=visit_id)
            assert question.startswith(f"confirmation_required: Shall I cancel visit {visit_id} ")
            gone = await call(client, "visits_cancel", visit_id=visit_id, confirm=True)
        else:
            gone = await call(client, "visits_cancel", visit_id=visit_id)
            assert asked.pop().startswith(f"Shall I cancel visit {visit_id} ")
        assert (gone["status"], gone["changed"]) == ("cancelled", True)
        assert (await call(client, "visits_get", visit_id=visit_id))["status"] == "cancelled"

    asyncio.run(talk())


@pytest.mark.parametrize(("mode", "version"), GENERATIONS)
def test_staff_assign_a_visit_from_the_queue_and_hear_of_it(origin, mode, version):
    async def dispatch():
        async with official_client(origin, "/mcp", SEEKER, DEMO_LOGIN, mode=mode) as client:
            listing = (await call(client, "properties_search", city="mumbai", available=True))["items"][0]
            at_night = f"{date.today() + timedelta(days=9 + (mode == 'auto'))}T03:00"
            waiting = await call(
                client, "visits_schedule", property_id=listing["id"], scheduled_date=at_night
            )
            assert waiting["agent"] is None
            slot = (await free(client, listing["id"]))[7]
            moved = await call(client, "visits_reschedule", visit_id=waiting["id"], new_date=slot["start"])
        asked = [] if version == MODERN else None
        async with official_client(origin, "/mcp-admin", STAFF, DEMO_LOGIN, mode=mode, asked=asked) as client:
            assert client.protocol_version == version
            assert {tool.name for tool in (await client.list_tools()).tools} == STAFF_TOOLS
            await unassign(client, moved)
            queue = await call(client, "agent_unassigned_visits")
            assert waiting["id"] in [visit["id"] for visit in queue["items"]]
            candidates = (await call(client, "agent_candidates", visit_id=waiting["id"]))["items"]
            best = next(one for one in candidates if one["eligible"])["agent"]
            preview = await call(
                client, "agent_assign_visit", visit_id=waiting["id"], agent_id=best["id"], dry_run=True
            )
            assert (preview["changed"], preview["agent_id"]) == (False, best["id"])
            heard = await listen(origin)
            done = await call(
                client,
                "agent_assign_visit",
                visit_id=waiting["id"],
                agent_id=best["id"],
                **({} if asked is not None else {"confirm": True}),
            )
            assert (done["changed"], done["agent_id"]) == (True, best["id"])
            event = await anext(heard)
            assert (event["visit_id"], event["change"], event["agent_id"]) == (
                waiting["id"],
                "assigned",
                best["id"],
            )
            await heard.aclose()
            queue = await call(client, "agent_unassigned_visits")
            assert waiting["id"] not in [visit["id"] for visit in queue["items"]]
            agent = await call(client, "agent_get", agent_id=best["id"])
            assert (await call(client, "agent_list", city="Mumbai"))["items"]
            workload = (await call(client, "agent_workload"))["items"]
            assert [w["live_visits"] for w in workload if w["agent_id"] == best["id"]] == [
                agent["live_visits"]
            ]
            theirs = await call(
                client, "agent_visits", agent_id=best["id"], day=done["local"]["scheduled_date"][:10]
            )
            assert waiting["id"] in [visit["id"] for visit in theirs["items"]]
            same = await call(client, "agent_set_availability", agent_id=best["id"], is_available=True)
            assert same["is_available"] is True

    async def unassign(client, visit):
        """Unassign each agent whom the queue assigns, until the visit stays in the queue."""
        while visit["agent"]:
            visit = await call(
                client, "agent_assign_visit", visit_id=visit["id"], agent="nobody", confirm=True
            )
            assert visit["changed"]
            picked = explain_queue_pick(visit["agent"]["name"]) if visit["agent"] else "."
            assert visit["summary"].endswith(picked)

    asyncio.run(dispatch())


def test_a_seeker_gets_no_consent_page_for_the_agencys_server(origin):
    async def try_it():
        _, browser = provider(origin, "/mcp-admin", SEEKER, DEMO_LOGIN)
        await browser.open(f"{origin}/authorize?resource={origin}/mcp-admin")
        return browser.page

    page = asyncio.run(try_it())
    assert page.status_code == 403
    assert "This server is for staff and agents." in page.text


def test_agents_see_their_tools_and_renew_their_access(origin):
    async def look():
        memory = TokenMemory()
        async with official_client(origin, "/mcp-admin", AGENT, DEMO_LOGIN, memory=memory) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == AGENT_TOOLS
        first, memory.tokens = memory.tokens, memory.tokens.model_copy(update={"access_token": "stale"})
        async with official_client(origin, "/mcp-admin", AGENT, DEMO_LOGIN, memory=memory) as client:
            assert (await call(client, "agent_list"))["items"]
        assert memory.tokens.access_token not in {"stale", first.access_token}

    asyncio.run(look())
