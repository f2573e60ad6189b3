"""Time zones: one table for Python and PostgreSQL, and one name for each zone."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import hypothesis
import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import clock, doctor
from ghar.database import binaries
from ghar.settings import env_zone
from ghar.validators import timezones
from ghar.zones import present_name, present_names
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits.scheduling.slots import local_days

pytestmark = pytest.mark.django_db

LATELY_CHANGED = [
    *("Africa/Casablanca", "Africa/El_Aaiun", "America/Edmonton", "America/Havana", "America/Inuvik"),
    *("America/Vancouver", "America/Winnipeg"),
]
NAMES = {
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "US/Pacific": "America/Los_Angeles",
    "Europe/Uzhgorod": "Europe/Kyiv",
    "Africa/Asmera": "Africa/Asmara",
    "Etc/UTC": "UTC",
    "Zulu": "UTC",
    # Places of their own, though their clocks are those of others.
    "Europe/Oslo": "Europe/Oslo",
    "Asia/Kuwait": "Asia/Kuwait",
    "UTC": "UTC",
    "Mars/Base": "Mars/Base",
}


def test_python_reads_the_table_of_the_embedded_server():
    assert (str(binaries.find_time_zones()),) == zoneinfo.TZPATH


def test_the_programs_of_a_distribution_read_the_machines_table(tmp_path):
    for name in ("initdb", "pg_ctl", "postgres"):
        (tmp_path / "bin" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "bin" / name).touch()
    assert binaries.find_time_zones(str(tmp_path / "bin")) is None
    assert binaries.find_time_zones(str(tmp_path / "nowhere")) is None
    (tmp_path / "share" / "postgresql" / "timezone").mkdir(parents=True)
    assert binaries.find_time_zones(str(tmp_path / "bin")) == tmp_path / "share" / "postgresql" / "timezone"


def test_python_and_the_database_agree_on_zones_whose_rules_have_changed_lately():
    """In these the tables of Debian 12, of tzdata and of the embedded server differ from each other."""
    assert list(doctor.differing(LATELY_CHANGED)) == []


def changes(zone, year):
    """Return the hours of a year before which clocks in the zone change; the first hour if they never do."""
    there = zoneinfo.ZoneInfo(zone)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(365 * 24)]
    offsets = [hour.astimezone(there).utcoffset() for hour in hours]
    return [hour for hour, a, b in zip(hours, offsets[1:], offsets, strict=False) if a != b] or hours[:1]


def last_moment(naive, zone):
    late = max(naive.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    is_skipped = late.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None) != naive
    return clock.first_moment(naive, zone) if is_skipped else late


@hypothesis.settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(2000, 2040))
def test_python_and_the_database_read_local_times_alike_when_clocks_change(data, year):
    # pytest-django's transaction is around all examples: nothing is written here.
    zone = data.draw(st.sampled_from(sorted(timezones())))
    night = data.draw(st.sampled_from(changes(zone, year)))
    moments = [night + timedelta(minutes=5 * step) for step in range(-40, 40)]
    shown = [moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]
    # Also what clocks skip.
    naives = sorted({time + timedelta(minutes=minutes) for time in shown for minutes in (0, 45)})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(ghar_local_date(moment, %s) ORDER BY moment)"
            " FROM unnest(%s::timestamptz[]) AS moment",
            [zone, moments],
        )
        assert cursor.fetchone()[0] == [
            moment.astimezone(zoneinfo.ZoneInfo(zone)).date() for moment in moments
        ]
        cursor.execute(
            "SELECT ghar_local_moment(naive, %s, false), ghar_local_moment(naive, %s, true)"
            " FROM unnest(%s::timestamp[]) AS naive ORDER BY naive",
            [zone, zone, naives],
        )
        assert cursor.fetchall() == [
            (clock.first_moment(naive, zone), last_moment(naive, zone)) for naive in naives
        ]


@pytest.mark.parametrize(
    ("zone", "naive", "moment"),
    [
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T10:00"),  # a day that was skipped
        ("Australia/Lord_Howe", "2030-10-06T02:10", "2030-10-05T15:30"),
        ("America/Santiago", "2028-09-03T00:20", "2028-09-03T04:00"),
        ("Africa/Casablanca", "2025-04-06T02:59", "2025-04-06T02:00"),
        ("America/New_York", "2029-03-11T02:01", "2029-03-11T07:00"),
        ("America/Havana", "2024-11-03T00:30", "2024-11-03T04:30"),  # repeated: the first time
    ],
)
def test_a_skipped_time_is_the_moment_of_the_change(zone, naive, moment):
    expected = datetime.fromisoformat(f"{moment}Z")
    assert clock.first_moment(datetime.fromisoformat(naive), zone) == expected


def test_a_day_begins_when_clocks_show_its_date_for_the_first_time():
    # In Apia 30 December 2011 had no hours at all; in Santiago that Sunday began at 01:00.
    for zone, day, span in (
        ("Pacific/Apia", date(2011, 12, 30), ("2011-12-30T10:00Z", "2011-12-30T10:00Z")),
        ("America/Santiago", date(2028, 9, 3), ("2028-09-03T04:00Z", "2028-09-04T03:00Z")),
    ):
        found = local_days(zone, day, day)
        assert (found.lower, found.upper) == tuple(map(datetime.fromisoformat, span))


@pytest.mark.parametrize("name", NAMES)
def test_a_zone_has_one_name(name):
    assert present_name(name) == NAMES[name]


def test_a_present_name_is_known_to_the_database_and_has_no_other_present_name():
    assert set(present_names().values()) <= timezones()
    assert not set(present_names().values()) & present_names().keys()


@pytest.mark.parametrize("face", ["agent", "listing", "import", "admin agent", "admin listing"])
def test_every_face_stores_the_present_name(face, api, ops, staff_client, asha, tmp_path):
    writers = {
        "agent": write_agent,
        "listing": write_listing,
        "import": import_listing,
        "admin agent": write_agent_in_admin,
        "admin listing": write_listing_in_admin,
    }
    writers[face](api, ops, staff_client, tmp_path)
    stored = {row.timezone for model in (Agent, Property) for row in model.objects.all()}
    assert stored == {"Asia/Kathmandu"}


def write_agent(api, ops, staff_client, tmp_path):
    sent = {"name": "Asha", "timezone": "Asia/Katmandu"}
    answer = api(ops).post("/api/v1/agents", sent)
    assert (answer.status_code, answer.json()["timezone"]) == (201, "Asia/Kathmandu")
    again = api(ops).patch(f"/api/v1/agents/{answer.json()['id']}", sent)
    assert (again.status_code, again.json()["timezone"]) == (200, "Asia/Kathmandu")


def write_listing(api, ops, staff_client, tmp_path):
    sent = {"title": "Flat", "property_type": "house", "purpose": "buy", "city": "Pune", "base_price": 1}
    answer = api(ops).post("/api/v1/properties", {**sent, "timezone": "Asia/Katmandu"})
    assert (answer.status_code, answer.json()["timezone"]) == (201, "Asia/Kathmandu")
    again = api(ops).patch(f"/api/v1/properties/{answer.json()['id']}", {"timezone": "Asia/Katmandu"})
    assert again.json()["timezone"] == "Asia/Kathmandu"


def import_listing(api, ops, staff_client, tmp_path):
    from django.core.management import call_command

    file = tmp_path / "listings.csv"
    header = "title,property_type,purpose,city,base_price,timezone"
    file.write_text(f"{header}\nFlat,house,buy,Patan,1,Asia/Katmandu\n")
    call_command("import_listings", str(file), verbosity=0)


def write_agent_in_admin(api, ops, staff_client, tmp_path):
    agent = AgentFactory()
    url = reverse("admin:agents_agent_change", args=[agent.pk])
    submit(staff_client, url, timezone="Asia/Katmandu")


def write_listing_in_admin(api, ops, staff_client, tmp_path):
    listing = PropertyFactory()
    url = reverse("admin:properties_property_change", args=[listing.pk])
    submit(staff_client, url, timezone="Asia/Katmandu")


def submit(staff_client, url, **changes):
    """Send the form of an admin page as it is shown, but for the changes."""
    context = staff_client.get(url).context
    forms = [context["adminform"].form]
    data = {}
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for field in form:
            value = field.value()
            if value is not None and value is not False and value != []:
                data[field.html_name] = ",".join(value) if isinstance(value, list) else value
    response = staff_client.post(url, data | changes)
    assert response.status_code == 302, response.context["adminform"].form.errors


def test_the_office_may_be_named_by_an_old_name(monkeypatch):
    monkeypatch.setenv("GHAR_OFFICE_TIME_ZONE", "Asia/Rangoon")
    assert env_zone("GHAR_OFFICE_TIME_ZONE", "UTC").key == "Asia/Yangon"
    monkeypatch.setenv("GHAR_OFFICE_TIME_ZONE", "Mars/Base")
    with pytest.raises(ImproperlyConfigured):
        env_zone("GHAR_OFFICE_TIME_ZONE", "UTC")


@pytest.mark.parametrize("app", ["agents", "properties"])
def test_stored_names_become_the_present_ones(app):
    AgentFactory()
    PropertyFactory()
    Agent.objects.update(timezone="Asia/Dacca")
    Property.objects.update(timezone="Asia/Dacca")
    migration = {"agents": "0007_canonical_zones", "properties": "0004_canonical_zones"}[app]
    operations = import_module(f"{app}.migrations.{migration}").Migration.operations
    rename = next(each for each in operations if type(each).__name__ == "StorePresentZones")
    with connection.schema_editor() as editor:
        rename.rename(apps, editor)
    model = {"agents": Agent, "properties": Property}[app]
    assert set(model.objects.values_list("timezone", flat=True)) == {"Asia/Dhaka"}
