"""The events of a visit. `changes.record_event` calls this, so that a change and its event are one."""

from agents.models import Agent
from ghar.api.renderers import instant
from ghar.events import STAFF_CHANNEL, publish, user_channel
from visits.models import Visit


def visit_changed(visit: Visit, change: str, former_agent: Agent | None) -> None:
    """Tell the participants, the agent, the agent who just lost the visit, and staff."""
    data = {
        "visit_id": visit.pk,
        "status": visit.status,
        "visit_context": visit.visit_context,
        "change": change,
        "scheduled_date": instant(visit.scheduled_date),
        "agent_id": visit.agent_id,
        "version": visit.version,
    }
    logins = {agent.user_id for agent in (visit.agent, former_agent) if agent and agent.user_id}
    publish([STAFF_CHANNEL, *map(user_channel, visit.people() | logins)], "visit_updated", data)
