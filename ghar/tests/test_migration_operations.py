"""What the database does when a row goes, read from its catalogue and tried by plain SQL."""

import pytest
from django.apps import apps
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.migrations.state import ProjectState
from django_mcpz.oauth.models import AccessToken, AuthorizationCode, RefreshToken
from knox.models import AuthToken

from ghar.accounts.models import User
from ghar.mcp.tests.assistant import grant
from ghar.migration_operations import RULES, EnforceOnDelete

pytestmark = pytest.mark.django_db

APPS = [
    "accounts",
    "admin",
    "agents",
    "django_mcpz_oauth",
    "flatmates",
    "ghar",
    "knox",
    "properties",
    "visits",
]
LETTERS = {"CASCADE": "c", "SET NULL": "n", "RESTRICT": "r"}
ACTIONS = """
    SELECT relname, attname, confdeltype, condeferrable AND condeferred
    FROM pg_constraint
    JOIN pg_class ON pg_class.oid = conrelid
    JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'f'
"""


def in_database():
    with connection.cursor() as cursor:
        cursor.execute(ACTIONS)
        return {(table, column): (letter, deferred) for table, column, letter, deferred in cursor.fetchall()}


def declared(app_label):
    return {
        (model._meta.db_table, field.column): (LETTERS[RULES[field.remote_field.on_delete]], True)
        for model in apps.get_app_config(app_label).get_models(include_auto_created=True)
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
    }


@pytest.mark.parametrize("app_label", APPS)
def test_the_database_does_what_the_models_declare(app_label):
    expected = declared(app_label)
    found = in_database()

    assert expected
    assert {key: found[key] for key in expected} == expected


def test_plain_sql_may_delete_a_user(asha, bala):
    group = Group.objects.create(name="Desk")
    asha.groups.add(group)
    AuthToken.objects.create(asha)
    kept, _ = AuthToken.objects.create(bala)
    users = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(user=asha, content_type=users, object_repr="x", action_flag=ADDITION)

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [asha.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert list(User.objects.all()) == [bala]
    assert list(AuthToken.objects.all()) == [kept]
    assert not LogEntry.objects.exists()
    assert not User.groups.through.objects.exists()
    assert Group.objects.get(name="Desk") == group


def test_no_key_to_a_user_keeps_plain_sql_from_deleting_them(asha):
    token = grant(asha)
    users = "SELECT conrelid::regclass::text, confdeltype FROM pg_constraint"
    with connection.cursor() as cursor:
        cursor.execute(f"{users} WHERE contype = 'f' AND confrelid = 'accounts_user'::regclass")
        kept = {table for table, letter in cursor.fetchall() if letter not in ("c", "n")}
        cursor.execute("DELETE FROM accounts_user WHERE id = %s", [asha.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    assert (token is not None, kept) == (True, set())
    assert not any(model.objects.exists() for model in (AuthorizationCode, AccessToken, RefreshToken))


def test_it_can_be_undone_and_done_again():
    keys = declared("knox").keys() | declared("accounts").keys()
    state = ProjectState.from_apps(apps)

    for operation in (EnforceOnDelete(), EnforceOnDelete("knox")):
        with connection.schema_editor() as editor:
            operation.database_backwards("accounts", editor, state, state)
    undone = in_database()
    for operation in (EnforceOnDelete(), EnforceOnDelete("knox")):
        with connection.schema_editor() as editor:
            operation.database_forwards("accounts", editor, state, state)
    done = in_database()

    assert {undone[key] for key in keys} == {("a", True)}
    assert {done[key] for key in keys} == {("c", True)}
