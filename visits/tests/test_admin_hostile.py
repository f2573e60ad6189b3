"""Data that no page of the admin sends: it is refused without a server error, and nothing changes."""

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.urls import reverse

from agents.models import AgentInteraction, Engagement
from ghar.accounts.models import User
from visits.models import Visit

pytestmark = [pytest.mark.stress, pytest.mark.django_db]

NO_IDS = ["abc", "-1", "1.5", "٣", "9" * 30, "9" * 5_000, "1\x00", "' OR 1=1"]


@pytest.fixture
def root_client(client):
    client.force_login(User.objects.create_superuser("root@example.com", "x", full_name="Root"))
    return client


@pytest.fixture
def forms(tour, agent):
    """Return the address of each autocomplete's form and the form's other data, by the name of the field."""
    time = "2027-01-01T10:00"
    book, interact = reverse("admin:visits_visit_add"), reverse("admin:agents_agentinteraction_add")
    move = reverse("admin:agents_engagement_move", args=[Engagement.objects.get().pk])
    return {
        "user": (book, {"listing": tour.property_id, "scheduled_date": time}),
        "listing": (book, {"user": tour.user_id, "scheduled_date": time}),
        "interaction's user": (interact, {"agent": agent.pk, "type": "call"}),
        "interaction's agent": (interact, {"user": tour.user_id, "type": "call"}),
        "engagement's agent": (move, {"reason": "Nearer"}),
        "login's user": (reverse("admin:agents_agent_add"), {"name": "Rohan"}),
        "listing's owner": (reverse("admin:properties_property_add"), {"title": "Home"}),
    }


AUTOCOMPLETES = ["user", "listing", "interaction's user", "interaction's agent", "engagement's agent"]


@pytest.mark.parametrize("sent", NO_IDS)
@pytest.mark.parametrize("autocomplete", [*AUTOCOMPLETES, "login's user", "listing's owner"])
def test_a_choice_that_is_no_id_is_an_error_of_its_field(root_client, forms, snapshot, autocomplete, sent):
    url, rest = forms[autocomplete]
    field = autocomplete.split()[-1]
    before = snapshot()
    response = root_client.post(url, rest | {field: sent})
    form = response.context["adminform"].form if "adminform" in response.context else response.context["form"]
    assert (response.status_code, len(form.errors[field])) == (200, 1)
    assert snapshot() == before
    assert not AgentInteraction.objects.exists()
    assert not LogEntry.objects.exists()


def actions(request):
    """Yield the actions on the lists of all models whose rows have numbers as ids."""
    for model, model_admin in admin.site._registry.items():
        if model._meta.pk.get_internal_type() != "CharField":
            url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            yield from ((url, action) for action in model_admin.get_actions(request))


@pytest.mark.parametrize("sent", NO_IDS)
def test_an_action_on_selected_rows_that_are_no_ids_is_refused(root_client, tour, snapshot, sent):
    before = snapshot()
    request = root_client.get(reverse("admin:index")).wsgi_request
    acts = list(actions(request))
    assert len(acts) > 5
    for url, action in acts:
        response = root_client.post(url, {"action": action, "_selected_action": [sent, "1"], "post": "yes"})
        assert (response.status_code, response.url) == (302, url), action
        messages = [str(message) for message in root_client.get(url).context["messages"]]
        assert messages == ["Select rows from this list."], (url, action)
    assert snapshot() == before
    assert not LogEntry.objects.exists()


def test_an_action_takes_the_location_that_newer_versions_of_django_pass(root_client):
    """Django 6.1 calls `response_action` with one more argument."""
    request = RequestFactory().post("/", {"_selected_action": ["x"]})
    request.session = {}
    request._messages = FallbackStorage(request)
    model_admin = admin.site.get_model_admin(Visit)
    assert model_admin.response_action(request, Visit.objects.all(), action_location="change_list") is None


@pytest.mark.parametrize("sent", [sent for sent in NO_IDS if "\0" not in sent])
def test_searching_for_a_number_that_is_none_finds_nothing(root_client, tour, sent):
    response = root_client.get(reverse("admin:visits_visit_changelist"), {"q": f"={sent}", "work": "all"})
    assert response.status_code == 200
    assert list(response.context["cl"].result_list) == []
    assert Visit.objects.count() == 1
