"""Two flatmates meet: who may, where, and what comes of it; what is refused changes nothing."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flatmates import services as flatmates
from flatmates.models import Message, UserBlock, UserConversation, UserMatch
from flatmates.tests.factories import match
from ghar import clock
from ghar.accounts import services as accounts
from ghar.accounts.models import User
from ghar.tests.responses import iso, problem
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.tests.factories import AgentFactory, ListingFactory, UserFactory, book, local
from visits.tests.test_guarantees import refused_by

pytestmark = pytest.mark.django_db

AT = (2, 18)


@pytest.fixture
def home(bala):
    return ListingFactory(owner=bala, title="Sea view")


@pytest.fixture
def matched(asha, bala):
    return match(asha, bala)


@pytest.fixture
def meet(asha, bala, home, matched):
    """Asha invites Bala to his own home the day after tomorrow at 18:00; it awaits him."""
    return invite(asha, bala, home, local(*AT))


@pytest.fixture
def chitra(db):
    return UserFactory(full_name="Chitra Menon")


@pytest.fixture
def unchanged(snapshot):
    """Within it, neither visits nor anything of flatmates changes."""

    def take():
        models = (UserMatch, UserConversation, Message, UserBlock)
        return snapshot(), [list(model.objects.order_by("pk").values()) for model in models]

    before = None

    class Unchanged:
        def __enter__(self):
            nonlocal before
            before = take()

        def __exit__(self, *error):
            assert error[0] is not None or take() == before

    return Unchanged()


def invite(user, other, listing, start, **more):
    visit, made = services.schedule(
        by=user,
        user=user,
        property_id=listing.pk,
        scheduled_date=start,
        visit_context="flatmate_meet",
        counterparty_user_id=other.pk,
        **more,
    )
    assert made
    return visit


def body(other, listing, **changes):
    return {
        "visit_context": "flatmate_meet",
        "property_id": listing.pk,
        "scheduled_date": iso(local(*AT)),
        "counterparty_user_id": other.pk,
        **changes,
    }


def post(client, *args, **changes):
    return client.post("/api/v1/visits", body(*args, **changes))


class TestInvite:
    def test_a_meet_awaits_the_counterparty_and_has_no_agent(self, api, asha, bala, home, matched):
        AgentFactory()
        response = post(api(asha), bala, home, special_requirements="Bring the keys")
        assert response.status_code == 201
        visit = response.json()
        expected = {
            "visit_context": "flatmate_meet",
            "status": "scheduled",
            "awaiting": "counterparty",
            "property_id": home.pk,
            "user_id": asha.pk,
            "counterparty_user_id": bala.pk,
            "counterparty_user": {"id": bala.pk, "full_name": "Bala Iyer", "profile_image_url": ""},
            "agent_id": None,
            "agent": None,
            "match_id": matched[0].pk,
            "conversation_id": matched[1].pk,
            "scheduled_date": iso(local(*AT)),
            "scheduled_end": iso(local(*AT) + timedelta(minutes=60)),
            "special_requirements": "Bring the keys",
            "version": 1,
        }
        assert {key: visit[key] for key in expected} == expected
        for user in (asha, bala):
            assert [v["id"] for v in api(user).get("/api/v1/visits").json()["items"]] == [visit["id"]]
        assert api(asha).get("/api/v1/visits?visit_context=property_tour").json()["items"] == []

    def test_either_may_invite_with_whatever_is_named(self, api, asha, bala, home, matched):
        made, conversation = matched
        named = [
            {},
            {"match_id": made.pk},
            {"conversation_id": conversation.pk},
            {"match_id": made.pk, "conversation_id": conversation.pk},
            {"match_id": None, "conversation_id": None, "duration_minutes": 15},
        ]
        for number, extra in enumerate(named):
            for hour, (user, other) in ((8, (asha, bala)), (14, (bala, asha))):
                start = iso(local(2, hour + number))
                visit = post(api(user), other, home, scheduled_date=start, **extra).json()
                assert (visit["match_id"], visit["conversation_id"]) == (made.pk, conversation.pk)

    def test_the_place_is_one_of_theirs_or_what_they_matched_over(self, api, asha, bala):
        over = ListingFactory()
        match(asha, bala, over)
        mine, his = ListingFactory(owner=asha), ListingFactory(owner=bala)
        for hour, listing in enumerate((over, mine, his), start=10):
            assert post(api(asha), bala, listing, scheduled_date=iso(local(2, hour))).status_code == 201

    def test_the_same_again_is_the_same_visit_before_anything_is_judged(
        self, api, asha, bala, home, matched, meet, unchanged
    ):
        Property.objects.update(is_available=False)
        UserMatch.objects.update(status="unmatched")
        with unchanged:
            again = post(api(asha), bala, home, special_requirements="Other")
        assert (again.status_code, again.json()["id"]) == (200, meet.pk)

    def test_the_invitation_is_left_in_the_conversation(self, api, asha, bala, home, matched, meet):
        path = f"/api/v1/flatmates/conversations/{matched[1].pk}"
        (message,) = api(bala).get(f"{path}/messages").json()["items"]
        assert (message["kind"], message["sender_id"]) == ("visit_request", asha.pk)
        shown = {"id": meet.pk, "status": "scheduled", "scheduled_date": iso(local(*AT))}
        assert message["visit"] == shown
        assert api(bala).get(path).json()["unread_count"] == 1
        services.reschedule(visit=meet, by=bala, new_date=local(3, 12))
        (message,) = api(asha).get(f"{path}/messages").json()["items"]
        assert message["visit"] == shown | {
            "status": "rescheduled",
            "scheduled_date": iso(local(3, 12)),
        }
        meet.delete()
        (message,) = api(asha).get(f"{path}/messages").json()["items"]
        assert message["visit"] is None

    def test_an_exclusive_listing_is_exclusive_to_tours(self, api, asha, bala, chitra, matched):
        home = ListingFactory(owner=bala, exclusive_tours=True)
        book(chitra, home, local(*AT))
        assert post(api(asha), bala, home).status_code == 201
        assert not Visit.objects.get(user=asha).exclusive

    def test_staff_invite_for_somebody(self, api, ops, asha, bala, home, matched):
        response = post(api(ops), bala, home, user_id=asha.pk)
        assert (response.status_code, response.json()["user_id"]) == (201, asha.pk)
        assert response.json()["awaiting"] == "counterparty"
        assert Message.objects.get().sender == asha

    def test_it_is_nothing_for_the_queue_of_agents(self, api, ops, meet, unchanged):
        assert api(ops).get("/api/v1/visits/all?unassigned=true").json()["items"] == []
        agent = AgentFactory()
        with unchanged:
            refused = api(ops).post(f"/api/v1/visits/{meet.pk}/assign", {"agent_id": agent.pk})
        assert problem(refused) == (400, "validation_error")


class TestRefusals:
    def refused(self, response):
        return *problem(response), *response.json().get("errors", {})

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"counterparty_user_id": None}, "counterparty_user_id"),
            ({"counterparty_user_id": 2**62}, "counterparty_user_id"),
            ({"counterparty_user_id": "bala"}, "counterparty_user_id"),
            ({"counterparty_user_id": 0}, "counterparty_user_id"),
            ({"match_id": 2**62}, "match_id"),
            ({"match_id": "x"}, "match_id"),
            ({"conversation_id": 2**62}, "conversation_id"),
            ({"conversation_id": []}, "conversation_id"),
            ({"property_id": 2**62}, "property_id"),
            ({"visit_context": "flatmate_dinner"}, "visit_context"),
            ({"visit_context": None}, "visit_context"),
            ({"duration_minutes": 181}, "duration_minutes"),
            ({"scheduled_date": "2020-01-01T10:00:00Z"}, "scheduled_date"),
            ({"awaiting": "visitor"}, "awaiting"),
        ],
    )
    def test_bad_input_names_the_field(self, api, asha, bala, home, matched, unchanged, change, field):
        with unchanged:
            response = post(api(asha), bala, home, **change)
        assert self.refused(response) == (400, "validation_error", field)

    def test_nobody_named(self, api, asha, bala, home, matched, unchanged):
        sent = body(bala, home)
        del sent["counterparty_user_id"]
        with unchanged:
            response = api(asha).post("/api/v1/visits", sent)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")

    def test_oneself(self, api, asha, home, matched, unchanged):
        with unchanged:
            response = post(api(asha), asha, home)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")

    def test_a_closed_account(self, api, asha, bala, home, ops, matched, unchanged):
        accounts.deactivate(user=bala, by=ops)
        with unchanged:
            response = post(api(asha), bala, home)
        assert self.refused(response) == (400, "validation_error", "counterparty_user_id")
        with unchanged:
            response = post(api(ops), asha, home, user_id=bala.pk)
        assert self.refused(response) == (400, "validation_error", "user_id")

    def test_no_match(self, api, asha, bala, home, chitra, unchanged):
        flatmates.swipe(by=asha, target_user_id=bala.pk, action="like")
        for other in (bala, chitra):
            with unchanged:
                response = post(api(asha), other, home)
            assert self.refused(response) == (409, "no_active_match")

    def test_a_match_that_is_over(self, api, asha, bala, home, matched, unchanged):
        flatmates.unmatch(match=matched[0], by=bala)
        for extra in ({}, {"match_id": matched[0].pk}, {"conversation_id": matched[1].pk}):
            with unchanged:
                response = post(api(asha), bala, home, **extra)
            assert self.refused(response) == (409, "no_active_match")

    def test_a_block_either_way_answers_like_no_match(
        self, api, asha, bala, chitra, home, matched, unchanged
    ):
        no_match = post(api(asha), chitra, home).json()
        flatmates.block(by=bala, blocked_user_id=asha.pk)
        for user, other in ((asha, bala), (bala, asha)):
            with unchanged:
                response = post(api(user), other, home)
            assert response.json() == no_match

    def test_a_block_stands_even_where_a_match_is_active(self, api, asha, bala, home, matched, unchanged):
        UserBlock.objects.create(blocker=bala, blocked=asha)
        with unchanged:
            response = post(api(asha), bala, home)
        assert self.refused(response) == (409, "no_active_match")

    @pytest.mark.parametrize("field", ["match_id", "conversation_id"])
    def test_what_belongs_to_another_pair(self, api, asha, bala, chitra, home, matched, unchanged, field):
        foreign = match(asha, chitra)[field == "conversation_id"]
        with unchanged:
            response = post(api(asha), bala, home, **{field: foreign.pk})
        assert self.refused(response) == (400, "validation_error", field)

    def test_a_conversation_that_is_not_active(self, api, asha, bala, home, matched, unchanged):
        UserConversation.objects.update(status="archived")
        with unchanged:
            response = post(api(asha), bala, home, conversation_id=matched[1].pk)
        assert self.refused(response) == (400, "validation_error", "conversation_id")
        visit = post(api(asha), bala, home).json()
        assert (visit["match_id"], visit["conversation_id"]) == (matched[0].pk, None)
        assert not Message.objects.exists()

    def test_a_listing_that_does_not_concern_the_two(self, api, asha, bala, chitra, matched, unchanged):
        match(asha, chitra, over := ListingFactory())
        for listing in (over, ListingFactory(owner=chitra), ListingFactory(status="withdrawn")):
            with unchanged:
                response = post(api(asha), bala, listing)
            assert self.refused(response) == (400, "validation_error", "property_id")

    def test_the_listing_that_one_of_them_names_after_the_match(self, api, asha, bala, matched):
        over = ListingFactory()
        like = {"target_user_id": asha.pk, "action": "like", "context_property_id": over.pk}
        assert api(bala).post("/api/v1/flatmates/swipes", like).json()["match_id"] == matched[0].pk
        response = post(api(asha), bala, over)
        assert (response.status_code, response.json()["property_id"]) == (201, over.pk)

    @pytest.mark.parametrize("change", [{"is_available": False}, {"status": "rented"}])
    def test_a_listing_that_takes_no_visits(self, api, asha, bala, home, matched, unchanged, change):
        Property.objects.update(**change)
        with unchanged:
            response = post(api(asha), bala, home)
        assert self.refused(response) == (409, "property_unavailable")

    @pytest.mark.parametrize("field", ["counterparty_user_id", "conversation_id", "match_id"])
    def test_a_tour_takes_nothing_of_a_meet(self, api, asha, bala, matched, unchanged, field):
        made, conversation = matched
        ids = {"counterparty_user_id": bala.pk, "conversation_id": conversation.pk, "match_id": made.pk}
        tour = {"property_id": ListingFactory().pk, "scheduled_date": iso(local(2, 11))}
        with unchanged:
            response = api(asha).post("/api/v1/visits", {**tour, field: ids[field]})
        assert self.refused(response) == (400, "validation_error", field)
        nulls = dict.fromkeys(ids)
        assert api(asha).post("/api/v1/visits", {**tour, **nulls}).status_code == 201

    def test_the_pair_cannot_be_changed_later(self, api, asha, chitra, meet, unchanged):
        for field in ("counterparty_user_id", "match_id", "conversation_id", "visit_context"):
            with unchanged:
                response = api(asha).patch(f"/api/v1/visits/{meet.pk}", {field: chitra.pk})
            assert self.refused(response) == (400, "validation_error", field)


class TestOverlap:
    def test_neither_has_anything_else_meanwhile(self, api, asha, bala, chitra, home, meet, unchanged):
        match(asha, chitra, home)
        match(bala, chitra, home)
        late = iso(local(*AT) + timedelta(minutes=59))
        for client, sent in (
            (api(asha), {"property_id": ListingFactory().pk, "scheduled_date": late}),
            (api(bala), {"property_id": ListingFactory().pk, "scheduled_date": late}),
            (api(bala), body(asha, home)),
            (api(asha), body(chitra, home, scheduled_date=late)),
            (api(bala), body(chitra, home, scheduled_date=late)),
            (api(chitra), body(asha, home, scheduled_date=late)),
            (api(chitra), body(bala, home, scheduled_date=late)),
        ):
            with unchanged:
                response = client.post("/api/v1/visits", sent)
            assert problem(response) == (409, "visit_conflict")
            assert response.json()["alternatives"]

    @pytest.mark.parametrize("who", ["asha", "bala"])
    def test_a_tour_stands_in_the_way_of_a_meet(self, api, asha, bala, home, matched, unchanged, who):
        user = {"asha": asha, "bala": bala}[who]
        book(user, ListingFactory(), local(*AT))
        with unchanged:
            response = post(api(asha), bala, home)
        assert problem(response) == (409, "visit_conflict")
        for slot in response.json()["alternatives"]:
            assert slot["end"] <= iso(local(*AT)) or slot["start"] >= iso(local(2, 18, 30))
        free = response.json()["alternatives"][0]["start"]
        assert post(api(asha), bala, home, scheduled_date=free).status_code == 201

    def test_nor_can_it_be_moved_there(self, api, asha, bala, meet, unchanged):
        book(bala, ListingFactory(), local(3, 12))
        with unchanged:
            response = api(asha).post(
                f"/api/v1/visits/{meet.pk}/reschedule", {"new_date": iso(local(3, 11, 30))}
            )
        assert problem(response) == (409, "visit_conflict")

    @pytest.mark.parametrize("who", ["user_id", "counterparty_user_id"])
    @pytest.mark.parametrize("role", ["user_id", "counterparty_user_id"])
    def test_not_even_by_sql(self, meet, bala, who, role):
        tour = book(UserFactory(), ListingFactory(), local(*AT))
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
        over = ListingFactory(owner=owner)
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
        """What must stay: a meet of another pair, a tour, a meet that is done."""
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

        monkeypatch.setattr(services, "_set_cancelled", fail)
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
