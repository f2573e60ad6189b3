"""What the OpenAPI document says of the routes of visits."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_view, inline_serializer
from rest_framework.serializers import BooleanField

from flatmates.serializers import MessageInput
from ghar.api.openapi import (
    ETAG,
    ID,
    IF_MATCH,
    MOMENT_OR_DATE,
    EmptySerializer,
    choices,
    filters,
    operation,
    optional_keys,
)
from visits.api import serializers, views
from visits.api.filters import AgencyVisitFilter, AvailableAgentFilter, VisitFilter
from visits.models import Visit

TOUR = {
    "id": 12,
    "visit_context": "property_tour",
    "status": "scheduled",
    "awaiting": "agency",
    "property_id": 3,
    "property": {
        "id": 3,
        "title": "2 BHK near the lake",
        "property_type": "apartment",
        "purpose": "rent",
        "status": "available",
        "city": "Mumbai",
        "locality": "Powai",
        "full_address": "Lake Road 4, Powai",
        "latitude": 19.1197,
        "longitude": 72.9051,
        "base_price": 42000,
        "monthly_rent": 42000,
        "bedrooms": 2,
        "bathrooms": 2,
        "area_sqft": 850,
        "main_image_url": None,
        "images": [],
        "amenities": [{"id": 1, "title": "Lift", "icon": "", "category": ""}],
    },
    "user_id": 7,
    "user": {"id": 7, "full_name": "Asha Rao", "profile_image_url": ""},
    "agent_id": 2,
    "agent": {
        "id": 2,
        "name": "Meera Kulkarni",
        "contact_number": "+912240001234",
        "avatar_url": "",
        "languages": ["mr", "hi", "en"],
        "agent_type": "general",
        "user_satisfaction_rating": 4.5,
    },
    "counterparty_user_id": None,
    "counterparty_user": None,
    "conversation_id": None,
    "match_id": None,
    "scheduled_date": "2026-11-25T05:30:00Z",
    "scheduled_end": "2026-11-25T06:00:00Z",
    "actual_date": None,
    "special_requirements": "",
    "visit_notes": None,
    "visitor_feedback": "",
    "interest_level": "",
    "follow_up_required": False,
    "follow_up_date": None,
    "cancellation_reason": "",
    "rescheduled_from": None,
    "version": 1,
    "created_at": "2026-11-21T09:20:00Z",
    "updated_at": "2026-11-21T09:20:00Z",
}
BOOKING = {"property_id": 3, "scheduled_date": "2026-11-25T05:30:00Z"}
EXAMPLE = OpenApiExample("A tour", TOUR, response_only=True, status_codes=["200", "201"])
MOVES = ("visit_conflict", "property_unavailable", "no_active_match")
# A visit that others change all the time is a visit_conflict as well.
CHANGES = ("invalid_transition", "permission_denied", "visit_conflict")


def example(name: str, value: object) -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def transition_operation(summary: str, *codes: str, request: Any = None, **details: Any) -> Any:
    """One step of a visit's life."""
    examples = [*details.pop("examples", ()), EXAMPLE]
    return operation(
        summary,
        request=request,
        responses=serializers.VisitSerializer,
        parameters=[ETAG],
        codes=(*CHANGES, *codes),
        examples=examples,
        **details,
    )


def update_operation(request: Any) -> Any:
    return operation(
        "Change a visit",
        description="By field: `status` (confirmed, cancelled) and `scheduled_date` go through confirm, "
        "cancel and reschedule; `special_requirements`, `visitor_feedback` and `interest_level` are the "
        "participants', `visit_notes` and `follow_up_…` the agent's and staff's. All or nothing.",
        request=request,
        responses=serializers.VisitSerializer,
        parameters=[ETAG, IF_MATCH],
        codes=("invalid_transition", "permission_denied", "precondition_failed", *MOVES),
        examples=[example("A confirmation", {"status": "confirmed"}), EXAMPLE],
    )


def page_operation(summary: str, **details: Any) -> Any:
    return operation(summary, responses=serializers.VisitSerializer(many=True), **details)


optional_keys(serializers.PropertyDetailSerializer, "next_visit_date")

for filterset in (VisitFilter, AgencyVisitFilter):
    filters(
        filterset,
        property=ID,
        status=choices(Visit.Status),
        visit_context=choices(Visit.Context),
        to=MOMENT_OR_DATE,
        **{"from": MOMENT_OR_DATE},
    )
filters(AgencyVisitFilter, agent=ID, user=ID)
filters(AvailableAgentFilter, available_at=MOMENT_OR_DATE)

