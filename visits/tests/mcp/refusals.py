"""Calls that are refused, each as a tool's and as REST's.

By name: the tool, its arguments, and (method, path, body or query) over REST; `w` is the fixture `world`. The
tools of the agency, whose names start with "agent_", are called by staff, all others by Asha.
"""

from visits.tests.factories import local
from visits.tests.mcp.helpers import FAR_ID, iso, local_day

REFUSALS = {
    "no such listing": (
        "visits_schedule",
        lambda w: {"property_id": FAR_ID, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": FAR_ID, "scheduled_date": iso(local(2, 11))}),
    ),
    "a time that is past": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": "2020-01-01T10:00:00Z"},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": "2020-01-01T10:00:00Z"}),
    ),
    "too far ahead": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": iso(local(92, 11))},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": iso(local(92, 11))}),
    ),
    "no time at all": (
        "visits_schedule",
        lambda w: {"property_id": w.listing, "scheduled_date": "tomorrow"},
        lambda w: ("POST", "visits", {"property_id": w.listing, "scheduled_date": "tomorrow"}),
    ),
    "nothing given": ("visits_schedule", lambda w: {}, lambda w: ("POST", "visits", {})),
    "an unknown argument": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": iso(local(3, 11)), "when": "x"},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": iso(local(3, 11)), "when": "x"}),
    ),
    "a listing that is not available": (
        "visits_schedule",
        lambda w: {"property_id": w.sold_listing, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.sold_listing, "scheduled_date": iso(local(2, 11))}),
    ),
    "one's own listing": (
        "visits_schedule",
        lambda w: {"property_id": w.own_listing, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.own_listing, "scheduled_date": iso(local(2, 11))}),
    ),
    "two places at once": (
        "visits_schedule",
        lambda w: {"property_id": w.other_listing, "scheduled_date": iso(local(2, 11))},
        lambda w: ("POST", "visits", {"property_id": w.other_listing, "scheduled_date": iso(local(2, 11))}),
    ),
    "a stranger's visit": (
        "visits_get",
        lambda w: {"visit_id": w.bala_tour},
        lambda w: ("GET", f"visits/{w.bala_tour}", {}),
    ),
    "cancelling a stranger's visit": (
        "visits_cancel",
        lambda w: {"visit_id": w.bala_tour, "confirm": True},
        lambda w: ("POST", f"visits/{w.bala_tour}/cancel", {}),
    ),
    "cancelling the visit to one's listing": (
        "visits_cancel",
        lambda w: {"visit_id": w.tour_at_own_listing, "confirm": True},
        lambda w: ("POST", f"visits/{w.tour_at_own_listing}/cancel", {}),
    ),
    "cancelling what is over": (
        "visits_cancel",
        lambda w: {"visit_id": w.completed_tour, "confirm": True},
        lambda w: ("POST", f"visits/{w.completed_tour}/cancel", {}),
    ),
    "too long a reason": (
        "visits_cancel",
        lambda w: {"visit_id": w.tour, "reason": "x" * 501},
        lambda w: ("POST", f"visits/{w.tour}/cancel", {"reason": "x" * 501}),
    ),
    "moving into another visit": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": iso(local(4, 11))},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": iso(local(4, 11))}),
    ),
    "moving into the past": (
        "visits_reschedule",
        lambda w: {"visit_id": w.tour, "new_date": "2020-01-01T10:00:00Z"},
        lambda w: ("POST", f"visits/{w.tour}/reschedule", {"new_date": "2020-01-01T10:00:00Z"}),
    ),
    "moving what is over": (
        "visits_reschedule",
        lambda w: {"visit_id": w.completed_tour, "new_date": iso(local(3, 11))},
        lambda w: ("POST", f"visits/{w.completed_tour}/reschedule", {"new_date": iso(local(3, 11))}),
    ),
    "a forged cursor": (
        "visits_list",
        lambda w: {"cursor": "x"},
        lambda w: ("GET", "visits", {"cursor": "x"}),
    ),
    "slots of nothing": (
        "visits_slots",
        lambda w: {"property_id": FAR_ID, "from_date": local_day(1), "to_date": local_day(1)},
        lambda w: ("GET", f"properties/{FAR_ID}/slots", {"from": local_day(1), "to": local_day(1)}),
    ),
    "too many days": (
        "visits_slots",
        lambda w: {"property_id": w.listing, "from_date": local_day(1), "to_date": local_day(40)},
        lambda w: ("GET", f"properties/{w.listing}/slots", {"from": local_day(1), "to": local_day(40)}),
    ),
    "half a place": (
        "properties_search",
        lambda w: {"lat": 19.1},
        lambda w: ("GET", "properties", {"lat": 19.1}),
    ),
    "candidates of nothing": (
        "agent_candidates",
        lambda w: {"visit_id": FAR_ID},
        lambda w: ("GET", f"visits/{FAR_ID}/candidates", {}),
    ),
    "an agent who cannot": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": w.agent_elsewhere, "reason": "x"},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": w.agent_elsewhere, "reason": "x"}),
    ),
    "no such agent": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": FAR_ID, "reason": "x"},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": FAR_ID, "reason": "x"}),
    ),
    "another agent without a reason": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.tour, "agent_id": w.second_agent},
        lambda w: ("POST", f"visits/{w.tour}/assign", {"agent_id": w.second_agent}),
    ),
    "an agent for what is over": (
        "agent_assign_visit",
        lambda w: {"visit_id": w.completed_tour, "agent_id": w.second_agent, "reason": "x"},
        lambda w: ("POST", f"visits/{w.completed_tour}/assign", {"agent_id": w.second_agent, "reason": "x"}),
    ),
    "an agent whom nobody knows": (
        "agent_get",
        lambda w: {"agent_id": FAR_ID},
        lambda w: ("GET", f"agents/{FAR_ID}", {}),
    ),
    "no word on availability": (
        "agent_set_availability",
        lambda w: {"agent_id": w.second_agent, "is_available": "perhaps"},
        lambda w: ("PATCH", f"agents/{w.second_agent}/availability", {"is_available": "perhaps"}),
    ),
}
