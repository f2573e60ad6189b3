from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Left

from flatmates.pairs import Pair, PairQuerySet, context_for
from ghar import clock

PREVIEW_LENGTH = 100


class SwipeQuerySet(models.QuerySet["Swipe"]):
    def likes(self) -> "SwipeQuerySet":
        return self.filter(action__in=[Swipe.Action.LIKE, Swipe.Action.SUPER_LIKE])

    def between(self, a: int, b: int) -> "SwipeQuerySet":
        return self.filter(Q(user=a, target=b) | Q(user=b, target=a))

    def waiting_for(self, user: Any) -> "SwipeQuerySet":
        """Likes that `user` has not answered by a swipe of his own."""
        answer = Swipe.objects.filter(user=user, target=OuterRef("user"))
        return self.likes().filter(~Exists(answer), target=user, user__is_active=True)

    def for_reading(self, reader: Any) -> "SwipeQuerySet":
        return self.select_related("user").prefetch_related(context_for(reader))


class Swipe(models.Model):
    """What somebody thinks of somebody. It goes when the two part, so that both must like again."""

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

    objects = SwipeQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="swipe_once_per_target", fields=["user", "target"]),
            models.CheckConstraint(name="swipe_not_oneself", condition=~models.Q(user=models.F("target"))),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.action} {self.target_id}"


class MatchQuerySet(PairQuerySet):
    def for_reading(self, reader: Any) -> Any:
        conversations = UserConversation.objects.filter(
            user_one=OuterRef("user_one"), user_two=OuterRef("user_two")
        )
        rows = super().for_reading(reader)
        return rows.annotate(conversation_id=Subquery(conversations.values("pk")[:1]))


class UserMatch(Pair):
    """Two people who like each other. The pair is canonical: the smaller user id comes first.

    Who match again after they parted have the same row; `created_at` says since when they match.
    Blocked: one of them blocks the other, whether they had matched or parted before.
    """

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

    ENDED_STATUS = Status.UNMATCHED

    objects = MatchQuerySet.as_manager()

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


class ConversationQuerySet(PairQuerySet):
    def listed(self) -> Any:
        """Those that are not over."""
        return self.filter(status__in=[UserConversation.Status.ACTIVE, UserConversation.Status.ARCHIVED])

    def for_reading(self, reader: Any) -> Any:
        messages = Message.objects.filter(conversation=OuterRef("pk"))
        unread = messages.unread_by(reader).order_by().values("conversation").annotate(n=Count("pk"))
        rows = super().for_reading(reader)
        return rows.annotate(
            unread_count=Coalesce(Subquery(unread.values("n")), 0),
            last_message_preview=Subquery(
                messages.order_by("-id").values_list(Left("body", PREVIEW_LENGTH))[:1]
            ),
        )


class UserConversation(Pair):
    """The one conversation of a canonical pair: active while they match, to be read by both for ever."""

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

    ENDED_STATUS = Status.CLOSED

    objects = ConversationQuerySet.as_manager()

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


class MessageQuerySet(models.QuerySet["Message"]):
    def unread_by(self, user: Any) -> "MessageQuerySet":
        return self.filter(read_at__isnull=True).exclude(sender=user.pk)


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

    objects = MessageQuerySet.as_manager()

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


class BlockQuerySet(models.QuerySet["UserBlock"]):
    def between(self, a: int, b: int) -> "BlockQuerySet":
        """Either way."""
        return self.filter(Q(blocker=a, blocked=b) | Q(blocker=b, blocked=a))


class UserBlock(models.Model):
    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = BlockQuerySet.as_manager()

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
