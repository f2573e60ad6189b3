"""A tour over HTTP: who may do what, what each refusal is called, and that a refusal changes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Engagement
from ghar import clock
from ghar.accounts.models import User
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.tests.factories import KOLKATA, AgentFactory, ListingFactory, UserFactory, book, local

pytestmark = pytest.mark.django_db

# fmt: off
VISIT_KEYS = [
    "id", "visit_context", "status", "awaiting", "property_id", "property", "user_id", "user",
    "agent_id", "agent", "counterparty_user_id", "counterparty_user", "conversation_id", "match_id",
    "scheduled_date", "scheduled_end", "actual_date", "special_requirements", "visit_notes",
    "visitor_feedback", "interest_level", "follow_up_required", "follow_up_date",
    "cancellation_reason", "rescheduled_from", "version", "created_at", "updated_at",
]
# fmt: on


def iso(moment):
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def problem(response):
    """Status and code of a refusal, which must be a problem."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    return response.status_code, body["code"]


class TestSchedule:
    def body(self, listing, **changes):
        return {"property_id": listing.pk, "scheduled_date": iso(local(2, 11)), **changes}

    def test_a_seeker_books_and_gets_the_agent(self, api, asha, agent, listing):
        response = api(asha).post("/api/v1/visits", self.body(listing, special_requirements="Lift?"))
        assert response.status_code == 201
        visit = response.json()
        assert list(visit) == VISIT_KEYS
        expected = {
            "visit_context": "property_tour",
            "status": "scheduled",
            "awaiting": "agency",
            "property_id": listing.pk,
            "user_id": asha.pk,
            "user": {"id": asha.pk, "full_name": "Asha Rao", "profile_image_url": ""},
            "agent_id": agent.pk,
            "counterparty_user_id": None,
            "scheduled_date": iso(local(2, 11)),
            "scheduled_end": iso(local(2, 11, 30)),
            "special_requirements": "Lift?",
            "visit_notes": None,
            "version": 1,
        }
        assert {key: visit[key] for key in expected} == expected
        assert visit["agent"]["contact_number"] == agent.contact_number
        assert visit["property"]["base_price"] == 30_000
        assert Engagement.objects.get(seeker=asha).agent == agent
        history = api(asha).get(f"/api/v1/visits/{visit['id']}/history").json()["items"]
        assert [(e["change"], e["from_status"], e["to_status"], e["actor"]["id"]) for e in history] == [
            ("scheduled", "", "scheduled", asha.pk)
        ]

    def test_the_same_booking_again_is_the_same_visit(self, api, asha, listing, snapshot):
        first = api(asha).post("/api/v1/visits", self.body(listing))
        before = snapshot()
        Property.objects.filter(pk=listing.pk).update(is_available=False)
        again = api(asha).post("/api/v1/visits/", self.body(listing, special_requirements="Other"))
        assert (again.status_code, again.json()) == (
            200,
            first.json() | {"property": again.json()["property"]},
        )
        assert snapshot() == before

    def test_after_a_cancellation_it_is_a_new_visit(self, api, asha, tour):
        services.cancel(visit=tour, by=asha)
        response = api(asha).post("/api/v1/visits", self.body(tour.property))
        assert response.status_code == 201
        assert response.json()["id"] != tour.pk

    def test_seconds_are_dropped(self, api, asha, listing):
        start = (local(2, 11) + timedelta(seconds=59, microseconds=7)).isoformat()
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=start))
        assert response.json()["scheduled_date"] == iso(local(2, 11))

    def test_nobody_eligible_leaves_it_unassigned(self, api, asha, agent, listing):
        at_night = iso(local(2, 3))
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=at_night))
        assert (response.status_code, response.json()["agent"], response.json()["status"]) == (
            201,
            None,
            "scheduled",
        )
        elsewhere = self.body(ListingFactory(city="Kolkata"))
        assert api(asha).post("/api/v1/visits", elsewhere).json()["agent_id"] is None

    def test_no_capacity_is_too_large_to_reckon_with(self, api, asha, listing):
        agent = AgentFactory(capacity=2**31 - 1)
        assert book(asha, listing, local(2, 11)).agent == agent
        again = self.body(listing, scheduled_date=iso(local(3, 11)))
        assert api(asha).post("/api/v1/visits", again).json()["agent_id"] == agent.pk

    def test_staff_book_for_somebody(self, api, ops, asha, bala, listing, snapshot):
        response = api(ops).post("/api/v1/visits", self.body(listing, user_id=asha.pk))
        assert (response.status_code, response.json()["user_id"]) == (201, asha.pk)
        before = snapshot()
        refused = api(bala).post("/api/v1/visits", self.body(listing, user_id=asha.pk))
        assert problem(refused) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"property_id": 2**62}, "property_id"),
            ({"property_id": None}, "property_id"),
            ({"property_id": "x"}, "property_id"),
            ({"scheduled_date": "tomorrow"}, "scheduled_date"),
            ({"scheduled_date": None}, "scheduled_date"),
            ({"scheduled_date": "9999-12-31T23:59:59Z"}, "scheduled_date"),
            ({"scheduled_date": "2020-01-01T10:00:00Z"}, "scheduled_date"),
            ({"duration_minutes": 14}, "duration_minutes"),
            ({"duration_minutes": 181}, "duration_minutes"),
            ({"visit_context": "party"}, "visit_context"),
            ({"agent_id": 1}, "agent_id"),
            ({"special_requirements": "x" * 2001}, "special_requirements"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, listing, snapshot, change, field):
        before = snapshot()
        response = api(asha).post("/api/v1/visits", self.body(listing, **change))
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == [field]
        assert snapshot() == before

    def test_no_further_ahead_than_the_horizon(self, api, asha, listing, snapshot):
        late = iso(clock.now() + timedelta(days=90, minutes=2))
        response = api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=late))
        assert problem(response) == (400, "validation_error")
        soon = iso(clock.now() + timedelta(days=89, hours=23))
        assert api(asha).post("/api/v1/visits", self.body(listing, scheduled_date=soon)).status_code == 201

    def test_not_of_ones_own_listing(self, api, listing, snapshot):
        before = snapshot()
        response = api(listing.owner).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == ["property_id"]
        assert snapshot() == before

    @pytest.mark.parametrize("change", [{"is_available": False}, {"status": "sold"}, {"status": "withdrawn"}])
    def test_not_of_a_listing_that_is_not_available(self, api, asha, listing, snapshot, change):
        Property.objects.filter(pk=listing.pk).update(**change)
        before = snapshot()
        response = api(asha).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (409, "property_unavailable")
        assert snapshot() == before

    def test_a_conflict_names_free_times_that_can_be_booked(self, api, asha, tour, snapshot):
        before = snapshot()
        other = ListingFactory()
        start = iso(local(2, 11, 15))
        response = api(asha).post("/api/v1/visits", self.body(other, scheduled_date=start))
        assert problem(response) == (409, "visit_conflict")
        assert snapshot() == before
        free = response.json()["alternatives"]
        assert len(free) == 5
        for slot in free:
            assert slot["end"] <= iso(local(2, 11)) or slot["start"] >= iso(local(2, 11, 30))
        booked = api(asha).post("/api/v1/visits", self.body(other, scheduled_date=free[0]["start"]))
        assert booked.status_code == 201
        assert booked.json()["agent_id"] is not None

    def test_an_exclusive_listing_takes_one_seeker_at_a_time(self, api, asha, bala, snapshot):
        listing = ListingFactory(exclusive_tours=True)
        book(asha, listing, local(2, 11))
        before = snapshot()
        response = api(bala).post("/api/v1/visits", self.body(listing))
        assert problem(response) == (409, "visit_conflict")
        assert snapshot() == before

    def test_one_agent_shows_one_listing_to_several(self, api, bala, tour):
        response = api(bala).post("/api/v1/visits", self.body(tour.property))
        assert response.json()["agent_id"] == tour.agent_id


