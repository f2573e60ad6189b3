"""The event stream under load, at a small size: `make bench` does the same with thousands."""

import asyncio
from functools import partial

import pytest

from ghar.streams.bench import Verdict, run_trial
from ghar.streams.tests.listening import serving
from visits.management.commands.bench_events import create_visits, make_clients, newest_seq, write_changes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.stress
def test_clients_that_connect_and_leave_all_the_time_miss_no_event():
    visits, staff = create_visits(4)
    since, events = newest_seq(), 120
    listeners = make_clients(visits, staff, 12, since)
    with serving("first") as first, serving("second") as second:
        ports = [first.port, second.port]
        killed = asyncio.run(
            run_trial(listeners, ports, partial(write_changes, visits, staff, events), (0.1, 1), 0.5)
        )
    verdict = Verdict.over(listeners, since)
    assert killed > 0
    assert verdict.connects > len(listeners)
    assert verdict.events == events
    assert verdict.expected > events
    assert (verdict.missing, verdict.never_committed, verdict.disorders, verdict.resets) == (0, 0, 0, 0)
