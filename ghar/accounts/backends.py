from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from ghar.accounts.identifiers import MAX_LENGTH
from ghar.accounts.models import User

MAX_PASSWORD_LENGTH = 128


class PhoneOrEmailBackend(ModelBackend):
    """Log-in by phone or email, in the API and the admin alike.

    The manager's natural key knows both. Django hashes the password also for an unknown identifier, so the
    time of an answer does not tell who has an account. Overlong input is refused without hashing it.
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
        return super().authenticate(request, username=username, password=password, **kwargs)
