"""`manage.py doctor` names what is wrong and what to do."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ghar import doctor

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
    assert {"btree_gist", "pg_trgm"} <= found["extension"]
    assert {"visit_person_in_one_place", "visit_agent_in_one_place"} <= found["constraint"]
    assert "visits_count_live" in found["trigger"] & found["function"]


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
            "WRONG Triggers: missing: visits_count_live",
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
