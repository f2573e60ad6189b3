"""A log-in against what ends log-ins, committed between its check of the password and its token."""

import threading
import time

import pytest
from django.db import connection, transaction
from knox.models import AuthToken

from ghar.accounts import services
from ghar.accounts.models import User
from ghar.testing import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def wait_for_the_lock():
    for _ in range(500):
        with connection.cursor() as cursor:
            # Within a transaction the view stays as it was first seen.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("The log-in waited for nothing")


def log_in(outcome):
    try:
        outcome.append(services.log_in(identifier="asha@example.com", password=PASSWORD).user)
    except services.WrongCredentials as error:
        outcome.append(error)
    finally:
        connection.close()


@pytest.mark.parametrize("ending", ["password", "deactivation"])
def test_a_log_in_that_is_overtaken_gets_no_token(asha, ops, ending):
    outcome = []
    thread = threading.Thread(target=log_in, args=[outcome])

    with transaction.atomic():
        if ending == "password":
            services.change_password(by=asha, current=PASSWORD, new="quite another one")
        else:
            services.deactivate(user=asha, by=ops)
        thread.start()
        wait_for_the_lock()
    thread.join(timeout=10)

    assert isinstance(outcome[0], services.WrongCredentials)
    assert not AuthToken.objects.exists()
    assert User.objects.get(pk=asha.pk).last_login is None
