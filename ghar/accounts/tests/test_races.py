"""A log-in races a change that ends log-ins: it commits between the check of the password and the token."""

import threading
import time

import pytest
from django.db import connection, transaction
from knox.models import AuthToken

from ghar.accounts import services
from ghar.accounts.models import User
from ghar.testing import PASSWORD, somebody_waits_for_a_lock

pytestmark = [pytest.mark.stress, pytest.mark.django_db(transaction=True)]


def wait_for_the_lock():
    for _ in range(500):
        if somebody_waits_for_a_lock():
            return
        time.sleep(0.01)
    pytest.fail("The log-in did not wait for the lock.")


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
