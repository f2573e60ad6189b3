"""The refusals of a visit's rules. Each code is one of the contract's 409 codes."""

from ghar.errors import Refused


class VisitConflict(Refused):
    """A participant or the listing is busy at that time.

    `alternatives` in `extra` lists free times: {"start": datetime, "end": datetime}, both in UTC.
    """

    code = "visit_conflict"


class InvalidTransition(Refused):
    """The visit's status does not allow the change."""

    code = "invalid_transition"


class AgentNotEligible(Refused):
    """The agent, or every agent, fails a rule of eligibility.

    `reasons` in `extra` lists the keys of the rules: see visits.scheduling.eligibility.
    """

    code = "agent_not_eligible"
