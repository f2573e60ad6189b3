from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from visits import permissions


class IsAgency(BasePermission):
    """Admits staff who may view visits, and agents: they have lists of more than their own appointments."""

    message = _("This list is for staff and agents.")

    def has_permission(self, request: Request, view: object) -> bool:
        return request.user.is_authenticated and permissions.is_agency(request.user)
