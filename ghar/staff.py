"""Who is staff: the one place that says so."""

from typing import Any


def is_staff_with(user: Any, permission: str) -> bool:
    """`is_staff` and the model permission for the act, such as "visits.assign_agent"."""
    return user.is_active and user.is_staff and user.has_perm(permission)
