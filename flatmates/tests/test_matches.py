"""Matches over HTTP, and what holds for all lists of flatmates."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flatmates import services
from flatmates.tests.factories import like, match
from flatmates.tests.requests import BASE, NO_MATCH, swipe
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import problem, problem_fields
from properties.models import Property
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db


class TestMatches:
    def test_each_of_the_two_sees_the_other(self, api, asha, bala, chitra):
        home = PropertyFactory(title="Sea view")
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

    def test_only_its_owner_sees_a_withdrawn_context(self, api, asha, bala):
        match(asha, bala, PropertyFactory(owner=bala))
        Property.objects.update(status="withdrawn")
        for path in ("matches", "conversations"):
            assert api(asha).get(f"{BASE}/{path}").json()["items"][0]["context_property"] is None
            assert api(bala).get(f"{BASE}/{path}").json()["items"][0]["context_property"] is not None

    def test_an_unmatch_ends_match_and_conversation_for_both(self, api, asha, bala, matched, snapshot):
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

    def test_after_an_unmatch_both_must_like_again(self, api, asha, bala, matched):
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

    def test_others_cannot_find_a_match_staff_included(self, api, chitra, ops, matched, snapshot):
        before = snapshot()
        for user in (chitra, ops):
            response = api(user).post(f"{BASE}/matches/{matched[0].pk}/unmatch", {"nonsense": 1})
            assert problem(response) == (404, "not_found")
        assert snapshot() == before

    def test_an_unmatch_takes_no_fields(self, api, asha, matched, snapshot):
        before = snapshot()
        response = api(asha).post(f"{BASE}/matches/{matched[0].pk}/unmatch", {"reason": "x"})
        assert problem_fields(response) == (400, "validation_error", ["reason"])
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
        for person in UserFactory.create_batch(n):
            home = PropertyFactory(owner=person)
            if path == "likes":
                like(person, asha, home)
            else:
                _, conversation = match(asha, person, home)
                services.send_message(conversation=conversation, by=person, body="Hello")

    more(2)
    rows, queries = count()
    more(10)
    assert count() == (rows + 10, queries)


def test_no_response_contains_the_phone_or_email_of_another_user(api, asha, bala, matched):
    bala.phone = "+919812345678"
    bala.save()
    services.send_message(conversation=matched[1], by=bala, body="Hello")
    like(UserFactory(phone="+919812345679"), asha)
    for path in ("matches", "likes", "conversations", f"conversations/{matched[1].pk}/messages"):
        text = api(asha).get(f"{BASE}/{path}").content.decode()
        assert '"items":[{' in text
        assert "example.com" not in text
        assert "+9198" not in text
