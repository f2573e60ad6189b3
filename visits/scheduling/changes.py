"""How a change gets onto a visit, into its history and to others: one change, one version, row and event."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from agents.models import Agent
from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import RetryTransaction, violated
from visits.events import visit_changed
from visits.models import Visit, VisitEvent
from visits.scheduling.conflicts import TimeTaken

AGENT_CONSTRAINT = "visit_agent_in_one_place"
PEOPLE_CONSTRAINTS = {"visit_person_in_one_place", "visit_exclusive_listing"}


def transition(
    visit: Visit,
    by: User | None,
    change: str,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> None:
    """Give the visit another status, and whatever goes with it."""
    from_status, former_agent = visit.status, visit.agent
    save_visit(visit, set_changed(visit, fields))
    record_event(visit, by, change, from_status, reason=reason, data=data, former_agent=former_agent)


def update_fields(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    """Change fields outside the workflow; without a difference nothing happens."""
    if changed := set_changed(visit, fields):
        save_visit(visit, changed)
        record_event(visit, by, VisitEvent.Change.UPDATED, visit.status, data={"fields": sorted(changed)})


def set_changed(visit: Visit, fields: dict[str, Any]) -> list[str]:
    """Set the fields that differ and return their names.

    A follow-up is a whole minute: forms show no seconds, so saving one unchanged must change nothing.
    """
    changed = differing(visit, fields)
    for name, value in changed.items():
        setattr(visit, name, value)
    return [*changed]


def differing(visit: Visit, fields: dict[str, Any]) -> dict[str, Any]:
    """Return those of the fields whose values the visit does not have."""
    if moment := fields.get("follow_up_date"):
        fields = {**fields, "follow_up_date": clock.whole_minute(moment)}
    return {name: value for name, value in fields.items() if getattr(visit, name) != value}


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
            visit.save(update_fields=[*changed, "version", "updated_at"])
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
    reason: str = "",
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
        reason=reason,
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
