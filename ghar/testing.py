"""The pytest plugin `-p ghar.testing`: settings of the test run, and fixtures for all apps.

It is loaded before Django is set up, so models are imported inside the fixtures.
"""

import gc
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Browser
    from rest_framework.test import APIClient

    from ghar.accounts.models import User

os.environ.setdefault("GHAR_THROTTLE", "off")
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

PASSWORD = "correct horse 9"

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")
    # An exit through pytest runs atexit, which stops the embedded database.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))


def pytest_collection_finish() -> None:
    # What is imported by now stays to the end: the garbage collector need not visit it again and again.
    gc.collect()
    gc.freeze()


def create_user(name: str, **fields: object) -> "User":
    """Create a user with PASSWORD and an email address made of their first name."""
    from ghar.accounts.models import User

    email = f"{name.split()[0].lower()}@example.com"
    return User.objects.create_user(PASSWORD, email=email, full_name=name, **fields)


def messages_of(response: Any) -> list[str]:
    """Return the messages on a page of the admin."""
    return [str(message) for message in response.context["messages"]]


def waiting_for_locks() -> int:
    """Return how many connections to the test database wait for a lock."""
    from django.db import connection

    with connection.cursor() as cursor:
        # Within a transaction PostgreSQL keeps the statistics as they were first read.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return int(cursor.fetchone()[0])


def somebody_waits_for_a_lock() -> bool:
    """Return whether any connection to the test database waits for a lock."""
    return waiting_for_locks() > 0


@pytest.fixture
def asha(db: None) -> "User":
    """Asha, the customer."""
    return create_user("Asha Rao")


@pytest.fixture
def bala(db: None) -> "User":
    """Bala, a stranger to whatever Asha does."""
    return create_user("Bala Iyer")


@pytest.fixture
def ops(db: None) -> "User":
    """Staff with every permission of our apps, and not a superuser: checks of permissions still count."""
    from django.db import connection

    user = create_user("Ops Desk", is_staff=True)
    our_apps = ["accounts", "agents", "flatmates", "properties", "visits"]
    # In SQL, as many tests begin with it: user_permissions.set() makes two objects per permission.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_user_user_permissions (user_id, permission_id)"
            " SELECT %s, permission.id FROM auth_permission permission"
            " JOIN django_content_type type ON type.id = content_type_id WHERE app_label = ANY(%s)",
            [user.pk, our_apps],
        )
    return user


@pytest.fixture
def staff_client(client: "Client", ops: "User") -> "Client":
    """Return a browser in which `ops` is logged in."""
    client.force_login(ops)
    return client


@pytest.fixture
def api() -> "Callable[..., APIClient]":
    """Return a function: `api(user)` is a client logged in as the user, `api()` an anonymous one."""
    from rest_framework.test import APIClient

    def client(user: "User | None" = None) -> APIClient:
        api_client = APIClient()
        api_client.force_authenticate(user)
        return api_client

    return client


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A headless Chromium, driven by Playwright."""
    if not CHROMIUM:
        pytest.skip("Chromium is missing, so the browser tests are left out: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch:
        # Playwright keeps an event loop running in this thread, and Django then refuses to use the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
            yield browser
            browser.close()
