"""How a change gets onto a visit, into its history and to others: one change, one version, row and event."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError

from ghar import clock
from ghar.accounts.models import User
from ghar.transactions import RetryTransaction, violated
from visits.events import visit_changed
from visits.models import Visit, VisitEvent

AGENT_CONSTRAINT = "visit_agent_in_one_place"


def transition(visit: Visit, by: User | None, change: str, *, reason: str = "", **fields: Any) -> None:
    """Give the visit another status, and whatever goes with it."""
    from_status = visit.status
    save_visit(visit, set_changed(visit, fields))
    record_event(visit, by, change, from_status, reason=reason)


def update_fields(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    """Change fields that are no part of the workflow; nothing happens when none differs."""
    if changed := set_changed(visit, fields):
        save_visit(visit, changed)
        record_event(visit, by, VisitEvent.Change.UPDATED, visit.status, data={"fields": sorted(changed)})


def set_changed(visit: Visit, fields: dict[str, Any]) -> list[str]:
    """Set the fields that differ; their names. Forms show no seconds: a follow-up has none to lose."""
    if moment := fields.get("follow_up_date"):
        fields = {**fields, "follow_up_date": clock.whole_minute(moment)}
    changed = [name for name, value in fields.items() if getattr(visit, name) != value]
    for name in changed:
        setattr(visit, name, fields[name])
    return changed


def save_visit(visit: Visit, changed: Iterable[str]) -> None:
    """Save what changed. An agent whom the database refuses was judged too early: start over."""
    visit.updated_at = clock.now()
    visit.version += not visit._state.adding
    _clean(visit)
    try:
        if visit._state.adding:
            visit.save(force_insert=True)
        else:
            visit.save(update_fields=[*changed, "version", "updated_at"])
    except IntegrityError as error:
        if violated(error) == AGENT_CONSTRAINT:
            raise RetryTransaction from error
        raise


def _clean(visit: Visit) -> None:
    relations = [f.name for f in visit._meta.fields if f.is_relation]
    visit.full_clean(exclude=[*relations, "busy"], validate_unique=False, validate_constraints=False)


def record_event(
    visit: Visit,
    by: User | None,
    change: str,
    from_status: str,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
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
    visit_changed(visit, change, former_agent_id=(data or {}).get("from_agent_id"))
