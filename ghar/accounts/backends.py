from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from ghar.accounts.identifiers import MAX_LENGTH
from ghar.accounts.models import User
from ghar.accounts.passwords import accepted_forms

MAX_PASSWORD_LENGTH = 128


class PhoneOrEmailBackend(ModelBackend):
    """Log-in by phone or email, in the API and the admin alike.

    The manager's natural key knows both. The password is hashed also for an unknown identifier, in as many
    forms as for a known one, so the time of an answer does not tell who has an account. Overlong input is
    refused without hashing it.
    """

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if len(username or "") > MAX_LENGTH or len(password or "") > MAX_PASSWORD_LENGTH:
            return None
        if username is None or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            for form in accepted_forms(password):
                User().set_password(form)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None
