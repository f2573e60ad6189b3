"""What a service may refuse. No HTTP in here: each face turns these into its own answer once."""

from typing import Any


class DomainError(Exception):
    """A refusal with a code of the contract, a sentence for people, and whatever helps to go on."""

    code = "validation_error"

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra


class Invalid(DomainError):
    """The input is wrong. `errors` names the fields."""

    def __init__(self, detail: str = "Check the fields named in errors.", **errors: str) -> None:
        super().__init__(detail, **({"errors": {k: [v] for k, v in errors.items()}} if errors else {}))


class NotAllowed(DomainError):
    """The person may see the thing, but may not do this to it."""

    code = "permission_denied"


class NotFound(DomainError):
    code = "not_found"


class Outdated(DomainError):
    """The caller's version is not the present one."""

    code = "precondition_failed"


class Refused(DomainError):
    """The present state forbids it. Its subclasses carry the contract's 409 codes."""


class VisitConflict(Refused):
    """Somebody is taken at that time. `alternatives` is a list of {"start", "end"}."""

    code = "visit_conflict"


class InvalidTransition(Refused):
    code = "invalid_transition"


class AgentNotEligible(Refused):
    """`reasons` is a list of the names in visits.scheduling.eligibility.REASONS."""

    code = "agent_not_eligible"


class PropertyUnavailable(Refused):
    code = "property_unavailable"


class NoActiveMatch(Refused):
    code = "no_active_match"
