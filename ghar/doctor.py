"""What may be wrong with an installation, and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddConstraint, CreateModel, RunSQL

from ghar import clock
from ghar.validators import timezones, validate_timezone

VERSIONS = range(15, 19)
SKEW = timedelta(seconds=2)
LOCAL = {"127.0.0.1", "localhost", "::1"}
STATEMENT = re.compile(
    r"\b(CREATE|ADD|DROP)\s+(?:OR\s+REPLACE\s+)?(CONSTRAINT\s+TRIGGER|TRIGGER|FUNCTION|CONSTRAINT)\s+"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(\w+)",
    re.IGNORECASE,
)
# Name of a thing in the database, and the migration that makes it: ("visits", "0002_guarantees").
Origins = dict[str, tuple[str, str]]
# Functions without a schema, triggers and constraints, and the indexes that stand for constraints.
PRESENT = {
    "function": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "trigger": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "constraint": "SELECT conname FROM pg_constraint WHERE convalidated"
    " UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid",
    "extension": "SELECT extname FROM pg_extension",
}
# Also those that only a replica would fire.
DISABLED = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname = ANY(%s) AND tgenabled IN ('D', 'R')
"""
# How far each zone is from UTC, in seconds.
OFFSETS = """
SELECT zone, array_agg(extract(epoch FROM (at AT TIME ZONE zone) - (at AT TIME ZONE 'UTC'))::int ORDER BY at)
FROM unnest(%s::text[]) AS zone, unnest(%s::timestamptz[]) AS at
GROUP BY zone
"""
DAYS_AHEAD = 400


