"""Two flatmates meet: who may invite whom, and where. A refusal changes nothing."""

from datetime import timedelta

import pytest

from agents.tests.factories import AgentFactory
from flatmates import services as flatmates
from flatmates.models import Message, UserBlock, UserConversation, UserMatch
from flatmates.tests.factories import match
from ghar.accounts import services as accounts
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import iso, problem
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.factories import book, local
from visits.tests.meets import AT, meet_body, post_meet

pytestmark = pytest.mark.django_db


class TestInvite:
    def test_a_meet_awaits_the_counterparty_and_has_no_agent(self, api, asha, bala, home, matched):
        AgentFactory()
        response = post_meet(api(asha), bala, home, special_requirements="Bring the keys")
        assert response.status_code == 201
        visit = response.json()
        expected = {
            "visit_context": "flatmate_meet",
            "status": "scheduled",
            "awaiting": "counterparty",
            "property_id": home.pk,
            "user_id": asha.pk,
            "counterparty_user_id": bala.pk,
            "counterparty_user": {"id": bala.pk, "full_name": "Bala Iyer", "profile_image_url": ""},
            "agent_id": None,
            "agent": None,
            "match_id": matched[0].pk,
            "conversation_id": matched[1].pk,
            "scheduled_date": iso(local(*AT)),
            "scheduled_end": iso(local(*AT) + timedelta(minutes=60)),
            "special_requirements": "Bring the keys",
            "version": 1,
        }
        assert {key: visit[key] for key in expected} == expected
        for user in (asha, bala):
            assert [v["id"] for v in api(user).get("/api/v1/visits").json()["items"]] == [visit["id"]]
        assert api(asha).get("/api/v1/visits?visit_context=property_tour").json()["items"] == []

    def test_either_may_invite_with_whatever_is_named(self, api, asha, bala, home, matched):
        made, conversation = matched
        named = [
            {},
            {"match_id": made.pk},
            {"conversation_id": conversation.pk},
            {"match_id": made.pk, "conversation_id": conversation.pk},
            {"match_id": None, "conversation_id": None, "duration_minutes": 15},
        ]
        for number, extra in enumerate(named):
            for hour, (user, other) in ((8, (asha, bala)), (14, (bala, asha))):
                start = iso(local(2, hour + number))
                visit = post_meet(api(user), other, home, scheduled_date=start, **extra).json()
                assert (visit["match_id"], visit["conversation_id"]) == (made.pk, conversation.pk)

    def test_the_place_is_one_of_theirs_or_what_they_matched_over(self, api, asha, bala):
        over = PropertyFactory()
        match(asha, bala, over)
        mine, theirs = PropertyFactory(owner=asha), PropertyFactory(owner=bala)
        for hour, listing in enumerate((over, mine, theirs), start=10):
            assert post_meet(api(asha), bala, listing, scheduled_date=iso(local(2, hour))).status_code == 201

    def test_the_same_again_is_the_same_visit_before_anything_is_judged(
        self, api, asha, bala, home, matched, meet, unchanged
    ):
        Property.objects.update(is_available=False)
        UserMatch.objects.update(status="unmatched")
        with unchanged:
            again = post_meet(api(asha), bala, home, special_requirements="Other")
        assert (again.status_code, again.json()["id"]) == (200, meet.pk)

    def test_the_invitation_is_left_in_the_conversation(self, api, asha, bala, home, matched, meet):
        path = f"/api/v1/flatmates/conversations/{matched[1].pk}"
        (message,) = api(bala).get(f"{path}/messages").json()["items"]
        assert (message["kind"], message["sender_id"]) == ("visit_request", asha.pk)
        shown = {"id": meet.pk, "status": "scheduled", "scheduled_date": iso(local(*AT))}
        assert message["visit"] == shown
        assert api(bala).get(path).json()["unread_count"] == 1
        services.reschedule(visit=meet, by=bala, new_date=local(3, 12))
        (message,) = api(asha).get(f"{path}/messages").json()["items"]
        assert message["visit"] == shown | {
            "status": "rescheduled",
            "scheduled_date": iso(local(3, 12)),
        }
        meet.delete()
        (message,) = api(asha).get(f"{path}/messages").json()["items"]
        assert message["visit"] is None

    def test_an_exclusive_listing_is_exclusive_to_tours(self, api, asha, bala, chitra, matched):
        home = PropertyFactory(owner=bala, exclusive_tours=True)
        book(chitra, home, local(*AT))
        assert post_meet(api(asha), bala, home).status_code == 201
        assert not Visit.objects.get(user=asha).exclusive

    def test_staff_invite_for_somebody(self, api, ops, asha, bala, home, matched):
        response = post_meet(api(ops), bala, home, user_id=asha.pk)
        assert (response.status_code, response.json()["user_id"]) == (201, asha.pk)
        assert response.json()["awaiting"] == "counterparty"
        assert Message.objects.get().sender == asha

    def test_it_is_nothing_for_the_queue_of_agents(self, api, ops, meet, unchanged):
        assert api(ops).get("/api/v1/visits/all?unassigned=true").json()["items"] == []
        agent = AgentFactory()
        with unchanged:
            refused = api(ops).post(f"/api/v1/visits/{meet.pk}/assign", {"agent_id": agent.pk})
        assert problem(refused) == (400, "validation_error")


