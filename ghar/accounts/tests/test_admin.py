import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from ghar.accounts import services
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import PASSWORD, messages_of

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_user_changelist")
ADD = reverse("admin:accounts_user_add")


@pytest.fixture
def root():
    return UserFactory(full_name="Root", email="root@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def page(root):
    return logged_in(root)


def logged_in(user):
    client = Client()
    client.force_login(user)
    return client


def change_url(user):
    return reverse("admin:accounts_user_change", args=[user.pk])


def act(page, action, *users):
    return page.post(LIST, {"action": action, "_selected_action": [u.pk for u in users]}, follow=True)


@pytest.mark.parametrize("identifier", ["root@example.com", "ROOT@example.com", "98123 45678"])
def test_staff_log_in_by_email_or_phone(root, identifier):
    root.phone = "+919812345678"
    root.set_password(PASSWORD)
    root.save()
    url = reverse("admin:login")

    assert "Email or phone" in Client().get(url).content.decode()
    assert Client().post(url, {"username": identifier, "password": "wrong"}).status_code == 200
    assert Client().post(url, {"username": identifier, "password": PASSWORD}).status_code == 302


def test_users_who_are_not_staff_are_redirected(asha):
    asha.is_superuser = True
    asha.save()

    assert logged_in(asha).get(LIST).status_code == 302


@pytest.mark.parametrize("query", ["asha", "ASHA@example", "98123"])
def test_users_are_found_by_name_email_and_phone(page, asha, bala, query):
    asha.phone = "+919812345678"
    asha.save()

    found = page.get(LIST, {"q": query}).context["cl"].queryset

    assert list(found) == [asha]


def test_a_user_is_created_with_a_password(page):
    response = page.post(
        ADD,
        {
            "full_name": "Chitra Sen",
            "phone": "98123 45678",
            "email": "",
            "usable_password": "true",
            "password1": PASSWORD,
            "password2": PASSWORD,
        },
    )

    user = User.objects.get(full_name="Chitra Sen")
    assert (response.status_code, response.url) == (302, change_url(user))
    assert (user.phone, user.email, user.is_staff) == ("+919812345678", None, False)
    assert services.log_in(identifier="9812345678", password=PASSWORD).user == user


@pytest.mark.parametrize(
    "given", [{}, {"phone": "12"}, {"email": "junk"}, {"email": "ASHA@example.com"}, {"password2": "other"}]
)
def test_a_new_user_needs_an_unused_email_or_phone_and_a_password(page, asha, given):
    form = {"full_name": "C", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}

    response = page.post(ADD, {**form, **given})

    assert response.status_code == 200
    assert response.context["errors"]
    assert not User.objects.filter(full_name="C").exists()


def test_the_form_does_not_deactivate_a_user(page, asha):
    form = {
        "full_name": "Asha R.",
        "email": "ASHA.R@example.com",
        "phone": "",
        "preferred_languages": "hi,mr",
    }

    response = page.post(change_url(asha), {**form, "is_active": ""})

    asha.refresh_from_db()
    assert response.status_code == 302
    assert (asha.full_name, asha.email, asha.phone) == ("Asha R.", "asha.r@example.com", None)
    assert (asha.is_active, asha.preferred_languages) == (True, ["hi", "mr"])
    assert asha.check_password(PASSWORD)


def test_a_password_set_by_staff_ends_all_devices(page, asha):
    AuthToken.objects.create(asha)
    url = reverse("admin:auth_user_password_change", args=[asha.pk])
    new = {"password1": "quite another one", "password2": "quite another one", "set-password": "1"}

    response = page.post(url, {**new, "usable_password": "true"})

    assert response.status_code == 302
    assert not AuthToken.objects.exists()
    assert services.log_in(identifier="asha@example.com", password="quite another one").user == asha


def test_changing_ones_own_password_ends_all_devices(page, root):
    root.set_password(PASSWORD)
    root.save()
    page.force_login(root)
    AuthToken.objects.create(root)
    url = reverse("admin:password_change")
    assert page.get(url).context["site_header"] == "Ghar visits"
    new = {"new_password1": "quite another one", "new_password2": "quite another one"}

    refused = page.post(url, {**new, "old_password": "wrong"})
    assert refused.context["form"].errors.keys() == {"old_password"}
    assert AuthToken.objects.exists()

    response = page.post(url, {**new, "old_password": PASSWORD})
    assert response.url == reverse("admin:password_change_done")
    assert not AuthToken.objects.exists()
    assert page.get(response.url).status_code == 200  # this browser stays logged in
    root.refresh_from_db()
    assert root.check_password("quite another one")


def test_users_are_not_deleted(page, asha):
    assert (
        page.post(reverse("admin:accounts_user_delete", args=[asha.pk]), {"post": "yes"}).status_code == 403
    )
    act(page, "delete_selected", asha)

    assert User.objects.filter(pk=asha.pk).exists()


def test_users_are_deactivated_and_reactivated_one_by_one(page, root, asha, bala):
    AuthToken.objects.create(asha)

    answer = act(page, "deactivate", asha, bala, root)

    assert messages_of(answer) == [
        "Root: You can't deactivate yourself. Ask a colleague.",
        "Deactivated: 2.",
    ]
    assert set(User.objects.filter(is_active=True)) == {root}
    assert not AuthToken.objects.exists()
    assert LogEntry.objects.filter(change_message="Deactivated").count() == 2
    assert messages_of(act(page, "reactivate", asha)) == ["Reactivated: 1."]
    assert set(User.objects.filter(is_active=True)) == {root, asha}


def test_only_superusers_give_permissions_or_change_users_who_have_some(ops, root, asha):
    page = logged_in(ops)
    form = {
        "full_name": "Asha",
        "email": "asha@example.com",
        "phone": "",
        "is_superuser": "1",
        "is_staff": "1",
    }

    allowed = page.post(change_url(asha), {**form, "user_permissions": [Permission.objects.first().pk]})
    refused = [page.post(change_url(user), form).status_code for user in (root, ops)]
    reset = page.get(reverse("admin:auth_user_password_change", args=[root.pk]))
    answer = act(page, "deactivate", root)

    asha.refresh_from_db()
    assert allowed.status_code == 302
    assert (asha.full_name, asha.is_staff, asha.is_superuser) == ("Asha", False, False)
    assert not asha.user_permissions.exists()
    assert refused == [403, 403]
    assert reset.status_code == 403
    assert "Root: Only superusers can do this to staff." in messages_of(answer)
    assert User.objects.get(pk=root.pk).is_active


def test_users_who_may_only_view_change_nothing(asha, bala):
    bala.is_staff = True
    bala.save()
    bala.user_permissions.add(Permission.objects.get(codename="view_user"))
    page = logged_in(bala)

    assert page.get(change_url(asha)).status_code == 200
    assert page.post(change_url(asha), {"full_name": "X"}).status_code == 403
    act(page, "deactivate", asha)
    assert User.objects.get(pk=asha.pk).is_active