class TestReading:
    def test_a_stranger_finds_nothing(self, api, tour, bala, snapshot):
        before = snapshot()
        base = f"/api/v1/visits/{tour.pk}"
        client = api(bala)
        answers = [
            client.get(base),
            client.patch(base, {"status": "cancelled"}),
            client.put(base, {"nope": 1}),
        ]
        answers += [client.get(f"{base}/history")]
        for act in ("confirm", "reschedule", "cancel", "complete", "assign"):
            answers.append(client.post(f"{base}/{act}", {"nonsense": True}))
        assert {problem(response) for response in answers} == {(404, "not_found")}
        assert snapshot() == before

    def test_without_a_token_nobody_gets_in(self, api, tour):
        response = api().get(f"/api/v1/visits/{tour.pk}")
        assert problem(response) == (401, "not_authenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_who_sees_the_notes_and_the_number(self, api, asha, agent, ops, tour):
        services.update(visit=tour, by=ops, visit_notes="Wants a discount")
        seen = {
            name: api(user).get(f"/api/v1/visits/{tour.pk}").json()
            for name, user in {
                "visitor": asha,
                "agent": agent.user,
                "staff": ops,
                "owner": tour.property.owner,
            }.items()
        }
        notes = {name: visit["visit_notes"] for name, visit in seen.items()}
        assert notes == {
            "visitor": None,
            "agent": "Wants a discount",
            "staff": "Wants a discount",
            "owner": None,
        }
        number = agent.contact_number
        assert {name: visit["agent"]["contact_number"] for name, visit in seen.items()} == {
            "visitor": number,
            "agent": number,
            "staff": number,
            "owner": None,
        }

    def test_how_an_agent_was_chosen_is_for_staff(self, api, asha, agent, ops, tour):
        def told(user):
            return api(user).get(f"/api/v1/visits/{tour.pk}/history").json()["items"][0]["data"]

        who = {"agent_id": agent.pk, "from_agent_id": None}
        assert told(asha) == told(tour.property.owner) == told(agent.user) == who
        assert told(ops) == tour.events.get().data
        assert told(ops)["key"]["load"] == 0

    def test_no_payload_holds_anothers_phone_or_email(self, api, asha, agent, ops, tour):
        asha.phone = "+919812345678"
        asha.save()
        for reader in (asha, agent.user, ops, tour.property.owner):
            for path in (f"/visits/{tour.pk}", "/visits", f"/visits/{tour.pk}/history"):
                text = api(reader).get(f"/api/v1{path}").content.decode()
                assert "example.com" not in text
                assert "+919812345678" not in text

    def test_lists_hold_those_one_takes_part_in(self, api, asha, bala, agent, ops, tour):
        mine = book(bala, ListingFactory(), local(3, 12))
        ids = lambda user, path: [v["id"] for v in api(user).get(f"/api/v1/visits{path}").json()["items"]]  # noqa: E731
        assert ids(asha, "") == [tour.pk]
        assert ids(bala, "") == [mine.pk]
        assert ids(agent.user, "") == []
        assert ids(tour.property.owner, "") == []
        assert ids(ops, "/all") == [mine.pk, tour.pk]
        assert ids(agent.user, "/all") == [mine.pk, tour.pk]
        assert problem(api(asha).get("/api/v1/visits/all")) == (403, "permission_denied")

    def test_upcoming_and_past(self, api, asha, agent):
        late = book(asha, ListingFactory(), local(4, 11))
        soon = book(asha, ListingFactory(), local(2, 11))
        gone = book(asha, ListingFactory(), local(3, 11))
        services.cancel(visit=gone, by=asha)
        with clock.frozen_at(clock.now() - timedelta(days=9)):
            old = book(asha, ListingFactory(), local(1, 11))
        ids = lambda path: [v["id"] for v in api(asha).get(f"/api/v1/visits/{path}").json()["items"]]  # noqa: E731
        assert ids("upcoming") == [soon.pk, late.pk]
        assert ids("past") == [gone.pk, old.pk]

    def test_filters(self, api, asha, agent, ops):
        a = book(asha, ListingFactory(title="Sea view"), local(2, 11))
        b = book(asha, ListingFactory(), local(3, 11))
        c = book(asha, ListingFactory(city="Kolkata"), local(4, 3))
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
        assert ids(f"user={ops.pk}") == set()
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
            "unassigned_=1&property=x",
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

    def test_pages_follow_each_other(self, api, asha):
        made = [book(asha, ListingFactory(), local(2 + n, 11)).pk for n in range(5)]
        first = api(asha).get("/api/v1/visits?limit=2&include_total=true").json()
        assert (first["has_more"], first["limit"], first["total"]) == (True, 2, 5)
        book(asha, ListingFactory(), local(20, 11))
        seen, page = first["items"], first
        while page["next_cursor"]:
            page = api(asha).get("/api/v1/visits", {"limit": 2, "cursor": page["next_cursor"]}).json()
            seen += page["items"]
        assert [visit["id"] for visit in seen] == made[::-1]
        foreign = api(asha).get("/api/v1/visits", {"status": "cancelled", "cursor": first["next_cursor"]})
        assert problem(foreign) == (400, "invalid_cursor")

    @pytest.mark.parametrize("path", ["", "/upcoming", "/all"])
    def test_a_longer_page_asks_no_more_queries(self, api, ops, path):
        def count():
            with CaptureQueriesContext(connection) as queries:
                items = api(ops).get(f"/api/v1/visits{path}?limit=50").json()["items"]
            return len(items), len(queries)

        book(ops, ListingFactory(), local(2, 11))
        count()  # once, so that the permissions are known
        few, queries = count()
        for n in range(10):
            book(ops, ListingFactory(), local(3 + n, 11))
        many, more_queries = count()
        assert (few, many) == (1, 11)
        assert more_queries == queries


class TestConfirm:
    def test_the_agency_confirms_a_new_tour(self, api, tour, agent):
        visit = api(agent.user).post(f"/api/v1/visits/{tour.pk}/confirm").json()
        assert (visit["status"], visit["awaiting"], visit["version"]) == ("confirmed", None, 2)

    def test_the_visitor_does_not_confirm_his_own_request(self, api, tour, asha, snapshot):
        before = snapshot()
        for response in (
            api(asha).post(f"/api/v1/visits/{tour.pk}/confirm"),
            api(asha).patch(f"/api/v1/visits/{tour.pk}", {"status": "confirmed"}),
            api(tour.property.owner).post(f"/api/v1/visits/{tour.pk}/confirm"),
        ):
            assert problem(response) == (403, "permission_denied")
        assert snapshot() == before

    def test_the_visitor_confirms_what_the_agency_moved(self, api, tour, asha, agent):
        api(agent.user).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(2, 12))})
        assert problem(api(agent.user).post(f"/api/v1/visits/{tour.pk}/confirm")) == (
            403,
            "permission_denied",
        )
        assert api(asha).post(f"/api/v1/visits/{tour.pk}/confirm").json()["status"] == "confirmed"


