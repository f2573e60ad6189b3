"""What assistants may do with visits: seekers at one server, staff and agents at the other."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from agents.mcp import AgentInput, agency, get_agent
from agents.models import Agent
from ghar import transactions
from ghar.api.fields import DayField, IdField, StrictSerializer
from ghar.errors import Invalid, NotAllowed
from ghar.mcp.pages import PageInput, page, page_serializer
from ghar.mcp.server import Call, ask, tool, users
from ghar.mcp.times import LocalInstantField, as_local_to
from ghar.staff import has_staff_perm
from properties.models import Property
from visits import permissions, services
from visits.api.filters import VisitFilter
from visits.api.serializers import CandidateSerializer, SlotQuerySerializer, WorkloadSerializer
from visits.assignment import candidates
from visits.assignment.explanations import explain_queue_pick
from visits.errors import InvalidTransition
from visits.mcp.responses import (
    ChangeResponse,
    SlotsResponse,
    VisitResponse,
    add_suggestions,
    agent_sentence,
    awaiting_sentence,
    change_json,
    local_time_text,
    slots_json,
    visit_json,
)
from visits.models import Visit
from visits.scheduling import slots

TIME_HELP = (
    "ISO 8601. Without Z or an offset it is local to the listing: 2026-11-25T11:00 is 11:00 there."
    " Seconds are dropped."
)
REASON_HELP = "Why, in the user's words: the history shows it to the other side. At most 500 characters."
VISIT_HELP = "The id of a visit, as lists and bookings give it."
VisitPage = page_serializer(VisitResponse)


class VisitInput(StrictSerializer):
    visit_id = IdField(help_text=VISIT_HELP)


class ScheduleInput(StrictSerializer):
    property_id = IdField(help_text="An id from properties_search.")
    scheduled_date = LocalInstantField(help_text=TIME_HELP)
    notes = serializers.CharField(
        max_length=2_000, allow_blank=True, default="", help_text="What the agency should know beforehand."
    )


class ListInput(PageInput):
    status = serializers.ListField(
        child=serializers.ChoiceField(Visit.Status.choices), required=False, help_text="Any of these."
    )


class SlotsInput(StrictSerializer):
    property_id = IdField(help_text="An id from properties_search.")
    from_date = DayField(help_text="YYYY-MM-DD, a local date of the listing; included.")
    to_date = DayField(help_text="YYYY-MM-DD; included, at most 31 days in all.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            SlotQuerySerializer().validate({"from": attrs["from_date"], "to": attrs["to_date"]})
        except ValidationError as error:
            wrong: Any = error.detail
            raise ValidationError({f"{name}_date": sentences for name, sentences in wrong.items()}) from None
        return attrs


class RescheduleInput(VisitInput):
    new_date = LocalInstantField(help_text=TIME_HELP)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="", help_text=REASON_HELP)


class ConfirmableInput(VisitInput):
    """Of a change that is tried out and asked for first."""

    reason = serializers.CharField(max_length=500, allow_blank=True, default="", help_text=REASON_HELP)
    dry_run = serializers.BooleanField(default=False, help_text="Show what would happen, and change nothing.")
    confirm = serializers.BooleanField(
        default=False,
        help_text="true once the user has agreed; only for clients that cannot ask by themselves.",
    )


class AssignInput(ConfirmableInput):
    agent_id = IdField(
        required=False,
        allow_null=True,
        help_text="An id from agent_candidates. Absent: the best one. null: nobody, he is taken off.",
    )
    reason = serializers.CharField(
        max_length=500,
        allow_blank=True,
        default="",
        help_text="Required from one agent to another, for the history. At most 500 characters.",
    )


class AgentDayInput(AgentInput, PageInput):
    day = DayField(
        required=False, help_text="YYYY-MM-DD, a local date of the agent: all his visits of that day."
    )


class CandidatesResponse(serializers.Serializer[Any]):
    items = CandidateSerializer(many=True)
    urgent = serializers.BooleanField(help_text="It begins soon and has nobody.")


class WorkloadResponse(serializers.Serializer[Any]):
    items = WorkloadSerializer(many=True)


def is_agency_request(request: Any) -> bool:
    return permissions.is_agency(request.user)


def requires_perm(permission: str) -> Callable[[Any], bool]:
    """Whoever has not the permission does not see the tool."""
    return lambda request: has_staff_perm(request.user, permission)


@tool(
    users,
    description=(
        f"Book a tour of a listing for the user, {settings.TOUR_MINUTES} minutes. Ask visits_slots first:"
        " those times have an agent; at others the visit waits for one. The same booking again gives the"
        " visit that is there."
    ),
    takes=ScheduleInput,
    gives=ChangeResponse(),
    writes=True,
)
def visits_schedule(request: Call, *, property_id: int, scheduled_date: datetime, notes: str) -> Any:
    listing = Property.objects.filter(pk=property_id).first() or Property()
    with add_suggestions(listing):
        visit, made = services.schedule(
            by=request.user,
            user=request.user,
            property_id=property_id,
            scheduled_date=as_local_to(scheduled_date, listing.timezone, "scheduled_date"),
            special_requirements=notes,
        )
    done = "Booked for" if made else "This was booked already; nothing changed. It is on"
    summary = f"{done} {local_time_text(visit)}. {agent_sentence(visit)} {awaiting_sentence(visit)}"
    return change_json(visit_json(request, visit), changed=made, summary=summary.strip())


@tool(
    users,
    description="The user's visits as visitor or counterparty, the latest date first.",
    takes=ListInput,
    gives=VisitPage(),
)
def visits_list(request: Call, **asked: Any) -> Any:
    visits = Visit.objects.for_participant(request.user).order_by("-scheduled_date", "-id").for_reading()
    return page(request, visits, VisitResponse, asked, name="visits_list", filters=VisitFilter)


@tool(users, description="One visit that the user may see.", takes=VisitInput, gives=VisitResponse())
def visits_get(request: Call, *, visit_id: int) -> Any:
    return visit_json(request, get_visit(request, visit_id))


@tool(
    users,
    description=(
        "Cancel a visit for good. The user is asked to confirm; dry_run shows first what would happen."
        " A visit that is cancelled already stays as it is."
    ),
    takes=ConfirmableInput,
    gives=ChangeResponse(),
    writes=True,
    destructive=True,
)
def visits_cancel(request: Call, *, visit_id: int, reason: str, **care: bool) -> Any:
    visit = get_visit(request, visit_id)

    def words(would: Visit) -> str:
        return f"cancel the visit {would.pk} to {would.property.title} on {local_time_text(would)}"

    return confirm_and_run(request, visit, cancel_once, words, reason=reason, **care)


def cancel_once(*, visit: Visit, by: Any, reason: str) -> Visit:
    try:
        return services.cancel(visit=visit, by=by, reason=reason)
    except InvalidTransition:
        visit.refresh_from_db(fields=["status"])
        if visit.status != Visit.Status.CANCELLED:
            raise
        return visit


@tool(
    users,
    description=(
        "Move a visit to another time; its length stays, and its agent if he can. Ask visits_slots for free"
        " times. The other side is asked to confirm the new time."
    ),
    takes=RescheduleInput,
    gives=ChangeResponse(),
    writes=True,
)
def visits_reschedule(request: Call, *, visit_id: int, new_date: datetime, reason: str) -> Any:
    visit = get_visit(request, visit_id)
    before = visit.version
    with add_suggestions(visit.property):
        start = as_local_to(new_date, visit.property.timezone, "new_date")
        moved = services.reschedule(visit=visit, by=request.user, new_date=start, reason=reason)
    changed = moved.version != before
    done = "Moved to" if changed else "Nothing changed: it is on"
    summary = f"{done} {local_time_text(moved)}. {agent_sentence(moved)} {awaiting_sentence(moved)}"
    return change_json(visit_json(request, moved), changed=changed, summary=summary.strip())


@tool(
    users,
    description=(
        "Times at which a tour of the listing can be booked and an agent is free, every quarter of an hour."
        " start and end are in UTC, local_start is by the clocks at the listing."
    ),
    takes=SlotsInput,
    gives=SlotsResponse(),
)
def visits_slots(request: Call, *, property_id: int, from_date: date, to_date: date) -> Any:
    listing = get_object_or_404(Property.objects.visible_to(request.user), pk=property_id)
    found = slots.tour_slots(
        property=listing,
        seeker=request.user,
        span=slots.local_days(listing.timezone, from_date, to_date),
        minutes=settings.TOUR_MINUTES,
    )
    return slots_json(listing, found)


@tool(
    agency,
    description="Live visits and seekers of each employed agent, against his capacity.",
    gives=WorkloadResponse(),
    permission=requires_perm("agents.view_agent"),
)
def agent_workload(request: Call) -> Any:
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    return {"items": WorkloadSerializer(agents, many=True).data}


@tool(
    agency,
    description="The queue: live tours without an agent that have not begun, soonest first.",
    takes=PageInput,
    gives=VisitPage(),
    permission=requires_perm("visits.view_visit"),
)
def agent_unassigned_visits(request: Call, **asked: Any) -> Any:
    queue = Visit.objects.unassigned().for_reading().order_by("scheduled_date", "pk")
    return page(request, queue, VisitResponse, asked, name="agent_unassigned_visits")


@tool(
    agency,
    description=(
        "Every employed agent for a tour, best first: whether he is eligible, what is missing if not, and"
        " what speaks for him."
    ),
    takes=VisitInput,
    gives=CandidatesResponse(),
    permission=requires_perm("visits.view_visit"),
)
def agent_candidates(request: Call, *, visit_id: int) -> Any:
    visit = get_visit(request, visit_id)
    if not visit.is_tour():
        raise Invalid("Only tours have an agent; flatmates meet on their own.")
    found = CandidateSerializer(candidates.rank_candidates(visit), many=True).data
    return {"items": found, "urgent": visit.is_urgent()}


@tool(
    agency,
    description=(
        "Give a live tour to an agent, to the best one (without agent_id), or to nobody (agent_id null)."
        " The user is asked to confirm; dry_run shows first who would get it. The present agent again"
        " changes nothing. Who is taken off is not chosen again for it, but the queue may find somebody else"
        " at once. Exceptions to hours, city or load are made in the admin, not here."
    ),
    takes=AssignInput,
    gives=ChangeResponse(),
    writes=True,
    destructive=True,
    permission=requires_perm("visits.assign_agent"),
)
def agent_assign_visit(request: Call, *, visit_id: int, dry_run: bool, confirm: bool, **given: Any) -> Any:
    visit = get_visit(request, visit_id)
    former = visit.agent

    def words(would: Visit) -> str:
        whom = would.agent.name if would.agent else "nobody"
        come_from = f" instead of {former.name}" if former else ""
        when = local_time_text(would)
        return f"give the visit {would.pk} to {would.property.title} on {when} to {whom}{come_from}"

    return confirm_and_run(request, visit, services.assign, words, dry_run=dry_run, confirm=confirm, **given)


@tool(
    agency,
    description=(
        "The visits of an agent: those of one day of his in order of time, or without a day the live ones"
        " ahead of him, soonest first. An agent sees his own only."
    ),
    takes=AgentDayInput,
    gives=VisitPage(),
    permission=is_agency_request,
)
def agent_visits(request: Call, *, agent_id: int, day: date | None = None, **asked: Any) -> Any:
    agent = get_agent(request, agent_id)
    if agent.user_id != request.user.pk and not has_staff_perm(request.user, "visits.view_visit"):
        raise NotAllowed("An agent sees his own visits only.")
    visits = agent.visits.upcoming()
    if day:
        span = slots.local_days(agent.timezone, day, day)
        visits = agent.visits.filter(scheduled_date__gte=span.lower, scheduled_date__lt=span.upper)
    name = f"agent_visits/{agent_id}/{day or ''}"
    return page(
        request, visits.for_reading().order_by("scheduled_date", "pk"), VisitResponse, asked, name=name
    )


def get_visit(request: Call, visit_id: int) -> Visit:
    return get_object_or_404(Visit.objects.visible_to(request.user).for_reading(), pk=visit_id)


def confirm_and_run(
    request: Call,
    visit: Visit,
    service: Callable[..., Visit],
    words: Callable[[Visit], str],
    *,
    dry_run: bool,
    confirm: bool,
    **given: Any,
) -> dict[str, Any]:
    """Try it out and take it back; then ask, and do it. What changes nothing is not asked for."""
    before = visit.version
    with add_suggestions(visit.property, visit):
        with transactions.dry_run():
            would = service(visit=visit, by=request.user, **given)
            act, rehearsed = words(would), visit_json(request, would)
        if rehearsed["version"] == before:
            return change_json(rehearsed, changed=False, summary="It is so already: nothing changed.")
        if dry_run:
            return change_json(
                rehearsed, changed=False, summary=f"Nothing was changed. A call without dry_run would {act}."
            )
        ask(request, f"Shall I {act}?", confirm, state=before)
        done = service(visit=visit, by=request.user, **given)
    now = visit_json(request, done)
    taken = now["agent"] if now["agent_id"] != rehearsed["agent_id"] else None
    since = explain_queue_pick(taken["name"]) if taken else ""
    return change_json(now, changed=True, summary=f"Done: {act}.{since}")
