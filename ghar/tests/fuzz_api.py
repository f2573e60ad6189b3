"""Fuzzing: input that fits the OpenAPI document, or nearly, gives no 5xx and no undocumented response.

`make fuzz` runs it in a process of its own, since schemathesis takes long to load. FUZZ_CASES is the number
of cases per route. Each is sent by an anonymous user, a seeker and staff, and then undone.
"""

import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ghar.accounts import services
from ghar.api.docs import document
from ghar.tests.responses import iso
from ghar.tests.world import World
from ghar.wsgi import application
from visits.tests.factories import local

CASES = int(os.environ.get("FUZZ_CASES", "300"))
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}


@pytest.fixture
def world(asha, ops):
    """A world, in which the application does not close the connection and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield World(asha, ops)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def senders(world):
    """The headers of an anonymous user, a seeker and staff."""
    tokens = [
        services.log_in(identifier=user.email, password="correct horse 9") for user in (world.asha, world.ops)
    ]
    return [{}, *({"Authorization": f"Bearer {session.token}"} for session in tokens)]


# Names that clients of other systems send, and that look like ours.
UNKNOWN_NAMES = ["offset", "page_size", "Status", "agent__id", "cursor[]", "sort", "owner_id", "utm_source"]


@st.composite
def cases(draw, operation, known):
    """Draw a case, with some ids and times replaced by existing ones that would hardly be guessed."""
    modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    case = draw(st.one_of(modes))
    if draw(st.sampled_from([True, False, False, False])):
        case.query = {**(case.query or {}), draw(st.sampled_from(UNKNOWN_NAMES)): "1"}
    for place in (case.path_parameters, case.body):
        for name in known.keys() & place.keys() if isinstance(place, dict) else ():
            if draw(st.booleans()):
                place[name] = draw(st.sampled_from(known[name]))
    return case


@pytest.fixture
def known(world):
    """Existing values by the names of parameters; those of `id` by the part of the path before it."""
    agents, people = [world.meera.pk, world.ravi.pk], [world.asha.pk, world.owner.pk, world.peer.pk]
    times = [iso(local(day, 11)) for day in (2, 3)]
    match, conversation = world.matched
    return {
        "visits": [world.tour.pk, world.begun().pk],
        "properties": [world.listing.pk],
        "agents": agents,
        "matches": [match.pk],
        "conversations": [conversation.pk],
        "property_id": [world.listing.pk, world.flat.pk],
        "context_property_id": [world.flat.pk],
        "agent_id": agents,
        "user_id": people,
        "target_user_id": people,
        "blocked_user_id": people,
        "counterparty_user_id": people,
        "image_pk": [world.image.pk],
        "time_off_id": [world.time_off.pk],
        "scheduled_date": times,
        "new_date": times,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("label", OPERATIONS)
def test_no_case_gives_an_undocumented_response(label, senders, known):
    operation = OPERATIONS[label]
    parts = operation.path.split("/")
    named = parts[parts.index("{id}") - 1] if "{id}" in parts else None
    known["id"] = known.get(named, [1])

    @settings(
        max_examples=CASES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, known))
    def run(case):
        for headers in senders:
            send(case, headers)

    run()


def send(case, headers):
    # For a stream, that check would read each event; the document describes the text of all events.
    judged = [check for check in CHECKS if not (is_stream(case) and check is response_schema_conformance)]
    with transaction.atomic():
        response = case.call_and_validate(app=application, headers=headers, checks=judged)
        if set(UNKNOWN_NAMES) & (case.query or {}).keys():
            assert response.status_code >= 400, "an unknown name was ignored"
        transaction.set_rollback(True)


def is_stream(case):
    return case.operation.path.endswith("/events")
