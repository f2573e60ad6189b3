"""The admin's forms. They ask the services beforehand, so that a refusal stands at its field."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from agents import hours, services
from ghar.errors import Invalid
from ghar.validators import phone_number


@contextmanager
def refusals() -> Iterator[None]:
    """Invalid as a form's error."""
    try:
        yield
    except Invalid as error:
        raise ValidationError([text for texts in error.extra["errors"].values() for text in texts]) from None


class AgentForm(forms.ModelForm):
    contact_number = forms.CharField(max_length=40, required=False, help_text="The business number.")

    def clean_contact_number(self) -> str:
        number = self.cleaned_data["contact_number"]
        return phone_number(number) if number else ""

    def clean_user(self) -> Any:
        user = self.cleaned_data["user"]
        with refusals():
            services.check_login(self.instance, {"user_id": user and user.pk})
        return user


class HoursFormSet(forms.BaseInlineFormSet):
    """A whole week, which is replaced at once."""

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            with refusals():
                hours.merge_shifts(self.rows(), field="items")

    def rows(self) -> list[hours.Shift]:
        return [
            {name: form.cleaned_data[name] for name in ("weekday", "opens", "closes")}  # type: ignore[misc]
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
