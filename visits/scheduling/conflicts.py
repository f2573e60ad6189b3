"""Whether a visit can be at its time; what cannot be names free alternatives."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from ghar import clock
from ghar.errors import Invalid
from ghar.transactions import retrying_atomic
from visits.models import Visit
from visits.scheduling import slots
from visits.scheduling.errors import VisitConflict

P = ParamSpec("P")
R = TypeVar("R")


class TimeTaken(Exception):
    """A person or an exclusive listing is taken at the time of `visit`, which is as it was meant to be."""

    def __init__(self, visit: Visit, detail: str) -> None:
        super().__init__(detail)
        self.visit = visit
        self.detail = detail


def changes_a_visit(func: Callable[P, R]) -> Callable[P, R]:
    """Run a service in one transaction; a taken time becomes VisitConflict with alternatives.

    A lost race runs it again from the start, so it reads all its rows itself. The alternatives are looked up
    once the transaction is rolled back: an agent or a person may be free only then.
    """
    run = retrying_atomic(func)

    @wraps(func)
    def change(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return run(*args, **kwargs)
        except TimeTaken as taken:
            raise VisitConflict(taken.detail, alternatives=slots.alternatives(taken.visit)) from None

    return change


def check_time(start: datetime, field: str) -> None:
    """Raise Invalid on `field` for a time in the past or beyond the horizon."""
    now = clock.now()
    if start <= now:
        raise Invalid(**{field: _("This time is in the past. Choose a later one.")})
    if start > now + timedelta(days=settings.HORIZON_DAYS):
        raise Invalid(
            **{
                field: _("Visits can be booked at most %(days)d days ahead. Choose an earlier time.")
                % {"days": settings.HORIZON_DAYS}
            }
        )


def check_free(visit: Visit) -> None:
    """Raise TimeTaken when a person or the exclusive listing of `visit` is taken at its time.

    The locks on people and listing are held by now, so nobody can take the time between check and save.
    """
    others = Visit.objects.all().blocking(visit, visit.scheduled_date, visit.scheduled_end)
    people = visit.people()
    taken = [people & other.people() for other in others.only("user_id", "counterparty_user_id")]
    if any(taken):
        raise TimeTaken(visit, _("There is another visit at that time. Choose one of the alternatives."))
    if taken:
        raise TimeTaken(visit, _("The listing is taken at that time. Choose one of the alternatives."))


def find_twin(visit: Visit, wanted: date) -> Visit | None:
    """Return the live visit that is the same booking as `visit` at `wanted`; other fields don't count.

    `wanted` is a moment, or a local day of the listing: then it is the first on that day.
    """
    if isinstance(wanted, datetime):
        times = Q(scheduled_date=clock.whole_minute(wanted))
    else:
        day = slots.local_days(visit.property.timezone, wanted, wanted)
        times = Q(scheduled_date__gte=day.lower, scheduled_date__lt=day.upper)
    return (
        Visit.objects.live()
        .filter(times)
        .filter(
            user=visit.user,
            counterparty_user=visit.counterparty_user,
            property=visit.property,
            visit_context=visit.visit_context,
        )
        .order_by("scheduled_date", "pk")
        .first()
    )
