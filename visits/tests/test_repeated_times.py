"""Local times that clocks show twice: the night of 7 November 2027 in Chicago, from 01:00 to 02:00."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from agents import services as agent_services
from agents.models import Agent, TimeOff
from ghar import clock
from properties.models import Property
from visits.admin.fields import LocalDateTimeField, to_datetime_local
from visits.models import Visit
from visits.tests.admin_pages import BOOK_TOUR, INLINE, page
from visits.tests.factories import book

pytestmark = pytest.mark.django_db

CHICAGO = "America/Chicago"
NOW = datetime(2027, 10, 20, 12, tzinfo=UTC)
FIRST = datetime(2027, 11, 7, 6, 15, tzinfo=UTC)
SECOND = FIRST + timedelta(hours=1)
TYPED = "2027-11-07T01:15"
ASKED = (
    "Clocks in America/Chicago show this time twice: 2027-11-07T01:15-05:00 and 2027-11-07T01:15-06:00."
    " Choose one of the two."
)


@pytest.fixture(autouse=True)
def in_chicago(settings, listing, agent):
    settings.OFFICE_TIME_ZONE = ZoneInfo(CHICAGO)
    Property.objects.update(timezone=CHICAGO)
    Agent.objects.update(timezone=CHICAGO)
    day = {"opens": time(0), "closes": time(23, 59)}
    agent_services.set_hours(agent=agent, by=agent.user, items=[{"weekday": n, **day} for n in range(7)])
    for row in (listing, agent):
        row.refresh_from_db()
    with clock.frozen_at(NOW):
        yield


@pytest.fixture
def at_second(asha, listing):
    return book(asha, listing, SECOND)


def shown(staff_client, url, name):
    """Return what the browser sends for a time that a page shows, if nobody touches it."""
    response = staff_client.get(url)
    form = response.context["adminform"].form if "adminform" in response.context else response.context["form"]
    html = str(form[name])
    sent = {name: html.split('value="')[1].split('"')[0]}
    if "<select" in html:
        sent[f"{name}_offset"] = html.split(" selected")[0].split('value="')[-1].split('"')[0]
    return sent


def test_a_form_that_is_sent_as_it_is_shown_moves_nothing(staff_client, at_second, snapshot):
    url, before = page(at_second, "reschedule"), snapshot()
    sent = shown(staff_client, url, "new_date")
    assert sent == {"new_date": TYPED, "new_date_offset": "-06:00"}
    assert staff_client.post(url, sent).status_code == 302
    # So does one from a page that has no list of offsets.
    assert staff_client.post(url, {"new_date": TYPED}).status_code == 302
    assert snapshot() == before


def test_the_other_one_of_two_times_can_be_chosen(staff_client, at_second):
    sent = {"new_date": TYPED, "new_date_offset": "-05:00"}
    assert staff_client.post(page(at_second, "reschedule"), sent).status_code == 302
    assert Visit.objects.get().scheduled_date == FIRST


def forms(visit, agent, bala):
    """Return the address, the time and the other data of each form that takes local times in Chicago."""
    return {
        "reschedule": (page(visit, "reschedule"), "new_date", {}),
        "book": (BOOK_TOUR, "scheduled_date", {"user": bala.pk, "listing": visit.property_id}),
        "time off": (
            page(agent, "time_off"),
            "starts",
            {"ends": "2027-11-09T10:00", "confirmed": "yes"},
        ),
        "notes": (page(visit), "follow_up_date", INLINE),
        "complete": (page(visit, "complete"), "follow_up_date", {}),
    }


def written(form):
    if form == "time off":
        return TimeOff.objects.get().period.lower
    visit = Visit.objects.latest("pk")
    return visit.follow_up_date if form in ("notes", "complete") else visit.scheduled_date


@pytest.mark.parametrize("form", ["reschedule", "book", "time off", "notes", "complete"])
def test_a_repeated_time_that_is_typed_is_asked_about(
    staff_client, asha, bala, agent, listing, form, snapshot
):
    visit = book(asha, listing, NOW + timedelta(days=1, hours=4))
    url, name, rest = forms(visit, agent, bala)[form]
    after = visit.scheduled_date + timedelta(hours=1) if form == "complete" else NOW
    before = snapshot()
    with clock.frozen_at(after):
        refused = staff_client.post(url, rest | {name: TYPED})
        assert refused.status_code == 200
        key = "adminform" if "adminform" in refused.context else "form"
        asked = refused.context[key].form if key == "adminform" else refused.context[key]
        assert asked.errors[name] == [ASKED]
        page_text = refused.content.decode()
        assert f'<select name="{name}_offset"' in page_text
        assert '<option value="-06:00">the second time (UTC-06:00)</option>' in page_text
        assert (snapshot(), TimeOff.objects.count()) == (before, 0)
        answered = staff_client.post(url, rest | {name: TYPED, f"{name}_offset": "-06:00"})
        assert answered.status_code == 302
    assert written(form) == SECOND


@pytest.mark.parametrize("offset", ["+05:30", "+23:59", "-99:99", "<b>", "\0", "x" * 10_000])
def test_an_offset_that_belongs_to_neither_is_asked_about_again(staff_client, asha, listing, offset):
    visit = book(asha, listing, NOW + timedelta(days=1))
    sent = {"new_date": TYPED, "new_date_offset": offset}
    refused = staff_client.post(page(visit, "reschedule"), sent)
    assert refused.context["form"].errors["new_date"] == [ASKED]
    assert "<b>" not in refused.content.decode()


def test_an_offset_left_over_from_another_time_does_not_matter(staff_client, at_second):
    sent = {"new_date": "2027-11-06T09:00", "new_date_offset": "-06:00"}
    assert staff_client.post(page(at_second, "reschedule"), sent).status_code == 302
    assert Visit.objects.get().scheduled_date == datetime(2027, 11, 6, 14, tzinfo=UTC)


def test_notes_keep_a_follow_up_at_a_repeated_time_and_to_the_second(staff_client, at_second):
    due = SECOND + timedelta(seconds=42)
    Visit.objects.update(follow_up_date=due)
    url = page(at_second)
    sent = shown(staff_client, url, "follow_up_date") | INLINE | {"visit_notes": "Bring the keys."}
    assert staff_client.post(url, sent).status_code == 302
    visit = Visit.objects.get()
    assert (visit.follow_up_date, visit.visit_notes) == (due, "Bring the keys.")
    changed = visit.events.latest("pk").data
    assert "follow_up_date" not in str(changed)


@pytest.mark.parametrize("zone", [CHICAGO, "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata"])
def test_a_time_that_is_offered_is_the_time_that_is_read(zone):
    field = LocalDateTimeField()
    nights = [FIRST, datetime(2027, 4, 3, 14, 30, tzinfo=UTC), datetime(2026, 2, 15, 1, 30, tzinfo=UTC)]
    for night in nights:
        for quarter in range(-12, 12):
            moment = night + timedelta(minutes=15 * quarter)
            assert field.to_moment(field.to_python(to_datetime_local(moment, zone)), zone) == moment


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        (FIRST, CHICAGO, "Sun 7 Nov, 01:15 UTC-05:00"),
        (SECOND, CHICAGO, "Sun 7 Nov, 01:15 UTC-06:00"),
        (SECOND + timedelta(hours=1), CHICAGO, "Sun 7 Nov, 02:15"),
        (datetime(2027, 4, 3, 14, 45, tzinfo=UTC), "Australia/Lord_Howe", "Sun 4 Apr, 01:45 UTC+11:00"),
        (datetime(2027, 4, 3, 15, 15, tzinfo=UTC), "Australia/Lord_Howe", "Sun 4 Apr, 01:45 UTC+10:30"),
        (datetime(2027, 4, 4, 3, 15, tzinfo=UTC), "America/Santiago", "Sat 3 Apr, 23:15 UTC-04:00"),
        (datetime(2027, 4, 4, 3, 15, tzinfo=UTC), "Mars/Base", "Sun 4 Apr, 03:15 UTC"),
    ],
)
def test_a_time_that_is_shown_twice_is_shown_with_its_offset(moment, zone, text):
    assert clock.format_local(moment, zone) == text
