"""The pytest plugin `-p ghar.testing`. It is loaded before Django: models are imported inside fixtures."""

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client
    from rest_framework.test import APIClient

    from ghar.accounts.models import User

os.environ.setdefault("GHAR_THROTTLE", "off")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

PASSWORD = "correct horse 9"


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Leave by the front door, where the embedded database is stopped.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def create_user(name: str, **fields: object) -> "User":
    from ghar.accounts.models import User

    email = f"{name.split()[0].lower()}@example.com"
    return User.objects.create_user(PASSWORD, email=email, full_name=name, **fields)


def messages_of(response: "HttpResponse") -> list[str]:
    """Return the messages on a page of the admin."""
    return [str(message) for message in response.context["messages"]]


def somebody_waits_for_a_lock() -> bool:
    """In this test's database. Within a transaction the view stays as it was first seen, unless cleared."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def asha(db: None) -> "User":
    """The customer."""
    return create_user("Asha Rao")


@pytest.fixture
def bala(db: None) -> "User":
    """The stranger."""
    return create_user("Bala Iyer")


@pytest.fixture
def ops(db: None) -> "User":
    """Staff with every permission of our apps, by permission and not as a superuser."""
    from django.contrib.auth.models import Permission

    user = create_user("Ops Desk", is_staff=True)
    ours = ["accounts", "agents", "flatmates", "properties", "visits"]
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=ours))
    return user


@pytest.fixture
def staff_client(client: "Client", ops: "User") -> "Client":
    """Return a browser in which `ops` is logged in."""
    client.force_login(ops)
    return client


@pytest.fixture
def api() -> "Callable[..., APIClient]":
    """`api(user)` is a client logged in as that user, `api()` an anonymous one."""
    from rest_framework.test import APIClient

    def client(user: "User | None" = None) -> APIClient:
        made = APIClient()
        made.force_authenticate(user)
        return made

    return client
