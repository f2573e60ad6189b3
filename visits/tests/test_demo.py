"""The demo has the same shape on whichever day and at whichever hour it is made."""

from collections import Counter
from datetime import datetime

import pytest

from agents.models import WorkingHours
from ghar import clock
from visits.management import demo
from visits.models import Visit
from visits.tests.factories import KOLKATA

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("staff_groups")]

# Each day of the week, and the edges of those around the Sunday. In UTC, 00:01 is on the day before.
MOMENTS = [
    *("2027-03-01 00:01 Monday", "2027-03-02 23:59 Tuesday", "2027-03-03 11:15 Wednesday"),
    *("2027-03-04 00:01 Thursday", "2027-03-05 23:59 Friday", "2027-03-06 00:01 Saturday"),
    *("2027-03-06 23:59 Saturday", "2027-03-07 00:01 Sunday", "2027-03-07 23:59 Sunday"),
]
COUNTS = {
    ("property_tour", "completed"): 1,
    ("property_tour", "cancelled"): 1,
    ("property_tour", "confirmed"): 2,
    ("property_tour", "scheduled"): 5,
    ("property_tour", "rescheduled"): 1,
    ("flatmate_meet", "completed"): 1,
    ("flatmate_meet", "confirmed"): 1,
    ("flatmate_meet", "scheduled"): 1,
}
# Every agent was unassigned from the first; at the hour of the second nobody works.
WAITING = ["Bala Iyer 15:00", "Dev Malhotra 06:00"]
TO_CLOSE = ["Dev Malhotra 18:00", "Chitra Menon 12:00"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_demo_is_the_same_on_every_day_of_the_week(moment):
    with clock.frozen_at(datetime.strptime(moment, "%Y-%m-%d %H:%M %A").replace(tzinfo=KOLKATA)):
        demo.seed()
        assert Counter(Visit.objects.values_list("visit_context", "status")) == COUNTS
        assert described(Visit.objects.unassigned()) == WAITING
        assert described(Visit.objects.needing_completion()) == TO_CLOSE
    assert described(Visit.objects.tours().filter(agent=None)) == WAITING
    assert [visit for visit in Visit.objects.all() if not somebody_works_on_the_day_of(visit)] == []


def described(visits):
    return [
        f"{visit.user.full_name} {visit.scheduled_date.astimezone(KOLKATA):%H:%M}"
        for visit in visits.order_by("scheduled_date")
    ]


def somebody_works_on_the_day_of(visit):
    weekday = visit.scheduled_date.astimezone(KOLKATA).weekday()
    there = WorkingHours.objects.filter(agent__cities__contains=[visit.property.city])
    return there.filter(weekday=weekday).exists()
