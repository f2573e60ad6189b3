"""The requests of four clients, shaped as theirs, and what their parsers need of the answers.

Each client is a generator: it yields a call and gets the body of the answer, as its next screen would.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ghar import clock
from ghar.accounts.models import User
from ghar.tests.conformance import assert_documented
from ghar.tests.responses import iso
from ghar.tests.world import World
from visits.tests.factories import local

pytestmark = pytest.mark.django_db

TEXT, NUMBER, TEXT_OR_NONE = str, (int, float), (str, type(None))


@dataclass
class Call:
    """A request, and by path into its answer the value there, or its type or types."""

    user: User | None
    method: str
    path: str
    body: dict[str, Any] | None = None
    status: int = 200
    needs: dict[str, Any] = field(default_factory=dict)


def day(days):
    return local(days, 12).date().isoformat()


CARD = {"title": TEXT, "city": TEXT, "locality": TEXT, "full_address": TEXT, "main_image_url": TEXT_OR_NONE}
VISIT = {
    "id": int,
    "property_id": int,
    "property_title": TEXT,
    "scheduled_date": TEXT,
    "status": TEXT,
    "visit_context": TEXT,
    "time_slot_label": TEXT,
    "special_requirements": TEXT,
    "version": int,
    **{f"property.{name}": kind for name, kind in CARD.items()},
}
PAGE = {"items": list, "next_cursor": TEXT_OR_NONE, "has_more": bool, "limit": int}


def below(path, needs):
    return {f"{path}.{name}": kind for name, kind in needs.items()}


def main_mobile_app(w):
    """Numbered lists, details, and a visit that is booked, moved and cancelled."""
    near = "lat=19.07&lng=72.87&radius=50"
    numbered = {"page": 1, "limit": 20, "total": int, "total_pages": int}
    yield Call(
        None,
        "GET",
        "properties/?page=1&limit=20&sort_by=-created_at",
        None,
        200,
        {
            **numbered,
            "properties.0.id": int,
            "properties.0.features": list,
            "properties.0.base_price": NUMBER,
            **below("properties.0", CARD),
            "properties.0.images": list,
            "properties.0.amenities": list,
        },
    )
    yield Call(None, "GET", f"properties/?{near}&status=available&page=1", None, 200, {"properties": []})
    chosen = f"properties?ids={w.listing.pk},{w.flat.pk}&cursor=undefined"
    yield Call(w.asha, "GET", chosen, None, 200, {**PAGE, "items.1.id": w.listing.pk})
    yield Call(
        w.asha,
        "GET",
        f"properties/{w.listing.pk}",
        None,
        200,
        {
            "id": w.listing.pk,
            "features": ["Sea view"],
            "attributes.floor": "2",
            "owner_id": w.owner.pk,
            "next_visit_date": iso(w.tour.scheduled_date),
            "amenities.0.title": "Lift",
            "images.0.image_url": TEXT,
        },
    )
    yield Call(w.asha, "GET", "users/profile/", None, 200, {"full_name": "Asha Rao", "role": "user"})
    booking = {"property_id": w.listing.pk, "scheduled_date": iso(local(5, 10)), "special_requirements": ""}
    made = yield Call(
        w.asha,
        "POST",
        "visits/",
        booking,
        201,
        {
            **VISIT,
            "status": "scheduled",
            "agent_name": TEXT,
            "agent.contact_number": TEXT,
            "scheduled_date": iso(local(5, 10)),
        },
    )
    path = f"visits/{made['id']}"
    yield Call(w.asha, "GET", "visits/upcoming/?page=1", None, 200, {**numbered, **below("visits.1", VISIT)})
    yield Call(w.asha, "GET", "visits/past/?page=1", None, 200, {"visits": [], "total_pages": 0})
    yield Call(w.asha, "GET", path, None, 200, VISIT)
    move = {"new_date": iso(local(6, 15)), "reason": "I work that day"}
    yield Call(
        w.asha,
        "POST",
        f"{path}/reschedule/",
        move,
        200,
        {
            "status": "rescheduled",
            "scheduled_date": iso(local(6, 15)),
            "rescheduled_from": iso(local(5, 10)),
        },
    )
    yield Call(
        w.asha,
        "POST",
        f"{path}/cancel/",
        {"reason": "Found one"},
        200,
        {
            "status": "cancelled",
            "cancellation_reason": "Found one",
        },
    )
    yield Call(w.asha, "GET", "agents/assigned", None, 200, {"id": w.meera.pk, "languages": list})


def dashboard(w):
    """Lists with a cursor that is null at first, names that end in _id, and PUT for every change."""
    agent = f"agents/{w.meera.pk}"
    yield Call(w.ops, "GET", "users/profile", None, 200, {"role": "admin", "is_staff": True})
    yield Call(
        w.ops,
        "GET",
        "visits/all/?cursor=null&limit=20&include_total=true",
        None,
        200,
        {
            **PAGE,
            "total": 1,
            **below("items.0", VISIT),
            "items.0.user.full_name": "Asha Rao",
            "items.0.agent.name": TEXT,
            "items.0.counterparty_user": None,
        },
    )
    of_agent = f"visits/all?agent_id={w.ravi.pk}&status=&cursor=null"
    yield Call(w.ops, "GET", of_agent, None, 200, {"items": []})
    of_all = f"agent_id={w.meera.pk}&user_id={w.asha.pk}&property_id={w.listing.pk}&context=property_tour"
    yield Call(w.ops, "GET", f"visits/all?{of_all}", None, 200, {"items.0.id": w.tour.pk})
    yield Call(w.ops, "GET", "visits/all?page_size=1000", None, 400, {"errors.page_size": list})
    yield Call(w.ops, "GET", f"{agent}/visits?limit=1000", None, 200, {"items.0.id": w.tour.pk, "limit": 100})
    yield Call(w.ops, "GET", "agents/?page=1", None, 200, {"agents.0.name": TEXT, "total": 2})
    yield Call(w.ops, "PUT", agent, {"languages": ["English", "Hindi"]}, 200, {"languages": ["en", "hi"]})
    yield Call(w.ops, "PATCH", f"{agent}/availability", {"is_available": False}, 200, {"is_available": False})
    yield Call(
        w.ops, "GET", "agents/workload", None, 200, {"items.0.agent_id": int, "items.0.live_visits": int}
    )
    yield Call(
        w.ops, "GET", f"visits/stats?from={day(0)}", None, 200, {"unassigned": 0, "by_status.scheduled": 1}
    )
    tour = f"visits/{w.tour.pk}"
    yield Call(w.ops, "GET", f"{tour}/candidates", None, 200, {"items.0.agent.id": int})
    booking = {"property_id": w.listing.pk, "user_id": w.owner.pk + 1_000_000, "scheduled_date": day(4)}
    yield Call(w.ops, "POST", "visits", booking, 400, {"detail": "There is no user with this id."})
    yield Call(w.ops, "PUT", tour, {"status": "confirmed"}, 200, {"status": "confirmed", "version": 2})
    yield Call(w.ops, "PUT", tour, {"status": "no_show"}, 400, {"detail": TEXT, "errors.status": list})


def flatmates_web_app(w):
    """A meet that is booked for a day, as a tour with a counterparty, and talked about."""
    match, conversation = (row.pk for row in w.matched)
    booking = {
        "property_id": w.flat.pk,
        "scheduled_date": day(8),
        "visit_context": "property_tour",
        "counterparty_user_id": w.peer.pk,
        "conversation_id": conversation,
        "match_id": match,
        "special_requirements": "",
        "source": "web",
    }
    meet = {
        **VISIT,
        "visit_context": "flatmate_meet",
        "awaiting": "counterparty",
        "scheduled_date": iso(local(8, 9)),
        "counterparty_user.full_name": "Prem Shah",
        "conversation_id": conversation,
        "match_id": match,
        "agent": None,
        "agent_name": None,
    }
    made = yield Call(w.asha, "POST", "visits", booking, 201, meet)
    path = f"visits/{made['id']}"
    yield Call(w.asha, "POST", "visits", booking, 200, {"id": made["id"], "version": 1})
    yield Call(
        w.peer,
        "GET",
        "visits?context=flatmate_meet&cursor=undefined",
        None,
        200,
        {
            **PAGE,
            "items.0.id": made["id"],
        },
    )
    yield Call(w.peer, "PUT", path, {"status": "confirmed"}, 200, {"status": "confirmed", "awaiting": None})
    yield Call(
        w.peer,
        "PUT",
        path,
        {"scheduled_date": day(9)},
        200,
        {
            "status": "rescheduled",
            "scheduled_date": iso(local(9, 9)),
            "awaiting": "visitor",
        },
    )
    talk = f"flatmates/conversations/{conversation}"
    yield Call(
        w.peer,
        "GET",
        f"{talk}/messages?page=1",
        None,
        200,
        {
            "messages.0.kind": "visit_request",
            "messages.0.visit.status": "rescheduled",
        },
    )
    yield Call(w.peer, "POST", f"{talk}/mark-read", {}, 200, {"unread_count": 0})
    yield Call(w.asha, "POST", f"{path}/cancel", {}, 200, {"status": "cancelled"})
    yield Call(w.asha, "PUT", f"flatmates/matches/{match}/unmatch", None, 200, {"status": "unmatched"})
    yield Call(w.asha, "POST", "flatmates/blocks", {"blocked_user_id": w.peer.pk, "reason": "-"}, 201)
    yield Call(
        w.asha,
        "GET",
        "flatmates/blocks",
        None,
        200,
        {
            **PAGE,
            "items.0.blocked_user_id": w.peer.pk,
            "items.0.peer.full_name": "Prem Shah",
        },
    )


def flatmates_mobile_app(w):
    """A meet with a word for its time, changed under the flatmates' own path, and feedback after it."""
    asha, peer = w.asha, w.peer
    booking = {
        "property_id": w.flat.pk,
        "scheduled_date": iso(local(8, 18)),
        "time_slot_label": "Evening",
        "counterparty_user_id": peer.pk,
        "visit_context": "flatmate_meet",
    }
    with clock.frozen_at(local(7, 12)):
        made = yield Call(asha, "POST", "visits", booking, 201, {**VISIT, "time_slot_label": "Evening"})
        path = f"flatmates/visits/{made['id']}"
        move = {"scheduled_date": iso(local(9, 10)), "time_slot_label": "Morning"}
        yield Call(
            peer, "PUT", path, move, 200, {**VISIT, "time_slot_label": "Morning", "awaiting": "visitor"}
        )
        yield Call(asha, "PUT", path, {"status": "confirmed"}, 200, {"status": "confirmed"})
        yield Call(asha, "PUT", path, {"status": "requested"}, 400, {"errors.status": list})
        yield Call(asha, "GET", "flatmates/matches", None, 200, {"items.0.peer.id": peer.pk})
        yield Call(asha, "GET", "flatmates/conversations", None, 200, {"items.0.last_message_preview": TEXT})
        yield Call(peer, "GET", "properties/me", None, 200, {**PAGE, "items.0.id": w.flat.pk})
    with clock.frozen_at(local(9, 12)):
        yield Call(asha, "POST", f"visits/{made['id']}/complete", {}, 200, {"status": "completed"})
        feedback = {"visitor_feedback": "Kind people", "interest_level": "high"}
        yield Call(asha, "PUT", path, feedback, 200, feedback)


def value_at(answer, path):
    for key in path.split("."):
        answer = answer[int(key)] if isinstance(answer, list) else answer[key]
    return answer


def fits(value, wanted):
    if isinstance(wanted, type | tuple):
        return isinstance(value, wanted)
    return type(value) is type(wanted) and value == wanted


@pytest.mark.parametrize("client", [main_mobile_app, dashboard, flatmates_web_app, flatmates_mobile_app])
def test_a_client_finds_in_each_answer_what_it_reads(client, asha, ops, api):
    calls, answer = client(World(asha, ops)), None
    while True:
        try:
            call = calls.send(answer)
        except StopIteration:
            return
        path, body = f"/api/v1/{call.path}", "" if call.body is None else json.dumps(call.body)
        response = api(call.user).generic(call.method, path, body, "application/json")
        what = f"{call.method} {call.path}"
        assert response.status_code == call.status, f"{what}: {response.content[:500]}"
        assert_documented(call.method, path.partition("?")[0], response)
        answer = response.json()
        found = {name: value_at(answer, name) for name in call.needs}
        wrong = {name: value for name, value in found.items() if not fits(value, call.needs[name])}
        assert not wrong, f"{what}: {wrong}"
