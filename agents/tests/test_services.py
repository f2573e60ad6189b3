from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from agents import services
from agents.models import Agent, TimeOff, WorkingHours
from agents.signals import agent_changed
from agents.tests.factories import AgentFactory, EngagementFactory, TimeOffFactory, WorkingHoursFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.errors import Invalid, NotAllowed, NotFound

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def shift(weekday, opens, closes):
    return {"weekday": weekday, "opens": time.fromisoformat(opens), "closes": time.fromisoformat(closes)}


def week(agent):
    return [str(row) for row in WorkingHours.objects.filter(agent=agent)]


@pytest.fixture
def changes():
    """What agent_changed told, while a transaction was open."""
    told = []

    def listen(sender, agent, by, **kwargs):
        assert transaction.get_connection().in_atomic_block
        told.append((agent.pk, by))

    agent_changed.connect(listen)
    yield told
    agent_changed.disconnect(listen)


class TestSignal:
    def test_each_change_tells_once(self, ops, changes):
        agent = services.create_agent(by=ops, name="Meera", working_hours=[shift(0, "09:00", "12:00")])
        services.set_availability(agent=agent, by=ops, is_available=False)
        services.set_hours(agent=agent, by=ops, items=[shift(1, "09:00", "12:00")])
        services.remove_time_off(time_off=TimeOffFactory(agent=agent), by=ops)
        services.update_agent_profile(agent=agent, by=ops, cities=["Pune"], capacity=3)
        services.update_agent_profile(agent=agent, by=ops, working_hours=[])
        assert changes == [(agent.pk, ops)] * 6

    def test_no_change_tells_nothing(self, ops, changes):
        agent = WorkingHoursFactory().agent
        services.set_availability(agent=agent, by=ops, is_available=True)
        services.set_hours(agent=agent, by=ops, items=[shift(0, "09:00", "17:00")])
        services.update_agent_profile(agent=agent, by=ops, name="Another", cities=agent.cities)
        assert changes == []

    def test_a_receiver_that_fails_undoes_the_change(self, ops):
        def fail(**kwargs):
            raise NotFound("gone")

        agent = AgentFactory()
        agent_changed.connect(fail)
        try:
            with pytest.raises(NotFound):
                services.set_availability(agent=agent, by=ops, is_available=False)
        finally:
            agent_changed.disconnect(fail)
        assert Agent.objects.get().is_available


class TestHours:
    @pytest.mark.parametrize(
        ("items", "stored"),
        [
            ([shift(0, "09:00", "12:00"), shift(0, "12:00", "19:00")], ["Monday 09:00–19:00"]),
            (
                [shift(0, "18:00", "00:00"), shift(0, "00:00", "06:00"), shift(0, "06:00", "08:00")],
                ["Monday 00:00–08:00", "Monday 18:00–00:00"],
            ),
            ([shift(6, "00:00", "00:00")], ["Sunday 00:00–00:00"]),
            (
                [shift(1, "00:00", "02:00"), shift(0, "22:00", "00:00")],
                ["Monday 22:00–00:00", "Tuesday 00:00–02:00"],
            ),
            ([shift(2, "09:00:59", "10:00:59")], ["Wednesday 09:00–10:00"]),
            ([], []),
        ],
    )
    def test_the_whole_week_is_replaced(self, ops, items, stored):
        agent = WorkingHoursFactory(weekday=4).agent
        services.set_hours(agent=agent, by=ops, items=items)
        assert week(agent) == stored

    @pytest.mark.parametrize(
        ("items", "sentence"),
        [
            (
                [shift(0, "11:00", "13:00"), shift(0, "09:00", "12:00")],
                "Row 1: Monday 11:00–13:00 overlaps Monday 09:00–12:00. Change one of the two.",
            ),
            (
                [shift(0, "09:00", "12:00"), shift(0, "09:00", "12:00")],
                "Row 2: Monday 09:00–12:00 overlaps Monday 09:00–12:00. Change one of the two.",
            ),
            (
                [shift(3, "20:00", "00:00"), shift(3, "23:59", "00:00")],
                "Row 2: Thursday 23:59–24:00 overlaps Thursday 20:00–24:00. Change one of the two.",
            ),
            (
                [shift(5, "22:00", "06:00")],
                "Row 1: Saturday 22:00–06:00 must close after it opens. Enter a night shift as two rows.",
            ),
            (
                [shift(5, "23:59", "23:59")],
                "Row 1: Saturday 23:59–23:59 must close after it opens. Enter a night shift as two rows.",
            ),
            (
                [shift(1, "22:00", "23:59"), shift(1, "23:59", "00:00")],
                "Row 2: Tuesday 23:59–24:00 overlaps Tuesday 22:00–24:00. Change one of the two.",
            ),
            (
                [shift(5, "09:00", "09:00")],
                "Row 1: Saturday 09:00–09:00 must close after it opens. Enter a night shift as two rows.",
            ),
        ],
    )
    def test_a_row_that_cannot_be_is_named(self, ops, items, sentence):
        agent = WorkingHoursFactory(weekday=4).agent
        with pytest.raises(Invalid) as refusal:
            services.set_hours(agent=agent, by=ops, items=items)
        assert refusal.value.extra == {"errors": {"items": [sentence]}}
        assert week(agent) == ["Friday 09:00–17:00"]


