"""What staff do to one visit in the admin: each act a form, a service and a right."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from ghar import clock
from ghar.admin import ExtraViewsMixin, error_message
from ghar.clock import format_local
from ghar.errors import DomainError
from properties.admin import editor
from visits import services
from visits.admin.fields import to_datetime_local
from visits.admin.forms import (
    AssignForm,
    AssignManyForm,
    BookForm,
    CancelForm,
    CompleteForm,
    ConfirmForm,
    RescheduleForm,
    VisitActionForm,
)
from visits.assignment import explanations
from visits.models import Visit, VisitQuerySet
from visits.permissions import ASSIGN_AGENT, CHANGE_VISIT


@dataclass(frozen=True)
class VisitAction:
    """`label` leads to the form, `submit_label` sends it off, `to` is the status that it leads to, if any."""

    name: str
    label: str
    submit_label: str
    hint: str
    form: type[VisitActionForm]
    service: Callable[..., Visit]
    permission: str = CHANGE_VISIT
    to: str = ""

    def is_available_for(self, visit: Visit) -> bool:
        """Whether there is any point in offering it."""
        if self.to == Visit.Status.COMPLETED and visit.scheduled_date > clock.now():
            return False
        return visit.can_become(self.to) if self.to else visit.is_live() and visit.is_tour()


VISIT_ACTIONS = {
    act.name: act
    for act in (
        VisitAction(
            name="assign",
            label="Assign",
            submit_label="Assign",
            hint="Who shows the listing.",
            form=AssignForm,
            service=services.assign,
            permission=ASSIGN_AGENT,
        ),
        VisitAction(
            name="confirm",
            label="Confirm",
            submit_label="Confirm the visit",
            hint="It takes place as planned, whoever was to say so.",
            form=ConfirmForm,
            service=services.confirm,
            to=Visit.Status.CONFIRMED,
        ),
        VisitAction(
            name="reschedule",
            label="Reschedule",
            submit_label="Move the visit",
            hint="The agent keeps it if he is free then; otherwise the best who is gets it.",
            form=RescheduleForm,
            service=services.reschedule,
            to=Visit.Status.RESCHEDULED,
        ),
        VisitAction(
            name="complete",
            label="Complete",
            submit_label="Complete the visit",
            hint="It took place; say how it went.",
            form=CompleteForm,
            service=services.complete,
            to=Visit.Status.COMPLETED,
        ),
        VisitAction(
            name="cancel",
            label="Cancel",
            submit_label="Cancel the visit",
            hint="It does not take place; everybody concerned hears of it. This is final.",
            form=CancelForm,
            service=services.cancel,
            to=Visit.Status.CANCELLED,
        ),
    )
}


def result_message(act: VisitAction, visit: Visit) -> str:
    """What the act has led to, for messages and the admin's log."""
    if act.name == "assign":
        return f"Assigned to {visit.agent}." if visit.agent else "Taken off its agent: back in the queue."
    if act.name == "reschedule":
        return (
            f"Moved to {format_local(visit.scheduled_date, visit.property.timezone)}; {agent_phrase(visit)}."
        )
    return f"{visit.get_status_display()}."


def queue_note(changed: Visit) -> str:
    """What the queue has made of the visit as soon as the act was done, if anything."""
    now = Visit.objects.select_related("agent").get(pk=changed.pk)
    return (
        explanations.explain_queue_pick(now.agent.name)
        if now.agent and now.agent_id != changed.agent_id
        else ""
    )


def agent_phrase(visit: Visit) -> str:
    if not visit.is_tour():
        return "they meet without an agent"
    return f"{visit.agent} shows it" if visit.agent else "nobody is free to show it yet"


def error_text(error: DomainError, zone: str) -> str:
    """A refusal with what helps to go on."""
    sentences = [error_message(error)]
    if free := error.extra.get("alternatives"):
        sentences.append(f"Free instead: {'; '.join(format_local(slot['start'], zone) for slot in free)}.")
    return " ".join(sentences)


MAX_SELECTED = 100
ACTION_PAGE = "visits/visit/act.html"
UNCHANGED = "with the same agent as before"


