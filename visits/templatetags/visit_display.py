from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from visits import queues
from visits.models import Visit

register = template.Library()

MARKS = {"scheduled": "○", "confirmed": "✓", "rescheduled": "↻", "completed": "●", "cancelled": "✕"}


@register.simple_tag
def badge(kind: str, text: str, mark: str) -> SafeString:
    """Told apart by its mark and its text; the colour comes on top."""
    return format_html(
        '<span class="badge badge-{}"><span aria-hidden="true">{}</span> {}</span>', kind, mark, text
    )


@register.simple_tag
def status_badge(visit: Visit) -> SafeString:
    return badge(visit.status, visit.get_status_display(), MARKS[visit.status])


@register.simple_tag
def work_queues() -> list[dict[str, Any]]:
    """What waits for staff: each queue with its count."""
    return [
        {"name": name, "count": count, **queues.WORK_QUEUES[name]._asdict()}
        for name, count in queues.queue_counts().items()
    ]
