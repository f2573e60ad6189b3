"""One visit in the admin: each action is a form and one service call; a refused action changes nothing."""

import re
from html import unescape

import pytest
from django.contrib.auth.models import Permission

from agents.tests.factories import AgentFactory
from ghar import clock
from ghar.errors import DomainError
from ghar.testing import messages_of
from properties.models import Property
from properties.tests.factories import PropertyFactory
from visits import services
from visits.assignment.candidates import rank_candidates
from visits.assignment.explanations import explain_decision
from visits.models import Visit
from visits.tests.admin_pages import (
    BOOK_TOUR,
    INLINE,
    VISITS,
    admin_log,
    as_typed,
    object_actions,
    page,
    queries_of,
)
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db


class TestAssign:
    def test_assigns_the_named_agent(self, staff_client, ops, tour):
        other = AgentFactory(name="Rohan")
        data = {"agent": other.pk, "reason": "Speaks Marathi"}
        response = staff_client.post(page(tour, "assign"), data, follow=True)
        assert response.redirect_chain == [(page(tour), 302)]
        assert messages_of(response) == [f"Assigned to {other}."]
        tour.refresh_from_db()
        assert tour.agent == other
        event = tour.events.latest("id")
        assert (event.change, event.actor, event.reason) == ("assigned", ops, "Speaks Marathi")
        assert admin_log() == [("Ops Desk", f"Assigned to {other}. Speaks Marathi")]

    def test_assigns_the_best_agent_automatically(self, staff_client, ops, agent, listing, asha):
        visit = book(asha, listing, local(2, 3))
        services.reschedule(visit=visit, by=asha, new_date=local(3, 11))
        services.assign(visit=visit, by=ops, agent_id=None)
        AgentFactory(name="Rohan")
        staff_client.post(page(visit, "assign"), {"agent": "auto"})
        visit.refresh_from_db()
        assert visit.agent.name == "Rohan"

    def test_unassigns_the_agent(self, staff_client, tour):
        staff_client.post(page(tour, "assign"), {"agent": "none"})
        tour.refresh_from_db()
        assert tour.agent is None

    @pytest.mark.parametrize(
        ("other", "data"),
        [
            ({}, {"reason": ""}),
            ({"cities": ["Delhi"]}, {"reason": "Nearer"}),
            ({"is_active": False}, {"reason": "Nearer"}),
            ({}, {"override": "on"}),
        ],
        ids=["no reason", "not eligible", "has left", "override without a reason"],
    )
    def test_a_refusal_says_what_the_service_says_and_changes_nothing(
        self, staff_client, ops, tour, snapshot, other, data
    ):
        other = AgentFactory(name="Rohan", **other)
        before = snapshot()
        with pytest.raises(DomainError) as refusal:
            services.assign(
                visit=tour,
                by=ops,
                agent_id=other.pk,
                reason=data.get("reason", ""),
                override="override" in data,
            )
        errors = refusal.value.extra.get("errors", {})
        expected = errors["reason"][0] if errors else refusal.value.detail
        response = staff_client.post(page(tour, "assign"), {"agent": other.pk, **data})
        assert (response.status_code, messages_of(response)) == (200, [expected])
        assert snapshot() == before
        assert admin_log() == []

    @pytest.mark.parametrize("choice", ["auto", "the same agent"])
    def test_the_same_agent_again_changes_nothing_and_is_not_logged(
        self, staff_client, tour, agent, snapshot, choice
    ):
        before = snapshot()
        data = {"agent": choice.replace("the same agent", str(agent.pk))}
        response = staff_client.post(page(tour, "assign"), data, follow=True)
        assert response.redirect_chain == [(page(tour), 302)]
        assert messages_of(response) == ["Nothing to change."]
        assert (snapshot(), admin_log()) == (before, [])

    def test_unassigning_twice_changes_nothing(self, staff_client, ops, tour, snapshot):
        services.assign(visit=tour, by=ops, agent_id=None)
        before = snapshot()
        response = staff_client.post(page(tour, "assign"), {"agent": "none"}, follow=True)
        assert messages_of(response) == ["Nothing to change."]
        assert (snapshot(), admin_log()) == (before, [])

    @pytest.mark.django_db(transaction=True)
    def test_nobody_follows_an_agent_whom_staff_unassign(self, staff_client, tour):
        AgentFactory(name="Rohan")
        response = staff_client.post(page(tour, "assign"), {"agent": "none"}, follow=True)
        unassigned = "Unassigned. The visit waits until staff assign an agent."
        assert messages_of(response) == [unassigned]
        assert Visit.objects.get().agent is None
        assert admin_log() == [("Ops Desk", unassigned)]

    @pytest.mark.parametrize("choice", ["", "0", "x", "9" * 30])
    def test_a_choice_that_is_no_id_is_an_error_of_its_field(self, staff_client, tour, snapshot, choice):
        before = snapshot()
        response = staff_client.post(page(tour, "assign"), {"agent": choice})
        sentence = "This agent no longer works here. Choose another one." if choice else "Choose an agent."
        assert response.status_code == 200
        assert response.context["form"].errors == {"agent": [sentence]}
        assert snapshot() == before

    def test_an_agent_who_does_not_exist_is_refused(self, staff_client, tour, agent, snapshot):
        before = snapshot()
        response = staff_client.post(page(tour, "assign"), {"agent": agent.pk + 1_000})
        assert (response.status_code, len(messages_of(response))) == (200, 1)
        assert snapshot() == before

    @pytest.mark.parametrize("choice", ["none", "auto", "Rohan"])
    def test_a_post_names_an_agent_and_ranks_nobody(self, staff_client, tour, choice):
        rohan = AgentFactory(name="Rohan")
        data = {"agent": rohan.pk if choice == "Rohan" else choice, "reason": "Nearer"}
        with clock.frozen_at(clock.now()):
            ranking = {sql for sql in queries_of(rank_candidates, tour) if 'FROM "agents_agent"' in sql}
            assert ranking
            assert ranking <= set(queries_of(staff_client.get, page(tour)))
            assert ranking <= set(queries_of(staff_client.get, page(tour, "assign")))
            assert not ranking & set(queries_of(staff_client.post, page(tour, "assign"), data))

    def test_saving_notes_ranks_nobody(self, staff_client, tour):
        with clock.frozen_at(clock.now()):
            ranking = {sql for sql in queries_of(rank_candidates, tour) if 'FROM "agents_agent"' in sql}
            saving = queries_of(staff_client.post, page(tour), {"visit_notes": "Prefers mornings"} | INLINE)
        assert not ranking & set(saving)


