"""The work queues of staff, which the admin shows as tabs above its list of visits, and their counts."""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import Count, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from visits.models import Visit, VisitQuerySet


class WorkQueue(NamedTuple):
    label: Promise
    visits: Callable[[VisitQuerySet], VisitQuerySet]
    hint: Promise


DEFAULT_QUEUE, ALL_VISITS = "upcoming", "all"
# The keys are part of the admin's URLs.
WORK_QUEUES = {
    "unassigned": WorkQueue(
        _("Unassigned"), VisitQuerySet.unassigned, _("tours that nobody shows; some may have begun")
    ),
    "today": WorkQueue(_("Today"), VisitQuerySet.today, _("by today's date at the listing")),
    "awaiting": WorkQueue(
        _("Awaiting"), VisitQuerySet.awaiting_confirmation, _("upcoming and not confirmed yet")
    ),
    "to_close": WorkQueue(
        _("To close"), VisitQuerySet.needing_completion, _("over, but not completed or cancelled")
    ),
    "follow_up": WorkQueue(_("Follow-up due"), VisitQuerySet.follow_up_due, _("due now or overdue")),
    DEFAULT_QUEUE: WorkQueue(_("Upcoming"), VisitQuerySet.upcoming, _("all visits that are not over")),
}


def queue_counts() -> dict[str, int]:
    """Return the number of visits in each queue, by its name."""
    # One query: a UNION of one count for each queue, so that each can use the index of its own.
    first, *rest = [
        queue.visits(Visit.objects.all())
        .order_by()
        .annotate(queue=Value(name))
        .values("queue")
        .annotate(count=Count("pk"))
        .values_list("queue", "count")
        for name, queue in WORK_QUEUES.items()
    ]
    # A queue without visits has no row.
    return dict.fromkeys(WORK_QUEUES, 0) | dict(first.union(*rest, all=True))
