import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken
from rest_framework.test import APIClient

from ghar.accounts import services
from ghar.accounts.identifiers import lookup, normalise
from ghar.accounts.models import User
from ghar.accounts.signals import user_deactivated
from ghar.errors import DomainError, Invalid
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def listen():
    """`listen(f)` lets f(user, by) be called at each deactivation, until the test ends."""
    receivers = []

    def connect(act):
        def receive(sender, user, by, **kwargs):
            act(user, by)

        user_deactivated.connect(receive)
        receivers.append(receive)

    yield connect
    for receive in receivers:
        user_deactivated.disconnect(receive)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("asha@example.com", ("email", "asha@example.com")),
        ("  ASHA@Example.COM\n", ("email", "asha@example.com")),
        ("+91 98123-45678", ("phone", "+919812345678")),
        ("9812345678", ("phone", "+919812345678")),
        ("+1 415 555 2671", ("phone", "+14155552671")),
        ("a@", ("email", "")),
        ("ASHA@ÇA.fr", ("email", "")),
        ("x" * 300 + "@example.com", ("email", "")),
        ("", ("phone", "")),
        ("junk", ("phone", "")),
        ("12", ("phone", "")),
        ("\0", ("phone", "")),
        ("\ud800", ("phone", "")),
        ("9" * 100_000, ("phone", "")),
    ],
)
def test_an_identifier_is_normalised_or_finds_nobody(typed, normal):
    assert normalise(typed) == normal
    assert lookup(typed) == ({normal[0]: normal[1]} if normal[1] else {"pk": None})


def test_deactivation_ends_every_access_at_once_and_is_signalled(asha, ops, listen):
    heard = []
    listen(lambda user, by: heard.append((user, by, user.auth_token_set.count())))
    token = services.log_in(identifier="asha@example.com", password=PASSWORD).token
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    page = Client()
    page.force_login(asha)

    services.deactivate(user=asha, by=ops)

    assert heard == [(asha, ops, 0)]
    assert client.get("/api/v1/users/me").status_code == 401
    assert page.get("/api/v1/users/me").status_code == 401
    assert not AuthToken.objects.exists()
    with pytest.raises(services.WrongCredentials):
        services.log_in(identifier="asha@example.com", password=PASSWORD)


def test_a_second_deactivation_is_not_signalled(asha, ops, listen):
    heard = []
    listen(lambda user, by: heard.append(user))

    services.deactivate(user=asha, by=ops)
    services.deactivate(user=asha, by=ops)

    assert heard == [asha]


def test_an_error_in_a_receiver_undoes_a_deactivation(asha, ops, listen):
    def refuse(user, by):
        raise DomainError("No.")

    listen(refuse)
    services.log_in(identifier="asha@example.com", password=PASSWORD)

    with pytest.raises(DomainError):
        services.deactivate(user=asha, by=ops)

    assert User.objects.get(pk=asha.pk).is_active
    assert AuthToken.objects.filter(user=asha).count() == 1


def test_users_cannot_deactivate_themselves(ops):
    with pytest.raises(Invalid):
        services.deactivate(user=ops, by=ops)

    assert User.objects.get().is_active


def test_a_reactivated_user_logs_in_again(asha, ops):
    services.deactivate(user=asha, by=ops)

    services.reactivate(user=asha, by=ops)

    assert services.log_in(identifier="asha@example.com", password=PASSWORD).user == asha


def test_the_first_superuser_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@Example.com")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    call_command("createsuperuser", "--noinput", verbosity=0)

    root = User.objects.get()
    body = {"identifier": "root@example.com", "password": PASSWORD}
    page = Client()
    answer = page.post("/admin/login/?next=/admin/", {"username": "root@example.com", "password": PASSWORD})
    assert (root.email, root.is_staff, root.is_superuser) == ("root@example.com", True, True)
    assert APIClient().post("/api/v1/auth/login", body).json()["user"]["is_staff"] is True
    assert (answer.status_code, answer.url) == (302, "/admin/")
    assert page.get("/admin/").status_code == 200
    with pytest.raises(CommandError):
        call_command("createsuperuser", "--noinput", verbosity=0)
    assert User.objects.count() == 1
