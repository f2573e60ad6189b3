"""The answers for load balancers."""

import pytest
from django.db import connection

from ghar import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh_process():
    """The state of a process that has not checked the migrations yet."""
    health.require_migrations.cache_clear()
    yield
    health.require_migrations.cache_clear()


def unapply(condition):
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM django_migrations WHERE {condition}")


def test_a_database_without_some_migrations_is_not_ready_and_they_are_named(fresh_process, client):
    unapply("app = 'agents' AND name < '0003'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["detail"] == (
        "Migrations are not applied: agents.0001_initial, agents.0002_database_rules."
        " Run: python manage.py migrate"
    )
    unapply("true")
    detail = client.get("/readyz").json()["detail"]
    assert detail.startswith("Migrations are not applied: accounts.0001_initial, accounts.0002_")
    assert detail.endswith(" more. Run: python manage.py migrate")
    assert client.get("/healthz").status_code == 200


def test_a_migrated_database_is_ready_and_not_checked_again(fresh_process, client, django_assert_num_queries):
    assert client.get("/readyz").json() == {"status": "ok"}
    with django_assert_num_queries(1):
        assert client.get("/readyz").status_code == 200
