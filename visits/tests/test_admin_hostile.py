"""What no page of the admin sends: refused, never an error, and nothing changes."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from agents.models import AgentInteraction, Engagement
from ghar.accounts.models import User
from visits.models import Visit

pytestmark = pytest.mark.django_db

NO_IDS = ["abc", "-1", "1.5", "٣", "9" * 30, "9" * 5_000, "1\x00", "' OR 1=1"]


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("root@example.com", "x", full_name="Root"))
    return client


@pytest.fixture
def forms(tour, agent):
    """By the name of a chooser: the address of its form, and what the form holds besides."""
    time = "2027-01-01T10:00"
    book, interact = reverse("admin:visits_visit_add"), reverse("admin:agents_agentinteraction_add")
    move = reverse("admin:agents_engagement_move", args=[Engagement.objects.get().pk])
    return {
        "user": (book, {"listing": tour.property_id, "scheduled_date": time}),
        "listing": (book, {"user": tour.user_id, "scheduled_date": time}),
        "interaction's user": (interact, {"agent": agent.pk, "type": "call"}),
        "interaction's agent": (interact, {"user": tour.user_id, "type": "call"}),
        "mover's agent": (move, {"reason": "Nearer"}),
        "login's user": (reverse("admin:agents_agent_add"), {"name": "Rohan"}),
        "listing's owner": (reverse("admin:properties_property_add"), {"title": "Home"}),
    }


CHOOSERS = ["user", "listing", "interaction's user", "interaction's agent", "mover's agent"]


@pytest.mark.parametrize("sent", NO_IDS)
@pytest.mark.parametrize("chooser", [*CHOOSERS, "login's user", "listing's owner"])
def test_who_is_chosen_by_what_is_no_id(desk, forms, snapshot, chooser, sent):
    url, rest = forms[chooser]
    field = chooser.split()[-1]
    before = snapshot()
    answer = desk.post(url, rest | {field: sent})
    form = answer.context["adminform"].form if "adminform" in answer.context else answer.context["form"]
    assert (answer.status_code, len(form.errors[field])) == (200, 1)
    assert snapshot() == before
    assert not AgentInteraction.objects.exists()
    assert not LogEntry.objects.exists()


def actions(request):
    """What can be done to ticked rows, on the pages of all models whose rows have ids."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.pk.get_internal_type() != "CharField":
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            yield from ((url, action) for action in model_admin.get_actions(request))


@pytest.mark.parametrize("sent", NO_IDS)
def test_acts_on_ticked_rows_that_are_none(desk, tour, snapshot, sent):
    before = snapshot()
    request = desk.get(reverse("admin:index")).wsgi_request
    acts = list(actions(request))
    assert len(acts) > 5
    for url, action in acts:
        answer = desk.post(url, {"action": action, "_selected_action": [sent, "1"], "post": "yes"})
        assert (answer.status_code, answer.url) == (302, url), action
        messages = [str(message) for message in desk.get(url).context["messages"]]
        assert messages == ["Tick rows of this list."], (url, action)
    assert snapshot() == before
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("sent", [sent for sent in NO_IDS if "\0" not in sent])
def test_a_number_is_searched_that_is_none(desk, tour, sent):
    answer = desk.get(reverse("admin:visits_visit_changelist"), {"q": f"={sent}", "work": "all"})
    assert answer.status_code == 200
    assert list(answer.context["cl"].result_list) == []
    assert Visit.objects.count() == 1
