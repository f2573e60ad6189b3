"""Time zones: one table for Python and PostgreSQL, and one name for each zone."""

import zoneinfo
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar import doctor
from ghar.database import binaries
from ghar.settings import env_zone
from ghar.validators import timezones
from ghar.zones import present_name, present_names
from properties.models import Property
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db

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


def test_python_and_the_database_agree_on_every_zone_that_is_accepted():
    assert list(doctor.differing(sorted(timezones()))) == []


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
    migration = {"agents": "0004_canonical_zones", "properties": "0003_canonical_zones"}[app]
    operations = import_module(f"{app}.migrations.{migration}").Migration.operations
    rename = next(each for each in operations if type(each).__name__ == "StorePresentZones")
    with connection.schema_editor() as editor:
        rename.rename(apps, editor)
    model = {"agents": Agent, "properties": Property}[app]
    assert set(model.objects.values_list("timezone", flat=True)) == {"Asia/Dhaka"}
