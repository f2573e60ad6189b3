from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from agents.models import ADD_AGENT as ADD_AGENT
from agents.models import CHANGE_AGENT as CHANGE_AGENT
from agents.models import VIEW_AGENT as VIEW_AGENT
from agents.models import Agent
from ghar.staff import has_staff_perm


class ManagesAgent(BasePermission):
    """Admits the agent themselves and staff. Staff who may only view agents can read."""

    message = _("Only the agent and staff can see and change this.")

    def has_object_permission(self, request: Request, view: object, obj: Agent) -> bool:
        may_read = request.method in SAFE_METHODS and has_staff_perm(request.user, VIEW_AGENT)
        return may_read or obj.is_managed_by(request.user)
