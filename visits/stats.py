"""The agency at a glance, for staff."""

from typing import Any

from django.db.models import Count, F, Q

from agents.models import Agent
from visits.models import Visit


def figures() -> dict[str, Any]:
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    rows = list(agents.values("name", "live_visits", "capacity", agent_id=F("id")))
    return {
        "unassigned": Visit.objects.unassigned().count(),
        "today": Visit.objects.today().count(),
        "by_status": by_status(),
        "agents": rows,
        "fairness": jain([row["live_visits"] / (row["capacity"] or 50) for row in rows]),
    }


def by_status() -> dict[str, int]:
    counts = {status: Count("pk", Q(status=status)) for status in Visit.Status.values}
    return Visit.objects.order_by().aggregate(**counts)


def jain(shares: list[float]) -> float | None:
    """Jain's index: 1 when all shares are equal, 1/n when one has everything; None without any."""
    squares = sum(share * share for share in shares)
    return round(sum(shares) ** 2 / (len(shares) * squares), 4) if squares else None
