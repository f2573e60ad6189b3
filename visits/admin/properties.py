"""The admin of listings. To withdraw one cancels its visits."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.accounts.admin import staff_user
from ghar.admin import ActionForm, ObjectAction, Outcome, ServiceBackedAdmin, name_column
from ghar.exports import CsvExportMixin
from properties import services as property_services
from properties.admin import ImageInline
from properties.exports import PROPERTIES
from properties.forms import PropertyForm
from properties.import_pages import ImportMixin
from properties.models import Property, PropertyImage
from visits import services
from visits.admin.forms import WithdrawForm

CHANGE_PROPERTY = "properties.change_property"


def withdraw_outcome(form: ActionForm[Property], result: None) -> Outcome[Property]:
    return Outcome(_("Withdrawn. Its visits have been cancelled."), log=_("Withdrawn."))


def can_be_withdrawn(listing: Property) -> bool:
    return listing.status != Property.Status.WITHDRAWN


@admin.register(Property)
class PropertyAdmin(ImportMixin, CsvExportMixin[Property], ServiceBackedAdmin[Property]):
    """Listings are saved by the services, and never deleted: they are withdrawn, and may be put back."""

    csv_export = PROPERTIES
    actions = ("export_csv",)
    object_actions = (
        ObjectAction(
            name="withdraw",
            label=gettext_lazy("Withdraw"),
            submit_label=gettext_lazy("Withdraw listing"),
            hint=gettext_lazy("The listing goes off the market: nobody finds it or books a visit to it."),
            form=WithdrawForm,
            form_template="admin/properties/property/withdraw_form.html",
            service=services.withdraw_property,
            outcome=withdraw_outcome,
            permission=CHANGE_PROPERTY,
            is_available_for=can_be_withdrawn,
        ),
    )
    form = PropertyForm
    inlines = (ImageInline,)
    list_display = (
        name_column("title", gettext_lazy("title")),
        "city",
        "locality",
        "property_type",
        "purpose",
        "status",
        "is_available",
        "base_price",
        "owner",
        "created_at",
    )
    list_filter = ("status", "is_available", "purpose", "property_type", "furnishing", "city")
    list_select_related = ("owner",)
    search_fields = ("=id", "title", "locality", "city", "owner__full_name", "owner__phone", "owner__email")
    search_help_text = gettext_lazy("Title, locality, city, owner or id")
    autocomplete_fields = ("owner",)
    filter_horizontal = ("amenities",)
    readonly_fields = ("import_key", "created_at", "updated_at")

    def save_model(self, request: HttpRequest, obj: Property, form: PropertyForm, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        data = {name: form.cleaned_data[name] for name in names}
        if "amenities" in data:
            data["amenities"] = [amenity.pk for amenity in data["amenities"]]
        if change:
            property_services.update_property(property=obj, by=staff_user(request), **data)
        else:
            obj.pk = property_services.create_property(by=staff_user(request), **data).pk

    def save_formset(self, request: HttpRequest, form: PropertyForm, formset: Any, change: bool) -> None:
        formset.save(commit=False)  # finds out what is new, changed and gone, for the admin's log
        user = staff_user(request)
        image: PropertyImage
        for image in formset.deleted_objects:
            property_services.remove_image(image=image, by=user)
        for image, names in formset.changed_objects:
            data = {name: getattr(image, name) for name in names}
            property_services.update_image(image=image, by=user, **data)
        for image in formset.new_objects:
            property_services.add_image(
                property=form.instance,
                by=user,
                image_url=image.image_url,
                caption=image.caption,
                # 0 is the form's default: the service puts the image last.
                display_order=image.display_order or None,
                is_main_image=image.is_main_image,
            )
