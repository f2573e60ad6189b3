"""The table of time zones that Python reads, and the present names of zones with several."""

import zoneinfo
from functools import cache
from importlib import resources
from pathlib import Path

# Old names for which the table names another place that has the same clock, instead of their own.
OWN_PLACES = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}


def use_table(directory: Path) -> None:
    """Let Python read the time zones in a directory; those that it lacks come from the package tzdata.

    Given the embedded PostgreSQL's directory, Python and the database agree whatever the rules are. The
    machine's table may be years older, and tzdata is younger. A ZoneInfo that exists keeps its rules: call
    this before any is made.
    """
    zoneinfo.reset_tzpath((str(directory),))
    zoneinfo.ZoneInfo.clear_cache()


@cache
def present_names() -> dict[str, str]:
    """Return the present name by each old or other name of a zone: Asia/Kolkata by Asia/Calcutta.

    The names of zone.tab stay as they are: Europe/Oslo has the clock of Europe/Berlin, and is a place.
    """
    files = resources.files("tzdata") / "zoneinfo"
    rows = [line.split("\t") for line in (files / "zone.tab").read_text().splitlines()]
    places = {row[2] for row in rows if not row[0].startswith("#")}
    links = [line.split() for line in (files / "tzdata.zi").read_text().splitlines() if line.startswith("L ")]
    names = {name: target for _, target, name in links if name not in places} | OWN_PLACES
    # "UTC" is the name that everybody knows.
    utc = {name: "UTC" for name, target in names.items() if target == "Etc/UTC"}
    return {name: target for name, target in (names | utc | {"Etc/UTC": "UTC"}).items() if name != target}


def present_name(name: str) -> str:
    """Return the name under which a time zone is stored; an unknown name stays as it is."""
    return present_names().get(name, name)
