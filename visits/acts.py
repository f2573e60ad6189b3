"""What staff do to one visit in the admin: each act a form, a service and a right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ghar import clock
from ghar.admin import refusal
from ghar.errors import DomainError
from visits import services, words
from visits.forms import ActForm, AssignForm, CancelForm, CompleteForm, ConfirmForm, RescheduleForm
from visits.models import Visit

CHANGE, ASSIGN = "visits.change_visit", "visits.assign_agent"


@dataclass(frozen=True)
class Act:
    """`button` leads to the form, `does` sends it off, `to` is the status that it leads to, if any."""

    name: str
    button: str
    does: str
    hint: str
    form: type[ActForm]
    service: Callable[..., Visit]
    permission: str = CHANGE
    to: str = ""

    def suits(self, visit: Visit) -> bool:
        """Whether there is any point in offering it."""
        if self.to == Visit.Status.COMPLETED and visit.scheduled_date > clock.now():
            return False
        return visit.can_become(self.to) if self.to else visit.is_live() and visit.is_tour()


ACTS = {
    act.name: act
    for act in (
        Act(
            name="assign",
            button="Assign",
            does="Assign",
            hint="Who shows the listing.",
            form=AssignForm,
            service=services.assign,
            permission=ASSIGN,
        ),
        Act(
            name="confirm",
            button="Confirm",
            does="Confirm the visit",
            hint="It takes place as planned, whoever was to say so.",
            form=ConfirmForm,
            service=services.confirm,
            to=Visit.Status.CONFIRMED,
        ),
        Act(
            name="reschedule",
            button="Reschedule",
            does="Move the visit",
            hint="The agent keeps it if he is free then; otherwise the best who is gets it.",
            form=RescheduleForm,
            service=services.reschedule,
            to=Visit.Status.RESCHEDULED,
        ),
        Act(
            name="complete",
            button="Complete",
            does="Complete the visit",
            hint="It took place; say how it went.",
            form=CompleteForm,
            service=services.complete,
            to=Visit.Status.COMPLETED,
        ),
        Act(
            name="cancel",
            button="Cancel",
            does="Cancel the visit",
            hint="It does not take place; everybody concerned hears of it. This is final.",
            form=CancelForm,
            service=services.cancel,
            to=Visit.Status.CANCELLED,
        ),
    )
}


def outcome(act: Act, visit: Visit) -> str:
    """What the act has led to, for messages and the admin's log."""
    if act.name == "assign":
        return f"Assigned to {visit.agent}." if visit.agent else "Taken off its agent: back in the queue."
    if act.name == "reschedule":
        return f"Moved to {clock_face(visit.scheduled_date, visit.property.timezone)}; {shown_by(visit)}."
    return f"{visit.get_status_display()}."


def since(changed: Visit) -> str:
    """What the queue has made of the visit as soon as the act was done, if anything."""
    now = Visit.objects.select_related("agent").get(pk=changed.pk)
    return words.of_queue(now.agent.name) if now.agent and now.agent_id != changed.agent_id else ""


def shown_by(visit: Visit) -> str:
    if not visit.is_tour():
        return "they meet without an agent"
    return f"{visit.agent} shows it" if visit.agent else "nobody is free to show it yet"


def clock_face(moment: datetime, zone: str) -> str:
    """Sun 22 Nov, 11:00, as the clocks there show it; with the year if it is another one."""
    there = moment.astimezone(ZoneInfo(zone))
    this_year = clock.now().astimezone(ZoneInfo(zone)).year
    return f"{there:%a %-d %b, %H:%M}" if there.year == this_year else f"{there:%a %-d %b %Y, %H:%M}"


def told(error: DomainError, zone: str) -> str:
    """A refusal with what helps to go on."""
    sentences = [refusal(error)]
    if free := error.extra.get("alternatives"):
        sentences.append(f"Free instead: {'; '.join(clock_face(slot['start'], zone) for slot in free)}.")
    return " ".join(sentences)
