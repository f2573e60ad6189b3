"""Requests and readers that the tests of the admin share."""

from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from visits.tests.factories import KOLKATA

VISITS = reverse("admin:visits_visit_changelist")
BOOK_TOUR = reverse("admin:visits_visit_add")
# The management form of the history, which the form of a visit's notes sends along.
INLINE = {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}


def page(row, name="change"):
    """Return the address of a page about a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{name}", args=[row.pk])


def as_typed(moment):
    """Return a moment as a browser sends the time in Mumbai."""
    return moment.astimezone(KOLKATA).strftime("%Y-%m-%dT%H:%M")


def admin_log():
    """Return the entries of the admin's log: who did what, oldest first."""
    return [
        (entry.user.full_name, entry.get_change_message())
        for entry in LogEntry.objects.select_related("user").order_by("pk")
    ]


def queries_of(function, *args):
    """Return the statements that a call takes. If it is a request, it must succeed."""
    with CaptureQueriesContext(connection) as captured:
        result = function(*args)
    assert getattr(result, "status_code", 200) in (200, 302)
    return [query["sql"] for query in captured]


def object_actions(response):
    """Return the names of the actions that have buttons on a page."""
    return [action.name for action in response.context["object_actions"]]
