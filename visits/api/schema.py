"""OpenAPI descriptions of the routes in `visits.api.views`."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_view, inline_serializer
from rest_framework.serializers import BooleanField

from agents.serializers import DryRunSerializer, StaffAgentSerializer, TimeOffSerializer
from flatmates.serializers import MessageInputSerializer
from ghar.api.fields import EmptySerializer
from ghar.api.openapi import (
    ETAG,
    ID_SCHEMA,
    IF_MATCH,
    MOMENT_OR_DATE_SCHEMA,
    choices_schema,
    describe_filters,
    operation,
    optional_keys,
    request_example,
)
from properties.serializers import PropertyInputSerializer, PropertySerializer
from visits.api import inputs, serializers
from visits.api.examples import AGENT, BOOKING, HOLIDAY, LISTING, TOUR_EXAMPLE, WARNED_EXAMPLE
from visits.api.filters import AgencyVisitFilter, AvailableAgentFilter, VisitFilter
from visits.api.views.agents import AgentViewSet
from visits.api.views.conversations import MessageViewSet
from visits.api.views.properties import PropertyViewSet
from visits.api.views.visits import VisitViewSet
from visits.models import Visit

TIME_CODES = ("visit_conflict", "property_unavailable", "no_active_match")
# Any change can end in visit_conflict: when others keep changing the same visit.
TRANSITION_CODES = ("invalid_transition", "permission_denied", "visit_conflict")


def transition_operation(summary: str, *codes: str, request: Any, **details: Any) -> Any:
    """Describe a step of a visit's life."""
    response = details.pop("response", serializers.VisitSerializer)
    is_warned = response is serializers.WarnedVisitSerializer
    examples = [*details.pop("examples", ()), WARNED_EXAMPLE if is_warned else TOUR_EXAMPLE]
    return operation(
        summary,
        request=request,
        responses=response,
        parameters=[ETAG, IF_MATCH],
        codes=(*TRANSITION_CODES, "precondition_failed", *codes),
        examples=examples,
        **details,
    )


def update_operation(request: Any) -> Any:
    return operation(
        "Change a visit",
        description="`status` (confirmed or cancelled) and `scheduled_date` confirm, cancel and reschedule "
        "the visit. Participants can change `special_requirements`, `visitor_feedback` and "
        "`interest_level`; the agent and staff `visit_notes` and `follow_up_…`. Either all changes apply or "
        "none.",
        request=request,
        responses=serializers.WarnedVisitSerializer,
        parameters=[ETAG, IF_MATCH],
        codes=("invalid_transition", "permission_denied", "precondition_failed", *TIME_CODES),
        examples=[request_example("A confirmation", {"status": "confirmed"}), WARNED_EXAMPLE],
    )


def change_agent_operation(request: Any) -> Any:
    return operation(
        "Change an agent",
        description="For staff. Only the fields that you send change; `working_hours` are replaced as a "
        "whole. `is_active: false` does the same as DELETE. It has no dry run: use that of DELETE.",
        request=request,
        responses=StaffAgentSerializer,
    )


def page_operation(summary: str, **details: Any) -> Any:
    return operation(summary, responses=serializers.VisitSerializer(many=True), **details)


def reassigned(name: str, **fields: Any) -> Any:
    """Return the serializer of a response that lists reassigned visits."""
    return inline_serializer(name, {**fields, "moved": serializers.ReassignmentSerializer(many=True)})


optional_keys(serializers.PropertyDetailSerializer, "next_visit_date")

for filterset in (VisitFilter, AgencyVisitFilter):
    describe_filters(
        filterset,
        property=ID_SCHEMA,
        property_id=ID_SCHEMA,
        status=choices_schema(Visit.Status),
        visit_context=choices_schema(Visit.Context),
        context=choices_schema(Visit.Context),
        to=MOMENT_OR_DATE_SCHEMA,
        **{"from": MOMENT_OR_DATE_SCHEMA},
    )
describe_filters(AgencyVisitFilter, **dict.fromkeys(("agent", "agent_id", "user", "user_id"), ID_SCHEMA))
describe_filters(AvailableAgentFilter, available_at=MOMENT_OR_DATE_SCHEMA)

