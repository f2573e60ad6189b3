"""Blocks over HTTP."""

import pytest

from flatmates import services
from flatmates.models import Swipe, UserMatch
from flatmates.tests.requests import BASE, NO_MATCH, swipe
from ghar.tests.responses import problem, problem_fields

pytestmark = pytest.mark.django_db


class TestBlocks:
    def test_a_block_ends_match_and_conversation_and_only_the_blocker_sees_why(
        self, api, asha, bala, matched
    ):
        response = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        assert response.status_code == 201
        assert list(response.json()) == ["blocked_user_id", "peer", "created_at"]
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

    def test_the_same_block_again_changes_nothing(self, api, asha, bala, snapshot):
        first = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        before = snapshot()
        again = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk})
        assert (again.status_code, again.json()) == (200, first.json())
        assert snapshot() == before

    def test_an_unblock_does_not_restore_the_match(self, api, asha, bala, matched):
        services.block(by=asha, blocked_user_id=bala.pk)
        assert api(asha).delete(f"{BASE}/blocks/{bala.pk}").status_code == 204
        made, conversation = matched
        made.refresh_from_db()
        conversation.refresh_from_db()
        assert (made.status, conversation.status) == ("unmatched", "closed")
        assert not Swipe.objects.exists()
        assert swipe(api(asha), bala).json() == NO_MATCH
        assert swipe(api(bala), asha).json()["did_match"] is True

    def test_users_can_lift_only_their_own_block(self, api, asha, bala, matched, snapshot):
        services.block(by=asha, blocked_user_id=bala.pk)
        before = snapshot()
        assert problem(api(bala).delete(f"{BASE}/blocks/{asha.pk}")) == (404, "not_found")
        assert snapshot() == before
        services.block(by=bala, blocked_user_id=asha.pk)
        services.unblock(by=asha, blocked_user_id=bala.pk)
        assert UserMatch.objects.get().status == "blocked"
        assert swipe(api(asha), bala).json()["did_match"] is False

    @pytest.mark.parametrize("user_id", [0, 2**62, 2**63, 10**18])
    def test_lifting_a_block_that_is_not_there_is_an_error(self, api, asha, snapshot, user_id):
        before = snapshot()
        assert problem(api(asha).delete(f"{BASE}/blocks/{user_id}/")) == (404, "not_found")
        assert snapshot() == before

    @pytest.mark.parametrize("blocked", [None, 0, 2**62, "x", "asha"])
    def test_bad_input_names_the_field(self, api, asha, snapshot, blocked):
        before = snapshot()
        body = {"blocked_user_id": asha.pk if blocked == "asha" else blocked}
        response = api(asha).post(f"{BASE}/blocks", body)
        assert problem_fields(response) == (400, "validation_error", ["blocked_user_id"])
        assert snapshot() == before

    def test_people_list_whom_they_block_and_nobody_else_does(self, api, asha, bala, ops):
        first = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": ops.pk}).json()
        second = api(asha).post(f"{BASE}/blocks", {"blocked_user_id": bala.pk}).json()
        assert api(asha).get(f"{BASE}/blocks").json()["items"] == [second, first]
        assert second["peer"] == {"id": bala.pk, "full_name": bala.full_name, "profile_image_url": ""}
        assert api(bala).get(f"{BASE}/blocks?page=1").json()["blocks"] == []
