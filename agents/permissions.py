from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from agents.models import Agent
from ghar.staff import has_staff_perm


class ManagesAgent(BasePermission):
    """The agent himself, and staff: who may only view agents looks, and changes nothing."""

    message = "Only the agent himself and staff may see and change this."

    def has_object_permission(self, request: Request, view: Any, obj: Agent) -> bool:
        looks = request.method in SAFE_METHODS and has_staff_perm(request.user, "agents.view_agent")
        return looks or obj.is_managed_by(request.user)