class TestOtherActions:
    def test_confirm(self, staff_client, tour):
        staff_client.post(page(tour, "confirm"))
        tour.refresh_from_db()
        assert (tour.status, tour.awaiting) == ("confirmed", None)

    def test_reschedule_takes_the_local_time_at_the_listing(self, staff_client, tour):
        data = {"new_date": as_typed(local(3, 16, 30)), "reason": "Asked to"}
        staff_client.post(page(tour, "reschedule"), data)
        tour.refresh_from_db()
        assert (tour.status, tour.scheduled_date) == ("rescheduled", local(3, 16, 30))

    def test_rescheduling_to_the_same_time_changes_nothing(self, staff_client, tour, snapshot):
        before = snapshot()
        data = {"new_date": as_typed(tour.scheduled_date)}
        response = staff_client.post(page(tour, "reschedule"), data, follow=True)
        assert messages_of(response) == ["Nothing to change."]
        assert (snapshot(), admin_log()) == (before, [])

    def test_cancel(self, staff_client, tour):
        staff_client.post(page(tour, "cancel"), {"reason": "Called off"})
        tour.refresh_from_db()
        assert (tour.status, tour.cancellation_reason) == ("cancelled", "Called off")

    def test_a_visit_is_not_completed_before_it_begins(self, staff_client, tour, snapshot):
        before = snapshot()
        response = staff_client.post(page(tour, "complete"), {"notes": "Fine"})
        assert (response.status_code, len(messages_of(response))) == (200, 1)
        assert snapshot() == before

    def test_a_taken_time_is_refused_with_buttons_for_free_ones(self, staff_client, tour, asha, snapshot):
        book(asha, PropertyFactory(), local(3, 11))
        before = snapshot()
        response = staff_client.post(page(tour, "reschedule"), {"new_date": as_typed(local(3, 11))})
        (message,) = messages_of(response)
        text = response.content.decode()
        buttons = re.findall(r'name="new_date" value="([^"]+)">([^<]+)</button>', text)
        assert buttons == response.context["form"].free_times
        assert message.endswith(f" Free times: {'; '.join(label for _value, label in buttons)}.")
        assert snapshot() == before
        staff_client.post(page(tour, "reschedule"), {"new_date": buttons[0][0]})
        assert as_typed(Visit.objects.get(pk=tour.pk).scheduled_date) == buttons[0][0]

    def test_a_refused_reschedule_still_shows_the_present_time(self, staff_client, tour, asha):
        book(asha, PropertyFactory(), local(3, 11))
        response = staff_client.post(page(tour, "reschedule"), {"new_date": as_typed(local(3, 11))})
        shown = re.search(r'class="summary-when">([^<]+?)–', response.content.decode())[1]
        assert shown == clock.format_local(local(2, 11), tour.property.timezone)

    @pytest.mark.parametrize("new_date", ["", "soon", "0001-01-01T00:00", "9999-12-31T23:59"])
    def test_an_impossible_time_is_refused(self, staff_client, tour, snapshot, new_date):
        before = snapshot()
        response = staff_client.post(page(tour, "reschedule"), {"new_date": new_date})
        assert response.status_code == 200
        assert response.context["form"].errors.keys() == {"new_date"}
        assert snapshot() == before

    @pytest.mark.parametrize("action", ["assign", "confirm", "reschedule", "complete", "cancel"])
    def test_a_get_changes_nothing(self, staff_client, tour, snapshot, action):
        before = snapshot()
        assert staff_client.get(page(tour, action)).status_code == 200
        assert snapshot() == before

    @pytest.mark.parametrize("action", ["assign", "confirm", "reschedule", "complete", "cancel"])
    def test_a_visit_that_does_not_exist_is_not_found(self, staff_client, tour, action):
        missing = Visit(pk=tour.pk + 1)
        assert staff_client.get(page(missing, action)).status_code == 404
        assert staff_client.post(page(missing, action), {"agent": "none"}).status_code == 404

    def test_buttons_follow_the_status(self, staff_client, ops, tour):
        def buttons():
            response = staff_client.get(page(tour))
            return object_actions(response), response.context["form"] is not None

        assert buttons() == (["confirm", "reschedule", "cancel"], True)
        with clock.frozen_at(tour.scheduled_date):
            assert buttons() == (["confirm", "reschedule", "complete", "cancel"], True)
        services.confirm(visit=tour, by=ops)
        assert buttons() == (["reschedule", "cancel"], True)
        services.cancel(visit=tour, by=ops)
        assert buttons() == ([], False)

    def test_the_form_saves_notes_and_nothing_else(self, staff_client, ops, tour):
        data = {"visit_notes": "Prefers mornings", "status": "completed", "agent": ""}
        staff_client.post(page(tour), data | INLINE)
        tour.refresh_from_db()
        assert (tour.visit_notes, tour.status, tour.agent is None) == ("Prefers mornings", "scheduled", False)
        event = tour.events.latest("id")
        assert (event.change, event.actor, event.data) == ("updated", ops, {"fields": ["visit_notes"]})


