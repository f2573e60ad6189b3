from datetime import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.fields.array import ArrayContains  # type: ignore[attr-defined]
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.fields import LineField, NameField, ParagraphField, TimeZoneField
from ghar.staff import has_staff_perm
from ghar.text import clean_words, visible_or
from ghar.text_keys import TextKeys
from ghar.validators import validate_language, validate_link

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from ghar.accounts.models import User

VIEW_AGENT, ADD_AGENT, CHANGE_AGENT = "agents.view_agent", "agents.add_agent", "agents.change_agent"
# When an agent without working hours opens and closes, every day.
USUAL_HOURS = (time(9), time(19))


def default_languages() -> list[str]:
    return ["en"]


TEXTS = ArrayField(models.TextField())
CITY_KEYS = TextKeys(Cast("cities", TEXTS))


def serves(city: str) -> models.Q:
    """Return the condition for agents who serve `city`, however it is written, or every city.

    Two indexes cover the two parts: a query has to spell them exactly like this to use them.
    """
    there = ArrayContains(CITY_KEYS, TextKeys(models.Value([clean_words(city)], output_field=TEXTS)))
    return models.Q(serves_everywhere=True) | models.Q(there)


def has_work_place() -> models.Q:
    """Return the condition for agents of whom staff have said where they work."""
    return models.Q(serves_everywhere=True) | ~models.Q(cities=[])


