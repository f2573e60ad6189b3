from typing import Any

from django import forms

from properties.models import Property
from properties.services import MAX_IMAGES


class PropertyForm(forms.ModelForm):
    """Withdrawing cancels visits and is no matter of picking a status; putting back is."""

    class Meta:
        model = Property
        exclude: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        status = self.fields.get("status")
        if isinstance(status, forms.ChoiceField) and self.instance.status != Property.Status.WITHDRAWN:
            withdrawn = Property.Status.WITHDRAWN
            status.choices = [choice for choice in Property.Status.choices if choice[0] != withdrawn]


class ImageFormSet(forms.BaseInlineFormSet):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_num, self.validate_max = MAX_IMAGES, True

    def clean(self) -> None:
        super().clean()
        if sum(map(newly_main, self.forms)) > 1:
            raise forms.ValidationError("A listing has one main image.")


def newly_main(form: forms.BaseForm) -> bool:
    given = form.cleaned_data
    ticked = given.get("is_main_image") and not given.get("DELETE")
    return bool(ticked) and "is_main_image" in form.changed_data
