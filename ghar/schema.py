"""OpenAPI descriptions of the event stream."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from ghar.api.fields import EmptySerializer
from ghar.api.openapi import Schema, operation
from ghar.streams import views

FRAMES = """retry: 2000
event: stream-open
id: 41
data:

event: visit_updated
id: 42
data: {"type":"visit_updated","data":{"visit_id":7,"status":"scheduled","visit_context":"property_tour",
data: "change":"scheduled","scheduled_date":"2026-11-25T05:30:00Z","agent_id":3,"version":1},
data: "sent_at":"2026-11-21T09:15:00.125Z"}

"""
STREAM_DESCRIPTION = """Returns Server-Sent Events until you disconnect: `visit_updated`, `new_match` and
`new_message`. You receive the events that concern you; staff receive those of all visits. Reconnect with the
id of your last event to receive what you missed. If the id is too old, you get `stream-reset`: then reload
what you show."""


class TicketScheme(OpenApiAuthenticationExtension):
    target_class = "ghar.streams.tickets.TicketAuthentication"
    name = "ticket"

    def get_security_definition(self, auto_schema: AutoSchema) -> Schema:
        description = "From POST /api/v1/events/ticket. It opens one stream within 60 seconds."
        return {"type": "apiKey", "in": "query", "name": "ticket", "description": description}


extend_schema_view(
    get=operation(
        "Receive events",
        description=STREAM_DESCRIPTION,
        parameters=[
            OpenApiParameter(
                "Last-Event-ID",
                str,
                OpenApiParameter.HEADER,
                description="The id of the last event that you received.",
            ),
            OpenApiParameter(
                "lastEventId", str, description="The same, for a browser that reconnects with a new ticket."
            ),
        ],
        responses={(200, "text/event-stream"): {"type": "string"}},
        codes=["throttled"],
        examples=[OpenApiExample("A booking", FRAMES, response_only=True, media_type="text/event-stream")],
    )
)(views.EventStream)
extend_schema_view(
    post=operation(
        "Get a ticket",
        description="For clients that can't send headers with a stream, such as a browser's EventSource.",
        request=EmptySerializer,
        responses={201: views.TicketSerializer},
    )
)(views.EventTicket)