class TestTimeOff:
    def test_removing_one_that_is_gone(self, ops):
        off = TimeOffFactory()
        services.remove_time_off(time_off=off, by=ops)
        with pytest.raises(NotFound):
            services.remove_time_off(time_off=off, by=ops)


class TestWhoMay:
    @pytest.fixture
    def acts(self):
        """Each act on an agent that staff and the agent may do."""
        return [
            lambda agent, by: services.set_availability(agent=agent, by=by, is_available=False),
            lambda agent, by: services.set_hours(agent=agent, by=by, items=[]),
            lambda agent, by: services.remove_time_off(time_off=agent.time_off.first(), by=by),
        ]

    def test_only_staff_and_the_agent(self, ops, acts):
        for act in acts:
            agent = TimeOffFactory(agent=AgentFactory(with_login=True)).agent
            act(agent, ops)
            agent = TimeOffFactory(agent=AgentFactory(with_login=True)).agent
            act(agent, agent.user)

    def test_nobody_else(self, bala, acts):
        powerless = UserFactory(is_staff=True)
        other = AgentFactory(with_login=True).user
        former = TimeOffFactory(agent=AgentFactory(with_login=True, is_active=False)).agent
        agent = TimeOffFactory(agent__user=None).agent
        for act in acts:
            for target, by in [(agent, bala), (agent, powerless), (agent, other), (former, former.user)]:
                with pytest.raises(NotAllowed):
                    act(target, by)
        assert Agent.objects.filter(is_available=True).count() == 3
        assert TimeOff.objects.count() == 2


class TestFields:
    def test_they_are_tidied(self, ops):
        agent = services.create_agent(
            by=ops,
            name="Meera",
            contact_number="098200 12345",
            cities=["  New  Delhi", "new delhi", "Pune"],
            languages=["hi", "en", "hi"],
        )
        agent.refresh_from_db()
        assert agent.contact_number == "+919820012345"
        assert agent.cities == ["New Delhi", "Pune"]
        assert agent.languages == ["hi", "en"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("name", ""),
            ("languages", ["english"]),
            ("agent_type", "boss"),
            ("timezone", "localtime"),
            ("timezone", "Asia/Atlantis"),
            ("cities", [""]),
            ("capacity", 0),
            ("avatar_url", "javascript:alert(1)"),
            ("avatar_url", "//elsewhere.example/a.png"),
            ("avatar_url", "/\\elsewhere.example/a.png"),
        ],
    )
    def test_a_wrong_one_is_named(self, ops, field, value):
        agent = AgentFactory(name="Meera")
        with pytest.raises(ValidationError) as refusal:
            services.update_agent_profile(agent=agent, by=ops, **{field: value, "description": "Changed"})
        assert list(refusal.value.message_dict) == [field]
        assert Agent.objects.get().description == ""

    @pytest.mark.parametrize("number", ["12", "98200", "call me", "+91 98200 12345 ext 5"])
    def test_a_wrong_number_is_named(self, ops, number):
        with pytest.raises(Invalid) as refusal:
            services.create_agent(by=ops, name="Meera", contact_number=number)
        assert list(refusal.value.extra["errors"]) == ["contact_number"]
        assert not Agent.objects.exists()

    @pytest.mark.parametrize("url", ["https://img.example/a.png", "/static/agents/a.png", ""])
    def test_avatars(self, ops, url):
        assert services.create_agent(by=ops, name="Meera", avatar_url=url).avatar_url == url

    def test_only_what_changed_is_written(self, ops):
        agent = AgentFactory(name="Meera")
        Agent.objects.update(live_visits=3, description="Written meanwhile")
        with clock.frozen_at(NOON):
            services.update_agent_profile(agent=agent, by=ops, name="Mira")
        agent.refresh_from_db()
        assert (agent.name, agent.live_visits, agent.description) == ("Mira", 3, "Written meanwhile")
        assert agent.updated_at == NOON


