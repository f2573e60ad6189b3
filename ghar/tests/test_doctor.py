"""`manage.py doctor` names what is wrong and what to do."""

import io
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import doctor
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db


def run():
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out, no_color=True)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.fixture
def sound(settings):
    settings.DEBUG = settings.THROTTLE = True


def execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_all_is_well(sound):
    out, error = run()
    assert error == ""
    assert out.endswith("All is well.\n")
    assert "WRONG" not in out
    assert "ok    Migrations: all applied" in out


def test_it_knows_what_migrations_make_by_sql():
    found = doctor.expected()
    assert {"btree_gist", "pg_trgm"} <= found["extension"].keys()
    assert found["constraint"]["visit_person_in_one_place"] == ("visits", "0013_declared_columns")
    assert found["constraint"]["engagement_one_open_per_seeker"] == ("agents", "0001_initial")
    assert found["trigger"]["visits_count_live"] == ("visits", "0013_declared_columns")
    assert "visits_count_live" in found["function"]


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        (
            "ALTER TABLE visits_visit DROP CONSTRAINT visit_person_in_one_place",
            "WRONG Constraints: missing: visit_person_in_one_place",
        ),
        ("DROP TRIGGER visits_count_live ON visits_visit", "WRONG Triggers: missing: visits_count_live"),
        (
            "ALTER TABLE visits_visit DISABLE TRIGGER visits_count_live",
            "WRONG Triggers: disabled: visits_count_live",
        ),
        (
            "ALTER TABLE visits_visit ENABLE REPLICA TRIGGER visits_count_live",
            "WRONG Triggers: disabled: visits_count_live",
        ),
        (
            "DROP INDEX engagement_one_open_per_seeker",
            "WRONG Constraints: missing: engagement_one_open_per_seeker",
        ),
        ("DROP FUNCTION visits_count_live CASCADE", "WRONG Functions: missing: visits_count_live"),
        (
            "DELETE FROM django_migrations WHERE app = 'visits' AND name LIKE '0004%'",
            "WRONG Migrations: not applied",
        ),
    ],
)
def test_what_is_missing_is_named(sound, sql, line):
    execute(sql)
    out, error = run()
    assert line in out
    assert error.endswith("to put right.")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"PUBLIC_URL": "http://ghar.example"}, "WRONG Settings: DEBUG=1 at http://ghar.example"),
        ({"ALLOWED_HOSTS": ["*"]}, "WRONG Settings: ALLOWED_HOSTS=*"),
        ({"THROTTLE": False}, "WRONG Settings: GHAR_THROTTLE=off"),
        ({"HTTPS": True, "TRUSTED_PROXIES": []}, "WRONG Settings: https without GHAR_TRUSTED_PROXIES"),
        ({"DEBUG": False}, "WRONG Settings: SESSION_COOKIE_SECURE is not set to True"),
    ],
)
def test_settings_that_are_hardly_meant(sound, settings, change, line):
    for name, value in change.items():
        setattr(settings, name, value)
    assert line in run()[0]


def test_an_old_server_and_a_wrong_clock(sound, monkeypatch):
    monkeypatch.setattr(doctor, "VERSIONS", range(98, 100))
    monkeypatch.setattr(doctor, "SKEW", -doctor.SKEW)
    out, error = run()
    assert "Use PostgreSQL 98 to 99." in out
    assert "Let both machines set their clocks by NTP." in out
    assert error == "2 to put right."


@pytest.mark.parametrize(
    ("sql", "todo"),
    [
        (
            "ALTER TABLE visits_visit DISABLE TRIGGER visits_count_live",
            "Run in python manage.py dbshell: ALTER TABLE visits_visit ENABLE TRIGGER visits_count_live;",
        ),
        (
            "DROP TRIGGER visits_count_live ON visits_visit",
            "Somebody removed them. Make them anew, or load a backup: "
            "python manage.py sqlmigrate visits 0013_declared_columns shows visits_count_live.",
        ),
        (
            "ALTER TABLE visits_visit DROP CONSTRAINT visit_person_in_one_place;"
            "DROP INDEX engagement_one_open_per_seeker",
            "Somebody removed them. Make them anew, or load a backup: "
            "python manage.py sqlmigrate agents 0001_initial shows engagement_one_open_per_seeker; "
            "python manage.py sqlmigrate visits 0013_declared_columns shows visit_person_in_one_place.",
        ),
    ],
)
def test_it_says_how_to_make_it_anew(sound, sql, todo):
    execute(sql)
    assert f"      {todo}\n" in run()[0]


def test_everything_has_a_migration_that_shows_it():
    shown = {}
    for kind, origins in doctor.expected().items():
        for name, migration in origins.items():
            if migration not in shown:
                out = io.StringIO()
                call_command("sqlmigrate", *migration, stdout=out)
                shown[migration] = out.getvalue()
            assert name in shown[migration], (kind, name)


class TestTimeZones:
    @pytest.fixture
    def berlin(self):
        return AgentFactory(timezone="Europe/Berlin")

    def test_those_in_use_are_compared(self, sound, berlin):
        PropertyFactory(timezone="Asia/Tokyo")
        assert doctor.zones_in_use() == {"Asia/Kolkata", "Asia/Tokyo", "Europe/Berlin"}
        assert "ok    Time zones: Python and PostgreSQL agree on all 3 in use\n" in run()[0]

    @pytest.mark.parametrize("other", ["Europe/London", "Africa/Algiers"])
    def test_a_difference_is_named(self, sound, berlin, monkeypatch, other):
        zones = {"Europe/Berlin": other}
        monkeypatch.setattr(doctor, "ZoneInfo", lambda zone: ZoneInfo(zones.get(zone, zone)))
        out, error = run()
        assert "WRONG Time zones: Python and PostgreSQL differ in Europe/Berlin\n" in out
        assert "      Update the older side: of Python the machine's tzdata" in out
        assert error == "1 to put right."

    @pytest.mark.parametrize("zone", ["Mars/Base", "CET", "localtime"])
    def test_so_is_a_zone_that_the_database_does_not_know(self, sound, berlin, zone):
        Agent.objects.filter(pk=berlin.pk).update(timezone=zone)
        out, error = run()
        assert f"WRONG Time zones: not to be used: {zone}\n      Give what is there the zone of a city" in out
        assert error == "1 to put right."
