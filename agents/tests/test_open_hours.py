"""agent_open_hours in PostgreSQL against the same rule in plain Python."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import USUAL_HOURS, WorkingHours
from agents.tests.factories import AgentFactory, WorkingHoursFactory

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


def instant(local, zone):
    """A local time that a clock change skips or repeats is the later of its two instants."""
    return max(local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))


def expected(hours, zone, start, end):
    first = start.astimezone(ZoneInfo(zone)).date()
    days = [first + timedelta(days=n) for n in range(-3, (end - start).days + 4)]
    shifts = [
        (instant(datetime.combine(day, opens), zone), instant(closing(day, closes), zone))
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
    start = instant(datetime.combine(day, minutes(draw(st.integers(0, 1439)))), zone)
    return zone, start, start + timedelta(minutes=draw(st.integers(1, 5 * 1440)))


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours=week(), where=place_and_span())
def test_it_agrees_with_plain_python(db, hours, where):
    with transaction.atomic():
        agent = AgentFactory()
        WorkingHours.objects.bulk_create(
            WorkingHours(agent=agent, weekday=w, opens=o, closes=c) for w, o, c in hours
        )
        assert open_hours(agent, *where) == expected(hours or EVERY_DAY, *where)
        transaction.set_rollback(True)


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
    WorkingHoursFactory(agent=agent, weekday=6, opens=time(2, 45), closes=time(3, 15))
    start = datetime(2026, 3, 7, tzinfo=ZoneInfo("America/New_York"))
    assert open_hours(agent, "America/New_York", start, start + timedelta(days=3)) == []


@pytest.mark.parametrize("span", ["empty", "(,)", "[2026-06-10,)"])
def test_no_span_is_no_hours(span):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agent_open_hours(%s, 'UTC', %s, '09:00', '19:00')::text", [AgentFactory().pk, span]
        )
        assert cursor.fetchone() == ("{}",)
