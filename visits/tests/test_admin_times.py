"""Times in the forms of the admin: in which time zone they are, and which times are refused."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from agents.models import Agent, TimeOff
from agents.tests.factories import AgentFactory
from ghar import clock
from properties.models import Property
from visits.models import Visit
from visits.tests.admin_pages import BOOK_TOUR, INLINE, page
from visits.tests.factories import local

pytestmark = pytest.mark.django_db

NEW_YORK = "America/New_York"
# Times that no form takes, and the error of each.
HOSTILE = {
    "0001-01-01T00:00": "The year must be between 1900 and 2999.",
    "1900-01-01T00:00": "The year must be between 1900 and 2999.",  # in UTC that is 1899
    "3000-01-02T00:00": "The year must be between 1900 and 2999.",
    "9999-12-31T23:59": "The year must be between 1900 and 2999.",
    "10000-01-01T00:00": "Enter a valid date/time.",
    "-0001-01-01T00:00": "Enter a valid date/time.",
    "2027-02-30T10:00": "Enter a valid date/time.",
    "2027-01-01T25:00": "Enter a valid date/time.",
}


@pytest.fixture
def forms(tour, agent, bala):
    """Return each form's address, its field for a time, and its other data, by a name."""

    booking = {"user": bala.pk, "listing": tour.property_id}
    later = {"ends": "2027-06-01T10:00", "confirmed": "yes"}
    return {
        "notes": (page(tour), "follow_up_date", {"visit_notes": "New"} | INLINE),
        "complete": (page(tour, "complete"), "follow_up_date", {"notes": "New"}),
        "reschedule": (page(tour, "reschedule"), "new_date", {}),
        "book": (BOOK_TOUR, "scheduled_date", booking),
        "time off": (page(agent, "time_off"), "starts", later),
    }


def errors_of(response):
    form = response.context["adminform"].form if "adminform" in response.context else response.context["form"]
    return form.errors


@pytest.mark.parametrize("form", ["notes", "complete", "reschedule", "book", "time off"])
@pytest.mark.parametrize("typed", HOSTILE)
def test_an_impossible_time_is_an_error_of_its_field(staff_client, forms, tour, snapshot, form, typed):
    url, field, rest = forms[form]
    before = snapshot()
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        response = staff_client.post(url, rest | {field: typed})
        assert response.status_code == 200
        assert errors_of(response)[field] == [HOSTILE[typed]]
    assert snapshot() == before
    assert not TimeOff.objects.exists()
    assert staff_client.get(forms["notes"][0]).status_code == 200


@pytest.mark.parametrize("form", ["notes", "complete", "reschedule", "book", "time off"])
def test_a_time_that_clocks_skip_is_an_error_of_its_field(
    staff_client, forms, tour, agent, snapshot, settings, form
):
    settings.OFFICE_TIME_ZONE = type(settings.OFFICE_TIME_ZONE)(NEW_YORK)
    Property.objects.update(timezone=NEW_YORK)
    Agent.objects.update(timezone=NEW_YORK)
    url, field, rest = forms[form]
    before = snapshot()
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        response = staff_client.post(url, rest | {field: "2027-03-14T02:30"})
        sentence = f"Clocks in {NEW_YORK} skip this time: choose another one."
        assert (response.status_code, errors_of(response)[field]) == (200, [sentence])
    assert snapshot() == before
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize("form", ["notes", "complete"])
def test_a_follow_up_is_in_office_time_wherever_the_listing_is(staff_client, forms, tour, form):
    Property.objects.update(timezone=NEW_YORK)
    AgentFactory(timezone=NEW_YORK)
    url, field, rest = forms[form]
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        text = unescape(staff_client.get(url).content.decode())
        assert f"Office time ({settings.OFFICE_TIME_ZONE})." in text
        assert staff_client.post(url, rest | {field: "2030-01-01T10:00"}).status_code == 302
    assert Visit.objects.get().follow_up_date == datetime(2030, 1, 1, 4, 30, tzinfo=UTC)
    assert 'value="2030-01-01T10:00"' in staff_client.get(forms["notes"][0]).content.decode()


def test_a_follow_up_has_no_seconds_whether_api_or_admin_writes_it(api, staff_client, ops, forms, tour):
    sent = {"follow_up_date": "2030-01-01T04:30:59.5Z"}
    response = api(ops).patch(f"/api/v1/visits/{tour.pk}", sent)
    assert response.json()["follow_up_date"] == "2030-01-01T04:30:00Z"
    again = api(ops).patch(f"/api/v1/visits/{tour.pk}", sent)
    assert again.json()["version"] == response.json()["version"]
    url, field, _ = forms["notes"]
    form = staff_client.get(url).context["adminform"].form
    staff_client.post(url, {field: form[field].value().strftime("%Y-%m-%dT%H:%M")} | INLINE)
    assert Visit.objects.get().version == response.json()["version"]


def test_completing_drops_the_seconds_of_a_follow_up(api, ops, tour):
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        response = api(ops).post(
            f"/api/v1/visits/{tour.pk}/complete", {"follow_up_date": "2030-01-01T04:30:59Z"}
        )
    assert response.json()["follow_up_date"] == "2030-01-01T04:30:00Z"


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)])
def test_the_database_refuses_a_follow_up_that_cannot_be_read(tour, moment):
    with pytest.raises(IntegrityError, match="visit_follow_up_in_our_time"), transaction.atomic():
        Visit.objects.update(follow_up_date=moment)
    Visit.objects.update(follow_up_date=local(2, 11))


def test_a_form_shows_times_in_the_zone_in_which_it_takes_them(staff_client, forms, tour):
    url, field, _ = forms["reschedule"]
    assert staff_client.get(url).context["form"][field].value() == tour.scheduled_date.astimezone(
        settings.OFFICE_TIME_ZONE
    ).replace(tzinfo=None)
