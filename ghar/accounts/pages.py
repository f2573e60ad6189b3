"""The log-in pages outside the admin, where assistants send users, and staff's change of password."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy

from ghar.accounts.forms import LoginPageForm, OwnPasswordForm
from ghar.accounts.throttling import PageLoginThrottle


class LoginPage(LoginView):
    """The log-in page. Attempts here and in the API are counted together."""

    template_name = "login.html"
    authentication_form = LoginPageForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = PageLoginThrottle()
        # The throttle is typed for views of the REST framework, but reads nothing of the view.
        if throttle.allow_request(request, self):  # type: ignore[arg-type]
            return super().post(request, *args, **kwargs)
        seconds = max(1, int(throttle.wait() or 1))
        form = self.get_form_class()(request)
        context = self.get_context_data(form=form, wait=seconds)
        return self.render_to_response(context, status=429, headers={"Retry-After": str(seconds)})

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        PageLoginThrottle().forget(self.request, self)  # type: ignore[arg-type]  # as above
        return super().form_valid(form)


class LogoutPage(LogoutView):
    """The way to log in as another user before consenting to what an assistant asks."""

    next_page = "login"


class OwnPasswordPage(PasswordChangeView):
    """The admin's page for a new password, which also ends the user's other sessions and tokens."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**admin.site.each_context(self.request), **kwargs)
