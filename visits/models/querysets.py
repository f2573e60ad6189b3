"""The questions that all parts of the project ask of the table of visits."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.lookups import Exact

from ghar import clock
from ghar.fields import DateAt
from ghar.staff import has_staff_perm
from visits.models.statuses import VisitContext, VisitStatus

if TYPE_CHECKING:
    from visits.models.visit import Visit

# The permissions that tell what staff may do; every face asks by these names.
VIEW_VISIT, CHANGE_VISIT, ASSIGN_AGENT = "visits.view_visit", "visits.change_visit", "visits.assign_agent"

# The text columns that a search for visits covers.
SEARCH_COLUMNS = (
    "user__full_name",
    "counterparty_user__full_name",
    "property__title",
    "property__locality",
    "property__city",
    "agent__name",
)
# Agents can't search these: they could guess a number digit by digit.
STAFF_SEARCH_COLUMNS = (*SEARCH_COLUMNS, "user__email", "user__phone")


class VisitQuerySet(models.QuerySet["Visit"]):
    def visible_to(self, user: Any) -> "VisitQuerySet":
        """Return the visits that `user` takes part in, shows or hosts; all for staff who may view visits.

        An agent sees theirs while employed.
        """
        if has_staff_perm(user, VIEW_VISIT):
            return self
        return self.filter(
            Q(user=user)
            | Q(counterparty_user=user)
            | Q(agent__user=user, agent__is_active=True)
            | Q(property__owner=user)
        )

    def for_agency(self, user: Any) -> "VisitQuerySet":
        """Return all visits for staff who may view visits; for an agent, the visits they show."""
        if has_staff_perm(user, VIEW_VISIT):
            return self
        return self.filter(agent__user=user, agent__is_active=True)

    def for_participant(self, user: Any) -> "VisitQuerySet":
        return self.filter(Q(user=user) | Q(counterparty_user=user))

    def live(self) -> "VisitQuerySet":
        return self.filter(live=True)

    def tours(self) -> "VisitQuerySet":
        return self.filter(visit_context=VisitContext.PROPERTY_TOUR)

    def meets_between(self, a: Any, b: Any) -> "VisitQuerySet":
        """Return the meets of two people, given by id or as expressions, whichever of them invited."""
        return self.filter(Q(user=a, counterparty_user=b) | Q(user=b, counterparty_user=a))

    def during(self, start: datetime, end: datetime) -> "VisitQuerySet":
        return self.filter(scheduled_date__lt=end, scheduled_end__gt=start)

    def of_people(self, people: Collection[int]) -> "VisitQuerySet":
        """Return the visits in which any of `people` (ids) takes part."""
        return self.filter(Q(user_id__in=people) | Q(counterparty_user_id__in=people))

    def at_exclusive_listing(self, visit: "Visit") -> "VisitQuerySet":
        """Return the tours at the listing of `visit`, if it or they were booked as exclusive."""
        if not visit.is_tour():
            return self.none()
        there = self.tours().filter(property_id=visit.property_id)
        return there if visit.exclusive else there.filter(exclusive=True)

    def blocking(self, visit: "Visit", start: datetime, end: datetime) -> "VisitQuerySet":
        """Return the live visits that keep `visit` from taking place in [start, end).

        They have a participant in common with it, or one of the two is exclusive at their listing. `visit`
        may be unsaved.
        """
        others = self.live().during(start, end).exclude(pk=visit.pk)
        return others.of_people(visit.people()) | others.at_exclusive_listing(visit)

    def upcoming(self) -> "VisitQuerySet":
        """Return the live visits that are not over."""
        return self.live().filter(scheduled_end__gt=clock.now())

    def past(self) -> "VisitQuerySet":
        """Return all visits that are not upcoming."""
        return self.exclude(live=True, scheduled_end__gt=clock.now())

    def unassigned(self) -> "VisitQuerySet":
        """Return the live tours without an agent: the queue of staff.

        A tour that has begun stays there until staff complete or cancel it: somebody may stand at the door.
        """
        return self.live().tours().filter(agent__isnull=True)

    def pending(self) -> "VisitQuerySet":
        """Return the unassigned tours that are assigned automatically.

        They have not begun, and staff have not unassigned their agent: what staff took away, staff give.
        """
        return self.unassigned().filter(kept_unassigned=False, scheduled_date__gt=clock.now())

    def today(self) -> "VisitQuerySet":
        """Return the visits on today's date in their listing's time zone, without cancelled ones."""
        # No local day is further away than 26 hours: that lets an index narrow the rows first.
        now, day = clock.now(), timedelta(hours=26)
        near = self.filter(scheduled_date__gt=now - day, scheduled_date__lt=now + day)
        return near.exclude(status=VisitStatus.CANCELLED).filter(
            Exact(DateAt("property__timezone", "scheduled_date"), DateAt("property__timezone", now))
        )

    def awaiting_confirmation(self) -> "VisitQuerySet":
        """Return the upcoming visits that somebody has to confirm."""
        return self.upcoming().filter(awaiting__isnull=False)

    def needing_completion(self) -> "VisitQuerySet":
        """Return the live visits that are over: somebody has to complete or cancel them."""
        return self.live().filter(scheduled_end__lte=clock.now())

    def urgent(self) -> "VisitQuerySet":
        """Return the unassigned tours that begin within URGENT_HOURS, or have begun."""
        soon = clock.now() + timedelta(hours=settings.URGENT_HOURS)
        return self.unassigned().filter(scheduled_date__lte=soon)

    def follow_up_due(self) -> "VisitQuerySet":
        return self.filter(follow_up_required=True, follow_up_date__lte=clock.now())

    def for_reading(self) -> "VisitQuerySet":
        """Fetch everything that a visit's JSON shows: four queries however long the page."""
        related = self.select_related("property", "user", "counterparty_user", "agent")
        shown = related.prefetch_related("property__images", "property__amenities", "feedback")
        # Nobody reads the participants' multirange, and psycopg takes longer for it than for all the rest.
        return shown.defer("participants")
