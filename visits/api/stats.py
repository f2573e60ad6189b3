"""The numbers of the agency for staff."""

from typing import Any

from django.db.models import Count, F, Q

from agents.models import Agent
from visits.assignment import fairness
from visits.models import Visit, VisitQuerySet


def agency_stats(visits: VisitQuerySet, city: str = "") -> dict[str, Any]:
    """Return what StatsSerializer shows of these visits, and of the agents who serve the city.

    Fairness is that of the whole agency: shares are not counted by city or time.
    """
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    if city:
        agents = agents.serving(city)
    by_status = {status: Count("pk", Q(status=status)) for status in Visit.Status.values}
    return {
        "unassigned": visits.unassigned().count(),
        "urgent": visits.urgent().count(),
        "today": visits.today().count(),
        "by_status": visits.order_by().aggregate(**by_status),
        "agents": list(agents.values("name", "live_visits", "capacity", agent_id=F("id"))),
        "fairness": fairness.fairness_index(),
    }
