"""Why an agent was chosen or not, in words for staff."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

OBSTACLES = {
    "inactive": "is no longer employed",
    "unavailable": "takes no new visits",
    "city": "does not serve this city",
    "hours": "does not work then",
    "time_off": "is on time off",
    "capacity": "has as many live visits as he can take",
    "busy": "is at another listing then",
    "travel": "cannot get there in time from his neighbouring visit",
    "own_visit": "is the visitor himself",
}


def of_obstacles(reasons: Iterable[str]) -> str:
    return _sentence(OBSTACLES[reason] for reason in reasons)


def of_key(key: dict[str, Any]) -> str:
    """What speaks for an agent, best part first; `key` is that of a decision."""
    last = key["last_assigned_at"]
    told = [
        "is the seeker's present agent" if not key["not_current"] else "",
        "speaks another language than the seeker prefers" if key["foreign_language"] else "",
        f"is of a type that ranks {key['type_rank'] + 1} at this price" if key["type_rank"] else "",
        f"is in load band {key['load']}",
        f"got his last visit on {datetime.fromisoformat(last):%d %b at %H:%M} UTC"
        if last
        else "has had no visit yet",
    ]
    return _sentence(part for part in told if part)


def _sentence(parts: Iterable[str]) -> str:
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."