extend_schema_view(
    list=page_operation("Your visits", description="As visitor or counterparty; the latest date first."),
    upcoming=page_operation("What is ahead of you", description="Live and not over yet, soonest first."),
    past=page_operation("What is behind you", description="All others, latest first."),
    all=page_operation(
        "The agency's visits", description="Staff: all; an agent: his own.", codes=["permission_denied"]
    ),
    retrieve=operation(
        "One visit", responses=serializers.VisitSerializer, parameters=[ETAG], examples=[EXAMPLE]
    ),
    create=operation(
        "Book a visit",
        description="201 for a new visit, also when no agent is free: then it waits without one. "
        "200 with the visit that is there already when it is the same booking again.",
        request=serializers.ScheduleSerializer,
        responses={201: serializers.VisitSerializer, 200: serializers.VisitSerializer},
        parameters=[ETAG],
        codes=MOVES,
        examples=[example("A tour", BOOKING), EXAMPLE],
    ),
    update=update_operation(serializers.UpdateSerializer(partial=True)),
    partial_update=update_operation(serializers.UpdateSerializer),
    confirm=transition_operation(
        "Confirm",
        description="For whom the visit awaits; staff always.",
        request=EmptySerializer,
    ),
    reschedule=transition_operation(
        "Move to another time",
        "property_unavailable",
        "no_active_match",
        description="The same agent if he can, else the best other one, else none. The same time again "
        "changes nothing.",
        request=serializers.RescheduleSerializer,
        examples=[example("Half an hour later", {"new_date": "2026-11-25T06:00:00Z"})],
    ),
    cancel=transition_operation(
        "Cancel",
        request=serializers.CancelSerializer,
        examples=[example("With a reason", {"reason": "I have found a home."})],
    ),
    complete=transition_operation(
        "Complete",
        description="A tour: its agent or staff. A meet: a participant or staff. Once it has begun.",
        request=serializers.CompleteSerializer,
        examples=[example("An outcome", {"notes": "Liked the balcony.", "interest_level": "high"})],
    ),
    assign=transition_operation(
        "Assign an agent",
        "agent_not_eligible",
        description="Staff only. Without `agent_id` the best one; null takes the agent off. From one agent "
        "to another needs a reason; `override`, with a reason, lifts what can be lifted.",
        request=serializers.AssignSerializer,
        examples=[example("By hand", {"agent_id": 2, "reason": "Speaks Marathi"}), example("The best", {})],
    ),
    candidates=operation(
        "Who could show it",
        description="Staff only: every active agent, ranked, with what speaks against those who cannot.",
        responses=inline_serializer(
            "Candidates",
            {
                "items": serializers.CandidateSerializer(many=True),
                "urgent": BooleanField(help_text="It begins soon and has nobody."),
            },
        ),
        codes=["permission_denied"],
    ),
    stats=operation(
        "The agency at a glance",
        description="Staff only.",
        responses=serializers.StatsSerializer,
        codes=["permission_denied"],
    ),
    history=operation(
        "What happened to a visit",
        responses=serializers.VisitEventSerializer(many=True),
        filters=False,
    ),
)(views.VisitViewSet)

extend_schema_view(
    retrieve=operation(
        "One listing",
        description="`next_visit_date` is there for who is logged in.",
        responses=serializers.PropertyDetailSerializer,
        never=["permission_denied"],
    ),
    slots=operation(
        "Free times",
        description="Times with at least one agent, on a grid of 15 minutes. `from` and `to` are local "
        "dates of the listing, both included, at most 31 days.",
        parameters=[serializers.SlotQuerySerializer],
        responses=serializers.SlotsSerializer,
    ),
)(views.PropertyViewSet)

extend_schema_view(
    messages=operation(
        "A conversation's messages",
        description="The oldest first. An invitation shows how its visit stands now.",
        responses=serializers.VisitMessageSerializer(many=True),
        filters=False,
    ),
)(views.ConversationViewSet)
operation(
    "Write",
    request=MessageInput,
    responses={201: serializers.VisitMessageSerializer},
    codes=["no_active_match"],
    examples=[example("A question", {"body": "Is the room still free?"})],
)(views.ConversationViewSet.send)

extend_schema_view(
    assign=operation(
        "Get an agent",
        description="Yours if you have one already.",
        request=EmptySerializer,
        responses=serializers.EngagementSerializer,
        codes=["agent_not_eligible"],
    ),
    workload=operation(
        "How loaded the agents are",
        description="Staff only.",
        responses=inline_serializer("Workloads", {"items": serializers.WorkloadSerializer(many=True)}),
    ),
)(views.AgentViewSet)
