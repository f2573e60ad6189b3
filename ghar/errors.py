"""The errors that services raise. They know nothing of HTTP: each face turns them into its own answer once.

Refusals that belong to one app stand in that app's `errors.py`.
"""

from typing import Any


class DomainError(Exception):
    """A refusal: a code of the contract, a sentence for people, and what helps the caller to go on.

    `extra` goes into the answer beside code and detail: field errors, free times, reasons.
    """

    code = "validation_error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Invalid(DomainError):
    """The input is wrong. Keyword arguments give one sentence for each wrong field.

    Without a `detail`, the first of these sentences is it.
    """

    def __init__(self, detail: str = "", **errors: str) -> None:
        extra = {"errors": {name: [sentence] for name, sentence in errors.items()}} if errors else {}
        super().__init__(detail or next(iter(errors.values()), ""), **extra)


class NotAllowed(DomainError):
    """The user may see the object but may not do this to it."""

    code = "permission_denied"


class NotFound(DomainError):
    """The object is gone, or the user may not see it."""

    code = "not_found"


class Outdated(DomainError):
    """The caller's version is not the current one."""

    code = "precondition_failed"


class Refused(DomainError):
    """The current state does not allow it. Subclasses carry the contract's 409 codes."""
