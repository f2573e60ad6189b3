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


def transition(visit: Visit, by: User | None, change: str, *, why: Why = NO_WORDS, **fields: Any) -> None:
    """Give the visit another status, and whatever goes with it."""
    from_status = visit.status
    save_visit(visit, set_changed(visit, by, fields))
    record_event(visit, by, change, from_status, why=why)


def update_fields(visit: Visit, by: User, fields: dict[str, Any]) -> None:
    """Change fields outside the workflow; without a difference nothing happens."""
    if changed := set_changed(visit, by, fields):
        save_visit(visit, changed)
        record_event(visit, by, VisitEvent.Change.UPDATED, visit.status, data={"fields": sorted(changed)})


def set_changed(visit: Visit, by: User | None, fields: dict[str, Any]) -> list[str]:
    """Set the fields that differ and return their names; the caller saves the visit, feedback is saved here.

    A follow-up is a whole minute: forms show no seconds, so saving one unchanged must change nothing.
    """
    given = {name: value for name, value in fields.items() if name in VisitFeedback.FIELDS}
    fields = {name: value for name, value in fields.items() if name not in given}
    if moment := fields.get("follow_up_date"):
        fields = {**fields, "follow_up_date": clock.whole_minute(moment)}
    changed = [name for name, value in fields.items() if getattr(visit, name) != value]
    for name in changed:
        setattr(visit, name, fields[name])
    return [*changed, *_write_feedback(visit, by, given)] if by and given else changed


def _write_feedback(visit: Visit, author: User, given: dict[str, str]) -> list[str]:
    """Write the author's own row, which the lock of the visit guards, and return the names that differ."""
    row = visit.feedback.filter(author=author).first() or VisitFeedback(visit=visit, author=author)
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, given[name])
        row.updated_at = clock.now()
        row.full_clean(exclude=["visit", "author"], validate_unique=False, validate_constraints=False)
        row.save()
    return changed


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
