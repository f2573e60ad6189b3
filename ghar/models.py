from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from ghar import clock


class OutboxEvent(models.Model):
    """An event for other users, stored by the transaction that makes the change.

    The database sets `seq` and `sent_at` at commit. `seq` grows in the order of commits; `id` does not,
    because it is taken when the row is inserted. A reader who has seen all events up to a `seq` never
    misses one: no smaller `seq` appears later.
    """

    seq = models.BigIntegerField(unique=True, null=True, editable=False)
    channels = ArrayField(models.CharField(max_length=40))
    type = models.CharField(max_length=40)
    data = models.JSONField()
    sent_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            GinIndex(fields=["channels"], name="outbox_channels"),
            models.Index(fields=["sent_at"], name="outbox_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"


class StreamTicket(models.Model):
    """A ticket opens one event stream, once and within a minute. Only its digest is stored."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    credential = models.CharField(
        max_length=200,
        help_text=_("The log-in that asked for it: its end is the stream's end, too."),
    )
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["expires_at", "digest"]

    def __str__(self) -> str:
        return f"Ticket of {self.user_id} until {self.expires_at:%H:%M:%S}"


class StoredAnswer(models.Model):
    """The answer to a write with an Idempotency-Key: `ghar.api.idempotency` gives it to those who ask again.

    `digest` tells the user, method, path and key, `content` the query and body of the request.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    content = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField()
    answered_at = models.DateTimeField(default=clock.now, db_index=True)

    class Meta:
        ordering = ["answered_at", "digest"]

    def __str__(self) -> str:
        return f"Answer {self.status} to {self.user_id} at {self.answered_at:%H:%M:%S}"
