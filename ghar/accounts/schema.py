"""What the OpenAPI document says of the routes of accounts."""

from drf_spectacular.utils import OpenApiExample, extend_schema_view

from ghar.accounts import views
from ghar.accounts.serializers import (
    LoginInput,
    PasswordInput,
    SessionSerializer,
    SignupInput,
    UserSerializer,
)
from ghar.api.openapi import FieldAs, operation

ASHA = {
    "id": 7,
    "full_name": "Asha Rao",
    "phone": "+919812345678",
    "email": "asha@example.com",
    "profile_image_url": "",
    "preferred_languages": ["hi", "en"],
    "is_staff": False,
    "agent_id": None,
    "created_at": "2026-11-21T09:15:00Z",
}
SESSION = {
    "token": "b6f1…",
    "expiry": "2027-02-19T09:15:00Z",
    "user": ASHA,
}
SIGNUP = {"full_name": "Asha Rao", "email": "asha@example.com", "password": "a long pass phrase"}
LOGIN = {"identifier": "asha@example.com", "password": "a long pass phrase"}


def response_example(value: object, *codes: str) -> OpenApiExample:
    return OpenApiExample("Asha", value, response_only=True, status_codes=list(codes) or ["200"])


def request_example(value: object) -> OpenApiExample:
    return OpenApiExample("Asha", value, request_only=True)


extend_schema_view(
    post=operation(
        "Sign up",
        description="A phone number, an email address or both: each belongs to one user.",
        request=SignupInput,
        responses={201: SessionSerializer},
        examples=[request_example(SIGNUP), response_example(SESSION, "201")],
    )
)(views.Signup)
extend_schema_view(
    post=operation(
        "Log in",
        description="`identifier` is the phone number or the email address. Too many failures are throttled.",
        request=LoginInput,
        responses={200: SessionSerializer},
        codes=["not_authenticated"],
        examples=[request_example(LOGIN), response_example(SESSION)],
    )
)(views.Login)
extend_schema_view(
    post=operation("Log out", description="Ends this token only.", request=None, responses={204: None})
)(views.Logout)
extend_schema_view(
    post=operation(
        "Log out everywhere", description="Ends every token of yours.", request=None, responses={204: None}
    )
)(views.LogoutAll)
extend_schema_view(
    post=operation(
        "Change the password",
        description="Ends every other token of yours.",
        request=PasswordInput,
        responses={204: None},
    )
)(views.Password)
extend_schema_view(
    get=operation("Your own profile", responses=UserSerializer, examples=[response_example(ASHA)]),
    patch=operation(
        "Change your profile",
        request=UserSerializer,
        responses=UserSerializer,
        examples=[request_example({"preferred_languages": ["mr", "en"]}), response_example(ASHA)],
    ),
)(views.Me)


class PhoneAs(FieldAs):
    target_class = "ghar.accounts.serializers.PhoneField"
    schema = {"type": "string", "description": "As people write it; goes out as E.164."}


class EmailAs(FieldAs):
    target_class = "ghar.accounts.serializers.EmailField"
    schema = {"type": "string", "description": "Goes out in lower case."}
