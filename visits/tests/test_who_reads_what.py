"""Every field of every payload, read by each role, against the tables of docs/privacy.md."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth.models import Group

from agents.models import Agent, TimeOff, WorkingHours
from agents.tests.factories import AgentFactory
from flatmates import services as flatmate_services
from flatmates.models import Message
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.tests.assistant import Assistant
from ghar.models import OutboxEvent
from ghar.streams.outbox import channels_for_users
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit, VisitEvent
from visits.tests.factories import local
from visits.tests.meets import invite

ROLES = ("visitor", "counterparty", "agent", "former agent", "owner", "viewer", "dispatcher", "stranger")


def tables():
    """Return the roles that read each field, by section and field."""
    text = (settings.BASE_DIR / "docs/privacy.md").read_text()
    found = {}
    for section in text.split("\n## ")[1:]:
        rows = found.setdefault(section.partition("\n")[0], {})
        for line in section.splitlines():
            if not line.startswith("| `"):
                continue
            names, *marks = (cell.strip() for cell in line.strip().strip("|").split("|"))
            readers = {role for role, mark in zip(ROLES, marks, strict=True) if mark == "yes"}
            for name in re.findall(r"`([^`]+)`", names):
                assert name not in rows, f"{name} is there twice"
                rows[name] = readers
    return found


TABLES = tables()
# What a response nests without a meaning of its own by key.
LEAVES = {"attributes", "by_status", "data.key", "data.others"}


def flatten(value, path=""):
    """Yield each field of a payload with its value; the rows of a list are one."""
    if isinstance(value, dict) and value and path not in LEAVES:
        for name, part in value.items():
            yield from flatten(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict) and path not in LEAVES:
        for row in value:
            yield from flatten(row, path)
    else:
        yield path, value


class House:
    """A tour and a meet of which every field has a value, and somebody for each role."""

    def __init__(self, asha, bala):
        photo = "https://example.com/p.png"
        login, former_login = (UserFactory(full_name=name) for name in ("Meera", "Ravi"))
        about = {"avatar_url": photo, "description": "Knows Powai", "capacity": 9, "timezone": "Asia/Kolkata"}
        self.agent = AgentFactory(user=login, user_satisfaction_rating=4, **about)
        former = AgentFactory(user=former_login)
        owner = UserFactory(full_name="Omkar Patil")
        self.listing = PropertyFactory(owner=owner)
        rest = {"locality": "Powai", "full_address": "1 Lake Road", "latitude": 19, "longitude": 72}
        rest |= {
            "monthly_rent": 30_000,
            "bedrooms": 2,
            "bathrooms": 1,
            "area_sqft": 700,
            "sub_locality": "Lakeside",
        }
        rest |= {"landmark": "Lake", "pincode": "400076", "state": "Maharashtra", "furnishing": "furnished"}
        Property.objects.update(
            **rest, description="Bright", features=["Sea view"], attributes={"floor": "2"}
        )
        self.listing.images.create(image_url=photo, caption="Hall", is_main_image=True)
        self.listing.amenities.create(title="Lift", icon="lift", category="House")
        self.people = dict(
            zip(ROLES, (asha, bala, login, former_login, owner, *(UserFactory() for _ in "vds")), strict=True)
        )
        for role in ("viewer", "dispatcher"):
            self.people[role].groups.add(Group.objects.get(name=role.title()))
        User.objects.filter(pk__in=[self.people[role].pk for role in ("viewer", "dispatcher")]).update(
            is_staff=True
        )
        User.objects.update(profile_image_url=photo, preferred_languages=["mr"])
        for n, user in enumerate(User.objects.all()):
            User.objects.filter(pk=user.pk).update(phone=f"+9198123456{n:02}")
        self.people = {role: User.objects.get(pk=user.pk) for role, user in self.people.items()}
        self.tour, _ = services.schedule(
            by=self.people["dispatcher"],
            user=asha,
            property_id=self.listing.pk,
            scheduled_date=local(2, 11),
        )
        self.match, self.conversation = match(asha, bala, self.listing)
        self.meet = invite(asha, bala, self.listing, local(3, 18), match_id=self.match.pk)
        self.fill(former, photo)

    def fill(self, former, photo):
        asha, bala, dispatcher = (self.people[role] for role in ("visitor", "counterparty", "dispatcher"))
        agents = {"visit": self.tour, "by": dispatcher, "note": "Nearer", "reason": "Nearer"}
        services.assign(**agents, agent_id=former.pk, override=True)
        services.assign(**agents, agent_id=self.agent.pk, override=True)
        services.reschedule(
            visit=self.tour, by=dispatcher, new_date=local(2, 13), reason="Rain", note="A late riser"
        )
        services.reschedule(visit=self.meet, by=dispatcher, new_date=local(3, 17), reason="Rain", note="Late")
        for visit, person in ((self.tour, asha), (self.meet, bala), (self.meet, asha)):
            services.update(visit=visit, by=person, visitor_feedback="Damp", interest_level="low")
        services.update(visit=self.tour, by=dispatcher, visit_notes="Late")
        Agent.objects.filter(pk=self.agent.pk).update(assignments_won=2, expected_share=2)
        now = clock.now()
        Visit.objects.update(
            actual_date=now,
            special_requirements="A ramp",
            time_slot_label="Morning",
            visit_notes="Argues",
            follow_up_required=True,
            follow_up_date=now,
            cancellation_reason="Rain",
        )
        WorkingHours.objects.create(agent=self.agent, weekday=0, opens="09:00", closes="19:00")
        TimeOff.objects.create(agent=self.agent, period=(now, now + timedelta(days=1)), reason="Wedding")
        flatmate_services.send_message(conversation=self.conversation, by=bala, body="Hello")
        Message.objects.update(read_at=now)
        flatmate_services.block(by=self.people["owner"], blocked_user_id=self.people["stranger"].pk)


@pytest.fixture
def house(asha, bala, staff_groups):
    return House(asha, bala)


def payloads(house):
    """Return for each section the paths whose responses hold it; `items` are its rows."""
    visits = [f"visits/{visit.pk}" for visit in (house.tour, house.meet)]
    agent, conversation = f"agents/{house.agent.pk}", f"flatmates/conversations/{house.conversation.pk}"
    return {
        "visit": [*visits, "visits", "visits/upcoming", "visits/all"],
        "history": [f"{visit}/history" for visit in visits],
        "agent": [agent, "agents", "agents/assigned"],
        "time off": [f"{agent}/time-off"],
        "property": [f"properties/{house.listing.pk}", "properties"],
        "user": ["users/me"],
        "match": ["flatmates/matches"],
        "conversation": ["flatmates/conversations", conversation],
        "message": [f"{conversation}/messages"],
        "block": ["flatmates/blocks"],
        "candidate": [f"{visits[0]}/candidates"],
        "workload": ["agents/workload"],
        "statistics": ["visits/stats"],
    }


def rows_of(response):
    if response.status_code in (403, 404):
        return []
    assert response.status_code == 200, response.content
    body = response.json()
    return body.get("items", [body])


def readers_in(rows_by_role):
    """Return who reads each field that any role is sent. A part that is null stands for its fields."""
    readers = {}
    for role, rows in rows_by_role.items():
        for name, value in (pair for row in rows for pair in flatten(row)):
            found = readers.setdefault(name, set())
            if value not in (None, "", [], {}):
                found.add(role)
    return {name: found for name, found in readers.items() if found or not parts(name, readers)}


def parts(name, readers):
    return [other for other in readers if other.startswith(f"{name}.")]


@pytest.mark.parametrize("section", [name for name in TABLES if name != "events"])
def test_each_field_is_read_by_those_of_the_table_and_nobody_else(api, house, section):
    rows = {role: [] for role in ROLES}
    for path in payloads(house)[section]:
        for role, user in house.people.items():
            rows[role] += rows_of(api(user).get(f"/api/v1/{path}"))
    if section == "history":
        by_staff = set(
            VisitEvent.objects.filter(actor=house.people["dispatcher"]).values_list("pk", flat=True)
        )
        rows = {role: [row for row in shown if row["id"] in by_staff] for role, shown in rows.items()}
    added = {name for name in TABLES[section] if name.startswith("local.")}
    assert readers_in(rows) == {name: who for name, who in TABLES[section].items() if name not in added}


def test_the_tools_of_assistants_show_each_role_what_rest_shows_them(house):
    shown = {}
    for role, user in house.people.items():
        assistant, rows = Assistant(user), []
        for visit in (house.tour, house.meet):
            result = assistant.result("visits_get", {"visit_id": visit.pk})
            rows += [] if result["isError"] else [result["structuredContent"]]
        shown[role] = rows + assistant.call("visits_list")["items"]
    assert readers_in(shown) == TABLES["visit"]


TOOLS = {
    "agent": ("agent_get", lambda house: {"agent_id": house.agent.pk}),
    "candidate": ("agent_candidates", lambda house: {"visit_id": house.tour.pk}),
    "workload": ("agent_workload", lambda house: {}),
}
AGENCY_ROLES = ("agent", "former agent", "viewer", "dispatcher")


@pytest.mark.parametrize("section", TOOLS)
def test_the_tools_of_the_agency_show_each_role_what_rest_shows_them(house, section):
    tool, arguments = TOOLS[section]
    shown = {}
    for role in AGENCY_ROLES:
        answer = Assistant(house.people[role], "/mcp-admin").rpc(
            "tools/call", name=tool, arguments=arguments(house)
        )
        content = answer.get("result", {}).get("structuredContent") or {"items": []}
        shown[role] = content.get("items", [content])
    expected = {name: who & set(AGENCY_ROLES) for name, who in TABLES[section].items()}
    assert readers_in(shown) == expected


def test_each_event_reaches_those_of_the_table_and_nobody_else(house):
    flatmate_services.unmatch(match=house.match, by=house.people["visitor"])
    for one, two in (("visitor", "counterparty"), ("counterparty", "visitor")):
        target = house.people[two].pk
        flatmate_services.swipe(by=house.people[one], target_user_id=target, action="like")
    channels = channels_for_users([user.pk for user in house.people.values()])
    readers = {}
    for event in OutboxEvent.objects.all():
        heard = {role for role, user in house.people.items() if channels[user.pk] & set(event.channels)}
        for name in event.data:
            readers.setdefault(f"{event.type}.{name}", set()).update(heard)
    assert readers == TABLES["events"]
