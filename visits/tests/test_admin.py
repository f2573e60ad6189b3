"""One visit in the admin: every act is a form through the service, and a refusal changes nothing."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.urls import reverse

from ghar import clock
from properties.models import Property
from visits import services
from visits.models import Visit
from visits.tests.factories import KOLKATA, AgentFactory, ListingFactory, book, local

pytestmark = pytest.mark.django_db

LIST = reverse("admin:visits_visit_changelist")
ADD = reverse("admin:visits_visit_add")


@pytest.fixture
def desk(client, ops):
    client.force_login(ops)
    return client


def page(visit, act="change"):
    return reverse(f"admin:visits_visit_{act}", args=[visit.pk])


def typed(moment):
    """As a browser sends a time at the listing."""
    return moment.astimezone(KOLKATA).strftime("%Y-%m-%dT%H:%M")


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


def logged():
    return [
        (entry.user.full_name, entry.get_change_message())
        for entry in LogEntry.objects.select_related("user").order_by("pk")
    ]


class TestAssign:
    def test_somebody_is_named(self, desk, ops, tour):
        other = AgentFactory(name="Rohan")
        answer = desk.post(page(tour, "assign"), {"agent": other.pk, "reason": "Speaks Marathi"}, follow=True)
        assert answer.redirect_chain == [(page(tour), 302)]
        assert messages_of(answer) == [f"Assigned to {other}."]
        tour.refresh_from_db()
        assert tour.agent == other
        event = tour.events.latest("id")
        assert (event.change, event.actor, event.reason) == ("assigned", ops, "Speaks Marathi")
        assert logged() == [("Ops Desk", f"Assigned to {other}. Speaks Marathi")]

    def test_the_best_is_chosen(self, desk, agent, listing, asha):
        visit = book(asha, listing, local(2, 3))
        services.reschedule(visit=visit, by=asha, new_date=local(3, 11))
        services.assign(visit=visit, by=desk_of(desk), agent_id=None)
        AgentFactory(name="Rohan")
        desk.post(page(visit, "assign"), {"agent": "auto"})
        visit.refresh_from_db()
        assert visit.agent.name == "Rohan"

    def test_he_is_taken_off(self, desk, tour):
        desk.post(page(tour, "assign"), {"agent": "none"})
        tour.refresh_from_db()
        assert tour.agent is None

    @pytest.mark.parametrize(
        ("sent", "sentence"),
        [
            ({"reason": ""}, "Say why the visit goes from {agent} to Rohan."),
            (
                {"reason": "Nearer", "busy": "x"},
                "Rohan cannot take this visit: does not serve this city.",
            ),
            (
                {"override": "on"},
                "Say why the agent is assigned in spite of his hours, city or load.",
            ),
        ],
    )
    def test_a_refusal_is_told_and_changes_nothing(self, desk, tour, agent, snapshot, sent, sentence):
        other = AgentFactory(name="Rohan", cities=["Delhi"] if "busy" in sent else [])
        before = snapshot()
        answer = desk.post(page(tour, "assign"), {"agent": other.pk, **sent})
        assert (answer.status_code, messages_of(answer)) == (200, [sentence.format(agent=agent)])
        assert snapshot() == before
        assert logged() == []

    @pytest.mark.parametrize("sent", ["auto", "present"])
    def test_what_is_so_already_is_said_and_not_logged(self, desk, tour, agent, snapshot, sent):
        before = snapshot()
        answer = desk.post(
            page(tour, "assign"), {"agent": sent.replace("present", str(agent.pk))}, follow=True
        )
        assert answer.redirect_chain == [(page(tour), 302)]
        assert messages_of(answer) == ["It is so already: nothing changed."]
        assert (snapshot(), logged()) == (before, [])

    def test_nobody_twice_is_said_too(self, desk, tour, snapshot):
        services.assign(visit=tour, by=desk_of(desk), agent_id=None)
        before = snapshot()
        answer = desk.post(page(tour, "assign"), {"agent": "none"}, follow=True)
        assert messages_of(answer) == ["It is so already: nothing changed."]
        assert (snapshot(), logged()) == (before, [])

    @pytest.mark.django_db(transaction=True)
    def test_the_queue_may_be_at_once(self, desk, tour):
        AgentFactory(name="Rohan")
        answer = desk.post(page(tour, "assign"), {"agent": "none"}, follow=True)
        taken_off = "Taken off its agent: back in the queue."
        assert messages_of(answer) == [f"{taken_off} Since then the queue has given it to Rohan."]
        assert Visit.objects.get().agent.name == "Rohan"
        assert logged() == [("Ops Desk", taken_off)]

    @pytest.mark.parametrize("agent", ["", "0", "x", "9" * 30])
    def test_nobody_of_that_name(self, desk, tour, snapshot, agent):
        before = snapshot()
        answer = desk.post(page(tour, "assign"), {"agent": agent})
        assert answer.status_code == 200
        assert answer.context["form"].errors["agent"]
        assert snapshot() == before


def desk_of(client):
    from ghar.accounts.models import User

    return User.objects.get(pk=client.session["_auth_user_id"])


class TestLife:
    def test_confirm(self, desk, tour):
        desk.post(page(tour, "confirm"))
        tour.refresh_from_db()
        assert (tour.status, tour.awaiting) == ("confirmed", None)

    def test_reschedule_by_the_clocks_at_the_listing(self, desk, tour):
        desk.post(page(tour, "reschedule"), {"new_date": typed(local(3, 16, 30)), "reason": "Asked to"})
        tour.refresh_from_db()
        assert (tour.status, tour.scheduled_date) == ("rescheduled", local(3, 16, 30))

    def test_the_same_time_again_is_said_and_not_logged(self, desk, tour, snapshot):
        before = snapshot()
        answer = desk.post(page(tour, "reschedule"), {"new_date": typed(tour.scheduled_date)}, follow=True)
        assert messages_of(answer) == ["It is so already: nothing changed."]
        assert (snapshot(), logged()) == (before, [])

    def test_cancel(self, desk, tour):
        desk.post(page(tour, "cancel"), {"reason": "Called off"})
        tour.refresh_from_db()
        assert (tour.status, tour.cancellation_reason) == ("cancelled", "Called off")

    def test_a_visit_to_come_is_not_completed(self, desk, tour, snapshot):
        before = snapshot()
        answer = desk.post(page(tour, "complete"), {"notes": "Fine"})
        assert messages_of(answer) == ["This visit has not begun; complete it once it has."]
        assert snapshot() == before

    def test_a_taken_time_is_answered_with_free_ones(self, desk, tour, asha, snapshot):
        book(asha, ListingFactory(), local(3, 11))
        before = snapshot()
        answer = desk.post(page(tour, "reschedule"), {"new_date": typed(local(3, 11))})
        (message,) = messages_of(answer)
        assert message.startswith("There is another visit at that time; choose one of the alternatives.")
        assert "Free instead: " in message
        assert snapshot() == before

    @pytest.mark.parametrize("new_date", ["", "soon", "0001-01-01T00:00", "9999-12-31T23:59"])
    def test_a_time_that_cannot_be(self, desk, tour, snapshot, new_date):
        before = snapshot()
        answer = desk.post(page(tour, "reschedule"), {"new_date": new_date})
        assert answer.status_code == 200
        assert answer.context["form"].errors or messages_of(answer)
        assert snapshot() == before

    @pytest.mark.parametrize("act", ["assign", "confirm", "reschedule", "complete", "cancel"])
    def test_a_get_changes_nothing(self, desk, tour, snapshot, act):
        before = snapshot()
        assert desk.get(page(tour, act)).status_code == 200
        assert snapshot() == before

    def test_the_buttons_are_those_of_the_state(self, desk, tour):
        def buttons():
            context = desk.get(page(tour)).context
            return [act.name for act in context["acts"]], context["assign"] is not None

        assert buttons() == (["confirm", "reschedule", "cancel"], True)
        with clock.frozen_at(tour.scheduled_date):
            assert buttons() == (["confirm", "reschedule", "complete", "cancel"], True)
        services.confirm(visit=tour, by=desk_of(desk))
        assert buttons() == (["reschedule", "cancel"], True)
        services.cancel(visit=tour, by=desk_of(desk))
        assert buttons() == ([], False)

    def test_notes_are_written_and_the_rest_is_not(self, desk, ops, tour):
        desk.post(
            page(tour), {"visit_notes": "Prefers mornings", "status": "completed", "agent": ""} | INLINE
        )
        tour.refresh_from_db()
        assert (tour.visit_notes, tour.status, tour.agent is None) == ("Prefers mornings", "scheduled", False)
        event = tour.events.latest("id")
        assert (event.change, event.actor, event.data) == ("updated", ops, {"fields": ["visit_notes"]})


INLINE = {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0}


class TestBook:
    def sent(self, user, listing, **changed):
        time = typed(local(2, 11))
        return {"user": user.pk, "listing": listing.pk, "scheduled_date": time} | changed

    def test_a_tour_for_somebody(self, desk, ops, asha, agent, listing):
        answer = desk.post(ADD, self.sent(asha, listing, special_requirements="Lift?"), follow=True)
        visit = Visit.objects.get()
        assert answer.redirect_chain == [(page(visit), 302)]
        assert messages_of(answer) == [f"Booked; {agent} shows it."]
        assert (visit.user, visit.scheduled_date, visit.special_requirements) == (asha, local(2, 11), "Lift?")
        assert visit.events.get().actor == ops
        assert logged() == [("Ops Desk", "Booked.")]

    def test_the_same_again_is_the_same(self, desk, asha, listing):
        for _ in range(2):
            answer = desk.post(ADD, self.sent(asha, listing), follow=True)
        assert messages_of(answer) == ["This was booked already; here it is."]
        assert Visit.objects.count() == 1

    @pytest.mark.parametrize("listing_is", ["withdrawn", "rented"])
    def test_a_listing_that_takes_no_visits(self, desk, asha, listing, listing_is):
        Property.objects.update(status=listing_is)
        answer = desk.post(ADD, self.sent(asha, listing))
        assert messages_of(answer) == ["This listing takes no visits now; look for a similar one."]
        assert not Visit.objects.exists()

    def test_somebody_whose_account_is_closed(self, desk, asha, listing):
        type(asha).objects.filter(pk=asha.pk).update(is_active=False)
        answer = desk.post(ADD, self.sent(asha, listing))
        assert messages_of(answer) == ["This account is closed."]
        assert not Visit.objects.exists()

    def test_what_is_not_there(self, desk, asha, listing):
        sent = self.sent(asha, listing) | {"user": asha.pk + 1_000, "listing": listing.pk + 1_000}
        assert desk.post(ADD, sent).context["form"].errors == {
            "user": ["There is no such visitor."],
            "listing": ["There is no such property."],
        }

    def test_a_refusal_keeps_what_was_typed(self, desk, asha, listing):
        book(asha, ListingFactory(), local(2, 11))
        answer = desk.post(ADD, self.sent(asha, listing, special_requirements="Lift?"))
        assert messages_of(answer)[0].startswith("There is another visit at that time")
        assert "Lift?" in answer.content.decode()
        assert Visit.objects.count() == 1


def test_who_has_read_an_old_version_is_warned_once(desk, tour):
    sent = {"visit_notes": "Mine", "read_version": tour.version} | INLINE
    services.update(visit=tour, by=desk_of(desk), visit_notes="Theirs")
    answer = desk.post(page(tour), sent)
    (sentence,) = answer.context["adminform"].form.errors["read_version"]
    assert sentence.startswith("Somebody has changed the visit meanwhile")
    assert Visit.objects.get().visit_notes == "Theirs"
    again = answer.context["adminform"].form["read_version"].value()
    desk.post(page(tour), sent | {"read_version": again})
    assert Visit.objects.get().visit_notes == "Mine"


def test_the_history_tells_who_did_what_and_why(desk, tour, agent):
    rohan = AgentFactory(name="Rohan")
    desk.post(page(tour, "assign"), {"agent": rohan.pk, "reason": "Nearer"})
    text = " ".join(desk.get(page(tour)).content.decode().split())
    for told in ("Asha Rao", "Ops Desk", f"{agent} → Rohan", "Nearer", f"nobody → {agent}", "Chosen: "):
        assert told in text


def test_a_history_of_other_days_stays_readable(desk, tour):
    tour.events.update(data={"key": {"what once": "decided"}})
    assert desk.get(page(tour)).status_code == 200


def test_nothing_is_deleted(desk, tour):
    assert desk.post(page(tour, "delete"), {"post": "yes"}).status_code == 403
    desk.post(LIST, {"action": "delete_selected", "_selected_action": [tour.pk], "post": "yes"})
    assert Visit.objects.get() == tour


def test_withdrawing_a_listing_cancels_its_visits(desk, ops, tour):
    url = reverse("admin:properties_property_withdraw", args=[tour.property_id])
    assert "Asha Rao" in desk.get(url).content.decode()
    tour.refresh_from_db()
    assert tour.status == "scheduled"
    answer = desk.post(url, follow=True)
    assert messages_of(answer) == ["Withdrawn; its visits are cancelled."]
    tour.refresh_from_db()
    assert (tour.status, tour.cancellation_reason) == ("cancelled", "The listing was withdrawn.")
    assert Property.objects.get().status == "withdrawn"
    assert logged() == [("Ops Desk", "Withdrawn.")]


def test_who_may_only_view_changes_nothing(client, bala, tour, snapshot):
    bala.is_staff = True
    bala.save()
    bala.user_permissions.set(Permission.objects.filter(codename__in=["view_visit", "view_property"]))
    client.force_login(bala)
    before = snapshot()
    assert client.get(page(tour)).status_code == 200
    for act in ("assign", "confirm", "reschedule", "complete", "cancel", "change"):
        assert client.post(page(tour, act)).status_code == 403
    assert client.post(ADD).status_code == 403
    assert (
        client.post(reverse("admin:properties_property_withdraw", args=[tour.property_id])).status_code == 403
    )
    assert snapshot() == before
