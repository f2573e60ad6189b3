from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from properties.models import Property


class MayChangeProperty(BasePermission):
    """Anyone can read a listing; its owner and staff can change it."""

    message = _("Only its owner and staff can change a listing.")

    def has_object_permission(self, request: Request, view: object, obj: Property) -> bool:
        return request.method in SAFE_METHODS or obj.may_be_changed_by(request.user)
