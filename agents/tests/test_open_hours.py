"""agent_open_hours in PostgreSQL against the same rule in plain Python, most of all when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import USUAL_HOURS, WorkingHours
from agents.tests.factories import AgentFactory, WorkingHoursFactory
from ghar import clock

pytestmark = pytest.mark.django_db

MIDNIGHT = time(0)
EVERY_DAY = [(weekday, *USUAL_HOURS) for weekday in range(7)]
# Local dates around which these zones change their clocks, or 2026-06-10 where they never do.
CHANGES = {
    "Asia/Kolkata": [date(2026, 6, 10)],
    "Asia/Kathmandu": [date(2026, 6, 10)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/St_Johns": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Santiago": [date(2026, 4, 5), date(2026, 9, 6)],
    "Africa/Casablanca": [date(2026, 2, 15), date(2026, 3, 22)],
    "Atlantic/Azores": [date(2026, 3, 29), date(2026, 10, 25)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Pacific/Chatham": [date(2026, 4, 5), date(2026, 9, 27)],
    "Pacific/Apia": [date(2011, 12, 30)],
}


def open_hours(agent, zone, start, end):
    """What the function finds inside the span."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agent_open_hours(%s, %s, span, %s, %s) * tstzmultirange(span)"
            " FROM (SELECT tstzrange(%s, %s)) AS asked(span)",
            [agent.pk, zone, *USUAL_HOURS, start, end],
        )
        return [(piece.lower, piece.upper) for piece in cursor.fetchone()[0]]


def last_moment(local, zone):
    """When clocks show a local time for the last time; the moment of the change if they skip it."""
    late = max(local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = late.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return late if shown == local else clock.first_moment(local, zone)


def expected(hours, zone, start, end):
    first = start.astimezone(ZoneInfo(zone)).date()
    days = [first + timedelta(days=n) for n in range(-3, (end - start).days + 4)]
    shifts = [
        (clock.first_moment(datetime.combine(day, opens), zone), last_moment(closing(day, closes), zone))
        for day in days
        for weekday, opens, closes in hours
        if weekday == day.weekday()
    ]
    return [
        (max(a, start), min(b, end))
        for a, b in joined(s for s in shifts if s[0] < s[1])
        if a < end and b > start
    ]


def closing(day, closes):
    return datetime.combine(day + timedelta(days=closes == MIDNIGHT), closes)


def joined(shifts):
    pieces = []
    for start, end in sorted(shifts):
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][1]))
        else:
            pieces.append((start, end))
    return pieces