OTHER_ZONES = (
    "Give what is there the zone of a city, or update tzdata and PostgreSQL: one of them does not know these,"
    " or takes them for abbreviations without summer time."
)
UPDATE_ZONES = (
    "Update the older side: of Python the machine's tzdata (or set PYTHONTZPATH= for the tzdata of"
    " requirements.txt), of PostgreSQL its minor release, or its machine's tzdata if it was built for that."
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `todo` says what to do, and is empty when all is well."""

    name: str
    seen: str
    todo: str = ""

    @property
    def is_well(self) -> bool:
        return not self.todo


def examine() -> Iterator[Finding]:
    yield from settings_findings()
    yield version()
    yield skew()
    applied = migrations()
    yield applied
    if applied.is_well:
        found = expected()
        for kind, origins in sorted(found.items()):
            yield presence(kind, origins)
        yield from disabled_triggers(found["trigger"])
        yield from time_zones()


def settings_findings() -> Iterator[Finding]:
    problems = list(pitfalls())
    if not settings.DEBUG:
        problems += [(str(found.msg), str(found.hint or found.id)) for found in deployment_checks()]
    for seen, todo in problems:
        yield Finding("Settings", seen, todo)
    if not problems:
        yield Finding("Settings", "DEBUG=1, for this machine only" if settings.DEBUG else "fit for strangers")


def deployment_checks() -> list[checks.CheckMessage]:
    found = checks.run_checks(include_deployment_checks=True)
    return [one for one in found if one.level >= checks.WARNING and not one.is_silenced()]


def pitfalls() -> Iterator[tuple[str, str]]:
    """What is no error, and yet hardly meant."""
    is_local = urlsplit(settings.PUBLIC_URL).hostname in LOCAL
    if settings.DEBUG and not is_local:
        yield f"DEBUG=1 at {settings.PUBLIC_URL}", "Set DEBUG=0: errors show the code and its data to anyone."
    if not settings.HTTPS and not is_local:
        yield f"PUBLIC_URL={settings.PUBLIC_URL}", "Put TLS in front and set PUBLIC_URL to https://…"
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        yield "https without GHAR_TRUSTED_PROXIES", "Name the proxy's address: it tells who the client is."
    if "*" in settings.ALLOWED_HOSTS:
        yield "ALLOWED_HOSTS=*", "Name the hosts: links in answers are made from what clients claim."
    if not settings.THROTTLE:
        yield "GHAR_THROTTLE=off", "Remove it: it is for load tests, and lets passwords be guessed."


def version() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        seen = cursor.fetchone()[0]
    major = int(seen.split(".")[0].split()[0])
    todo = f"Use PostgreSQL {VERSIONS.start} to {VERSIONS.stop - 1}." if major not in VERSIONS else ""
    return Finding("PostgreSQL", seen, todo)


def migrations() -> Finding:
    if missing := missing_migrations():
        return Finding("Migrations", f"not applied: {', '.join(missing)}", "Run: python manage.py migrate")
    return Finding("Migrations", "all applied")


def missing_migrations() -> list[str]:
    loader = MigrationLoader(connection)
    missing = set(loader.graph.nodes) - set(loader.applied_migrations)
    return sorted(".".join(key) for key in missing)


def expected() -> dict[str, Origins]:
    """What the migrations have made in the database beside tables, and which of them made it."""
    found: dict[str, Origins] = {kind: {} for kind in PRESENT}
    of_models: Origins = {}
    for key, operation in operations():
        of_models |= dict.fromkeys(constraints(operation), key)
        if isinstance(operation, CreateExtension):
            found["extension"][operation.name] = key
        if isinstance(operation, RunSQL) and isinstance(operation.sql, str):
            replay(operation.sql, key, found)
    ours = (model for model in apps.get_models() if model._meta.managed)
    names = {one.name for model in ours for one in model._meta.constraints}
    found["constraint"] |= {name: of_models[name] for name in names}
    return found


def constraints(operation: Any) -> list[str]:
    if isinstance(operation, AddConstraint):
        return [operation.constraint.name]
    if isinstance(operation, CreateModel):
        return [one.name for one in operation.options.get("constraints", ())]
    return []


def operations() -> Iterator[tuple[tuple[str, str], Any]]:
    loader = MigrationLoader(connection)
    done: set[Any] = set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key not in done:
                done.add(key)
                yield from ((key, operation) for operation in loader.disk_migrations[key].operations)


def replay(sql: str, key: tuple[str, str], found: dict[str, Origins]) -> None:
    for verb, kind, name in re.findall(STATEMENT, sql):
        origins = found[kind.lower().split()[-1]]
        if verb.upper() == "DROP":
            origins.pop(name, None)
        else:
            origins[name] = key


def presence(kind: str, origins: Origins) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(PRESENT[kind])
        present = {name.strip('"') for (name,) in cursor.fetchall()}
    label = f"{kind.title()}s"
    if missing := sorted(origins.keys() - present):
        todo = f"Somebody removed them. Make them anew, or load a backup: {how_to_make(missing, origins)}."
        return Finding(label, f"missing: {', '.join(missing)}", todo)
    return Finding(label, f"all {len(origins)} present")


def how_to_make(names: list[str], origins: Origins) -> str:
    """Where the statements stand, for each of the migrations concerned."""
    by_migration: dict[tuple[str, str], list[str]] = {}
    for name in names:
        by_migration.setdefault(origins[name], []).append(name)
    return "; ".join(
        f"python manage.py sqlmigrate {app} {migration} shows {', '.join(made)}"
        for (app, migration), made in by_migration.items()
    )


def disabled_triggers(origins: Origins) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute(DISABLED, [list(origins)])
        rows = sorted(cursor.fetchall())
    if rows:
        lines = " ".join(f"ALTER TABLE {table} ENABLE TRIGGER {name};" for table, name in rows)
        names = ", ".join(name for _, name in rows)
        yield Finding("Triggers", f"disabled: {names}", f"Run in python manage.py dbshell: {lines}")


def time_zones() -> Iterator[Finding]:
    """Working hours are judged by the database, and shown by Python: both have tables of their own."""
    used = zones_in_use()
    zones = sorted(used & timezones())
    if strange := sorted(used - timezones()):
        yield Finding("Time zones", f"not to be used: {', '.join(strange)}", OTHER_ZONES)
    if differ := sorted(differing(zones)):
        yield Finding("Time zones", f"Python and PostgreSQL differ in {', '.join(differ)}", UPDATE_ZONES)
    if not strange and not differ:
        yield Finding("Time zones", f"Python and PostgreSQL agree on all {len(zones)} in use")


def differing(zones: list[str]) -> Iterator[str]:
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    moments = [start + timedelta(hours=hour) for hour in range(24 * DAYS_AHEAD)]
    with connection.cursor() as cursor:
        cursor.execute(OFFSETS, [zones, moments])
        yield from (zone for zone, there in cursor.fetchall() if there != offsets(zone, moments))


def zones_in_use() -> set[str]:
    """Those of listings, of agents (whatever has a zone) and of the desk."""
    used = {settings.OFFICE_TIME_ZONE.key}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if validate_timezone in field.validators:
                used |= set(model._base_manager.values_list(field.attname, flat=True).distinct())
    return used


def offsets(zone: str, moments: list[datetime]) -> list[int]:
    there = ZoneInfo(zone)
    return [int(moment.astimezone(there).utcoffset().total_seconds()) for moment in moments]  # type: ignore[union-attr]


def skew() -> Finding:
    """A difference shows as bookings refused as past, or sessions that end early."""
    before = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
    after = clock.now()
    apart = max(before - there, there - after, timedelta())
    todo = "Let both machines set their clocks by NTP." if apart > SKEW else ""
    return Finding("Clocks", f"{apart.total_seconds():.1f} s apart from the database", todo)
