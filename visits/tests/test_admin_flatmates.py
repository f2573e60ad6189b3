"""Flatmates in the admin: who with whom, since when, how many visits and messages; never what they write."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from flatmates import services as flatmates
from flatmates.tests.factories import PersonFactory, match
from visits import services
from visits.tests.factories import ListingFactory, local
from visits.tests.test_meets import invite

pytestmark = pytest.mark.django_db

SECRET = "The key is under the mat"


@pytest.fixture
def desk(client, ops):
    client.force_login(ops)
    return client


@pytest.fixture
def pair(asha, bala):
    """Asha and Bala with a visit that was cancelled, one to come, and messages."""
    made, conversation = match(asha, bala)
    home = ListingFactory(owner=bala)
    services.cancel(visit=invite(asha, bala, home, local(2, 18)), by=bala)
    invite(bala, asha, home, local(3, 18))
    flatmates.send_message(conversation=conversation, by=asha, body=SECRET)
    return made, conversation


def listed(client, model):
    return client.get(reverse(f"admin:flatmates_{model}_changelist"))


def shown(client, row):
    return client.get(reverse(f"admin:flatmates_{row._meta.model_name}_change", args=[row.pk]))


def test_matches_say_who_since_when_and_their_visits(desk, pair):
    made, _ = pair
    (row,) = listed(desk, "usermatch").context["cl"].result_list
    assert (row.user_one.full_name, row.user_two.full_name) == ("Asha Rao", "Bala Iyer")
    assert (row.created_at, row.all_meets, row.live_meets) == (made.created_at, 2, 1)
    text = listed(desk, "usermatch").content.decode()
    assert "2, 1 of them live" in text
    page = shown(desk, made).content.decode()
    for visit in made.visits.all():
        assert reverse("admin:visits_visit_change", args=[visit.pk]) in page
    assert page.count("cancelled") == page.count("scheduled") == 1


def test_conversations_say_how_much_is_written_but_not_what(desk, pair):
    _, conversation = pair
    (row,) = listed(desk, "userconversation").context["cl"].result_list
    assert (row.written, row.unread, row.all_meets, row.live_meets) == (3, 3, 2, 1)
    for response in (listed(desk, "userconversation"), shown(desk, conversation)):
        assert response.status_code == 200
        assert SECRET not in response.content.decode()


def test_blocks_say_who_since_when_and_their_visits(desk, pair, asha, bala):
    block, _ = flatmates.block(by=bala, blocked_user_id=asha.pk)
    (row,) = listed(desk, "userblock").context["cl"].result_list
    assert (row.blocker, row.blocked, row.created_at) == (bala, asha, block.created_at)
    assert (row.all_meets, row.live_meets) == (2, 0)
    assert shown(desk, block).content.decode().count("cancelled") == 2


def test_messages_have_no_page(desk, pair):
    for path in ("/admin/flatmates/message/", "/admin/flatmates/message/1/change/"):
        assert desk.get(path).status_code == 404
    assert "message" not in desk.get("/admin/flatmates/").content.decode().lower()


def test_nothing_is_added_changed_or_deleted(desk, ops, pair):
    ops.is_superuser = True
    ops.save()
    made, conversation = pair
    for row in (made, conversation):
        name = row._meta.model_name
        assert desk.get(reverse(f"admin:flatmates_{name}_add")).status_code == 403
        for page in ("change", "delete"):
            path = reverse(f"admin:flatmates_{name}_{page}", args=[row.pk])
            assert desk.post(path, {"status": "closed", "post": "yes"}).status_code == 403
        row.refresh_from_db()
        assert row.status == "active"


def test_who_may_not_view_visits_does_not_see_them(client, ops, pair):
    names = ["view_usermatch", "view_userconversation", "view_userblock"]
    ops.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(ops)
    for row in pair:
        assert "their visits" not in shown(client, row).content.decode()
        assert "of them live" not in listed(client, row._meta.model_name).content.decode()


@pytest.mark.parametrize("model", ["usermatch", "userconversation", "userblock"])
def test_ten_more_rows_need_no_more_queries(desk, asha, pair, model):
    def count():
        with CaptureQueriesContext(connection) as queries:
            rows = len(listed(desk, model).context["cl"].result_list)
        return rows, len(queries)

    def more(n):
        for person in PersonFactory.create_batch(n):
            match(asha, person)
            if model == "userblock":
                flatmates.block(by=person, blocked_user_id=asha.pk)

    more(2)
    rows, queries = count()
    more(10)
    assert count() == (rows + 10, queries)


def test_found_by_name_and_phone(desk, pair, asha):
    asha.phone = "+919812345678"
    asha.save()
    match(PersonFactory(), PersonFactory())
    for model in ("usermatch", "userconversation"):
        path = reverse(f"admin:flatmates_{model}_changelist")
        for text in ("Asha", "98123", str(pair[model == "userconversation"].pk)):
            rows = desk.get(path, {"q": text}).context["cl"].result_list
            assert [row.people() for row in rows] == [pair[0].people()]
