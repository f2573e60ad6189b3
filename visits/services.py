"""The front door: every change of a visit, and of agents and listings where that changes visits.

Behind it, scheduling/ decides whether a visit may be at its time and writes the change, and assignment/ finds
its agent; faces and commands call the functions of this module and none of theirs that write.

Locks are taken in one order: listing, people, visits, agents, each kind by ascending id.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from agents.models import Engagement
from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid, Outdated
from ghar.transactions import retrying_atomic
from properties import services as property_services
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits import permissions
from visits.assignment import assigning
from visits.assignment.absences import dismiss as dismiss
from visits.assignment.absences import take_time_off as take_time_off
from visits.assignment.absences import update_agent as update_agent
from visits.assignment.counters import repair_counter as repair_counter
from visits.assignment.engagements import close_idle_engagements as close_idle_engagements
from visits.assignment.engagements import engage as engage
from visits.assignment.engagements import move_engagement as move_engagement
from visits.assignment.queue import assign_pending as assign_pending
from visits.assignment.queue import assign_pending_on_commit as assign_pending_on_commit
from visits.assignment.selection import Decision
from visits.models import Visit, VisitEvent, VisitQuerySet
from visits.scheduling import changes, conflicts, locks, meets, slots
from visits.scheduling.conflicts import changes_a_visit
from visits.scheduling.errors import InvalidTransition

Change = VisitEvent.Change
Status = Visit.Status

MIN_MINUTES, MAX_MINUTES = 15, 180
# A completed visit still takes these.
AFTER_COMPLETION = {
    "visitor_feedback",
    "interest_level",
    "visit_notes",
    "follow_up_required",
    "follow_up_date",
}


class Choice(Enum):
    """The argument of `assign` that is neither an agent's id nor None."""

    AUTOMATIC = "automatic"


AUTOMATIC: Final = Choice.AUTOMATIC


@changes_a_visit
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
    """Book a tour or a meet for `user`, and return the visit and True.

    The same booking again returns the existing visit and False: that is looked for before anything else is
    judged, since whoever repeats a booking has it already. A tour needs no agent: without one it waits in
    the queue. Raises Invalid, NotAllowed, PropertyUnavailable, NoActiveMatch, and VisitConflict with
    alternatives.
    """
    permissions.check_may_book_for(by, user)
    meet = meets.MeetRequest(counterparty_user_id, conversation_id, match_id)
    listing = Property.objects.filter(pk=property_id).first()
    if listing is None:
        raise Invalid(property_id=_("There is no listing with this id."))
    visit = Visit(
        user=user,
        property=listing,
        visit_context=visit_context,
        special_requirements=special_requirements,
        awaiting=Visit.Awaiting.AGENCY,
        created_at=clock.now(),
    )
    visit.set_time(scheduled_date, _length(visit, duration_minutes))
    meets.set_counterparty(visit, meet)

    visit.property = locks.lock_property(listing, exclusive=visit.is_tour() and listing.exclusive_tours)
    visit.exclusive = visit.is_tour() and visit.property.exclusive_tours
    people = locks.lock_people(visit.people())
    visit.user = people[user.pk]
    if visit.counterparty_user_id:
        visit.counterparty_user = people[visit.counterparty_user_id]
    if twin := conflicts.find_twin(visit):
        return twin, False

    if not visit.user.is_active:
        raise Invalid(user_id=_("This account is closed."))
    if not visit.is_tour():
        meets.validate_pair(visit, meet)
    elif visit.property.owner_id == visit.user_id:
        raise Invalid(property_id=_("Visitors can't book a tour of their own listing."))
    if not visit.property.takes_visits():
        raise PropertyUnavailable(_("This listing takes no visits at the moment. Look for a similar one."))
    slots.check_time_zone(visit.property)
    conflicts.check_time(visit.scheduled_date, "scheduled_date")
    conflicts.check_free(visit)

    decision = assigning.choose_for_visit(visit)
    visit.agent = decision.agent
    changes.save_visit(visit)
    changes.record_event(visit, by, Change.SCHEDULED, "", data=assigning.decision_data(None, decision))
    assigning.record_assignment(visit, decision, "First booking")
    meets.post_invitation(visit)
    return visit, True


@changes_a_visit
def confirm(*, visit: Visit, by: User) -> Visit:
    """Confirm a visit for the side that it awaits. Raises NotAllowed and InvalidTransition."""
    visit = locks.lock_visit(visit)
    _confirm(visit, by, {})
    return visit


@changes_a_visit
def reschedule(*, visit: Visit, by: User, new_date: datetime, reason: str = "") -> Visit:
    """Move a visit, keeping its length; the same time again changes nothing.

    Raises Invalid, NotAllowed, InvalidTransition, and VisitConflict with alternatives.
    """
    visit = locks.lock_for_move(visit)
    _reschedule(visit, by, new_date, {}, reason=reason, field="new_date")
    return visit


