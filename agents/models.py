from datetime import time
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.fields.array import ArrayContains, ArrayExact  # type: ignore[attr-defined]
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Cast

from ghar import clock
from ghar.staff import has_staff_perm
from ghar.validators import validate_language, validate_link, validate_timezone

# Of an agent without any: when they open and close, every day.
USUAL_HOURS = (time(9), time(19))

VIEW_AGENT, ADD_AGENT, CHANGE_AGENT = "agents.view_agent", "agents.add_agent", "agents.change_agent"


def english() -> list[str]:
    return ["en"]


class LowerAll(models.Func):
    """Each text of an array in lower case."""

    function = "lower_all"
    output_field = ArrayField(models.TextField())


TEXTS = ArrayField(models.TextField())
LOWER_CITIES = LowerAll(Cast("cities", TEXTS))


def serves(city: str) -> models.Q:
    """Who goes there, without case, or everywhere. Of agents who take visits an index knows both, if both
    are asked in these words."""
    everywhere = ArrayExact(LOWER_CITIES, models.Value([], output_field=TEXTS))
    there = ArrayContains(LOWER_CITIES, LowerAll(models.Value([city], output_field=TEXTS)))
    return models.Q(everywhere) | models.Q(there)


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, user: Any) -> "AgentQuerySet":
        """Those employed; staff see former ones too."""
        if has_staff_perm(user, VIEW_AGENT):
            return self
        return self.filter(is_active=True)

    def for_reading(self) -> "AgentQuerySet":
        """With everything the directory shows: two queries however long the page."""
        return self.prefetch_related("working_hours")

    def speaking(self, language: str) -> "AgentQuerySet":
        return self.filter(languages__contains=[language])

    def serving(self, city: str) -> "AgentQuerySet":
        return self.filter(serves(city))

    def engaged_to(self, seeker: Any) -> "AgentQuerySet":
        """The agent of a seeker's open engagement."""
        return self.filter(engagements__seeker=seeker, engagements__ended_at__isnull=True)


class Agent(models.Model):
    """Somebody who shows listings. `live_visits` and `live_users` are kept by triggers, never by hand."""

    class Type(models.TextChoices):
        GENERAL = "general"
        SPECIALIST = "specialist"
        SENIOR = "senior"

    class Experience(models.TextChoices):
        INTERMEDIATE = "intermediate"
        BEGINNER = "beginner"
        EXPERT = "expert"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="agent",
        verbose_name="login",
    )
    name = models.CharField(max_length=120)
    contact_number = models.CharField(max_length=16, blank=True, help_text="The business number: E.164.")
    description = models.TextField(max_length=2_000, blank=True)
    avatar_url = models.CharField(max_length=500, blank=True, validators=[validate_link])
    languages = ArrayField(
        models.CharField(max_length=2, validators=[validate_language]), default=english, blank=True, size=20
    )
    agent_type = models.CharField(max_length=20, choices=Type, default=Type.GENERAL)
    experience_level = models.CharField(max_length=20, choices=Experience, default=Experience.INTERMEDIATE)
    is_active = models.BooleanField("employed", default=True)
    is_available = models.BooleanField("takes new visits", default=True)
    timezone = models.CharField(max_length=64, default="Asia/Kolkata", validators=[validate_timezone])
    cities = ArrayField(
        models.CharField(max_length=80), default=list, blank=True, size=100, help_text="None = every city."
    )
    capacity = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=50,
        validators=[MinValueValidator(1)],
        help_text="Live visits at a time; empty = no limit.",
    )
    total_users_assigned = models.PositiveIntegerField(default=0, editable=False)
    user_satisfaction_rating = models.DecimalField(
        max_digits=3, decimal_places=2, null=True, blank=True, editable=False
    )
    live_visits = models.IntegerField(default=0, editable=False)
    live_users = models.IntegerField(default=0, editable=False)
    assignments_won = models.PositiveIntegerField(
        default=0, editable=False, help_text="By automatic choices among equals."
    )
    expected_share = models.FloatField(
        default=0, editable=False, help_text="What a fair share of those choices would have been."
    )
    last_assigned_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["name", "id"], name="agent_directory"),
            # Also of those who take no new visits now: why nobody can take a visit is asked of them, too.
            GinIndex(LOWER_CITIES, name="agent_cities", condition=models.Q(is_active=True)),
        ]
        constraints = [
            models.CheckConstraint(
                name="agent_live_visits_not_negative", condition=models.Q(live_visits__gte=0)
            ),
            models.CheckConstraint(
                name="agent_live_users_not_negative", condition=models.Q(live_users__gte=0)
            ),
            models.CheckConstraint(
                name="agent_capacity_positive",
                condition=models.Q(capacity__isnull=True) | models.Q(capacity__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_managed_by(self, user: Any) -> bool:
        """Whether `user` may set availability, hours and time off: the agent himself, or staff."""
        himself = self.is_active and self.user_id is not None and self.user_id == user.pk
        return himself or has_staff_perm(user, CHANGE_AGENT)


class WorkingHours(models.Model):
    """One shift on one weekday, in the agent's time zone. `closes` 00:00 is midnight at the day's end."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0
        TUESDAY = 1
        WEDNESDAY = 2
        THURSDAY = 3
        FRIDAY = 4
        SATURDAY = 5
        SUNDAY = 6

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens", "id"]
        verbose_name_plural = "working hours"
        constraints = [
            models.CheckConstraint(name="hours_weekday", condition=models.Q(weekday__range=(0, 6))),
            models.CheckConstraint(
                name="hours_close_after_opening",
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes="00:00"),
            ),
            models.UniqueConstraint(name="hours_once", fields=["agent", "weekday", "opens"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class TimeOffQuerySet(models.QuerySet["TimeOff"]):
    def latest_first(self) -> "TimeOffQuerySet":
        return self.annotate(begins=models.F("period__startswith")).order_by("-begins", "-pk")


class TimeOff(models.Model):
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="time_off")
    period = DateTimeRangeField(help_text="From (included) to (excluded).")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        ordering = ["-period", "-id"]
        verbose_name_plural = "time off"
        indexes = [GistIndex(fields=["period"], name="time_off_period")]
        constraints = [
            models.CheckConstraint(
                name="time_off_bounded",
                condition=models.Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.period.lower:%Y-%m-%d %H:%M} – {self.period.upper:%Y-%m-%d %H:%M}"


class EngagementQuerySet(models.QuerySet["Engagement"]):
    def open(self) -> "EngagementQuerySet":
        return self.filter(ended_at__isnull=True)


class Engagement(models.Model):
    """A seeker and his agent, from the first assignment until it ends. At most one open per seeker."""

    seeker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="engagements")
    agent = models.ForeignKey(Agent, models.RESTRICT, related_name="engagements")
    reason = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = EngagementQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="engagement_one_open_per_seeker",
                fields=["seeker"],
                condition=models.Q(ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.seeker} with {self.agent}"


class AgentInteraction(models.Model):
    """One contact of a seeker with an agent; satisfaction (1–5) feeds the agent's rating."""

    class Type(models.TextChoices):
        CALL = "call"
        MESSAGE = "message"
        VISIT = "visit"

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="interactions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="agent_interactions"
    )
    type = models.CharField(max_length=20, choices=Type, default=Type.CALL)
    response_time_seconds = models.PositiveIntegerField(null=True, blank=True)
    user_satisfaction = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="interaction_satisfaction_1_to_5",
                condition=models.Q(user_satisfaction__isnull=True)
                | models.Q(user_satisfaction__range=(1, 5)),
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.created_at:%Y-%m-%d %H:%M}"
