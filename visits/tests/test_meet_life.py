"""The life of a meet: overlaps, confirmation, completion, and what an unmatch or a block ends."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flatmates import services as flatmates
from flatmates.models import UserBlock
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts import services as accounts
from ghar.accounts.models import User
from ghar.accounts.tests.factories import UserFactory
from ghar.tests.responses import iso, problem
from properties.tests.factories import PropertyFactory
from visits import services
from visits.assignment import cancellations
from visits.models import Visit
from visits.tests.factories import book, local
from visits.tests.meets import AT, invite, meet_body, post_meet
from visits.tests.refusing import refused_by

pytestmark = pytest.mark.django_db


class TestOverlap:
    def test_neither_has_anything_else_meanwhile(self, api, asha, bala, chitra, home, meet, unchanged):
        match(asha, chitra, home)
        match(bala, chitra, home)
        late = iso(local(*AT) + timedelta(minutes=59))
        for client, sent in (
            (api(asha), {"property_id": PropertyFactory().pk, "scheduled_date": late}),
            (api(bala), {"property_id": PropertyFactory().pk, "scheduled_date": late}),
            (api(bala), meet_body(asha, home)),
            (api(asha), meet_body(chitra, home, scheduled_date=late)),
            (api(bala), meet_body(chitra, home, scheduled_date=late)),
            (api(chitra), meet_body(asha, home, scheduled_date=late)),
            (api(chitra), meet_body(bala, home, scheduled_date=late)),
        ):
            with unchanged:
                response = client.post("/api/v1/visits", sent)
            assert problem(response) == (409, "visit_conflict")
            assert response.json()["alternatives"]

    @pytest.mark.parametrize("who", ["asha", "bala"])
    def test_a_tour_stands_in_the_way_of_a_meet(self, api, asha, bala, home, matched, unchanged, who):
        user = {"asha": asha, "bala": bala}[who]
        book(user, PropertyFactory(), local(*AT))
        with unchanged:
            response = post_meet(api(asha), bala, home)
        assert problem(response) == (409, "visit_conflict")
        for slot in response.json()["alternatives"]:
            assert slot["end"] <= iso(local(*AT)) or slot["start"] >= iso(local(2, 18, 30))
        free = response.json()["alternatives"][0]["start"]
        assert post_meet(api(asha), bala, home, scheduled_date=free).status_code == 201

    def test_nor_can_it_be_moved_there(self, api, asha, bala, meet, unchanged):
        book(bala, PropertyFactory(), local(3, 12))
        with unchanged:
            response = api(asha).post(
                f"/api/v1/visits/{meet.pk}/reschedule", {"new_date": iso(local(3, 11, 30))}
            )
        assert problem(response) == (409, "visit_conflict")

    @pytest.mark.parametrize("who", ["user_id", "counterparty_user_id"])
    @pytest.mark.parametrize("role", ["user_id", "counterparty_user_id"])
    def test_not_even_by_sql(self, meet, bala, who, role):
        tour = book(UserFactory(), PropertyFactory(), local(*AT))
        context = "property_tour" if role == "user_id" else "flatmate_meet"
        update = f"UPDATE visits_visit SET {role} = %s, visit_context = %s, agent_id = NULL WHERE id = %s"
        assert refused_by(update, getattr(meet, who), context, tour.pk) == "visit_person_in_one_place"


class TestLife:
    def act(self, client, meet, act, **sent):
        return client.post(f"/api/v1/visits/{meet.pk}/{act}", sent)

    def test_the_counterparty_answers_never_the_proposer(self, api, asha, bala, meet, unchanged):
        with unchanged:
            assert problem(self.act(api(asha), meet, "confirm")) == (403, "permission_denied")
            refused = api(asha).patch(f"/api/v1/visits/{meet.pk}", {"status": "confirmed"})
            assert problem(refused) == (403, "permission_denied")
        answer = self.act(api(bala), meet, "confirm")
        assert (answer.status_code, answer.json()["status"], answer.json()["awaiting"]) == (
            200,
            "confirmed",
            None,
        )

    def test_either_suggests_another_time_and_the_other_one_answers(self, api, asha, bala, meet, unchanged):
        moved = self.act(api(bala), meet, "reschedule", new_date=iso(local(3, 12)), reason="Work").json()
        assert (moved["status"], moved["awaiting"]) == ("rescheduled", "visitor")
        assert moved["rescheduled_from"] == iso(local(*AT))
        with unchanged:
            assert problem(self.act(api(bala), meet, "confirm")) == (403, "permission_denied")
        moved = self.act(api(asha), meet, "reschedule", new_date=iso(local(3, 13))).json()
        assert moved["awaiting"] == "counterparty"
        with unchanged:
            assert problem(self.act(api(asha), meet, "confirm")) == (403, "permission_denied")
        assert self.act(api(bala), meet, "confirm").json()["status"] == "confirmed"

    def test_moved_by_staff_it_awaits_the_counterparty(self, api, ops, bala, meet):
        services.reschedule(visit=meet, by=bala, new_date=local(3, 12))
        moved = self.act(api(ops), meet, "reschedule", new_date=iso(local(3, 13))).json()
        assert moved["awaiting"] == "counterparty"

    @pytest.mark.parametrize("who", ["asha", "bala", "ops"])
    def test_either_or_staff_complete_it_once_it_has_begun(self, api, asha, bala, ops, meet, unchanged, who):
        client = api({"asha": asha, "bala": bala, "ops": ops}[who])
        with unchanged:
            assert problem(self.act(client, meet, "complete")) == (409, "invalid_transition")
        with clock.frozen_at(local(*AT)):
            done = self.act(client, meet, "complete", feedback="We get along")
        assert (done.status_code, done.json()["status"]) == (200, "completed")
        assert done.json()["visitor_feedback"] == "We get along"

    def test_the_listings_owner_who_is_not_of_the_two_only_looks(self, api, asha, bala, unchanged):
        owner = UserFactory()
        over = PropertyFactory(owner=owner)
        match(asha, bala, over)
        visit = invite(asha, bala, over, local(*AT))
        assert api(owner).get(f"/api/v1/visits/{visit.pk}").status_code == 200
        with unchanged:
            for act in ("confirm", "cancel", "complete"):
                assert problem(self.act(api(owner), visit, act)) == (403, "permission_denied")

    def test_a_stranger_finds_nothing(self, api, chitra, meet, unchanged):
        with unchanged:
            for act in ("confirm", "cancel", "reschedule", "complete"):
                assert problem(self.act(api(chitra), meet, act)) == (404, "not_found")
            assert problem(api(chitra).get(f"/api/v1/visits/{meet.pk}")) == (404, "not_found")


class TestConsequences:
    @pytest.fixture
    def others(self, asha, bala, chitra, home, matched):
        """Visits that must stay: a meet of another pair, a tour, a meet that is done."""
        match(asha, chitra, home)
        start = local(-2, 18)
        with clock.frozen_at(start - timedelta(days=1)):
            done = invite(bala, asha, home, start)
        with clock.frozen_at(start):
            services.complete(visit=done, by=asha)
        return [done, invite(asha, chitra, home, local(4, 10)), book(asha, home, local(4, 12))]

    def ended(self, visit, by, reason):
        visit.refresh_from_db()
        event = visit.events.last()
        return (
            (visit.status, visit.awaiting, visit.cancellation_reason) == ("cancelled", None, reason)
            and (event.change, event.actor, event.reason) == ("cancelled", by, reason)
            and visit.version == visit.events.count()
        )

    @pytest.mark.parametrize("act", ["unmatch", "block"])
    def test_who_part_do_not_meet(self, api, asha, bala, home, matched, meet, others, act):
        back = invite(bala, asha, home, local(3, 10))
        services.confirm(visit=back, by=asha)
        kept = list(Visit.objects.filter(pk__in=[v.pk for v in others]).values())
        if act == "unmatch":
            api(bala).post(f"/api/v1/flatmates/matches/{matched[0].pk}/unmatch")
        else:
            api(bala).post("/api/v1/flatmates/blocks", {"blocked_user_id": asha.pk})
        reason = "The two are no longer matched."
        assert self.ended(meet, bala, reason)
        assert self.ended(back, bala, reason)
        assert list(Visit.objects.filter(pk__in=[v.pk for v in others]).values()) == kept
        messages = api(asha).get(f"/api/v1/flatmates/conversations/{matched[1].pk}/messages").json()["items"]
        shown = {message["visit"]["id"]: message["visit"]["status"] for message in messages}
        assert shown == {others[0].pk: "completed", meet.pk: "cancelled", back.pk: "cancelled"}

    def test_an_error_while_cancelling_undoes_the_parting(
        self, asha, bala, meet, matched, unchanged, monkeypatch
    ):
        def fail(*args):
            raise RuntimeError

        monkeypatch.setattr(cancellations, "set_cancelled", fail)
        for part in (
            lambda: flatmates.unmatch(match=matched[0], by=asha),
            lambda: flatmates.block(by=asha, blocked_user_id=bala.pk),
        ):
            with unchanged, pytest.raises(RuntimeError):
                part()
            matched[0].refresh_from_db()
            assert matched[0].status == "active"
            assert not UserBlock.objects.exists()

    @pytest.mark.parametrize("who", ["asha", "bala"])
    def test_closing_an_account_cancels_the_meet(self, asha, bala, ops, meet, who):
        accounts.deactivate(user={"asha": asha, "bala": bala}[who], by=ops)
        assert self.ended(meet, ops, "The account of a participant was closed.")

    def test_withdrawing_the_listing_cancels_the_meet(self, api, bala, meet):
        assert api(bala).delete(f"/api/v1/properties/{meet.property_id}").status_code == 204
        assert self.ended(meet, bala, "The listing was withdrawn.")

    def test_the_visit_of_a_deleted_counterparty_stays(self, api, asha, bala, meet):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM accounts_user WHERE id = %s", [bala.pk])
        assert not User.objects.filter(pk=bala.pk).exists()
        shown = api(asha).get(f"/api/v1/visits/{meet.pk}").json()
        keys = ("counterparty_user_id", "counterparty_user", "match_id", "conversation_id")
        assert {key: shown[key] for key in keys} == dict.fromkeys(keys)
        assert api(asha).post(f"/api/v1/visits/{meet.pk}/cancel").status_code == 200


def test_more_invitations_in_a_conversation_need_no_more_queries(api, asha, bala, home, matched):
    path = f"/api/v1/flatmates/conversations/{matched[1].pk}/messages"

    def count():
        with CaptureQueriesContext(connection) as queries:
            items = api(asha).get(path).json()["items"]
        assert all(item["visit"]["status"] == "scheduled" for item in items)
        return len(items), len(queries)

    invite(asha, bala, home, local(2, 10))
    _, queries = count()
    for day in range(3, 13):
        invite(bala, asha, home, local(day, 10))
    assert count() == (11, queries)
