"""A walk over all routes of the API, and the rows that it needs."""

from agents.models import TimeOff
from agents.tests.factories import AgentFactory
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import PASSWORD
from ghar.tests.responses import iso
from properties.tests.factories import PropertyFactory
from visits.tests.factories import book, local

KINDS = ("matches", "conversations")


class World:
    """The rows that the walk uses: a listing with an owner and an image, two agents, Asha's tour."""

    def __init__(self, asha, ops):
        self.asha, self.ops = asha, ops
        self.owner = UserFactory(full_name="Omkar Patil")
        self.listing = PropertyFactory(owner=self.owner, features=["Sea view"], attributes={"floor": "2"})
        self.image = self.listing.images.create(image_url="https://example.com/a.png")
        self.listing.amenities.create(title="Lift")
        self.meera = AgentFactory(user=UserFactory(full_name="Meera Kulkarni"))
        self.tour = book(asha, self.listing, local(2, 11))
        self.ravi = AgentFactory(user=UserFactory(full_name="Ravi Nair"))
        self.peer = UserFactory(full_name="Prem Shah")
        self.flat = PropertyFactory(owner=self.peer)
        self.matched = match(asha, self.peer, self.flat)
        self.time_off = TimeOff.objects.create(
            agent=self.ravi, period=(local(20, 0), local(21, 0)), reason="Holiday"
        )

    def begun(self):
        """Book a tour for Asha that has already begun, and return it."""
        before, start = local(-2, 9), local(-1, 11)
        with clock.frozen_at(before):
            return book(self.asha, self.listing, start)


def walk(w):
    """Yield (user, method, path, body, expected status). The order matters: requests use earlier ones."""
    tour, listing = f"visits/{w.tour.pk}", f"properties/{w.listing.pk}"
    meera, ravi = f"agents/{w.meera.pk}", f"agents/{w.ravi.pk}"
    asha, ops, owner, nobody = w.asha, w.ops, w.owner, None
    signup = {"full_name": "Chitra", "email": "chitra@example.com", "password": PASSWORD}
    login = {"identifier": "chitra@example.com", "password": PASSWORD}
    flat = {
        "title": "A flat",
        "property_type": "apartment",
        "purpose": "rent",
        "city": "Pune",
        "base_price": 1,
    }
    day = local(3, 0).date().isoformat()
    booking = {"property_id": w.listing.pk, "scheduled_date": iso(local(3, 11))}
    week = {"items": [{"weekday": day, "opens": "09:00", "closes": "24:00"} for day in range(7)]}
    away = {"from": iso(local(30, 0)), "to": iso(local(31, 0))}
    yield nobody, "GET", "schema", None, 200
    yield nobody, "POST", "auth/signup", signup, 201
    yield nobody, "POST", "auth/login", login, 200
    yield nobody, "POST", "auth/login", login | {"password": "wrong"}, 401
    yield asha, "GET", "users/me", None, 200
    yield asha, "GET", "users/profile", None, 200
    yield asha, "PATCH", "users/profile", {"full_name": "Asha Rao"}, 200
    yield asha, "PATCH", "users/me", {"preferred_languages": ["mr"], "phone": None}, 200
    yield asha, "POST", "auth/password", {"current_password": PASSWORD, "new_password": PASSWORD + "!"}, 204
    yield nobody, "GET", "properties?include_total=true", None, 200
    yield nobody, "GET", "properties?page=1&status=available&sort_by=base_price", None, 200
    yield nobody, "GET", "properties?colour=blue", None, 400
    yield owner, "GET", "properties/me", None, 200
    yield nobody, "GET", "properties?ordering=nonsense", None, 400
    yield nobody, "GET", "properties?cursor=nonsense", None, 400
    yield nobody, "GET", listing, None, 200
    yield asha, "GET", listing, None, 200
    yield owner, "POST", "properties", flat, 201
    yield (
        owner,
        "PATCH",
        listing,
        {"bedrooms": 2, "area_sqft": 850.5, "latitude": 19.1, "longitude": 72.9},
        200,
    )
    yield owner, "PUT", listing, {"furnishing": ""}, 200
    yield owner, "POST", f"{listing}/images", {"image_url": "https://example.com/b.png"}, 201
    yield owner, "DELETE", f"{listing}/images/{w.image.pk}", None, 204
    yield asha, "GET", f"{listing}/slots?from={day}&to={day}", None, 200
    yield asha, "GET", f"{listing}/slots?from={day}&to=2020-01-01", None, 400
    yield asha, "GET", "agents?include_total=true", None, 200
    yield ops, "GET", "agents", None, 200
    yield asha, "GET", "agents/available?page=1", None, 200
    yield w.meera.user, "GET", "agents/me", None, 200
    yield asha, "GET", "agents/me", None, 404
    yield w.meera.user, "GET", f"{meera}/visits", None, 200
    yield ops, "GET", f"{meera}/visits?page=1", None, 200
    yield asha, "GET", f"{meera}/visits", None, 403
    yield asha, "GET", meera, None, 200
    yield ops, "GET", meera, None, 200
    yield ops, "POST", "agents", {"name": "Sunil", "cities": ["Pune"], "working_hours": week["items"]}, 201
    yield asha, "POST", "agents", {"name": "Sunil"}, 403
    yield ops, "PATCH", ravi, {"capacity": None, "languages": ["en", "hi"]}, 200
    yield ops, "PUT", ravi, {"languages": ["English", "Marathi"]}, 200
    yield w.ravi.user, "PATCH", f"{ravi}/availability", {"is_available": True}, 200
    yield ops, "GET", f"{ravi}/hours", None, 200
    yield ops, "PUT", f"{ravi}/hours", week, 200
    yield ops, "GET", f"{ravi}/time-off", None, 200
    yield ops, "POST", f"{ravi}/time-off", away, 201
    yield ops, "DELETE", f"{ravi}/time-off/{w.time_off.pk}", None, 204
    yield asha, "GET", "agents/assigned", None, 200
    yield owner, "GET", "agents/assigned", None, 404
    yield asha, "POST", "agents/assign", {}, 200
    yield asha, "POST", f"agents/assign?agent_id={w.meera.pk}", {}, 200
    yield asha, "POST", "agents/assign", {"agent_id": w.ravi.pk}, 409
    yield ops, "GET", "agents/workload", None, 200
    yield asha, "POST", "visits", booking, 201
    yield asha, "POST", "visits", booking, 200
    yield asha, "POST", "visits", booking | {"property_id": PropertyFactory().pk}, 409
    yield asha, "POST", "visits", booking | {"scheduled_date": "2020-01-01T00:00:00Z"}, 400
    yield asha, "GET", "visits?limit=1", None, 200
    yield asha, "GET", "visits/upcoming", None, 200
    yield asha, "GET", "visits/past", None, 200
    yield ops, "GET", "visits/all?unassigned=true", None, 200
    yield w.meera.user, "GET", "visits/all", None, 200
    yield asha, "GET", "visits/all", None, 403
    yield ops, "GET", "visits/stats?city=mumbai&from=2026-01-01", None, 200
    yield ops, "GET", f"{tour}/candidates", None, 200
    yield asha, "GET", tour, None, 200
    yield owner, "GET", tour, None, 200
    yield asha, "PATCH", tour, {"special_requirements": "Lift?"}, 200
    yield asha, "PUT", tour, {"interest_level": "high"}, 200
    yield asha, "PUT", f"flatmates/{tour}", {"time_slot_label": "Morning"}, 200
    yield asha, "POST", f"{tour}/confirm", {}, 403
    yield ops, "POST", f"{tour}/confirm", {}, 200
    yield ops, "POST", f"{tour}/confirm", {}, 200
    yield asha, "POST", f"{tour}/reschedule", {"new_date": iso(local(4, 11))}, 200
    yield asha, "POST", f"{tour}/reschedule", {"new_date": iso(local(3, 11))}, 409
    yield ops, "POST", f"{tour}/assign", {"agent_id": w.ravi.pk, "reason": "Closer"}, 200
    yield ops, "POST", f"{tour}/assign", {"agent_id": None}, 200
    yield ops, "POST", f"{tour}/assign", {}, 200
    yield ops, "PATCH", ravi, {"is_active": False}, 200
    yield ops, "POST", f"{tour}/assign", {"agent_id": w.ravi.pk, "reason": "Closer"}, 409
    yield asha, "GET", f"{tour}/history", None, 200
    yield ops, "POST", f"visits/{w.begun().pk}/complete", {"notes": "Fine", "interest_level": "low"}, 200
    yield asha, "POST", f"{tour}/cancel", {"reason": "Found one"}, 200
    yield ops, "POST", f"{tour}/confirm", {}, 409
    yield owner, "DELETE", listing, None, 204
    yield ops, "DELETE", meera, None, 200
    yield asha, "GET", "events?lastEventId=0", None, 200
    yield asha, "POST", "events/ticket", {}, 201
    yield from walk_flatmates(w)
    yield asha, "POST", "auth/logout", None, 204
    yield asha, "POST", "auth/logout-all", None, 204


