"""Who is staff: the one place that says so."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import QuerySet


def has_staff_perm(user: Any, permission: str) -> bool:
    """`is_staff` and the model permission for the act, such as "visits.assign_agent"."""
    return user.is_active and user.is_staff and user.has_perm(permission)


def staff_users_with_perm(permission: str) -> QuerySet[Any]:
    """Everybody of whom `is_staff_with` is true, by one query."""
    return ModelBackend().with_perm(permission, is_active=True).filter(is_staff=True)
