"""Every change of a visit: the only writer.

Locks are taken in one order: listing, people, visits, agents, each kind by ascending id.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum
from functools import wraps
from typing import Any, Final, ParamSpec

from django.conf import settings
from django.db import IntegrityError

from agents.models import Agent, Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, NotAllowed, Outdated
from ghar.staff import has_staff_perm
from ghar.transactions import TransactionContention, retrying_atomic, violated
from properties import services as property_services
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits import permissions
from visits.assignment import assigning, queue, ranking, selection
from visits.assignment.absences import dismiss as dismiss
from visits.assignment.absences import take_time_off as take_time_off
from visits.assignment.absences import update_agent as update_agent
from visits.assignment.engagements import engage as engage
from visits.assignment.engagements import move_engagement as move_engagement
from visits.assignment.queue import assign_pending as assign_pending
from visits.errors import InvalidTransition, VisitConflict
from visits.models import Visit, VisitEvent
from visits.scheduling import changes, conflicts, eligibility, locks, meets, slots
from visits.scheduling.eligibility import Requirements

Change = VisitEvent.Change
Status = Visit.Status

SHORTEST_MINUTES, LONGEST_MINUTES = 15, 180
PEOPLE_CONSTRAINTS = {"visit_person_in_one_place", "visit_exclusive_listing"}
AFTER_COMPLETION = {
    "visitor_feedback",
    "interest_level",
    "visit_notes",
    "follow_up_required",
    "follow_up_date",
}


# A lost race, of what needs a time and of what needs none.
FASTER = {
    True: "Somebody else was faster; choose another time.",
    False: "Somebody else is changing this visit; try again.",
}


class Choice(Enum):
    AUTOMATIC = "automatic"


AUTOMATIC: Final = Choice.AUTOMATIC


P = ParamSpec("P")


class Taken(Exception):
    """Somebody who takes part, or the listing, is taken at that time."""


@contextmanager
def _alternatives(visit: Visit, new_date: datetime | None = None) -> Iterator[None]:
    """Turn lost races and refusals of the database into one conflict that names free times."""
    try:
        yield
    except (Taken, TransactionContention, IntegrityError) as error:
        if isinstance(error, IntegrityError) and violated(error) not in PEOPLE_CONSTRAINTS:
            raise
        detail = str(error) if isinstance(error, Taken) else FASTER[bool(new_date or visit._state.adding)]
        if new_date:
            _set_time(visit, new_date)
        raise VisitConflict(detail, alternatives=slots.alternatives(visit)) from None


def _changing(func: Callable[P, Visit]) -> Callable[P, Visit]:
    """One transaction for the whole change of a visit; a lost race answers with free times."""
    run = retrying_atomic(func)

    @wraps(func)
    def change(*args: P.args, **kwargs: P.kwargs) -> Visit:
        given: dict[str, Any] = kwargs
        with _alternatives(given["visit"], given.get("new_date") or given.get("scheduled_date")):
            return run(*args, **kwargs)

    return change


def schedule(
    *,
    by: User,
    user: User,
    property_id: int,
    scheduled_date: datetime,
    duration_minutes: int | None = None,
    special_requirements: str = "",
    visit_context: str = Visit.Context.PROPERTY_TOUR,
    counterparty_user_id: int | None = None,
    conversation_id: int | None = None,
    match_id: int | None = None,
) -> tuple[Visit, bool]:
    """Book a tour or a meet for `user`; the same booking again gives the existing visit and False.

    Raises Invalid, NotAllowed, PropertyUnavailable, NoActiveMatch, and VisitConflict with alternatives.
    """
    if user != by and not has_staff_perm(by, "visits.change_visit"):
        raise NotAllowed("Only staff book for somebody else.")
    named = meets.MeetRequest(counterparty_user_id, conversation_id, match_id)
    listing = Property.objects.filter(pk=property_id).first()
    if listing is None:
        raise Invalid(property_id="There is no such listing.")
    start = clock.whole_minute(scheduled_date)
    visit = Visit(
        user=user,
        property=listing,
        visit_context=visit_context,
        special_requirements=special_requirements,
        awaiting=Visit.Awaiting.AGENCY,
        **_times(start, start + _length(visit_context, duration_minutes)),
    )
    meets.set_counterparty(visit, named)
    with _alternatives(visit):
        return _book(visit, by, named)


@retrying_atomic
def _book(visit: Visit, by: User, named: meets.MeetRequest) -> tuple[Visit, bool]:
    visit.pk = None  # a try that was rolled back may have set it
    visit._state.adding = True
    locks.lock_property(visit)
    locks.lock_people(visit)
    if twin := _twin(visit):
        return twin, False
    _check_bookable(visit, named)
    _check_time(visit.scheduled_date, "scheduled_date")
    _check_free(visit)
    visit.created_at = clock.now()
    decision = _choose(visit)
    changes.save_visit(visit, [])
    changes.record_event(visit, by, Change.SCHEDULED, "", data=assigning.decision_data(None, decision))
    assigning.record_assignment(visit, decision.agent, "First booking")
    meets.post_invitation(visit)
    return visit, True


@_changing
def confirm(*, visit: Visit, by: User) -> Visit:
    visit = locks.lock_visit(visit)
    _confirm(visit, by, {})
    return visit


@_changing
def reschedule(*, visit: Visit, by: User, new_date: datetime, reason: str = "") -> Visit:
    """Move a visit, keeping its length; the same time again changes nothing."""
    visit = locks.lock_visit_and_property(visit)
    _reschedule(visit, by, new_date, {}, reason=reason, field="new_date")
    return visit


@_changing
def cancel(*, visit: Visit, by: User, reason: str = "") -> Visit:
    visit = locks.lock_visit(visit)
    _cancel(visit, by, {}, reason=reason)
    return visit


@_changing
def complete(
    *,
    visit: Visit,
    by: User,
    notes: str | None = None,
    feedback: str | None = None,
    interest_level: str | None = None,
    follow_up_date: datetime | None = None,
) -> Visit:
    """Close a visit that has begun. Notes and follow-up are the agency's to give."""
    visit = locks.lock_visit(visit)
    permissions.check_may_complete(by, visit)
    agencys = {"visit_notes": notes, "follow_up_date": follow_up_date}
    permissions.check_may_edit(by, visit, {name for name, value in agencys.items() if value is not None})
    _require_move(visit, Status.COMPLETED)
    now = clock.now()
    if visit.scheduled_date > now:
        raise InvalidTransition("This visit has not begun; complete it once it has.")
    given: dict[str, Any] = {**agencys, "visitor_feedback": feedback, "interest_level": interest_level}
    if follow_up_date:
        given["follow_up_required"] = True
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    changes.transition(
        visit, by, Change.COMPLETED, status=Status.COMPLETED, awaiting=None, actual_date=now, **fields
    )
    queue.assign_pending_on_commit({visit.agent_id})
    return visit


