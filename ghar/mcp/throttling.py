from ghar.api.throttling import Throttle


class CallThrottle(Throttle):
    """Counts the calls of all assistants of a user."""

    scope = "mcp"


class RegistrationThrottle(Throttle):
    """Counts the assistants that register from an address."""

    scope = "mcp_registration"
