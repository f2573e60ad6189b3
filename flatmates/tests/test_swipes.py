"""Swipes and likes over HTTP. What is refused changes nothing."""

import pytest

from flatmates import services
from flatmates.models import Swipe, UserConversation, UserMatch
from flatmates.tests.factories import like, match
from flatmates.tests.requests import BASE, NO_MATCH, swipe
from ghar.accounts import services as account_services
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import problem, problem_fields
from properties.models import Property
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db


class TestSwipes:
    def test_two_likes_make_a_match_and_a_conversation(self, api, asha, bala):
        first = swipe(api(asha), bala)
        assert (first.status_code, first.json()) == (200, NO_MATCH)
        assert not UserMatch.objects.exists()
        second = swipe(api(bala), asha, "super_like")
        match, conversation = UserMatch.objects.get(), UserConversation.objects.get()
        assert (second.status_code, second.json()) == (
            200,
            {"did_match": True, "match_id": match.pk, "conversation_id": conversation.pk},
        )
        assert match.people() == conversation.people() == tuple(sorted([asha.pk, bala.pk]))
        assert (match.status, conversation.status) == ("active", "active")

    def test_the_same_swipe_again_changes_nothing(self, api, asha, bala, snapshot):
        swipe(api(asha), bala)
        before = snapshot()
        assert swipe(api(asha), bala).json() == NO_MATCH
        assert snapshot() == before
        outcome = swipe(api(bala), asha).json()
        before = snapshot()
        assert swipe(api(bala), asha).json() == swipe(api(asha), bala).json() == outcome
        assert snapshot() == before

    def test_a_swipe_can_be_changed_before_it_is_answered(self, api, asha, bala):
        swipe(api(asha), bala)
        swipe(api(asha), bala, "pass")
        assert Swipe.objects.get().action == "pass"
        assert swipe(api(bala), asha).json() == NO_MATCH
        assert swipe(api(asha), bala).json()["did_match"] is True

    def test_a_pass_never_matches_and_does_not_end_a_match(self, api, asha, bala, matched):
        assert swipe(api(asha), bala, "pass").json() == NO_MATCH
        assert UserMatch.objects.get().status == "active"
        assert swipe(api(asha), bala).json()["match_id"] == matched[0].pk

    def test_a_new_match_takes_the_context_of_the_last_swipe(self, api, asha, bala, chitra):
        home, other = PropertyFactory(), PropertyFactory()
        swipe(api(asha), bala, context_property_id=home.pk)
        swipe(api(bala), asha)
        assert UserMatch.objects.get().context_property == home
        assert UserConversation.objects.get().context_property == home
        swipe(api(asha), chitra, context_property_id=home.pk)
        outcome = swipe(api(chitra), asha, context_property_id=other.pk).json()
        assert UserMatch.objects.get(pk=outcome["match_id"]).context_property == other

    def test_a_like_within_a_match_returns_the_match_even_after_a_pass(self, api, asha, bala, matched):
        swipe(api(asha), bala, "pass")
        outcome = {"did_match": True, "match_id": matched[0].pk, "conversation_id": matched[1].pk}
        assert swipe(api(bala), asha).json() == outcome
        assert swipe(api(bala), asha, "super_like").json() == outcome
        assert Swipe.objects.get(user=asha).action == "pass"

    @pytest.mark.parametrize("first", [True, False])
    def test_a_match_without_a_context_takes_the_one_named_later(self, api, asha, bala, matched, first):
        home, other = PropertyFactory(title="Sea view"), PropertyFactory()
        named, peer = (asha, bala) if first else (bala, asha)
        outcome = swipe(api(named), peer, context_property_id=home.pk).json()
        assert outcome == {"did_match": True, "match_id": matched[0].pk, "conversation_id": matched[1].pk}
        for path in ("matches", "conversations"):
            for user in (asha, bala):
                (item,) = api(user).get(f"{BASE}/{path}").json()["items"]
                assert item["context_property"] == {"id": home.pk, "title": "Sea view"}
        swipe(api(peer), named, context_property_id=other.pk)
        assert UserMatch.objects.get().context_property == home
        assert UserConversation.objects.get().context_property == home

    def test_a_conversation_without_a_context_takes_that_of_its_match(self, api, asha, bala):
        home = PropertyFactory()
        match(asha, bala, home)
        UserConversation.objects.update(context_property=None)
        swipe(api(bala), asha, context_property_id=PropertyFactory().pk)
        assert UserConversation.objects.get().context_property == home

    def test_a_pass_gives_no_context(self, api, asha, bala, matched):
        swipe(api(asha), bala, "pass", context_property_id=PropertyFactory().pk)
        assert UserMatch.objects.get().context_property is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"target_user_id": None}, "target_user_id"),
            ({"target_user_id": "bala"}, "target_user_id"),
            ({"action": "love"}, "action"),
            ({"action": None}, "action"),
            ({"context_property_id": 2**62}, "context_property_id"),
            ({"user_id": 1}, "user_id"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, bala, snapshot, change, field):
        before = snapshot()
        body = {"target_user_id": bala.pk, "action": "like", **change}
        response = api(asha).post(f"{BASE}/swipes", body)
        assert problem_fields(response) == (400, "validation_error", [field])
        assert snapshot() == before

    def test_users_cannot_swipe_themselves(self, api, asha, snapshot):
        before = snapshot()
        assert problem_fields(swipe(api(asha), asha)) == (400, "validation_error", ["target_user_id"])
        assert snapshot() == before

    @pytest.mark.parametrize("action", ["like", "super_like", "pass"])
    def test_a_swipe_on_nobody_is_answered_like_one_on_somebody(
        self, api, asha, bala, chitra, ops, snapshot, action
    ):
        closed, blocking = UserFactory(), UserFactory()
        account_services.deactivate(user=closed, by=ops)
        services.block(by=blocking, blocked_user_id=asha.pk)
        services.block(by=asha, blocked_user_id=chitra.pk)
        somebody = swipe(api(asha), bala, action)
        before = snapshot()
        nobody = api(asha).post(f"{BASE}/swipes", {"target_user_id": 2**62, "action": action})
        answers = [nobody, *(swipe(api(asha), person, action) for person in (closed, blocking, chitra))]
        assert {(answer.status_code, answer.content) for answer in answers} == {(200, somebody.content)}
        assert somebody.json() == NO_MATCH
        assert snapshot() == before

    def test_a_withdrawn_listing_cannot_be_the_context(self, api, asha, bala, snapshot):
        gone = PropertyFactory(status="withdrawn")
        before = snapshot()
        response = swipe(api(asha), bala, context_property_id=gone.pk)
        assert problem_fields(response) == (400, "validation_error", ["context_property_id"])
        assert snapshot() == before

    def test_every_route_requires_a_login(self, api, bala, snapshot):
        before = snapshot()
        assert problem(swipe(api(), bala)) == (401, "not_authenticated")
        for path in ("matches", "likes", "conversations"):
            assert problem(api().get(f"{BASE}/{path}")) == (401, "not_authenticated")
        assert snapshot() == before


