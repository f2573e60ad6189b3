"""`manage.py doctor` names what is wrong and what to do."""

import io
import re
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader

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


def operations():
    return list(doctor.all_operations(MigrationLoader(None)))


def test_it_knows_which_migration_makes_what():
    assert doctor.expected_extensions(operations()).keys() == {"btree_gist", "pg_trgm"}
    found = doctor.expected_constraints(operations())
    assert found["visit_person_in_one_place"] == ("visits", "0001_initial")
    assert found["engagement_one_open_per_seeker"] == ("agents", "0001_initial")


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
            "CREATE OR REPLACE FUNCTION text_keys(items text[]) RETURNS text[] IMMUTABLE"
            " RETURN coalesce(items, '{}')",
            "WRONG Functions: changed: text_keys",
        ),
        (
            "CREATE OR REPLACE TRIGGER visits_count_live AFTER INSERT ON visits_visit"
            " FOR EACH ROW EXECUTE FUNCTION visits_count_live()",
            "WRONG Triggers: changed: visits_count_live",
        ),
        (
            "DELETE FROM django_migrations WHERE app = 'visits' AND name LIKE '0001%'",
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
            "Put back what their files say: python manage.py dbshell < visits/sql/visits_count_live.sql",
        ),
        (
            "DROP FUNCTION text_keys CASCADE; DROP FUNCTION agent_taken",
            "Put back what their files say: python manage.py dbshell < ghar/sql/text_keys.sql; "
            "python manage.py dbshell < visits/sql/agent_taken.sql",
        ),
        (
            "ALTER TABLE visits_visit DROP CONSTRAINT visit_person_in_one_place;"
            "DROP INDEX engagement_one_open_per_seeker",
            "Somebody removed them. Make them anew, or load a backup: "
            "python manage.py sqlmigrate agents 0001_initial shows engagement_one_open_per_seeker; "
            "python manage.py sqlmigrate visits 0001_initial shows visit_person_in_one_place.",
        ),
    ],
)
def test_it_says_how_to_make_it_anew(sound, sql, todo):
    execute(sql)
    assert f"      {todo}\n" in run()[0]


def test_every_constraint_and_extension_has_a_migration_that_shows_it():
    shown = {}
    origins = doctor.expected_extensions(operations()) | doctor.expected_constraints(operations())
    for name, migration in origins.items():
        if migration not in shown:
            out = io.StringIO()
            call_command("sqlmigrate", *migration, stdout=out)
            shown[migration] = out.getvalue()
        assert name in shown[migration]


@pytest.mark.parametrize(
    "harm",
    [
        "ALTER TABLE visits_visit DISABLE TRIGGER visits_count_live",
        "DROP FUNCTION visits_count_live CASCADE",
        "DROP TRIGGER agents_count_engagements_update ON agents_engagement",
        "DROP FUNCTION ghar_stamp_event CASCADE",
    ],
)
def test_to_run_the_files_that_it_names_puts_all_right(sound, harm):
    execute(harm)
    paths = set(re.findall(r"dbshell < (\S+\.sql)", run()[0]))
    assert paths
    for path in paths:
        execute((django_settings.BASE_DIR / path).read_text())
    assert run()[0].endswith("All is well.\n")


class TestChecks:
    """The same by Django's own command."""

    def test_the_database_is_checked_when_it_is_named(self):
        call_command("check", databases=["default"])
        execute("DROP TRIGGER visits_count_live ON visits_visit")
        with pytest.raises(SystemCheckError) as caught:
            call_command("check", databases=["default"])
        assert "(ghar.E008) Triggers: missing: visits_count_live\n" in str(caught.value)
        assert "HINT: Put back what their files say: python manage.py dbshell <" in str(caught.value)

    def test_and_not_otherwise(self, django_assert_num_queries):
        with django_assert_num_queries(0):
            call_command("check")

    @pytest.mark.parametrize(
        "harm", ["DROP TABLE django_migrations", "DELETE FROM django_migrations WHERE app = 'visits'"]
    )
    def test_a_database_that_is_not_migrated_is_to_be_migrated(self, harm):
        execute(harm)
        with pytest.raises(SystemCheckError) as caught:
            call_command("check", databases=["default"])
        assert "System check identified 1 issue" in str(caught.value)
        assert "(ghar.E004) Migrations: not applied: " in str(caught.value)
        assert "HINT: Run: python manage.py migrate" in str(caught.value)

    def test_migrate_asks_nothing_of_the_database_that_it_is_about_to_change(self, capsys):
        execute("DROP TRIGGER visits_count_live ON visits_visit")
        call_command("migrate", verbosity=0, skip_checks=False)
        assert capsys.readouterr() == ("", "")

    def test_a_database_that_does_not_answer_is_an_error(self, monkeypatch):
        def refuse():
            raise OperationalError("connection refused")

        monkeypatch.setattr(doctor, "version", refuse)
        (found,) = run_checks(databases=["default"], tags=["database"])
        assert (found.id, found.msg) == ("ghar.E001", "The database does not answer: connection refused")

    def test_settings_are_checked_before_deployment(self, settings, capsys):
        settings.THROTTLE = False
        call_command("check")
        assert capsys.readouterr().err == ""
        call_command("check", deploy=True)
        assert (
            "(ghar.W005) GHAR_THROTTLE=off\n\tHINT: Remove it: it is for load tests"
            in capsys.readouterr().err
        )


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
        seen = f"not to be used: {zone}; agent {berlin.pk}"
        assert f"WRONG Time zones: {seen}\n      Give what is there the zone of a city" in out
        assert error == "1 to put right."
