"""What waits for staff: the queues that the admin's list is opened by, and how high each one is."""

from collections.abc import Callable
from typing import NamedTuple

from django.db.models import Count, Value

from visits.models import Visit, VisitQuerySet


class WorkQueue(NamedTuple):
    label: str
    visits: Callable[[VisitQuerySet], VisitQuerySet]
    hint: str
    soonest_first: bool = True


DEFAULT_QUEUE, ALL_VISITS = "upcoming", "all"
WORK_QUEUES = {
    "unassigned": WorkQueue("Unassigned", VisitQuerySet.unassigned, "tours to come without an agent"),
    "today": WorkQueue("Today", VisitQuerySet.today, "by the date at the listing"),
    "awaiting": WorkQueue("Awaiting", VisitQuerySet.awaiting_confirmation, "to come, and not confirmed"),
    "to_close": WorkQueue(
        "To close", VisitQuerySet.needing_completion, "over, and nobody has said how it went"
    ),
    "follow_up": WorkQueue("Follow-up due", VisitQuerySet.follow_up_due, "promised for now or earlier"),
    DEFAULT_QUEUE: WorkQueue("Upcoming", VisitQuerySet.upcoming, "all that are to come"),
}


def queue_counts() -> dict[str, int]:
    """How many visits lie on each queue: one query, of which each part has its own index."""
    first, *rest = [
        queue.visits(Visit.objects.all())
        .order_by()
        .annotate(queue=Value(name))
        .values("queue")
        .annotate(count=Count("pk"))
        .values_list("queue", "count")
        for name, queue in WORK_QUEUES.items()
    ]
    return dict.fromkeys(WORK_QUEUES, 0) | dict(first.union(*rest, all=True))