class TestReschedule:
    def test_the_visitor_moves_it_and_keeps_the_agent(self, api, tour, asha, ops):
        services.confirm(visit=tour, by=ops)
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        visit = api(asha).post(path, {"new_date": iso(local(3, 15)), "reason": "Work"}).json()
        expected = {
            "status": "rescheduled",
            "awaiting": "agency",
            "scheduled_date": iso(local(3, 15)),
            "scheduled_end": iso(local(3, 15, 30)),
            "rescheduled_from": iso(local(2, 11)),
            "agent_id": tour.agent_id,
            "version": 3,
        }
        assert {key: visit[key] for key in expected} == expected
        last = api(asha).get(f"/api/v1/visits/{tour.pk}/history").json()["items"][-1]
        assert (last["change"], last["from_status"], last["reason"]) == ("rescheduled", "confirmed", "Work")

    def test_another_agent_takes_over_when_his_own_cannot(self, api, tour, asha, bala):
        book(bala, ListingFactory(), local(3, 15))
        other = AgentFactory()
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        assert api(asha).post(path, {"new_date": iso(local(3, 15))}).json()["agent_id"] == other.pk
        assert api(asha).post(path, {"new_date": iso(local(3, 4))}).json()["agent_id"] is None

    def test_the_same_time_again_changes_nothing(self, api, tour, asha, snapshot):
        before = snapshot()
        response = api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(2, 11))})
        assert response.status_code == 200
        assert snapshot() == before

    def test_not_onto_another_visit(self, api, tour, asha, snapshot):
        book(asha, ListingFactory(), local(3, 15))
        before = snapshot()
        for response in (
            api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(3, 15, 15))}),
            api(asha).patch(f"/api/v1/visits/{tour.pk}", {"scheduled_date": iso(local(3, 14, 45))}),
        ):
            assert problem(response) == (409, "visit_conflict")
            assert response.json()["alternatives"]
        assert snapshot() == before

    @pytest.mark.parametrize("body", [{}, {"new_date": None}, {"new_date": "2020-01-01T00:00:00Z"}])
    def test_needs_a_time_to_come(self, api, tour, asha, snapshot, body):
        before = snapshot()
        response = api(asha).post(f"/api/v1/visits/{tour.pk}/reschedule", body)
        assert problem(response) == (400, "validation_error")
        assert list(response.json()["errors"]) == ["new_date"]
        assert snapshot() == before

    def test_the_owner_only_watches(self, api, tour, snapshot):
        before = snapshot()
        response = api(tour.property.owner).post(
            f"/api/v1/visits/{tour.pk}/reschedule", {"new_date": iso(local(3, 15))}
        )
        assert problem(response) == (403, "permission_denied")
        assert snapshot() == before


