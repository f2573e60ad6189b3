"""Every change of agents, their hours, time off and engagements: the only writer.

A login's row is locked before the agent's, so that writers wait for each other in one order.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Avg

from agents import hours
from agents.hours import Shift
from agents.models import Agent, AgentInteraction, Engagement, TimeOff, WorkingHours
from agents.signals import agent_changed
from ghar import clock
from ghar.errors import Invalid, NotAllowed, NotFound
from ghar.transactions import retrying_atomic
from ghar.validators import phone_number, single_spaced

# The rating is the mean of so many last ones: what an agent was like long ago fades.
RATED = 100
LONGEST_TIME_OFF = timedelta(days=366)
# A change of these may make somebody free, or take him away.
DECIDES_VISITS = {"is_active", "is_available", "timezone", "cities", "capacity"}


@retrying_atomic
def create_agent(*, by: Any, working_hours: Iterable[Shift] = (), **fields: Any) -> Agent:
    agent = Agent(**_normalize(fields))
    check_login(agent, fields)
    _check(agent)
    agent.save()
    _replace_hours(agent, working_hours, "working_hours")
    agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def update_agent(
    *, agent: Agent, by: Any, working_hours: Iterable[Shift] | None = None, **changes: Any
) -> Agent:
    """Write staff's fields, and the hours when they are sent along.

    Who leaves (`is_active` False) leaves his seekers: they get another agent with their next visit.
    """
    check_login(agent, changes)
    agent = _locked(agent)
    changed = _apply(agent, _normalize(changes))
    if changed:
        _check(agent)
        _save(agent, changed)
    if "is_active" in changed and not agent.is_active:
        _end_engagements(agent)
    new_hours = working_hours is not None and _replace_hours(agent, working_hours, "working_hours")
    if new_hours or changed & DECIDES_VISITS:
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def set_availability(*, agent: Agent, by: Any, is_available: bool) -> Agent:
    """Whether he takes new visits; those he has stay."""
    agent = _locked(agent)
    _require_manager(agent, by)
    if agent.is_available != is_available:
        agent.is_available = is_available
        _save(agent, {"is_available"})
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def set_hours(*, agent: Agent, by: Any, items: Iterable[Shift]) -> Agent:
    """Replace the whole week; none at all means 09:00 to 19:00 every day."""
    agent = _locked(agent)
    _require_manager(agent, by)
    if _replace_hours(agent, items, "items"):
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def add_time_off(*, agent: Agent, by: Any, from_: datetime, to: datetime, reason: str = "") -> TimeOff:
    agent = _locked(agent)
    _require_manager(agent, by)
    check_period(from_, to)
    time_off = TimeOff(agent=agent, period=DateTimeTZRange(from_, to), reason=reason)
    time_off.full_clean(exclude=["agent"], validate_constraints=False)
    time_off.save()
    agent_changed.send(Agent, agent=agent, by=by)
    return time_off


@retrying_atomic
def remove_time_off(*, time_off: TimeOff, by: Any) -> None:
    agent = _locked(time_off.agent)
    _require_manager(agent, by)
    deleted, _ = TimeOff.objects.filter(pk=time_off.pk).delete()
    if not deleted:
        raise NotFound("This time off is no longer there.")
    agent_changed.send(Agent, agent=agent, by=by)


def deactivate(*, agent: Agent, by: Any) -> Agent:
    return update_agent(agent=agent, by=by, is_active=False)


@retrying_atomic
def end_engagement(*, engagement: Engagement, by: Any) -> bool:
    """Whether it was this call that ended it."""
    _locked(engagement.agent)
    ended = Engagement.objects.open().filter(pk=engagement.pk).update(ended_at=clock.now())
    return bool(ended)


@retrying_atomic
def record_interaction(*, agent: Agent, by: Any, **fields: Any) -> AgentInteraction:
    """Keep a contact with a seeker. The rating of the agent is the mean of the last RATED satisfactions."""
    agent = _locked(agent)
    interaction = AgentInteraction(agent=agent, **fields)
    interaction.full_clean(exclude=["agent"], validate_constraints=False)
    interaction.save()
    rated = agent.interactions.filter(user_satisfaction__isnull=False).order_by("-created_at", "-pk")
    rating = rated[:RATED].aggregate(mean=Avg("user_satisfaction"))["mean"]
    Agent.objects.filter(pk=agent.pk).update(user_satisfaction_rating=rating)
    return interaction


def check_login(agent: Agent, changes: dict[str, Any]) -> None:
    """An active person who is neither staff nor another agent's login; his row is locked for it."""
    user_id = changes.get("user_id")
    if user_id is None or user_id == agent.user_id and agent.pk:
        return
    users = get_user_model().objects.select_for_update(no_key=True)
    if not users.filter(pk=user_id, is_active=True, is_staff=False).exists():
        raise Invalid(user_id="Name an active user who is not staff.")
    if Agent.objects.filter(user=user_id).exclude(pk=agent.pk).exists():
        raise Invalid(user_id="This user is the login of another agent.")


def check_period(from_: datetime, to: datetime) -> None:
    if to <= from_:
        raise Invalid(to="It must end after it begins.")
    if to <= clock.now():
        raise Invalid(to="It must end in the future.")
    if to - from_ > LONGEST_TIME_OFF:
        raise Invalid(to=f"At most {LONGEST_TIME_OFF.days} days at a time.")


def _locked(agent: Agent) -> Agent:
    return Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)


def _require_manager(agent: Agent, by: Any) -> None:
    if not agent.is_managed_by(by):
        raise NotAllowed("Only the agent himself and staff may change this.")


def _save(agent: Agent, changed: set[str]) -> None:
    agent.updated_at = clock.now()
    agent.save(update_fields=[*changed, "updated_at"])


def _apply(agent: Agent, changes: dict[str, Any]) -> set[str]:
    changed = {name for name, value in changes.items() if getattr(agent, name) != value}
    for name in changed:
        setattr(agent, name, changes[name])
    return changed


def _check(agent: Agent) -> None:
    agent.full_clean(exclude=["user"], validate_unique=False, validate_constraints=False)


def _end_engagements(agent: Agent) -> None:
    agent.engagements.open().update(ended_at=clock.now())
    agent.refresh_from_db(fields=["live_users"])


def _replace_hours(agent: Agent, items: Iterable[Shift], field: str) -> bool:
    """Whether the week is another one now."""
    rows = hours.merged(items, field=field)
    if rows == list(agent.working_hours.values("weekday", "opens", "closes")):
        return False
    agent.working_hours.all().delete()
    WorkingHours.objects.bulk_create(WorkingHours(agent=agent, **row) for row in rows)
    return True


def _normalize(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: NORMALIZERS[name](value) if name in NORMALIZERS else value for name, value in fields.items()
    }


def _cities(names: Iterable[str]) -> list[str]:
    """Single spaces, and each city once however it is written."""
    once: dict[str, str] = {}
    for name in map(single_spaced, names):
        once.setdefault(name.casefold(), name)
    return list(once.values())


def _languages(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _contact_number(value: str) -> str:
    try:
        return phone_number(value) if value else ""
    except ValidationError as error:
        raise Invalid(contact_number=error.messages[0]) from None


NORMALIZERS: dict[str, Callable[[Any], Any]] = {
    "contact_number": _contact_number,
    "cities": _cities,
    "languages": _languages,
}
