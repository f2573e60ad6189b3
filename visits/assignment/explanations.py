"""Words for why an agent was chosen or not, made when they are read: the history keeps only the data."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from ghar.clock import format_local
from visits.scheduling.eligibility import REASONS


def explain_reasons(reasons: Iterable[str]) -> str:
    """Return a sentence of what makes an agent ineligible, such as "Is on time off; takes no new visits."."""
    return _sentence(str(REASONS[reason].text) for reason in reasons)


def explain_refusal(name: str, reasons: Iterable[str]) -> str:
    return _("%(agent)s can't take this visit: %(reasons)s.") % {
        "agent": name,
        "reasons": "; ".join(str(REASONS[reason].text) for reason in reasons),
    }


def explain_queue_pick(name: str) -> str:
    """Return what may follow when an agent was unassigned: the queue was faster than the answer."""
    return _("The queue has since assigned %(agent)s.") % {"agent": name}


def explain_ranking(key: dict[str, Any]) -> str:
    """Return what counts for and against an agent, weightiest first; `key` is a decision's."""
    parts = []
    if not key["not_current"]:
        parts.append(_("the seeker's current agent"))
    if key["foreign_language"]:
        parts.append(_("speaks none of the seeker's preferred languages"))
    if key["type_rank"]:
        parts.append(_("choice %(rank)d by type at this price") % {"rank": key["type_rank"] + 1})
    load = _("%(load)d%% of capacity") % {"load": key["load"]}
    parts.append(_("%(load)s, which counts against them") % {"load": load} if key["load_band"] else load)
    # The surplus is rounded down: 0 and -1 are both within one visit of the fair share.
    if key["surplus"] > 0:
        parts.append(_("%(visits)d ahead of fair share") % {"visits": key["surplus"]})
    elif key["surplus"] < -1:
        parts.append(_("%(visits)d behind fair share") % {"visits": -key["surplus"]})
    else:
        parts.append(_("at fair share"))
    if key["last_assigned_at"] is None:
        parts.append(_("no visit assigned yet"))
    else:
        moment = datetime.fromisoformat(key["last_assigned_at"])
        when = format_local(moment, settings.OFFICE_TIME_ZONE.key)
        parts.append(_("last assigned %(when)s") % {"when": when})
    return _sentence(parts)


def explain_candidate(reasons: list[str], key: dict[str, Any], was_unassigned: bool) -> str:
    """Return what counts for and against an agent before anybody is chosen."""
    text = explain_reasons(reasons) if reasons else explain_ranking(key)
    if not was_unassigned:
        return text
    note = _("Unassigned from this visit earlier; assign manually to bring them back.")
    return f"{text} {note}"


def explain_no_agent(reasons: Iterable[str], some_unassigned: bool = False) -> str:
    """Return why no agent can take a visit; `some_unassigned` if staff unassigned agents from it earlier."""
    obstacles = [str(REASONS[reason].text) for reason in reasons]
    if some_unassigned or not obstacles:
        obstacles.append(_("was unassigned from this visit"))
    return _("No agent can take this visit. What stands in the way: %(obstacles)s.") % {
        "obstacles": "; ".join(obstacles)
    }


def explain_decision(data: dict[str, Any]) -> str:
    """Return the words for a decision that the history keeps; empty where nothing was decided by the key."""
    if "overridden" in data:
        return _("Assigned despite: %(reasons)s") % {"reasons": explain_reasons(data["overridden"])}
    if "reasons" in data:
        return explain_no_agent(data["reasons"])
    if "key" not in data:
        return ""
    sentences = [_("Chosen: %(why)s") % {"why": explain_ranking(data["key"])}]
    for other in data.get("others", []):
        ranking = _("ranked lower. %(why)s") % {"why": explain_ranking(other["key"])}
        why = explain_reasons(other["reasons"]) if other["reasons"] else ranking
        sentences.append(f"{other['name']}: {why}")
    return " ".join(sentences)


def _sentence(parts: Iterable[str]) -> str:
    sentence = "; ".join(parts)
    return f"{sentence[:1].upper()}{sentence[1:]}."