class TestCancel:
    @pytest.mark.parametrize("body", [None, {}, {"reason": ""}, {"reason": "Found one"}])
    def test_frees_the_slot(self, api, tour, asha, body):
        visit = api(asha).post(f"/api/v1/visits/{tour.pk}/cancel", body).json()
        reason = (body or {}).get("reason", "")
        assert (visit["status"], visit["awaiting"], visit["cancellation_reason"]) == (
            "cancelled",
            None,
            reason,
        )
        assert visit["agent_id"] == tour.agent_id
        tour.agent.refresh_from_db()
        assert tour.agent.live_visits == 0
        assert book(asha, ListingFactory(), local(2, 11)).agent == tour.agent

    @pytest.mark.parametrize("act", ["confirm", "reschedule", "cancel", "complete", "assign"])
    def test_is_final(self, api, tour, ops, snapshot, act):
        services.cancel(visit=tour, by=ops)
        before = snapshot()
        body = {"new_date": iso(local(3, 15))} if act == "reschedule" else {}
        response = api(ops).post(f"/api/v1/visits/{tour.pk}/{act}", body)
        assert problem(response) == (409, "invalid_transition")
        assert snapshot() == before


class TestComplete:
    @pytest.fixture
    def begun(self, agent, listing, asha):
        with clock.frozen_at(clock.now() - timedelta(days=3)):
            return book(asha, listing, local(2, 11))

    def test_its_agent_completes_it(self, api, begun, agent):
        body = {
            "notes": "Keen",
            "feedback": "Bright",
            "interest_level": "high",
            "follow_up_date": "2030-01-01T10:00:00Z",
        }
        visit = api(agent.user).post(f"/api/v1/visits/{begun.pk}/complete", body).json()
        expected = {
            "status": "completed",
            "visit_notes": "Keen",
            "visitor_feedback": "Bright",
            "interest_level": "high",
            "follow_up_required": True,
            "follow_up_date": "2030-01-01T10:00:00Z",
        }
        assert {key: visit[key] for key in expected} == expected
        assert visit["actual_date"]

    def test_not_before_it_has_begun(self, api, tour, ops, snapshot):
        before = snapshot()
        assert problem(api(ops).post(f"/api/v1/visits/{tour.pk}/complete")) == (409, "invalid_transition")
        assert snapshot() == before

    def test_not_by_the_visitor(self, api, begun, asha, snapshot):
        before = snapshot()
        assert problem(api(asha).post(f"/api/v1/visits/{begun.pk}/complete")) == (403, "permission_denied")
        assert snapshot() == before

    def test_takes_only_what_comes_after(self, api, begun, asha, ops, snapshot):
        services.complete(visit=begun, by=ops)
        path = f"/api/v1/visits/{begun.pk}"
        visit = api(asha).patch(path, {"visitor_feedback": "Nice", "interest_level": "low"}).json()
        assert (visit["visitor_feedback"], visit["interest_level"]) == ("Nice", "low")
        assert api(ops).patch(path, {"visit_notes": "ok", "follow_up_required": True}).status_code == 200
        before = snapshot()
        response = api(asha).patch(path, {"special_requirements": "x"})
        assert problem(response) == (409, "invalid_transition")
        assert snapshot() == before


