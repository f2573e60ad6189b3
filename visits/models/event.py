from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from ghar import clock
from visits.models.visit import Visit


class VisitEvent(models.Model):
    """An entry in the history of a visit: one for each change.

    `reason` is for the people of the visit; `note` is the agency's own, and so is `data`, which explains the
    change, for example by the ranking of agents. `actor` is null for changes that the system makes. `at` is
    in UTC.
    """

    class Change(models.TextChoices):
        SCHEDULED = "scheduled", _("Scheduled")
        CONFIRMED = "confirmed", _("Confirmed")
        RESCHEDULED = "rescheduled", _("Rescheduled")
        CANCELLED = "cancelled", _("Cancelled")
        COMPLETED = "completed", _("Completed")
        ASSIGNED = "assigned", _("Assigned")
        UNASSIGNED = "unassigned", _("Unassigned")
        UPDATED = "updated", _("Updated")

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    change = models.CharField(max_length=20, choices=Change)
    from_status = models.CharField(max_length=20, blank=True)
    to_status = models.CharField(max_length=20)
    reason = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["visit", "id"], name="visit_event_in_order")]

    def __str__(self) -> str:
        return f"{self.change} {self.at:%Y-%m-%d %H:%M}"
