"""The demo data: a small agency with people, agents, listings, and visits in every status.

The visits are made by the real services, at past times by the clock of the project.
"""

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.models import Group
from django.db import transaction

from agents import services as agent_services
from agents.hours import Shift
from flatmates import services as flatmate_services
from flatmates.models import UserConversation
from ghar import clock
from ghar.accounts.models import User
from properties.demo import create_listings
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.scheduling.errors import AgentNotEligible

DEMO_PASSWORD = "visit-the-house-1"
STAFF = "staff@ghar.example"
STAFF_LOGINS = [
    ("Farah Qureshi", "dispatch@ghar.example", "Dispatcher", "dispatcher: assigns agents in the admin site"),
    ("Vikram Joshi", "viewer@ghar.example", "Viewer", "viewer: sees everything, changes nothing"),
]
ZONE = "Asia/Kolkata"
WEEK: list[Shift] = [{"weekday": day, "opens": time(9, 30), "closes": time(18, 30)} for day in range(6)]
WORKING_DAYS = {shift["weekday"] for shift in WEEK}
WEEKEND: list[Shift] = [{"weekday": day, "opens": time(10), "closes": time(20)} for day in range(3, 7)]
SHIFTS: list[Shift] = [
    {"weekday": day, "opens": opens, "closes": closes}
    for day in range(5)
    for opens, closes in ((time(8), time(12)), (time(15), time(21)))
]
DEMO_AGENTS = [
    ("Meera Kulkarni", "+912261230001", ["Mumbai"], ["en", "hi", "mr"], "senior", "expert", WEEK),
    ("Rohan D'Souza", "+912261230002", ["Mumbai"], ["en", "hi"], "general", "intermediate", SHIFTS),
    ("Kavya Nair", "+918061230003", ["Bangalore"], ["en", "kn", "ml"], "specialist", "expert", WEEK),
    ("Imran Sheikh", "+918061230004", ["Bangalore"], ["en", "hi", "ur"], "general", "beginner", WEEKEND),
    ("Gurpreet Kaur", "+911161230005", ["Delhi"], ["en", "hi", "pa"], "general", "intermediate", WEEK),
    ("Neel Banerjee", "+911161230006", ["Delhi", "Mumbai"], ["en", "bn", "hi"], "specialist", "expert", WEEK),
]
SEEKERS = [
    ("Asha Rao", "asha@ghar.example", "+919811111101", ["mr", "en"]),
    ("Bala Iyer", "bala@ghar.example", "+919811111102", ["en"]),
    ("Chitra Menon", "chitra@ghar.example", "+919811111103", ["ml", "en"]),
    ("Dev Malhotra", "dev@ghar.example", "+919811111104", ["hi"]),
]
OWNER = ("Omkar Patil", "owner@ghar.example", "+919811111105", ["mr"])


def logins() -> list[tuple[str, str]]:
    """Return the emails of the demo's users, each with the role. DEMO_PASSWORD is the password of all."""
    return [
        (STAFF, "staff: the admin site, and everything in the API"),
        *((email, role) for _, email, _, role in STAFF_LOGINS),
        ("meera@ghar.example", "an agent's login"),
        (OWNER[1], "owner of the demo listings"),
        *((email, f"seeker {name}") for name, email, *_ in SEEKERS),
    ]


@transaction.atomic
def seed() -> None:
    """Create all of the demo data, or nothing if it fails."""
    staff = User.objects.create_superuser(STAFF, DEMO_PASSWORD, full_name="Priya Shah")
    for name, email, group, _ in STAFF_LOGINS:
        _create_user(name, email, None, ["en"], is_staff=True).groups.set([Group.objects.get(name=group)])
    owner = _create_user(*OWNER)
    seekers = [_create_user(*seeker) for seeker in SEEKERS]
    agents = [
        agent_services.create_agent(
            by=staff,
            name=name,
            contact_number=number,
            cities=cities,
            languages=languages,
            agent_type=kind,
            experience_level=experience,
            working_hours=hours,
            description=f"Shows homes in {' and '.join(cities)}.",
        )
        for name, number, cities, languages, kind, experience, hours in DEMO_AGENTS
    ]
    login = _create_user("Meera Kulkarni", "meera@ghar.example", None, ["mr", "en"])
    agent_services.update_agent_profile(agent=agents[0], by=staff, user_id=login.pk)
    listings = create_listings(owner=owner)
    _create_mumbai_visits(staff, seekers, [listing for listing in listings if listing.city == "Mumbai"])
    _, _, chitra, dev = seekers
    _book(chitra, next(home for home in listings if home.city == "Bangalore"), india_time(4, 11))
    _book(dev, next(home for home in listings if home.city == "Delhi"), india_time(4, 12))
    _create_meets(seekers, next(home for home in listings if home.property_type == Property.Type.FLATMATE))


def _create_user(name: str, email: str, phone: str | None, languages: list[str], **fields: Any) -> User:
    return User.objects.create_user(
        DEMO_PASSWORD, full_name=name, email=email, phone=phone, preferred_languages=languages, **fields
    )


