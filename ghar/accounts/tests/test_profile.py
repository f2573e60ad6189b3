import pytest

from agents.models import Agent
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ME = "/api/v1/users/me"


def test_users_see_their_own_profile(api, asha):
    Agent.objects.create(name="Asha", user=asha)

    assert api(asha).get(f"{ME}/").json() == {
        "id": asha.pk,
        "full_name": "Asha Rao",
        "phone": None,
        "email": "asha@example.com",
        "profile_image_url": "",
        "preferred_languages": [],
        "is_staff": False,
        "role": "agent",
        "agent_id": asha.agent.pk,
        "created_at": asha.created_at.isoformat().replace("+00:00", "Z"),
    }


def test_the_profile_requires_a_login(api):
    assert api().get(ME).status_code == 401
    assert api().patch(ME, {"full_name": "X"}).status_code == 401


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"full_name": " Asha R. Rao "}, {"full_name": "Asha R. Rao"}),
        ({"email": "Asha.Rao@Example.com"}, {"email": "asha.rao@example.com"}),
        ({"phone": "98123 45678", "email": None}, {"phone": "+919812345678", "email": None}),
        ({"phone": "98123 45678", "email": ""}, {"phone": "+919812345678", "email": None}),
        (
            {"profile_image_url": "https://example.com/a.jpg"},
            {"profile_image_url": "https://example.com/a.jpg"},
        ),
        ({"profile_image_url": ""}, {"profile_image_url": ""}),
        ({"preferred_languages": ["HI", "Marathi"]}, {"preferred_languages": ["hi", "mr"]}),
        ({}, {}),
    ],
)
def test_a_patch_changes_the_fields_it_names(api, asha, change, kept):
    before = api(asha).get(ME).json()

    response = api(asha).patch(ME, change)

    assert response.status_code == 200
    assert response.json() == {**before, **kept}
    assert api(User.objects.get()).get(ME).json() == {**before, **kept}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": 1}, "id"),
        ({"is_staff": True}, "is_staff"),
        ({"agent_id": 1}, "agent_id"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"password": "quite another one"}, "password"),
        ({"is_superuser": True}, "is_superuser"),
        ({"colour": "blue"}, "colour"),
        ({"full_name": ""}, "full_name"),
        ({"full_name": None}, "full_name"),
        ({"full_name": ["x"]}, "full_name"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": "bala@example.com"}, "email"),
        ({"phone": "+919800000000"}, "phone"),
        ({"phone": "0"}, "phone"),
        ({"profile_image_url": "ftp://example.com/a.jpg"}, "profile_image_url"),
        ({"profile_image_url": "javascript:alert(1)"}, "profile_image_url"),
        ({"profile_image_url": "https://example.com/" + "x" * 500}, "profile_image_url"),
        ({"preferred_languages": "hi"}, "preferred_languages"),
        ({"preferred_languages": ["klingon"]}, "preferred_languages.0"),
        ({"preferred_languages": ["hi", None]}, "preferred_languages.1"),
        ({"preferred_languages": ["en"] * 11}, "preferred_languages"),
    ],
)
def test_a_bad_field_is_named_and_nothing_changes(api, asha, bala, change, field):
    UserFactory(phone="+919800000000")
    before = User.objects.filter(pk=asha.pk).values().get()

    response = api(asha).patch(ME, {"full_name": "Changed", **change})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_error"
    assert field in response.json()["errors"]
    assert User.objects.filter(pk=asha.pk).values().get() == before


@pytest.mark.parametrize("method", ["put", "post", "delete"])
def test_other_methods_are_not_allowed(api, asha, method):
    response = getattr(api(asha), method)(ME, {})

    assert response.status_code == 405
    assert response.json()["code"] == "method_not_allowed"
    assert response["Allow"] == "GET, PATCH, HEAD, OPTIONS"


def test_a_role_is_derived_and_cannot_be_written(api, asha, ops):
    client = api(asha)
    assert (client.get(ME).json()["role"], api(ops).get(ME).json()["role"]) == ("user", "admin")
    agent = Agent.objects.create(name="Asha", user=asha)
    assert client.get(ME).json()["role"] == "agent"
    Agent.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.get(ME).json()["role"] == "user"
    refused = client.patch(ME, {"role": "admin"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["role"])


def test_the_profile_has_a_second_address(api, asha):
    changed = api(asha).patch("/api/v1/users/profile/", {"preferred_languages": ["Tamil"]})
    assert (changed.status_code, changed.json()["preferred_languages"]) == (200, ["ta"])
    assert api(asha).get("/api/v1/users/profile").json() == api(asha).get(ME).json()
