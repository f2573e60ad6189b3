"""Swipes, matches, conversations and blocks over HTTP; what is refused changes nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flatmates import services
from flatmates.models import Message, Swipe, UserConversation, UserMatch
from flatmates.tests.factories import PersonFactory, like, match
from ghar.accounts import services as account_services
from properties.models import Property
from visits.tests.factories import ListingFactory

pytestmark = pytest.mark.django_db

BASE = "/api/v1/flatmates"
NO_MATCH = {"did_match": False, "match_id": None, "conversation_id": None}


def problem(response):
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    return response.status_code, body["code"], *body.get("errors", {})


def swipe(client, target, action="like", **more):
    return client.post(f"{BASE}/swipes", {"target_user_id": target.pk, "action": action, **more})


class TestSwipe:
    def test_likes_both_ways_make_a_match_and_a_conversation(self, api, asha, bala):
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

    def test_the_same_again_changes_nothing(self, api, asha, bala, snapshot):
        swipe(api(asha), bala)
        before = snapshot()
        assert swipe(api(asha), bala).json() == NO_MATCH
        assert snapshot() == before
        outcome = swipe(api(bala), asha).json()
        before = snapshot()
        assert swipe(api(bala), asha).json() == swipe(api(asha), bala).json() == outcome
        assert snapshot() == before

    def test_a_mind_can_be_changed_before_it_is_answered(self, api, asha, bala):
        swipe(api(asha), bala)
        swipe(api(asha), bala, "pass")
        assert Swipe.objects.get().action == "pass"
        assert swipe(api(bala), asha).json() == NO_MATCH
        assert swipe(api(asha), bala).json()["did_match"] is True

    def test_a_pass_never_matches_and_does_not_end_a_match(self, api, asha, bala, matched):
        assert swipe(api(asha), bala, "pass").json() == NO_MATCH
        assert UserMatch.objects.get().status == "active"
        assert swipe(api(asha), bala).json()["match_id"] == matched[0].pk

    def test_the_context_is_the_one_named_last(self, api, asha, bala, chitra):
        home, other = ListingFactory(), ListingFactory()
        swipe(api(asha), bala, context_property_id=home.pk)
        swipe(api(bala), asha)
        assert UserMatch.objects.get().context_property == home
        assert UserConversation.objects.get().context_property == home
        swipe(api(asha), chitra, context_property_id=home.pk)
        outcome = swipe(api(chitra), asha, context_property_id=other.pk).json()
        assert UserMatch.objects.get(pk=outcome["match_id"]).context_property == other

    def test_a_like_of_who_match_is_answered_by_the_match_even_after_a_pass(self, api, asha, bala, matched):
        swipe(api(asha), bala, "pass")
        outcome = {"did_match": True, "match_id": matched[0].pk, "conversation_id": matched[1].pk}
        assert swipe(api(bala), asha).json() == outcome
        assert swipe(api(bala), asha, "super_like").json() == outcome
        assert Swipe.objects.get(user=asha).action == "pass"

    @pytest.mark.parametrize("first", [True, False])
    def test_a_context_that_is_named_after_the_match_is_theirs(self, api, asha, bala, matched, first):
        home, other = ListingFactory(title="Sea view"), ListingFactory()
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

    def test_a_conversation_without_a_context_gets_that_of_its_match(self, api, asha, bala):
        home = ListingFactory()
        match(asha, bala, home)
        UserConversation.objects.update(context_property=None)
        swipe(api(bala), asha, context_property_id=ListingFactory().pk)
        assert UserConversation.objects.get().context_property == home

    def test_a_pass_gives_no_context(self, api, asha, bala, matched):
        swipe(api(asha), bala, "pass", context_property_id=ListingFactory().pk)
        assert UserMatch.objects.get().context_property is None

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"target_user_id": None}, "target_user_id"),
            ({"target_user_id": 2**62}, "target_user_id"),
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
        assert problem(response) == (400, "validation_error", field)
        assert snapshot() == before

    def test_nobody_swipes_himself(self, api, asha, snapshot):
        before = snapshot()
        assert problem(swipe(api(asha), asha)) == (400, "validation_error", "target_user_id")
        assert snapshot() == before

    def test_neither_swipes_across_a_block_and_it_looks_like_nobody(self, api, asha, bala, snapshot):
        nobody = api(asha).post(f"{BASE}/swipes", {"target_user_id": 2**62, "action": "like"}).json()
        services.block(by=bala, blocked_user_id=asha.pk)
        before = snapshot()
        assert swipe(api(asha), bala).json() == nobody
        assert swipe(api(bala), asha).json() == nobody
        assert snapshot() == before

    def test_nobody_swipes_a_closed_account(self, api, asha, bala, ops, snapshot):
        account_services.deactivate(user=bala, by=ops)
        before = snapshot()
        assert problem(swipe(api(asha), bala)) == (400, "validation_error", "target_user_id")
        assert snapshot() == before

    def test_a_withdrawn_listing_is_no_context(self, api, asha, bala, snapshot):
        gone = ListingFactory(status="withdrawn")
        before = snapshot()
        response = swipe(api(asha), bala, context_property_id=gone.pk)
        assert problem(response) == (400, "validation_error", "context_property_id")
        assert snapshot() == before

    def test_without_a_token_nobody_gets_in(self, api, bala, snapshot):
        before = snapshot()
        assert problem(swipe(api(), bala)) == (401, "not_authenticated")
        for path in ("matches", "likes", "conversations"):
            assert problem(api().get(f"{BASE}/{path}")) == (401, "not_authenticated")
        assert snapshot() == before


class TestLikes:
    def items(self, api, user):
        return api(user).get(f"{BASE}/likes").json()["items"]

    def test_are_those_that_wait_for_an_answer(self, api, asha, bala, chitra):
        home = ListingFactory(title="Sea view")
        like(asha, bala, home)
        (item,) = self.items(api, bala)
        assert list(item) == ["id", "action", "peer", "context_property", "created_at"]
        assert item["peer"] == {"id": asha.pk, "full_name": "Asha Rao", "profile_image_url": ""}
        assert (item["action"], item["context_property"]) == ("like", {"id": home.pk, "title": "Sea view"})
        assert self.items(api, asha) == self.items(api, chitra) == []
        swipe(api(bala), asha, "pass")
        assert self.items(api, bala) == []

    def test_passes_closed_accounts_and_blocked_people_do_not_wait(self, api, asha, bala, chitra, ops):
        swipe(api(asha), bala, "pass")
        like(chitra, bala)
        services.block(by=bala, blocked_user_id=chitra.pk)
        like(other := PersonFactory(), bala)
        account_services.deactivate(user=other, by=ops)
        assert self.items(api, bala) == []

    def test_a_withdrawn_context_is_not_shown(self, api, asha, bala):
        home = ListingFactory()
        like(asha, bala, home)
        Property.objects.update(status="withdrawn")
        assert self.items(api, bala)[0]["context_property"] is None


class TestMatches:
    def test_each_sees_the_other(self, api, asha, bala, chitra):
        home = ListingFactory(title="Sea view")
        made, conversation = match(asha, bala, home)
        (item,) = api(asha).get(f"{BASE}/matches").json()["items"]
        assert list(item) == ["id", "status", "peer", "context_property", "conversation_id", "created_at"]
        assert item["id"] == made.pk
        assert item["status"] == "active"
        assert item["peer"] == {"id": bala.pk, "full_name": "Bala Iyer", "profile_image_url": ""}
        assert item["context_property"] == {"id": home.pk, "title": "Sea view"}
        assert item["conversation_id"] == conversation.pk
        assert api(bala).get(f"{BASE}/matches").json()["items"][0]["peer"]["id"] == asha.pk
        assert api(chitra).get(f"{BASE}/matches").json()["items"] == []

    def test_a_withdrawn_context_is_shown_to_its_owner_only(self, api, asha, bala):
        match(asha, bala, ListingFactory(owner=bala))
        Property.objects.update(status="withdrawn")
        for path in ("matches", "conversations"):
            assert api(asha).get(f"{BASE}/{path}").json()["items"][0]["context_property"] is None
            assert api(bala).get(f"{BASE}/{path}").json()["items"][0]["context_property"] is not None

    def test_unmatching_ends_it_for_both(self, api, asha, bala, matched, snapshot):
        made, conversation = matched
        response = api(bala).post(f"{BASE}/matches/{made.pk}/unmatch")
        assert (response.status_code, response.json()["status"]) == (200, "unmatched")
        conversation.refresh_from_db()
        assert conversation.status == "closed"
        for user in (asha, bala):
            assert api(user).get(f"{BASE}/matches").json()["items"] == []
            assert api(user).get(f"{BASE}/conversations").json()["items"] == []
        before = snapshot()
        again = api(asha).post(f"{BASE}/matches/{made.pk}/unmatch", {})
        assert (again.status_code, again.json()["status"]) == (200, "unmatched")
        assert snapshot() == before

    def test_both_must_like_again(self, api, asha, bala, matched):
        made, conversation = matched
        services.unmatch(match=made, by=asha)
        assert api(bala).get(f"{BASE}/likes").json()["items"] == []
        assert swipe(api(asha), bala).json() == NO_MATCH
        assert swipe(api(bala), asha).json() == {
            "did_match": True,
            "match_id": made.pk,
            "conversation_id": conversation.pk,
        }
        made.refresh_from_db()
        conversation.refresh_from_db()
        assert (made.status, conversation.status) == ("active", "active")

    def test_a_stranger_finds_nothing(self, api, chitra, ops, matched, snapshot):
        before = snapshot()
        for user in (chitra, ops):
            response = api(user).post(f"{BASE}/matches/{matched[0].pk}/unmatch", {"nonsense": 1})
            assert problem(response) == (404, "not_found")
        assert snapshot() == before

    def test_unmatching_takes_no_fields(self, api, asha, matched, snapshot):
        before = snapshot()
        response = api(asha).post(f"{BASE}/matches/{matched[0].pk}/unmatch", {"reason": "x"})
        assert problem(response) == (400, "validation_error", "reason")
        assert snapshot() == before


class TestMessages:
    @pytest.fixture
    def path(self, matched):
        return f"{BASE}/conversations/{matched[1].pk}"

    def say(self, client, path, *bodies):
        for body in bodies:
            assert client.post(f"{path}/messages", {"body": body}).status_code == 201

    def conversation(self, client, path):
        return client.get(path).json()

    def test_are_in_order_and_readable_by_both(self, api, asha, bala, path, matched):
        response = api(asha).post(f"{path}/messages", {"body": "Hello"})
        assert response.status_code == 201
        message = response.json()
        keys = ["id", "conversation_id", "sender_id", "body", "kind", "visit", "read_at", "created_at"]
        assert list(message) == keys
        expected = {
            "conversation_id": matched[1].pk,
            "sender_id": asha.pk,
            "body": "Hello",
            "kind": "text",
            "visit": None,
            "read_at": None,
        }
        assert {key: message[key] for key in expected} == expected
        self.say(api(bala), path, "Hi")
        self.say(api(asha), path, "How are you?")
        for user in (asha, bala):
            items = api(user).get(f"{path}/messages").json()["items"]
            assert [item["body"] for item in items] == ["Hello", "Hi", "How are you?"]

    def test_a_page_goes_on_where_the_last_one_ended(self, api, asha, path):
        self.say(api(asha), path, *"abcde")
        first = api(asha).get(f"{path}/messages?limit=3").json()
        rest = api(asha).get(f"{path}/messages", {"limit": 3, "cursor": first["next_cursor"]}).json()
        assert [item["body"] for item in first["items"] + rest["items"]] == list("abcde")
        assert (first["has_more"], rest["has_more"]) == (True, False)

    def test_unread_ones_are_counted_for_who_has_not_written_them(self, api, asha, bala, path):
        self.say(api(asha), path, "One", "Two")
        self.say(api(bala), path, "Three")
        keys = ["id", "status", "peer", "context_property", "last_message_preview", "last_message_at"]
        assert list(self.conversation(api(bala), path)) == [*keys, "unread_count"]
        assert self.conversation(api(bala), path)["unread_count"] == 2
        assert self.conversation(api(asha), path)["unread_count"] == 1
        assert self.conversation(api(bala), path)["last_message_preview"] == "Three"
        response = api(bala).post(f"{path}/read")
        assert (response.status_code, response.json()["unread_count"]) == (200, 0)
        assert self.conversation(api(asha), path)["unread_count"] == 1
        read = {m["body"]: m["read_at"] for m in api(asha).get(f"{path}/messages").json()["items"]}
        assert read["One"] == read["Two"] is not None
        assert read["Three"] is None
        before = list(Message.objects.values_list("pk", "read_at"))
        assert api(bala).post(f"{path}/read", {}).json()["unread_count"] == 0
        assert list(Message.objects.values_list("pk", "read_at")) == before

    def test_conversations_are_listed_by_their_last_message(self, api, asha, bala, chitra, path, matched):
        second = match(asha, chitra)[1]
        ids = lambda: [c["id"] for c in api(asha).get(f"{BASE}/conversations").json()["items"]]  # noqa: E731
        assert ids() == [second.pk, matched[1].pk]
        self.say(api(bala), path, "Hello")
        assert ids() == [matched[1].pk, second.pk]

    def test_an_empty_conversation(self, api, asha, bala, path):
        shown = self.conversation(api(asha), path)
        assert shown["peer"]["id"] == bala.pk
        assert (shown["last_message_preview"], shown["last_message_at"]) == (None, None)
        assert (shown["unread_count"], shown["status"]) == (0, "active")

    def test_long_messages_are_previewed_in_part(self, api, asha, path):
        self.say(api(asha), path, "x" * 4_000)
        assert self.conversation(api(asha), path)["last_message_preview"] == "x" * 100

    def test_a_stranger_finds_nothing_staff_included(self, api, chitra, ops, path, snapshot):
        ops.is_superuser = True
        ops.save()
        before = snapshot()
        for user in (chitra, ops):
            client = api(user)
            answers = [
                client.get(path),
                client.get(f"{path}/messages"),
                client.post(f"{path}/messages", {"nonsense": 1}),
                client.post(f"{path}/read", {"nonsense": 1}),
            ]
            assert {problem(response) for response in answers} == {(404, "not_found")}
            assert client.get(f"{BASE}/conversations").json()["items"] == []
        assert snapshot() == before

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "body"),
            ({"body": ""}, "body"),
            ({"body": " \n"}, "body"),
            ({"body": 7}, "body"),
            ({"body": "x" * 4_001}, "body"),
            ({"body": "x", "kind": "visit_request"}, "kind"),
            ({"body": "x", "visit_id": 1}, "visit_id"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, path, snapshot, body, field):
        before = snapshot()
        assert problem(api(asha).post(f"{path}/messages", body)) == (400, "validation_error", field)
        assert snapshot() == before

    def test_what_is_over_can_be_read_but_not_continued(self, api, asha, bala, path, matched, snapshot):
        self.say(api(asha), path, "Hello")
        services.unmatch(match=matched[0], by=bala)
        before = snapshot()
        for user in (asha, bala):
            refused = api(user).post(f"{path}/messages", {"body": "Hello?"})
            assert problem(refused) == (409, "no_active_match")
            assert len(api(user).get(f"{path}/messages").json()["items"]) == 1
            assert self.conversation(api(user), path)["status"] == "closed"
        assert snapshot() == before


class TestBlocks:
    def test_blocking_ends_everything_and_only_the_blocker_is_told(self, api, asha, bala, matched):
        response = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        assert response.status_code == 201
        assert list(response.json()) == ["blocked_user_id", "created_at"]
        assert response.json()["blocked_user_id"] == bala.pk
        seen = {
            user: (
                api(user).get(f"{BASE}/conversations/{matched[1].pk}").json()["status"],
                api(user).post(f"{BASE}/matches/{matched[0].pk}/unmatch").json()["status"],
            )
            for user in (asha, bala)
        }
        assert seen == {asha: ("blocked", "blocked"), bala: ("closed", "unmatched")}
        for user in (asha, bala):
            assert api(user).get(f"{BASE}/matches").json()["items"] == []
            refused = api(user).post(f"{BASE}/conversations/{matched[1].pk}/messages", {"body": "x"})
            assert problem(refused) == (409, "no_active_match")

    def test_the_same_again_changes_nothing(self, api, asha, bala, snapshot):
        first = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        before = snapshot()
        again = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        assert (again.status_code, again.json()) == (200, first.json())
        assert snapshot() == before

    def test_unblocking_revives_nothing(self, api, asha, bala, matched):
        services.block(by=asha, blocked_user_id=bala.pk)
        assert api(asha).delete(f"{BASE}/blocks/{bala.pk}").status_code == 204
        made, conversation = matched
        made.refresh_from_db()
        conversation.refresh_from_db()
        assert (made.status, conversation.status) == ("unmatched", "closed")
        assert not Swipe.objects.exists()
        assert swipe(api(asha), bala).json() == NO_MATCH
        assert swipe(api(bala), asha).json()["did_match"] is True

    def test_each_lifts_his_own_block_only(self, api, asha, bala, matched, snapshot):
        services.block(by=asha, blocked_user_id=bala.pk)
        before = snapshot()
        assert problem(api(bala).delete(f"{BASE}/blocks/{asha.pk}")) == (404, "not_found")
        assert snapshot() == before
        services.block(by=bala, blocked_user_id=asha.pk)
        services.unblock(by=asha, blocked_user_id=bala.pk)
        assert UserMatch.objects.get().status == "blocked"
        assert problem(swipe(api(asha), bala)) == (400, "validation_error", "target_user_id")

    @pytest.mark.parametrize("user_id", [0, 2**62, 2**63, 10**18])
    def test_lifting_no_block(self, api, asha, snapshot, user_id):
        before = snapshot()
        assert problem(api(asha).delete(f"{BASE}/blocks/{user_id}/")) == (404, "not_found")
        assert snapshot() == before

    @pytest.mark.parametrize("blocked", [None, 0, 2**62, "x", "asha"])
    def test_bad_input_names_the_field(self, api, asha, snapshot, blocked):
        before = snapshot()
        body = {"blocked_user_id": asha.pk if blocked == "asha" else blocked}
        response = api(asha).post(f"{BASE}/blocks", body)
        assert problem(response) == (400, "validation_error", "blocked_user_id")
        assert snapshot() == before


@pytest.mark.parametrize("path", ["matches", "likes", "conversations"])
def test_ten_more_rows_need_no_more_queries(api, asha, path):
    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = api(asha).get(f"{BASE}/{path}?limit=100").json()["items"]
        return len(found), len(queries)

    def more(n):
        for person in PersonFactory.create_batch(n):
            home = ListingFactory(owner=person)
            if path == "likes":
                like(person, asha, home)
            else:
                _, conversation = match(asha, person, home)
                services.send_message(conversation=conversation, by=person, body="Hello")

    more(2)
    rows, queries = count()
    more(10)
    assert count() == (rows + 10, queries)


def test_no_payload_holds_anothers_phone_or_email(api, asha, bala, matched):
    bala.phone = "+919812345678"
    bala.save()
    services.send_message(conversation=matched[1], by=bala, body="Hello")
    like(PersonFactory(phone="+919812345679"), asha)
    for path in ("matches", "likes", "conversations", f"conversations/{matched[1].pk}/messages"):
        text = api(asha).get(f"{BASE}/{path}").content.decode()
        assert '"items":[{' in text
        assert "example.com" not in text
        assert "+9198" not in text
