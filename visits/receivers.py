"""Receivers of other apps' signals. They change visits in the transaction of the sender."""

from typing import TYPE_CHECKING

from django.dispatch import receiver

from agents.models import Agent
from agents.signals import agent_changed
from flatmates.signals import match_ended
from ghar.accounts.signals import user_deactivated
from visits import services

if TYPE_CHECKING:
    from ghar.accounts.models import User


@receiver(user_deactivated)
def cancel_visits(sender: object, user: "User", by: "User | None", **kwargs: object) -> None:
    """Cancel the visits of a person whose account is closed."""
    services.cancel_visits_of(user=user, by=by)


@receiver(match_ended)
def cancel_meets(sender: object, pair: tuple[int, int], by: "User", **kwargs: object) -> None:
    """Cancel the meets of two people who no longer match."""
    services.cancel_meets_of(pair=pair, by=by)


@receiver(agent_changed)
def assign_pending_visits(sender: object, agent: Agent, by: "User", **kwargs: object) -> None:
    """Look for visits in the queue that the agent can take now."""
    services.assign_pending_on_commit({agent.pk})
