"""The agents as a CSV file."""

from django.db.models import QuerySet

from agents.models import Agent
from ghar.exports import CsvExport


def agent_rows() -> QuerySet[Agent]:
    return Agent.objects.for_reading().select_related("user")


AGENTS = CsvExport(
    "agents",
    agent_rows,
    {
        "id": lambda agent: agent.pk,
        "name": lambda agent: agent.name,
        "contact_number": lambda agent: agent.contact_number,
        "login": lambda agent: agent.user and (agent.user.email or agent.user.phone),
        "agent_type": lambda agent: agent.agent_type,
        "experience_level": lambda agent: agent.experience_level,
        "is_active": lambda agent: agent.is_active,
        "is_available": lambda agent: agent.is_available,
        "cities": lambda agent: "|".join(agent.cities),
        "languages": lambda agent: "|".join(agent.languages),
        "timezone": lambda agent: agent.timezone,
        "working_hours": lambda agent: "|".join(map(str, agent.working_hours.all())),
        "capacity": lambda agent: agent.capacity,
        "live_visits": lambda agent: agent.live_visits,
        "live_users": lambda agent: agent.live_users,
        "total_users_assigned": lambda agent: agent.total_users_assigned,
        "user_satisfaction_rating": lambda agent: agent.user_satisfaction_rating,
        "last_assigned_at": lambda agent: agent.last_assigned_at,
        "created_at": lambda agent: agent.created_at,
    },
)