class TestPatch:
    def path(self, tour):
        return f"/api/v1/visits/{tour.pk}"

    @pytest.mark.parametrize("method", ["patch", "put"])
    def test_participants_write_theirs_and_the_agency_its_own(self, api, tour, asha, agent, method):
        mine = getattr(api(asha), method)(self.path(tour), {"special_requirements": "Ground floor"})
        assert (mine.status_code, mine.json()["special_requirements"]) == (200, "Ground floor")
        theirs = getattr(api(agent.user), method)(self.path(tour), {"visit_notes": "Call first"})
        assert (theirs.status_code, theirs.json()["visit_notes"], theirs.json()["version"]) == (
            200,
            "Call first",
            3,
        )

    @pytest.mark.parametrize(
        ("who", "body"),
        [
            ("asha", {"visit_notes": "x"}),
            ("asha", {"follow_up_required": True}),
            ("agent", {"special_requirements": "x"}),
            ("ops", {"visitor_feedback": "x"}),
            ("owner", {"special_requirements": "x"}),
            ("asha", {"special_requirements": "mine", "visit_notes": "not mine"}),
        ],
    )
    def test_someone_elses_field(self, api, tour, asha, agent, ops, snapshot, who, body):
        user = {"asha": asha, "agent": agent.user, "ops": ops, "owner": tour.property.owner}[who]
        before = snapshot()
        assert problem(api(user).patch(self.path(tour), body)) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        "body",
        [
            {"agent_id": 1},
            {"version": 9},
            {"counterparty_user_id": 1},
            {"status": "completed"},
            {"status": "scheduled"},
            {"status": None},
            {"scheduled_date": None},
            {"status": "cancelled", "scheduled_date": "2030-01-01T00:00:00Z"},
            {"interest_level": "huge"},
            {"colour": "red"},
        ],
    )
    def test_what_cannot_be_written(self, api, tour, asha, snapshot, body):
        before = snapshot()
        response = api(asha).patch(self.path(tour), body)
        assert problem(response) == (400, "validation_error")
        assert set(response.json()["errors"]) & set(body)
        assert snapshot() == before

    def test_status_and_fields_are_one_change(self, api, tour, asha):
        body = {"status": "cancelled", "visitor_feedback": "Too far"}
        visit = api(asha).patch(self.path(tour), body).json()
        assert (visit["status"], visit["visitor_feedback"], visit["version"]) == ("cancelled", "Too far", 2)
        assert [e.change for e in tour.events.all()] == ["scheduled", "cancelled"]

    def test_date_and_fields_are_all_or_nothing(self, api, tour, asha, snapshot):
        body = {"scheduled_date": iso(local(3, 12)), "special_requirements": "Later"}
        visit = api(asha).patch(self.path(tour), body).json()
        assert (visit["status"], visit["special_requirements"], visit["version"]) == (
            "rescheduled",
            "Later",
            2,
        )
        before = snapshot()
        bad = {"scheduled_date": "2020-01-01T00:00:00Z", "special_requirements": "Never"}
        assert problem(api(asha).patch(self.path(tour), bad)) == (400, "validation_error")
        assert snapshot() == before

    def test_the_same_values_change_nothing(self, api, tour, asha, snapshot):
        before = snapshot()
        for body in ({}, {"special_requirements": ""}, {"scheduled_date": iso(local(2, 11))}):
            assert api(asha).patch(self.path(tour), body).status_code == 200
        assert snapshot() == before

    def test_if_match(self, api, tour, asha, snapshot):
        body = {"special_requirements": "x"}
        before = snapshot()
        for stale in ('"2"', "1", 'W/"1"', '"one"', '"'):
            response = api(asha).patch(self.path(tour), body, headers={"If-Match": stale})
            assert problem(response) == (412, "precondition_failed")
        assert snapshot() == before
        read = api(asha).get(self.path(tour))
        response = api(asha).patch(self.path(tour), body, headers={"If-Match": read["ETag"]})
        assert (response.status_code, response["ETag"]) == (200, '"2"')


