from django.conf import settings
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from ghar import clock
from visits.models.visit import Visit


class VisitFeedback(models.Model):
    """The feedback of one person on a visit: at most one row per visit and author.

    The author reads it, and the agency; the other participant does not. A row of staff or an agent is what
    they heard from the visitor.
    """

    class Interest(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")

    FIELDS = ("visitor_feedback", "interest_level")

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="feedback")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="visit_feedback")
    visitor_feedback = models.TextField(
        verbose_name=_("feedback"), max_length=5_000, validators=[MaxLengthValidator(5_000)], blank=True
    )
    interest_level = models.CharField(max_length=10, choices=Interest, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        verbose_name_plural = _("feedback")
        constraints = [models.UniqueConstraint(name="feedback_once_per_author", fields=["visit", "author"])]

    def __str__(self) -> str:
        return f"{self.author} on {self.visit}"