class TestRefusals:
    def refused(self, response):
        return *problem(response), *response.json().get("errors", {})

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"counterparty_user_id": None}, "counterparty_user_id"),
            ({"counterparty_user_id": "bala"}, "counterparty_user_id"),
            ({"counterparty_user_id": 0}, "counterparty_user_id"),
            ({"match_id": 2**62}, "match_id"),
            ({"match_id": "x"}, "match_id"),
            ({"conversation_id": 2**62}, "conversation_id"),
            ({"conversation_id": []}, "conversation_id"),
            ({"property_id": 2**62}, "property_id"),
            ({"visit_context": "flatmate_dinner"}, "visit_context"),
            ({"visit_context": None}, "visit_context"),
            ({"duration_minutes": 181}, "duration_minutes"),
            ({"scheduled_date": "2020-01-01T10:00:00Z"}, "scheduled_date"),
            ({"awaiting": "visitor"}, "awaiting"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, bala, home, matched, unchanged, change, field):
        with unchanged:
            response = post_meet(api(asha), bala, home, **change)
        assert self.refused(response) == (400, "validation_error", field)

    def test_a_meet_with_another_person_at_the_same_time_is_another_meet(
        self, api, asha, bala, chitra, unchanged
    ):
        own = PropertyFactory(owner=asha)
        match(asha, bala)
        match(asha, chitra)
        assert post_meet(api(asha), bala, own).status_code == 201
        with unchanged:
            response = post_meet(api(asha), chitra, own)
        assert self.refused(response) == (409, "visit_conflict")

    def test_an_unknown_id_is_answered_like_a_person_without_a_match(
        self, api, asha, bala, chitra, ops, home, matched, unchanged
    ):
        closed = UserFactory()
        accounts.deactivate(user=closed, by=ops)
        with unchanged:
            stranger = post_meet(api(asha), chitra, home)
            nobody = post_meet(api(asha), bala, home, counterparty_user_id=2**62)
            former = post_meet(api(asha), closed, home)
        assert problem(stranger) == (409, "no_active_match")
        assert stranger.content == nobody.content == former.content

    def test_nobody_named(self, api, asha, bala, home, matched, unchanged):
        sent = meet_body(bala, home)
        del sent["counterparty_user_id"]
        with unchanged:
            response = api(asha).post("/api/v1/visits", sent)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")

    def test_oneself(self, api, asha, home, matched, unchanged):
        with unchanged:
            response = post_meet(api(asha), asha, home)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")

    def test_a_closed_account(self, api, asha, bala, home, ops, matched, unchanged):
        accounts.deactivate(user=bala, by=ops)
        with unchanged:
            response = post_meet(api(asha), bala, home)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")
        with unchanged:
            response = post_meet(api(ops), asha, home, user_id=bala.pk)
        assert self.refused(response) == (400, "validation_error", "user_id")

    def test_no_match(self, api, asha, bala, home, chitra, unchanged):
        flatmates.swipe(by=asha, target_user_id=bala.pk, action="like")
        for other in (bala, chitra):
            with unchanged:
                response = post_meet(api(asha), other, home)
            assert self.refused(response) == (409, "no_active_match")

    def test_a_match_that_is_over(self, api, asha, bala, home, matched, unchanged):
        flatmates.unmatch(match=matched[0], by=bala)
        for extra in ({}, {"match_id": matched[0].pk}, {"conversation_id": matched[1].pk}):
            with unchanged:
                response = post_meet(api(asha), bala, home, **extra)
            assert self.refused(response) == (409, "no_active_match")

    def test_a_block_either_way_answers_like_no_match(
        self, api, asha, bala, chitra, home, matched, unchanged
    ):
        no_match = post_meet(api(asha), chitra, home).json()
        flatmates.block(by=bala, blocked_user_id=asha.pk)
        for user, other in ((asha, bala), (bala, asha)):
            with unchanged:
                response = post_meet(api(user), other, home)
            assert response.json() == no_match

    def test_a_block_stands_even_where_a_match_is_active(self, api, asha, bala, home, matched, unchanged):
        UserBlock.objects.create(blocker=bala, blocked=asha)
        with unchanged:
            response = post_meet(api(asha), bala, home)
        assert self.refused(response) == (409, "no_active_match")

    @pytest.mark.parametrize("field", ["match_id", "conversation_id"])
    def test_what_belongs_to_another_pair(self, api, asha, bala, chitra, home, matched, unchanged, field):
        foreign = match(asha, chitra)[field == "conversation_id"]
        with unchanged:
            response = post_meet(api(asha), bala, home, **{field: foreign.pk})
        assert self.refused(response) == (400, "validation_error", field)

    def test_a_conversation_that_is_not_active(self, api, asha, bala, home, matched, unchanged):
        UserConversation.objects.update(status="archived")
        with unchanged:
            response = post_meet(api(asha), bala, home, conversation_id=matched[1].pk)
        assert self.refused(response) == (400, "validation_error", "conversation_id")
        visit = post_meet(api(asha), bala, home).json()
        assert (visit["match_id"], visit["conversation_id"]) == (matched[0].pk, None)
        assert not Message.objects.exists()

    def test_a_listing_that_does_not_concern_the_two(self, api, asha, bala, chitra, matched, unchanged):
        match(asha, chitra, over := PropertyFactory())
        for listing in (over, PropertyFactory(owner=chitra), PropertyFactory(status="withdrawn")):
            with unchanged:
                response = post_meet(api(asha), bala, listing)
            assert self.refused(response) == (400, "validation_error", "property_id")

    def test_the_listing_that_one_of_them_names_after_the_match(self, api, asha, bala, matched):
        over = PropertyFactory()
        like = {"target_user_id": asha.pk, "action": "like", "context_property_id": over.pk}
        assert api(bala).post("/api/v1/flatmates/swipes", like).json()["match_id"] == matched[0].pk
        response = post_meet(api(asha), bala, over)
        assert (response.status_code, response.json()["property_id"]) == (201, over.pk)

    @pytest.mark.parametrize("change", [{"is_available": False}, {"status": "rented"}])
    def test_a_listing_that_takes_no_visits(self, api, asha, bala, home, matched, unchanged, change):
        Property.objects.update(**change)
        with unchanged:
            response = post_meet(api(asha), bala, home)
        assert self.refused(response) == (409, "property_unavailable")

    @pytest.mark.parametrize("field", ["conversation_id", "match_id"])
    def test_a_tour_takes_nothing_of_a_meet(self, api, asha, bala, matched, unchanged, field):
        made, conversation = matched
        ids = {"counterparty_user_id": bala.pk, "conversation_id": conversation.pk, "match_id": made.pk}
        tour = {"property_id": PropertyFactory().pk, "scheduled_date": iso(local(2, 11))}
        with unchanged:
            response = api(asha).post("/api/v1/visits", {**tour, field: ids[field]})
        assert self.refused(response) == (400, "validation_error", field)
        nulls = dict.fromkeys(ids)
        assert api(asha).post("/api/v1/visits", {**tour, **nulls}).status_code == 201

    def test_the_pair_cannot_be_changed_later(self, api, asha, chitra, meet, unchanged):
        for field in ("counterparty_user_id", "match_id", "conversation_id", "visit_context"):
            with unchanged:
                response = api(asha).patch(f"/api/v1/visits/{meet.pk}", {field: chitra.pk})
            assert self.refused(response) == (400, "validation_error", field)
