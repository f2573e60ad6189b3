"""The base classes of the API's views, and the answer to unknown URLs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from ghar.api.errors import problem_response
from ghar.api.idempotency import IdempotentView

if TYPE_CHECKING:
    # The name that the stubs give to the model in AUTH_USER_MODEL: this package imports no app.
    from django.contrib.auth.models import _User as User

M = TypeVar("M", bound=Model)


class ApiView(IdempotentView):
    """A view with the current user and the validated input of its request."""

    @property
    def user(self) -> "User":
        """The current user. Views that also admit anonymous users read `request.user` instead."""
        user = self.request.user
        assert isinstance(user, get_user_model()), "The permissions of this view admit anonymous users."
        return user

    def validated(
        self,
        serializer_class: type[BaseSerializer[Any]],
        data: Mapping[str, Any] | None = None,
        *,
        partial: bool = False,
    ) -> dict[str, Any]:
        """Return the validated body of the request, or of `data`, such as the query.

        Raises ValidationError, which names the fields, and whatever the parser raises for the body.
        """
        given = self.request.data if data is None else data
        serializer = serializer_class(data=given, partial=partial)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        return values


class ApiViewSet(ApiView, GenericViewSet[M]):
    """The routes of a resource, with the answers that they share.

    An action on one object looks it up before it reads the body: for an object that the user can't see,
    the answer is 404 whatever the body contains.
    """

    lookup_value_regex = "[0-9]+"

    def respond(self, instance: M, status: int = 200) -> Response:
        """Return the object as the current user may see it."""
        return Response(self.get_serializer(instance).data, status)

    def respond_fresh(self, instance: M, status: int = 200) -> Response:
        """Return the object as it is after a change: services return rows without the related ones."""
        return self.respond(self.fresh(instance), status)

    def fresh(self, instance: M) -> M:
        """Read the row again with everything that its JSON shows."""
        return get_object_or_404(self.get_queryset(), pk=instance.pk)

    def page(
        self,
        queryset: "QuerySet[Any]",
        serializer_class: type[BaseSerializer[Any]] | None = None,
        **context: Any,
    ) -> Response:
        """Return one page. The order of the queryset must end in the primary key."""
        shape: type[BaseSerializer[Any]] = serializer_class or self.get_serializer_class()
        rows = self.paginate_queryset(queryset)
        serializer = shape(rows, many=True, context={**self.get_serializer_context(), **context})
        return self.get_paginated_response(serializer.data)


@csrf_exempt
def unknown_url(request: HttpRequest, *args: Any) -> HttpResponse:
    return problem_response(404, "not_found")
