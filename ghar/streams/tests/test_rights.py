"""The rights of all open streams are looked up at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from ghar import clock
from ghar.accounts import services as account_services
from ghar.events import STAFF_CHANNEL, user_channel
from ghar.streams.rights import SESSION_PREFIX, TOKEN_PREFIX, channels_by_credential
from ghar.testing import PASSWORD, create_user

pytestmark = pytest.mark.django_db


def session_of(user):
    client = Client()
    client.force_login(user)
    return f"{SESSION_PREFIX}{client.cookies['sessionid'].value}"


def token_of(user):
    return f"{TOKEN_PREFIX}{AuthToken.objects.create(user)[0].digest}"


@pytest.fixture
def clerk(db):
    """`clerk(name)` is a member of staff whose group may view visits."""
    group = Group.objects.create(name="Lookers")
    group.permissions.add(Permission.objects.get(codename="view_visit"))

    def hire(name):
        user = create_user(name, is_staff=True)
        user.groups.add(group)
        return user

    return hire


def test_the_number_of_queries_does_not_depend_on_the_number_of_streams(clerk):
    def queries_for(people):
        credentials = [make(user) for user in people for make in (session_of, token_of)]
        with CaptureQueriesContext(connection) as queries:
            rights = channels_by_credential(credentials)
        assert set(rights) == set(credentials)
        return len(queries)

    few = queries_for([clerk("One")])
    assert queries_for([clerk(f"Clerk{number}") for number in range(5)]) == few == 4


def test_users_hear_their_channel_and_permitted_staff_the_staff_channel(clerk, asha, ops):
    root = create_user("Root", is_staff=True, is_superuser=True)
    permitted, curious = clerk("Permitted"), create_user("Curious", is_staff=True)
    former = clerk("Former")
    former.is_staff = False
    former.save()
    people = [permitted, ops, root, curious, former, asha]
    credentials = {make(user): user for user in people for make in (session_of, token_of)}
    staff = {permitted.pk, ops.pk, root.pk}
    assert channels_by_credential(credentials) == {
        name: frozenset({user_channel(user.pk)} | ({STAFF_CHANNEL} if user.pk in staff else set()))
        for name, user in credentials.items()
    }


def test_an_expired_token_gives_no_right(asha):
    running, token = token_of(asha), token_of(asha)
    digest = token.removeprefix(TOKEN_PREFIX)
    AuthToken.objects.filter(digest=digest).update(expiry=clock.now() - timedelta(seconds=1))
    assert set(channels_by_credential([running, token])) == {running}


def test_log_ins_that_have_ended_give_no_rights(asha, bala, settings):
    old = session_of(asha)
    account_services.change_password(by=asha, current=PASSWORD, new=f"{PASSWORD} more")
    expired = session_of(asha)
    Session.objects.filter(session_key=expired.removeprefix(SESSION_PREFIX)).update(expire_date=clock.now())
    closed = [session_of(bala), token_of(bala)]
    bala.is_active = False
    bala.save()
    good, garbled = session_of(asha), session_of(asha)
    Session.objects.filter(session_key=garbled.removeprefix(SESSION_PREFIX)).update(session_data="x")
    anybody = [old, expired, *closed, garbled, f"{SESSION_PREFIX}None", f"{TOKEN_PREFIX}x", "", good]
    assert channels_by_credential(anybody) == {good: frozenset({user_channel(asha.pk)})}
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    assert channels_by_credential([good]) == {}
