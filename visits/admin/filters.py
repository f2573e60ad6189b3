"""The work queues as tabs above the admin's list of visits."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from visits.queues import ALL_VISITS, DEFAULT_QUEUE, WORK_QUEUES, queue_counts


def selected_queue(request: HttpRequest) -> str:
    """The queue that is asked for. Who looks for something particular looks everywhere."""
    asked = request.GET.get("work")
    if asked:
        return asked if asked in WORK_QUEUES else ALL_VISITS
    return ALL_VISITS if request.GET.keys() - {"o", "p", "e", "_facets"} else DEFAULT_QUEUE


class WorkQueueFilter(admin.SimpleListFilter):
    """The queues as tabs above the list, with their counts; each one opens afresh."""

    title = "work"
    parameter_name = "work"
    template = "admin/visits/tabs.html"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self.chosen = selected_queue(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, str(queue.label)) for name, queue in WORK_QUEUES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        queue = WORK_QUEUES.get(self.chosen)
        return queue.visits(queryset) if queue else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, count in queue_counts().items():
            yield self.tab(name, str(WORK_QUEUES[name].label), str(WORK_QUEUES[name].hint)) | {"count": count}
        yield self.tab(ALL_VISITS, "All", "past and to come")

    def tab(self, name: str, label: str, hint: str) -> dict[str, Any]:
        return {
            "selected": name == self.chosen,
            "query_string": f"?work={name}",
            "display": label,
            "hint": hint,
            "name": name,
        }