@changes_a_visit
def cancel(*, visit: Visit, by: User, reason: str = "") -> Visit:
    """Cancel a visit for good. Raises NotAllowed and InvalidTransition."""
    visit = locks.lock_visit(visit)
    _cancel(visit, by, {}, reason=reason)
    return visit


@changes_a_visit
def complete(
    *,
    visit: Visit,
    by: User,
    notes: str | None = None,
    feedback: str | None = None,
    interest_level: str | None = None,
    follow_up_date: datetime | None = None,
) -> Visit:
    """Close a visit that has begun. Only the agency gives notes and a follow-up.

    Raises NotAllowed and InvalidTransition.
    """
    visit = locks.lock_visit(visit)
    permissions.check_may_complete(by, visit)
    from_agency = {"visit_notes": notes, "follow_up_date": follow_up_date}
    permissions.check_may_edit(by, visit, {name for name, value in from_agency.items() if value is not None})
    _check_transition(visit, Status.COMPLETED)
    now = clock.now()
    if visit.scheduled_date > now:
        raise InvalidTransition(_("This visit hasn't begun yet. Complete it once it has."))
    given: dict[str, Any] = {**from_agency, "visitor_feedback": feedback, "interest_level": interest_level}
    if follow_up_date:
        given["follow_up_required"] = True
    fields = {name: value for name, value in given.items() if value is not None}
    final: dict[str, Any] = {"status": Status.COMPLETED, "awaiting": None, "actual_date": now}
    changes.transition(visit, by, Change.COMPLETED, **final, **fields)
    assign_pending_on_commit({visit.agent_id})
    return visit


