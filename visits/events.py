"""What others hear of a visit. `history.record` calls this, so that a change and its event are one."""

from agents.models import Agent
from ghar.api.renderers import instant
from ghar.events import STAFF_CHANNEL, publish, user_channel
from visits.models import Visit


def visit_changed(visit: Visit, change: str, former_agent_id: int | None) -> None:
    """Tell those who take part, the agent, the one who was it before, and staff."""
    data = {
        "visit_id": visit.pk,
        "status": visit.status,
        "visit_context": visit.visit_context,
        "change": change,
        "scheduled_date": instant(visit.scheduled_date),
        "agent_id": visit.agent_id,
        "version": visit.version,
    }
    people = visit.people() | _logins(visit.agent_id, former_agent_id)
    publish([STAFF_CHANNEL, *map(user_channel, people)], "visit_updated", data)


def _logins(*agent_ids: int | None) -> set[int]:
    known = Agent.objects.filter(pk__in=[id_ for id_ in agent_ids if id_], user__isnull=False)
    return set(known.values_list("user_id", flat=True))
