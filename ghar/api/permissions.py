from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ghar.staff import has_staff_perm


class StaffPermission(BasePermission):
    """Subclass it with a permission: StaffPermission.to("visits.assign_agent")."""

    permission: str
    message = "Only staff with the permission for it may do this."

    @classmethod
    def to(cls, permission: str) -> "type[StaffPermission]":
        return type("StaffPermission", (cls,), {"permission": permission})

    def has_permission(self, request: Request, view: Any) -> bool:
        return has_staff_perm(request.user, self.permission)
