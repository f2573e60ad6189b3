"""Where everything is found. Each app brings its routes; visits refines those of the others."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from ghar import health, pages
from ghar.api.views import unknown_url

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("ghar.api.urls")),
    path("api/v1/", include("ghar.accounts.urls")),
    path("api/v1/", include("ghar.streams.urls")),
    path("api/v1/", include("visits.urls")),
    path("api/v1/", include("flatmates.urls")),
    re_path(r"^api(/.*)?$", unknown_url),
    path("", pages.home, name="home"),
    path("admin/", admin.site.urls),
    path("events/", pages.live, name="live"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
