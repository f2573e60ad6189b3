"""Readers of the API's responses for tests."""

from datetime import UTC, datetime

from rest_framework.response import Response


def iso(moment: datetime) -> str:
    """Return a moment as the API writes it, without a fraction of a second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def problem(response: Response) -> tuple[int, str]:
    """Return status and code of an error, and check that it is a problem of the contract."""
    assert response["Content-Type"] == "application/problem+json", response.content[:300]
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    return response.status_code, body["code"]


def problem_fields(response: Response) -> tuple[int, str, list[str]]:
    """Return status, code, and the sorted names of the fields that the error names."""
    return *problem(response), sorted(response.json().get("errors", {}))
