"""The contexts and statuses of visits, and the transitions between statuses."""

from django.db import models


class VisitContext(models.TextChoices):
    PROPERTY_TOUR = "property_tour"
    FLATMATE_MEET = "flatmate_meet"


class VisitStatus(models.TextChoices):
    SCHEDULED = "scheduled"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    RESCHEDULED = "rescheduled"


# The only list of live statuses: the column `live` is made of it, and the database's rules read that column.
LIVE = (VisitStatus.SCHEDULED, VisitStatus.CONFIRMED, VisitStatus.RESCHEDULED)
NEXT: dict[str, set[str]] = {
    VisitStatus.SCHEDULED: {
        VisitStatus.CONFIRMED,
        VisitStatus.RESCHEDULED,
        VisitStatus.CANCELLED,
        VisitStatus.COMPLETED,
    },
    VisitStatus.RESCHEDULED: {
        VisitStatus.CONFIRMED,
        VisitStatus.RESCHEDULED,
        VisitStatus.CANCELLED,
        VisitStatus.COMPLETED,
    },
    VisitStatus.CONFIRMED: {VisitStatus.RESCHEDULED, VisitStatus.CANCELLED, VisitStatus.COMPLETED},
    VisitStatus.COMPLETED: set(),
    VisitStatus.CANCELLED: set(),
}
