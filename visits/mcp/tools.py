"""The tools for visits: seekers' at one server, those of staff and agents at the other."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from agents.mcp import agency_server, get_agent
from agents.models import Agent
from ghar import transactions
from ghar.errors import Invalid, NotAllowed
from ghar.mcp.pages import PageInput, list_page, page_serializer
from ghar.mcp.server import ToolRequest, ask_user, tool, user_server
from ghar.mcp.times import localize_argument
from ghar.staff import has_staff_perm
from properties.models import Property
from visits import permissions, services
from visits.api.filters import VisitFilter
from visits.api.serializers import CandidateSerializer, WorkloadSerializer
from visits.assignment import candidates
from visits.assignment.explanations import explain_queue_pick
from visits.mcp.inputs import (
    AgentVisitsInput,
    AssignInput,
    ConfirmableInput,
    RescheduleInput,
    ScheduleInput,
    SlotsInput,
    VisitInput,
    VisitListInput,
)
from visits.mcp.responses import (
    ChangeResponse,
    SlotsResponse,
    VisitResponse,
    add_suggestions,
    change_json,
    slots_json,
    status_sentences,
    visit_json,
    visit_time_text,
)
from visits.models import Visit
from visits.scheduling import slots

JSON = dict[str, Any]
VisitPage = page_serializer(VisitResponse)


class CandidatesResponse(serializers.Serializer[Any]):
    items = CandidateSerializer(many=True)
    urgent = serializers.BooleanField(help_text="The visit begins soon and has no agent.")


class WorkloadResponse(serializers.Serializer[Any]):
    items = WorkloadSerializer(many=True)


def is_agency_request(request: Any) -> bool:
    return permissions.is_agency(request.user)


def requires_perm(permission: str) -> Callable[[Any], bool]:
    """Show a tool only to staff with this permission."""
    return lambda request: has_staff_perm(request.user, permission)


@tool(
    user_server,
    description=(
        f"Book a tour of a listing for the user, {settings.TOUR_MINUTES} minutes long. Call visits_slots"
        " first: an agent is free at those times; at other times the visit waits for an agent. Repeating a"
        " booking returns the existing visit."
    ),
    input=ScheduleInput,
    output=ChangeResponse(),
    writes=True,
)
def visits_schedule(request: ToolRequest, *, property_id: int, scheduled_date: datetime, notes: str) -> JSON:
    # The service refuses an unknown id. Until then an unsaved listing stands in, with its default time zone.
    listing = Property.objects.filter(pk=property_id).first() or Property()
    with add_suggestions(listing):
        visit, is_new = services.schedule(
            by=request.user,
            user=request.user,
            property_id=property_id,
            scheduled_date=localize_argument(scheduled_date, listing.timezone, "scheduled_date"),
            special_requirements=notes,
        )
    result = "Booked for" if is_new else "Already booked, nothing changed: it is on"
    summary = f"{result} {visit_time_text(visit)}. {status_sentences(visit)}"
    return change_json(visit_json(request, visit), changed=is_new, summary=summary)


@tool(
    user_server,
    description="List the visits in which the user takes part, the latest date first.",
    input=VisitListInput,
    output=VisitPage(),
)
def visits_list(request: ToolRequest, **arguments: Any) -> JSON:
    visits = Visit.objects.for_participant(request.user).order_by("-scheduled_date", "-id").for_reading()
    return list_page(request, visits, VisitResponse, arguments, name="visits_list", filters=VisitFilter)


@tool(
    user_server,
    description="Get one visit that the user may see.",
    input=VisitInput,
    output=VisitResponse(),
)
def visits_get(request: ToolRequest, *, visit_id: int) -> JSON:
    return visit_json(request, get_visit(request, visit_id))


@tool(
    user_server,
    description=(
        "Cancel a visit for good. The user is asked to confirm; dry_run first shows what would happen."
        " A visit that is already cancelled stays as it is."
    ),
    input=ConfirmableInput,
    output=ChangeResponse(),
    writes=True,
    destructive=True,
)
def visits_cancel(request: ToolRequest, *, visit_id: int, reason: str, dry_run: bool, confirm: bool) -> JSON:
    visit = get_visit(request, visit_id)

    def cancel() -> Visit:
        return services.cancel(visit=visit, by=request.user, reason=reason)

    def describe(preview: Visit) -> str:
        return f"cancel visit {preview.pk} to {preview.property.title} on {visit_time_text(preview)}"

    return confirm_and_run(request, visit, cancel, describe, dry_run=dry_run, confirm=confirm)


@tool(
    user_server,
    description=(
        "Reschedule a visit. It keeps its length, and its agent if they are free then. Call visits_slots for"
        " free times. The other side is asked to confirm the new time."
    ),
    input=RescheduleInput,
    output=ChangeResponse(),
    writes=True,
)
def visits_reschedule(request: ToolRequest, *, visit_id: int, new_date: datetime, reason: str) -> JSON:
    visit = get_visit(request, visit_id)
    before = visit.version
    with add_suggestions(visit.property):
        start = localize_argument(new_date, visit.property.timezone, "new_date")
        moved = services.reschedule(visit=visit, by=request.user, new_date=start, reason=reason)
    changed = moved.version != before
    result = "Rescheduled to" if changed else "Nothing changed: it is on"
    summary = f"{result} {visit_time_text(moved)}. {status_sentences(moved)}"
    return change_json(visit_json(request, moved), changed=changed, summary=summary)


@tool(
    user_server,
    description=(
        "List the times at which a tour of the listing can be booked and an agent is free, every quarter of"
        " an hour. start and end are in UTC, local_start is local to the listing."
    ),
    input=SlotsInput,
    output=SlotsResponse(),
)
def visits_slots(request: ToolRequest, *, property_id: int, from_date: date, to_date: date) -> JSON:
    listing = get_object_or_404(Property.objects.visible_to(request.user), pk=property_id)
    free = slots.tour_slots(
        property=listing,
        seeker=request.user,
        span=slots.local_days(listing.timezone, from_date, to_date),
        minutes=settings.TOUR_MINUTES,
    )
    return slots_json(listing, free)


@tool(
    agency_server,
    description="List the employed agents with their live visits, seekers and capacity.",
    output=WorkloadResponse(),
    permission=requires_perm("agents.view_agent"),
)
def agent_workload(request: ToolRequest) -> JSON:
    agents = Agent.objects.filter(is_active=True).order_by("name", "pk")
    return {"items": WorkloadSerializer(agents, many=True).data}


@tool(
    agency_server,
    description="List the queue: live tours without an agent, soonest first; some may have begun.",
    input=PageInput,
    output=VisitPage(),
    permission=requires_perm("visits.view_visit"),
)
def agent_unassigned_visits(request: ToolRequest, **arguments: Any) -> JSON:
    queue = Visit.objects.unassigned().for_reading().order_by("scheduled_date", "pk")
    return list_page(request, queue, VisitResponse, arguments, name="agent_unassigned_visits")


@tool(
    agency_server,
    description=(
        "Rank all employed agents for a tour, best first, with whether each is eligible, the reasons if not,"
        " and an explanation of the rank."
    ),
    input=VisitInput,
    output=CandidatesResponse(),
    permission=requires_perm("visits.view_visit"),
)
def agent_candidates(request: ToolRequest, *, visit_id: int) -> JSON:
    visit = get_visit(request, visit_id)
    if not visit.is_tour():
        raise Invalid("Only tours have an agent; flatmates meet on their own.")
    ranked = candidates.rank_candidates(visit)
    return {"items": CandidateSerializer(ranked, many=True).data, "urgent": visit.is_urgent()}


@tool(
    agency_server,
    description=(
        "Assign a live tour to an agent, or to the best one (without agent), or unassign its agent"
        ' (agent "nobody"). The user is asked to confirm; dry_run first shows who would get it. Assigning the'
        " present agent again changes nothing. An unassigned visit waits until staff assign it again; the"
        " best agent is then another than the one who was unassigned. Only the admin site can override hours,"
        " city or capacity."
    ),
    input=AssignInput,
    output=ChangeResponse(),
    writes=True,
    destructive=True,
    permission=requires_perm("visits.assign_agent"),
)
def agent_assign_visit(
    request: ToolRequest,
    *,
    visit_id: int,
    reason: str,
    note: str,
    dry_run: bool,
    confirm: bool,
    agent: int | None | services.Choice,
) -> JSON:
    visit = get_visit(request, visit_id)
    former = visit.agent

    def assign() -> Visit:
        return services.assign(visit=visit, by=request.user, agent_id=agent, reason=reason, note=note)

    def describe(preview: Visit) -> str:
        tour = f"visit {preview.pk} to {preview.property.title} on {visit_time_text(preview)}"
        if preview.agent is None:
            return f"unassign {former.name if former else 'nobody'} from {tour}"
        return f"assign {tour} to {preview.agent.name}{f' instead of {former.name}' if former else ''}"

    return confirm_and_run(request, visit, assign, describe, dry_run=dry_run, confirm=confirm)


@tool(
    agency_server,
    description=(
        "List the visits of an agent: with a day, all visits on that local date of the agent in order of"
        " time; without one, the live visits that are not over, soonest first. Agents see only their own."
    ),
    input=AgentVisitsInput,
    output=VisitPage(),
    permission=is_agency_request,
)
def agent_visits(request: ToolRequest, *, agent_id: int, day: date | None = None, **arguments: Any) -> JSON:
    agent = get_agent(request, agent_id)
    if agent.user_id != request.user.pk and not has_staff_perm(request.user, "visits.view_visit"):
        raise NotAllowed("Agents see only their own visits.")
    visits = agent.visits.upcoming()
    if day:
        span = slots.local_days(agent.timezone, day, day)
        visits = agent.visits.filter(scheduled_date__gte=span.lower, scheduled_date__lt=span.upper)
    rows = visits.for_reading().order_by("scheduled_date", "pk")
    # Agent and day are part of the name: a cursor continues the list of one agent and day only.
    return list_page(request, rows, VisitResponse, arguments, name=f"agent_visits/{agent_id}/{day or ''}")


def get_visit(request: ToolRequest, visit_id: int) -> Visit:
    """Return a visit that the user may see. Raises Http404 for all others."""
    return get_object_or_404(Visit.objects.visible_to(request.user).for_reading(), pk=visit_id)


def confirm_and_run(
    request: ToolRequest,
    visit: Visit,
    change: Callable[[], Visit],
    describe: Callable[[Visit], str],
    *,
    dry_run: bool,
    confirm: bool,
) -> JSON:
    """Try a change of a visit and roll it back; then ask the user, and make the change.

    `change` calls a service, which reads the visit anew, so it can be called once for the trial and once for
    good. `describe` words the result of the trial as a command that completes "Shall I …?". The user is not
    asked when the change is refused, or changes nothing.
    """
    with add_suggestions(visit.property, visit):
        with transactions.dry_run():
            preview = change()
            command, preview_json = describe(preview), visit_json(request, preview)
        if preview_json["version"] == visit.version:
            return change_json(preview_json, changed=False, summary="Nothing to change.")
        if dry_run:
            summary = f"Nothing was changed. Without dry_run this call would {command}."
            return change_json(preview_json, changed=False, summary=summary)
        ask_user(request, f"Shall I {command}?", has_confirmed=confirm, state=visit.version)
        changed_visit = change()
    result = visit_json(request, changed_visit)
    # The queue may have assigned an agent right after the commit: the user would not expect that one.
    picked = result["agent"] if result["agent_id"] != preview_json["agent_id"] else None
    note = explain_queue_pick(picked["name"]) if picked else ""
    return change_json(result, changed=True, summary=f"Done: {command}.{note}")
