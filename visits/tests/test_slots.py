"""Slots are right in every zone, count what bookings count, and are found in a few queries."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agents.models import WorkingHours
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits import services
from visits.scheduling.errors import VisitConflict
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db

# Half hours and quarters, clock changes of both hemispheres, at midnight and by half an hour.
ZONES = [
    *("America/New_York", "America/Santiago", "America/St_Johns", "America/Sao_Paulo", "America/Los_Angeles"),
    *("Europe/London", "Europe/Berlin", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tokyo"),
    *("Australia/Lord_Howe", "Australia/Adelaide", "Australia/Eucla", "Pacific/Apia", "Pacific/Chatham"),
    *("Pacific/Kiritimati", "Pacific/Marquesas", "Asia/Kabul", "Pacific/Honolulu"),
]
DAYS = st.dates(date(2027, 1, 1), date(2028, 12, 31))
IN_ZONES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def slots(client, listing, first, last=None, **query):
    span = {"from": first.isoformat(), "to": (last or first).isoformat(), **query}
    return client.get(f"/api/v1/properties/{listing.pk}/slots", span).json()


def starts(found):
    return [datetime.fromisoformat(item["start"]) for item in found["items"]]


def midnight(day, zone):
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def quarters(since, until):
    """The quarters of an hour in [since, until), which are those of UTC in every zone of today."""
    step = timedelta(minutes=15)
    return [since + n * step for n in range((until - since) // step)]


def test_a_slot_may_touch_the_seekers_other_visit(api, asha):
    """The seeker's visits are elsewhere and have another agent, who is not free for these slots."""
    listing = PropertyFactory(city="Pune")
    AgentFactory(cities=["Pune"])
    other = PropertyFactory()
    AgentFactory()
    book(asha, other, local(2, 11), duration_minutes=30)
    found = starts(slots(api(asha), listing, local(2, 11).date(), duration_minutes=30))
    around = quarters(local(2, 10, 15), local(2, 11, 45))
    assert [start in found for start in around] == [True, True, False, False, False, True]


@IN_ZONES
@given(zone=st.sampled_from(ZONES), day=DAYS, agents_zone=st.sampled_from(ZONES))
@example(zone="America/New_York", day=date(2027, 3, 14), agents_zone="America/New_York")  # 23 hours
@example(zone="America/New_York", day=date(2027, 11, 7), agents_zone="Asia/Kolkata")  # 25 hours
@example(zone="Australia/Lord_Howe", day=date(2027, 4, 4), agents_zone="Asia/Kathmandu")  # 24 1/2 hours
@example(zone="Africa/Cairo", day=date(2027, 4, 30), agents_zone="Africa/Cairo")  # no midnight
@example(zone="Asia/Kolkata", day=date(2028, 2, 29), agents_zone="Pacific/Apia")
def test_who_works_round_the_clock_is_free_through_the_whole_local_day(api, zone, day, agents_zone):
    with transaction.atomic(), clock.frozen_at(midnight(day, zone) - timedelta(days=2)):
        agent = AgentFactory(timezone=agents_zone)
        WorkingHours.objects.bulk_create(
            WorkingHours(agent=agent, weekday=n, opens=time(), closes=time()) for n in range(7)
        )
        found = slots(api(UserFactory()), PropertyFactory(timezone=zone), day)
        transaction.set_rollback(True)
    assert found["timezone"] == zone
    assert starts(found) == quarters(midnight(day, zone), midnight(day + timedelta(days=1), zone))


@IN_ZONES
@given(zone=st.sampled_from(ZONES), day=DAYS)
@example(zone="Europe/Berlin", day=date(2027, 3, 28))
@example(zone="Australia/Adelaide", day=date(2027, 10, 3))
@example(zone="Asia/Kolkata", day=date(2028, 2, 29))
def test_usual_hours_are_nine_to_seven_by_the_agents_clock(api, zone, day):
    with transaction.atomic(), clock.frozen_at(midnight(day, zone) - timedelta(days=2)):
        AgentFactory(timezone=zone)
        found = slots(api(UserFactory()), PropertyFactory(timezone=zone), day)
        transaction.set_rollback(True)
    by_the_clock = [start.astimezone(ZoneInfo(zone)).strftime("%H:%M") for start in starts(found)]
    assert by_the_clock == [f"{n // 4:02}:{n % 4 * 15:02}" for n in range(36, 75)]


def test_a_month_of_twenty_agents_takes_a_few_queries(api, asha, listing):
    for number, agent in enumerate(AgentFactory.create_batch(20)):
        WorkingHours.objects.create(agent=agent, weekday=number % 7, opens=time(9), closes=time(17))
        book(UserFactory(), PropertyFactory(), local(2 + number, 11))
    client = api(asha)
    first = local(2, 0).date()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        found = slots(client, listing, first, first + timedelta(days=29))
    assert found["items"]
    assert len(captured) <= 5


def test_whatever_is_offered_can_be_booked(api, asha, bala, ops):
    """A full agent, ways between listings, an exclusive listing and one's own visits, all in one day."""
    AgentFactory(capacity=1)
    AgentFactory()
    for place, hour in (((19.2, 72.8), 12), ((19.0, 72.8), 16), ((19.1, 72.9), 10)):
        book(UserFactory(), PropertyFactory(latitude=place[0], longitude=place[1]), local(2, hour))
    home = PropertyFactory(latitude=19.0, longitude=72.8, exclusive_tours=True)
    book(bala, home, local(2, 14))
    book(asha, PropertyFactory(), local(2, 17))
    offered = starts(slots(api(asha), home, local(2, 9).date()))
    grid = quarters(local(2, 8), local(2, 20))
    taken = []
    for start in grid:
        with transaction.atomic():
            try:
                visit, _ = services.schedule(by=asha, user=asha, property_id=home.pk, scheduled_date=start)
                if visit.agent_id:
                    taken.append(start)
            except VisitConflict:
                pass
            transaction.set_rollback(True)
    assert offered == taken
    assert 0 < len(offered) < len(grid)


@pytest.mark.parametrize(("language", "some"), [("mr", True), ("ta", False)])
def test_a_language_narrows_the_slots(api, asha, listing, language, some):
    AgentFactory(languages=["mr", "en"])
    found = slots(api(asha), listing, local(2, 9).date(), language=language)
    assert bool(found["items"]) is some
