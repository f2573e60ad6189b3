"""Data that earlier versions stored, as the migrations leave it."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ghar import clock
from visits import services
from visits.models import VisitFeedback
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
