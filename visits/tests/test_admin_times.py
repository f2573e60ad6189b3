"""Times as staff type them: whose clock counts, and what no clock shows."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from agents.models import Agent, TimeOff
from ghar import clock
from properties.models import Property
from visits.models import Visit
from visits.tests.factories import AgentFactory, local

pytestmark = pytest.mark.django_db

INLINE = {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}
NEW_YORK = "America/New_York"
# What the form says of each.
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
def desk(client, ops):
    client.force_login(ops)
    return client


@pytest.fixture
def forms(tour, agent, bala):
    """By the name of a form: its address, the field for a time, and what else it wants."""

    def page(act):
        return reverse(f"admin:visits_visit_{act}", args=[tour.pk])

    booking = {"user": bala.pk, "listing": tour.property_id}
    later = {"ends": "2027-06-01T10:00", "sure": "yes"}
    return {
        "notes": (page("change"), "follow_up_date", {"visit_notes": "New"} | INLINE),
        "complete": (page("complete"), "follow_up_date", {"notes": "New"}),
        "reschedule": (page("reschedule"), "new_date", {}),
        "book": (reverse("admin:visits_visit_add"), "scheduled_date", booking),
        "time off": (reverse("admin:agents_agent_time_off", args=[agent.pk]), "starts", later),
    }


def errors_of(answer):
    form = answer.context["adminform"].form if "adminform" in answer.context else answer.context["form"]
    return form.errors


@pytest.mark.parametrize("form", ["notes", "complete", "reschedule", "book", "time off"])
@pytest.mark.parametrize("typed", HOSTILE)
def test_a_time_that_cannot_be_is_refused_at_its_field(desk, forms, tour, snapshot, form, typed):
    url, field, rest = forms[form]
    before = snapshot()
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        answer = desk.post(url, rest | {field: typed})
        assert answer.status_code == 200
        assert errors_of(answer)[field] == [HOSTILE[typed]]
    assert snapshot() == before
    assert not TimeOff.objects.exists()
    assert desk.get(forms["notes"][0]).status_code == 200


@pytest.mark.parametrize("form", ["notes", "complete", "reschedule", "book", "time off"])
def test_a_time_that_a_change_of_clocks_skips(desk, forms, tour, agent, snapshot, settings, form):
    settings.OFFICE_TIME_ZONE = type(settings.OFFICE_TIME_ZONE)(NEW_YORK)
    Property.objects.update(timezone=NEW_YORK)
    Agent.objects.update(timezone=NEW_YORK)
    url, field, rest = forms[form]
    before = snapshot()
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        answer = desk.post(url, rest | {field: "2027-03-14T02:30"})
        sentence = f"Clocks in {NEW_YORK} skip this time: choose another one."
        assert (answer.status_code, errors_of(answer)[field]) == (200, [sentence])
    assert snapshot() == before
    assert not TimeOff.objects.exists()


@pytest.mark.parametrize("form", ["notes", "complete"])
def test_a_follow_up_is_by_the_desks_clock_wherever_the_listing_is(desk, forms, tour, form):
    Property.objects.update(timezone=NEW_YORK)
    AgentFactory(timezone=NEW_YORK)
    url, field, rest = forms[form]
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        text = unescape(desk.get(url).content.decode())
        assert f"By the desk's clock ({settings.OFFICE_TIME_ZONE})." in text
        assert desk.post(url, rest | {field: "2030-01-01T10:00"}).status_code == 302
    assert Visit.objects.get().follow_up_date == datetime(2030, 1, 1, 4, 30, tzinfo=UTC)
    assert 'value="2030-01-01T10:00"' in desk.get(forms["notes"][0]).content.decode()


def test_a_follow_up_has_no_seconds_whoever_writes_it(api, desk, ops, forms, tour):
    sent = {"follow_up_date": "2030-01-01T04:30:59.5Z"}
    answer = api(ops).patch(f"/api/v1/visits/{tour.pk}", sent)
    assert answer.json()["follow_up_date"] == "2030-01-01T04:30:00Z"
    again = api(ops).patch(f"/api/v1/visits/{tour.pk}", sent)
    assert again.json()["version"] == answer.json()["version"]
    url, field, _ = forms["notes"]
    form = desk.get(url).context["adminform"].form
    desk.post(url, {field: form[field].value().strftime("%Y-%m-%dT%H:%M")} | INLINE)
    assert Visit.objects.get().version == answer.json()["version"]


def test_completing_drops_the_seconds_too(api, ops, tour):
    with clock.frozen_at(tour.scheduled_date + timedelta(minutes=1)):
        answer = api(ops).post(
            f"/api/v1/visits/{tour.pk}/complete", {"follow_up_date": "2030-01-01T04:30:59Z"}
        )
    assert answer.json()["follow_up_date"] == "2030-01-01T04:30:00Z"


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)])
def test_the_database_keeps_no_follow_up_that_cannot_be_read(tour, moment):
    with pytest.raises(IntegrityError, match="visit_follow_up_in_our_time"), transaction.atomic():
        Visit.objects.update(follow_up_date=moment)
    Visit.objects.update(follow_up_date=local(2, 11))


def test_times_are_shown_as_they_are_taken(desk, forms, tour):
    url, field, _ = forms["reschedule"]
    assert desk.get(url).context["form"][field].value() == tour.scheduled_date.astimezone(
        settings.OFFICE_TIME_ZONE
    ).replace(tzinfo=None)
