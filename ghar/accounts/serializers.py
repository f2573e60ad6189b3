from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from ghar.accounts.backends import MAX_PASSWORD_LENGTH
from ghar.accounts.identifiers import MAX_LENGTH, normalise_email, normalise_phone
from ghar.accounts.models import User
from ghar.api.fields import HttpUrlField, InstantField, LanguageField, NameField, StrictSerializer, TextField


class EmailField(TextField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "email": _("Enter an email address such as asha@example.com.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return normalise_email(text) or self.fail("email")


class PhoneField(TextField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "phone": _("Enter a phone number such as +91 98123 45678.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_blank=True, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        return normalise_phone(text) or self.fail("phone")


class PasswordField(TextField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_PASSWORD_LENGTH, trim_whitespace=False, write_only=True, **kwargs)


class SignupInputSerializer(StrictSerializer):
    ignores_unknown = True
    response_fields = ("id", "is_staff", "role", "agent_id", "created_at", "token", "expiry", "user")

    full_name = NameField(max_length=120)
    phone = PhoneField()
    email = EmailField()
    password = PasswordField()


class LoginInputSerializer(StrictSerializer):
    ignores_unknown = True

    identifier = TextField(max_length=MAX_LENGTH)
    password = PasswordField()


class PasswordInputSerializer(StrictSerializer):
    current_password = PasswordField()
    new_password = PasswordField()


class UserSerializer(StrictSerializer):
    """The current user's own profile. Fields that are not read-only can be changed."""

    id = serializers.IntegerField(read_only=True)
    full_name = NameField(max_length=120)
    phone = PhoneField()
    email = EmailField()
    profile_image_url = HttpUrlField(allow_blank=True)
    preferred_languages = serializers.ListField(child=LanguageField(), max_length=10)
    is_staff = serializers.BooleanField(read_only=True)
    role = serializers.SerializerMethodField()
    agent_id = serializers.SerializerMethodField()
    created_at = InstantField(read_only=True)

    def get_role(self, user: User) -> str:
        """Return admin, agent or user. It is derived: there is no such column, and rights don't follow it."""
        if user.is_staff:
            return "admin"
        is_agent = User.objects.filter(pk=user.pk, agent__is_active=True).exists()
        return "agent" if is_agent else "user"

    def get_agent_id(self, user: User) -> int | None:
        # A lookup through the reverse relation, because this app must not import the model of agents.
        return User.objects.filter(pk=user.pk).values_list("agent__id", flat=True).get()


class PersonSerializer(serializers.ModelSerializer[User]):
    """A user as other users see them."""

    class Meta:
        model = User
        fields = ["id", "full_name", "profile_image_url"]
        read_only_fields = fields


class SessionSerializer(serializers.Serializer[Any]):
    token = serializers.CharField()
    expiry = InstantField()
    user = UserSerializer()
