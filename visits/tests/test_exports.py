"""Agents, listings and visits as CSV files: by a command, and by actions in the admin."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Agent
from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.exports import cell
from properties.models import Property
from properties.tests.factories import AmenityFactory, PropertyFactory, PropertyImageFactory

pytestmark = pytest.mark.django_db

CHANGELISTS = {"agents": "agents_agent", "properties": "properties_property", "visits": "visits_visit"}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def run(*arguments):
    out = io.StringIO()
    call_command("export_csv", *arguments, stdout=out)
    return out.getvalue()


def export(client, table, *pks, **more):
    url = reverse(f"admin:{CHANGELISTS[table]}_changelist")
    return client.post(url, {"action": "export_csv", "_selected_action": pks, **more})


@pytest.fixture
def rows(tour):
    """Return the id of one row of each table."""
    return {"agents": tour.agent_id, "properties": tour.property_id, "visits": tour.pk}


def test_a_visit_is_exported_with_local_times_and_names(tour):
    (row,) = rows_of(run("visits"))
    assert {name: row[name] for name in ("id", "status", "property", "visitor", "agent")} == {
        "id": str(tour.pk),
        "status": tour.status,
        "property": tour.property.title,
        "visitor": tour.user.full_name,
        "agent": tour.agent.name,
    }
    assert row["scheduled_date"] == f"{tour.scheduled_date:%Y-%m-%dT%H:%M:%SZ}"
    assert row["timezone"] == "Asia/Kolkata"
    assert row["local_start"] != f"{tour.scheduled_date:%Y-%m-%d %H:%M}"


def test_what_people_write_in_their_own_words_is_not_exported(tour):
    header = run("visits").splitlines()[0].split(",")
    assert not {"visit_notes", "special_requirements", "visitor_feedback", "cancellation_reason"} & {*header}


def test_an_agent_is_exported(db):
    AgentFactory(name="Meera Nair", cities=["Pune", "Goa"], contact_number="+912261230001", capacity=None)
    (row,) = rows_of(run("agents"))
    assert (row["name"], row["cities"], row["contact_number"]) == ("Meera Nair", "Pune|Goa", "+912261230001")
    assert (row["capacity"], row["is_active"]) == ("", "true")


def test_exported_listings_can_be_imported_again(tmp_path):
    listing = PropertyFactory(title='=1+1 "best", flat', description="Two\nlines", bedrooms=2)
    Property.objects.update(features=["Sea view"], attributes={"floor": "4|7"})
    listing.amenities.add(AmenityFactory(title="Lift"), AmenityFactory(title="Play Area"))
    PropertyImageFactory(property=listing, image_url="https://a.example/1.jpg", is_main_image=True)
    path = tmp_path / "out.csv"
    call_command("export_csv", "properties", f"--out={path}", "--bom")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,title,")
    call_command("import_listings", str(path), stdout=io.StringIO(), stderr=io.StringIO(), verbosity=0)
    again = Property.objects.exclude(pk=listing.pk).get()
    names = ("title", "description", "property_type", "purpose", "city", "base_price", "bedrooms", "timezone")
    assert [getattr(again, name) for name in names] == [getattr(listing, name) for name in names]
    assert (again.features, again.attributes) == (["Sea view"], {"floor": "4/7"})
    assert [amenity.title for amenity in again.amenities.all()] == ["Lift", "Play Area"]
    assert again.images.get().image_url == "https://a.example/1.jpg"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("+919812345678", "+919812345678"),
        ("Asha", "Asha"),
        (-73.98, "-73.98"),
        (None, ""),
        (True, "true"),
    ],
)
def test_texts_that_spreadsheets_would_run_are_guarded(value, text):
    assert cell(value) == text


@pytest.mark.parametrize("table", CHANGELISTS)
def test_the_number_of_queries_does_not_grow_with_the_rows(rows, tour, table, django_assert_num_queries):
    with CaptureQueriesContext(connection) as one:
        run(table)
    for _ in range(4):
        PropertyImageFactory(property=PropertyFactory())
        AgentFactory()
    tour.pk, tour._state.adding, tour.status, tour.awaiting = None, True, "cancelled", None
    tour.save()
    with django_assert_num_queries(len(one)):
        assert len(rows_of(run(table))) > 1


def test_an_unknown_table_and_a_file_that_cannot_be_written_are_refused(tmp_path):
    with pytest.raises(CommandError, match="invalid choice"):
        run("users")
    with pytest.raises(CommandError, match="can't be written"):
        run("agents", f"--out={tmp_path}")


@pytest.mark.parametrize("table", CHANGELISTS)
def test_the_action_exports_the_selected_rows(staff_client, rows, table):
    PropertyFactory(), AgentFactory()
    response = export(staff_client, table, rows[table])
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeffid,")
    assert [row["id"] for row in rows_of(text)] == [str(rows[table])]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith(f'attachment; filename="{table}-20')


def test_the_action_can_export_the_whole_list(staff_client, rows):
    AgentFactory()
    response = export(staff_client, "agents", rows["agents"], select_across="1")
    assert len(rows_of(b"".join(response.streaming_content).decode())) == Agent.objects.count() > 1


@pytest.mark.parametrize("table", CHANGELISTS)
def test_only_staff_who_may_view_the_rows_export_them(client, rows, table):
    client.force_login(user := UserFactory(is_staff=True))
    assert export(client, table, rows[table]).status_code == 403
    codename = f"view_{CHANGELISTS[table].split('_')[1]}"
    user.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(user)
    assert export(client, table, rows[table]).status_code == 200
    client.force_login(UserFactory())
    assert export(client, table, rows[table]).status_code == 302
