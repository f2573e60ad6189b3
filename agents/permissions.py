from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from agents.models import Agent


class ManagesAgent(BasePermission):
    """Staff, or the agent himself."""

    message = "Only the agent himself and staff may see and change this."

    def has_object_permission(self, request: Request, view: Any, obj: Agent) -> bool:
        return obj.is_managed_by(request.user)
