"""What others hear of a visit: once for every change, whoever makes it; nothing of what never happened."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from agents.tests.factories import AgentFactory
from flatmates import services as flatmate_services
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts import services as account_services
from ghar.accounts.tests.factories import UserFactory
from ghar.errors import DomainError
from ghar.models import OutboxEvent
from ghar.tests.responses import iso
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit, VisitEvent
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(db):
    """Another agent, who has no login."""
    return AgentFactory(name="Rohan D'Souza")


@pytest.fixture
def heard(db):
    """`heard()` is what was published since the last call: (event, channels)."""
    seen = [0]

    def since():
        found = list(OutboxEvent.objects.filter(pk__gt=seen[0]).order_by("pk"))
        seen[0] = found[-1].pk if found else seen[0]
        return found

    return since


def on(*people):
    return sorted(["staff", *(f"user-{person.pk}" for person in people)])


def path(visit, act=""):
    return f"/api/v1/visits/{visit.pk}{act}"


# What changes a visit, through whichever face; each leaves it in another state than before.
def confirm(api, ops, visit, second):
    api(ops).post(path(visit, "/confirm"))


def reschedule(api, ops, visit, second):
    api(visit.user).post(path(visit, "/reschedule"), {"new_date": iso(local(3, 15))})


def reschedule_by_patch(api, ops, visit, second):
    body = {"scheduled_date": iso(local(3, 15)), "special_requirements": "Lift?"}
    api(visit.user).patch(path(visit), body)


def cancel(api, ops, visit, second):
    api(visit.user).post(path(visit, "/cancel"), {"reason": "Found one"})


def complete(api, ops, visit, second):
    with clock.frozen_at(visit.scheduled_end):
        api(ops).post(path(visit, "/complete"), {"notes": "Liked it", "interest_level": "high"})


def update(api, ops, visit, second):
    api(visit.user).patch(path(visit), {"special_requirements": "Lift?"})


def assign(api, ops, visit, second):
    api(ops).post(path(visit, "/assign"), {"agent_id": second.pk, "reason": "Nearer"})


def unassign(api, ops, visit, second):
    api(ops).post(path(visit, "/assign"), {"agent_id": None})


def time_off(api, ops, visit, second):
    away = {"from": iso(local(2, 9)), "to": iso(local(2, 19))}
    api(ops).post(f"/api/v1/agents/{visit.agent_id}/time-off", away)


def dismiss(api, ops, visit, second):
    api(ops).delete(f"/api/v1/agents/{visit.agent_id}")


def in_the_admin(api, ops, visit, second):
    client = Client()
    client.force_login(ops)
    client.post(f"/admin/visits/visit/{visit.pk}/confirm/")


def withdraw(api, ops, visit, second):
    api(visit.property.owner).delete(f"/api/v1/properties/{visit.property_id}")


def deactivate(api, ops, visit, second):
    account_services.deactivate(user=visit.user, by=ops)


@pytest.mark.parametrize(
    ("writer", "change", "status"),
    [
        (confirm, "confirmed", "confirmed"),
        (reschedule, "rescheduled", "rescheduled"),
        (reschedule_by_patch, "rescheduled", "rescheduled"),
        (cancel, "cancelled", "cancelled"),
        (complete, "completed", "completed"),
        (update, "updated", "scheduled"),
        (assign, "assigned", "scheduled"),
        (unassign, "unassigned", "scheduled"),
        (time_off, "assigned", "scheduled"),
        (dismiss, "assigned", "scheduled"),
        (in_the_admin, "confirmed", "confirmed"),
        (withdraw, "cancelled", "cancelled"),
        (deactivate, "cancelled", "cancelled"),
    ],
)
def test_every_writer_tells_of_a_change_once(
    api, ops, agent, asha, tour, second, heard, writer, change, status
):
    heard()
    writer(api, ops, tour, second)
    tour.refresh_from_db()
    (event,) = heard()
    assert (event.type, event.channels) == ("visit_updated", on(asha, agent.user))
    assert event.data == {
        "visit_id": tour.pk,
        "status": status,
        "visit_context": "property_tour",
        "change": change,
        "scheduled_date": iso(tour.scheduled_date),
        "agent_id": tour.agent_id,
        "version": 2,
    }
    assert (tour.status, tour.version) == (status, 2)
    assert VisitEvent.objects.filter(visit=tour).last().change == change


def test_a_booking_is_told_to_visitor_agent_and_staff(api, asha, agent, listing, heard):
    body = {"property_id": listing.pk, "scheduled_date": iso(local(2, 11))}
    visit = api(asha).post("/api/v1/visits", body).json()
    (event,) = heard()
    assert event.channels == on(asha, agent.user)
    assert event.data == {
        "visit_id": visit["id"],
        "status": "scheduled",
        "visit_context": "property_tour",
        "change": "scheduled",
        "scheduled_date": iso(local(2, 11)),
        "agent_id": agent.pk,
        "version": 1,
    }


def test_the_sweep_tells_of_each_visit_that_it_assigns(asha, listing, heard):
    visit = book(asha, listing, local(2, 11))
    agent = AgentFactory(user=UserFactory())
    assert [(e.data["change"], e.data["agent_id"], e.channels) for e in heard()] == [
        ("scheduled", None, on(asha))
    ]
    call_command("assign_pending_visits", verbosity=0)
    (event,) = heard()
    assert (event.data["change"], event.data["agent_id"]) == ("assigned", agent.pk)
    assert (event.data["visit_id"], event.data["version"]) == (visit.pk, 2)
    assert event.channels == on(asha, agent.user)


def test_the_former_agent_and_the_new_one_hear_of_a_handover(ops, asha, agent, tour, heard):
    other = AgentFactory(user=UserFactory())
    heard()
    services.assign(visit=tour, by=ops, agent_id=other.pk, reason="Nearer")
    (event,) = heard()
    assert event.channels == on(asha, agent.user, other.user)


def test_a_move_that_needs_another_agent_is_one_event(asha, agent, tour, heard):
    other = AgentFactory(user=UserFactory())
    book(UserFactory(), PropertyFactory(), local(3, 11))
    Visit.objects.exclude(pk=tour.pk).update(agent=agent)
    heard()
    services.reschedule(visit=tour, by=asha, new_date=local(3, 11))
    (event,) = heard()
    assert (event.data["change"], event.data["agent_id"]) == ("rescheduled", other.pk)
    assert event.channels == on(asha, agent.user, other.user)


def test_a_withdrawal_tells_of_each_visit(api, tour, asha, bala, agent, heard):
    other = book(bala, tour.property, local(2, 14))
    heard()
    api(tour.property.owner).delete(f"/api/v1/properties/{tour.property_id}")
    told = {event.data["visit_id"]: event for event in heard()}
    assert {pk: event.channels for pk, event in told.items()} == {
        tour.pk: on(asha, agent.user),
        other.pk: on(bala, agent.user),
    }
    assert {event.data["change"] for event in told.values()} == {"cancelled"}


@pytest.mark.parametrize(
    ("method", "act", "body"),
    [
        ("post", "/reschedule", {"new_date": local(2, 11).isoformat()}),
        ("patch", "", {"scheduled_date": local(2, 11).isoformat()}),
        ("patch", "", {"special_requirements": ""}),
        ("patch", "", {}),
    ],
)
def test_what_changes_nothing_is_not_told(api, asha, tour, heard, method, act, body):
    heard()
    response = getattr(api(asha), method)(path(tour, act), body)
    assert (response.status_code, response.json()["version"]) == (200, 1)
    assert heard() == []


def test_neither_is_the_same_booking_or_the_same_agent_again(api, ops, asha, agent, tour, heard):
    heard()
    body = {"property_id": tour.property_id, "scheduled_date": iso(tour.scheduled_date)}
    assert api(asha).post("/api/v1/visits", body).status_code == 200
    assert api(ops).post(path(tour, "/assign"), {"agent_id": agent.pk}).status_code == 200
    assert api(ops).post(path(tour, "/assign"), {}).status_code == 200
    assert heard() == []


def test_nor_what_was_refused(api, ops, asha, bala, tour, heard):
    heard()
    assert api(bala).post(path(tour, "/cancel")).status_code == 404
    assert api(asha).post(path(tour, "/confirm")).status_code == 403
    assert api(ops).post(path(tour, "/complete")).status_code == 409
    assert api(asha).post(path(tour, "/reschedule"), {"new_date": iso(local(-1, 11))}).status_code == 400
    assert heard() == []


def test_nor_what_was_rolled_back(asha, tour, heard):
    heard()
    with pytest.raises(DomainError), transaction.atomic():
        services.cancel(visit=tour, by=asha)
        raise DomainError("Something else failed")
    assert heard() == []


def test_no_event_names_anybody(asha, agent, tour, heard):
    services.cancel(visit=tour, by=asha, reason="Asha Rao found one")
    text = json.dumps([event.data for event in heard()])
    for secret in (asha.full_name, asha.email, agent.name, agent.contact_number, "found one"):
        assert secret not in text


@pytest.mark.django_db(transaction=True)
def test_the_order_is_that_of_commits(asha, agent, listing):
    """What is begun first and committed last comes last."""
    first = book(asha, listing, local(2, 11))
    assert list(OutboxEvent.objects.values_list("data__visit_id", flat=True)) == [first.pk]
    stamped = OutboxEvent.objects.get()
    assert stamped.seq > 0
    assert clock.now() - stamped.sent_at < timedelta(minutes=1)
    with transaction.atomic():
        services.cancel(visit=first, by=asha)
        assert OutboxEvent.objects.last().seq is None
    assert OutboxEvent.objects.last().seq > stamped.seq


def test_a_meet_is_told_to_both_and_so_is_its_end_with_the_match(asha, bala, heard):
    home = PropertyFactory(owner=bala)
    found, conversation = match(asha, bala)
    heard()
    visit, _ = services.schedule(
        by=asha,
        user=asha,
        property_id=home.pk,
        scheduled_date=local(2, 18),
        visit_context="flatmate_meet",
        counterparty_user_id=bala.pk,
    )
    (booked,) = [event for event in heard() if event.type == "visit_updated"]
    assert (booked.data["change"], booked.channels) == ("scheduled", on(asha, bala))
    flatmate_services.unmatch(match=found, by=bala)
    (cancelled,) = heard()
    assert (cancelled.data["change"], cancelled.channels) == ("cancelled", on(asha, bala))
    assert (cancelled.data["visit_id"], cancelled.data["visit_context"]) == (visit.pk, "flatmate_meet")
