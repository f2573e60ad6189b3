"""Every URL of the admin, with the status codes that each group gets."""

import importlib

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from agents.models import AgentInteraction, Engagement
from flatmates.models import Swipe, UserBlock, UserConversation, UserMatch
from ghar.accounts.tests.factories import UserFactory
from ghar.mcp.models import Grant
from ghar.mcp.tests.assistant import grant
from properties.models import Amenity

pytestmark = pytest.mark.django_db


# fmt: off
# GET and POST of an empty form by a Dispatcher, then by a Viewer. After an action, 302 means that it is done.
TABLE = {
    "index": (200, 200, 200, 200),
    "login": (302, 200, 302, 200),
    "password_change": (200, 200, 200, 200),
    "password_change_done": (200, 405, 200, 405),
    "autocomplete": (403, 405, 403, 405),
    "jsi18n": (200, 405, 200, 405),
    "view_on_site": (404, 404, 404, 404),
    "app_list": (200, 200, 200, 200),
    "auth_group_changelist": (403, 403, 403, 403),
    "auth_group_add": (403, 403, 403, 403),
    "auth_group_history": (403, 403, 403, 403),
    "auth_group_delete": (403, 403, 403, 403),
    "auth_group_change": (403, 403, 403, 403),
    "knox_authtoken_changelist": (403, 403, 403, 403),
    "knox_authtoken_add": (403, 403, 403, 403),
    "knox_authtoken_history": (403, 403, 403, 403),
    "knox_authtoken_delete": (403, 403, 403, 403),
    "knox_authtoken_change": (403, 403, 403, 403),
    "mcp_grant_changelist": (403, 403, 403, 403),
    "mcp_grant_add": (403, 403, 403, 403),
    "mcp_grant_history": (403, 403, 403, 403),
    "mcp_grant_delete": (403, 403, 403, 403),
    "mcp_grant_change": (403, 403, 403, 403),
    "auth_user_password_change": (403, 403, 403, 403),
    "accounts_user_changelist": (200, 200, 200, 200),
    "accounts_user_add": (403, 403, 403, 403),
    "accounts_user_history": (200, 200, 200, 200),
    "accounts_user_delete": (403, 403, 403, 403),
    "accounts_user_change": (200, 403, 200, 403),
    "properties_amenity_changelist": (200, 200, 200, 200),
    "properties_amenity_add": (403, 403, 403, 403),
    "properties_amenity_history": (200, 200, 200, 200),
    "properties_amenity_delete": (403, 403, 403, 403),
    "properties_amenity_change": (200, 403, 200, 403),
    "properties_property_changelist": (200, 200, 200, 200),
    "properties_property_add": (403, 403, 403, 403),
    "properties_property_import": (403, 403, 403, 403),
    "properties_property_history": (200, 200, 200, 200),
    "properties_property_delete": (403, 403, 403, 403),
    "properties_property_change": (200, 403, 200, 403),
    "properties_property_withdraw": (403, 403, 403, 403),
    "agents_agent_changelist": (200, 200, 200, 200),
    "agents_agent_add": (403, 403, 403, 403),
    "agents_agent_history": (200, 200, 200, 200),
    "agents_agent_delete": (403, 403, 403, 403),
    "agents_agent_change": (200, 200, 200, 403),
    "agents_agent_time_off": (200, 200, 403, 403),
    "agents_agent_leave": (200, 200, 403, 403),
    "agents_agent_return": (200, 200, 403, 403),
    "agents_engagement_changelist": (200, 200, 200, 200),
    "agents_engagement_add": (403, 403, 403, 403),
    "agents_engagement_history": (200, 200, 200, 200),
    "agents_engagement_delete": (403, 403, 403, 403),
    "agents_engagement_change": (200, 403, 200, 403),
    "agents_engagement_move": (200, 200, 403, 403),
    "agents_agentinteraction_changelist": (200, 200, 200, 200),
    "agents_agentinteraction_add": (200, 200, 403, 403),
    "agents_agentinteraction_history": (200, 200, 200, 200),
    "agents_agentinteraction_delete": (403, 403, 403, 403),
    "agents_agentinteraction_change": (200, 403, 200, 403),
    "flatmates_usermatch_changelist": (200, 200, 200, 200),
    "flatmates_usermatch_add": (403, 403, 403, 403),
    "flatmates_usermatch_history": (200, 200, 200, 200),
    "flatmates_usermatch_delete": (403, 403, 403, 403),
    "flatmates_usermatch_change": (200, 403, 200, 403),
    "flatmates_swipe_changelist": (403, 403, 403, 403),
    "flatmates_swipe_add": (403, 403, 403, 403),
    "flatmates_swipe_history": (403, 403, 403, 403),
    "flatmates_swipe_delete": (403, 403, 403, 403),
    "flatmates_swipe_change": (403, 403, 403, 403),
    "flatmates_userconversation_changelist": (403, 403, 403, 403),
    "flatmates_userconversation_add": (403, 403, 403, 403),
    "flatmates_userconversation_history": (403, 403, 403, 403),
    "flatmates_userconversation_delete": (403, 403, 403, 403),
    "flatmates_userconversation_change": (403, 403, 403, 403),
    "flatmates_userblock_changelist": (403, 403, 403, 403),
    "flatmates_userblock_add": (403, 403, 403, 403),
    "flatmates_userblock_history": (403, 403, 403, 403),
    "flatmates_userblock_delete": (403, 403, 403, 403),
    "flatmates_userblock_change": (403, 403, 403, 403),
    "visits_visit_changelist": (200, 200, 200, 200),
    "visits_visit_add": (200, 200, 403, 403),
    "visits_visit_history": (200, 200, 200, 200),
    "visits_visit_delete": (403, 403, 403, 403),
    "visits_visit_change": (200, 200, 200, 403),
    "visits_visit_assign": (200, 200, 403, 403),
    "visits_visit_confirm": (200, 302, 403, 403),
    "visits_visit_reschedule": (200, 200, 403, 403),
    "visits_visit_complete": (200, 200, 403, 403),
    "visits_visit_cancel": (200, 302, 403, 403),
    "logout": (405, 200, 405, 200),
}
# fmt: on