@changes_a_visit
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
    Raises Outdated when `version` is given and is not the present one, and whatever those raise.
    """
    if status and scheduled_date:
        raise Invalid(status=_("Change status and scheduled_date in separate requests."))
    visit = locks.lock_for_move(visit) if scheduled_date else locks.lock_visit(visit)
    if version is not None and version != visit.version:
        raise Outdated(
            _("The visit is now at version %(version)d. Read it again before you change it.")
            % {"version": visit.version}
        )
    permissions.check_may_edit(by, visit, set(fields))
    _check_takes_fields(visit, set(fields))
    if status == Status.CONFIRMED:
        _confirm(visit, by, fields)
    elif status == Status.CANCELLED:
        _cancel(visit, by, fields)
    elif status:
        raise Invalid(status=_("Only confirmed and cancelled can be set."))
    elif scheduled_date:
        _reschedule(visit, by, scheduled_date, fields, field="scheduled_date")
    else:
        changes.update_fields(visit, by, fields)
    return visit


@changes_a_visit
def assign(
    *,
    visit: Visit,
    by: User,
    agent_id: int | None | Choice = AUTOMATIC,
    reason: str = "",
    override: bool = False,
) -> Visit:
    """Assign the agent with this id to a live tour, the best one (AUTOMATIC), or nobody (None).

    Raises AgentNotEligible with what is missing; `override` lifts what REASONS allow, and needs a reason.
    """
    permissions.check_may_assign(by)
    if override and not reason:
        raise Invalid(reason=_("A reason is required to override hours, city or capacity."))
    visit = locks.lock_visit_and_people(visit)
    visit.require_tour()
    if not visit.is_live():
        raise InvalidTransition(
            _("You can't assign an agent to a %(status)s visit.") % {"status": _status_text(visit.status)}
        )
    former_id = visit.agent_id
    if isinstance(agent_id, Choice):
        assigning.assign_automatically(visit, by, reason)
    elif agent_id is None:
        assigning.set_agent(visit, by, Decision(None), reason)
    else:
        assigning.assign_chosen(visit, by, agent_id, reason, override)
    if visit.agent_id != former_id:
        assign_pending_on_commit({former_id})
    return visit


@retrying_atomic
def withdraw_property(*, listing: Property, by: User) -> None:
    """Take a listing off the market; its live visits are cancelled with a reason. Raises NotAllowed."""
    locked = locks.lock_property(listing, exclusive=True)
    property_services.check_may_change(locked, by)
    if locked.status != Property.Status.WITHDRAWN:
        locked.status, locked.updated_at = Property.Status.WITHDRAWN, clock.now()
        locked.save(update_fields=["status", "updated_at"])
    _cancel_all(Visit.objects.filter(property=locked), by, "The listing was withdrawn.")


@retrying_atomic
def cancel_visits_of(*, user: User, by: User | None) -> None:
    """Cancel the live visits of a person whose account was closed, and end their engagement."""
    locks.lock_people([user.pk])
    engagements = Engagement.objects.open().filter(seeker=user)
    agents = set(engagements.values_list("agent_id", flat=True))
    _cancel_all(Visit.objects.for_participant(user), by, "The account of a participant was closed.", agents)
    engagements.update(ended_at=clock.now())


def cancel_meets_of(*, pair: tuple[int, int], by: User) -> None:
    """Cancel the meets of a pair whose match ended, in the transaction that holds the lock of both."""
    _cancel_all(Visit.objects.meets_between(*pair), by, "The two are no longer matched.")


# The functions below are shared by those above. They run inside a transaction and under its locks.


def _length(visit: Visit, minutes: int | None) -> timedelta:
    if minutes is None:
        minutes = settings.TOUR_MINUTES if visit.is_tour() else settings.MEET_MINUTES
    if not MIN_MINUTES <= minutes <= MAX_MINUTES:
        limits = {"least": MIN_MINUTES, "most": MAX_MINUTES}
        raise Invalid(duration_minutes=_("A visit takes %(least)d to %(most)d minutes.") % limits)
    return timedelta(minutes=minutes)


def _confirm(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    permissions.check_may_act(by, visit, _("You don't have permission to confirm this visit."))
    _check_transition(visit, Status.CONFIRMED)
    permissions.check_may_confirm(by, visit)
    changes.transition(visit, by, Change.CONFIRMED, status=Status.CONFIRMED, awaiting=None, **fields)


def _cancel(visit: Visit, by: User, fields: dict[str, Any], reason: str = "") -> None:
    permissions.check_may_act(by, visit, _("You don't have permission to cancel this visit."))
    _check_transition(visit, Status.CANCELLED)
    _set_cancelled(visit, by, reason, **fields)
    assign_pending_on_commit({visit.agent_id})


def _set_cancelled(visit: Visit, by: User | None, reason: str, **fields: Any) -> None:
    final: dict[str, Any] = {"status": Status.CANCELLED, "awaiting": None, "cancellation_reason": reason}
    changes.transition(visit, by, Change.CANCELLED, reason=reason, **final, **fields)


def _cancel_all(visits: VisitQuerySet, by: User | None, reason: str, agents: Collection[int] = ()) -> None:
    """Cancel the live ones among `visits`, whomever they await: the consequence of another change.

    The rows of their agents and of `agents` are locked together.
    """
    live = list(
        visits.live().select_related("agent").order_by("pk").select_for_update(no_key=True, of=("self",))
    )
    locks.lock_agents({*agents, *(visit.agent_id for visit in live)})
    for visit in live:
        _set_cancelled(visit, by, reason)
    assign_pending_on_commit({visit.agent_id for visit in live})


def _reschedule(
    visit: Visit, by: User, new_date: datetime, fields: dict[str, Any], *, field: str, reason: str = ""
) -> None:
    """Move a visit. The agent keeps it if they can; `field` is the name of the time in the request."""
    permissions.check_may_act(by, visit, _("You don't have permission to reschedule this visit."))
    _check_transition(visit, Status.RESCHEDULED)
    was, former, from_status = visit.scheduled_date, visit.agent, visit.status
    visit.set_time(new_date, visit.length())
    if visit.scheduled_date == was:
        changes.update_fields(visit, by, fields)
        return
    conflicts.check_time(visit.scheduled_date, field)
    conflicts.check_free(visit)
    moved = {
        "status": Status.RESCHEDULED,
        "awaiting": _awaited_after_move(visit, by),
        "rescheduled_from": was,
        **fields,
    }
    changed = [*changes.set_changed(visit, moved), "scheduled_date", "scheduled_end", "busy", "agent"]
    decision = assigning.choose_for_visit(visit, former)
    visit.agent = decision.agent
    changes.save_visit(visit, changed)
    data = {
        "from": was.isoformat(),
        "to": visit.scheduled_date.isoformat(),
        **assigning.decision_data(former, decision),
    }
    changes.record_event(
        visit, by, Change.RESCHEDULED, from_status, reason=reason, data=data, former_agent=former
    )
    if visit.agent != former:
        assigning.record_assignment(visit, decision, "Moved to a time at which the former agent was not free")
    assign_pending_on_commit({former.pk if former else None})


def _awaited_after_move(visit: Visit, by: User) -> str:
    """Return the side that did not move it; a meet that staff moved awaits the counterparty."""
    Awaiting = Visit.Awaiting
    if visit.is_tour():
        return Awaiting.AGENCY if by == visit.user else Awaiting.VISITOR
    return Awaiting.VISITOR if by == visit.counterparty_user else Awaiting.COUNTERPARTY


def _check_transition(visit: Visit, status: str) -> None:
    if not visit.can_become(status):
        raise InvalidTransition(
            _("A %(status)s visit can't be %(next)s.")
            % {"status": _status_text(visit.status), "next": _status_text(status)}
        )


def _check_takes_fields(visit: Visit, names: set[str]) -> None:
    allowed = AFTER_COMPLETION if visit.status == Status.COMPLETED else set()
    if not visit.is_live() and (refused := names - allowed):
        raise InvalidTransition(
            _("You can't change %(fields)s of a %(status)s visit.")
            % {"fields": ", ".join(sorted(refused)), "status": _status_text(visit.status)}
        )


def _status_text(status: str) -> str:
    return str(Status(status).label).lower()
