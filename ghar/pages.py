"""The pages of the site that belong to no app."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.shortcuts import render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ghar.api.errors import problem_response
from ghar.api.middleware import is_api


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


@require_safe
@never_cache
def live_events(request: HttpRequest) -> HttpResponse:
    """Show the user's events as they arrive."""
    return render(request, "events.html")


@never_cache
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Refuse a form whose CSRF token is missing or stale, and say how to go on.

    Who logs in in one of two tabs makes the form in the other one stale: there is nothing left to do there.
    """
    if is_api(request.path_info):
        return problem_response(403, "permission_denied", _("Send the CSRF token of the session."))
    starts = {reverse("login"): settings.LOGIN_REDIRECT_URL, reverse("admin:login"): "admin:index"}
    is_login = request.path in starts
    context = {
        "no_cookie": reason == REASON_NO_CSRF_COOKIE,
        "again": request.get_full_path() if is_login else "",
    }
    if is_login and request.user.is_authenticated:
        following = request.POST.get("next") or request.GET.get("next", "")
        context["go_on"] = following if is_local(following) else resolve_url(starts[request.path])
        context["again"] = ""
    return render(request, "csrf.html", context, status=403)


def is_local(url: str) -> bool:
    """Return whether the URL is a path of this site."""
    return url.startswith("/") and url_has_allowed_host_and_scheme(url, allowed_hosts=None)
