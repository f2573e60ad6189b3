"""The texts of errors: they say what happened and what to do next. A refusal changes nothing."""

import pytest
from django.db import connection

from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import iso, problem
from ghar.transactions import RetryTransaction
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits.api.views.visits import VisitViewSet
from visits.scheduling import locks, meets
from visits.tests.factories import local

pytestmark = pytest.mark.django_db

ASSIGN = "This field is read-only: staff assign an agent with POST /visits/{id}/assign."
SETTABLE = "Only confirmed and cancelled can be set. Complete a visit with POST /visits/{id}/complete."


class TestFields:
    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("agent_id", ASSIGN),
            ("agent", ASSIGN),
            ("id", "This field is read-only."),
            ("user_id", "This field is read-only."),
            ("property_id", "This field is read-only."),
            ("cancellation_reason", "This field is read-only."),
            ("colour", "There is no such field."),
        ],
    )
    @pytest.mark.parametrize("method", ["patch", "put"])
    def test_each_read_only_field_of_a_visit_says_what_to_do_instead(
        self, api, ops, tour, snapshot, method, name, told
    ):
        before = snapshot()
        answer = getattr(api(ops), method)(f"/api/v1/visits/{tour.pk}", {name: 1, "visit_notes": "x"})
        assert problem(answer) == (400, "validation_error")
        assert answer.json()["errors"] == {name: [told]}
        assert snapshot() == before

    def test_a_booking_cannot_choose_its_agent(self, api, asha, agent, listing, snapshot):
        before = snapshot()
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11)), "agent_id": agent.pk}
        answer = api(asha).post("/api/v1/visits", {**body, "status": "confirmed", "colour": 1})
        assert answer.json()["errors"] == {
            "agent_id": [ASSIGN],
            "status": ["This field is read-only."],
        }
        assert snapshot() == before

    def test_read_only_fields_of_a_listing_are_refused(self, api, asha):
        flat = {"title": "A", "property_type": "room", "purpose": "rent", "city": "Pune", "base_price": 1}
        sent = {**flat, "owner_id": 1, "id": 2, "images": [], "colour": 3}
        assert api(asha).post("/api/v1/properties", sent).json()["errors"] == {
            "owner_id": ["This field is read-only."],
            "id": ["This field is read-only."],
            "images": ["This field is read-only: add images with POST /properties/{id}/images."],
        }
        assert not Property.objects.exists()

    @pytest.mark.parametrize("status", ["completed", "scheduled", "rescheduled", "done", 7])
    def test_other_statuses_cannot_be_set(self, api, ops, tour, snapshot, status):
        before = snapshot()
        answer = api(ops).patch(f"/api/v1/visits/{tour.pk}", {"status": status})
        assert problem(answer) == (400, "validation_error")
        assert answer.json()["errors"] == {"status": [SETTABLE]}
        assert snapshot() == before

    def test_a_refused_assignment_names_the_agent_and_the_reasons(self, api, ops, tour, snapshot):
        other = AgentFactory(name="Rohan", cities=["Delhi"], is_available=False)
        before = snapshot()
        answer = api(ops).post(f"/api/v1/visits/{tour.pk}/assign", {"agent_id": other.pk, "reason": "Nearer"})
        assert problem(answer) == (409, "agent_not_eligible")
        said = "Rohan can't take this visit: takes no new visits; doesn't serve this city."
        assert (answer.json()["detail"], answer.json()["reasons"]) == (said, ["unavailable", "city"])
        assert snapshot() == before


class TestLostRaces:
    """Each try finds that another writer was faster, which says nothing about the time."""

    @pytest.fixture(autouse=True)
    def contended(self, monkeypatch, tour):
        def lose(*args, **kwargs):
            raise RetryTransaction

        monkeypatch.setattr(locks, "lock_visit", lose)

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("post", "/confirm", {}),
            ("post", "/cancel", {"reason": "x"}),
            ("post", "/complete", {"notes": "x"}),
            ("post", "/assign", {}),
            ("patch", "", {"status": "confirmed"}),
            ("patch", "", {"visit_notes": "x"}),
            ("post", "/reschedule", {"new_date": "LATER"}),
            ("patch", "", {"scheduled_date": "LATER"}),
        ],
    )
    def test_the_client_is_told_to_try_again(self, api, ops, tour, snapshot, method, path, body):
        before = snapshot()
        body = {name: iso(local(3, 11)) if value == "LATER" else value for name, value in body.items()}
        answer = getattr(api(ops), method)(f"/api/v1/visits/{tour.pk}{path}", body)
        assert problem(answer) == (503, "unavailable")
        assert "alternatives" not in answer.json()
        assert int(answer["Retry-After"]) > 0
        assert snapshot() == before


def erase(table, pk):
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])


class TestRowsThatAreGone:
    """Rows that are deleted after they are looked up, and before they are locked."""

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/confirm", {}),
            ("/cancel", {}),
            ("/complete", {}),
            ("/assign", {}),
            ("/reschedule", {"new_date": "2100-01-01T00:00:00Z"}),
        ],
    )
    def test_a_visit_that_was_just_deleted_is_not_found(self, api, ops, tour, monkeypatch, path, body):
        validated = VisitViewSet.validated

        def erase_first(view, serializer_class):
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM visits_visitevent WHERE visit_id = %s", [tour.pk])
            erase("visits_visit", tour.pk)
            return validated(view, serializer_class)

        monkeypatch.setattr(VisitViewSet, "validated", erase_first)
        answer = api(ops).post(f"/api/v1/visits/{tour.pk}{path}", body)
        assert problem(answer) == (404, "not_found")
        assert answer.json()["detail"] == "This visit no longer exists."

    @pytest.mark.parametrize("exclusive", [False, True])
    def test_a_listing_that_was_just_deleted_is_not_found(
        self, api, asha, agent, monkeypatch, snapshot, exclusive
    ):
        listing = PropertyFactory(exclusive_tours=exclusive)
        before = snapshot()
        monkeypatch.setattr(meets, "set_counterparty", lambda *_: erase("properties_property", listing.pk))
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
        answer = api(asha).post("/api/v1/visits", body)
        assert problem(answer) == (404, "not_found")
        assert answer.json()["detail"] == "This listing no longer exists."
        assert snapshot() == before

    def test_a_visitor_who_was_just_deleted_is_not_found(
        self, api, ops, agent, listing, monkeypatch, snapshot
    ):
        seeker = UserFactory()
        before = snapshot()
        monkeypatch.setattr(meets, "set_counterparty", lambda *_: erase("accounts_user", seeker.pk))
        body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11)), "user_id": seeker.pk}
        answer = api(ops).post("/api/v1/visits", body)
        assert problem(answer) == (404, "not_found")
        assert answer.json()["detail"] == "This person's account no longer exists."
        assert snapshot() == before
