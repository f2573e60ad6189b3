"""`assign_pending_visits --watch` goes on when the database has been away."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from agents.tests.factories import AgentFactory
from properties.tests.factories import PropertyFactory
from visits.management.commands import assign_pending_visits
from visits.tests.factories import book, local
from visits.tests.threads import run_concurrently

pytestmark = pytest.mark.django_db(transaction=True)


def terminate(pid):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        assert cursor.fetchone() == (True,)


def stop():
    raise KeyboardInterrupt


def test_a_lost_connection_ends_a_round_and_not_the_watch(asha, monkeypatch, caplog):
    visit = book(asha, PropertyFactory(), local(2, 11))
    assert visit.agent is None
    agents = []

    def restart():
        pid = connection.connection.info.backend_pid
        run_concurrently([lambda: terminate(pid)])

    steps = iter([restart, lambda: agents.append(AgentFactory()), stop])
    monkeypatch.setattr(assign_pending_visits.time, "sleep", lambda seconds: next(steps)())
    out, err = StringIO(), StringIO()
    call_command("assign_pending_visits", watch=True, interval=7, stdout=out, stderr=err)
    visit.refresh_from_db()
    assert visit.agent == agents[0]
    assert out.getvalue().splitlines()[0] == "0 assigned, 1 still waiting."
    assert out.getvalue().splitlines()[-1] == "1 assigned, 0 still waiting."
    assert err.getvalue() == "Interrupted. The visits that were assigned stay assigned.\n"
    [record] = [record for record in caplog.records if record.name == assign_pending_visits.__name__]
    assert (record.levelname, record.args[0]) == ("WARNING", 7)
    assert record.getMessage().startswith("The database is not available; next attempt in 7 s: ")


def test_the_first_round_does_not_hide_that_there_is_none(asha, monkeypatch):
    pid = connection.connection.info.backend_pid
    run_concurrently([lambda: terminate(pid)])
    monkeypatch.setattr(assign_pending_visits.time, "sleep", lambda seconds: stop())
    with pytest.raises(assign_pending_visits.OperationalError):
        call_command("assign_pending_visits", watch=True)
    connection.close()
