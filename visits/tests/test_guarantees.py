"""What must never be is refused by the database itself, to writers that know nothing of the services."""

from datetime import timedelta

import pytest

from agents.tests.factories import AgentFactory
from ghar.accounts.tests.factories import UserFactory
from properties.tests.factories import PropertyFactory
from visits.models import Visit
from visits.tests.factories import book, local
from visits.tests.refusing import copy, refused_by, sql

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return AgentFactory()


@pytest.fixture
def tour(agent):
    visit = book(UserFactory(), PropertyFactory(), local(2, 11))
    assert visit.agent == agent
    return visit


def times(start, minutes=30, travel=15):
    end = start + timedelta(minutes=minutes)
    busy = f"[{start.isoformat()},{(end + timedelta(minutes=travel)).isoformat()})"
    return {"scheduled_date": start, "scheduled_end": end, "busy": busy}


class TestAgent:
    def other(self, tour, **changes):
        return copy(tour, **{"user_id": UserFactory().pk, "property_id": PropertyFactory().pk, **changes})

    def test_is_never_at_two_listings(self, tour):
        assert refused_by(lambda: self.other(tour)) == "visit_agent_in_one_place"

    def test_needs_time_to_travel(self, tour):
        soon = times(tour.scheduled_end + timedelta(minutes=14))
        assert refused_by(lambda: self.other(tour, **soon)) == "visit_agent_in_one_place"
        self.other(tour, **times(tour.scheduled_end + timedelta(minutes=15)))

    def test_cannot_be_given_a_visit_while_they_are_busy(self, tour):
        waiting = self.other(tour, agent_id=None)
        update = "UPDATE visits_visit SET agent_id = %s WHERE id = %s"
        assert refused_by(update, tour.agent_id, waiting) == "visit_agent_in_one_place"

    def test_shows_one_listing_to_several(self, tour):
        assert self.other(tour, property_id=tour.property_id)

    def test_is_free_again_after_a_cancellation(self, tour):
        sql("UPDATE visits_visit SET status = 'cancelled', awaiting = NULL WHERE id = %s", tour.pk)
        assert self.other(tour)

    def test_cannot_be_deleted_while_a_visit_names_them(self, tour):
        sql("DELETE FROM agents_engagement")
        delete = "DELETE FROM agents_agent WHERE id = %s"
        assert refused_by(delete, tour.agent_id).startswith("visits_visit_agent_id")


class TestPerson:
    @pytest.fixture
    def meet(self, tour):
        """Somebody else's meet at the same hour, with a counterparty."""
        visit_id = copy(
            tour,
            user_id=UserFactory().pk,
            counterparty_user_id=UserFactory().pk,
            agent_id=None,
            visit_context="flatmate_meet",
        )
        return Visit.objects.get(pk=visit_id)

    def test_has_one_visit_at_a_time(self, tour):
        again = lambda: copy(tour, property_id=PropertyFactory().pk, agent_id=None)  # noqa: E731
        assert refused_by(again) == "visit_person_in_one_place"

    def test_visitor_cannot_be_a_counterparty_meanwhile(self, tour, meet):
        update = "UPDATE visits_visit SET counterparty_user_id = %s WHERE id = %s"
        assert refused_by(update, tour.user_id, meet.pk) == "visit_person_in_one_place"

    def test_counterparty_cannot_tour_meanwhile(self, tour, meet):
        tours = lambda: copy(  # noqa: E731
            tour, user_id=meet.counterparty_user_id, property_id=PropertyFactory().pk, agent_id=None
        )
        assert refused_by(tours) == "visit_person_in_one_place"

    def test_may_have_the_next_visit_straight_after(self, tour):
        assert copy(tour, agent_id=None, **times(tour.scheduled_end))


