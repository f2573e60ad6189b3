"""The actions of staff on one visit: each with its button, form, service and permission."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar import clock
from ghar.admin import ActionForm, ObjectAction, Outcome
from ghar.clock import format_local
from visits import services
from visits.admin.forms import (
    AssignForm,
    BookForm,
    CancelForm,
    CompleteForm,
    RescheduleForm,
    VisitActionForm,
)
from visits.assignment import explanations
from visits.models import Visit, VisitStatus
from visits.permissions import ASSIGN_AGENT, CHANGE_VISIT


def describe_assignment(visit: Visit) -> str:
    if visit.agent:
        return _("Assigned to %(agent)s.") % {"agent": visit.agent}
    return _("Unassigned. The visit waits until staff assign an agent.")


def describe_new_time(visit: Visit) -> str:
    time = format_local(visit.scheduled_date, visit.property.timezone)
    return _("Rescheduled to %(time)s. %(agent)s") % {"time": time, "agent": describe_agent(visit)}


def describe_agent(visit: Visit) -> str:
    if not visit.is_tour():
        return _("The visitors meet without an agent.")
    if visit.agent:
        return _("%(agent)s shows the listing.") % {"agent": visit.agent}
    return _("No agent is free then; the visit is in the queue.")


def describe_status(visit: Visit) -> str:
    return _("%(status)s.") % {"status": visit.get_status_display()}


def ask_without_agent(form: ActionForm[Visit], visit: Visit) -> str:
    """Return a question when nobody shows the visit after a change: staff answer for it then."""
    if visit.version == form.row.version or not visit.lacks_agent():
        return ""
    time = format_local(visit.scheduled_date, visit.property.timezone)
    return _("No agent shows this tour on %(time)s. Check the time, or go on without an agent.") % {
        "time": time
    }


def visit_outcome(
    describe: Callable[[Visit], str],
) -> Callable[[ActionForm[Visit], Visit], Outcome[Visit]]:
    """Return the `outcome` of an action that changes a visit as `describe` says."""

    def outcome(form: ActionForm[Visit], changed: Visit) -> Outcome[Visit]:
        if changed.version == form.row.version:
            return Outcome(_("Nothing to change."))
        description = describe(changed)
        words = " ".join(form.cleaned_data.get(name, "") for name in ("reason", "note"))
        text = description
        # The queue runs right after the commit: it may have given the visit an agent since.
        now = Visit.objects.select_related("agent").get(pk=changed.pk)
        if now.agent and now.agent_id != changed.agent_id:
            text = f"{description} {explanations.explain_queue_pick(now.agent.name)}"
        return Outcome(text, log=f"{description} {words}".strip())

    return outcome


def booking_outcome(form: ActionForm[Visit], result: tuple[Visit, bool]) -> Outcome[Visit]:
    visit, created = result
    if not created:
        return Outcome(_("This visit already exists. Here it is."), row=visit)
    return Outcome(_("Booked. %(agent)s") % {"agent": describe_agent(visit)}, log=_("Booked."), row=visit)


def can_have_agent(visit: Visit) -> bool:
    return visit.is_live() and visit.is_tour()


def can_become(status: VisitStatus) -> Callable[[Visit], bool]:
    def is_available_for(visit: Visit) -> bool:
        return visit.can_become(status)

    return is_available_for


def can_be_completed(visit: Visit) -> bool:
    return visit.can_become(VisitStatus.COMPLETED) and visit.scheduled_date <= clock.now()


ASSIGN = ObjectAction(
    name="assign",
    label=gettext_lazy("Assign"),
    submit_label=gettext_lazy("Assign"),
    hint=gettext_lazy("Choose the agent who shows the listing."),
    form=AssignForm,
    form_template="admin/visits/visit/assign_form.html",
    service=services.assign,
    outcome=visit_outcome(describe_assignment),
    permission=ASSIGN_AGENT,
    is_available_for=can_have_agent,
)
VISIT_ACTIONS: tuple[ObjectAction[Visit, Any], ...] = (
    ASSIGN,
    ObjectAction(
        name="confirm",
        label=gettext_lazy("Confirm"),
        submit_label=gettext_lazy("Confirm visit"),
        hint=gettext_lazy("The visit takes place as scheduled. You confirm it for whoever was asked to."),
        form=VisitActionForm,
        service=services.confirm,
        outcome=visit_outcome(describe_status),
        permission=CHANGE_VISIT,
        question=ask_without_agent,
        is_available_for=can_become(VisitStatus.CONFIRMED),
    ),
    ObjectAction(
        name="reschedule",
        label=gettext_lazy("Reschedule"),
        submit_label=gettext_lazy("Reschedule visit"),
        hint=gettext_lazy(
            "The agent keeps the visit if they are free at the new time; else the best free agent gets it."
        ),
        form=RescheduleForm,
        service=services.reschedule,
        outcome=visit_outcome(describe_new_time),
        permission=CHANGE_VISIT,
        question=ask_without_agent,
        is_available_for=can_become(VisitStatus.RESCHEDULED),
    ),
    ObjectAction(
        name="complete",
        label=gettext_lazy("Complete"),
        submit_label=gettext_lazy("Complete visit"),
        hint=gettext_lazy("The visit took place. Record how it went."),
        form=CompleteForm,
        service=services.complete,
        outcome=visit_outcome(describe_status),
        permission=CHANGE_VISIT,
        is_available_for=can_be_completed,
    ),
    ObjectAction(
        name="cancel",
        label=gettext_lazy("Cancel"),
        submit_label=gettext_lazy("Cancel visit"),
        hint=gettext_lazy(
            "The visit doesn't take place, and everyone involved is notified. This can't be undone."
        ),
        form=CancelForm,
        service=services.cancel,
        outcome=visit_outcome(describe_status),
        permission=CHANGE_VISIT,
        is_available_for=can_become(VisitStatus.CANCELLED),
    ),
)
BOOK_TOUR = ObjectAction(
    name="add",
    label=gettext_lazy("Book a tour"),
    submit_label=gettext_lazy("Book tour"),
    hint=gettext_lazy("The best free agent is assigned."),
    form=BookForm,
    service=services.schedule,
    outcome=booking_outcome,
    permission=CHANGE_VISIT,
)