class VisitActionsMixin(ExtraViewsMixin):
    """What ModelAdmin has no page for. A GET shows a form; what it asks is done by POST alone."""

    actions = ("assign_agents",)

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                f"<path:object_id>/{act.name}/",
                self.admin_site.admin_view(partial(self.act_view, act=act)),
                name=f"visits_visit_{act.name}",
            )
            for act in VISIT_ACTIONS.values()
        ]
        return [*own, *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_VISIT)

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ASSIGN_AGENT)

    def acts_on(self, request: HttpRequest, visit: Visit) -> list[VisitAction]:
        return [
            act
            for act in VISIT_ACTIONS.values()
            if act.is_available_for(visit) and request.user.has_perm(act.permission)
        ]

    # One visit

    def act_view(self, request: HttpRequest, object_id: str, act: VisitAction) -> HttpResponse:
        visit = self.found(request, object_id, allowed=request.user.has_perm(act.permission))
        form = act.form(posted_data(request), visit=visit)
        if form.is_valid() and self.act(request, visit, act, form):
            return HttpResponseRedirect(visit_admin_url(visit))
        return self.render_page(request, ACTION_PAGE, act.submit_label, form=form, visit=visit, act=act)

    def act(self, request: HttpRequest, visit: Visit, act: VisitAction, form: VisitActionForm) -> bool:
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
            self.message_user(request, f"{done}{queue_note(changed)}", messages.SUCCESS)
        return True

    def log_act(self, request: HttpRequest, changed: Visit, act: VisitAction, reason: str) -> str:
        done = result_message(act, changed)
        self.log_change(request, changed, f"{done} {reason}".strip())
        return done

    def refuse(self, request: HttpRequest, form: Any, error: DomainError, zone: str) -> None:
        """Tell what is in the way; the form offers the free times that come with it."""
        self.message_user(request, error_text(error, zone), messages.ERROR)
        starts = [slot["start"] for slot in error.extra.get("alternatives", ())]
        form.free = [(to_datetime_local(start, zone), format_local(start, zone)) for start in starts]

    # A new one

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = BookForm(posted_data(request))
        if form.is_valid() and (visit := self.book(request, form)):
            return HttpResponseRedirect(visit_admin_url(visit))
        return self.render_page(request, ACTION_PAGE, "Book a tour", form=form)

    def book(self, request: HttpRequest, form: BookForm) -> Visit | None:
        try:
            visit, made = services.schedule(by=editor(request), **form.given())
        except DomainError as error:
            self.refuse(request, form, error, form.cleaned_data["listing"].timezone)
            return None
        if made:
            self.log_addition(request, visit, "Booked.")
        done = f"Booked; {agent_phrase(visit)}." if made else "This was booked already; here it is."
        self.message_user(request, done, messages.SUCCESS if made else messages.WARNING)
        return visit

    # Many

    @admin.action(description="Assign agents…", permissions=["assign"])
    def assign_agents(self, request: HttpRequest, queryset: VisitQuerySet) -> HttpResponse | None:
        visits = list(queryset.order_by("scheduled_date", "pk")[: MAX_SELECTED + 1])
        if len(visits) > MAX_SELECTED:
            self.message_user(request, f"Tick {MAX_SELECTED} visits at most.", messages.ERROR)
            return None
        final = "post" in request.POST
        suitable = [visit for visit in visits if final or VISIT_ACTIONS["assign"].is_available_for(visit)]
        form = AssignManyForm(request.POST if final else None, visits=suitable)
        if form.is_valid():
            return self.assign_each(request, form)
        form.propose()
        return self.render_page(
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
        self.message_user(request, summary(ended), messages.SUCCESS if all_well else messages.WARNING)
        return HttpResponseRedirect(
            f"{reverse('admin:visits_visit_changelist')}?{request.POST.get('back', '')}"
        )

    def assign_one(self, request: HttpRequest, visit: Visit, agent_id: Any, reason: str) -> str:
        """How it ended, in a word."""
        before = visit.version
        try:
            changed = services.assign(visit=visit, by=editor(request), agent_id=agent_id, reason=reason)
        except DomainError as error:
            self.message_user(request, f"{visit}, {visit.user}: {error_text(error, 'UTC')}", messages.ERROR)
            return "refused"
        if changed.version == before:
            return UNCHANGED
        self.log_act(request, changed, VISIT_ACTIONS["assign"], reason)
        return "assigned"


def summary(ended: Counter[str]) -> str:
    kept = f", {ended[UNCHANGED]} {UNCHANGED}" if ended[UNCHANGED] else ""
    return f"{ended['assigned']} assigned, {ended['refused']} refused{kept}."


def posted_data(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def visit_admin_url(visit: Visit) -> str:
    return reverse("admin:visits_visit_change", args=[visit.pk])