@_changing
def update(
    *,
    visit: Visit,
    by: User,
    version: int | None = None,
    status: str | None = None,
    scheduled_date: datetime | None = None,
    **fields: Any,
) -> Visit:
    """Change several things in one go: all or nothing, one history row.

    `status` (confirmed or cancelled) and `scheduled_date` go the way of confirm, cancel and reschedule.
    Raises Outdated when `version` is given and is not the present one.
    """
    if status and scheduled_date:
        raise Invalid(status="Send status and scheduled_date one after the other.")
    visit = locks.lock_visit_and_property(visit) if scheduled_date else locks.lock_visit(visit)
    if version is not None and version != visit.version:
        raise Outdated(f"The visit is at version {visit.version} now; read it again before you change it.")
    permissions.check_may_edit(by, visit, set(fields))
    _require_open_for(visit, set(fields))
    if status == Status.CONFIRMED:
        _confirm(visit, by, fields)
    elif status == Status.CANCELLED:
        _cancel(visit, by, fields)
    elif status:
        raise Invalid(status="Only confirmed and cancelled can be set.")
    elif scheduled_date:
        _reschedule(visit, by, scheduled_date, fields, field="scheduled_date")
    else:
        changes.update_fields(visit, by, fields)
    return visit


@_changing
def assign(
    *,
    visit: Visit,
    by: User,
    agent_id: int | None | Choice = AUTOMATIC,
    reason: str = "",
    override: bool = False,
) -> Visit:
    """Give a live tour to the agent named, to the best one (AUTOMATIC), or to nobody (None).

    Raises AgentNotEligible with what is missing; `override` lifts LIFTABLE and needs a reason.
    """
    if not has_staff_perm(by, "visits.assign_agent"):
        raise NotAllowed("Assigning agents needs the permission visits.assign_agent.")
    if override and not reason:
        raise Invalid(reason="Say why the agent is assigned in spite of his hours, city or load.")
    visit = locks.lock_visit(visit, people=True)
    if not visit.is_tour():
        raise Invalid("Only tours have an agent; flatmates meet on their own.")
    if not visit.is_live():
        raise InvalidTransition(f"A {visit.status} visit has no use for an agent.")
    former_id = visit.agent_id
    if isinstance(agent_id, Choice):
        assigning.assign_automatically(visit, by, reason)
    elif agent_id is None:
        assigning.set_agent(visit, by, None, reason)
    else:
        assigning.assign_chosen(visit, by, agent_id, reason, override)
    if visit.agent_id != former_id:
        queue.assign_pending_on_commit({former_id})
    return visit


