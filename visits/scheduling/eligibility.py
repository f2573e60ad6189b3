"""Whether an agent can take a visit: the one predicate behind slots, automatic choice, ranking and MCP.

REASONS holds everything that can stand in the way, each with its rule, its text and whether staff may
override it: a reason without one of these cannot exist. Instants are aware datetimes; ranges include their
start and exclude their end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case, Exists, ExpressionWrapper, F, Func, OuterRef, Q, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agents.models import USUAL_HOURS, Agent, AgentQuerySet, has_work_place, serves
from ghar.generics import Field
from properties.models import Property
from visits.models import Visit, travel_buffer

Place = tuple[float, float]


@dataclass(frozen=True)
class Requirements:
    """The time, the place and the seeker of a visit that needs an agent; None does not matter.

    `visit_id` is the visit itself once it exists, so that it never stands in its own way.
    """

    start: datetime | None = None
    end: datetime | None = None
    city: str | None = None
    property_id: int | None = None
    place: Place | None = None
    seeker_id: int | None = None
    visit_id: int | None = None

    @classmethod
    def for_visit(
        cls, visit: Visit, start: datetime | None = None, end: datetime | None = None
    ) -> "Requirements":
        """Return what a visit asks at its own time, or at another one."""
        listing = visit.property
        return cls(
            start=start or visit.scheduled_date,
            end=end or visit.scheduled_end,
            city=listing.city,
            property_id=listing.pk,
            place=coordinates(listing),
            seeker_id=visit.user_id,
            visit_id=visit.pk,
        )

    # One change reads the next two several times: to choose, to judge again under the lock, and to explain.
    # They are made once.

    @cached_property
    def span(self) -> Value:
        """The time of the visit as an expression."""
        return Value(DateTimeTZRange(self.start, self.end), output_field=DateTimeRangeField())

    @cached_property
    def conditions(self) -> dict[str, Q]:
        """The condition that an eligible agent fulfils for each of REASONS, by name.

        A reason that the requirements don't ask about is left out.
        """
        asked = (reason for reason in REASONS.values() if not reason.needs_time or self.start is not None)
        return {reason.name: rule for reason in asked if (rule := reason.rule(self))}


def coordinates(listing: Property) -> Place | None:
    """Return latitude and longitude in degrees; a listing has both or none."""
    if listing.latitude is None or listing.longitude is None:
        return None
    return listing.latitude, listing.longitude


class TsTzMultirangeField(Field[Any, Any]):
    """A column type of computed values: psycopg reads it as a Multirange of datetimes."""

    def db_type(self, connection: object) -> str:
        return "tstzmultirange"


class RangeOperator(Func):
    template = "(%(expressions)s)"
    output_field = models.BooleanField()


class Contains(RangeOperator):
    arg_joiner = " @> "


class Overlaps(RangeOperator):
    arg_joiner = " && "


class Difference(Func):
    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = TsTzMultirangeField()


class CalendarFunction(Func):
    """A function of agents/sql or visits/sql that gives a multirange for each agent."""

    output_field = TsTzMultirangeField()


def open_hours(requirements: Requirements) -> CalendarFunction:
    """When an agent's working hours are open; complete within the span, partial around it."""
    usual = map(Value, USUAL_HOURS)
    return CalendarFunction(F("pk"), F("timezone"), requirements.span, *usual, function="agent_open_hours")


def time_off(requirements: Requirements) -> CalendarFunction:
    return CalendarFunction(F("pk"), requirements.span, function="agent_time_off")


def taken_times(requirements: Requirements, place: Place | None) -> CalendarFunction:
    """When an agent is at other listings, or on the way between them and `place`.

    Without a place only the least buffer counts as the way: that is what the database refuses as well.
    """
    arguments = [
        requirements.property_id,
        requirements.visit_id,
        *(place or (None, None)),
        travel_buffer(),
        settings.TRAVEL_KMH,
    ]
    return CalendarFunction(F("pk"), requirements.span, *map(Value, arguments), function="agent_taken")


def _serves_city(requirements: Requirements) -> Q:
    return serves(requirements.city) if requirements.city else has_work_place()


def _has_capacity(requirements: Requirements) -> Q:
    if not requirements.visit_id:
        return Q(capacity__isnull=True) | Q(live_visits__lt=F("capacity"))
    # The visit that is judged counts already for the agent who has it.
    own = Visit.objects.live().filter(pk=requirements.visit_id, agent=OuterRef("pk"))
    already = Case(When(Exists(own), then=1), default=0)
    return Q(capacity__isnull=True) | Q(live_visits__lt=F("capacity") + already)


