from datetime import datetime, timedelta
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import Q

from agents.filters import AgentFilter
from agents.models import AgentQuerySet
from ghar.api.filters import FlagFilter, IdFilter, InstantFilter, OrderingFilter
from ghar.staff import has_staff_perm
from visits.models import SEARCH_COLUMNS, STAFF_SEARCH_COLUMNS, Visit, VisitQuerySet
from visits.scheduling import eligibility


class VisitFilter(django_filters.FilterSet):
    """`from` and `to` are moments, or dates that stand for midnight UTC; `to` is excluded."""

    status = django_filters.MultipleChoiceFilter(choices=Visit.Status, distinct=False)
    visit_context = django_filters.ChoiceFilter(choices=Visit.Context)
    property = IdFilter("property_id")
    to = InstantFilter(field_name="scheduled_date", lookup_expr="lt")
    vars()["from"] = InstantFilter(field_name="scheduled_date", lookup_expr="gte")
    ordering = OrderingFilter(fields=["scheduled_date", "created_at"])

    class Meta:
        model = Visit
        fields: list[str] = []


class AgencyVisitFilter(VisitFilter):
    """What staff and agents narrow their lists by."""

    agent = IdFilter("agent_id")
    unassigned = FlagFilter(method="in_queue")
    urgent = FlagFilter(method="begins_soon")
    user = IdFilter("user_id")
    follow_up_due = FlagFilter(method="due")
    q = django_filters.CharFilter(method="search", max_length=100)

    def in_queue(self, visits: VisitQuerySet, name: str, value: bool) -> Any:
        queue = Visit.objects.unassigned()
        return visits.filter(pk__in=queue) if value else visits.exclude(pk__in=queue)

    def begins_soon(self, visits: VisitQuerySet, name: str, value: bool) -> Any:
        urgent = Visit.objects.urgent()
        return visits.filter(pk__in=urgent) if value else visits.exclude(pk__in=urgent)

    def due(self, visits: VisitQuerySet, name: str, value: bool) -> Any:
        due = Visit.objects.follow_up_due()
        return visits.filter(pk__in=due) if value else visits.exclude(pk__in=due)

    def search(self, visits: VisitQuerySet, name: str, value: str) -> Any:
        """By a part of a name: visitor, listing, agent; staff by phone or email, too; `=17` is an id."""
        if value.startswith("=") and value[1:].isascii() and value[1:].isdigit():
            return visits.filter(pk=int(value[1:]))
        staff = has_staff_perm(self.request.user, "visits.view_visit")
        hits = Q()
        for column in STAFF_SEARCH_COLUMNS if staff else SEARCH_COLUMNS:
            hits |= Q(**{f"{column}__icontains": value})
        return visits.filter(hits)


class AvailableAgentFilter(AgentFilter):
    """`available_at`: who could take a tour that begins at that moment."""

    available_at = InstantFilter(method="free_at")

    def free_at(self, agents: AgentQuerySet, name: str, value: datetime) -> Any:
        end = value + timedelta(minutes=settings.TOUR_MINUTES)
        return eligibility.eligible(agents, eligibility.Requirements(start=value, end=end))
