"""Conversations and messages over HTTP."""

import pytest

from flatmates import services
from flatmates.models import Message
from flatmates.tests.factories import match
from flatmates.tests.requests import BASE
from ghar.tests.responses import problem, problem_fields

pytestmark = pytest.mark.django_db


class TestMessages:
    @pytest.fixture
    def path(self, matched):
        return f"{BASE}/conversations/{matched[1].pk}"

    def say(self, client, path, *bodies):
        for body in bodies:
            assert client.post(f"{path}/messages", {"body": body}).status_code == 201

    def conversation(self, client, path):
        return client.get(path).json()

    def test_both_read_the_messages_in_order(self, api, asha, bala, path, matched):
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

    def test_a_page_continues_after_the_last_one(self, api, asha, path):
        self.say(api(asha), path, *"abcde")
        first = api(asha).get(f"{path}/messages?limit=3").json()
        rest = api(asha).get(f"{path}/messages", {"limit": 3, "cursor": first["next_cursor"]}).json()
        assert [item["body"] for item in first["items"] + rest["items"]] == list("abcde")
        assert (first["has_more"], rest["has_more"]) == (True, False)

    def test_unread_messages_count_for_the_recipient_until_they_are_read(self, api, asha, bala, path):
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

    def test_a_conversation_without_messages_has_no_preview(self, api, asha, bala, path):
        shown = self.conversation(api(asha), path)
        assert shown["peer"]["id"] == bala.pk
        assert (shown["last_message_preview"], shown["last_message_at"]) == (None, None)
        assert (shown["unread_count"], shown["status"]) == (0, "active")

    def test_the_preview_of_a_long_message_is_cut(self, api, asha, path):
        self.say(api(asha), path, "x" * 4_000)
        assert self.conversation(api(asha), path)["last_message_preview"] == "x" * 100

    def test_others_cannot_find_a_conversation_staff_included(self, api, chitra, ops, path, snapshot):
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
        assert problem_fields(api(asha).post(f"{path}/messages", body)) == (400, "validation_error", [field])
        assert snapshot() == before

    def test_an_ended_conversation_can_be_read_but_not_continued(
        self, api, asha, bala, path, matched, snapshot
    ):
        self.say(api(asha), path, "Hello")
        services.unmatch(match=matched[0], by=bala)
        before = snapshot()
        for user in (asha, bala):
            refused = api(user).post(f"{path}/messages", {"body": "Hello?"})
            assert problem(refused) == (409, "no_active_match")
            assert len(api(user).get(f"{path}/messages").json()["items"]) == 1
            assert self.conversation(api(user), path)["status"] == "closed"
        assert snapshot() == before
