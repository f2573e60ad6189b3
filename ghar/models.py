from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class OutboxEvent(models.Model):
    """Something that others are to hear of, stored by the transaction that made it so.

    `seq` and `sent_at` are set by the database at commit: `seq` grows in the order of commits, which an
    id, taken before, does not. Who has read up to a `seq` will never see a smaller one appear.
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
    """Opens one event stream, once and soon. Only its digest is kept."""

    digest = models.CharField(max_length=64, primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    credential = models.CharField(
        max_length=200, help_text="The log-in that asked for it: its end is the stream's end, too."
    )
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["expires_at", "digest"]

    def __str__(self) -> str:
        return f"Ticket of {self.user_id} until {self.expires_at:%H:%M:%S}"
