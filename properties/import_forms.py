"""The forms of the page that imports listings."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.accounts.models import User
from properties.importing.headers import ATTRIBUTE_PREFIX, FIELDS, is_field, is_unnamed
from properties.importing.mapping import ColumnMapping, Rule, attribute_of, make_plan, parse_options, propose
from properties.models import Property

# A body of two megabytes is the most that the server takes; the file comes back with the second form.
MAX_BYTES = 1_500_000
KEPT = "attributes"
Choices = list[tuple[str, str]]


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy("The first line names the columns. Save a spreadsheet as CSV first."),
    )
    owner = forms.CharField(
        label=gettext_lazy("Owner"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("Email or phone of the user who owns the listings. Leave empty for nobody."),
    )

    def clean_file(self) -> "UploadedFile[Any]":
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if file.size is None or file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(limit)s. Split it, or use manage.py import_listings.")
                % {"limit": filesizeformat(MAX_BYTES)}
            )
        return file

    def clean_owner(self) -> int | None:
        """Return the id of the owner, or None for nobody."""
        identifier = self.cleaned_data["owner"].strip()
        if not identifier:
            return None
        try:
            return User.objects.get_by_natural_key(identifier).pk
        except User.DoesNotExist:
            raise forms.ValidationError(_("No user has this email or phone.")) from None


def target_choices() -> Choices:
    """Return what a column can become, as a rule's field with its factor."""
    own = {field.name: str(field.verbose_name) for field in Property._meta.fields}
    labels = own | {"amenities": _("amenities"), "image_urls": _("image URLs")}
    return [
        ("", _("Ignored")),
        *((name, labels[name]) for name in FIELDS),
        ("base_price*100000", _("base price, in lakhs")),
        ("base_price*10000000", _("base price, in crores")),
        (KEPT, _("an attribute")),
    ]


class MappingForm(forms.Form):
    """A select for each column of a file, and the values that all rows have.

    Raises ImportRefused when the header has a field twice.
    """

    def __init__(
        self, data: QueryDict | None, *, header: Sequence[str], samples: Sequence[Sequence[str]]
    ) -> None:
        super().__init__(data)
        self.header = header
        plan = make_plan(header, ColumnMapping())
        # A select takes one field only: the first that is proposed for its column.
        proposed = {rule.column: rule for rule in reversed(propose(plan, samples))}
        by_place = {source.place: Rule(source.column, source.field) for source in plan.sources}
        choices = target_choices()
        for place, column in enumerate(header):
            if is_unnamed(column) or header.index(column) != place:
                continue
            rule = by_place.get(place) or proposed.get(column)
            self.fields[f"column_{place}"] = forms.ChoiceField(
                label=column, choices=choices, required=False, initial=target_of(rule) if rule else ""
            )
        self.fields["set_title"] = forms.CharField(
            label=_("Title"),
            help_text=_("{Column} stands for the cell of that column."),
            required=False,
            max_length=200,
        )
        self.fields["set_city"] = forms.CharField(label=_("City"), required=False, max_length=80)
        for name, label, options in (
            ("set_property_type", _("Property type"), Property.Type.choices),
            ("set_purpose", _("Purpose"), Property.Purpose.choices),
        ):
            self.fields[name] = forms.ChoiceField(
                label=label, choices=[("", _("As in the file")), *options], required=False
            )

    def columns(self) -> Iterator[tuple[str, forms.BoundField]]:
        """Yield the name and the select of each column."""
        for place, column in enumerate(self.header):
            if f"column_{place}" in self.fields:
                yield column, self[f"column_{place}"]

    def constants(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("set_")]

    def mapping(self) -> ColumnMapping:
        """Return the mapping that is chosen; before the form is sent, the one that it proposes."""
        chosen = {name: self[name].value() or "" for name in self.fields}
        sets = [
            f"{name.removeprefix('set_')}={text}"
            for name, text in chosen.items()
            if name.startswith("set_") and text
        ]
        constants = parse_options([], sets).constants
        rules = []
        for place, column in enumerate(self.header):
            name, _star, factor = chosen.get(f"column_{place}", "").partition("*")
            target = attribute_of(column) if name == KEPT else name
            if is_field(target) and target not in constants:
                rules.append(Rule(column, target, Decimal(factor or 1)))
        return ColumnMapping(rules, constants, by_name=False)


def target_of(rule: Rule) -> str:
    """Return the choice that stands for a rule."""
    if rule.field.startswith(ATTRIBUTE_PREFIX):
        return KEPT
    return rule.field if rule.factor == 1 else f"{rule.field}*{rule.factor:f}"
