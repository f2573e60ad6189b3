"""The renewal of access: repeats within the grace, and replays after it."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client as Django
from django_mcpz.oauth import views
from django_mcpz.oauth.models import AccessToken, Client, RefreshToken

from ghar import clock
from ghar.accounts import services
from ghar.mcp.models import Grant, Rotation
from ghar.mcp.tests.assistant import HOST, Assistant
from ghar.testing import somebody_waits_for_a_lock
from ghar.transactions import LOCK_TIMEOUT, TransactionContention
from visits.tests.threads import run_concurrently

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def granted(asha):
    """The value of a refresh token that Asha's assistant holds."""
    assistant = Assistant(asha)
    access = AccessToken.objects.get(user=asha)
    access.refresh_token.delete()
    about = {"client": access.client, "user": asha, "code": access.code, "resource": access.resource}
    return RefreshToken.create(lifetime=timedelta(days=30), access_token=access, **about)[1], assistant


def renew(refresh_token, **changes):
    body = {"grant_type": "refresh_token", "client_id": "some-assistant", "refresh_token": refresh_token}
    return Django().post("/token", body | changes)


def pair(response):
    assert response.status_code == 200, response.content
    return response.json()["access_token"], response.json()["refresh_token"]


def in_own_connection(call):
    try:
        return call()
    finally:
        connection.close()


def opens(user, access):
    return Assistant(user, token=access).post(LIST).status_code == 200


def refused(response):
    assert response["Cache-Control"] == "no-store"
    return response.status_code, response.json()["error"], response.json()["error_description"]


REPLAYED = (400, "invalid_grant", "Refresh token already used.")
ENDED = (400, "invalid_grant", "Refresh token expired or revoked.")
ENDS = pytest.mark.parametrize(
    "end",
    [
        lambda user, value: services.log_out_everywhere(by=user),
        lambda user, value: Grant.objects.get(user=user).revoke_family(),
        lambda user, value: Django().post("/revoke", {"client_id": "some-assistant", "token": value}),
    ],
    ids=["logged out everywhere", "revoked by staff", "disconnected"],
)


