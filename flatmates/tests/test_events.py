"""What a pair hears of each other, and that nobody else does."""

import pytest
from django.db import transaction

from flatmates import services
from flatmates.tests.factories import like, match
from ghar.errors import DomainError
from ghar.models import OutboxEvent

pytestmark = pytest.mark.django_db


def heard():
    return list(OutboxEvent.objects.order_by("pk").values_list("type", "channels", "data"))


def test_a_match_is_told_to_each_once(asha, bala):
    like(asha, bala)
    assert heard() == []
    outcome = like(bala, asha)
    like(asha, bala)
    expected = [
        (
            "new_match",
            [f"user-{person.pk}"],
            {
                "match_id": outcome.match_id,
                "peer_user_id": peer.pk,
                "conversation_id": outcome.conversation_id,
            },
        )
        for person, peer in ((asha, bala), (bala, asha))
    ]
    assert heard() == expected


def test_a_new_match_after_parting_is_told_again(asha, bala):
    first, _ = match(asha, bala)
    services.unmatch(match=first, by=asha)
    match(asha, bala)
    assert [type_ for type_, *_ in heard()] == ["new_match"] * 4


def test_a_message_is_told_to_both_without_its_text(api, asha, bala, matched):
    OutboxEvent.objects.all().delete()
    _, conversation = matched
    path = f"/api/v1/flatmates/conversations/{conversation.pk}/messages"
    message = api(asha).post(path, {"body": "Are you free on Sunday?"}).json()
    assert heard() == [
        (
            "new_message",
            sorted([f"user-{asha.pk}", f"user-{bala.pk}"]),
            {"conversation_id": conversation.pk, "message_id": message["id"], "sender_id": asha.pk},
        )
    ]


def test_what_was_refused_or_rolled_back_is_not_told(api, asha, bala, chitra, matched):
    OutboxEvent.objects.all().delete()
    the_match, conversation = matched
    path = f"/api/v1/flatmates/conversations/{conversation.pk}/messages"
    assert api(chitra).post(path, {"body": "Hi"}).status_code == 404
    with pytest.raises(DomainError), transaction.atomic():
        services.send_message(conversation=conversation, by=asha, body="Hi")
        raise DomainError("Something else failed")
    services.unmatch(match=the_match, by=bala)
    assert api(asha).post(path, {"body": "Hi"}).status_code == 409
    assert heard() == []