class TestAssign:
    def path(self, tour):
        return f"/api/v1/visits/{tour.pk}/assign"

    def test_staff_reassign_with_a_reason(self, api, tour, ops, agent, snapshot):
        other = AgentFactory()
        before = snapshot()
        refused = api(ops).post(self.path(tour), {"agent_id": other.pk})
        assert problem(refused) == (400, "validation_error")
        assert list(refused.json()["errors"]) == ["reason"]
        assert snapshot() == before
        visit = api(ops).post(self.path(tour), {"agent_id": other.pk, "reason": "Knows the house"}).json()
        assert (visit["agent_id"], visit["status"], visit["version"]) == (other.pk, "scheduled", 2)
        last = tour.events.last()
        assert (last.change, last.reason, last.actor) == ("assigned", "Knows the house", ops)
        assert (last.data["from_agent_id"], last.data["agent_id"]) == (agent.pk, other.pk)
        agent.refresh_from_db()
        other.refresh_from_db()
        assert (agent.live_visits, other.live_visits) == (0, 1)
        back = api(ops).post(self.path(tour), {"agent_id": agent.pk, "reason": "Back"})
        assert back.json()["agent_id"] == agent.pk
        assert Engagement.objects.open().get(seeker=tour.user).agent == agent

    def test_the_present_agent_again_changes_nothing(self, api, tour, ops, agent, snapshot):
        before = snapshot()
        assert api(ops).post(self.path(tour), {"agent_id": agent.pk}).status_code == 200
        assert api(ops).post(self.path(tour), {}).status_code == 200
        assert snapshot() == before

    def test_taking_him_off_keeps_him_off_automatically(self, api, tour, ops, agent, snapshot):
        visit = api(ops).post(self.path(tour), {"agent_id": None}).json()
        assert visit["agent"] is None
        assert tour.events.last().change == "unassigned"
        before = snapshot()
        refused = api(ops).post(self.path(tour), {})
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == []
        AgentFactory(cities=["Delhi"])
        AgentFactory(is_available=False)
        refused = api(ops).post(self.path(tour), {}).json()
        assert refused["reasons"] == ["unavailable"]
        assert refused["detail"] == (
            "No agent can take this visit. What keeps them from it: takes no new visits; "
            "was taken off it before and only comes back by name."
        )
        assert snapshot() == before
        assert api(ops).post(self.path(tour), {"agent_id": agent.pk}).json()["agent_id"] == agent.pk

    def test_only_staff_with_the_permission(self, api, tour, asha, agent, snapshot):
        viewer = UserFactory(is_staff=True)
        from django.contrib.auth.models import Permission

        viewer.user_permissions.set(Permission.objects.filter(codename__in=["view_visit", "change_visit"]))
        before = snapshot()
        for user in (asha, agent.user, viewer):
            assert problem(api(user).post(self.path(tour), {"agent_id": None})) == (403, "permission_denied")
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("change", "reason", "liftable"),
        [
            ({"is_active": False}, "inactive", False),
            ({"is_available": False}, "unavailable", True),
            ({"cities": ["Delhi"]}, "city", True),
            ({"capacity": 1, "live_visits": 1}, "capacity", True),
        ],
    )
    def test_who_is_not_eligible_is_named(self, api, tour, ops, snapshot, change, reason, liftable):
        other = AgentFactory(**change)
        before = snapshot()
        body = {"agent_id": other.pk, "reason": "Please"}
        refused = api(ops).post(self.path(tour), body)
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == [reason]
        assert snapshot() == before
        no_reason = api(ops).post(self.path(tour), {"agent_id": other.pk, "override": True})
        assert problem(no_reason) == (400, "validation_error")
        lifted = api(ops).post(self.path(tour), {**body, "override": True})
        assert lifted.status_code == (200 if liftable else 409)

    def test_never_on_top_of_another_visit(self, api, tour, ops, bala, snapshot):
        other = AgentFactory()
        busy = book(bala, ListingFactory(), local(2, 11))
        assert busy.agent == other
        before = snapshot()
        body = {"agent_id": other.pk, "reason": "Please", "override": True}
        refused = api(ops).post(self.path(tour), body)
        assert problem(refused) == (409, "agent_not_eligible")
        assert refused.json()["reasons"] == ["busy"]
        assert snapshot() == before

    def test_not_to_the_seeker_himself(self, api, tour, ops, asha, snapshot):
        own = AgentFactory(user=asha)
        refused = api(ops).post(self.path(tour), {"agent_id": own.pk, "reason": "x", "override": True})
        assert refused.json()["reasons"] == ["own_visit"]

    def test_an_agent_who_does_not_exist(self, api, tour, ops, snapshot):
        before = snapshot()
        refused = api(ops).post(self.path(tour), {"agent_id": 2**62, "reason": "x"})
        assert problem(refused) == (400, "validation_error")
        assert snapshot() == before


