from ghar.api.routers import endpoint
from ghar.streams import views

urlpatterns = [
    endpoint("events", views.EventStream.as_view(), "events"),
    endpoint("events/ticket", views.EventTicket.as_view(), "event-ticket"),
]
