"""Refusals as an assistant reads them: REST's code and text, the wrong fields, and what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django_mcpz.server import ToolError
from rest_framework.exceptions import APIException

from ghar.api.errors import DETAILS, Problem, to_problem
from ghar.errors import DomainError

REFUSALS = (
    DomainError,
    APIException,
    DjangoValidationError,
    PermissionDenied,
    Http404,
    OperationalError,
    InterfaceError,
)
# Keys of DomainError.extra that only tools set, and only this module reads: a list of alternatives, and a
# sentence in place of the one in NEXT_STEPS.
SUGGESTIONS, NEXT_STEP = "suggestions", "next_step"
CORRECT_FIELDS = "Correct the arguments that are named, and ask the user where you are not sure."
NEXT_STEPS = {
    "validation_error": "Do not try the same again. Tell the user why it was refused.",
    "invalid_cursor": "Call again without cursor, with the arguments that you want now.",
    "permission_denied": "Do not try again. Tell the user that their account may not do this.",
    "not_found": "Do not guess ids. Get them from a list or search tool.",
    "invalid_transition": "Read the visit again: its status says what is still possible.",
    "visit_conflict": "Ask the user which of these free times suits them, and call again with it.",
    "agent_not_eligible": "Call agent_candidates, and call again with an agent who is eligible.",
    "property_unavailable": "Suggest another listing to the user.",
    "no_active_match": "Tell the user that the two have to match again first, in the app.",
    "unavailable": "Wait a few seconds, then call again with the same arguments.",
}


@contextmanager
def tool_errors() -> Iterator[None]:
    """Turn refusals into ToolError, which the assistant reads. Unexpected errors pass."""
    try:
        yield
    except REFUSALS as error:
        problem = to_problem(error)
        if problem is None:
            raise
        raise ToolError(refusal_text(problem)) from error


def refusal_text(problem: Problem) -> str:
    """Return the lines of a refusal: code and detail, wrong fields, reasons, the next step, suggestions."""
    fields = [
        f"- {name}: {' '.join(sentences)}" for name, sentences in problem.extra.get("errors", {}).items()
    ]
    reasons = problem.extra.get("reasons", [])
    usual_step = CORRECT_FIELDS if fields else NEXT_STEPS.get(problem.code)
    next_step = problem.extra.get(NEXT_STEP) or usual_step
    lines = [
        f"{problem.code}: {problem.detail or DETAILS[problem.code]}",
        *fields,
        f"Reasons: {', '.join(reasons)}." if reasons else "",
        f"Next: {next_step}" if next_step else "",
        *(f"- {suggestion}" for suggestion in problem.extra.get(SUGGESTIONS, ())),
    ]
    return "\n".join(line for line in lines if line)
