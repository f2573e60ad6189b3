"""What has to hold before a visit changes: its version, its status, and that it is not so already."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext as _

from ghar import clock
from ghar.accounts.models import User
from ghar.errors import Outdated
from visits import permissions
from visits.models import Visit, VisitStatus
from visits.scheduling import changes
from visits.scheduling.errors import InvalidTransition

Versions = Collection[int] | None
# A completed visit still takes these.
AFTER_COMPLETION = {
    "visitor_feedback",
    "interest_level",
    "visit_notes",
    "follow_up_required",
    "follow_up_date",
}


def check_version(visit: Visit, versions: Versions) -> None:
    if versions is not None and visit.version not in versions:
        raise Outdated(
            _("The visit is now at version %(version)d. Read it again before you change it.")
            % {"version": visit.version}
        )


def is_confirmed(visit: Visit, by: User) -> bool:
    """Tell whether the user asks again for what is so. Raises NotAllowed for one who might not have asked."""
    permissions.check_may_act(by, visit, _("You don't have permission to confirm this visit."))
    if visit.status != VisitStatus.CONFIRMED:
        return False
    permissions.check_may_confirm(by, visit, changes.awaited_before_confirmation(visit))
    return True


def is_cancelled(visit: Visit, by: User) -> bool:
    permissions.check_may_act(by, visit, _("You don't have permission to cancel this visit."))
    return visit.status == VisitStatus.CANCELLED


def is_at(visit: Visit, by: User, start: datetime) -> bool:
    permissions.check_may_act(by, visit, _("You don't have permission to reschedule this visit."))
    return visit.is_live() and visit.scheduled_date == clock.whole_minute(start)


def check_transition(visit: Visit, status: str) -> None:
    if not visit.can_become(status):
        raise InvalidTransition(
            _("A %(status)s visit can't be %(next)s.")
            % {"status": status_text(visit.status), "next": status_text(status)}
        )


def check_takes_fields(visit: Visit, names: set[str]) -> None:
    allowed = AFTER_COMPLETION if visit.status == VisitStatus.COMPLETED else set()
    if not visit.is_live() and (refused := names - allowed):
        raise InvalidTransition(
            _("You can't change %(fields)s of a %(status)s visit.")
            % {"fields": ", ".join(sorted(refused)), "status": status_text(visit.status)}
        )


def status_text(status: str) -> str:
    return str(VisitStatus(status).label).lower()