class TestLogin:
    @pytest.mark.parametrize("flags", [{"is_active": False}, {"is_staff": True}])
    def test_an_active_person_who_is_not_staff(self, ops, flags):
        agent = AgentFactory(name="Meera")
        with pytest.raises(Invalid) as refusal:
            services.update_agent_profile(
                agent=agent, by=ops, user_id=UserFactory(**flags).pk, name="Changed"
            )
        assert list(refusal.value.extra["errors"]) == ["user_id"]
        agent.refresh_from_db()
        assert (agent.user_id, agent.name) == (None, "Meera")

    def test_one_login_for_one_agent(self, ops):
        user = AgentFactory(with_login=True).user
        with pytest.raises(Invalid) as refusal:
            services.create_agent(by=ops, name="Twin", user_id=user.pk)
        assert refusal.value.extra == {
            "errors": {"user_id": ["This user is the login of another agent. Choose somebody else."]}
        }

    @pytest.mark.parametrize("user_id", [0, -1, 2**62, 2**70])
    def test_nobody(self, ops, user_id):
        with pytest.raises(Invalid):
            services.create_agent(by=ops, name="Ghost", user_id=user_id)

    def test_the_present_one_again_and_none(self, ops):
        agent = AgentFactory(with_login=True)
        assert (
            services.update_agent_profile(agent=agent, by=ops, user_id=agent.user_id).user_id == agent.user_id
        )
        assert services.update_agent_profile(agent=agent, by=ops, user_id=None).user_id is None


@pytest.mark.django_db(transaction=True)
def test_one_login_for_one_agent_also_at_once():
    ops, user = UserFactory(is_staff=True), UserFactory()
    start = Barrier(6)

    def create(number):
        start.wait()
        try:
            return services.create_agent(by=ops, name=f"Agent {number}", user_id=user.pk).pk
        except Invalid as refusal:
            return refusal.extra["errors"]
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(create, range(6)))
    agent = Agent.objects.get()
    assert answers.count(agent.pk) == 1
    assert answers.count({"user_id": ["This user is the login of another agent. Choose somebody else."]}) == 5


def test_employment_cannot_be_written_without_its_visits(ops):
    agent = AgentFactory()
    with pytest.raises(ValueError, match="visits.services.update_agent"):
        services.update_agent_profile(agent=agent, by=ops, name="Gone", is_active=False)
    agent.refresh_from_db()
    assert (agent.is_active, agent.name) != (False, "Gone")


class TestEngagement:
    def test_an_engagement_ends_once(self, ops):
        engagement = EngagementFactory()
        with clock.frozen_at(NOON):
            assert services.end_engagement(engagement=engagement, by=ops)
        assert not services.end_engagement(engagement=engagement, by=ops)
        engagement.refresh_from_db()
        assert engagement.ended_at == NOON


def test_satisfaction_is_the_rating(ops):
    agent = AgentFactory()
    for satisfaction in (5, None, 4, 4):
        services.record_interaction(agent=agent, by=ops, type="call", user_satisfaction=satisfaction)
    agent.refresh_from_db()
    assert float(agent.user_satisfaction_rating) == 4.33
    with pytest.raises(ValidationError):
        services.record_interaction(agent=agent, by=ops, type="call", user_satisfaction=6)
