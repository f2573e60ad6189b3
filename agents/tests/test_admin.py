from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents.models import Agent, AgentInteraction, TimeOff, WorkingHours
from agents.signals import agent_changed
from agents.tests.factories import AgentFactory, EngagementFactory, TimeOffFactory, WorkingHoursFactory
from ghar import clock
from ghar.accounts.tests.factories import UserFactory
from ghar.testing import messages_of

pytestmark = pytest.mark.django_db

TOMORROW = (clock.now() + timedelta(days=1)).replace(microsecond=0)


@pytest.fixture
def changes():
    told = []

    def listen(agent, by, **kwargs):
        told.append((agent.pk, by))

    agent_changed.connect(listen)
    yield told
    agent_changed.disconnect(listen)


def change_url(agent):
    return reverse("admin:agents_agent_change", args=[agent.pk])


def rows(prefix, stored, new=()):
    """An inline formset as a browser sends it."""
    data = {f"{prefix}-TOTAL_FORMS": len(stored) + len(new), f"{prefix}-INITIAL_FORMS": len(stored)}
    for number, row in enumerate([*stored, *new]):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def page(agent=None, hours=((), ()), time_off=((), ()), **changed):
    fields = {
        "name": agent.name if agent else "Meera",
        "contact_number": agent.contact_number if agent else "098200 12345",
        "languages": "en",
        "agent_type": "general",
        "experience_level": "intermediate",
        "is_active": "on",
        "is_available": "on",
        "timezone": "Asia/Kolkata",
        "capacity": 50,
    }
    sent = {**fields, **rows("working_hours", *hours), **rows("time_off", *time_off), **changed}
    return {name: value for name, value in sent.items() if value is not None}


def shift(weekday, opens, closes, **more):
    return {"weekday": weekday, "opens": opens, "closes": closes, **more}


def errors(response):
    assert response.status_code == 200
    context = response.context
    formsets = [text for inline in context["inline_admin_formsets"] for text in said(inline.formset)]
    return [text for texts in context["adminform"].form.errors.values() for text in texts] + formsets


def said(formset):
    fields = [text for form in formset.errors for texts in form.values() for text in texts]
    return [*formset.non_form_errors(), *fields]


