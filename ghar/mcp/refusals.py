"""What is refused, told to a model: the code and text of REST, what to do next, what else there is."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, OperationalError
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
    DataError,
    OperationalError,
    InterfaceError,
)
# Keys of an error's `extra` that faces other than this one do not know.
OFFERS, NEXT = "offers", "next"
WITH_FIELDS = "Correct the arguments that are named, asking the user where you are not sure."
NEXT_STEPS = {
    "validation_error": "Do not try the same again: tell the user why it is refused.",
    "invalid_cursor": "Call again without cursor, with the arguments that you want now.",
    "permission_denied": "Do not try again: tell the user that his account may not do this.",
    "not_found": "Do not guess ids: a list or search tool names those that there are.",
    "invalid_transition": "Read it again: its status says what is still possible.",
    "visit_conflict": "Ask the user which of the free times suits, and call again with it.",
    "agent_not_eligible": "Ask for the candidates, and call again with an agent who is eligible.",
    "property_unavailable": "Suggest another listing to the user.",
    "no_active_match": "Tell the user that the two have to match again first, in the app.",
    "unavailable": "Wait a few seconds, then call again with the same arguments.",
}


@contextmanager
def in_band() -> Iterator[None]:
    """Refusals become the tool's answer; what nobody expected is left to fail."""
    try:
        yield
    except REFUSALS as error:
        problem = to_problem(error)
        if problem is None:
            raise
        raise ToolError(refusal_text(problem)) from error


def refusal_text(problem: Problem) -> str:
    fields = [
        f"- {name}: {' '.join(sentences)}" for name, sentences in problem.extra.get("errors", {}).items()
    ]
    reasons = problem.extra.get("reasons", [])
    usual = WITH_FIELDS if fields else NEXT_STEPS.get(problem.code)
    next_step = problem.extra.get(NEXT) or usual
    lines = [
        f"{problem.code}: {problem.detail or DETAILS[problem.code]}",
        *fields,
        f"Reasons: {', '.join(reasons)}." if reasons else "",
        f"Next: {next_step}" if next_step else "",
        *(f"- {offer}" for offer in problem.extra.get(OFFERS, ())),
    ]
    return "\n".join(line for line in lines if line)