class TestBook:
    def data(self, user, listing, **changes):
        time = as_typed(local(2, 11))
        return {"user": user.pk, "listing": listing.pk, "scheduled_date": time} | changes

    def test_books_a_tour_for_a_user(self, staff_client, ops, asha, agent, listing):
        data = self.data(asha, listing, special_requirements="Lift?")
        response = staff_client.post(BOOK_TOUR, data, follow=True)
        visit = Visit.objects.get()
        assert response.redirect_chain == [(page(visit), 302)]
        assert messages_of(response) == [f"Booked. {agent} shows the listing."]
        assert (visit.user, visit.scheduled_date, visit.special_requirements) == (asha, local(2, 11), "Lift?")
        assert visit.events.get().actor == ops
        assert admin_log() == [("Ops Desk", "Booked.")]

    def test_booking_the_same_twice_leads_to_the_same_visit(self, staff_client, asha, listing):
        for _ in range(2):
            response = staff_client.post(BOOK_TOUR, self.data(asha, listing), follow=True)
        assert messages_of(response) == ["This visit already exists. Here it is."]
        assert response.redirect_chain == [(page(Visit.objects.get()), 302)]
        assert admin_log() == [("Ops Desk", "Booked.")]

    @pytest.mark.parametrize("status", ["withdrawn", "rented"])
    def test_a_listing_off_the_market_takes_no_visits(self, staff_client, asha, listing, status):
        Property.objects.update(status=status)
        response = staff_client.post(BOOK_TOUR, self.data(asha, listing))
        assert (response.status_code, len(messages_of(response))) == (200, 1)
        assert not Visit.objects.exists()

    def test_a_closed_account_gets_no_visits(self, staff_client, asha, listing):
        type(asha).objects.filter(pk=asha.pk).update(is_active=False)
        response = staff_client.post(BOOK_TOUR, self.data(asha, listing))
        assert (response.status_code, len(messages_of(response))) == (200, 1)
        assert not Visit.objects.exists()

    def test_a_user_and_a_listing_must_exist(self, staff_client, asha, listing):
        data = self.data(asha, listing) | {"user": asha.pk + 1_000, "listing": listing.pk + 1_000}
        assert staff_client.post(BOOK_TOUR, data).context["form"].errors == {
            "user": ["This entry no longer exists. Choose another one."],
            "listing": ["This entry no longer exists. Choose another one."],
        }

    def test_a_refusal_offers_free_times_and_keeps_the_input(self, staff_client, asha, listing):
        book(asha, PropertyFactory(), local(2, 11))
        response = staff_client.post(BOOK_TOUR, self.data(asha, listing, special_requirements="Lift?"))
        assert "Free times: " in messages_of(response)[0]
        text = response.content.decode()
        assert "Lift?" in text
        assert 'name="scheduled_date" value=' in text.split('class="free-times"')[1]
        assert Visit.objects.count() == 1