def minutes(value):
    return time(value // 60, value % 60)


@st.composite
def week(draw):
    """Shifts that do not overlap, on the hours where clocks change more often than not."""
    edges = st.integers(0, 95).map(lambda quarter: quarter * 15) | st.sampled_from(
        [0, 60, 120, 150, 165, 180]
    )
    rows = []
    for weekday in draw(st.sets(st.integers(0, 6))):
        times = [minutes(edge) for edge in sorted(draw(st.sets(edges, min_size=1, max_size=4)))] + [MIDNIGHT]
        rows += [
            (weekday, opens, closes)
            for opens, closes in list(pairwise(times))[:: draw(st.sampled_from([1, 2]))]
        ]
    return rows


@st.composite
def place_and_span(draw):
    zone = draw(st.sampled_from(sorted(CHANGES)))
    day = draw(st.sampled_from(CHANGES[zone])) + timedelta(days=draw(st.integers(-2, 1)))
    start = last_moment(datetime.combine(day, minutes(draw(st.integers(0, 1439)))), zone)
    return zone, start, start + timedelta(minutes=draw(st.integers(1, 5 * 1440)))


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=week(), where=place_and_span())
def test_it_agrees_with_plain_python(db, hours, where):
    with transaction.atomic():
        agent = AgentFactory()
        WorkingHours.objects.bulk_create(
            WorkingHours(agent=agent, weekday=w, opens=o, closes=c) for w, o, c in hours
        )
        found = open_hours(agent, *where)
        assert found == expected(hours or EVERY_DAY, *where)
        # Whatever clocks do, an agent works whenever they show a time of the agent's hours.
        zone, start, end = where
        for minute in range(0, (end - start) // timedelta(minutes=1), 15):
            moment = start + timedelta(minutes=minute)
            if shows_working_time(hours or EVERY_DAY, moment.astimezone(ZoneInfo(zone))):
                assert any(lower <= moment < upper for lower, upper in found), moment
        transaction.set_rollback(True)


def shows_working_time(hours, local):
    return any(
        weekday == local.weekday() and opens <= local.time() and (closes == MIDNIGHT or local.time() < closes)
        for weekday, opens, closes in hours
    )


# A night of each kind: the zone, its local date, a shift, and when it is open, in UTC.
NIGHTS = {
    "ends in a gap": (
        ("America/Chicago", date(2028, 3, 12), (time(0, 30), time(2, 15))),
        ("2028-03-12T06:30", "2028-03-12T08:00"),
    ),
    "starts in a gap": (
        ("America/Chicago", date(2028, 3, 12), (time(2, 45), time(5))),
        ("2028-03-12T08:00", "2028-03-12T10:00"),
    ),
    "starts in a repeated hour": (
        ("America/Chicago", date(2028, 11, 5), (time(1, 15), time(4))),
        ("2028-11-05T06:15", "2028-11-05T10:00"),
    ),
    "ends in a repeated hour": (
        ("America/Chicago", date(2028, 11, 5), (time(0), time(1, 45))),
        ("2028-11-05T05:00", "2028-11-05T07:45"),
    ),
    "starts in a repeated half hour": (
        ("Australia/Lord_Howe", date(2027, 4, 4), (time(1, 45), time(6))),
        ("2027-04-03T14:45", "2027-04-03T19:30"),
    ),
    "ends in a gap of half an hour": (
        ("Australia/Lord_Howe", date(2027, 10, 3), (time(1), time(2, 15))),
        ("2027-10-02T14:30", "2027-10-02T15:30"),
    ),
    "starts in the hour repeated for Ramadan": (
        ("Africa/Casablanca", date(2026, 2, 15), (time(2, 30), time(6))),
        ("2026-02-15T01:30", "2026-02-15T06:00"),
    ),
    "starts at a midnight that is skipped": (
        ("America/Santiago", date(2027, 9, 5), (time(0), time(3))),
        ("2027-09-05T04:00", "2027-09-05T06:00"),
    ),
    "ends at a midnight after an hour that is repeated": (
        ("America/Santiago", date(2027, 4, 3), (time(22), time(0))),
        ("2027-04-04T01:00", "2027-04-04T04:00"),
    ),
}


@pytest.mark.parametrize("night", NIGHTS)
def test_a_shift_on_a_night_when_clocks_change(night):
    (zone, day, (opens, closes)), utc = NIGHTS[night]
    agent = AgentFactory(timezone=zone)
    WorkingHoursFactory(agent=agent, weekday=day.weekday(), opens=opens, closes=closes)
    noon = datetime.combine(day, time(12), UTC)
    found = open_hours(agent, zone, noon - timedelta(days=2), noon + timedelta(days=2))
    assert [tuple(edge.strftime("%Y-%m-%dT%H:%M") for edge in piece) for piece in found] == [utc]


def test_a_shift_on_a_skipped_day_does_not_take_place():
    agent = AgentFactory()
    WorkingHoursFactory(agent=agent, weekday=4, opens=time(9), closes=time(17))
    start = datetime(2011, 12, 28, tzinfo=UTC)
    assert open_hours(agent, "Pacific/Apia", start, start + timedelta(days=5)) == []


@pytest.mark.parametrize("zone", ["Mars/Base", "", "Asia/Nowhere"])
def test_in_a_zone_that_the_database_does_not_know_an_agent_has_no_hours(zone):
    start = datetime(2026, 6, 10, tzinfo=UTC)
    assert open_hours(AgentFactory(), zone, start, start + timedelta(days=2)) == []


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "America/New_York"])
def test_it_reads_the_wall_clock(zone):
    agent = AgentFactory()
    WorkingHoursFactory(agent=agent, weekday=2, opens=time(9, 30), closes=time(13))
    WorkingHoursFactory(agent=agent, weekday=2, opens=time(14), closes=MIDNIGHT)
    midnight = datetime(2026, 6, 10, tzinfo=ZoneInfo(zone))  # a Wednesday
    pieces = open_hours(agent, zone, midnight, midnight + timedelta(days=7))
    local = [
        tuple(edge.astimezone(ZoneInfo(zone)).strftime("%a %H:%M") for edge in piece) for piece in pieces
    ]
    assert local == [("Wed 09:30", "Wed 13:00"), ("Wed 14:00", "Thu 00:00")]


def test_without_rows_it_is_nine_to_seven_daily():
    start = datetime(2026, 6, 10, tzinfo=UTC)
    assert open_hours(AgentFactory(), "Asia/Kolkata", start, start + timedelta(days=2)) == [
        (start.replace(hour=3, minute=30), start.replace(hour=13, minute=30)),
        (start.replace(day=11, hour=3, minute=30), start.replace(day=11, hour=13, minute=30)),
    ]


def test_shifts_join_over_midnight():
    agent = AgentFactory()
    WorkingHoursFactory(agent=agent, weekday=0, opens=time(22), closes=MIDNIGHT)
    WorkingHoursFactory(agent=agent, weekday=1, opens=MIDNIGHT, closes=time(2))
    monday = datetime(2026, 6, 8, tzinfo=UTC)
    assert open_hours(agent, "UTC", monday, monday + timedelta(days=2)) == [
        (monday.replace(hour=22), monday.replace(day=9, hour=2))
    ]


def test_a_shift_inside_the_skipped_hour_does_not_take_place():
    agent = AgentFactory()
    WorkingHoursFactory(agent=agent, weekday=6, opens=time(2, 15), closes=time(2, 45))
    start = datetime(2026, 3, 7, tzinfo=ZoneInfo("America/New_York"))
    assert open_hours(agent, "America/New_York", start, start + timedelta(days=3)) == []


@pytest.mark.parametrize("span", ["empty", "(,)", "[2026-06-10,)"])
def test_no_span_is_no_hours(span):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agent_open_hours(%s, 'UTC', %s, '09:00', '19:00')::text", [AgentFactory().pk, span]
        )
        assert cursor.fetchone() == ("{}",)