class TestSlots:
    def test_the_day_of_one_agent(self, api, asha, agent, listing):
        day = local(2, 0).astimezone(KOLKATA).date().isoformat()
        path = f"/api/v1/properties/{listing.pk}/slots"
        body = api(asha).get(path, {"from": day, "to": day}).json()
        assert body["timezone"] == "Asia/Kolkata"
        assert len(body["items"]) == 39
        assert body["items"][0] == {"start": iso(local(2, 9)), "end": iso(local(2, 9, 30)), "agents_free": 1}
        assert body["items"][-1]["end"] == iso(local(2, 19))

    def test_need_a_login(self, api, listing):
        response = api().get(f"/api/v1/properties/{listing.pk}/slots?from=2026-01-01&to=2026-01-01")
        assert problem(response) == (401, "not_authenticated")

    @pytest.mark.parametrize(
        "query",
        [
            "",
            "from=2026-12-01",
            "from=2026-12-02&to=2026-12-01",
            "from=2026-12-01&to=2027-01-01",
            "from=2026-12-01&to=9999-12-31",
            "from=9999-12-31&to=9999-12-31",
            "from=0001-01-01&to=0001-01-01",
            "from=x&to=y",
            "from=2026-12-01&to=2026-12-01&duration_minutes=5",
            "from=2026-12-01&to=2026-12-01&language=%00",
        ],
    )
    def test_bad_questions(self, api, asha, listing, query):
        response = api(asha).get(f"/api/v1/properties/{listing.pk}/slots?{query}")
        assert problem(response) == (400, "validation_error")
        assert response.json()["errors"]

    def test_of_a_past_day_are_none(self, api, asha, agent, listing):
        path = f"/api/v1/properties/{listing.pk}/slots?from=2020-01-01&to=2020-01-31"
        assert api(asha).get(path).json()["items"] == []


