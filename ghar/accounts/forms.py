"""The forms of the log-in pages and of a user's page in the admin."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.forms import AdminPasswordChangeForm as OwnPasswordChangeForm
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    AuthenticationForm,
    UserChangeForm,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.accounts import services
from ghar.accounts.identifiers import normalise_email, normalise_phone
from ghar.accounts.models import User
from ghar.api.fields import http_url
from ghar.generics import ModelForm

# The type stubs declare these as generic; at runtime they take no parameter.
if TYPE_CHECKING:
    ChangeForm = UserChangeForm[User]
    CreationForm = AdminUserCreationForm[User]
    SetPasswordForm = AdminPasswordChangeForm[User]
else:
    ChangeForm, CreationForm, SetPasswordForm = UserChangeForm, AdminUserCreationForm, AdminPasswordChangeForm


class IdentifierLabelMixin(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = gettext_lazy("Email or phone")


class LoginForm(IdentifierLabelMixin, AdminAuthenticationForm):
    """The admin's log-in form."""


class LoginPageForm(IdentifierLabelMixin, AuthenticationForm):
    """The log-in form outside the admin."""


class IdentifiersMixin(ModelForm[User]):
    """Email and phone are normalised as by the API."""

    def clean_email(self) -> str | None:
        problem = _("Enter an email address such as asha@example.com.")
        return normalised(self.cleaned_data["email"], normalise_email, problem)

    def clean_phone(self) -> str | None:
        problem = _("Enter a phone number such as +91 98123 45678.")
        return normalised(self.cleaned_data["phone"], normalise_phone, problem)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"email", "phone"} <= cleaned.keys() and not (cleaned["email"] or cleaned["phone"]):
            raise ValidationError(_("Enter an email address or a phone number."))
        return cleaned


def normalised(text: str | None, normalise: Callable[[str], str], problem: str) -> str | None:
    """Return the text normalised, or None for an empty one. Raise ValidationError if it can't be."""
    if not text:
        return None
    value = normalise(text)
    if not value:
        raise ValidationError(problem)
    return value


class UserForm(IdentifiersMixin, ChangeForm):
    profile_image_url = forms.URLField(
        label=gettext_lazy("Profile image URL"),
        required=False,
        max_length=500,
        assume_scheme="https",
        validators=[http_url],
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
        is_staff: bool = self.cleaned_data["is_staff"]
        if is_staff and hasattr(self.instance, "agent"):
            raise ValidationError(
                _("This user is an agent's login. Remove it from the agent before you make the user staff.")
            )
        return is_staff


class NewUserForm(IdentifiersMixin, CreationForm):
    class Meta:
        model = User
        fields = ("full_name", "email", "phone")


class PasswordForm(SetPasswordForm):
    """Staff set the password of a user."""

    def save(self, commit: bool = True) -> User:
        usable = self.cleaned_data["set_usable_password"]
        services.set_password(user=self.user, password=self.cleaned_data["password1"] if usable else None)
        return self.user


class OwnPasswordForm(OwnPasswordChangeForm):
    """Staff change their own password."""

    def save(self, commit: bool = True) -> User:
        user: User = self.user
        services.set_password(user=user, password=self.cleaned_data["new_password1"])
        return user
