"""The list of visits in the admin: work queues, search, and how many queries it takes."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.queues import queue_counts
from visits.tests.admin_pages import VISITS, page, queries_of
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


def visits_on(client, **query):
    """Return the visits on the list that a query asks for."""
    return list(client.get(VISITS, query).context["cl"].result_list)


@pytest.fixture
def work_queues(agent, listing, asha, bala, ops):
    """Return a visit for each work queue, by its name, and a confirmed one."""
    before, past, evening, tonight = local(-4, 12), local(-2, 11), local(-2, 15), local(0, 23, 30)
    with clock.frozen_at(before):
        over = book(asha, listing, past)
        done = book(bala, listing, evening)
        today = book(asha, PropertyFactory(), tonight)
    with clock.frozen_at(past + timedelta(days=1)):
        services.complete(visit=done, by=ops, follow_up_date=evening)
    night = book(bala, listing, local(2, 3))
    kept = book(asha, listing, local(3, 11))
    services.confirm(visit=kept, by=ops)
    return {"to_close": over, "today": today, "follow_up": done, "unassigned": night, "confirmed": kept}


class TestWorkQueues:
    def test_each_queue_lists_its_visits(self, staff_client, work_queues):
        with clock.frozen_at(local(0, 12)):
            assert visits_on(staff_client, work="unassigned") == [
                work_queues["today"],
                work_queues["unassigned"],
            ]
            assert visits_on(staff_client, work="today") == [work_queues["today"]]
            assert visits_on(staff_client, work="awaiting") == [
                work_queues["today"],
                work_queues["unassigned"],
            ]
            assert visits_on(staff_client, work="to_close") == [work_queues["to_close"]]
            assert visits_on(staff_client, work="follow_up") == [work_queues["follow_up"]]
            upcoming = [work_queues["today"], work_queues["unassigned"], work_queues["confirmed"]]
            assert visits_on(staff_client) == visits_on(staff_client, work="upcoming") == upcoming
            assert visits_on(staff_client, work="all") == list(Visit.objects.order_by("-scheduled_date"))

    def test_the_tabs_and_the_front_page_show_the_counts(self, staff_client, work_queues):
        expected = {"unassigned": 2, "today": 1, "awaiting": 2, "to_close": 1, "follow_up": 1, "upcoming": 3}
        with clock.frozen_at(local(0, 12)):
            assert queue_counts() == expected
            tabs = staff_client.get(VISITS).content.decode()
            front = staff_client.get(reverse("admin:index")).content.decode()
        assert re.findall(r'tab-(\w+).*?<span class="count(?: none)?">(\d+)<', tabs, re.S) == [
            (name, str(count)) for name, count in expected.items()
        ]
        assert re.findall(r"\?work=(\w+)\">\s*<strong>(\d+)<", front) == [
            (name, str(count)) for name, count in expected.items()
        ]

    def test_without_visits_all_counts_are_zero(self, db):
        assert set(queue_counts().values()) == {0}

    def test_a_visit_that_begins_soon_without_an_agent_has_a_badge(self, staff_client, work_queues):
        with clock.frozen_at(work_queues["today"].scheduled_date - timedelta(minutes=30)):
            text = staff_client.get(VISITS, {"work": "unassigned"}).content.decode()
        assert re.findall(r'badge-nobody"><span aria-hidden="true">!</span> (in [^<]+)<', text) == [
            "in 30\xa0minutes"
        ]

    def test_a_search_covers_all_visits(self, staff_client, work_queues, asha):
        asha.phone = "+919811111101"
        asha.save()
        mine = {work_queues["to_close"], work_queues["today"], work_queues["confirmed"]}
        assert set(visits_on(staff_client, q="asha")) == set(visits_on(staff_client, q="98111 11101")) == mine
        Property.objects.filter(pk=work_queues["today"].property_id).update(title="Tamarind Court")
        assert visits_on(staff_client, q="tamarind") == [work_queues["today"]]
        assert visits_on(staff_client, q=f"={work_queues['follow_up'].pk}") == [work_queues["follow_up"]]
        assert visits_on(staff_client, q="=x") == []

    def test_hostile_queries_are_no_errors(self, staff_client, work_queues):
        for query in (
            {"work": "x"},
            {"q": "\x00"},
            {"q": "=" + "9" * 40},
            {"status__exact": "x"},
            {"p": "9"},
        ):
            assert staff_client.get(VISITS, query).status_code in (200, 302)


class TestQueries:
    def test_the_list_takes_as_many_queries_however_long(self, staff_client, agent, asha):
        counts = []
        for batch in range(2):
            for number in range(1 + 9 * batch):
                book(UserFactory(), PropertyFactory(), local(3 + batch, 9 + number))
            counts.append(len(queries_of(staff_client.get, VISITS)))
        assert counts[0] == counts[1]

    def test_twenty_thousand_visits_take_ten_queries(self, staff_client, ops, tour):
        services.cancel(visit=tour, by=ops)
        multiply(tour, 19_999)
        assert Visit.objects.count() == 20_000
        for query in (
            {},
            {"work": "all"},
            {"work": "unassigned"},
            {"q": "asha"},
            {"status__exact": "cancelled"},
        ):
            statements = queries_of(staff_client.get, VISITS, query)
            assert len(statements) <= 10, statements

    def test_a_page_takes_as_many_queries_however_long_its_history(self, staff_client, tour, ops):
        url = page(tour)
        staff_client.get(url)
        counts = []
        for more in (1, 10):
            for number in range(more):
                services.update(visit=tour, by=ops, visit_notes=f"{more}.{number}")
            counts.append(len(queries_of(staff_client.get, url)))
        assert counts[0] == counts[1]


def multiply(visit, times):
    """Let the database copy the visit's row so many times."""
    stored = (f for f in Visit._meta.concrete_fields if not (f.primary_key or f.generated))
    columns = ", ".join(field.column for field in stored)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO visits_visit ({columns}) SELECT {columns} FROM visits_visit, generate_series(1, %s)"
            " WHERE id = %s",
            [times, visit.pk],
        )
