"""The visits as a CSV file for staff. It leaves out what visitors and staff write in their own words."""

from datetime import datetime

from django.db.models import QuerySet

from ghar import clock
from ghar.exports import CsvExport
from visits.models import Visit


def visit_rows() -> QuerySet[Visit]:
    return Visit.objects.select_related("user", "counterparty_user", "property", "agent")


def spreadsheet_time(visit: Visit, moment: datetime) -> str:
    """Return a time as the clocks at the listing show it, in a form that spreadsheets read as a date."""
    return f"{moment.astimezone(clock.time_zone(visit.property.timezone)):%Y-%m-%d %H:%M}"


VISITS = CsvExport(
    "visits",
    visit_rows,
    {
        "id": lambda visit: visit.pk,
        "visit_context": lambda visit: visit.visit_context,
        "status": lambda visit: visit.status,
        "awaiting": lambda visit: visit.awaiting,
        "scheduled_date": lambda visit: visit.scheduled_date,
        "scheduled_end": lambda visit: visit.scheduled_end,
        "local_start": lambda visit: spreadsheet_time(visit, visit.scheduled_date),
        "local_end": lambda visit: spreadsheet_time(visit, visit.scheduled_end),
        "timezone": lambda visit: visit.property.timezone,
        "property_id": lambda visit: visit.property_id,
        "property": lambda visit: visit.property.title,
        "locality": lambda visit: visit.property.locality,
        "city": lambda visit: visit.property.city,
        "visitor_id": lambda visit: visit.user_id,
        "visitor": lambda visit: visit.user.full_name,
        "visitor_phone": lambda visit: visit.user.phone,
        "visitor_email": lambda visit: visit.user.email,
        "counterparty_id": lambda visit: visit.counterparty_user_id,
        "counterparty": lambda visit: visit.counterparty_user and visit.counterparty_user.full_name,
        "agent_id": lambda visit: visit.agent_id,
        "agent": lambda visit: visit.agent and visit.agent.name,
        "actual_date": lambda visit: visit.actual_date,
        "follow_up_required": lambda visit: visit.follow_up_required,
        "follow_up_date": lambda visit: visit.follow_up_date,
        "version": lambda visit: visit.version,
        "created_at": lambda visit: visit.created_at,
        "updated_at": lambda visit: visit.updated_at,
    },
)
