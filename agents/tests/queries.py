from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient


def count_queries(client: APIClient, url: str) -> int:
    """Return how many queries a GET needs once the user's permissions are cached."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)
