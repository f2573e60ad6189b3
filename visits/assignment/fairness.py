"""Fair shares: the visits that each agent could have got, counted as expected_share.

Each automatic choice is worth one visit, shared by all agents who could have taken it and are equal in
RANK_PARTS. Counting that exactly would mean judging and writing all of them. Instead LOTS of them are drawn,
each for its part of the visit: on average that is the same, and it is evenly spread, because the places drawn
follow each other by the golden ratio. docs/adr/0015-fair-share-by-lots.md has the comparison.
"""

from collections.abc import Sequence

from django.db import connection, models
from django.db.models.expressions import RawSQL

from agents.models import Agent
from ghar.transactions import retrying_atomic
from visits.scheduling.eligibility import Requirements, matching_calendar

LOTS = 4
# Places looked at until LOTS of them hold somebody eligible.
DRAWS = 48
# Nobody saves up more than so many visits, so that an agent who couldn't be chosen for long isn't flooded.
MAX_SAVED = 5

# One statement after the commit: it keeps no choice waiting, and its locks, taken by ascending id, are held
# for no time. The visits that an agent won change with the choice itself, so that the next choice sees them.
# OFFSET 0 keeps the order of the draws. `turn` goes on from choice to choice in steps of another irrational
# number than `place` within a choice, so that no agent's place in the pool is drawn more often than others'.
COUNT_SQL = """
WITH pool AS MATERIALIZED (
    SELECT array_agg(equal.id ORDER BY equal.id) AS ids
    FROM (SELECT id FROM ({pool}) AS rivals UNION SELECT %s) AS equal
), choice AS MATERIALIZED (
    SELECT nextval('visits_choice') * 0.7548776662466927::float8 AS turn
), lots AS MATERIALIZED (
    SELECT agent.id
    FROM pool CROSS JOIN choice CROSS JOIN generate_series(1, %s) AS place
    CROSS JOIN LATERAL (SELECT turn + place * 0.6180339887498949::float8 AS point) AS drawn
    CROSS JOIN LATERAL (
        SELECT pool.ids[1 + floor(cardinality(pool.ids) * (point - floor(point)))::int] AS id
    ) AS lot
    CROSS JOIN LATERAL ({agent} OFFSET 0) AS agent
    LIMIT %s
), parts AS MATERIALIZED (
    SELECT id, (count(*) / sum(count(*)) OVER ())::float8 AS part FROM lots GROUP BY id
), locked AS MATERIALIZED (
    SELECT id FROM agents_agent WHERE id IN (SELECT id FROM parts) ORDER BY id FOR NO KEY UPDATE
)
UPDATE agents_agent AS agent
SET expected_share = least(agent.expected_share + parts.part, %s + agent.assignments_won)
FROM parts JOIN locked USING (id) WHERE agent.id = parts.id
"""


@retrying_atomic
def count_choice(chosen: int, pool: "models.QuerySet[Agent]", requirements: Requirements) -> None:
    """Count a choice among the eligible agents of `pool`, the chosen one included."""
    agents = matching_calendar(Agent.objects.filter(pk=RawSQL("lot.id", ())), requirements)
    # By now the visit itself is in the way of the one who got it; their part counts all the same.
    agents |= Agent.objects.filter(pk=chosen).filter(pk=RawSQL("lot.id", ()))
    pool_sql, pool_params = pool.order_by().values("id").query.sql_with_params()
    agent_sql, agent_params = agents.order_by().values("id").query.sql_with_params()
    params = [*pool_params, chosen, DRAWS, *agent_params, LOTS, MAX_SAVED]
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SQL.format(pool=pool_sql, agent=agent_sql), params)


def fairness_index() -> float | None:
    """Return Jain's index over what the active agents won of their expected shares; None without any."""
    agents = Agent.objects.filter(is_active=True, expected_share__gte=1)
    shares = agents.values_list("assignments_won", "expected_share")
    return jain_index([won / expected for won, expected in shares])


def jain_index(shares: Sequence[float]) -> float | None:
    """Return Jain's fairness index: 1 when all shares are equal, 1/n when one of n has everything.

    It is the squared sum over n times the sum of squares (R. Jain, DEC-TR-301, 1984). None without any share.
    """
    squares = sum(share * share for share in shares)
    return round(sum(shares) ** 2 / (len(shares) * squares), 4) if squares else None