extend_schema_view(
    list=page_operation(
        "List your visits",
        description="Visits in which you are the visitor or the counterparty, latest first.",
    ),
    upcoming=page_operation(
        "List your upcoming visits", description="Live visits that are not over yet, soonest first."
    ),
    past=page_operation("List your past visits", description="All others, latest first."),
    all=page_operation(
        "List the agency's visits",
        description="Staff get all visits, agents their own.",
        codes=["permission_denied"],
    ),
    retrieve=operation(
        "Get a visit", responses=serializers.VisitSerializer, parameters=[ETAG], examples=[TOUR_EXAMPLE]
    ),
    create=operation(
        "Book a visit",
        description="Returns 201 for a new visit, also when no agent is free: then it waits for one. "
        "Returns 200 with the existing visit for the same booking again.",
        request=inputs.ScheduleSerializer,
        responses={201: serializers.VisitSerializer, 200: serializers.VisitSerializer},
        parameters=[ETAG],
        codes=TIME_CODES,
        examples=[request_example("A tour", BOOKING), TOUR_EXAMPLE],
    ),
    update=update_operation(inputs.UpdateSerializer(partial=True)),
    partial_update=update_operation(inputs.UpdateSerializer),
    confirm=transition_operation(
        "Confirm a visit",
        description="For the side that `awaiting` names, and staff. `warnings` names what the user should "
        "hear of.",
        request=EmptySerializer,
        response=serializers.WarnedVisitSerializer,
    ),
    reschedule=transition_operation(
        "Reschedule a visit",
        "property_unavailable",
        "no_active_match",
        description="The agent stays if they are free then. Otherwise the best other agent gets the visit, "
        "or it waits for one, which `warnings` tells. The same time again changes nothing.",
        request=inputs.RescheduleSerializer,
        response=serializers.WarnedVisitSerializer,
        examples=[request_example("Half an hour later", {"new_date": "2026-11-25T06:00:00Z"})],
    ),
    cancel=transition_operation(
        "Cancel a visit",
        request=inputs.CancelSerializer,
        examples=[request_example("With a reason", {"reason": "I have found a home."})],
    ),
    complete=transition_operation(
        "Complete a visit",
        description="After it has begun. Tours: for the agent and staff. Meets: for participants and staff. "
        "A tour without an agent needs `agent_id`: who showed it.",
        request=inputs.CompleteSerializer,
        examples=[request_example("An outcome", {"notes": "Liked the balcony.", "interest_level": "high"})],
    ),
    assign=transition_operation(
        "Assign an agent",
        "agent_not_eligible",
        description="For staff. Without `agent_id`, the best agent gets the visit; null unassigns the agent, "
        "and the visit waits for staff. "
        "A change from one agent to another requires a reason or a note. So does `override`, which ignores "
        "those reasons for ineligibility that staff may override.",
        request=inputs.AssignSerializer,
        examples=[
            request_example("By hand", {"agent_id": 2, "reason": "Speaks Marathi"}),
            request_example("The best agent", {}),
        ],
    ),
    candidates=operation(
        "List the candidates for a visit",
        description="For staff. Returns every active agent in order, and why those who can't take the visit "
        "are not eligible.",
        responses=inline_serializer(
            "Candidates",
            {
                "items": serializers.CandidateSerializer(many=True),
                "urgent": BooleanField(help_text="The visit begins soon and has no agent."),
            },
        ),
        codes=["permission_denied"],
    ),
    stats=operation(
        "Get the agency's numbers",
        description="For staff. The parameters narrow the visits that are counted, and `city` the agents, "
        "but not `fairness`.",
        parameters=[
            OpenApiParameter("from", MOMENT_OR_DATE_SCHEMA),
            OpenApiParameter("to", MOMENT_OR_DATE_SCHEMA, description="Not included."),
            OpenApiParameter("city", str),
        ],
        responses=serializers.StatsSerializer,
        codes=["permission_denied"],
    ),
    history=operation(
        "Get the history of a visit",
        description="For the participants, the agent and staff. Outside the agency, staff and agents are "
        '"The agency" without an id, and `note` and `data` are null.',
        responses=serializers.VisitEventSerializer(many=True),
        filters=False,
    ),
)(VisitViewSet)
page_operation(
    "List an agent's visits",
    description="For the agent, and for staff who may view visits. The latest first.",
    codes=["permission_denied"],
)(VisitViewSet.of_agent)