def india_time(days: int, hour: int, minute: int = 0) -> datetime:
    """Return that hour in India, so many working days from now, on which every city has an agent.

    Sunday is never one, so that the demo has the same shape whichever day it is made on.
    """
    day = clock.now().astimezone(ZoneInfo(ZONE)).date()
    step = timedelta(days=1 if days > 0 else -1)
    for _ in range(abs(days)):
        day += step
        if day.weekday() not in WORKING_DAYS:
            day += step
    return datetime.combine(day, time(hour, minute), ZoneInfo(ZONE)).astimezone(UTC)


def _book(user: User, listing: Property, start: datetime, requirements: str = "") -> Visit:
    """Book a visit as if it were three days before it, or now if that is earlier."""
    with clock.frozen_at(min(clock.now(), start - timedelta(days=3))):
        visit, _ = services.schedule(
            by=user,
            user=user,
            property_id=listing.pk,
            scheduled_date=start,
            special_requirements=requirements,
        )
    return visit


def _create_mumbai_visits(staff: User, seekers: list[User], homes: list[Property]) -> None:
    """Create a visit in each status, and two without an agent."""
    asha, bala, chitra, dev = seekers
    completed = _book(asha, homes[0], india_time(-6, 11), "Is there a lift?")
    with clock.frozen_at(completed.scheduled_date - timedelta(days=1)):
        services.confirm(visit=completed, by=staff)
    with clock.frozen_at(completed.scheduled_end):
        services.complete(
            visit=completed,
            by=staff,
            notes="Liked the light; asks for the society's rules.",
            follow_up_date=clock.now() + timedelta(days=2),
        )
        services.update(visit=completed, by=asha, visitor_feedback="Bright and quiet.", interest_level="high")
    cancelled = _book(bala, homes[1], india_time(-2, 16))
    with clock.frozen_at(cancelled.scheduled_date - timedelta(days=1)):
        services.cancel(visit=cancelled, by=bala, reason="Found a place nearer to work.")
    to_close = _book(chitra, homes[5], india_time(-1, 12))
    with clock.frozen_at(to_close.scheduled_date - timedelta(days=1)):
        services.confirm(visit=to_close, by=staff)
    services.confirm(visit=_book(asha, homes[2], india_time(1, 11), "Please ring the bell twice."), by=staff)
    services.reschedule(
        visit=_book(bala, homes[3], india_time(2, 15)),
        by=bala,
        new_date=india_time(3, 16, 30),
        reason="A meeting came up.",
    )
    _book(chitra, homes[4], india_time(2, 10, 30))
    _book(dev, homes[0], india_time(3, 6), "Only before work, at six in the morning.")
    waiting = _book(bala, homes[5], india_time(1, 15), "Somebody who speaks Hindi, please.")
    # An agent whom staff unassign is not chosen again: in the end no other is eligible.
    while waiting.agent:
        note = f"{waiting.agent} asked to be unassigned."
        waiting = services.assign(visit=waiting, by=staff, agent_id=None, note=note)
        with suppress(AgentNotEligible):
            waiting = services.assign(visit=waiting, by=staff)


def _create_meets(seekers: list[User], room: Property) -> None:
    """Match Chitra and Dev, and create three meets: one completed, one to be completed, and one to come."""
    asha, bala, chitra, dev = seekers
    with clock.frozen_at(india_time(-5, 20)):
        flatmate_services.swipe(by=bala, target_user_id=asha.pk, action="like")
        flatmate_services.swipe(
            by=chitra, target_user_id=dev.pk, action="super_like", context_property_id=room.pk
        )
        flatmate_services.swipe(by=dev, target_user_id=chitra.pk, action="like")
    conversation = UserConversation.objects.of_pair(chitra.pk, dev.pk).get()
    with clock.frozen_at(india_time(-5, 21)):
        flatmate_services.send_message(
            conversation=conversation, by=dev, body="Hi! I get up early too. Shall we look at the room?"
        )
    done = _meet(chitra, dev, room, india_time(-3, 18))
    with clock.frozen_at(done.scheduled_end):
        services.complete(visit=done, by=chitra, feedback="We get along.", interest_level="high")
        services.update(visit=done, by=dev, visitor_feedback="Let me think about it.", interest_level="low")
        flatmate_services.mark_read(conversation=conversation, by=chitra)
    _meet(dev, chitra, room, india_time(-2, 18))
    _meet(chitra, dev, room, india_time(5, 18), invited_at=india_time(-1, 20))


def _meet(
    user: User, other: User, room: Property, start: datetime, invited_at: datetime | None = None
) -> Visit:
    """Invite to a meet at that time, or invite to it and confirm it on the day before."""
    with clock.frozen_at(invited_at or start - timedelta(days=1)):
        visit, _ = services.schedule(
            by=user,
            user=user,
            visit_context=Visit.Context.FLATMATE_MEET,
            counterparty_user_id=other.pk,
            property_id=room.pk,
            scheduled_date=start,
        )
        return visit if invited_at else services.confirm(visit=visit, by=other)
