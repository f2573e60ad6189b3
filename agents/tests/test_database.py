"""What the database refuses and counts, whoever writes: all by plain SQL."""

import pytest
from django.db import IntegrityError, connection, transaction

from agents.models import Agent, TimeOff, WorkingHours
from agents.tests.factories import AgentFactory, EngagementFactory, TimeOffFactory, WorkingHoursFactory
from ghar.accounts.tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def sql(statement, *params):
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def engage(seeker, agent, ended_at=None):
    sql(
        "INSERT INTO agents_engagement (seeker_id, agent_id, reason, note, started_at, ended_at)"
        " VALUES (%s, %s, '', '', now(), %s)",
        seeker.pk,
        agent.pk,
        ended_at,
    )


def counters(agent):
    return Agent.objects.values_list("live_users", "total_users_assigned").get(pk=agent.pk)


class TestCounters:
    def test_an_open_engagement_counts(self):
        agent, other = AgentFactory.create_batch(2)
        engage(UserFactory(), agent)
        engage(UserFactory(), agent)
        assert (counters(agent), counters(other)) == ((2, 2), (0, 0))

    def test_an_ended_one_counts_in_the_total_only(self):
        agent = AgentFactory()
        engage(UserFactory(), agent, "2026-01-01")
        assert counters(agent) == (0, 1)

    def test_ending_and_reopening(self):
        engagement = EngagementFactory()
        sql("UPDATE agents_engagement SET ended_at = now()")
        assert counters(engagement.agent) == (0, 1)
        sql("UPDATE agents_engagement SET ended_at = '2026-01-01'")
        assert counters(engagement.agent) == (0, 1)
        sql("UPDATE agents_engagement SET ended_at = NULL")
        assert counters(engagement.agent) == (1, 1)

    def test_another_column_changes_nothing(self):
        engagement = EngagementFactory()
        sql("UPDATE agents_engagement SET reason = 'by hand'")
        assert counters(engagement.agent) == (1, 1)

    def test_an_engagement_moved_by_hand_is_counted_where_it_is(self):
        engagement, other = EngagementFactory(), AgentFactory()
        sql("UPDATE agents_engagement SET agent_id = %s", other.pk)
        assert (counters(engagement.agent), counters(other)) == ((0, 1), (1, 0))

    def test_one_statement_over_many_agents(self):
        agents = AgentFactory.create_batch(3)
        for agent in agents:
            EngagementFactory.create_batch(2, agent=agent)
        sql("UPDATE agents_engagement SET ended_at = now() WHERE agent_id <> %s", agents[0].pk)
        assert [counters(agent) for agent in agents] == [(2, 2), (0, 2), (0, 2)]

    def test_deleting_takes_the_live_ones_off(self):
        agent = AgentFactory()
        engage(UserFactory(), agent)
        engage(UserFactory(), agent, "2026-01-01")
        sql("DELETE FROM agents_engagement")
        assert counters(agent) == (0, 2)

    def test_deleting_seekers_cascades_and_counts(self):
        agent, other = AgentFactory.create_batch(2)
        leaving = [EngagementFactory(agent=agent).seeker_id, EngagementFactory(agent=other).seeker_id]
        EngagementFactory(agent=agent)
        sql("DELETE FROM accounts_user WHERE id = ANY(%s)", leaving)
        assert (counters(agent), counters(other)) == ((1, 2), (0, 1))


class TestDeleting:
    def test_a_login_leaves_its_agent(self):
        agent = AgentFactory(with_login=True)
        sql("DELETE FROM accounts_user WHERE id = %s", agent.user_id)
        agent.refresh_from_db()
        assert agent.user_id is None

    def test_an_agent_with_an_engagement_stays(self):
        agent = EngagementFactory().agent
        with pytest.raises(IntegrityError, match="agents_engagement"), transaction.atomic():
            sql("DELETE FROM agents_agent")
        assert Agent.objects.filter(pk=agent.pk).exists()

    def test_an_agent_takes_hours_and_time_off_along(self):
        agent = AgentFactory()
        WorkingHoursFactory(agent=agent)
        TimeOffFactory(agent=agent)
        sql("DELETE FROM agents_agent")
        assert not WorkingHours.objects.exists()
        assert not TimeOff.objects.exists()


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("agent_live_visits_not_negative", "UPDATE agents_agent SET live_visits = -1"),
        ("agent_live_users_not_negative", "UPDATE agents_agent SET live_users = -1"),
        ("agent_capacity_positive", "UPDATE agents_agent SET capacity = 0"),
        ("hours_weekday", "UPDATE agents_workinghours SET weekday = 7"),
        ("hours_close_after_opening", "UPDATE agents_workinghours SET closes = opens"),
        ("hours_close_after_opening", "UPDATE agents_workinghours SET opens = '18:00', closes = '09:00'"),
        (
            "hours_once",
            "INSERT INTO agents_workinghours (agent_id, weekday, opens, closes)"
            " SELECT agent_id, weekday, opens, '23:00' FROM agents_workinghours",
        ),
        (
            "time_off_bounded",
            "INSERT INTO agents_timeoff (agent_id, period, reason, created_at)"
            " SELECT id, '[2026-01-01,)', '', now() FROM agents_agent",
        ),
        (
            "time_off_bounded",
            "INSERT INTO agents_timeoff (agent_id, period, reason, created_at)"
            " SELECT id, '(,2026-01-01]', '', now() FROM agents_agent",
        ),
        (
            "time_off_bounded",
            "INSERT INTO agents_timeoff (agent_id, period, reason, created_at)"
            " SELECT id, 'empty', '', now() FROM agents_agent",
        ),
        (
            "engagement_one_open_per_seeker",
            "INSERT INTO agents_engagement (seeker_id, agent_id, reason, note, started_at)"
            " SELECT seeker_id, agent_id, '', '', now() FROM agents_engagement",
        ),
        (
            "interaction_satisfaction_1_to_5",
            "INSERT INTO agents_agentinteraction (agent_id, type, user_satisfaction, created_at)"
            " SELECT id, 'call', 6, now() FROM agents_agent",
        ),
    ],
)
def test_what_must_never_be_is_refused(constraint, statement):
    agent = EngagementFactory().agent
    WorkingHoursFactory(agent=agent)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        sql(statement)


def test_an_agent_has_one_login():
    agent = AgentFactory(with_login=True)
    with pytest.raises(IntegrityError, match="user_id"), transaction.atomic():
        sql("UPDATE agents_agent SET user_id = %s WHERE id = %s", agent.user_id, AgentFactory().pk)


def test_text_keys_keep_their_order_and_are_never_null():
    with connection.cursor() as cursor:
        cursor.execute("SELECT text_keys(ARRAY['Pune', 'MUMBAI']), text_keys('{}'), text_keys(NULL)")
        assert cursor.fetchone() == (["pune", "mumbai"], [], [])


def test_an_index_finds_who_serves_a_city():
    here, everywhere = (
        AgentFactory(cities=["Pune", "Mumbai"]),
        AgentFactory(cities=[], serves_everywhere=True),
    )
    AgentFactory(cities=["Delhi"])
    AgentFactory(cities=[])
    found = Agent.objects.filter(is_active=True, is_available=True).serving("MUMBAI").order_by()
    assert set(found) == {here, everywhere}
    Agent.objects.bulk_create(AgentFactory.build_batch(300, cities=["Delhi"]))
    sql("ANALYZE agents_agent")
    sql("SET LOCAL enable_seqscan = off")
    plan = found.explain()
    assert ("Index Scan on agent_cities" in plan, "Index Scan on agent_everywhere" in plan) == (True, True)
