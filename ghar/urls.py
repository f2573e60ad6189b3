"""The root URLconf. Each app lists its routes in a `urls.py` of its own."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.utils.module_loading import autodiscover_modules

from agents.mcp import agency_server
from ghar import health, pages
from ghar.accounts.pages import LoginPage, LogoutPage, OwnPasswordPage
from ghar.api.views import unknown_url
from ghar.mcp.server import user_server, with_slash

# The tools of each app register themselves with the servers when they are imported.
autodiscover_modules("mcp")

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("ghar.api.urls")),
    path("api/v1/", include("ghar.accounts.urls")),
    path("api/v1/", include("ghar.streams.urls")),
    path("api/v1/", include("properties.urls")),
    path("api/v1/", include("agents.urls")),
    path("api/v1/", include("flatmates.urls")),
    path("api/v1/", include("visits.urls")),
    re_path(r"^api(/.*)?$", unknown_url),
    path("", pages.home, name="home"),
    path("mcp", user_server, name="mcp"),
    path("mcp/", with_slash(user_server)),
    path("mcp-admin", agency_server),
    path("mcp-admin/", with_slash(agency_server)),
    path("", include("ghar.mcp.oauth")),
    path("login", LoginPage.as_view(), name="login"),
    path("logout", LogoutPage.as_view(), name="logout"),
    path("admin/password_change/", admin.site.admin_view(OwnPasswordPage.as_view())),
    path("admin/", admin.site.urls),
    path("events/", pages.live_events, name="live"),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
