"""A token that is unknown or has expired, on reads that anybody may make and on all other requests."""

from datetime import timedelta

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from ghar import clock
from ghar.accounts import services
from ghar.testing import PASSWORD
from ghar.tests.responses import problem
from properties.models import Property
from properties.tests.factories import PropertyFactory

pytestmark = pytest.mark.django_db

HEADER = 'Bearer error="invalid_token"'


@pytest.fixture(params=["unknown", "expired", "of a closed account", "impossible"])
def client(request, asha):
    token = services.log_in(identifier=asha.email, password=PASSWORD).token
    match request.param:
        case "unknown":
            token = "0" * len(token)
        case "expired":
            AuthToken.objects.update(expiry=clock.now() - timedelta(minutes=1))
        case "of a closed account":
            asha.is_active = False
            asha.save()
        case "impossible":
            token = "~"
    return APIClient(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("path", ["properties", "properties/{id}"])
def test_a_read_that_anybody_may_make_is_answered_as_to_nobody(client, asha, path):
    listing = PropertyFactory(owner=asha)
    PropertyFactory(owner=asha, status=Property.Status.WITHDRAWN)
    url = f"/api/v1/{path.format(id=listing.pk)}"

    answer, nobody = client.get(url), APIClient().get(url)

    assert (answer.status_code, answer["WWW-Authenticate"], answer.json()) == (200, HEADER, nobody.json())
    assert "WWW-Authenticate" not in nobody
    assert client.head(url)["WWW-Authenticate"] == HEADER


def test_what_nobody_finds_is_not_found_and_the_token_is_blamed(client, asha):
    own = PropertyFactory(owner=asha, status=Property.Status.WITHDRAWN)

    answer = client.get(f"/api/v1/properties/{own.pk}")

    assert (problem(answer), answer["WWW-Authenticate"]) == ((404, "not_found"), HEADER)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "users/me"), ("GET", "visits"), ("GET", "properties/{id}/slots"), ("POST", "properties")],
)
def test_all_other_requests_are_refused(client, method, path):
    answer = client.generic(method, f"/api/v1/{path.format(id=PropertyFactory().pk)}")

    assert (problem(answer), answer["WWW-Authenticate"]) == ((401, "not_authenticated"), "Bearer")
    assert answer.json()["detail"] == "The token is unknown or has expired. Log in again."