class TestLikes:
    def items(self, api, user):
        return api(user).get(f"{BASE}/likes").json()["items"]

    def test_a_like_is_listed_until_it_is_answered(self, api, asha, bala, chitra):
        home = PropertyFactory(title="Sea view")
        like(asha, bala, home)
        (item,) = self.items(api, bala)
        assert list(item) == ["id", "action", "peer", "context_property", "created_at"]
        assert item["peer"] == {"id": asha.pk, "full_name": "Asha Rao", "profile_image_url": ""}
        assert (item["action"], item["context_property"]) == ("like", {"id": home.pk, "title": "Sea view"})
        assert self.items(api, asha) == self.items(api, chitra) == []
        swipe(api(bala), asha, "pass")
        assert self.items(api, bala) == []

    def test_passes_closed_accounts_and_blocked_people_are_not_listed(self, api, asha, bala, chitra, ops):
        swipe(api(asha), bala, "pass")
        like(chitra, bala)
        services.block(by=bala, blocked_user_id=chitra.pk)
        like(other := UserFactory(), bala)
        account_services.deactivate(user=other, by=ops)
        assert self.items(api, bala) == []

    def test_a_withdrawn_context_is_not_shown(self, api, asha, bala):
        home = PropertyFactory()
        like(asha, bala, home)
        Property.objects.update(status="withdrawn")
        assert self.items(api, bala)[0]["context_property"] is None