def member_of(name):
    importlib.import_module("visits.migrations.0003_staff_groups").create(apps, None)
    user = UserFactory(full_name=name, is_staff=True)
    user.groups.set([Group.objects.get(name=name)])
    return user


@pytest.fixture
def rows(asha, bala, tour, agent):
    """Return a row of each model, by the name that its URLs begin with."""
    grant(asha)
    one, two = sorted((asha, bala), key=lambda user: user.pk)
    return {
        "auth_group": Group.objects.create(name="Others"),
        "knox_authtoken": AuthToken.objects.create(asha)[0],
        "mcp_grant": Grant.objects.get(),
        "accounts_user": asha,
        "auth_user": asha,
        "properties_amenity": Amenity.objects.create(title="Sauna"),
        "properties_property": tour.property,
        "agents_agent": agent,
        "agents_engagement": Engagement.objects.get(),
        "agents_agentinteraction": AgentInteraction.objects.create(agent=agent, user=asha),
        "flatmates_swipe": Swipe.objects.create(user=asha, target=bala, action="like"),
        "flatmates_usermatch": UserMatch.objects.create(user_one=one, user_two=two),
        "flatmates_userconversation": UserConversation.objects.create(user_one=one, user_two=two),
        "flatmates_userblock": UserBlock.objects.create(blocker=asha, blocked=bala),
        "visits_visit": tour,
    }


def urls(rows):
    """Return every URL of the admin, by its name."""
    found = {}
    for pattern in admin.site.get_urls():
        for entry in getattr(pattern, "url_patterns", [pattern]):
            if entry.name:
                found[entry.name] = address(entry.name, rows)
    return found


def address(name, rows):
    if name == "view_on_site":
        visit = rows["visits_visit"]
        return reverse("admin:view_on_site", args=[ContentType.objects.get_for_model(visit).pk, visit.pk])
    if name == "app_list":
        return reverse("admin:app_list", args=["visits"])
    model, act = "_".join(name.split("_")[:2]), name.split("_")[-1]
    general = model not in rows or act in ("changelist", "add", "import")
    return reverse(f"admin:{name}", args=[] if general else [rows[model].pk])


def status_codes(person, url):
    return [getattr(person, method)(url).status_code for method in ("get", "post")]


def logged_in(user):
    client = Client()
    if user:
        client.force_login(user)
    return client


def test_the_table_has_every_url(rows):
    assert set(urls(rows)) == set(TABLE)


@pytest.mark.parametrize(("name", "columns"), [("Dispatcher", slice(0, 2)), ("Viewer", slice(2, 4))])
def test_each_group_gets_the_status_codes_of_the_table(rows, name, columns):
    found, person = urls(rows), logged_in(member_of(name))
    assert {url: status_codes(person, found[url]) for url in TABLE} == {
        url: list(expected[columns]) for url, expected in TABLE.items()
    }


def test_viewers_change_nothing(rows, snapshot):
    before, person = snapshot(), logged_in(member_of("Viewer"))
    for url in urls(rows).values():
        person.post(url)
    assert snapshot() == before
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("who", ["agent", "seeker", "nobody"])
def test_users_who_are_not_staff_are_redirected_to_the_log_in_page(rows, agent, asha, who):
    person = logged_in({"agent": agent.user, "seeker": asha, "nobody": None}[who])
    for name, url in urls(rows).items():
        if name == "login":
            assert status_codes(person, url) == [200, 200]
        elif name != "logout":
            assert status_codes(person, url) == [302, 302], name
            assert person.get(url).url.startswith(reverse("admin:login")), name


def test_the_groups_have_their_permissions(db):
    dispatcher, viewer = member_of("Dispatcher"), member_of("Viewer")
    allowed = {"visits.view_visit", "visits.change_visit", "visits.assign_agent", "agents.change_agent"}
    assert allowed <= dispatcher.get_all_permissions()
    assert {codename.split(".")[1].split("_")[0] for codename in viewer.get_all_permissions()} == {"view"}
    assert not any("delete_" in codename for codename in dispatcher.get_all_permissions() - TIMES)


TIMES = {"agents.delete_workinghours", "agents.delete_timeoff"}
