"""Why an agent was chosen or not, in words for staff."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

REASON_TEXT = {
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
PREVIOUSLY_UNASSIGNED = "was taken off it before and only comes back by name"


def explain_reasons(reasons: Iterable[str]) -> str:
    return _sentence(REASON_TEXT[reason] for reason in reasons)


def explain_refusal(name: str, reasons: Iterable[str]) -> str:
    return f"{name} cannot take this visit: {'; '.join(REASON_TEXT[reason] for reason in reasons)}."


def explain_queue_pick(name: str) -> str:
    """What may come after somebody was taken off a visit, and before its outcome is told."""
    return f" Since then the queue has given it to {name}."


def explain_ranking(key: dict[str, Any]) -> str:
    """What speaks for and against an agent, the weightiest first; `key` is that of a decision."""
    told = [
        "is the seeker's present agent" if not key["not_current"] else "",
        "speaks no language that the seeker prefers" if key["foreign_language"] else "",
        f"is of a type that comes {_ordinal(key['type_rank'] + 1)} at this price" if key["type_rank"] else "",
        _load_text(key),
        _share_text(key["ahead"]),
        _last_assigned_text(key["last_assigned_at"]),
    ]
    return _sentence(part for part in told if part)


def explain_candidate(missing: list[str], key: dict[str, Any], taken_off: bool) -> str:
    """What speaks for and against an agent, before anybody is chosen."""
    told = explain_reasons(missing) if missing else explain_ranking(key)
    return f"{told} {PREVIOUSLY_UNASSIGNED[0].upper()}{PREVIOUSLY_UNASSIGNED[1:]}." if taken_off else told


def explain_no_agent(reasons: Iterable[str], taken_off: bool = False) -> str:
    """Why no agent can take a visit. Some were taken off it if told so, and if nothing else is missing."""
    missing = [REASON_TEXT[reason] for reason in reasons]
    if taken_off or not missing:
        missing.append(PREVIOUSLY_UNASSIGNED)
    return f"No agent can take this visit. What keeps them from it: {'; '.join(missing)}."


def explain_decision(data: dict[str, Any]) -> str:
    """A decision that the history keeps, in words; empty where none was taken by the key."""
    if "reasons" in data:
        return explain_no_agent(data["reasons"])
    if "key" not in data:
        return ""
    others = [f"{other['name']}: {_explain_rival(other)}" for other in data.get("others", [])]
    return " ".join([f"Chosen: {explain_ranking(data['key'])}", *others])


def _explain_rival(other: dict[str, Any]) -> str:
    return (
        explain_reasons(other["reasons"])
        if other["reasons"]
        else f"ranked lower. {explain_ranking(other['key'])}"
    )


def _load_text(key: dict[str, Any]) -> str:
    return f"is busy to {key['load']} % of capacity" + (
        ", which counts against him" if key["load_band"] else ""
    )


def _share_text(ahead: int) -> str:
    """`ahead` is rounded down: 0 and -1 are both within one visit of it."""
    if ahead > 0:
        return f"is {ahead} ahead of the fair share"
    return f"is {-ahead} behind the fair share" if ahead < -1 else "has the fair share"


def _last_assigned_text(moment: str | None) -> str:
    if moment is None:
        return "has had no visit yet"
    return f"got the last visit on {datetime.fromisoformat(moment):%d %b at %H:%M} UTC"


def _ordinal(number: int) -> str:
    return {2: "second", 3: "third"}.get(number, f"{number}th")


def _sentence(parts: Iterable[str]) -> str:
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."
