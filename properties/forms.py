"""The forms of a listing's page in the admin."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from ghar.generics import BaseInlineFormSet, ModelForm
from properties.models import Property, PropertyImage
from properties.services import MAX_IMAGES


class PropertyForm(ModelForm[Property]):
    """A listing can be put back on the market by its status, but not withdrawn: that cancels visits."""

    class Meta:
        model = Property
        exclude: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        status = self.fields.get("status")
        if isinstance(status, forms.ChoiceField) and self.instance.status != Property.Status.WITHDRAWN:
            withdrawn = Property.Status.WITHDRAWN
            status.choices = [choice for choice in Property.Status.choices if choice[0] != withdrawn]


class ImageFormSet(BaseInlineFormSet[PropertyImage, Property, ModelForm[PropertyImage]]):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_num, self.validate_max = MAX_IMAGES, True

    def clean(self) -> None:
        super().clean()
        newly_main = [
            form
            for form in self.forms
            if "is_main_image" in form.changed_data
            and form.cleaned_data.get("is_main_image")
            and not form.cleaned_data.get("DELETE")
        ]
        if len(newly_main) > 1:
            raise forms.ValidationError(_("A listing has one main image. Select one."))
