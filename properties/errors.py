"""The refusals of a listing's rules. Each code is one of the contract's 409 codes."""

from ghar.errors import Refused


class PropertyUnavailable(Refused):
    """The listing takes no visits: it is sold, rented, withdrawn or switched off."""

    code = "property_unavailable"
