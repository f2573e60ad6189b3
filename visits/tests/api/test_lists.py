"""The lists of visits, their filters and their pages."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ghar import clock
from ghar.accounts.models import User
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestLists:
    def test_users_list_their_own_visits_and_only_the_agency_lists_all(
        self, api, asha, bala, agent, ops, tour
    ):
        mine = book(bala, PropertyFactory(), local(3, 12))
        ids = lambda user, path: [v["id"] for v in api(user).get(f"/api/v1/visits{path}").json()["items"]]  # noqa: E731
        assert ids(asha, "") == [tour.pk]
        assert ids(bala, "") == [mine.pk]
        assert ids(agent.user, "") == []
        assert ids(tour.property.owner, "") == []
        assert ids(ops, "/all") == [mine.pk, tour.pk]
        assert ids(agent.user, "/all") == [mine.pk, tour.pk]
        assert problem(api(asha).get("/api/v1/visits/all")) == (403, "permission_denied")

    def test_upcoming_visits_come_soonest_first_and_past_ones_latest_first(self, api, asha, agent):
        late = book(asha, PropertyFactory(), local(4, 11))
        soon = book(asha, PropertyFactory(), local(2, 11))
        gone = book(asha, PropertyFactory(), local(3, 11))
        services.cancel(visit=gone, by=asha)
        with clock.frozen_at(clock.now() - timedelta(days=9)):
            old = book(asha, PropertyFactory(), local(-8, 11))
        ids = lambda path: [v["id"] for v in api(asha).get(f"/api/v1/visits/{path}").json()["items"]]  # noqa: E731
        assert ids("upcoming") == [soon.pk, late.pk]
        assert ids("past") == [gone.pk, old.pk]

    def test_each_filter_narrows_the_list_and_refuses_bad_values(self, api, asha, agent, ops):
        a = book(asha, PropertyFactory(title="Sea view"), local(2, 11))
        b = book(asha, PropertyFactory(), local(3, 11))
        c = book(asha, PropertyFactory(city="Kolkata"), local(4, 3))
        services.confirm(visit=b, by=ops)
        services.update(
            visit=a, by=ops, follow_up_required=True, follow_up_date=clock.now() - timedelta(hours=1)
        )
        client = api(ops)
        ids = lambda query: {v["id"] for v in client.get(f"/api/v1/visits/all?{query}").json()["items"]}  # noqa: E731
        assert ids("status=confirmed") == {b.pk}
        assert ids("status=confirmed&status=scheduled") == {a.pk, b.pk, c.pk}
        assert ids(f"property={c.property_id}") == {c.pk}
        assert ids(f"from={iso(b.scheduled_date)}&to={iso(c.scheduled_date)}") == {b.pk}
        assert ids(f"to={b.scheduled_date.date()}") == {a.pk}
        assert ids("unassigned=true") == {c.pk}
        assert ids("unassigned=false") == {a.pk, b.pk}
        assert ids(f"agent={agent.pk}") == {a.pk, b.pk}
        assert ids(f"agent_id={agent.pk}") == {a.pk, b.pk}
        assert ids(f"user={ops.pk}") == ids(f"user_id={ops.pk}") == set()
        assert ids(f"property_id={a.property_id}&context=property_tour") == {a.pk}
        assert ids("context=flatmate_meet") == set()
        assert ids("follow_up_due=true") == {a.pk}
        assert ids("q=sea") == {a.pk}
        assert ids("q=asha@") == {a.pk, b.pk, c.pk}
        assert ids(f"q=%3D{c.pk}") == {c.pk}
        order = [v["id"] for v in client.get("/api/v1/visits/all?ordering=scheduled_date").json()["items"]]
        assert order == [a.pk, b.pk, c.pk]
        assert ids("unassigned=1&follow_up_due=0") == {c.pk}
        assert ids("status=&visit_context=&property=&agent=&user=&from=&to=&q=") == {a.pk, b.pk, c.pk}
        assert ids("status=&status=confirmed&unassigned=&urgent=%20") == {b.pk}
        for bad in (
            "status=no_show",
            "from=then",
            "ordering=agent",
            "unassigned_=1",
            "property=x",
            "context=party",
            f"agent_id={agent.pk}.5",
            "unassigned=maybe",
            "follow_up_due=2",
            f"property={a.property_id}.5",
            f"agent={agent.pk}.5",
            f"user={asha.pk}.5",
        ):
            assert problem(client.get(f"/api/v1/visits/all?{bad}")) == (400, "validation_error")

    def test_only_staff_find_a_visitor_by_phone_or_email(self, api, ops, agent, asha, tour):
        User.objects.filter(pk=asha.pk).update(phone="+919812345678")

        def found(user, text):
            return [v["id"] for v in api(user).get("/api/v1/visits/all", {"q": text}).json()["items"]]

        assert [found(ops, text) for text in ("98123", "asha@", "Asha")] == [[tour.pk]] * 3
        assert [found(agent.user, text) for text in ("98123", "asha@", "Asha")] == [[], [], [tour.pk]]

    def test_pages_follow_each_other_although_a_visit_is_booked_meanwhile(self, api, asha):
        made = [book(asha, PropertyFactory(), local(2 + n, 11)).pk for n in range(5)]
        first = api(asha).get("/api/v1/visits?limit=2&include_total=true").json()
        assert (first["has_more"], first["limit"], first["total"]) == (True, 2, 5)
        book(asha, PropertyFactory(), local(20, 11))
        seen, page = first["items"], first
        while page["next_cursor"]:
            page = api(asha).get("/api/v1/visits", {"limit": 2, "cursor": page["next_cursor"]}).json()
            seen += page["items"]
        assert [visit["id"] for visit in seen] == made[::-1]
        foreign = api(asha).get("/api/v1/visits", {"status": "cancelled", "cursor": first["next_cursor"]})
        assert problem(foreign) == (400, "invalid_cursor")

    @pytest.mark.parametrize("path", ["", "/upcoming", "/all"])
    def test_a_longer_page_needs_no_more_queries(self, api, ops, path):
        def count():
            with CaptureQueriesContext(connection) as queries:
                items = api(ops).get(f"/api/v1/visits{path}?limit=50").json()["items"]
            return len(items), len(queries)

        book(ops, PropertyFactory(), local(2, 11))
        count()  # once, so that the permissions are known
        few, queries = count()
        for n in range(10):
            book(ops, PropertyFactory(), local(3 + n, 11))
        many, more_queries = count()
        assert (few, many) == (1, 11)
        assert more_queries == queries