def _is_not_the_seeker(requirements: Requirements) -> Q:
    if not requirements.seeker_id:
        return Q()
    return Q(user__isnull=True) | ~Q(user=requirements.seeker_id)


@dataclass(frozen=True)
class Reason:
    """One thing that makes an agent ineligible.

    `rule` returns the condition that an eligible agent fulfils; an empty Q where the requirements don't ask.
    `text` follows the agent's name or "They". A `needs_time` rule reads the calendar, which is costly: the
    others narrow the agents down first. An agent who fails this reason fails the one named in `implies` too,
    so only this one is told, and only that one is asked when agents are filtered.
    """

    name: str
    text: Promise
    rule: Callable[[Requirements], Q]
    overridable: bool
    needs_time: bool = False
    implies: str = ""

    @cached_property
    def annotation(self) -> str:
        return f"fulfils_{self.name}"


# In the order in which they are told.
REASONS = {
    reason.name: reason
    for reason in (
        Reason(
            "inactive", _("is no longer employed"), lambda requirements: Q(is_active=True), overridable=False
        ),
        Reason(
            "unavailable",
            _("takes no new visits"),
            lambda requirements: Q(is_available=True),
            overridable=True,
        ),
        Reason("city", _("doesn't serve this city"), _serves_city, overridable=True),
        Reason(
            "hours",
            _("doesn't work then"),
            lambda requirements: Q(Contains(open_hours(requirements), requirements.span)),
            overridable=True,
            needs_time=True,
        ),
        Reason(
            "time_off",
            _("is on time off"),
            lambda requirements: ~Q(Overlaps(time_off(requirements), requirements.span)),
            overridable=True,
            needs_time=True,
        ),
        Reason("capacity", _("has reached their capacity"), _has_capacity, overridable=True),
        Reason(
            "busy",
            _("is at another listing then"),
            lambda requirements: ~Q(Overlaps(taken_times(requirements, None), requirements.span)),
            overridable=False,
            needs_time=True,
            implies="travel",
        ),
        Reason(
            "travel",
            _("can't arrive in time from the previous or next visit"),
            lambda requirements: (
                ~Q(Overlaps(taken_times(requirements, requirements.place), requirements.span))
            ),
            overridable=True,
            needs_time=True,
        ),
        Reason("own_visit", _("is the visitor"), _is_not_the_seeker, overridable=False),
    )
}


def eligible(agents: AgentQuerySet, requirements: Requirements) -> AgentQuerySet:
    """Return those of `agents` who can take the visit."""
    return matching_calendar(matching_profile(agents, requirements), requirements)


def matching_profile(agents: AgentQuerySet, requirements: Requirements) -> AgentQuerySet:
    """Return those of `agents` for whom nothing but the calendar can stand in the way."""
    conditions = requirements.conditions.items()
    return agents.filter(*(condition for name, condition in conditions if not REASONS[name].needs_time))


def matching_calendar(agents: AgentQuerySet, requirements: Requirements) -> AgentQuerySet:
    """Return those of `agents` who are free at the time, if one is asked for. Narrow them down before."""
    costly = (
        condition
        for name, condition in requirements.conditions.items()
        if REASONS[name].needs_time and not REASONS[name].implies
    )
    return agents.filter(*costly)


def with_eligibility(agents: AgentQuerySet, requirements: Requirements) -> AgentQuerySet:
    """Annotate each agent with what `ineligibility_reasons` reads."""
    always = Q(pk__isnull=False)
    return agents.annotate(
        **{
            reason.annotation: ExpressionWrapper(
                requirements.conditions.get(name, always), models.BooleanField()
            )
            for name, reason in REASONS.items()
        }
    )


def ineligibility_reasons(agent: Agent) -> list[str]:
    """Return the names of REASONS that make an agent ineligible; an empty list for an eligible one.

    Raises ValueError for an agent who was not read by `with_eligibility`: nobody is eligible unjudged.
    """
    judged = vars(agent)
    missing = [reason for reason in REASONS.values() if reason.annotation not in judged]
    if missing:
        raise ValueError(f"{agent!r} was not judged: read agents by with_eligibility()")
    failed = [reason for reason in REASONS.values() if not judged[reason.annotation]]
    implied = {reason.implies for reason in failed}
    return [reason.name for reason in failed if reason.name not in implied]
