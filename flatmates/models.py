from django.conf import settings
from django.db import models

from ghar import clock


class Swipe(models.Model):
    class Action(models.TextChoices):
        PASS = "pass"
        LIKE = "like"
        SUPER_LIKE = "super_like"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="swipes")
    target = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="swipes_received")
    action = models.CharField(max_length=20, choices=Action)
    context_property = models.ForeignKey(
        "properties.Property", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="swipe_once_per_target", fields=["user", "target"]),
            models.CheckConstraint(name="swipe_not_oneself", condition=~models.Q(user=models.F("target"))),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.action} {self.target_id}"


class UserMatch(models.Model):
    """Two people who like each other. The pair is canonical: the smaller user id comes first."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        UNMATCHED = "unmatched"
        BLOCKED = "blocked"

    user_one = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="matches_as_one")
    user_two = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="matches_as_two")
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    context_property = models.ForeignKey(
        "properties.Property", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "match"
        verbose_name_plural = "matches"
        constraints = [
            models.UniqueConstraint(name="match_once_per_pair", fields=["user_one", "user_two"]),
            models.CheckConstraint(
                name="match_canonical_pair", condition=models.Q(user_one__lt=models.F("user_two"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_one_id} and {self.user_two_id}"


class UserConversation(models.Model):
    """The one conversation of a canonical pair."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        ARCHIVED = "archived"
        BLOCKED = "blocked"
        CLOSED = "closed"

    class Source(models.TextChoices):
        MATCH = "match"
        STAFF = "staff"

    user_one = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations_as_one"
    )
    user_two = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="conversations_as_two"
    )
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    source = models.CharField(max_length=20, choices=Source, default=Source.MATCH)
    context_property = models.ForeignKey(
        "properties.Property", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    last_message_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-updated_at", "-id"]
        verbose_name = "conversation"
        constraints = [
            models.UniqueConstraint(name="conversation_once_per_pair", fields=["user_one", "user_two"]),
            models.CheckConstraint(
                name="conversation_canonical_pair", condition=models.Q(user_one__lt=models.F("user_two"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_one_id} and {self.user_two_id}"


class Message(models.Model):
    """A message of a pair. `visit_id` is a bare id: what the visit is now is read from the visit."""

    class Kind(models.TextChoices):
        TEXT = "text"
        VISIT_REQUEST = "visit_request"

    conversation = models.ForeignKey(UserConversation, models.CASCADE, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="messages_sent")
    body = models.TextField(max_length=4_000, blank=True)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.TEXT)
    visit_id = models.BigIntegerField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["conversation", "id"], name="message_in_order"),
            models.Index(
                fields=["conversation", "sender"],
                name="message_unread",
                condition=models.Q(read_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class UserBlock(models.Model):
    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "block"
        constraints = [
            models.UniqueConstraint(name="block_once", fields=["blocker", "blocked"]),
            models.CheckConstraint(
                name="block_not_oneself", condition=~models.Q(blocker=models.F("blocked"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
