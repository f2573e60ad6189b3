"""Matches, conversations and blocks in the admin: with the visits of the two people, never their messages."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from flatmates import services as flatmates
from flatmates.tests.factories import match
from ghar.accounts.tests.factories import UserFactory
from ghar.clock import format_local
from properties.tests.factories import PropertyFactory
from visits import services
from visits.tests.admin_pages import page, queries_of
from visits.tests.factories import book, local

pytestmark = pytest.mark.django_db

SECRET = "The key is under the mat"


def invite(user, other, listing, start):
    return book(user, listing, start, visit_context="flatmate_meet", counterparty_user_id=other.pk)


@pytest.fixture
def pair(asha, bala):
    """Return Asha and Bala's match and conversation. They have a cancelled visit and an upcoming one."""
    made, conversation = match(asha, bala)
    home = PropertyFactory(owner=bala)
    services.cancel(visit=invite(asha, bala, home, local(2, 18)), by=bala)
    invite(bala, asha, home, local(3, 18))
    flatmates.send_message(conversation=conversation, by=asha, body=SECRET)
    return made, conversation


def listed(client, model):
    return client.get(reverse(f"admin:flatmates_{model}_changelist"))


def shown(client, row):
    return client.get(page(row))


def test_matches_show_the_two_people_and_their_visits(staff_client, pair):
    made, _ = pair
    (row,) = listed(staff_client, "usermatch").context["cl"].result_list
    assert (row.user_one.full_name, row.user_two.full_name) == ("Asha Rao", "Bala Iyer")
    assert (row.created_at, row.all_meets, row.live_meets) == (made.created_at, 2, 1)
    text = listed(staff_client, "usermatch").content.decode()
    assert "2, of which 1 live" in text
    text = shown(staff_client, made).content.decode()
    for visit in made.visits.all():
        assert f'<a href="{page(visit)}">{format_local(visit.scheduled_date, "Asia/Kolkata")}</a>' in text
    assert text.count("Cancelled") == text.count("Scheduled") == 1


def test_conversations_show_how_many_messages_there_are_but_not_their_texts(staff_client, pair):
    _, conversation = pair
    (row,) = listed(staff_client, "userconversation").context["cl"].result_list
    assert (row.all_messages, row.unread_messages, row.all_meets, row.live_meets) == (3, 3, 2, 1)
    for response in (listed(staff_client, "userconversation"), shown(staff_client, conversation)):
        assert response.status_code == 200
        assert SECRET not in response.content.decode()


def test_blocks_show_the_two_people_and_their_visits(staff_client, pair, asha, bala):
    block, _ = flatmates.block(by=bala, blocked_user_id=asha.pk)
    (row,) = listed(staff_client, "userblock").context["cl"].result_list
    assert (row.blocker, row.blocked, row.created_at) == (bala, asha, block.created_at)
    assert (row.all_meets, row.live_meets) == (2, 0)
    assert shown(staff_client, block).content.decode().count("Cancelled") == 2


def test_messages_have_no_page_of_their_own(staff_client, pair):
    for path in ("/admin/flatmates/message/", "/admin/flatmates/message/1/change/"):
        assert staff_client.get(path).status_code == 404
    assert "message" not in staff_client.get("/admin/flatmates/").content.decode().lower()


def test_nothing_is_added_changed_or_deleted(staff_client, ops, pair):
    ops.is_superuser = True
    ops.save()
    made, conversation = pair
    for row in (made, conversation):
        name = row._meta.model_name
        assert staff_client.get(reverse(f"admin:flatmates_{name}_add")).status_code == 403
        for action in ("change", "delete"):
            assert (
                staff_client.post(page(row, action), {"status": "closed", "post": "yes"}).status_code == 403
            )
        row.refresh_from_db()
        assert row.status == "active"


def test_visits_are_hidden_without_the_permission_to_view_them(client, ops, pair):
    names = ["view_usermatch", "view_userconversation", "view_userblock"]
    ops.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(ops)
    for row in pair:
        assert "their visits" not in shown(client, row).content.decode()
        assert "of which" not in listed(client, row._meta.model_name).content.decode()


@pytest.mark.parametrize("model", ["usermatch", "userconversation", "userblock"])
def test_a_list_takes_as_many_queries_however_long(staff_client, asha, pair, model):
    def count():
        queries = len(queries_of(listed, staff_client, model))
        return len(listed(staff_client, model).context["cl"].result_list), queries

    def more(n):
        for person in UserFactory.create_batch(n):
            match(asha, person)
            if model == "userblock":
                flatmates.block(by=person, blocked_user_id=asha.pk)

    more(2)
    rows, queries = count()
    more(10)
    assert count() == (rows + 10, queries)


def test_pairs_are_found_by_name_phone_and_id(staff_client, pair, asha):
    asha.phone = "+919812345678"
    asha.save()
    match(UserFactory(), UserFactory())
    for model in ("usermatch", "userconversation"):
        path = reverse(f"admin:flatmates_{model}_changelist")
        for text in ("Asha", "98123", str(pair[model == "userconversation"].pk)):
            rows = staff_client.get(path, {"q": text}).context["cl"].result_list
            assert [row.people() for row in rows] == [pair[0].people()]
