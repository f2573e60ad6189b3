"""Changes of agents that move no visits: profile, availability, hours, engagements, contacts.

Employment and time off move visits: see visits.services. A login's row is locked before the agent's,
so that writers wait for each other in one order.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Avg
from django.utils.translation import gettext as _

from agents import hours
from agents.hours import Shift
from agents.models import Agent, AgentInteraction, Engagement, TimeOff, WorkingHours
from agents.signals import agent_changed
from ghar import clock
from ghar.errors import Invalid, NotAllowed, NotFound
from ghar.text_keys import distinct
from ghar.transactions import retrying_atomic
from ghar.validators import canonical_timezone, phone_number

# The rating is the mean of this many latest ones, so that old ones fade.
RATED = 100
LONGEST_TIME_OFF = timedelta(days=366)
# A change of these can decide whether the agent takes a visit.
DECIDES_VISITS = {"is_available", "timezone", "cities", "serves_everywhere", "capacity"}


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
def update_agent_profile(
    *, agent: Agent, by: Any, working_hours: Iterable[Shift] | None = None, **changes: Any
) -> Agent:
    """Write staff's fields, and the hours when they are sent along.

    Employment (`is_active`) is not written here: that moves visits, so visits.services.update_agent does it.
    """
    if "is_active" in changes:
        raise ValueError("is_active moves visits: use visits.services.update_agent")
    check_login(agent, changes)
    agent = _lock_agent(agent)
    changed = _apply(agent, _normalize(changes))
    if changed:
        _check(agent)
        _save_agent(agent, changed)
    new_hours = working_hours is not None and _replace_hours(agent, working_hours, "working_hours")
    if new_hours or changed & DECIDES_VISITS:
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def set_availability(*, agent: Agent, by: Any, is_available: bool) -> Agent:
    """Say whether the agent takes new visits; those they have stay."""
    agent = _lock_agent(agent)
    check_may_manage(agent, by)
    if agent.is_available != is_available:
        agent.is_available = is_available
        _save_agent(agent, {"is_available"})
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def set_hours(*, agent: Agent, by: Any, items: Iterable[Shift]) -> Agent:
    """Replace the whole week; no hours at all mean 09:00 to 19:00 every day."""
    agent = _lock_agent(agent)
    check_may_manage(agent, by)
    if _replace_hours(agent, items, "items"):
        agent_changed.send(Agent, agent=agent, by=by)
    return agent


@retrying_atomic
def remove_time_off(*, time_off: TimeOff, by: Any) -> None:
    agent = _lock_agent(time_off.agent)
    check_may_manage(agent, by)
    deleted = TimeOff.objects.filter(pk=time_off.pk).delete()[0]
    if not deleted:
        raise NotFound(_("This time off no longer exists."))
    agent_changed.send(Agent, agent=agent, by=by)


@retrying_atomic
def end_engagement(*, engagement: Engagement, by: Any) -> bool:
    """End an engagement; tell whether it was this call that ended it."""
    _lock_agent(engagement.agent)
    ended = Engagement.objects.open().filter(pk=engagement.pk).update(ended_at=clock.now())
    return bool(ended)


@retrying_atomic
def record_interaction(*, agent: Agent, by: Any, **fields: Any) -> AgentInteraction:
    """Keep a contact with a seeker. The mean of the last RATED ones (1 to 5) is the agent's rating."""
    agent = _lock_agent(agent)
    interaction = AgentInteraction(agent=agent, **fields)
    interaction.full_clean(exclude=["agent"], validate_constraints=False)
    interaction.save()
    rated = agent.interactions.filter(user_satisfaction__isnull=False).order_by("-created_at", "-pk")
    rating = rated[:RATED].aggregate(mean=Avg("user_satisfaction"))["mean"]
    Agent.objects.filter(pk=agent.pk).update(user_satisfaction_rating=rating)
    return interaction


def check_login(agent: Agent, changes: dict[str, Any]) -> None:
    """Lock a new login's row and check that it is an active user, neither staff nor another agent's login."""
    user_id = changes.get("user_id")
    if user_id is None or user_id == agent.user_id and agent.pk:
        return
    users = get_user_model().objects.select_for_update(no_key=True)
    if not users.filter(pk=user_id, is_active=True, is_staff=False).exists():
        raise Invalid(user_id=_("Choose an active user who is not staff."))
    if Agent.objects.filter(user=user_id).exclude(pk=agent.pk).exists():
        raise Invalid(user_id=_("This user is the login of another agent. Choose somebody else."))


def check_period(from_: datetime, to: datetime) -> None:
    if to <= from_:
        raise Invalid(to=_("The end must be after the start."))
    if to <= clock.now():
        raise Invalid(to=_("The end must be in the future."))
    if to - from_ > LONGEST_TIME_OFF:
        raise Invalid(to=_("Time off can be at most %(days)d days long.") % {"days": LONGEST_TIME_OFF.days})


def _lock_agent(agent: Agent) -> Agent:
    return Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)


def check_may_manage(agent: Agent, by: Any) -> None:
    if not agent.is_managed_by(by):
        raise NotAllowed(_("Only the agent and staff can change this."))


def _save_agent(agent: Agent, changed: set[str]) -> None:
    agent.updated_at = clock.now()
    agent.save(update_fields=[*changed, "updated_at"])


def _apply(agent: Agent, changes: dict[str, Any]) -> set[str]:
    changed = {name for name, value in changes.items() if getattr(agent, name) != value}
    for name in changed:
        setattr(agent, name, changes[name])
    return changed


def _check(agent: Agent) -> None:
    agent.full_clean(exclude=["user"], validate_unique=False, validate_constraints=False)


def _replace_hours(agent: Agent, items: Iterable[Shift], field: str) -> bool:
    """Replace the week, and tell whether it is another one now."""
    rows = hours.merge_shifts(items, field=field)
    if rows == list(agent.working_hours.values("weekday", "opens", "closes")):
        return False
    agent.working_hours.all().delete()
    WorkingHours.objects.bulk_create(WorkingHours(agent=agent, **row) for row in rows)
    return True


def _normalize(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        name: NORMALIZERS[name](value) if name in NORMALIZERS else value for name, value in fields.items()
    }


def _languages(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _contact_number(value: str) -> str:
    try:
        return phone_number(value) if value else ""
    except ValidationError as error:
        raise Invalid(contact_number=error.messages[0]) from None


NORMALIZERS: dict[str, Callable[[Any], Any]] = {
    "contact_number": _contact_number,
    "cities": distinct,
    "languages": _languages,
    "timezone": canonical_timezone,
}
