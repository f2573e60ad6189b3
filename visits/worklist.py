"""What waits for staff: the heaps that the admin's list is opened by, and how high each one is."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.db.models import Count, Value
from django.http import HttpRequest

from visits.models import Visit, VisitQuerySet


class Heap(NamedTuple):
    label: str
    visits: Callable[[VisitQuerySet], VisitQuerySet]
    hint: str
    soonest_first: bool = True


DEFAULT, EVERYTHING = "upcoming", "all"
HEAPS = {
    "unassigned": Heap("Unassigned", VisitQuerySet.unassigned, "tours to come without an agent"),
    "today": Heap("Today", VisitQuerySet.today, "by the date at the listing"),
    "awaiting": Heap("Awaiting", VisitQuerySet.awaited, "to come, and not confirmed"),
    "to_close": Heap("To close", VisitQuerySet.to_close, "over, and nobody has said how it went"),
    "follow_up": Heap("Follow-up due", VisitQuerySet.follow_up_due, "promised for now or earlier"),
    DEFAULT: Heap("Upcoming", VisitQuerySet.upcoming, "all that are to come"),
}


def heights() -> dict[str, int]:
    """How many visits lie on each heap: one query, of which each part has its own index."""
    first, *rest = [
        heap.visits(Visit.objects.all())
        .order_by()
        .annotate(heap=Value(name))
        .values("heap")
        .annotate(height=Count("pk"))
        .values_list("heap", "height")
        for name, heap in HEAPS.items()
    ]
    return dict.fromkeys(HEAPS, 0) | dict(first.union(*rest, all=True))


def chosen(request: HttpRequest) -> str:
    """The heap that is asked for. Who looks for something particular looks everywhere."""
    asked = request.GET.get("work")
    if asked:
        return asked if asked in HEAPS else EVERYTHING
    return EVERYTHING if request.GET.keys() - {"o", "p", "e", "_facets"} else DEFAULT


class WorkFilter(admin.SimpleListFilter):
    """The heaps as tabs above the list, with their heights; each one opens afresh."""

    title = "work"
    parameter_name = "work"
    template = "admin/visits/tabs.html"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        super().__init__(request, *args)
        self.chosen = chosen(request)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, heap.label) for name, heap in HEAPS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        heap = HEAPS.get(self.chosen)
        return heap.visits(queryset) if heap else queryset

    def choices(self, changelist: Any) -> Iterator[Any]:
        for name, height in heights().items():
            yield self.tab(name, HEAPS[name].label, HEAPS[name].hint) | {"height": height}
        yield self.tab(EVERYTHING, "All", "past and to come")

    def tab(self, name: str, label: str, hint: str) -> dict[str, Any]:
        return {
            "selected": name == self.chosen,
            "query_string": f"?work={name}",
            "display": label,
            "hint": hint,
            "name": name,
        }
