"""The forms of an agent's page. They check with the services first, so that errors stand at their fields."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from agents import hours, services
from agents.models import Agent, WorkingHours
from ghar.errors import Invalid
from ghar.generics import BaseInlineFormSet, ModelForm
from ghar.validators import phone_number

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser


@contextmanager
def invalid_as_validation_error() -> Iterator[None]:
    try:
        yield
    except Invalid as error:
        raise ValidationError([text for texts in error.extra["errors"].values() for text in texts]) from None


class AgentForm(ModelForm[Agent]):
    contact_number = forms.CharField(
        label=_("Contact number"), max_length=40, required=False, help_text=_("The business number.")
    )

    def clean_contact_number(self) -> str:
        number: str = self.cleaned_data["contact_number"]
        return phone_number(number) if number else ""

    def clean_user(self) -> "AbstractBaseUser | None":
        user: AbstractBaseUser | None = self.cleaned_data["user"]
        with invalid_as_validation_error():
            services.check_login(self.instance, {"user_id": user and user.pk})
        return user


class HoursFormSet(BaseInlineFormSet[WorkingHours, Agent, ModelForm[WorkingHours]]):
    """The working hours of a whole week, which are replaced together."""

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            with invalid_as_validation_error():
                hours.merge_shifts(self.rows(), field="items")

    def rows(self) -> list[hours.Shift]:
        return [
            {
                "weekday": form.cleaned_data["weekday"],
                "opens": form.cleaned_data["opens"],
                "closes": form.cleaned_data["closes"],
            }
            for form in self.forms
            if form.cleaned_data and not form.cleaned_data.get("DELETE")
        ]
