"""OpenAPI descriptions of the routes of accounts."""

from drf_spectacular.utils import extend_schema_field, extend_schema_view

from ghar.accounts import views
from ghar.accounts.serializers import (
    LoginInputSerializer,
    PasswordInputSerializer,
    SessionSerializer,
    SignupInputSerializer,
    UserSerializer,
)
from ghar.api.openapi import FieldSchema, operation, request_example, response_example

ASHA = {
    "id": 7,
    "full_name": "Asha Rao",
    "phone": "+919812345678",
    "email": "asha@example.com",
    "profile_image_url": "",
    "preferred_languages": ["hi", "en"],
    "is_staff": False,
    "role": "user",
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


extend_schema_field({"type": "string", "enum": ["admin", "agent", "user"]})(UserSerializer.get_role)
extend_schema_view(
    post=operation(
        "Sign up",
        description="Send a phone number, an email address, or both. Each can belong to one user only.",
        request=SignupInputSerializer,
        responses={201: SessionSerializer},
        examples=[request_example("Asha", SIGNUP), response_example("Asha", SESSION, "201")],
    )
)(views.SignupView)
extend_schema_view(
    post=operation(
        "Log in",
        description="`identifier` is a phone number or an email address. Failed attempts are rate-limited.",
        request=LoginInputSerializer,
        responses={200: SessionSerializer},
        codes=["not_authenticated"],
        examples=[request_example("Asha", LOGIN), response_example("Asha", SESSION)],
    )
)(views.LoginView)
extend_schema_view(
    post=operation("Log out", description="Revokes this token only.", request=None, responses={204: None})
)(views.LogoutView)
extend_schema_view(
    post=operation(
        "Log out everywhere", description="Revokes all your tokens.", request=None, responses={204: None}
    )
)(views.LogoutAllView)
extend_schema_view(
    post=operation(
        "Change your password",
        description="Revokes all your other tokens.",
        request=PasswordInputSerializer,
        responses={204: None},
    )
)(views.PasswordView)
extend_schema_view(
    get=operation("Get your profile", responses=UserSerializer, examples=[response_example("Asha", ASHA)]),
    patch=operation(
        "Change your profile",
        request=UserSerializer,
        responses=UserSerializer,
        examples=[
            request_example("Asha", {"preferred_languages": ["mr", "en"]}),
            response_example("Asha", ASHA),
        ],
    ),
)(views.ProfileView)


class PhoneSchema(FieldSchema):
    target_class = "ghar.accounts.serializers.PhoneField"
    schema = {"type": "string", "description": "Written in any common format; returned as E.164."}


class EmailSchema(FieldSchema):
    target_class = "ghar.accounts.serializers.EmailField"
    schema = {"type": "string", "description": "Returned in lower case."}
