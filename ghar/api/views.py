"""The base classes of the API's views, and the answer to unknown URLs."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from ghar.api.errors import INVALID_TOKEN, problem_response
from ghar.api.idempotency import IdempotentView
from ghar.api.query import PAGING, check_query_names

if TYPE_CHECKING:
    # The name that the stubs give to the model in AUTH_USER_MODEL: this package imports no app.
    from django.contrib.auth.models import _User as User

M = TypeVar("M", bound=Model)


class ApiView(IdempotentView):
    """A view with the current user and the validated input of its request.

    It refuses query parameters that the called method does not declare with `takes_query`. A read with a bad
    token is one by nobody: where anybody may read, the token is no reason to refuse.
    """

    # Why the token of a read was not accepted.
    token_error: AuthenticationFailed | None = None

    def perform_authentication(self, request: Request) -> None:
        try:
            super().perform_authentication(request)
        except AuthenticationFailed as error:
            if request.method not in SAFE_METHODS:
                raise
            # REST framework has made the user anonymous by now. The permissions decide what that means.
            self.token_error = error

    def permission_denied(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        if self.token_error is not None:
            raise self.token_error
        super().permission_denied(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self.token_error is not None and final.status_code != 401:
            final["WWW-Authenticate"] = INVALID_TOKEN
        return final

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = (request.method or "").lower()
        handler = getattr(self, method, None)
        # A method without a handler is answered with 405, and OPTIONS lists the methods of any URL.
        if handler is not None and method != "options":
            check_query_names(request, self.query_names(handler))

    def query_names(self, handler: Callable[..., Any]) -> frozenset[str]:
        """Return the names of the query parameters that a method of this view knows."""
        names: frozenset[str] = getattr(handler, "query_names", frozenset())
        return names

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
    # The name of the rows in numbered pages of `list`. Other pages declare theirs with `returns_page`.
    resource: str = ""
    filterset_class: Any = None

    def query_names(self, handler: Callable[..., Any]) -> frozenset[str]:
        names = super().query_names(handler)
        if not self.resource_of(handler):
            return names
        is_filtered = getattr(handler, "is_filtered", handler.__name__ == "list")
        filters = self.filterset_class.base_filters if is_filtered and self.filterset_class else ()
        return names | PAGING | frozenset(filters)

    def resource_of(self, handler: Callable[..., Any]) -> str:
        """Return the name of the rows in the pages that a method returns; "" if it returns none."""
        default = self.resource if handler.__name__ == "list" else ""
        name: str = getattr(handler, "page_resource", default)
        return name

    @property
    def page_resource(self) -> str:
        """The name of the rows in the pages of the current action."""
        return self.resource_of(getattr(self, self.action))

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
