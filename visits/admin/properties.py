from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from ghar.admin import ExtraViewsMixin, error_message
from ghar.errors import DomainError
from properties.admin import PropertyAdmin as BasePropertyAdmin
from properties.admin import editor
from properties.models import Property
from visits import services
from visits.models import Visit

CHANGE_PROPERTY = "properties.change_property"


admin.site.unregister(Property)


@admin.register(Property)
class PropertyAdmin(ExtraViewsMixin, BasePropertyAdmin):
    """Listings as visits knows them: to withdraw one cancels its visits."""

    change_form_template = "admin/visits/listing.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.withdraw_view)
        own = path("<path:object_id>/withdraw/", view, name="properties_property_withdraw")
        return [own, *super().get_urls()]

    def withdraw_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        allowed = request.user.has_perm(CHANGE_PROPERTY)
        listing = self.found(request, object_id, allowed=allowed)
        if request.method == "POST":
            return self.withdraw(request, listing)
        visits = Visit.objects.live().filter(property=listing).for_reading().order_by("scheduled_date")
        title = "Withdraw the listing"
        return self.render_page(request, "visits/withdraw.html", title, listing=listing, visits=visits)

    def withdraw(self, request: HttpRequest, listing: Property) -> HttpResponse:
        try:
            services.withdraw_property(listing=listing, by=editor(request))
        except DomainError as error:
            self.message_user(request, error_message(error), messages.ERROR)
        else:
            self.log_change(request, listing, "Withdrawn.")
            self.message_user(request, "Withdrawn; its visits are cancelled.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:properties_property_change", args=[listing.pk]))
