"""The contexts and statuses of visits, and the transitions between statuses."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VisitContext(models.TextChoices):
    PROPERTY_TOUR = "property_tour", _("Property Tour")
    FLATMATE_MEET = "flatmate_meet", _("Flatmate Meet")


class VisitStatus(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    CONFIRMED = "confirmed", _("Confirmed")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")
    RESCHEDULED = "rescheduled", _("Rescheduled")


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