extend_schema_view(
    list=operation(
        "Find listings",
        description="Withdrawn listings are returned to their owner and staff only; `available=true` returns "
        "only those that take visits. Send `lat`, `lng` and `radius_km` together.",
        responses=PropertySerializer(many=True),
        never=["permission_denied", "not_authenticated"],
    ),
    retrieve=operation(
        "Get a listing",
        description="`next_visit_date` is returned to logged-in users.",
        responses=serializers.PropertyDetailSerializer,
        never=["permission_denied", "not_authenticated"],
    ),
    me=operation(
        "List your own listings",
        description="Those that you own, withdrawn ones too.",
        responses=PropertySerializer(many=True),
    ),
    create=operation(
        "Add a listing",
        description="You become its owner.",
        request=PropertyInputSerializer,
        responses={201: PropertySerializer},
        examples=[request_example("A flat to let", LISTING)],
    ),
    update=operation(
        "Change a listing",
        description="Only the fields that you send change.",
        request=PropertyInputSerializer(partial=True),
        responses=PropertySerializer,
    ),
    partial_update=operation(
        "Change a listing", request=PropertyInputSerializer, responses=PropertySerializer
    ),
    destroy=operation(
        "Withdraw a listing",
        description="It is no longer found, and its live visits are cancelled with a reason.",
        responses={204: None},
    ),
    slots=operation(
        "Find free times",
        description="Returns times at which at least one agent is free, every 15 minutes. `from` and `to` "
        "are local dates of the listing; both are included, and at most 31 days.",
        parameters=[inputs.SlotQuerySerializer],
        responses=serializers.SlotsSerializer,
    ),
)(PropertyViewSet)

extend_schema_view(
    messages=operation(
        "List the messages of a conversation",
        description="Oldest first. An invitation shows the current status of its visit.",
        responses=serializers.MessageSerializer(many=True),
        filters=False,
    ),
)(MessageViewSet)
operation(
    "Send a message",
    request=MessageInputSerializer,
    responses={201: serializers.MessageSerializer},
    codes=["no_active_match"],
    examples=[request_example("A question", {"body": "Is the room still free?"})],
)(MessageViewSet.send)

extend_schema_view(
    list=operation(
        "List agents",
        description="Active agents. Staff also get the optional fields, and former agents with "
        "`is_active=false`.",
        responses=StaffAgentSerializer(many=True),
    ),
    retrieve=operation("Get an agent", responses=StaffAgentSerializer),
    create=operation(
        "Add an agent",
        description="For staff.",
        request=StaffAgentSerializer,
        responses={201: StaffAgentSerializer},
        examples=[request_example("Meera", AGENT)],
    ),
    update=change_agent_operation(StaffAgentSerializer(partial=True)),
    partial_update=change_agent_operation(StaffAgentSerializer),
    destroy=operation(
        "Remove an agent",
        description="For staff. The agent's live visits go to the best other agent, or wait for one. With "
        "`dry_run` nothing changes, and the response lists what would.",
        parameters=[DryRunSerializer],
        responses={200: reassigned("AgentLeft")},
    ),
    time_off=operation(
        "List an agent's time off",
        description="For the agent and staff, including staff who may only view agents.",
        responses=TimeOffSerializer(many=True),
        filters=False,
    ),
    remove_time_off=operation("Remove time off", responses={204: None}),
    available=operation(
        "List the agents who could show a tour now",
        description="The same as `available_at` with the present moment.",
        responses=StaffAgentSerializer(many=True),
    ),
    assign=operation(
        "Get assigned an agent",
        description="Returns your present agent if you have one. With `agent_id`, in the URL or in the body, "
        "it is that agent or 409.",
        request=inputs.EngageSerializer,
        parameters=[OpenApiParameter("agent_id", ID_SCHEMA)],
        responses=serializers.EngagementSerializer,
        codes=["agent_not_eligible"],
    ),
    workload=operation(
        "Get the workload of all agents",
        description="For staff.",
        responses=inline_serializer("Workloads", {"items": serializers.WorkloadSerializer(many=True)}),
    ),
)(AgentViewSet)
operation(
    "Add time off",
    description="Live visits in that time go to the best other agent, or wait for one. With `dry_run` "
    "nothing changes: the response is 200, `time_off` is null, and `moved` lists what would change. The same "
    "period again returns 200 with the time off that is there, and moves nothing.",
    request=TimeOffSerializer,
    parameters=[DryRunSerializer],
    responses={
        201: reassigned("TimeOffTaken", time_off=TimeOffSerializer()),
        200: reassigned("TimeOffTried", time_off=TimeOffSerializer(allow_null=True)),
    },
    examples=[request_example("Holiday", HOLIDAY)],
)(AgentViewSet.add_time_off)
