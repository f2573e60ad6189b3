"""The front door: every change of a visit, and of agents and listings where that changes visits.

Behind it, scheduling/ decides whether a visit may be at its time and writes the change, and assignment/ finds
its agent; faces and commands call the functions of this module and none of theirs that write.

Locks are taken in one order: listing, people, visits, agents, each kind by ascending id.

A change that is asked for again returns the visit and leaves no event: its first answer may have been lost.
That is judged after the rights of the user, who may ask only for what they may do, and before `versions`:
the change itself has made another version. `versions` holds the versions of which the visit must have one,
or else Outdated is raised; None admits any.
"""

from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _

from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Invalid
from properties.errors import PropertyUnavailable
from properties.models import Property
from visits import permissions
from visits.assignment import assigning
from visits.assignment.absences import dismiss as dismiss
from visits.assignment.absences import take_time_off as take_time_off
from visits.assignment.absences import update_agent as update_agent
from visits.assignment.cancellations import cancel_meets_of as cancel_meets_of
from visits.assignment.cancellations import cancel_visits_of as cancel_visits_of
from visits.assignment.cancellations import set_cancelled
from visits.assignment.cancellations import withdraw_property as withdraw_property
from visits.assignment.counters import repair_counter as repair_counter
from visits.assignment.engagements import close_idle_engagements as close_idle_engagements
from visits.assignment.engagements import engage as engage
from visits.assignment.engagements import move_engagement as move_engagement
from visits.assignment.queue import assign_pending as assign_pending
from visits.assignment.queue import assign_pending_on_commit as assign_pending_on_commit
from visits.assignment.selection import Decision
from visits.models import Visit, VisitEvent
from visits.scheduling import changes, conflicts, locks, meets, preconditions, slots
from visits.scheduling.changes import NO_WORDS, Why
from visits.scheduling.conflicts import changes_a_visit
from visits.scheduling.errors import InvalidTransition

Change = VisitEvent.Change
Status = Visit.Status

MIN_MINUTES, MAX_MINUTES = 15, 180


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
    scheduled_date: date,
    time_slot_label: str = "",
    duration_minutes: int | None = None,
    special_requirements: str = "",
    visit_context: str = Visit.Context.PROPERTY_TOUR,
    counterparty_user_id: int | None = None,
    conversation_id: int | None = None,
    match_id: int | None = None,
) -> tuple[Visit, bool]:
    """Book a tour or a meet for `user`, and return the visit and True.

    A date alone is the first free time of that local day; with a counterparty it is a meet in any context.
    The same booking again returns the existing visit and False, before anything else is judged: they have
    it already. A tour without an agent waits in the queue. Raises Invalid, NotAllowed, PropertyUnavailable,
    NoActiveMatch, and VisitConflict with alternatives.
    """
    permissions.check_may_book_for(by, user)
    meet = meets.MeetRequest(counterparty_user_id, conversation_id, match_id)
    listing = Property.objects.filter(pk=property_id).first()
    if listing is None:
        raise Invalid(property_id=_("There is no listing with this id."))
    visit = Visit(
        user=user,
        property=listing,
        visit_context=Visit.Context.FLATMATE_MEET if counterparty_user_id else visit_context,
        time_slot_label=time_slot_label,
        special_requirements=special_requirements,
        awaiting=Visit.Awaiting.AGENCY,
        created_at=clock.now(),
    )
    length, is_tour = _length(visit, duration_minutes), visit.is_tour()
    meets.set_counterparty(visit, meet)

    visit.property = locks.lock_property(listing, exclusive=is_tour and listing.exclusive_tours)
    visit.exclusive = is_tour and visit.property.exclusive_tours
    people = locks.lock_people(visit.people())
    visit.user = people[user.pk]
    if visit.counterparty_user_id:
        visit.counterparty_user = people[visit.counterparty_user_id]
    if twin := conflicts.find_twin(visit, scheduled_date):
        return twin, False

    if not visit.user.is_active:
        raise Invalid(user_id=_("This account is closed."))
    if not is_tour:
        meets.validate_pair(visit, meet)
    elif visit.property.owner_id == visit.user_id:
        raise Invalid(property_id=_("Visitors can't book a tour of their own listing."))
    if not visit.property.takes_visits():
        raise PropertyUnavailable(_("This listing takes no visits at the moment. Look for a similar one."))
    slots.check_time_zone(visit.property)
    visit.set_time(slots.start_of(visit, scheduled_date, length), length)
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
def confirm(*, visit: Visit, by: User, versions: preconditions.Versions = None) -> Visit:
    """Confirm a visit for the side that it awaits. Raises NotAllowed, Outdated and InvalidTransition."""
    visit = locks.lock_visit(visit)
    if not preconditions.is_confirmed(visit, by):
        preconditions.check_version(visit, versions)
        _confirm(visit, by, {})
    return visit


