"""Employment, time off and withdrawal, with the visits that they move."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.models import TimeOff
from agents.signals import agent_changed
from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.errors import Invalid, NotAllowed
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.models import Visit
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def signals():
    """The agents of whom `agent_changed` told."""
    told = []

    def listen(agent, **kwargs):
        told.append(agent.pk)

    agent_changed.connect(listen)
    yield told
    agent_changed.disconnect(listen)


class TestTimeOff:
    @pytest.mark.parametrize(
        ("from_", "to", "sentence"),
        [
            (NOON + HOUR, NOON + HOUR, "The end must be after the start."),
            (NOON + 2 * HOUR, NOON + HOUR, "The end must be after the start."),
            (NOON - 2 * HOUR, NOON, "The end must be in the future."),
            (NOON, NOON + timedelta(days=366, seconds=1), "Time off can be at most 366 days long."),
        ],
    )
    def test_an_impossible_period_is_refused(self, ops, from_, to, sentence):
        with clock.frozen_at(NOON), pytest.raises(Invalid) as refusal:
            services.take_time_off(agent=AgentFactory(), by=ops, from_=from_, to=to)
        assert refusal.value.extra == {"errors": {"to": [sentence]}}
        assert not TimeOff.objects.exists()

    @pytest.mark.parametrize(
        ("from_", "to"),
        [(NOON - timedelta(days=365), NOON + timedelta(days=1)), (NOON - HOUR, NOON + timedelta(seconds=1))],
    )
    def test_it_may_have_begun(self, ops, signals, from_, to):
        agent = AgentFactory()
        with clock.frozen_at(NOON):
            taken = services.take_time_off(agent=agent, by=ops, from_=from_, to=to, reason="Flu")
        off, moved, _is_new = taken
        assert (off.period.lower, off.period.upper, off.reason, off.created_at) == (from_, to, "Flu", NOON)
        assert (moved, signals) == ([], [agent.pk])

    def test_only_the_agent_and_staff_enter_it(self, ops, bala):
        agent = AgentFactory(user=UserFactory())
        powerless, soon = UserFactory(is_staff=True), clock.now() + HOUR
        for by in (bala, powerless):
            with pytest.raises(NotAllowed):
                services.take_time_off(agent=agent, by=by, from_=soon, to=soon + HOUR)
        assert not TimeOff.objects.exists()
        for hours, by in enumerate((ops, User.objects.get(pk=agent.user_id)), 1):
            services.take_time_off(agent=agent, by=by, from_=soon, to=soon + hours * HOUR)
        assert TimeOff.objects.count() == 2


class TestNobodyOnTimeOffShowsAVisit:
    """While Meera is on leave there is nobody else, so a rule that forgets time off chooses her."""

    @pytest.fixture
    def leave(self, agent):
        return TimeOff.objects.create(agent=agent, period=(local(3, 0), local(4, 0)), reason="Wedding")

    def test_a_booking_and_a_move_into_it_have_no_agent(self, asha, bala, listing, leave, tour, agent):
        assert (tour.agent, book(bala, listing, local(3, 15)).agent) == (agent, None)
        assert services.reschedule(visit=tour, by=asha, new_date=local(3, 11)).agent is None

    def test_the_sweep_leaves_the_visit_waiting(self, asha, listing, leave):
        visit = book(asha, listing, local(3, 11))
        assert [attempt.assigned for attempt in services.assign_pending()] == [False]
        visit.refresh_from_db()
        assert (visit.agent, visit.version) == (None, 1)

    def test_there_are_no_slots(self, api, asha, listing, leave):
        day = local(3, 11).date().isoformat()
        found = api(asha).get(f"/api/v1/properties/{listing.pk}/slots?from={day}&to={day}").json()
        assert found["items"] == []

    @pytest.mark.parametrize("by_hand", [True, False])
    def test_staff_are_told(self, api, ops, asha, listing, leave, agent, by_hand):
        path = f"/api/v1/visits/{book(asha, listing, local(3, 11)).pk}"
        (candidate,) = api(ops).get(f"{path}/candidates").json()["items"]
        assert (candidate["eligible"], candidate["reasons"]) == (False, ["time_off"])
        refused = api(ops).post(f"{path}/assign", {"agent_id": agent.pk} if by_hand else {})
        assert (refused.status_code, refused.json()["reasons"]) == (409, ["time_off"])


class TestLeaving:
    def test_visits_and_seekers_go_to_others(self, ops, tour, agent, asha, signals):
        other = AgentFactory(name="Rohan")
        with clock.frozen_at(clock.now()):
            left, moved = services.update_agent(agent=agent, by=ops, is_active=False)
        assert (left.is_active, left.live_users, left.total_users_assigned) == (False, 0, 1)
        assert moved == [{"visit_id": tour.pk, "from_agent_id": agent.pk, "to_agent_id": other.pk}]
        assert list(asha.engagements.values_list("agent_id", "ended_at").order_by("agent_id")) != []
        assert asha.engagements.open().get().agent == other
        assert signals == [agent.pk]

    def test_a_cancelled_visit_ahead_stays_as_it_is(self, ops, tour, agent):
        services.cancel(visit=tour, by=ops)
        before = Visit.objects.values().get()
        assert services.dismiss(agent=agent, by=ops) == []
        assert Visit.objects.values().get() == before

    def test_leaving_twice_is_one_change(self, ops, agent, signals):
        services.dismiss(agent=agent, by=ops)
        assert services.dismiss(agent=agent, by=ops) == []
        assert signals == [agent.pk]


class TestWithdrawal:
    def test_a_withdrawn_listing_keeps_its_date(self, asha):
        listing = PropertyFactory(owner=asha, status="withdrawn")
        before = Property.objects.values().get()
        services.withdraw_property(listing=listing, by=asha)
        assert Property.objects.values().get() == before

    def test_only_the_owner_and_staff_withdraw(self, asha, bala, ops, tour, snapshot):
        before = snapshot()
        with pytest.raises(NotAllowed):
            services.withdraw_property(listing=tour.property, by=bala)
        assert snapshot() == before
        assert Property.objects.get().status == "available"
        services.withdraw_property(listing=tour.property, by=ops)
        assert Property.objects.get().status == "withdrawn"
        assert Visit.objects.get().status == "cancelled"
