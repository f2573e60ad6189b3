from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Case, F, Q, When
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.errors import Invalid
from ghar.fields import BigIntegerMultirangeField, IdMultirange, TsTzRange
from visits.models.querysets import VisitQuerySet
from visits.models.statuses import LIVE, NEXT, VisitContext, VisitStatus


def travel_buffer() -> timedelta:
    """Return the least time an agent needs between visits at two listings, however near they are."""
    return timedelta(minutes=settings.TRAVEL_MINUTES)


def busy_range(start: datetime, end: datetime) -> DateTimeTZRange:
    """Return when a visit takes its agent wherever they go next: the visit and the buffer after it.

    The column stores it because timestamptz plus interval is not immutable, which a constraint needs.
    """
    return DateTimeTZRange(start, end + travel_buffer())


class Visit(models.Model):
    """An appointment at a listing: a tour with an agent, or a meet of two flatmates.

    scheduled: booked; a tour awaits the agency, a meet the counterparty.
    confirmed: accepted by the awaited side.
    rescheduled: moved to a new time; the other side is awaited again.
    completed, cancelled: final.
    The first three are live: they occupy their participants, their agent and an exclusive listing.

    Times are in UTC. `busy` is when the agent is taken; `actual_date` is when the visit was completed.
    `version` grows with every change. `visit_notes` are for agents and staff alone.
    """

    Status = VisitStatus
    Context = VisitContext

    class Awaiting(models.TextChoices):
        AGENCY = "agency", _("Agency")
        VISITOR = "visitor", _("Visitor")
        COUNTERPARTY = "counterparty", _("Counterparty")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="visits", verbose_name=_("visitor")
    )
    # Named after the domain; it shadows the builtin, so there is no @property below this line.
    property = models.ForeignKey("properties.Property", models.CASCADE, related_name="visits")
    agent = models.ForeignKey("agents.Agent", models.RESTRICT, null=True, blank=True, related_name="visits")
    counterparty_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="visits_as_counterparty",
    )
    conversation = models.ForeignKey(
        "flatmates.UserConversation", models.SET_NULL, null=True, blank=True, related_name="visits"
    )
    match = models.ForeignKey(
        "flatmates.UserMatch", models.SET_NULL, null=True, blank=True, related_name="visits"
    )
    visit_context = models.CharField(max_length=40, default=Context.PROPERTY_TOUR)
    status = models.CharField(max_length=20, choices=VisitStatus, default=VisitStatus.SCHEDULED)
    awaiting = models.CharField(max_length=20, choices=Awaiting, null=True, blank=True)
    scheduled_date = models.DateTimeField()
    scheduled_end = models.DateTimeField()
    busy = DateTimeRangeField(help_text=_("When the agent is taken: the visit and the travel after it."))
    exclusive = models.BooleanField(default=False, help_text=_("Nobody else at this listing meanwhile."))
    time_slot_label = models.CharField(
        max_length=60,
        blank=True,
        help_text=_("The client's own word for the time, such as Morning."),
    )
    actual_date = models.DateTimeField(null=True, blank=True)
    special_requirements = models.TextField(
        max_length=2_000, validators=[MaxLengthValidator(2_000)], blank=True
    )
    visit_notes = models.TextField(
        max_length=5_000,
        validators=[MaxLengthValidator(5_000)],
        blank=True,
        help_text=_("Agents and staff only."),
    )
    follow_up_required = models.BooleanField(default=False)
    follow_up_date = models.DateTimeField(null=True, blank=True)
    cancellation_reason = models.CharField(max_length=500, blank=True)
    rescheduled_from = models.DateTimeField(null=True, blank=True)
    kept_unassigned = models.BooleanField(
        default=False, help_text=_("Staff unassigned the agent: only staff assign this visit now.")
    )
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    # The database computes these two, for its constraints and for queries. Python asks `is_live` and
    # `people`, which know of changes that are not saved yet.
    live = models.GeneratedField(
        expression=Q(status__in=LIVE),  # type: ignore[arg-type]  # the stubs know no conditions
        output_field=models.BooleanField(),
        db_persist=True,
    )
    # int8range(NULL, NULL) would contain everybody, hence the CASE.
    participants = models.GeneratedField(
        expression=Case(
            When(counterparty_user__isnull=True, then=IdMultirange("user")),
            default=IdMultirange("user", "counterparty_user"),
        ),
        output_field=BigIntegerMultirangeField(),
        db_persist=True,
    )

    objects = VisitQuerySet.as_manager()

    class Meta:
        ordering = ["-scheduled_date", "-id"]
        permissions = [("assign_agent", "Can assign an agent to a visit")]
        indexes = [
            models.Index(fields=["-scheduled_date", "-id"], name="visit_latest"),
            models.Index(fields=["user", "-scheduled_date", "-id"], name="visit_of_user"),
            models.Index(
                fields=["counterparty_user", "-scheduled_date", "-id"],
                name="visit_of_counterparty",
                condition=Q(counterparty_user__isnull=False),
            ),
            models.Index(fields=["agent", "-scheduled_date", "-id"], name="visit_of_agent"),
            models.Index(fields=["property", "-scheduled_date", "-id"], name="visit_at_property"),
            models.Index(
                fields=["scheduled_date", "id"],
                name="visit_queue",
                condition=Q(agent__isnull=True, live=True, visit_context="property_tour"),
            ),
        ]
        constraints = [
            ExclusionConstraint(
                name="visit_agent_in_one_place",
                expressions=[
                    ("agent", RangeOperators.EQUAL),
                    ("property", RangeOperators.NOT_EQUAL),
                    ("busy", RangeOperators.OVERLAPS),
                ],
                condition=Q(live=True),
            ),
            ExclusionConstraint(
                name="visit_person_in_one_place",
                expressions=[
                    ("participants", RangeOperators.OVERLAPS),
                    (TsTzRange("scheduled_date", "scheduled_end", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(live=True),
            ),
            ExclusionConstraint(
                name="visit_exclusive_listing",
                expressions=[
                    ("property", RangeOperators.EQUAL),
                    (TsTzRange("scheduled_date", "scheduled_end", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
                condition=Q(live=True, exclusive=True),
            ),
            models.CheckConstraint(name="visit_status_known", condition=Q(status__in=VisitStatus.values)),
            models.CheckConstraint(
                name="visit_ends_after_start", condition=Q(scheduled_end__gt=F("scheduled_date"))
            ),
            models.CheckConstraint(
                name="visit_busy_covers_visit",
                condition=Q(busy__contains=TsTzRange("scheduled_date", "scheduled_end", RangeBoundary())),
            ),
            models.CheckConstraint(
                name="visit_counterparty_only_in_meets",
                condition=Q(counterparty_user__isnull=True) | Q(visit_context="flatmate_meet"),
            ),
            models.CheckConstraint(
                name="visit_not_with_oneself",
                condition=Q(counterparty_user__isnull=True) | ~Q(counterparty_user=F("user")),
            ),
            models.CheckConstraint(
                name="visit_no_agent_in_meets",
                condition=Q(agent__isnull=True) | ~Q(visit_context="flatmate_meet"),
            ),
            models.CheckConstraint(
                name="visit_awaiting_only_unconfirmed",
                condition=Q(awaiting__isnull=True) | Q(status__in=["scheduled", "rescheduled"]),
            ),
            models.CheckConstraint(
                name="visit_completed_has_actual_date",
                condition=~Q(status="completed") | Q(actual_date__isnull=False),
            ),
            # Beyond, the driver cannot read what it has written.
            models.CheckConstraint(
                name="visit_follow_up_in_our_time",
                condition=Q(follow_up_date__isnull=True)
                | Q(follow_up_date__gte=clock.FIRST_MOMENT, follow_up_date__lt=clock.END_MOMENT),
            ),
        ]

    def __str__(self) -> str:
        return f"Visit {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        # An UPDATE of Django 5.2 does not return generated columns: what was read before is out of date.
        for name in ("live", "participants"):
            self.__dict__.pop(name, None)

    def is_live(self) -> bool:
        return self.status in LIVE

    def is_urgent(self) -> bool:
        """Tell whether the visit is an unassigned tour that begins within URGENT_HOURS, or has begun."""
        ahead = self.scheduled_date - clock.now()
        return self.lacks_agent() and ahead <= timedelta(hours=settings.URGENT_HOURS)

    def lacks_agent(self) -> bool:
        """Tell whether the visit is a live tour that nobody shows."""
        return self.is_live() and self.is_tour() and self.agent_id is None

    def is_tour(self) -> bool:
        return self.visit_context == self.Context.PROPERTY_TOUR

    def require_tour(self) -> None:
        """Raise Invalid for a meet: only tours have an agent."""
        if not self.is_tour():
            raise Invalid(gettext("Only tours have an agent. Flatmates meet on their own."))

    def can_become(self, status: str) -> bool:
        return status in NEXT[self.status]

    def set_time(self, start: datetime, length: timedelta) -> None:
        """Set the planned time, without seconds, and the time for which it keeps the agent busy."""
        self.scheduled_date = clock.whole_minute(start)
        self.scheduled_end = self.scheduled_date + length
        self.busy = busy_range(self.scheduled_date, self.scheduled_end)

    def length(self) -> timedelta:
        return self.scheduled_end - self.scheduled_date

    def people(self) -> set[int]:
        """Return the ids of the participants."""
        return {id_ for id_ in (self.user_id, self.counterparty_user_id) if id_}