@changes_a_visit
def reschedule(
    *,
    visit: Visit,
    by: User,
    new_date: date,
    reason: str = "",
    note: str = "",
    versions: preconditions.Versions = None,
    **fields: Any,
) -> Visit:
    """Move a visit, keeping its length; the same time, or its day as a date, changes nothing.

    Only the agency gives a note.

    Without a new time_slot_label in `fields` a moved visit has none.
    Raises Invalid, NotAllowed, Outdated, InvalidTransition, and VisitConflict with alternatives.
    """
    visit = locks.lock_for_move(visit)
    start = slots.start_of(visit, new_date, visit.length())
    is_repeat = preconditions.is_at(visit, by, start)
    if is_repeat and not changes.differing_fields(visit, by, fields):
        return visit
    preconditions.check_version(visit, versions)
    if is_repeat:
        changes.update_fields(visit, by, fields)
    else:
        _reschedule(visit, by, start, fields, field="new_date", why=Why(reason, note))
    return visit


@changes_a_visit
def cancel(
    *, visit: Visit, by: User, reason: str = "", note: str = "", versions: preconditions.Versions = None
) -> Visit:
    """Cancel a visit for good. Only the agency gives a note.

    Raises NotAllowed, Outdated and InvalidTransition.
    """
    visit = locks.lock_visit(visit)
    if not preconditions.is_cancelled(visit, by):
        preconditions.check_version(visit, versions)
        _cancel(visit, by, {}, Why(reason, note))
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
    agent_id: int | None = None,
    versions: preconditions.Versions = None,
) -> Visit:
    """Close a visit that has begun. Only the agency gives notes and a follow-up.

    Staff name in `agent_id` who showed a tour that had no agent, or another one than it had. To a completed
    visit it adds nothing: other notes than those it has are refused rather than lost. Raises NotAllowed,
    Invalid, Outdated and InvalidTransition.
    """
    visit = locks.lock_visit(visit)
    permissions.check_may_complete(by, visit)
    is_same_agent = agent_id in (None, visit.agent_id)
    if not is_same_agent:
        permissions.check_may_name_agent(by, visit)
    from_agency = {"visit_notes": notes, "follow_up_date": follow_up_date}
    permissions.check_may_edit(by, visit, {name for name, value in from_agency.items() if value is not None})
    given: dict[str, Any] = {**from_agency, "visitor_feedback": feedback, "interest_level": interest_level}
    if follow_up_date:
        given["follow_up_required"] = True
    fields = {name: value for name, value in given.items() if value is not None}
    if visit.status == Status.COMPLETED and is_same_agent and not changes.differing_fields(visit, by, fields):
        return visit
    preconditions.check_version(visit, versions)
    preconditions.check_transition(visit, Status.COMPLETED)
    now = clock.now()
    if visit.scheduled_date > now:
        raise InvalidTransition(_("This visit hasn't begun yet. Complete it once it has."))
    agent, former = assigning.agent_who_showed(visit, agent_id), visit.agent
    data = {} if agent == former else assigning.decision_data(former, Decision(agent))
    final: dict[str, Any] = {"status": Status.COMPLETED, "awaiting": None, "actual_date": now, "agent": agent}
    changes.transition(visit, by, Change.COMPLETED, data=data, **final, **fields)
    assign_pending_on_commit({former.pk if former else None})
    return visit


