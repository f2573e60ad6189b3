"""How a change gets onto a visit, into its history and to others: one change, one version, row and event."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import RetryTransaction, violated
from visits.events import visit_changed
from visits.models import Visit, VisitEvent, VisitFeedback
from visits.scheduling.conflicts import TimeTaken

AGENT_CONSTRAINT = "visit_agent_in_one_place"
PEOPLE_CONSTRAINTS = {"visit_person_in_one_place", "visit_exclusive_listing"}


@dataclass(frozen=True)
class Why:
    """The words for a change: `reason` for the people of the visit, `note` for the agency alone."""

    reason: str = ""
    note: str = ""

    def __bool__(self) -> bool:
        return bool(self.reason or self.note)


NO_WORDS = Why()


def transition(
    visit: Visit,
    by: User | None,
    change: str,
    *,
    why: Why = NO_WORDS,
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Give the visit another status, and whatever goes with it."""
    from_status, former_agent = visit.status, visit.agent
    save_visit(visit, set_changed(visit, by, fields))
    record_event(visit, by, change, from_status, why=why, data=data, former_agent=former_agent)


def update_fields(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    """Change fields outside the workflow; without a difference nothing happens."""
    if changed := set_changed(visit, by, fields):
        save_visit(visit, changed)
        record_event(visit, by, VisitEvent.Change.UPDATED, visit.status, data={"fields": sorted(changed)})


def set_changed(visit: Visit, by: User | None, fields: dict[str, Any]) -> list[str]:
    """Set the fields that differ and return their names; the caller saves the visit, feedback is saved here.

    A follow-up is a whole minute: forms show no seconds, so saving one unchanged must change nothing.
    """
    changed = differing_fields(visit, by, fields)
    feedback = {name: value for name, value in changed.items() if name in VisitFeedback.FIELDS}
    for name in changed.keys() - feedback.keys():
        setattr(visit, name, changed[name])
    if by and feedback:
        row = _feedback_of(visit, by)
        for name, value in feedback.items():
            setattr(row, name, value)
        row.updated_at = clock.now()
        row.full_clean(exclude=["visit", "author"], validate_unique=False, validate_constraints=False)
        row.save()
    return [*changed]


def differing_fields(visit: Visit, by: User | None, fields: dict[str, Any]) -> dict[str, Any]:
    """Return those of the fields whose values the visit, or the user's own feedback on it, does not have."""
    if moment := fields.get("follow_up_date"):
        fields = {**fields, "follow_up_date": clock.whole_minute(moment)}
    gives_feedback = by and not fields.keys().isdisjoint(VisitFeedback.FIELDS)
    feedback = _feedback_of(visit, by) if by and gives_feedback else None
    return {
        name: value
        for name, value in fields.items()
        if getattr(feedback if name in VisitFeedback.FIELDS else visit, name) != value
    }


def _feedback_of(visit: Visit, author: User) -> VisitFeedback:
    """Return the author's own row, which the lock of the visit guards, or a new one."""
    return visit.feedback.filter(author=author).first() or VisitFeedback(visit=visit, author=author)


def save_visit(visit: Visit, changed: Iterable[str] = ()) -> None:
    """Save a new visit, or the fields of an existing one that changed, with the next version.

    Raises RetryTransaction when the database refuses the agent, who was judged too early, and TimeTaken when
    it refuses the people or the listing: somebody else was faster although this writer holds their locks,
    which only a writer outside the services can be.
    """
    is_new = visit.pk is None
    visit.updated_at = clock.now()
    visit.version += not is_new
    relations = [field.name for field in visit._meta.fields if field.is_relation]
    visit.full_clean(exclude=[*relations, "busy"], validate_unique=False, validate_constraints=False)
    try:
        if is_new:
            visit.save(force_insert=True)
        else:
            columns = {name for name in changed if name not in VisitFeedback.FIELDS}
            visit.save(update_fields=[*columns, "version", "updated_at"])
    except IntegrityError as error:
        if violated(error) == AGENT_CONSTRAINT:
            raise RetryTransaction from error
        if violated(error) in PEOPLE_CONSTRAINTS:
            raise TimeTaken(visit, _("Someone just booked this time. Choose another.")) from error
        raise


def record_event(
    visit: Visit,
    by: User | None,
    change: str,
    from_status: str,
    *,
    why: Why = NO_WORDS,
    data: dict[str, Any] | None = None,
    former_agent: Agent | None = None,
) -> None:
    """Write the history row and tell everybody concerned, `former_agent` too: they lost the visit."""
    VisitEvent.objects.create(
        visit=visit,
        actor=by,
        change=change,
        from_status=from_status,
        to_status=visit.status,
        reason=why.reason,
        note=why.note,
        data=data or {},
        at=clock.now(),
    )
    visit_changed(visit, change, former_agent)


def awaited_after_move(visit: Visit, by: User | None) -> str:
    """Return the side that did not move it; a meet that staff moved awaits the counterparty."""
    Awaiting = Visit.Awaiting
    if visit.is_tour():
        return Awaiting.AGENCY if by == visit.user else Awaiting.VISITOR
    return Awaiting.VISITOR if by == visit.counterparty_user else Awaiting.COUNTERPARTY


def awaited_before_confirmation(visit: Visit) -> str:
    """Return the side that a confirmed visit awaited, which only its history tells: whoever moved it last."""
    moves = visit.events.filter(change=VisitEvent.Change.RESCHEDULED).select_related("actor")
    if move := moves.last():
        return awaited_after_move(visit, move.actor)
    return Visit.Awaiting.AGENCY if visit.is_tour() else Visit.Awaiting.COUNTERPARTY
