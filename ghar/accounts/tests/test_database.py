"""The constraints on users, tried by plain SQL."""

import pytest
from django.db import IntegrityError, connection, transaction

from ghar.transactions import violated

pytestmark = pytest.mark.django_db

REFUSED = [
    ("user_has_email_or_phone", "email = NULL, phone = NULL"),
    ("user_email_lower_case", "email = 'Asha@example.com'"),
    ("user_no_empty_identifier", "email = ''"),
    ("user_no_empty_identifier", "phone = ''"),
    ("accounts_user_email_key", "email = 'bala@example.com'"),
    ("accounts_user_phone_key", "phone = '+919812345678'"),
]


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def others_phone(bala):
    sql("UPDATE accounts_user SET phone = '+919812345678' WHERE id = %s", bala.pk)


@pytest.mark.usefixtures("others_phone")
@pytest.mark.parametrize(("constraint", "change"), REFUSED)
def test_the_database_refuses_a_user_who_breaks_a_rule(asha, constraint, change):
    update = f"UPDATE accounts_user SET {change} WHERE id = %s"
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        sql(update, asha.pk)
    assert violated(caught.value) == constraint
    sql(f"ALTER TABLE accounts_user DROP CONSTRAINT {constraint}")
    sql(update, asha.pk)