def walk_flatmates(w):
    asha, peer = w.asha, w.peer
    like = {"target_user_id": asha.pk, "action": "like", "context_property_id": w.flat.pk}
    match, conversation = (f"flatmates/{kind}/{row.pk}" for kind, row in zip(KINDS, w.matched, strict=True))
    yield UserFactory(), "POST", "flatmates/swipes", like, 200
    yield asha, "GET", "flatmates/likes", None, 200
    yield asha, "GET", "flatmates/matches", None, 200
    yield asha, "GET", "flatmates/conversations", None, 200
    yield asha, "GET", conversation, None, 200
    yield asha, "POST", f"{conversation}/messages", {"body": "Is it still free?"}, 201
    yield peer, "GET", f"{conversation}/messages", None, 200
    yield peer, "POST", f"{conversation}/read", {}, 200
    yield peer, "POST", f"{conversation}/mark-read", {}, 200
    meet = {"visit_context": "flatmate_meet", "counterparty_user_id": peer.pk, "property_id": w.flat.pk}
    yield asha, "POST", "visits", {**meet, "scheduled_date": iso(local(9, 11))}, 201
    yield peer, "GET", f"{conversation}/messages", None, 200
    yield peer, "GET", "visits", None, 200
    yield peer, "POST", f"{match}/unmatch", {}, 200
    yield peer, "PUT", f"{match}/unmatch", {}, 200
    yield asha, "POST", f"{conversation}/messages", {"body": "Well?"}, 409
    yield asha, "POST", "visits", {**meet, "scheduled_date": iso(local(10, 11))}, 409
    yield asha, "POST", "flatmates/blocks", {"blocked_user_id": peer.pk}, 201
    yield asha, "POST", "flatmates/blocks", {"blocked_user_id": peer.pk}, 200
    yield asha, "GET", "flatmates/blocks?page=1", None, 200
    yield asha, "DELETE", f"flatmates/blocks/{peer.pk}", None, 204