@changes_a_visit
def update(
    *,
    visit: Visit,
    by: User,
    versions: preconditions.Versions = None,
    status: str | None = None,
    scheduled_date: date | None = None,
    **fields: Any,
) -> Visit:
    """Change several things in one go: all or nothing, one history row.

    `status` (confirmed or cancelled) and `scheduled_date` go the way of confirm, cancel and reschedule.
    Raises Outdated, and whatever those raise.
    """
    if status and scheduled_date:
        raise Invalid(status=_("Change status and scheduled_date in separate requests."))
    visit = locks.lock_for_move(visit) if scheduled_date else locks.lock_visit(visit)
    permissions.check_may_edit(by, visit, set(fields))
    start = slots.start_of(visit, scheduled_date, visit.length()) if scheduled_date else None
    is_repeat = (
        (status == Status.CONFIRMED and preconditions.is_confirmed(visit, by))
        or (status == Status.CANCELLED and preconditions.is_cancelled(visit, by))
        or (start is not None and preconditions.is_at(visit, by, start))
    )
    if is_repeat and not changes.differing_fields(visit, by, fields):
        return visit
    preconditions.check_version(visit, versions)
    preconditions.check_takes_fields(visit, set(fields))
    if is_repeat:
        # Status and time are so already; the other fields are what is new.
        changes.update_fields(visit, by, fields)
        return visit
    if status == Status.CONFIRMED:
        _confirm(visit, by, fields)
    elif status == Status.CANCELLED:
        _cancel(visit, by, fields)
    elif status:
        raise Invalid(status=_("Only confirmed and cancelled can be set."))
    elif start:
        _reschedule(visit, by, start, fields, field="scheduled_date")
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
    note: str = "",
    override: bool = False,
    versions: preconditions.Versions = None,
) -> Visit:
    """Assign the agent with this id to a live tour, the best one (AUTOMATIC), or nobody (None).

    A visit that is assigned to nobody leaves the automatic queue: it waits for staff, or for a new time.
    Raises Outdated, and AgentNotEligible with what is missing; `override` lifts what REASONS allow, and needs
    a reason or a note.
    """
    permissions.check_may_assign(by)
    why = Why(reason, note)
    if override and not why:
        raise Invalid(reason=_("A reason or a note is required to override hours, city or capacity."))
    visit = locks.lock_visit_and_people(visit)
    visit.require_tour()
    if not visit.is_live():
        raise InvalidTransition(
            _("You can't assign an agent to a %(status)s visit.")
            % {"status": preconditions.status_text(visit.status)}
        )
    former_id = visit.agent_id
    if agent_id == former_id or (agent_id is AUTOMATIC and assigning.can_keep_agent(visit)):
        return visit
    preconditions.check_version(visit, versions)
    if isinstance(agent_id, Choice):
        assigning.assign_automatically(visit, by, why)
    elif agent_id is None:
        assigning.unassign(visit, by, why)
    else:
        assigning.assign_chosen(visit, by, agent_id, why, override)
    if visit.agent_id != former_id:
        assign_pending_on_commit({former_id})
    return visit


# The functions below are shared by those above. They run inside a transaction and under its locks.


def _length(visit: Visit, minutes: int | None) -> timedelta:
    if minutes is None:
        minutes = settings.TOUR_MINUTES if visit.is_tour() else settings.MEET_MINUTES
    if not MIN_MINUTES <= minutes <= MAX_MINUTES:
        limits = {"least": MIN_MINUTES, "most": MAX_MINUTES}
        raise Invalid(duration_minutes=_("A visit takes %(least)d to %(most)d minutes.") % limits)
    return timedelta(minutes=minutes)


def _confirm(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    preconditions.check_transition(visit, Status.CONFIRMED)
    permissions.check_may_confirm(by, visit, visit.awaiting)
    changes.transition(visit, by, Change.CONFIRMED, status=Status.CONFIRMED, awaiting=None, **fields)


def _cancel(visit: Visit, by: User, fields: dict[str, Any], why: Why = NO_WORDS) -> None:
    permissions.check_may_edit(by, visit, {"note"} if why.note else set())
    preconditions.check_transition(visit, Status.CANCELLED)
    set_cancelled(visit, by, why, **fields)
    assign_pending_on_commit({visit.agent_id})


def _reschedule(
    visit: Visit, by: User, start: datetime, fields: dict[str, Any], *, field: str, why: Why = NO_WORDS
) -> None:
    """Move a visit. The agent keeps it if they can; `field` is the name of the time in the request."""
    permissions.check_may_edit(by, visit, {"note"} if why.note else set())
    preconditions.check_transition(visit, Status.RESCHEDULED)
    was, former, from_status = visit.scheduled_date, visit.agent, visit.status
    visit.set_time(start, visit.length())
    conflicts.check_time(visit.scheduled_date, field)
    conflicts.check_free(visit)
    moved = {
        "status": Status.RESCHEDULED,
        "awaiting": changes.awaited_after_move(visit, by),
        "rescheduled_from": was,
        "time_slot_label": "",
        **fields,
    }
    changed = [*changes.set_changed(visit, by, moved), "scheduled_date", "scheduled_end", "busy", "agent"]
    decision = assigning.choose_for_visit(visit, former)
    visit.agent = decision.agent
    visit.kept_unassigned = visit.kept_unassigned and visit.agent is None
    changes.save_visit(visit, [*changed, "kept_unassigned"])
    data = {
        "from": was.isoformat(),
        "to": visit.scheduled_date.isoformat(),
        **assigning.decision_data(former, decision),
    }
    changes.record_event(visit, by, Change.RESCHEDULED, from_status, why=why, data=data, former_agent=former)
    if visit.agent != former:
        assigning.record_assignment(visit, decision, "Moved to a time at which the former agent was not free")
    assign_pending_on_commit({former.pk if former else None})
