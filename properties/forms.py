"""The forms of a listing's page in the admin."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext as _

from ghar.generics import BaseInlineFormSet, ModelForm
from properties.importing.errors import ValueRefused
from properties.importing.values import price
from properties.models import Property, PropertyImage
from properties.services import MAX_IMAGES


class PriceField(forms.DecimalField):
    """An amount as people write it: 1,25,000, ₹ 45 lakh or 1.2 Cr."""

    # A field for numbers would let nobody type the commas.
    widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                return super().to_python(price(value))
            except ValueRefused as refusal:
                raise forms.ValidationError(
                    _("Enter an amount such as 1,25,000 or 45 lakh. %(problem)s.")
                    % {"problem": str(refusal)},
                    code="invalid",
                ) from None
        return super().to_python(value)


class PropertyForm(ModelForm[Property]):
    """A listing can be put back on the market by its status, but not withdrawn: that cancels visits."""

    class Meta:
        model = Property
        exclude: list[str] = []
        field_classes: ClassVar = {"base_price": PriceField, "monthly_rent": PriceField}

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