@retrying_atomic
def withdraw_property(*, listing: Property, by: User) -> None:
    """Take a listing off the market; its live visits are cancelled with a reason."""
    Property.objects.select_for_update(no_key=True).get(pk=listing.pk)
    property_services.withdraw(property=listing, by=by)
    _cancel_all(Visit.objects.filter(property=listing), by, "The listing was withdrawn.")


@retrying_atomic
def cancel_visits_of(*, user: User, by: User | None) -> None:
    """Cancel all live visits of somebody whose account was closed; the agent has one seeker less."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    engagements = Engagement.objects.open().filter(seeker=user)
    agents = set(engagements.values_list("agent_id", flat=True))
    _cancel_all(Visit.objects.for_participant(user), by, "The account of a participant was closed.", agents)
    engagements.update(ended_at=clock.now())


def cancel_meets_of(*, pair: tuple[int, int], by: User) -> None:
    """Cancel what two people have planned who part, in the transaction that holds the lock of both."""
    _cancel_all(Visit.objects.meets_between(*pair), by, "The two are no longer matched.")


# What the functions above share. They run inside a transaction and under its locks.


def _times(start: datetime, end: datetime) -> dict[str, Any]:
    return {"scheduled_date": start, "scheduled_end": end, "busy": eligibility.busy_range(start, end)}


def _length(context: str, minutes: int | None) -> timedelta:
    if minutes is None:
        minutes = settings.TOUR_MINUTES if context == Visit.Context.PROPERTY_TOUR else settings.MEET_MINUTES
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise Invalid(duration_minutes=f"A visit takes {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes.")
    return timedelta(minutes=minutes)


def _set_time(visit: Visit, start: datetime) -> None:
    start = clock.whole_minute(start)
    for name, value in _times(start, start + (visit.scheduled_end - visit.scheduled_date)).items():
        setattr(visit, name, value)


def _twin(visit: Visit) -> Visit | None:
    return (
        Visit.objects.live()
        .filter(
            user=visit.user,
            counterparty_user=visit.counterparty_user,
            property=visit.property,
            visit_context=visit.visit_context,
            scheduled_date=visit.scheduled_date,
        )
        .first()
    )


def _check_bookable(visit: Visit, named: meets.MeetRequest) -> None:
    if not visit.user.is_active:
        raise Invalid(user_id="This account is closed.")
    if not visit.is_tour():
        meets.validate_pair(visit, named)
    elif visit.property.owner_id == visit.user_id:
        raise Invalid(property_id="This is the visitor's own listing; a tour of it cannot be booked.")
    if not visit.property.takes_visits():
        raise PropertyUnavailable("This listing takes no visits now; look for a similar one.")


def _check_time(start: datetime, field: str) -> None:
    now = clock.now()
    if start <= now:
        raise Invalid(**{field: "This time is past; choose a later one."})
    if start > now + timedelta(days=settings.HORIZON_DAYS):
        raise Invalid(**{field: f"Visits can be booked {settings.HORIZON_DAYS} days ahead at most."})


def _check_free(visit: Visit) -> None:
    others = conflicts.blocking(visit, visit.scheduled_date, visit.scheduled_end)
    if others.filter(conflicts.of_people(visit)).exists():
        raise Taken("There is another visit at that time; choose one of the alternatives.")
    if others.exists():
        raise Taken("The listing is taken at that time; choose one of the alternatives.")


def _choose(visit: Visit, former: Agent | None = None) -> selection.Decision:
    """Give the visit its agent: the former one if he can, else the best one, else nobody."""
    requirements = Requirements.for_visit(visit)
    if not visit.is_tour():
        return selection.Decision(None)
    if former and selection.lock_if_eligible(former.pk, requirements):
        return selection.Decision(former)
    decision = selection.choose_agent(
        requirements=requirements,
        preferences=ranking.Preferences.for_visit(visit),
        avoid=selection.previously_unassigned(visit),
        leaving=former.pk if former else None,
    )
    visit.agent = decision.agent
    return decision


def _confirm(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    permissions.check_role(by, visit, permissions.ACTORS, "confirm")
    _require_move(visit, Status.CONFIRMED)
    permissions.check_may_confirm(by, visit)
    changes.transition(visit, by, Change.CONFIRMED, status=Status.CONFIRMED, awaiting=None, **fields)


def _cancel(visit: Visit, by: User, fields: dict[str, Any], reason: str = "") -> None:
    permissions.check_role(by, visit, permissions.ACTORS, "cancel")
    _require_move(visit, Status.CANCELLED)
    _set_cancelled(visit, by, reason, **fields)
    queue.assign_pending_on_commit({visit.agent_id})


def _set_cancelled(visit: Visit, by: User | None, reason: str, **fields: Any) -> None:
    final = {"status": Status.CANCELLED, "awaiting": None, "cancellation_reason": reason, **fields}
    changes.transition(visit, by, Change.CANCELLED, reason=reason, **final)


def _cancel_all(visits: Any, by: User | None, reason: str, agents: Collection[int] = ()) -> None:
    """Cancel the live ones among `visits`, whoever they await: consequences of another change.

    Their agents' rows are locked, and those of `agents`, all in one go.
    """
    live = list(visits.live().order_by("pk").select_for_update(no_key=True))
    locks.lock_agents({*agents, *(visit.agent_id for visit in live)})
    for visit in live:
        _set_cancelled(visit, by, reason)
    queue.assign_pending_on_commit({visit.agent_id for visit in live})


def _reschedule(
    visit: Visit, by: User, new_date: datetime, fields: dict[str, Any], *, field: str, reason: str = ""
) -> None:
    permissions.check_role(by, visit, permissions.ACTORS, "reschedule")
    _require_move(visit, Status.RESCHEDULED)
    was, former = visit.scheduled_date, visit.agent
    _set_time(visit, new_date)
    if visit.scheduled_date == was:
        changes.update_fields(visit, by, fields)
        return
    _check_time(visit.scheduled_date, field)
    _check_free(visit)
    from_status, awaiting = visit.status, _awaited_after_move(visit, by)
    moved = {"status": Status.RESCHEDULED, "awaiting": awaiting, "rescheduled_from": was, **fields}
    changed = [*changes.set_changed(visit, moved), "scheduled_date", "scheduled_end", "busy", "agent"]
    decision = _choose(visit, former)
    changes.save_visit(visit, changed)
    data = {
        "from": was.isoformat(),
        "to": visit.scheduled_date.isoformat(),
        **assigning.decision_data(former, decision),
    }
    changes.record_event(visit, by, Change.RESCHEDULED, from_status, reason=reason, data=data)
    if visit.agent != former:
        assigning.record_assignment(
            visit, visit.agent, "Moved to a time that the former agent could not take"
        )
    queue.assign_pending_on_commit({former.pk if former else None})


def _awaited_after_move(visit: Visit, by: User) -> str:
    """The side that did not move it; a meet that staff moved awaits the counterparty."""
    Awaiting = Visit.Awaiting
    if visit.is_tour():
        return Awaiting.AGENCY if by == visit.user else Awaiting.VISITOR
    return Awaiting.VISITOR if by == visit.counterparty_user else Awaiting.COUNTERPARTY


def _require_move(visit: Visit, status: str) -> None:
    if not visit.can_become(status):
        raise InvalidTransition(f"A {visit.status} visit cannot become {status}.")


def _require_open_for(visit: Visit, names: set[str]) -> None:
    allowed = AFTER_COMPLETION if visit.status == Status.COMPLETED else set()
    if names and not visit.is_live() and names - allowed:
        raise InvalidTransition(
            f"A {visit.status} visit no longer takes {', '.join(sorted(names - allowed))}."
        )