class TestListing:
    def test_shown_to_one_seeker_at_a_time_when_exclusive(self):
        visit = book(UserFactory(), PropertyFactory(exclusive_tours=True), local(2, 11))
        assert visit.exclusive
        again = lambda: copy(visit, user_id=UserFactory().pk)  # noqa: E731
        assert refused_by(again) == "visit_exclusive_listing"

    def test_shown_to_several_otherwise(self, tour):
        assert copy(tour, user_id=UserFactory().pk)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'requested', awaiting = NULL", "visit_status_known"),
        ("scheduled_end = scheduled_date", "visit_ends_after_start"),
        ("busy = tstzrange(scheduled_date, scheduled_date + interval '1 minute')", "visit_busy_covers_visit"),
        ("counterparty_user_id = {bala}", "visit_counterparty_only_in_meets"),
        (
            "visit_context = 'flatmate_meet', agent_id = NULL, counterparty_user_id = user_id",
            "visit_not_with_oneself",
        ),
        ("visit_context = 'flatmate_meet'", "visit_no_agent_in_meets"),
        ("status = 'confirmed'", "visit_awaiting_only_unconfirmed"),
        ("status = 'completed', awaiting = NULL", "visit_completed_has_actual_date"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused(tour, bala, change, constraint):
    update = f"UPDATE visits_visit SET {change.format(bala=bala.pk)} WHERE id = %s"
    assert refused_by(update, tour.pk) == constraint


class TestGeneratedColumns:
    @pytest.mark.parametrize("status", Visit.Status)
    def test_the_database_and_python_agree_on_what_is_live(self, tour, status):
        tour.status, tour.awaiting, tour.actual_date = status, None, tour.scheduled_date
        assert tour.live  # as it is stored
        tour.save(update_fields=["status", "awaiting", "actual_date"])
        assert tour.is_live() is tour.live is Visit.objects.live().filter(pk=tour.pk).exists()

    def test_an_unsaved_visit_knows_by_itself_whether_it_is_live(self):
        assert Visit().is_live()
        assert not Visit(status="cancelled").is_live()

    def test_participants_are_the_visitor_and_the_counterparty_and_nobody_between(self, tour):
        between, friend = UserFactory(), UserFactory()
        change = "visit_context = 'flatmate_meet', agent_id = NULL, counterparty_user_id = %s"
        sql(f"UPDATE visits_visit SET {change}", friend.pk)
        contained = "SELECT %s::bigint <@ participants FROM visits_visit"
        takes_part = [sql(contained, user.pk)[0][0] for user in (tour.user, between, friend)]
        assert takes_part == [True, False, True]

    def test_the_index_of_the_queue_serves_its_query(self):
        statement, params = Visit.objects.unassigned().query.sql_with_params()
        sql("SET LOCAL enable_seqscan = off")
        plan = [line for (line,) in sql(f"EXPLAIN {statement}", *params)]
        assert any("using visit_queue on visits_visit" in line or " on visit_queue " in line for line in plan)


class TestCounter:
    def live(self, agent):
        agent.refresh_from_db()
        return agent.live_visits

    @pytest.mark.parametrize("status", ["cancelled", "completed"])
    def test_falls_when_a_visit_ends(self, tour, agent, status):
        assert self.live(agent) == 1
        sql(
            "UPDATE visits_visit SET status = %s, awaiting = NULL, actual_date = now() WHERE id = %s",
            status,
            tour.pk,
        )
        assert self.live(agent) == 0
        sql("UPDATE visits_visit SET status = 'confirmed' WHERE id = %s", tour.pk)
        assert self.live(agent) == 1

    def test_moves_with_the_visit(self, tour, agent):
        other = AgentFactory()
        sql("UPDATE visits_visit SET agent_id = %s WHERE id = %s", other.pk, tour.pk)
        assert (self.live(agent), self.live(other)) == (0, 1)
        sql("UPDATE visits_visit SET agent_id = NULL WHERE id = %s", tour.pk)
        assert (self.live(agent), self.live(other)) == (0, 0)

    def test_follows_cascades(self, tour, agent):
        sql("DELETE FROM accounts_user WHERE id = %s", tour.user_id)
        assert not Visit.objects.exists()
        assert self.live(agent) == 0


ON_DELETE = {
    ("visits_visit", "user_id"): "c",
    ("visits_visit", "property_id"): "c",
    ("visits_visit", "agent_id"): "r",
    ("visits_visit", "counterparty_user_id"): "n",
    ("visits_visit", "conversation_id"): "n",
    ("visits_visit", "match_id"): "n",
    ("visits_visitevent", "visit_id"): "c",
    ("visits_visitevent", "actor_id"): "n",
    ("agents_agent", "user_id"): "n",
    ("agents_engagement", "seeker_id"): "c",
    ("agents_engagement", "agent_id"): "r",
    ("properties_property", "owner_id"): "n",
    ("properties_propertyimage", "property_id"): "c",
    ("flatmates_message", "conversation_id"): "c",
    ("flatmates_usermatch", "user_one_id"): "c",
    ("flatmates_userconversation", "user_two_id"): "c",
}


def test_what_a_deletion_does_is_in_the_database():
    found = {
        (table, column): rule
        for table, column, rule in sql(
            """
            SELECT c.conrelid::regclass::text, a.attname, c.confdeltype::text
            FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
            WHERE c.contype = 'f'
            """
        )
    }
    assert {key: found[key] for key in ON_DELETE} == ON_DELETE


def test_the_visit_of_a_deleted_counterparty_stays(tour):
    visit_id = copy(
        tour,
        user_id=UserFactory().pk,
        counterparty_user_id=(friend := UserFactory()).pk,
        agent_id=None,
        visit_context="flatmate_meet",
    )
    sql("DELETE FROM accounts_user WHERE id = %s", friend.pk)
    assert Visit.objects.get(pk=visit_id).counterparty_user_id is None
