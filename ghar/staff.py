"""The definition of staff: `is_staff` together with the model permission for the act."""

from typing import Protocol

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet


class PossiblyStaff(Protocol):
    """A user of ours, or Django's AnonymousUser."""

    @property
    def is_active(self) -> bool: ...
    @property
    def is_staff(self) -> bool: ...
    def has_perm(self, perm: str, /) -> bool: ...


def has_staff_perm(user: PossiblyStaff, permission: str) -> bool:
    """Return whether the user is active staff with a permission such as "visits.assign_agent"."""
    return user.is_active and user.is_staff and user.has_perm(permission)


def staff_users_with_perm(permission: str) -> QuerySet[AbstractBaseUser]:
    """Return all users of whom `has_staff_perm` is true, by one query."""
    return ModelBackend().with_perm(permission, is_active=True).filter(is_staff=True)
