"""Logging in with a browser, for people who are no staff: an assistant has sent them here."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse

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