class TestConsequences:
    def test_a_withdrawn_listing_cancels_its_visits(self, api, tour, agent):
        response = api(tour.property.owner).delete(f"/api/v1/properties/{tour.property_id}")
        assert response.status_code == 204
        tour.refresh_from_db()
        assert (tour.status, tour.cancellation_reason) == ("cancelled", "The listing was withdrawn.")
        assert tour.events.last().actor == tour.property.owner
        agent.refresh_from_db()
        assert agent.live_visits == 0

    def test_a_closed_account_cancels_its_visits_and_leaves_its_agent(self, tour, asha, ops, agent):
        from ghar.accounts import services as accounts

        accounts.deactivate(user=asha, by=ops)
        tour.refresh_from_db()
        agent.refresh_from_db()
        assert (tour.status, tour.events.last().actor) == ("cancelled", ops)
        assert not Engagement.objects.open().exists()
        assert (agent.live_visits, agent.live_users, agent.total_users_assigned) == (0, 0, 1)

    def test_next_visit_date(self, api, tour, asha, bala):
        path = f"/api/v1/properties/{tour.property_id}"
        assert api(asha).get(path).json()["next_visit_date"] == iso(tour.scheduled_date)
        assert api(bala).get(path).json()["next_visit_date"] is None
        assert "next_visit_date" not in api().get(path).json()

    def test_who_was_taken_off_does_not_come_back_with_a_move(self, api, ops, asha, tour, agent):
        services.assign(visit=tour, by=ops, agent_id=None, reason="Asked to be off")
        path = f"/api/v1/visits/{tour.pk}/reschedule"
        assert api(asha).post(path, {"new_date": iso(local(3, 12))}).json()["agent_id"] is None
        other = AgentFactory()
        assert api(asha).post(path, {"new_date": iso(local(4, 12))}).json()["agent_id"] == other.pk


class TestAgentsRoutes:
    def test_one_gets_an_agent_once(self, api, asha, agent):
        assert problem(api(asha).get("/api/v1/agents/assigned")) == (404, "not_found")
        first = api(asha).post("/api/v1/agents/assign").json()
        assert (first["user_id"], first["agent"]["id"]) == (asha.pk, agent.pk)
        assert api(asha).post("/api/v1/agents/assign").json() == first
        assert api(asha).get("/api/v1/agents/assigned").json()["id"] == agent.pk
        assert Engagement.objects.count() == 1

    def test_nobody_to_get(self, api, asha, db):
        response = api(asha).post("/api/v1/agents/assign")
        assert problem(response) == (409, "agent_not_eligible")
        assert not Engagement.objects.exists()

    def test_available_at(self, api, bala, tour):
        free = AgentFactory()
        ids = lambda moment: {  # noqa: E731
            a["id"] for a in api(bala).get("/api/v1/agents", {"available_at": iso(moment)}).json()["items"]
        }
        assert ids(local(2, 11)) == {free.pk}
        assert ids(local(2, 13)) == {free.pk, tour.agent_id}
        assert ids(local(2, 22)) == set()

    def test_workload_is_for_staff(self, api, ops, asha, tour):
        assert problem(api(asha).get("/api/v1/agents/workload")) == (403, "permission_denied")
        assert api(ops).get("/api/v1/agents/workload").json() == {
            "items": [
                {
                    "agent_id": tour.agent_id,
                    "name": tour.agent.name,
                    "live_users": 1,
                    "live_visits": 1,
                    "capacity": 50,
                }
            ]
        }


def test_every_transition_that_is_not_in_the_table_is_refused(api, ops, agent, listing, asha, snapshot):
    with clock.frozen_at(clock.now() - timedelta(days=3)):
        visit = book(asha, listing, local(2, 11))
    services.complete(visit=visit, by=ops)
    before = snapshot()
    for act in ("confirm", "cancel", "complete", "assign"):
        assert problem(api(ops).post(f"/api/v1/visits/{visit.pk}/{act}")) == (409, "invalid_transition")
    moved = api(ops).post(f"/api/v1/visits/{visit.pk}/reschedule", {"new_date": iso(local(9, 11))})
    assert problem(moved) == (409, "invalid_transition")
    assert snapshot() == before
    assert Visit.objects.get().actual_date <= datetime.now(UTC)
