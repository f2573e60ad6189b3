"""The work queues as tabs above the list of visits."""

from collections.abc import Iterator
from typing import Any, TypedDict

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from visits.models import Visit, VisitQuerySet
from visits.queues import ALL_VISITS, DEFAULT_QUEUE, WORK_QUEUES, queue_counts


class Tab(TypedDict):
    name: str
    display: str | Promise
    hint: str | Promise
    query_string: str
    selected: bool
    count: int | None


def selected_queue(request: HttpRequest) -> str:
    """Return the name of the requested queue. A search or another filter looks at all visits by default."""
    name = request.GET.get("work")
    if name:
        return name if name in WORK_QUEUES else ALL_VISITS
    return ALL_VISITS if request.GET.keys() - {"o", "p", "e", "_facets"} else DEFAULT_QUEUE


class WorkQueueFilter(admin.SimpleListFilter):
    """Tabs with the queues and their counts. Choosing one drops all other filters."""

    title = gettext_lazy("work")
    parameter_name = "work"
    template = "admin/visits/visit/queue_tabs.html"

    def __init__(
        self,
        request: HttpRequest,
        params: dict[str, list[str]],
        model: type[Visit],
        model_admin: "admin.ModelAdmin[Visit]",
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.selected = selected_queue(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(queue.label)) for name, queue in WORK_QUEUES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> VisitQuerySet:
        visits: VisitQuerySet = queryset
        queue = WORK_QUEUES.get(self.selected)
        return queue.visits(visits) if queue else visits

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        counts: dict[str, int | None] = {**queue_counts(), ALL_VISITS: None}
        for name, count in counts.items():
            queue = WORK_QUEUES.get(name)
            tab: Tab = {
                "name": name,
                "display": str(queue.label) if queue else _("All"),
                "hint": str(queue.hint) if queue else _("past and future"),
                "query_string": f"?work={name}",
                "selected": name == self.selected,
                "count": count,
            }
            yield tab