def test_a_user_who_has_read_an_old_version_is_warned_once(staff_client, ops, tour):
    data = {"visit_notes": "Mine", "read_version": tour.version} | INLINE
    services.update(visit=tour, by=ops, visit_notes="Theirs")
    response = staff_client.post(page(tour), data)
    (sentence,) = response.context["adminform"].form.errors["read_version"]
    assert sentence.startswith("Someone changed this visit while you were editing.")
    assert Visit.objects.get().visit_notes == "Theirs"
    version = response.context["adminform"].form["read_version"].value()
    staff_client.post(page(tour), data | {"read_version": version})
    assert Visit.objects.get().visit_notes == "Mine"


def test_the_history_shows_who_did_what_and_why(staff_client, tour, agent):
    rohan = AgentFactory(name="Rohan")
    staff_client.post(page(tour, "assign"), {"agent": rohan.pk, "reason": "Nearer"})
    text = " ".join(staff_client.get(page(tour)).content.decode().split())
    for part in ("Asha Rao", "Ops Desk", f"{agent} → Rohan", "Nearer", f"nobody → {agent}"):
        assert part in text


def test_the_history_words_the_stored_decision_when_it_is_read(staff_client, tour):
    booking = tour.events.get()
    (inline,) = staff_client.get(page(tour)).context["inline_admin_formsets"]
    why = inline.opts.why(booking)
    assert why == explain_decision(booking.data) != ""
    assert why.split(".")[0] in unescape(staff_client.get(page(tour)).content.decode())


def test_visits_are_not_deleted(staff_client, tour):
    assert staff_client.post(page(tour, "delete"), {"post": "yes"}).status_code == 403
    staff_client.post(VISITS, {"action": "delete_selected", "_selected_action": [tour.pk], "post": "yes"})
    assert Visit.objects.get() == tour


def test_users_who_may_only_view_change_nothing(client, bala, tour, snapshot):
    bala.is_staff = True
    bala.save()
    bala.user_permissions.set(Permission.objects.filter(codename__in=["view_visit", "view_property"]))
    client.force_login(bala)
    before = snapshot()
    assert client.get(page(tour)).status_code == 200
    for action in ("assign", "confirm", "reschedule", "complete", "cancel", "change"):
        assert client.post(page(tour, action)).status_code == 403
    assert client.post(BOOK_TOUR).status_code == 403
    assert client.post(page(tour.property, "withdraw")).status_code == 403
    assert snapshot() == before