@pytest.mark.django_db
class TestGrace:
    def test_a_repeat_gets_a_pair_of_its_own_and_all_pairs_live_on(self, asha, granted):
        value, first = granted
        pairs = [pair(renew(value)) for _ in range(3)]
        assert len({*pairs}) == 3
        assert first.tools()
        for access, refresh in pairs:
            assert opens(asha, access)
            newer, newest = pair(renew(refresh))
            assert opens(asha, newer)
            pair(renew(newest))
            assert opens(asha, access)

    @pytest.mark.parametrize(("seconds", "status"), [(59, 200), (60, 400), (86_400, 400)])
    def test_it_ends_after_its_time(self, asha, granted, seconds, status):
        value, first = granted
        access, refresh = pair(renew(value))
        with clock.frozen_at(clock.now() + timedelta(seconds=seconds)):
            again = renew(value)
        assert again.status_code == status
        if status == 400:
            assert refused(again) == REPLAYED
            assert refused(renew(refresh)) == ENDED
            assert (opens(asha, access), first.post(LIST).status_code) == (False, 401)

    def test_it_does_not_begin_anew_with_a_repeat(self, granted):
        value, _ = granted
        began = clock.now()
        pair(renew(value))
        with clock.frozen_at(began + timedelta(seconds=50)):
            pair(renew(value))
        with clock.frozen_at(began + timedelta(seconds=70)):
            assert refused(renew(value)) == REPLAYED

    def test_it_ends_when_any_of_the_new_tokens_has_been_used(self, asha, granted):
        value, _ = granted
        _, one = pair(renew(value))
        access, other = pair(renew(value))
        newest, _ = pair(renew(other))
        assert refused(renew(value)) == REPLAYED
        assert [refused(renew(each)) for each in (one, other)] == [ENDED, ENDED]
        assert not any(opens(asha, each) for each in (access, newest))
        assert not RefreshToken.objects.filter(user=asha, revoked_at=None).exists()

    def test_a_renewal_elsewhere_in_the_grant_does_not_end_it(self, granted):
        value, _ = granted
        _, one = pair(renew(value))
        _, other = pair(renew(value))
        pair(renew(one))
        pair(renew(pair(renew(other))[1]))
        pair(renew(one))

    def test_its_length_is_a_setting_and_zero_turns_it_off(self, granted, settings):
        settings.MCP_REFRESH_GRACE = timedelta(0)
        value, _ = granted
        pair(renew(value))
        assert refused(renew(value)) == REPLAYED

    def test_it_gives_nothing_to_others(self, asha, ops, granted):
        value, _ = granted
        access, _ = pair(renew(value))
        Client.objects.create(client_id="another", kind=Client.Kind.REGISTERED, redirect_uris=["x:/"])
        before = AccessToken.objects.count()
        assert refused(renew(value, client_id="another"))[1] == "invalid_grant"
        assert refused(renew(value, client_id="unknown"))[0] == 401
        assert refused(renew(value, resource=f"{HOST}/mcp-admin"))[1] == "invalid_target"
        assert refused(renew(""))[1] == "invalid_grant"
        assert AccessToken.objects.count() == before
        assert opens(asha, access)
        services.deactivate(user=asha, by=ops)
        assert renew(value).status_code == 400
        assert AccessToken.objects.count() == before

    @ENDS
    def test_ended_access_cannot_be_renewed_within_it(self, asha, granted, end):
        value, _ = granted
        pairs = [pair(renew(value)) for _ in range(2)]
        end(asha, pairs[0][1])
        assert [refused(renew(each)) for each in (value, pairs[0][1], pairs[1][1])] == [ENDED] * 3
        assert not any(opens(asha, access) for access, _ in pairs)

    def test_the_daily_job_deletes_the_traces_of_renewals(self, asha, granted):
        value, _ = granted
        pair(renew(pair(renew(value))[1]))
        assert Rotation.objects.count() == 2
        services.log_out_everywhere(by=asha)
        call_command("mcpz", "oauth", "clear")
        assert (Rotation.objects.count(), RefreshToken.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_renewals_at_once_all_succeed_and_can_all_be_renewed(self, asha, granted):
        value, first = granted
        pairs = [pair(answer) for answer in run_concurrently([lambda: renew(value)] * 8)]
        assert len({*pairs}) == 8
        # Each process renews its own token, and a second time, all at once.
        twice = [refresh for _, refresh in pairs] * 2
        newer = [pair(answer) for answer in run_concurrently([lambda r=r: renew(r) for r in twice])]
        assert len({*newer}) == 16
        assert all(opens(asha, access) for access, _ in [*pairs, *newer])
        assert [renew(refresh).status_code for _, refresh in newer] == [200] * 16
        assert first.tools()

    @ENDS
    def test_no_pair_outlives_the_end_of_access(self, asha, granted, monkeypatch, end):
        value, _ = granted
        issue_tokens, issued, ending = views.issue_tokens, [], []

        def issue_while_access_ends(*arguments):
            response = issue_tokens(*arguments)
            issued.append(response)
            ending.append(pool.submit(in_own_connection, lambda: end(asha, value)))
            while not ending[0].done() and not somebody_waits_for_a_lock():
                time.sleep(0.01)
            return response

        monkeypatch.setattr(views, "issue_tokens", issue_while_access_ends)
        with ThreadPoolExecutor(1) as pool:
            pair(renew(value))
            ending[0].result(timeout=30)
        assert not opens(asha, json.loads(issued[0].content)["access_token"])
        assert not RefreshToken.objects.filter(user=asha, revoked_at=None).exists()


@pytest.mark.django_db
def test_a_renewal_that_waits_too_long_is_asked_to_come_again(granted, monkeypatch):
    def wait_in_vain(*arguments):
        raise TransactionContention(f"Waited {LOCK_TIMEOUT}.")

    value, _ = granted
    monkeypatch.setattr("ghar.mcp.refreshing.lock_grants", wait_in_vain)
    answer = renew(value)
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.json()["error"] == "temporarily_unavailable"
    monkeypatch.undo()
    pair(renew(value))
