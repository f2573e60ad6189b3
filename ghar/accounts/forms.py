from typing import Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.forms import AdminPasswordChangeForm as OwnPasswordChangeForm
from django.contrib.auth.forms import AdminPasswordChangeForm, AdminUserCreationForm, UserChangeForm
from django.core.exceptions import ValidationError

from ghar.accounts import services
from ghar.accounts.identifiers import normalise_email, normalise_phone
from ghar.accounts.models import User
from ghar.api.fields import http_url


class LoginForm(AdminAuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email or phone"


class IdentifiersMixin(forms.ModelForm):
    """Emails and phones as the API keeps them."""

    def clean_email(self) -> str | None:
        return normalised(self.cleaned_data["email"], normalise_email, "Give an email address.")

    def clean_phone(self) -> str | None:
        return normalised(
            self.cleaned_data["phone"], normalise_phone, "Give a phone number: +91 98123 45678."
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        given = {"email", "phone"} <= cleaned.keys()
        if given and not (cleaned["email"] or cleaned["phone"]):
            raise ValidationError("Give an email or a phone number.")
        return cleaned


def normalised(text: str | None, normalise: Any, refusal: str) -> str | None:
    if not text:
        return None
    value = normalise(text)
    if not value:
        raise ValidationError(refusal)
    return value


class UserForm(IdentifiersMixin, UserChangeForm):
    profile_image_url = forms.URLField(
        required=False, max_length=500, assume_scheme="https", validators=[http_url]
    )

    class Meta:
        model = User
        fields = (
            "full_name",
            "email",
            "phone",
            "password",
            "profile_image_url",
            "preferred_languages",
            "is_staff",
            "is_superuser",
            "groups",
            "user_permissions",
        )

    def clean_is_staff(self) -> bool:
        if self.cleaned_data["is_staff"] and hasattr(self.instance, "agent"):
            raise ValidationError("This is an agent's login. Take it from the agent first.")
        return self.cleaned_data["is_staff"]


class NewUserForm(IdentifiersMixin, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("full_name", "email", "phone")


class PasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        usable = self.cleaned_data["set_usable_password"]
        services.set_password(user=self.user, password=self.cleaned_data["password1"] if usable else None)
        return self.user


class OwnPasswordForm(OwnPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        services.set_password(user=self.user, password=self.cleaned_data["new_password1"])
        return self.user
