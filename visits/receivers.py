"""What other apps set off in visits, in their own transaction."""

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from agents.models import Agent
from agents.signals import agent_changed
from flatmates.signals import match_ended
from ghar.accounts.signals import user_deactivated
from visits import services
from visits.assignment import queue

if TYPE_CHECKING:
    from ghar.accounts.models import User


@receiver(user_deactivated)
def cancel_visits(sender: Any, user: "User", by: "User | None", **kwargs: Any) -> None:
    services.cancel_visits_of(user=user, by=by)


@receiver(match_ended)
def cancel_meets(sender: Any, pair: tuple[int, int], by: "User", **kwargs: Any) -> None:
    services.cancel_meets_of(pair=pair, by=by)


@receiver(agent_changed)
def look_at_queue(sender: Any, agent: Agent, by: "User", **kwargs: Any) -> None:
    """He may take now what waits for somebody."""
    queue.assign_pending_on_commit({agent.pk})
