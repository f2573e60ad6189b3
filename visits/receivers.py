"""What other apps set off in visits, in their own transaction."""

from typing import TYPE_CHECKING, Any

from django.dispatch import receiver

from ghar.accounts.signals import user_deactivated
from visits import services

if TYPE_CHECKING:
    from ghar.accounts.models import User


@receiver(user_deactivated)
def cancel_visits(sender: Any, user: "User", by: "User | None", **kwargs: Any) -> None:
    services.cancel_visits_of(user=user, by=by)
