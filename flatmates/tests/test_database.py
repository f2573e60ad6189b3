"""What the database refuses of a pair, tried by plain SQL."""

import pytest
from django.db import IntegrityError, connection, transaction

from ghar.transactions import violated

pytestmark = pytest.mark.django_db

NOW = "created_at, updated_at) VALUES ({}, now(), now())"
SWIPE = f"INSERT INTO flatmates_swipe (user_id, target_id, action, {NOW}"
MATCH = f"INSERT INTO flatmates_usermatch (user_one_id, user_two_id, status, {NOW}"
CONVERSATION = f"INSERT INTO flatmates_userconversation (user_one_id, user_two_id, status, source, {NOW}"
BLOCK = "INSERT INTO flatmates_userblock (blocker_id, blocked_id, created_at) VALUES ({}, now())"

# The constraint, a row of `one` and `two` that is as it should be, and one that must not follow.
REFUSED = [
    ("swipe_once_per_target", SWIPE, "{one}, {two}, 'like'", "{one}, {two}, 'pass'"),
    ("swipe_not_oneself", SWIPE, "{one}, {two}, 'like'", "{one}, {one}, 'like'"),
    ("match_once_per_pair", MATCH, "{one}, {two}, 'active'", "{one}, {two}, 'unmatched'"),
    ("match_canonical_pair", MATCH, "{one}, {two}, 'active'", "{two}, {one}, 'active'"),
    ("match_canonical_pair", MATCH, "{one}, {two}, 'active'", "{one}, {one}, 'active'"),
    (
        "conversation_once_per_pair",
        CONVERSATION,
        "{one}, {two}, 'active', ''",
        "{one}, {two}, 'closed', ''",
    ),
    (
        "conversation_canonical_pair",
        CONVERSATION,
        "{one}, {two}, 'active', ''",
        "{two}, {one}, 'active', ''",
    ),
    ("block_once", BLOCK, "{one}, {two}", "{one}, {two}"),
    ("block_not_oneself", BLOCK, "{one}, {two}", "{one}, {one}"),
]


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(("constraint", "insert", "good", "bad"), REFUSED)
def test_a_pair_that_must_never_be_is_refused(asha, bala, constraint, insert, good, bad):
    one, two = sorted([asha.pk, bala.pk])
    sql(insert.format(good.format(one=one, two=two)))
    again = insert.format(bad.format(one=one, two=two))
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        sql(again)
    assert violated(caught.value) == constraint
    sql("SET CONSTRAINTS ALL IMMEDIATE")  # no ALTER TABLE while foreign keys wait to be checked
    sql(f"ALTER TABLE {insert.split()[2]} DROP CONSTRAINT {constraint}")
    sql(again)
