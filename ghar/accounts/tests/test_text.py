"""Names that can be seen, log-ins however they are typed, and passwords in every Unicode form."""

import unicodedata

import pytest
from django.apps import apps
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.migration_operations import CleanTexts
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db

SIGN_UP, LOG_IN, PASSWORD_PATH = (f"/api/v1/auth/{name}" for name in ("signup", "login", "password"))
ADMIN_LOG_IN, LIST = reverse("admin:login"), reverse("admin:accounts_user_changelist")
# As a phone writes it, as a Mac may, with full-width letters, and with the blank of another layout.
SECRET = "Mật khẩu №1 dài\u00a0ﬁn"
FORMS = [unicodedata.normalize(form, SECRET) for form in ("NFC", "NFD", "NFKC", "NFKD")]


def sign_up(**changed):
    body = {"full_name": "Chitra Sen", "email": "chitra@example.com", "password": PASSWORD} | changed
    return APIClient().post(SIGN_UP, body)


def log_in(password, identifier="chitra@example.com"):
    return APIClient().post(LOG_IN, {"identifier": identifier, "password": password}).status_code


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("\u2060\ufeff", "blank"),
        ("\u3164", "letter, digit or emoji"),
        (". .", "letter, digit or emoji"),
        ("\u0304", "letter, digit or emoji"),
        ("Asha\nRao", "one line"),
        ("Asha\u2029Rao", "one line"),
        ("\u202eoaR ahsA", "one line"),
        ("Asha \u2068Rao\u2069", "one line"),
    ],
)
def test_a_name_without_anything_to_see_is_refused(api, asha, name, told):
    for answer in (sign_up(full_name=name), api(asha).patch("/api/v1/users/me", {"full_name": name})):
        assert answer.status_code == 400
        assert told in answer.json()["errors"]["full_name"][0]
    assert [*User.objects.values_list("full_name", flat=True)] == ["Asha Rao"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("\U0001f469\u200d\U0001f680", "\U0001f469\u200d\U0001f680"),
        (" Nguye\u0302\u0303n  Va\u0306n\u200bA ", "Nguy\u1ec5n V\u0103nA"),
        ("\u0936\u094d\u200d\u0930\u0940", "\u0936\u094d\u200d\u0930\u0940"),
        ("7", "7"),
    ],
)
def test_a_name_is_kept_clean(api, name, kept):
    assert sign_up(full_name=name).json()["user"]["full_name"] == kept
    assert User.objects.get().full_name == kept
    with pytest.raises(ValidationError):
        User.objects.create_user(PASSWORD, email="b@example.com", full_name="\u2800")


def test_the_admin_gives_everybody_something_to_click(staff_client):
    User.objects.bulk_create(
        [User(full_name="", email="empty@example.com"), User(full_name="\u3164", email="f@example.com")]
    )
    page = staff_client.get(LIST).content.decode()
    for user in User.objects.filter(is_staff=False):
        assert f">User {user.pk}</a>" in page
        assert str(user) == f"User {user.pk}"


def test_the_admin_refuses_a_name_that_nobody_sees(staff_client):
    form = {"full_name": "\u1160", "email": "x@example.com", "usable_password": "false"}
    page = staff_client.post(reverse("admin:accounts_user_add"), form)
    assert page.context["adminform"].form.errors == {
        "full_name": ["Enter at least one letter, digit or emoji."]
    }


@pytest.mark.parametrize(
    "identifier",
    ["\u200bchitra@example.com", "\u202aCHITRA@example.com\u202c", "chi\xadtra@EXAMPLE.com\u00a0"],
)
def test_what_is_copied_along_with_an_email_does_not_matter(identifier):
    assert sign_up(email=identifier).json()["user"]["email"] == "chitra@example.com"
    assert log_in(PASSWORD, identifier) == 200


@pytest.mark.parametrize("email", ["K\u0131z@example.com", "\uff4bim@example.com", "a@m\u00fcnchen.example"])
def test_an_email_is_ascii_for_python_and_the_database(email):
    assert sign_up(email=email).status_code == 400
    with pytest.raises(ValidationError, match="Enter an email address"):
        User.objects.create_user(PASSWORD, email=email, full_name="Kim")


