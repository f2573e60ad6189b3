"""The numbers of the agency for staff."""

from typing import Any

from django.db.models import Count, F, Q

from agents.models import Agent
from visits.assignment import fairness
from visits.models import Visit


def agency_stats() -> dict[str, Any]:
    """Return what StatsSerializer shows."""
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    by_status = {status: Count("pk", Q(status=status)) for status in Visit.Status.values}
    return {
        "unassigned": Visit.objects.unassigned().count(),
        "urgent": Visit.objects.urgent().count(),
        "today": Visit.objects.today().count(),
        "by_status": Visit.objects.order_by().aggregate(**by_status),
        "agents": list(agents.values("name", "live_visits", "capacity", agent_id=F("id"))),
        "fairness": fairness.fairness_index(),
    }
