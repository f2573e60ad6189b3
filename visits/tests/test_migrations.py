"""Data that earlier versions stored, as the migrations leave it."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ghar import clock
from visits import services
from visits.models import Visit, VisitFeedback
from visits.tests.factories import book, local
from visits.tests.meets import invite


def migrate(name):
    """Migrate visits to the migration of that name, in the transaction of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    executor = MigrationExecutor(connection)
    executor.migrate([("visits", name)])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def sql(text, *values):
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def test_feedback_goes_to_the_last_writer_of_a_meet_and_else_to_the_visitor(
    asha, bala, home, matched, listing, agent, ops
):
    old = local(-9, 9)
    with clock.frozen_at(old):
        tour = book(asha, listing, local(-8, 11))
        written, completed, unknown = (invite(asha, bala, home, local(day, 18)) for day in (-7, -6, -5))
        services.update(visit=written, by=asha, visitor_feedback="x")
        services.update(visit=written, by=bala, visitor_feedback="y")
        services.update(visit=written, by=asha, interest_level="low")
    services.complete(visit=completed, by=bala)
    services.complete(visit=tour, by=agent.user)
    VisitFeedback.objects.all().delete()

    migrate("0003_staff_groups")
    sql("UPDATE visits_visit SET visitor_feedback = 'Said', interest_level = 'high'")
    migrate("0005_feedback_on_delete")

    rows = VisitFeedback.objects.values_list("visit", "author", "visitor_feedback", "interest_level")
    assert set(rows) == {
        (tour.pk, asha.pk, "Said", "high"),
        (written.pk, bala.pk, "Said", ""),
        (written.pk, asha.pk, "", "high"),
        (completed.pk, bala.pk, "Said", "high"),
        (unknown.pk, asha.pk, "Said", "high"),
    }


def test_what_staff_and_agents_wrote_becomes_a_note(asha, bala, home, matched, listing, agent, ops):
    by_visitor, by_staff, by_agent, withdrawn = (book(asha, listing, local(day, 11)) for day in (3, 4, 5, 6))
    meet = invite(asha, bala, home, local(7, 18))
    services.cancel(visit=by_visitor, by=asha, reason="Found one")
    services.cancel(visit=meet, by=bala, reason="Ill")
    services.cancel(visit=by_staff, by=ops, note="A rude seeker")
    services.reschedule(visit=by_agent, by=agent.user, new_date=local(5, 12), note="A late riser")
    services.withdraw_property(listing=listing, by=ops)

    migrate("0005_feedback_on_delete")
    sql(
        "UPDATE visits_visitevent SET reason = 'A rude seeker' WHERE actor_id = %s AND visit_id = %s",
        ops.pk,
        by_staff.pk,
    )
    sql("UPDATE visits_visit SET cancellation_reason = 'A rude seeker' WHERE id = %s", by_staff.pk)
    sql("UPDATE visits_visitevent SET reason = 'A late riser' WHERE change = 'rescheduled'")
    migrate("0006_notes")

    last = {
        visit: (visit.events.exclude(reason="", note="").values_list("reason", "note"), visit)
        for visit in (by_visitor, meet, by_staff, by_agent, withdrawn)
    }
    gone = "The listing was withdrawn."
    assert [list(rows) for rows, _ in last.values()] == [
        [("Found one", "")],
        [("Ill", "")],
        [("", "A rude seeker")],
        [("", "A late riser"), (gone, "")],
        [(gone, "")],
    ]
    reasons = Visit.objects.order_by("pk").values_list("cancellation_reason", flat=True)
    assert list(reasons) == ["Found one", "", gone, gone, "Ill"]