class TestAgents:
    def test_a_new_agent_is_created_with_working_hours(self, staff_client, ops, asha, changes):
        response = staff_client.post(
            reverse("admin:agents_agent_add"),
            page(
                user=asha.pk,
                cities="Mumbai,  mumbai",
                hours=(
                    (),
                    [
                        shift(0, "09:00", "12:00"),
                        shift(0, "12:00", "17:00"),
                        shift(1, "21:00", "23:59"),
                    ],
                ),
            ),
        )
        assert response.status_code == 302
        agent = Agent.objects.get()
        assert (agent.name, agent.user, agent.contact_number) == ("Meera", asha, "+919820012345")
        assert agent.cities == ["Mumbai"]
        assert [str(row) for row in agent.working_hours.all()] == [
            "Monday 09:00–17:00",
            "Tuesday 21:00–00:00",
        ]
        assert set(changes) == {(agent.pk, ops)}

    def test_an_agent_is_changed_with_working_hours_and_time_off(self, staff_client, ops, changes):
        agent = AgentFactory(name="Meera")
        monday = WorkingHoursFactory(agent=agent)
        tuesday = WorkingHoursFactory(agent=agent, weekday=1)
        off = TimeOffFactory(agent=agent)
        Agent.objects.update(live_visits=4)
        stored = [
            shift(0, "08:00", "17:00", id=monday.pk),
            shift(1, "09:00", "17:00", id=tuesday.pk, DELETE="on"),
        ]
        gone = {"id": off.pk, "DELETE": "on"}
        response = staff_client.post(
            change_url(agent),
            page(
                agent,
                is_available=None,
                live_visits=0,
                hours=(stored, [shift(6, "10:00", "00:00")]),
                time_off=([gone], ()),
            ),
        )
        assert response.status_code == 302
        agent.refresh_from_db()
        assert (agent.is_available, agent.live_visits) == (False, 4)
        assert [str(row) for row in agent.working_hours.all()] == ["Monday 08:00–17:00", "Sunday 10:00–00:00"]
        assert not TimeOff.objects.exists()
        assert set(changes) == {(agent.pk, ops)}

    def test_saving_an_unchanged_agent_sends_no_signal(self, staff_client, changes):
        agent = AgentFactory()
        row = WorkingHoursFactory(agent=agent)
        off = TimeOffFactory(agent=agent)
        sent = page(
            agent, hours=([shift(0, "09:00", "17:00", id=row.pk)], ()), time_off=([{"id": off.pk}], ())
        )
        assert staff_client.post(change_url(agent), sent).status_code == 302
        assert changes == []
        assert WorkingHours.objects.get() == row
        assert TimeOff.objects.get() == off

    @pytest.mark.parametrize(
        ("changed", "sentence"),
        [
            ({"contact_number": "12"}, "Give a phone number such as +91 98200 00000."),
            ({"timezone": "localtime"}, "localtime is not a time zone such as Asia/Kolkata."),
            (
                {"hours": ((), [shift(0, "09:00", "12:00"), shift(0, "11:00", "13:00")])},
                "Row 2: Monday 11:00–13:00 overlaps Monday 09:00–12:00. Change one of the two.",
            ),
        ],
    )
    def test_an_error_is_shown_on_the_page_and_nothing_is_saved(
        self, staff_client, changes, changed, sentence
    ):
        agent = AgentFactory()
        response = staff_client.post(change_url(agent), page(agent, name="Changed", **changed))
        assert sentence in errors(response)
        assert Agent.objects.get().name == agent.name
        assert not WorkingHours.objects.exists()
        assert not TimeOff.objects.exists()
        assert changes == []

    def test_a_login_must_be_an_active_user_who_is_neither_staff_nor_another_agent(self, staff_client, ops):
        agent, other = AgentFactory(), AgentFactory(with_login=True)
        response = staff_client.post(change_url(agent), page(agent, user=ops.pk))
        assert errors(response) == ["Choose an active user who is not staff."]
        response = staff_client.post(change_url(agent), page(agent, user=other.user_id))
        assert errors(response) == ["This user is the login of another agent. Choose somebody else."]

    def test_time_off_is_shown_in_the_agents_time_zone(self, staff_client):
        agent = AgentFactory(timezone="America/New_York")
        off = TimeOffFactory(agent=agent)
        text = staff_client.get(change_url(agent)).content.decode()
        for moment in (off.period.lower, off.period.upper):
            assert clock.format_local(moment, "America/New_York") in text

    def test_the_form_neither_dismisses_an_agent_nor_adds_time_off(self, staff_client, changes):
        agent = AgentFactory()
        added = {"period_0": "2027-01-01 00:00", "period_1": "2027-01-02 00:00", "reason": ""}
        assert (
            staff_client.post(
                change_url(agent), page(agent, is_active=None, time_off=((), [added]))
            ).status_code
            == 302
        )
        assert Agent.objects.get().is_active
        assert not TimeOff.objects.exists()

    def test_agents_are_not_deleted(self, staff_client):
        agent = AgentFactory()
        assert staff_client.post(reverse("admin:agents_agent_delete", args=[agent.pk])).status_code == 403
        sent = {"action": "delete_selected", "_selected_action": [agent.pk], "post": "yes"}
        staff_client.post(reverse("admin:agents_agent_changelist"), sent)
        assert Agent.objects.get() == agent

    def test_users_who_may_only_view_change_nothing(self, client):
        viewer = UserFactory(is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_agent"))
        client.force_login(viewer)
        agent = AgentFactory()
        assert client.get(change_url(agent)).status_code == 200
        assert client.post(change_url(agent), page(agent, name="Changed")).status_code == 403
        assert Agent.objects.get().name == agent.name

    def test_a_refusal_while_saving_is_shown_and_undoes_everything(self, staff_client, ops):
        ops.user_permissions.remove(Permission.objects.get(codename="change_agent"))
        sent = page(hours=((), [shift(0, "09:00", "12:00")]))
        response = staff_client.post(reverse("admin:agents_agent_add"), sent, follow=True)
        assert len(messages_of(response)) == 1
        assert not Agent.objects.exists()


class TestEngagements:
    def url(self):
        return reverse("admin:agents_engagement_changelist")

    def test_selected_engagements_are_ended(self, staff_client, ops):
        first, second, kept = EngagementFactory(), EngagementFactory(ended_at=TOMORROW), EngagementFactory()
        sent = {"action": "end", "_selected_action": [first.pk, second.pk]}
        response = staff_client.post(self.url(), sent, follow=True)
        assert messages_of(response) == ["Ended: 1. Had already ended: 1."]
        for engagement in (first, second, kept):
            engagement.refresh_from_db()
        assert first.ended_at is not None
        assert (second.ended_at, kept.ended_at) == (TOMORROW, None)
        entry = LogEntry.objects.get()
        assert (entry.object_id, entry.user, entry.get_change_message()) == (str(first.pk), ops, "Ended.")

    @pytest.mark.parametrize(("state", "shown"), [("", 3), ("open", 2), ("ended", 1)])
    def test_engagements_are_filtered_by_state(self, staff_client, state, shown):
        EngagementFactory.create_batch(2)
        over = EngagementFactory(ended_at=TOMORROW)
        page = staff_client.get(self.url(), {"state": state} if state else {})
        rows = list(page.context["cl"].result_list)
        assert (len(rows), over in rows) == (shown, state != "open")
        assert "Open (2)" in page.content.decode()

    def test_engagements_are_read_only(self, staff_client):
        engagement = EngagementFactory()
        url = reverse("admin:agents_engagement_change", args=[engagement.pk])
        assert staff_client.get(url).status_code == 200
        assert staff_client.post(url, {"reason": "Changed"}).status_code == 403
        assert staff_client.get(reverse("admin:agents_engagement_add")).status_code == 403
        assert (
            staff_client.post(reverse("admin:agents_engagement_delete", args=[engagement.pk])).status_code
            == 403
        )

    def test_ending_requires_the_permission_to_change(self, client):
        viewer = UserFactory(is_staff=True)
        viewer.user_permissions.add(Permission.objects.get(codename="view_engagement"))
        client.force_login(viewer)
        engagement = EngagementFactory()
        client.post(self.url(), {"action": "end", "_selected_action": [engagement.pk]})
        engagement.refresh_from_db()
        assert engagement.ended_at is None


def test_an_interaction_feeds_the_rating(staff_client, asha):
    agent = AgentFactory()
    sent = {"agent": agent.pk, "user": asha.pk, "type": "call", "user_satisfaction": 4}
    assert staff_client.post(reverse("admin:agents_agentinteraction_add"), sent).status_code == 302
    interaction = AgentInteraction.objects.get()
    agent.refresh_from_db()
    assert (interaction.user, float(agent.user_satisfaction_rating)) == (asha, 4.0)
    url = reverse("admin:agents_agentinteraction_change", args=[interaction.pk])
    assert staff_client.get(url).status_code == 200
    assert staff_client.post(url, {**sent, "user_satisfaction": 1}).status_code == 403


@pytest.mark.parametrize(("name", "factory"), [("agent", AgentFactory), ("engagement", EngagementFactory)])
def test_a_list_takes_as_many_queries_however_long(staff_client, name, factory):
    url = reverse(f"admin:agents_{name}_changelist")
    counts = []
    for more in (1, 10):
        factory.create_batch(more)
        with CaptureQueriesContext(connection) as captured:
            assert staff_client.get(url).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]
