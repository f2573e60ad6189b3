from typing import Any, cast

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from ghar.accounts.models import User
from ghar.admin import BaseAdmin, ServiceBackedAdmin
from properties import services
from properties.forms import ImageFormSet, PropertyForm
from properties.models import Amenity, Property, PropertyImage


def editor(request: HttpRequest) -> User:
    """The admin lets in nobody who isn't logged in."""
    return cast(User, request.user)


@admin.register(Amenity)
class AmenityAdmin(BaseAdmin):
    list_display = ("title", "category", "icon", "listings")
    list_filter = ("category",)
    search_fields = ("title",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Amenity]:
        return super().get_queryset(request).annotate(listings=Count("properties"))

    @admin.display(ordering="listings")
    def listings(self, amenity: Any) -> int:
        return amenity.listings


class ImageInline(admin.TabularInline):
    model = PropertyImage
    formset = ImageFormSet
    extra = 0


@admin.register(Property)
class PropertyAdmin(ServiceBackedAdmin):
    """Saved through the services. Nothing is deleted: `visits` adds how a listing is withdrawn."""

    form = PropertyForm
    inlines = (ImageInline,)
    list_display = (
        "title",
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
    search_help_text = "Title, locality, city, owner or id"
    autocomplete_fields = ("owner",)
    filter_horizontal = ("amenities",)
    readonly_fields = ("import_key", "created_at", "updated_at")

    def save_model(self, request: HttpRequest, obj: Property, form: Any, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        data = {name: form.cleaned_data[name] for name in names}
        if "amenities" in data:
            data["amenities"] = [amenity.pk for amenity in data["amenities"]]
        if change:
            services.update(property=obj, by=editor(request), **data)
        else:
            obj.pk = services.create(by=editor(request), **data).pk

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        formset.save(commit=False)  # only to find out what is new, changed and gone, for the admin's log
        for image in formset.deleted_objects:
            services.remove_image(image=image, by=editor(request))
        for image, names in formset.changed_objects:
            data = {name: getattr(image, name) for name in names}
            services.update_image(image=image, by=editor(request), **data)
        for image in formset.new_objects:
            self.add_image(request, form.instance, image)

    def add_image(self, request: HttpRequest, listing: Property, image: PropertyImage) -> None:
        services.add_image(
            property=listing,
            by=editor(request),
            image_url=image.image_url,
            caption=image.caption,
            # Left at 0 it comes last.
            display_order=image.display_order or None,
            is_main_image=image.is_main_image,
        )
