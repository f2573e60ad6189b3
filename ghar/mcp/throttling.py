from ghar.api.throttling import Throttle


class CallThrottle(Throttle):
    scope = "mcp"


class RegistrationThrottle(Throttle):
    scope = "mcp_registration"
