from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from properties.models import Property


class MayChangeListing(BasePermission):
    """Anyone reads; its owner and staff change a listing."""

    message = "Only its owner and staff may change a listing."

    def has_object_permission(self, request: Request, view: Any, obj: Property) -> bool:
        return request.method in SAFE_METHODS or obj.may_be_changed_by(request.user)
