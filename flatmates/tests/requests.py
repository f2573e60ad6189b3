from rest_framework.response import Response
from rest_framework.test import APIClient

from ghar.accounts.models import User

BASE = "/api/v1/flatmates"
# The answer to a swipe that makes no match.
NO_MATCH = {"did_match": False, "match_id": None, "conversation_id": None}


def swipe(client: APIClient, target: User, action: str = "like", **fields: object) -> Response:
    return client.post(f"{BASE}/swipes", {"target_user_id": target.pk, "action": action, **fields})
