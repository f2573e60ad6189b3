"""The admin of amenities, and the images of a listing. The admin of listings is in `visits`."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ghar.admin import BaseAdmin, name_column
from ghar.generics import TabularInline
from properties.forms import ImageFormSet
from properties.models import Amenity, Property, PropertyImage


@admin.register(Amenity)
class AmenityAdmin(BaseAdmin[Amenity]):
    list_display = (name_column("title", _("title")), "category", "icon", "listings")
    list_filter = ("category",)
    search_fields = ("title",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Amenity]:
        amenities: QuerySet[Amenity] = super().get_queryset(request)
        return amenities.annotate(listings=Count("properties"))

    @admin.display(description=_("listings"), ordering="listings")
    def listings(self, amenity: Amenity) -> int:
        count: int = vars(amenity)["listings"]
        return count


class ImageInline(TabularInline[PropertyImage, Property]):
    model = PropertyImage
    formset = ImageFormSet
    extra = 0
