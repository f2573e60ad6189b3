"""Pages to log in with a browser, for those whom an assistant has sent; staff's change of their password."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy

from ghar.accounts.forms import OwnPasswordForm
from ghar.accounts.throttling import PageLoginThrottle


class LoginPageForm(AuthenticationForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "Email or phone"


class LoginPage(LoginView):
    """Attempts count together with those in the API."""

    template_name = "login.html"
    authentication_form = LoginPageForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = PageLoginThrottle()
        if throttle.allow_request(request, self):  # type: ignore[arg-type]
            return super().post(request, *args, **kwargs)
        seconds = max(1, int(throttle.wait() or 1))
        form = self.get_form_class()(request)
        context = self.get_context_data(form=form, wait=seconds)
        return self.render_to_response(context, status=429, headers={"Retry-After": str(seconds)})

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        PageLoginThrottle().forget(self.request, self)  # type: ignore[arg-type]
        return super().form_valid(form)


class LogoutPage(LogoutView):
    """To become somebody else before he consents."""

    next_page = "login"


class OwnPasswordPage(PasswordChangeView):
    """The admin's page, but that a new password ends what the old one opened."""

    form_class = OwnPasswordForm
    success_url = reverse_lazy("admin:password_change_done")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**admin.site.each_context(self.request), **kwargs)
