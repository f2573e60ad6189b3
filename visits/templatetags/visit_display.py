"""Template tags that show visits: badges, local times, and the work queues with their counts."""

from datetime import datetime
from typing import Any

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ghar import clock, doctor
from ghar.admin import admin_url
from visits import queues
from visits.models import Visit, VisitStatus

register = template.Library()

MARKS: dict[str, str] = {
    VisitStatus.SCHEDULED: "○",
    VisitStatus.CONFIRMED: "✓",
    VisitStatus.RESCHEDULED: "↻",
    VisitStatus.COMPLETED: "●",
    VisitStatus.CANCELLED: "✕",
}


@register.simple_tag
def badge(kind: str, text: str, mark: str) -> SafeString:
    """Return a badge. Its mark and its text make it recognisable without its colour."""
    return format_html(
        '<span class="badge badge-{}"><span aria-hidden="true">{}</span> {}</span>', kind, mark, text
    )


@register.simple_tag
def status_badge(visit: Visit) -> SafeString:
    return badge(visit.status, visit.get_status_display(), MARKS[visit.status])


@register.filter
def local_time(moment: datetime, zone: str) -> str:
    """Return a date and time as people in that time zone read it."""
    return clock.format_local(moment, zone)


@register.simple_tag(takes_context=True)
def list_rows_in_unknown_zones(context: Context) -> list[dict[str, Any]]:
    """Return the agents and listings with an unknown time zone that the user may see, each with its page."""
    user = context["request"].user
    return [
        {"row": row, "url": admin_url(row), "kind": row._meta.verbose_name}
        for row in doctor.rows_in_unknown_zones(doctor.MAX_NAMED)
        if user.has_perm(f"{row._meta.app_label}.view_{row._meta.model_name}")
    ]


@register.simple_tag
def work_queues() -> list[dict[str, Any]]:
    """Return the work queues, each with its name, count, label and hint."""
    return [
        {"name": name, "count": count, **queues.WORK_QUEUES[name]._asdict()}
        for name, count in queues.queue_counts().items()
    ]
