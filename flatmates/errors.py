"""The refusals of the flatmates' rules. Each code is one of the contract's 409 codes."""

from ghar.errors import Refused


class NoActiveMatch(Refused):
    """The two users are not matched, or no longer."""

    code = "no_active_match"
