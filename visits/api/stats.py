"""The agency at a glance, for staff."""

from typing import Any

from django.db.models import Count, F, Q

from agents.models import Agent
from visits.assignment import fairness
from visits.models import Visit


def figures() -> dict[str, Any]:
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    rows = list(agents.values("name", "live_visits", "capacity", agent_id=F("id")))
    return {
        "unassigned": Visit.objects.unassigned().count(),
        "urgent": Visit.objects.urgent().count(),
        "today": Visit.objects.today().count(),
        "by_status": by_status(),
        "agents": rows,
        "fairness": fairness.fairness_index(),
    }


def by_status() -> dict[str, int]:
    counts = {status: Count("pk", Q(status=status)) for status in Visit.Status.values}
    return Visit.objects.order_by().aggregate(**counts)
