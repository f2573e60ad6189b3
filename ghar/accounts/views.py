"""The routes of log-in and of one's own profile."""

from django.contrib.auth import logout, update_session_auth_hash
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ghar.accounts import services
from ghar.accounts.serializers import (
    LoginInputSerializer,
    PasswordInputSerializer,
    SessionSerializer,
    SignupInputSerializer,
    UserSerializer,
)
from ghar.accounts.throttling import LoginThrottle, PasswordThrottle
from ghar.api.throttling import SignupThrottle, WriteThrottle
from ghar.api.views import ApiView


class SignupView(ApiView):
    # Without authentication: an expired token must not keep anybody from getting a new one.
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (SignupThrottle,)

    def post(self, request: Request) -> Response:
        session = services.sign_up(**self.validated(SignupInputSerializer))
        return Response(SessionSerializer(session).data, status=status.HTTP_201_CREATED)


class LoginView(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        session = services.log_in(**self.validated(LoginInputSerializer))
        LoginThrottle().forget(request, self)
        return Response(SessionSerializer(session).data)


class LogoutView(ApiView):
    def post(self, request: Request) -> Response:
        # A request with the session cookie of the admin has no token.
        if request.auth is None:
            logout(request)
        else:
            services.log_out(by=self.user, token=request.auth)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(ApiView):
    def post(self, request: Request) -> Response:
        services.log_out_everywhere(by=self.user)
        if request.auth is None:
            logout(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(ApiView):
    throttle_classes = (PasswordThrottle, WriteThrottle)

    def post(self, request: Request) -> Response:
        passwords = self.validated(PasswordInputSerializer)
        services.change_password(
            by=self.user,
            current=passwords["current_password"],
            new=passwords["new_password"],
            keep=request.auth,
        )
        PasswordThrottle().forget(request, self)
        if request.auth is None:
            # Otherwise the new password would end this session too.
            update_session_auth_hash(request, self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProfileView(ApiView):
    def get(self, request: Request) -> Response:
        return Response(UserSerializer(self.user).data)

    def patch(self, request: Request) -> Response:
        changes = self.validated(UserSerializer, partial=True)
        return Response(UserSerializer(services.update_profile(by=self.user, **changes)).data)
