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
        assert (data_for(asha), data_for(agent.user)) == (None, who)
        why = "Chosen: 0% of capacity; at fair share; no visit assigned yet."
        assert data_for(ops) == {**tour.events.get().data, "why": why}
        assert data_for(ops)["key"]["load"] == 0

    def test_the_owner_reads_that_when_and_by_whom_their_listing_is_shown(self, api, asha, agent, ops, tour):
        services.update(visit=tour, by=asha, special_requirements="I am deaf", interest_level="high")
        services.update(visit=tour, by=ops, follow_up_required=True)
        owner = tour.property.owner
        full = api(asha).get(f"/api/v1/visits/{tour.pk}").json()

        shown = api(owner).get(f"/api/v1/visits/{tour.pk}").json()

        keys = [
            "id",
            "visit_context",
            "status",
            "property_id",
            "property_title",
            "property",
            "scheduled_date",
            "scheduled_end",
            "version",
        ]
        agents = {"id": agent.pk, "name": agent.name, "avatar_url": agent.avatar_url, "languages": []}
        assert shown == {
            **dict.fromkeys(full),
            **{name: full[name] for name in keys},
            "agent": {**dict.fromkeys(full["agent"]), **agents},
        }
        assert problem(api(owner).get(f"/api/v1/visits/{tour.pk}/history")) == (404, "not_found")

    def test_an_owner_who_takes_part_or_is_staff_reads_as_such(self, api, asha, bala, ops, meet, tour):
        assert meet.property.owner == bala
        assert api(bala).get(f"/api/v1/visits/{meet.pk}").json()["user"]["full_name"] == "Asha Rao"
        tour.property.owner = ops
        tour.property.save()
        assert api(ops).get(f"/api/v1/visits/{tour.pk}").json()["user"]["full_name"] == "Asha Rao"

    def test_no_response_contains_the_phone_or_email_of_another_user(self, api, asha, agent, ops, tour):
        asha.phone = "+919812345678"
        asha.save()
        for reader in (asha, agent.user, ops, tour.property.owner):
            for path in (f"/visits/{tour.pk}", "/visits", f"/visits/{tour.pk}/history"):
                text = api(reader).get(f"/api/v1{path}").content.decode()
                assert "example.com" not in text
                assert "+919812345678" not in text
