from typing import Any

from rest_framework import serializers

from ghar.accounts.backends import MAX_PASSWORD_LENGTH
from ghar.accounts.identifiers import MAX_LENGTH, normalise_email, normalise_phone
from ghar.accounts.models import User
from ghar.api.fields import HttpUrlField, InstantField, LanguageField, StrictSerializer, TextField


class EmailField(TextField):
    default_error_messages = {"email": "Give an email address such as asha@example.com."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return normalise_email(text) or self.fail("email")


class PhoneField(TextField):
    default_error_messages = {"phone": "Give a phone number such as +91 98123 45678."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return normalise_phone(text) or self.fail("phone")


class PasswordField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, write_only=True, **kwargs)


class SignupInput(StrictSerializer):
    full_name = TextField(max_length=120)
    phone = PhoneField()
    email = EmailField()
    password = PasswordField()


class LoginInput(StrictSerializer):
    identifier = TextField(max_length=MAX_LENGTH)
    password = PasswordField()


class PasswordInput(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class UserSerializer(StrictSerializer):
    """One's own user: what it shows, and of that what one may change."""

    id = serializers.IntegerField(read_only=True)
    full_name = TextField(max_length=120)
    phone = PhoneField()
    email = EmailField()
    profile_image_url = HttpUrlField(allow_blank=True)
    preferred_languages = serializers.ListField(child=LanguageField(), max_length=10)
    is_staff = serializers.BooleanField(read_only=True)
    agent_id = serializers.SerializerMethodField()
    created_at = InstantField(read_only=True)

    def get_agent_id(self, user: User) -> int | None:
        # The key of a reverse one-to-one: read without knowing the model at its other end.
        return User.objects.filter(pk=user.pk).values_list("agent__id", flat=True).get()


class SessionSerializer(serializers.Serializer):
    token = serializers.CharField()
    expiry = InstantField()
    user = UserSerializer()
