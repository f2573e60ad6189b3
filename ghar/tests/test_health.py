"""What a load balancer is told."""

import pytest
from django.db import connection

from ghar import health

pytestmark = pytest.mark.django_db


@pytest.fixture
def unasked():
    """As a process that has not looked at the migrations yet."""
    health.require_migrations.cache_clear()
    yield
    health.require_migrations.cache_clear()


def forget(condition):
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM django_migrations WHERE {condition}")


def test_migrations_that_are_missing_are_named(unasked, client):
    forget("app = 'agents' AND name < '0003'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.json()["detail"] == (
        "Migrations are not applied: agents.0001_initial, agents.0002_database_rules."
        " Run: python manage.py migrate"
    )
    forget("true")
    detail = client.get("/readyz").json()["detail"]
    assert detail.startswith("Migrations are not applied: accounts.0001_initial, accounts.0002_")
    assert detail.endswith(" more. Run: python manage.py migrate")
    assert client.get("/healthz").status_code == 200


def test_when_all_are_applied_it_is_ready_and_looks_no_more(unasked, client, django_assert_num_queries):
    assert client.get("/readyz").json() == {"status": "ok"}
    with django_assert_num_queries(1):
        assert client.get("/readyz").status_code == 200
