from datetime import datetime, timedelta

import django_filters
from django.conf import settings
from django.db.models import Q

from agents.filters import AgentFilter
from agents.models import AgentQuerySet
from ghar.api.filters import FlagFilter, IdFilter, InstantFilter, OrderingFilter, WordsFilter
from ghar.staff import has_staff_perm
from visits.models import SEARCH_COLUMNS, STAFF_SEARCH_COLUMNS, Visit, VisitQuerySet
from visits.permissions import VIEW_VISIT
from visits.scheduling import eligibility


class VisitFilter(django_filters.FilterSet):
    """Filters for everyone. `from` is included and `to` is not; a date stands for its midnight UTC."""

    status = django_filters.MultipleChoiceFilter(choices=Visit.Status, distinct=False)
    visit_context = django_filters.ChoiceFilter(choices=Visit.Context)
    property = IdFilter("property_id")
    # The names under which other clients send the two above.
    property_id = IdFilter("property_id")
    context = django_filters.ChoiceFilter("visit_context", choices=Visit.Context)
    to = InstantFilter(field_name="scheduled_date", lookup_expr="lt")
    # `from` is a keyword of Python, so the class body can't assign it as a name.
    vars()["from"] = InstantFilter(field_name="scheduled_date", lookup_expr="gte")
    ordering = OrderingFilter(fields=["scheduled_date", "created_at"])

    class Meta:
        model = Visit
        fields: list[str] = []


class AgencyVisitFilter(VisitFilter):
    """Further filters for staff and agents."""

    agent = IdFilter("agent_id")
    agent_id = IdFilter("agent_id")
    unassigned = FlagFilter(method="filter_unassigned")
    urgent = FlagFilter(method="filter_urgent")
    user = IdFilter("user_id")
    user_id = IdFilter("user_id")
    follow_up_due = FlagFilter(method="filter_follow_up_due")
    q = WordsFilter(method="filter_text", max_length=100)

    def filter_unassigned(self, visits: VisitQuerySet, name: str, value: bool) -> VisitQuerySet:
        unassigned = Visit.objects.unassigned()
        return visits.filter(pk__in=unassigned) if value else visits.exclude(pk__in=unassigned)

    def filter_urgent(self, visits: VisitQuerySet, name: str, value: bool) -> VisitQuerySet:
        urgent = Visit.objects.urgent()
        return visits.filter(pk__in=urgent) if value else visits.exclude(pk__in=urgent)

    def filter_follow_up_due(self, visits: VisitQuerySet, name: str, value: bool) -> VisitQuerySet:
        due = Visit.objects.follow_up_due()
        return visits.filter(pk__in=due) if value else visits.exclude(pk__in=due)

    def filter_text(self, visits: VisitQuerySet, name: str, value: str) -> VisitQuerySet:
        """Match part of a name of the visitor, the listing or the agent, or with `=17` the visit's id."""
        if value.startswith("=") and value[1:].isascii() and value[1:].isdigit():
            return visits.filter(pk=int(value[1:]))
        is_staff = has_staff_perm(self.request.user, VIEW_VISIT)
        matches = Q()
        for column in STAFF_SEARCH_COLUMNS if is_staff else SEARCH_COLUMNS:
            matches |= Q(**{f"{column}__contains_text": value})
        return visits.filter(matches)


class StatsFilter(django_filters.FilterSet):
    """The visits that the agency's numbers count. `to` is not included."""

    to = InstantFilter(field_name="scheduled_date", lookup_expr="lt")
    vars()["from"] = InstantFilter(field_name="scheduled_date", lookup_expr="gte")
    city = django_filters.CharFilter("property__city", "iexact", max_length=80)

    class Meta:
        model = Visit
        fields: list[str] = []


class AvailableAgentFilter(AgentFilter):
    """Filters agents, also by `available_at`: agents who could show a tour that starts then."""

    available_at = InstantFilter(method="filter_available_at")

    def filter_available_at(self, agents: AgentQuerySet, name: str, value: datetime) -> AgentQuerySet:
        return self.available_from(agents, value)

    @staticmethod
    def available_from(agents: AgentQuerySet, start: datetime) -> AgentQuerySet:
        end = start + timedelta(minutes=settings.TOUR_MINUTES)
        return eligibility.eligible(agents, eligibility.Requirements(start=start, end=end))