def test_a_phone_number_may_carry_what_an_address_book_puts_around_it():
    assert sign_up(phone="\u202a+91 98123\u00a045678\u202c").json()["user"]["phone"] == "+919812345678"
    assert log_in(PASSWORD, "\u206898123 45678\u2069") == 200


@pytest.mark.parametrize("set_as", FORMS)
def test_a_password_opens_in_every_form(set_as):
    assert sign_up(password=set_as).status_code == 201
    user = User.objects.get()
    assert check_password(unicodedata.normalize("NFKC", SECRET), user.password)
    user.is_staff = True
    user.save()
    for typed in FORMS:
        assert log_in(typed) == 200
        form = {"username": "chitra@example.com", "password": typed}
        for page in (ADMIN_LOG_IN, reverse("login")):
            assert Client().post(page, form).status_code == 302, page
    assert log_in(SECRET.replace("ậ", "a")) == 401


@pytest.mark.parametrize("typed", FORMS)
def test_a_changed_password_and_one_set_by_staff_open_in_every_form(api, asha, staff_client, typed):
    body = {"current_password": PASSWORD, "new_password": typed}
    assert api(asha).post(PASSWORD_PATH, body).status_code == 204
    assert [log_in(each, "asha@example.com") for each in FORMS] == [200] * 4
    back = {"current_password": FORMS[1], "new_password": PASSWORD}
    asha.refresh_from_db()
    assert api(asha).post(PASSWORD_PATH, back).status_code == 204
    page = reverse("admin:auth_user_password_change", args=[asha.pk])
    form = {"password1": typed, "password2": typed, "usable_password": "true"}
    assert staff_client.post(page, form).status_code == 302
    assert [log_in(each, "asha@example.com") for each in FORMS] == [200] * 4


@pytest.mark.parametrize("hashed", [*FORMS[:2]])
@pytest.mark.parametrize("typed", [*FORMS[:2]])
def test_a_hash_of_before_opens_once_and_is_replaced(asha, hashed, typed):
    User.objects.filter(pk=asha.pk).update(password=make_password(hashed))
    assert log_in(typed, "asha@example.com") == 200
    stored = User.objects.get(pk=asha.pk).password
    assert check_password(unicodedata.normalize("NFKC", SECRET), stored)
    assert log_in(FORMS[3], "asha@example.com") == 200


def test_a_new_password_that_came_meanwhile_is_not_overwritten(asha):
    asha.password = make_password(FORMS[1])
    asha.save()
    stale = User.objects.get(pk=asha.pk)
    asha.set_password("a new one, set elsewhere")
    asha.save()
    assert not stale.check_password(FORMS[1])
    assert User.objects.get(pk=asha.pk).check_password("a new one, set elsewhere")


def test_an_unknown_identifier_is_hashed_as_often_as_a_known_one(asha, monkeypatch):
    hashed = []
    hasher = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
    encode = make_password.__globals__["get_hasher"]().encode.__func__
    monkeypatch.setattr(
        hasher, lambda self, password, salt: hashed.append(password) or encode(self, password, salt)
    )
    counts = []
    for identifier in ("asha@example.com", "nobody@example.com"):
        hashed.clear()
        assert log_in(FORMS[1], identifier) == 401
        counts.append(len(hashed))
    assert counts[0] == counts[1] > 1


def test_rules_of_passwords_count_what_is_kept():
    # Eight code points as they were sent, and four characters.
    assert sign_up(password=unicodedata.normalize("NFD", "éàüö")).status_code == 400
    assert not User.objects.exists()


def test_stored_names_are_cleaned_by_the_migration():
    names = [
        "Jose\u0301  Silva",
        "Plain",
        "\u200b",
        "\U0001f468\u200d\U0001f373",
        "a\nb",
        "\u202eevil",
        "\u0958" * 120,
    ]
    with connection.cursor() as cursor:
        for n, name in enumerate(names):
            user = UserFactory(full_name=f"Person {n}", email=f"p{n}@example.com")
            cursor.execute("UPDATE accounts_user SET full_name = %s WHERE id = %s", [name, user.pk])

    class State:
        pass

    State.apps = apps
    operation = CleanTexts("user", lines=["full_name"])
    operation.BATCH = 2
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("accounts", editor, State, State)
    stored = [*User.objects.order_by("email").values_list("full_name", flat=True)]
    assert stored == ["Jos\u00e9 Silva", "Plain", "", names[3], "a b", "evil", "\u0915\u093c" * 60]
