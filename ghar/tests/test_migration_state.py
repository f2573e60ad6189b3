"""A database from before the migrations were made anew: everybody says what to do with it."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from ghar import health
from ghar.migration_state import BEFORE_RELEASE, START_AGAIN

pytestmark = pytest.mark.django_db


@pytest.fixture
def old():
    """As the old migrations of visits left it, beside tables that are there already."""
    recorder = MigrationRecorder(connection)
    recorder.migration_qs.filter(app="visits").exclude(name="0001_initial").delete()
    for name in ("0002_guarantees", "0003_on_delete"):
        recorder.record_applied("visits", name)
    health.require_migrations.cache_clear()
    yield
    health.require_migrations.cache_clear()


def test_the_old_names_are_names_of_no_migration_now():
    assert BEFORE_RELEASE.isdisjoint(MigrationLoader(None).disk_migrations)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("migrate", []), ("migrate", ["--check"]), ("serve", ["--port", "0"]), ("seed_demo", [])],
)
def test_commands_say_what_to_do_and_do_nothing(old, command, arguments):
    before = MigrationRecorder(connection).applied_migrations().keys()
    with pytest.raises(CommandError) as caught:
        call_command(command, *arguments, verbosity=0)
    assert (str(caught.value), caught.value.returncode) == (START_AGAIN, 1)
    assert MigrationRecorder(connection).applied_migrations().keys() == before


def test_so_does_the_doctor(old, settings):
    settings.DEBUG = settings.THROTTLE = True
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 to put right\.$"):
        call_command("doctor", stdout=out, no_color=True)
    assert f"WRONG Migrations: from before release 0.1.0\n      {START_AGAIN}\n" in out.getvalue()


def test_so_does_the_check_of_the_database(old):
    with pytest.raises(SystemCheckError) as caught:
        call_command("check", databases=["default"])
    assert f"HINT: {START_AGAIN}" in str(caught.value)


def test_so_does_readyz(old, client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["detail"]) == (503, START_AGAIN)
    assert client.get("/healthz").status_code == 200


def test_one_old_row_is_enough(old):
    MigrationRecorder(connection).migration_qs.exclude(app="visits", name="0002_guarantees").delete()
    with pytest.raises(CommandError) as caught:
        call_command("migrate", verbosity=0)
    assert str(caught.value) == START_AGAIN


def test_rows_of_a_newer_version_are_none_of_this():
    MigrationRecorder(connection).record_applied("visits", "0099_of_tomorrow")
    call_command("migrate", verbosity=0)
