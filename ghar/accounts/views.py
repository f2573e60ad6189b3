from typing import Any

from django.contrib.auth import logout, update_session_auth_hash
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from ghar.accounts import services
from ghar.accounts.models import User
from ghar.accounts.serializers import (
    LoginInput,
    PasswordInput,
    SessionSerializer,
    SignupInput,
    UserSerializer,
)
from ghar.accounts.throttling import LoginThrottle, PasswordThrottle
from ghar.api.throttling import SignupThrottle, WriteThrottle


class Signup(APIView):
    # No authentication: a token that has expired must not keep anybody from a new one.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (SignupThrottle,)

    def post(self, request: Request) -> Response:
        session = services.sign_up(**validated(SignupInput(data=request.data)))
        return Response(SessionSerializer(session).data, status=status.HTTP_201_CREATED)


class Login(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        session = services.log_in(**validated(LoginInput(data=request.data)))
        LoginThrottle().forget(request, self)
        return Response(SessionSerializer(session).data)


class Logout(APIView):
    def post(self, request: Request) -> Response:
        if request.auth is None:
            logout(request)
        else:
            services.log_out(by=me(request), token=request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAll(APIView):
    def post(self, request: Request) -> Response:
        services.log_out_everywhere(by=me(request))
        if request.auth is None:
            logout(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Password(APIView):
    throttle_classes = (PasswordThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        passwords = validated(PasswordInput(data=request.data))
        services.change_password(
            by=me(request),
            current=passwords["current_password"],
            new=passwords["new_password"],
            keep=request.auth,
        )
        PasswordThrottle().forget(request, self)
        if request.auth is None:
            update_session_auth_hash(request, me(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Me(APIView):
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(request.user).data)

    def patch(self, request: Request) -> Response:
        changes = validated(UserSerializer(data=request.data, partial=True))
        return Response(UserSerializer(services.update_profile(by=me(request), **changes)).data)


def me(request: Request) -> User:
    """Whom the default permission has let in."""
    assert isinstance(request.user, User)
    return request.user


def validated(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
