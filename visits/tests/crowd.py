"""Calls of the API for races: each in a client of its own, and their outcomes counted."""

from collections import Counter
from functools import partial

from rest_framework.test import APIClient


def post(user, path, body):
    client = APIClient()
    client.force_authenticate(user)
    return client.post(f"/api/v1{path}", body, format="json")


def booking(user, listing, start, **more):
    body = {"property_id": listing.pk, "scheduled_date": start.isoformat(), **more}
    return partial(post, user, "/visits", body)


def answers(responses):
    return Counter((r.status_code, r.data.get("code", "")) for r in responses)
