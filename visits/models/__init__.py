"""The table of visits, and the history and feedback of each visit."""

from visits.models.event import VisitEvent
from visits.models.feedback import VisitFeedback
from visits.models.querysets import (
    ASSIGN_AGENT,
    CHANGE_VISIT,
    SEARCH_COLUMNS,
    STAFF_SEARCH_COLUMNS,
    VIEW_VISIT,
    VisitQuerySet,
)
from visits.models.statuses import LIVE, NEXT, VisitContext, VisitStatus
from visits.models.visit import Visit, busy_range, travel_buffer

__all__ = [
    "ASSIGN_AGENT",
    "CHANGE_VISIT",
    "LIVE",
    "NEXT",
    "SEARCH_COLUMNS",
    "STAFF_SEARCH_COLUMNS",
    "VIEW_VISIT",
    "Visit",
    "VisitContext",
    "VisitEvent",
    "VisitFeedback",
    "VisitQuerySet",
    "VisitStatus",
    "busy_range",
    "travel_buffer",
]
