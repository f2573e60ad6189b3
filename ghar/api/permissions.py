from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ghar.staff import has_staff_perm


class StaffPermission(BasePermission):
    """Admits staff with one permission: `StaffPermission.requiring(ASSIGN_AGENT)`."""

    permission: str
    message = _("Only staff with the required permission can do this.")

    @classmethod
    def requiring(cls, permission: str) -> "type[StaffPermission]":
        return type("StaffPermission", (cls,), {"permission": permission})

    def has_permission(self, request: Request, view: Any) -> bool:
        return has_staff_perm(request.user, self.permission)