class AgentQuerySet(models.QuerySet["Agent"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AgentQuerySet":
        """Return the active agents; staff who may view agents see former ones, too."""
        if has_staff_perm(user, VIEW_AGENT):
            return self
        return self.filter(is_active=True)

    def for_reading(self) -> "AgentQuerySet":
        """Prefetch everything that the directory shows: two queries however long the page."""
        return self.prefetch_related("working_hours")

    def speaking(self, language: str) -> "AgentQuerySet":
        """Return the agents who speak a language, given as an ISO 639-1 code such as "hi"."""
        return self.filter(languages__contains=[language])

    def serving(self, city: str) -> "AgentQuerySet":
        return self.filter(serves(city))

    def engaged_to(self, seeker: "User") -> "AgentQuerySet":
        """Return the agent of the seeker's open engagement: at most one row."""
        return self.filter(engagements__seeker=seeker, engagements__ended_at__isnull=True)


class Agent(models.Model):
    """A person who shows listings, with or without a login.

    Database triggers keep `live_visits` (live visits) and `live_users` (open engagements); nothing else
    writes them. Former agents stay as rows with `is_active` off. `timezone` is an IANA name; working hours
    are in it.
    """

    class Type(models.TextChoices):
        GENERAL = "general", _("General")
        SPECIALIST = "specialist", _("Specialist")
        SENIOR = "senior", _("Senior")

    class Experience(models.TextChoices):
        INTERMEDIATE = "intermediate", _("Intermediate")
        BEGINNER = "beginner", _("Beginner")
        EXPERT = "expert", _("Expert")

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="agent",
        verbose_name=_("login"),
    )
    name = NameField(max_length=120)
    contact_number = models.CharField(
        max_length=16, blank=True, help_text=_("The business number, in a form such as +912261230001.")
    )
    description = ParagraphField(max_length=2_000, blank=True)
    avatar_url = models.CharField(max_length=500, blank=True, validators=[validate_link])
    languages = ArrayField(
        models.CharField(max_length=2, validators=[validate_language]),
        default=default_languages,
        blank=True,
        size=20,
    )
    agent_type = models.CharField(max_length=20, choices=Type, default=Type.GENERAL)
    experience_level = models.CharField(max_length=20, choices=Experience, default=Experience.INTERMEDIATE)
    is_active = models.BooleanField(_("employed"), default=True)
    is_available = models.BooleanField(_("takes new visits"), default=True)
    timezone = TimeZoneField()
    cities = ArrayField(
        NameField(max_length=80),
        default=list,
        blank=True,
        size=100,
        help_text=_("An agent gets visits in these cities only, and none before there are any."),
    )
    serves_everywhere = models.BooleanField(
        _("serves every city"), default=False, help_text=_("Whatever cities are listed.")
    )
    capacity = models.PositiveIntegerField(
        null=True,
        blank=True,
        default=50,
        validators=[MinValueValidator(1)],
        help_text=_("Maximum number of live visits at a time. Leave empty for no limit."),
    )
    total_users_assigned = models.PositiveIntegerField(default=0, editable=False)
    user_satisfaction_rating = models.DecimalField(
        max_digits=3, decimal_places=2, null=True, blank=True, editable=False
    )
    live_visits = models.IntegerField(default=0, editable=False)
    live_users = models.IntegerField(default=0, editable=False)
    assignments_won = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("By automatic choices among equals.")
    )
    expected_share = models.FloatField(
        default=0, editable=False, help_text=_("What a fair share of those choices would have been.")
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
            GinIndex(CITY_KEYS, name="agent_cities", condition=models.Q(is_active=True)),
            models.Index(
                fields=["id"],
                name="agent_everywhere",
                condition=models.Q(is_active=True, serves_everywhere=True),
            ),
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
        return visible_or(self.name, f"Agent {self.pk}")

    def is_managed_by(self, user: "User | AnonymousUser") -> bool:
        """Tell whether `user` may set availability, hours and time off: the agent or staff."""
        is_own_login = self.is_active and self.user_id is not None and self.user_id == user.pk
        return is_own_login or has_staff_perm(user, CHANGE_AGENT)


class WorkingHours(models.Model):
    """A shift on one weekday, in the agent's time zone. `closes` 00:00 is the midnight that ends the day.

    An agent without any rows works from 09:00 to 19:00 every day.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="working_hours")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens", "id"]
        verbose_name_plural = _("working hours")
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
        """Order by the start of the period, latest first."""
        return self.annotate(begins=models.F("period__startswith")).order_by("-begins", "-pk")


class TimeOff(models.Model):
    """A period in which an agent takes no visits. It includes its start and excludes its end, both in UTC."""

    agent = models.ForeignKey(Agent, models.CASCADE, related_name="time_off")
    period = DateTimeRangeField(help_text=_("The start is included, the end is not."))
    reason = LineField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = TimeOffQuerySet.as_manager()

    class Meta:
        ordering = ["-period", "-id"]
        verbose_name_plural = _("time off")
        indexes = [GistIndex(fields=["period"], name="time_off_period")]
        constraints = [
            models.CheckConstraint(
                name="time_off_bounded",
                condition=models.Q(period__isempty=False, period__lower_inf=False, period__upper_inf=False),
            )
        ]

    def __str__(self) -> str:
        start, end = (
            clock.format_local(at, self.agent.timezone) for at in (self.period.lower, self.period.upper)
        )
        return f"{self.agent}: {start} – {end}"


class EngagementQuerySet(models.QuerySet["Engagement"]):
    def open(self) -> "EngagementQuerySet":
        return self.filter(ended_at__isnull=True)


class Engagement(models.Model):
    """The relation of a seeker and their agent, from the first assignment until it ends.

    A seeker has at most one open engagement: the one whose `ended_at` is null. The seeker reads `reason`;
    `note` is the agency's own.
    """

    seeker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="engagements")
    agent = models.ForeignKey(Agent, models.RESTRICT, related_name="engagements")
    reason = LineField(max_length=200, blank=True)
    note = LineField(max_length=200, blank=True)
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
    """A contact of a seeker with an agent. The satisfaction (1 to 5) counts towards the agent's rating."""

    class Type(models.TextChoices):
        CALL = "call", _("Call")
        MESSAGE = "message", _("Message")
        VISIT = "visit", _("Visit")

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
        when = clock.format_local(self.created_at, settings.OFFICE_TIME_ZONE.key)
        return f"{self.get_type_display()} {when}"
