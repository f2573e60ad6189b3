from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Left
from django.utils.translation import gettext_lazy as _

from flatmates.pairs import ACTIVE, BLOCKED, Pair, PairQuerySet, context_for
from ghar import clock

if TYPE_CHECKING:
    from ghar.accounts.models import User

PREVIEW_LENGTH = 100


class SwipeQuerySet(models.QuerySet["Swipe"]):
    def likes(self) -> "SwipeQuerySet":
        """Return the likes, super likes included."""
        return self.filter(action__in=[Swipe.Action.LIKE, Swipe.Action.SUPER_LIKE])

    def between(self, a: int, b: int) -> "SwipeQuerySet":
        """Return the swipes of two people, given by id, on each other."""
        return self.filter(Q(user=a, target=b) | Q(user=b, target=a))

    def unanswered_by(self, user: "User") -> "SwipeQuerySet":
        """Return the likes that active users gave `user`, who has not swiped on them yet."""
        answer = Swipe.objects.filter(user=user, target=OuterRef("user"))
        return self.likes().filter(~Exists(answer), target=user, user__is_active=True)

    def for_reading(self, reader: "User") -> "SwipeQuerySet":
        """Fetch what `reader` sees of each like: who gave it, and the listing it is about."""
        return self.select_related("user").prefetch_related(context_for(reader))


class Swipe(models.Model):
    """A user's latest pass or like of another user. Ending a match deletes the swipes of the two."""

    class Action(models.TextChoices):
        PASS = "pass", _("Pass")
        LIKE = "like", _("Like")
        SUPER_LIKE = "super_like", _("Super Like")

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


class MatchQuerySet(PairQuerySet["UserMatch"]):
    def for_reading(self, reader: "User") -> Self:
        """Fetch what `reader` sees of each match, with the id of its conversation."""
        conversations = UserConversation.objects.filter(
            user_one=OuterRef("user_one"), user_two=OuterRef("user_two")
        )
        rows = super().for_reading(reader)
        return rows.annotate(conversation_id=Subquery(conversations.values("pk")[:1]))


class UserMatch(Pair):
    """The match of two people who like each other, and what became of it.

    active: they match, since `created_at`. A new match after an unmatch has the same row.
    unmatched: one of the two ended the match.
    blocked: one of the two blocks the other, whatever it was before.
    """

    class Status(models.TextChoices):
        ACTIVE = ACTIVE, _("Active")
        UNMATCHED = "unmatched", _("Unmatched")
        BLOCKED = BLOCKED, _("Blocked")

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
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        constraints = [
            models.UniqueConstraint(name="match_once_per_pair", fields=["user_one", "user_two"]),
            models.CheckConstraint(
                name="match_canonical_pair", condition=models.Q(user_one__lt=models.F("user_two"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_one_id} and {self.user_two_id}"


class ConversationQuerySet(PairQuerySet["UserConversation"]):
    def ongoing(self) -> Self:
        """Return the conversations that have not ended."""
        return self.filter(status__in=[UserConversation.Status.ACTIVE, UserConversation.Status.ARCHIVED])

    def for_reading(self, reader: "User") -> Self:
        """Fetch what `reader` sees of each conversation, with a preview and the number of unread messages."""
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
    """The conversation of two people: one for each pair. Both can always read it.

    active: they match and can write.
    archived: put away, but not ended.
    closed, blocked: the match has ended, as in UserMatch. A new match makes the conversation active again.
    """

    class Status(models.TextChoices):
        ACTIVE = ACTIVE, _("Active")
        ARCHIVED = "archived", _("Archived")
        BLOCKED = BLOCKED, _("Blocked")
        CLOSED = "closed", _("Closed")

    class Source(models.TextChoices):
        MATCH = "match", _("Match")
        STAFF = "staff", _("Staff")

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
        verbose_name = _("conversation")
        constraints = [
            models.UniqueConstraint(name="conversation_once_per_pair", fields=["user_one", "user_two"]),
            models.CheckConstraint(
                name="conversation_canonical_pair", condition=models.Q(user_one__lt=models.F("user_two"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_one_id} and {self.user_two_id}"


class MessageQuerySet(models.QuerySet["Message"]):
    def unread_by(self, user: "User") -> "MessageQuerySet":
        """Return the messages of the other person that `user` has not read."""
        return self.filter(read_at__isnull=True).exclude(sender=user.pk)


class Message(models.Model):
    """A message in a conversation. The ids of a conversation are in the order of its messages.

    A visit request is the invitation to a meet. `visit_id` is a plain number: this app does not know visits.
    """

    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        VISIT_REQUEST = "visit_request", _("Visit Request")

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
        """Return the blocks between two people, given by id, in either direction."""
        return self.filter(Q(blocker=a, blocked=b) | Q(blocker=b, blocked=a))


class UserBlock(models.Model):
    """A block of one user by another. While it lasts, the two can't swipe on each other or meet."""

    blocker = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocks")
    blocked = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blocked_by")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects = BlockQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("block")
        constraints = [
            models.UniqueConstraint(name="block_once", fields=["blocker", "blocked"]),
            models.CheckConstraint(
                name="block_not_oneself", condition=~models.Q(blocker=models.F("blocked"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.blocker_id} blocks {self.blocked_id}"
