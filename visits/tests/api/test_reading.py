"""GET /visits/{id}: who sees a visit, and which parts of it."""

import pytest

from ghar.tests.responses import problem
from visits import services

pytestmark = pytest.mark.django_db


class TestReading:
    def test_a_user_who_cannot_see_a_visit_gets_404_whatever_the_body(self, api, tour, bala, snapshot):
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

    def test_a_visit_requires_a_login(self, api, tour):
        response = api().get(f"/api/v1/visits/{tour.pk}")
        assert problem(response) == (401, "not_authenticated")
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_notes_are_for_the_agency_and_the_agents_number_is_not_for_the_owner(
        self, api, asha, agent, ops, tour
    ):
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

    def test_only_staff_see_how_an_agent_was_chosen(self, api, asha, agent, ops, tour):
        def data_for(user):
            return api(user).get(f"/api/v1/visits/{tour.pk}/history").json()["items"][0]["data"]

        who = {"agent_id": agent.pk, "from_agent_id": None}
        assert data_for(asha) == data_for(tour.property.owner) == data_for(agent.user) == who
        why = "Chosen: 0% of capacity; at fair share; no visit assigned yet."
        assert data_for(ops) == {**tour.events.get().data, "why": why}
        assert data_for(ops)["key"]["load"] == 0

    def test_no_response_contains_the_phone_or_email_of_another_user(self, api, asha, agent, ops, tour):
        asha.phone = "+919812345678"
        asha.save()
        for reader in (asha, agent.user, ops, tour.property.owner):
            for path in (f"/visits/{tour.pk}", "/visits", f"/visits/{tour.pk}/history"):
                text = api(reader).get(f"/api/v1{path}").content.decode()
                assert "example.com" not in text
                assert "+919812345678" not in text
