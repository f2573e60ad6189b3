"""Pairs of two people: the base of matches and conversations, with a canonical order and a status."""

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, When

if TYPE_CHECKING:
    from ghar.accounts.models import User

# The statuses that both kinds of pair have. Each has its own for a pair that has ended.
ACTIVE, BLOCKED = "active", "blocked"


def canonical_pair(a: int, b: int) -> tuple[int, int]:
    """Return two user ids with the smaller one first, as a pair is stored."""
    return min(a, b), max(a, b)


def visible_listings(user: "User") -> QuerySet[Any]:
    """Return the listings that `user` can see. This app knows them by the name of their model alone."""
    listings: QuerySet[Any] = apps.get_model("properties", "Property").objects.visible_to(user)
    return listings


def context_for(reader: "User") -> "Prefetch[str, QuerySet[Any], str]":
    """Prefetch the listing over which a pair matched, unless it is withdrawn and not the reader's own."""
    return Prefetch("context_property", queryset=visible_listings(reader))


class Pair(models.Model):
    """The base of models with `user_one` and `user_two`, smaller id first, and a `status`."""

    ENDED_STATUS: ClassVar[str]
    user_one_id: int
    user_two_id: int
    context_property_id: int | None
    # The subclasses' fields have choices of their own.
    status: Any

    class Meta:
        abstract = True

    def people(self) -> tuple[int, int]:
        """Return the ids of the two, the smaller one first."""
        return self.user_one_id, self.user_two_id

    def peer_of(self, user: "User") -> "User":
        """Return the other person of the pair."""
        peer: User = getattr(self, "user_two" if self.user_one_id == user.pk else "user_one")
        return peer

    def status_for_reader(self) -> str:
        """Return the status as the reader of `PairQuerySet.for_reading` may know it.

        A person who is blocked doesn't learn that: to them the pair has ended.
        """
        is_hidden = self.status == BLOCKED and not vars(self)["blocked_by_reader"]
        return self.ENDED_STATUS if is_hidden else str(self.status)


PairT = TypeVar("PairT", bound=Pair, covariant=True)


class PairQuerySet(QuerySet[PairT]):
    def of_pair(self, a: int, b: int) -> Self:
        """Return the row of two people, given by id in either order: at most one."""
        one, two = canonical_pair(a, b)
        return self.filter(user_one=one, user_two=two)

    def for_user(self, user: "User") -> Self:
        return self.filter(Q(user_one=user) | Q(user_two=user))

    def active(self) -> Self:
        return self.filter(status=ACTIVE)

    def for_reading(self, reader: "User") -> Self:
        """Fetch what `reader`, one of the two, sees of each row: their peer and the listing it is about."""
        peer = Case(When(user_one=reader.pk, then=F("user_two_id")), default=F("user_one_id"))
        blocks = apps.get_model("flatmates", "UserBlock").objects
        return (
            self.annotate(peer_id=peer)
            .annotate(blocked_by_reader=Exists(blocks.filter(blocker=reader.pk, blocked=OuterRef("peer_id"))))
            .select_related("user_one", "user_two")
            .prefetch_related(context_for(reader))
        )
