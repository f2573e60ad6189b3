"""The pages on which staff act: on one visit, on ticked ones, or to book a new one."""

from collections import Counter
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from ghar.admin import OwnPages
from ghar.errors import DomainError
from properties.admin import editor
from visits import services
from visits.acts import ACTS, ASSIGN, CHANGE, Act, clock_face, outcome, shown_by, since, told
from visits.forms import ActForm, AssignManyForm, BookForm, as_typed
from visits.models import Visit, VisitQuerySet

MOST_AT_ONCE = 100
ACT_PAGE = "visits/visit/act.html"
KEPT = "with the same agent as before"


class Desk(OwnPages):
    """What ModelAdmin has no page for. A GET shows a form; what it asks is done by POST alone."""

    actions = ("assign_agents",)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{act.name}/",
                self.admin_site.admin_view(partial(self.act_view, act=act)),
                name=f"visits_visit_{act.name}",
            )
            for act in ACTS.values()
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE)

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ASSIGN)

    def acts_on(self, request: HttpRequest, visit: Visit) -> list[Act]:
        return [act for act in ACTS.values() if act.suits(visit) and request.user.has_perm(act.permission)]

    # One visit

    def act_view(self, request: HttpRequest, object_id: str, act: Act) -> HttpResponse:
        visit = self.found(request, object_id, allowed=request.user.has_perm(act.permission))
        form = act.form(sent(request), visit=visit)
        if form.is_valid() and self.act(request, visit, act, form):
            return HttpResponseRedirect(page_of(visit))
        return self.own_page(request, ACT_PAGE, act.does, form=form, visit=visit, act=act)

    def act(self, request: HttpRequest, visit: Visit, act: Act, form: ActForm) -> bool:
        before = visit.version
        try:
            changed = act.service(visit=visit, by=editor(request), **form.given())
        except DomainError as error:
            self.refuse(request, form, error, visit.property.timezone)
            return False
        if changed.version == before:
            self.message_user(request, "It is so already: nothing changed.", messages.WARNING)
        else:
            done = self.log_act(request, changed, act, form.cleaned_data.get("reason", ""))
            self.message_user(request, f"{done}{since(changed)}", messages.SUCCESS)
        return True

    def log_act(self, request: HttpRequest, changed: Visit, act: Act, reason: str) -> str:
        done = outcome(act, changed)
        self.log_change(request, changed, f"{done} {reason}".strip())
        return done

    def refuse(self, request: HttpRequest, form: Any, error: DomainError, zone: str) -> None:
        """Tell what is in the way; the form offers the free times that come with it."""
        self.message_user(request, told(error, zone), messages.ERROR)
        starts = [slot["start"] for slot in error.extra.get("alternatives", ())]
        form.free = [(as_typed(start, zone), clock_face(start, zone)) for start in starts]

    # A new one

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BookForm(sent(request))
        if form.is_valid() and (visit := self.book(request, form)):
            return HttpResponseRedirect(page_of(visit))
        return self.own_page(request, ACT_PAGE, "Book a tour", form=form)

    def book(self, request: HttpRequest, form: BookForm) -> Visit | None:
        try:
            visit, made = services.schedule(by=editor(request), **form.given())
        except DomainError as error:
            self.refuse(request, form, error, form.cleaned_data["listing"].timezone)
            return None
        if made:
            self.log_addition(request, visit, "Booked.")
        done = f"Booked; {shown_by(visit)}." if made else "This was booked already; here it is."
        self.message_user(request, done, messages.SUCCESS if made else messages.WARNING)
        return visit

    # Many

    @admin.action(description="Assign agents…", permissions=["assign"])
    def assign_agents(self, request: HttpRequest, queryset: VisitQuerySet) -> HttpResponse | None:
        visits = list(queryset.order_by("scheduled_date", "pk")[: MOST_AT_ONCE + 1])
        if len(visits) > MOST_AT_ONCE:
            self.message_user(request, f"Tick {MOST_AT_ONCE} visits at most.", messages.ERROR)
            return None
        final = "post" in request.POST
        suitable = [visit for visit in visits if final or ACTS["assign"].suits(visit)]
        form = AssignManyForm(request.POST if final else None, visits=suitable)
        if form.is_valid():
            return self.assign_each(request, form)
        form.propose()
        return self.own_page(
            request,
            "visits/visit/assign_many.html",
            "Assign agents",
            form=form,
            unsuitable=[visit for visit in visits if visit not in suitable],
            back=request.POST.get("back", request.GET.urlencode()),
            ticked=ACTION_CHECKBOX_NAME,
        )

    def assign_each(self, request: HttpRequest, form: AssignManyForm) -> HttpResponse:
        """One service call a visit; what one refuses does not keep the others."""
        reason = form.cleaned_data["reason"]
        ended = Counter(
            self.assign_one(request, visit, agent_id, reason) for visit, agent_id in form.wanted()
        )
        all_well = ended["assigned"] and not ended["refused"]
        self.message_user(request, in_numbers(ended), messages.SUCCESS if all_well else messages.WARNING)
        return HttpResponseRedirect(
            f"{reverse('admin:visits_visit_changelist')}?{request.POST.get('back', '')}"
        )

    def assign_one(self, request: HttpRequest, visit: Visit, agent_id: Any, reason: str) -> str:
        """How it ended, in a word."""
        before = visit.version
        try:
            changed = services.assign(visit=visit, by=editor(request), agent_id=agent_id, reason=reason)
        except DomainError as error:
            self.message_user(request, f"{visit}, {visit.user}: {told(error, 'UTC')}", messages.ERROR)
            return "refused"
        if changed.version == before:
            return KEPT
        self.log_act(request, changed, ACTS["assign"], reason)
        return "assigned"


def in_numbers(ended: Counter[str]) -> str:
    kept = f", {ended[KEPT]} {KEPT}" if ended[KEPT] else ""
    return f"{ended['assigned']} assigned, {ended['refused']} refused{kept}."


def sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def page_of(visit: Visit) -> str:
    return reverse("admin:visits_visit_change", args=[visit.pk])
