"""Two people, whichever way round they are named."""

from typing import Any, ClassVar

from django.apps import apps
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, When


def canonical_pair(a: int, b: int) -> tuple[int, int]:
    """The smaller id first: the one row of a pair is found by it."""
    return min(a, b), max(a, b)


def listings_seen_by(user: Any) -> Any:
    """Listings are known here by name only; a withdrawn one is nobody's context but its owner's."""
    return apps.get_model("properties", "Property").objects.visible_to(user)


def context_for(reader: Any) -> Prefetch:
    return Prefetch("context_property", queryset=listings_seen_by(reader))


class PairQuerySet(models.QuerySet[Any]):
    """Of models with `user_one`, `user_two` (canonical) and `status`."""

    def of_pair(self, a: int, b: int) -> Any:
        one, two = canonical_pair(a, b)
        return self.filter(user_one=one, user_two=two)

    def of(self, user: Any) -> Any:
        return self.filter(Q(user_one=user) | Q(user_two=user))

    def active(self) -> Any:
        return self.filter(status="active")

    def for_reading(self, reader: Any) -> Any:
        """With the other one, the context that the reader may see, and whether he blocks the other."""
        peer = Case(When(user_one=reader.pk, then=F("user_two_id")), default=F("user_one_id"))
        blocks = apps.get_model("flatmates", "UserBlock").objects
        return (
            self.annotate(peer_id=peer)
            .annotate(blocked_by_reader=Exists(blocks.filter(blocker=reader.pk, blocked=OuterRef("peer_id"))))
            .select_related("user_one", "user_two")
            .prefetch_related(context_for(reader))
        )


class Pair(models.Model):
    """What matches and conversations have in common."""

    ENDED_STATUS: ClassVar[str]
    user_one_id: int
    user_two_id: int
    status: Any

    class Meta:
        abstract = True

    def people(self) -> tuple[int, int]:
        return self.user_one_id, self.user_two_id

    def peer_of(self, user: Any) -> Any:
        return getattr(self, "user_two" if self.user_one_id == user.pk else "user_one")

    def status_for_reader(self) -> str:
        """Nobody is told that he is blocked. Needs `for_reading`."""
        hidden = self.status == "blocked" and not vars(self)["blocked_by_reader"]
        return self.ENDED_STATUS if hidden else self.status
