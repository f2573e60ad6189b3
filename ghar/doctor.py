"""What may be wrong with an installation, and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunSQL

from ghar import clock

VERSIONS = range(15, 19)
SKEW = timedelta(seconds=2)
LOCAL = {"127.0.0.1", "localhost", "::1"}
STATEMENT = re.compile(
    r"\b(CREATE|ADD|DROP)\s+(?:OR\s+REPLACE\s+)?(CONSTRAINT\s+TRIGGER|TRIGGER|FUNCTION|CONSTRAINT)\s+"
    r"(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(\w+)",
    re.IGNORECASE,
)
# Functions without a schema, triggers and constraints, and the indexes that stand for constraints.
PRESENT = {
    "function": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "trigger": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    "constraint": "SELECT conname FROM pg_constraint WHERE convalidated"
    " UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid",
    "extension": "SELECT extname FROM pg_extension",
}


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
        for kind, names in sorted(expected().items()):
            yield presence(kind, names)


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


def expected() -> dict[str, set[str]]:
    """Names of what the migrations have made in the database beside tables."""
    found: dict[str, set[str]] = {kind: set() for kind in PRESENT}
    for operation in operations():
        if isinstance(operation, CreateExtension):
            found["extension"].add(operation.name)
        if isinstance(operation, RunSQL) and isinstance(operation.sql, str):
            replay(operation.sql, found)
    ours = (model for model in apps.get_models() if model._meta.managed)
    found["constraint"] |= {one.name for model in ours for one in model._meta.constraints}
    return found


def operations() -> Iterator[Any]:
    loader = MigrationLoader(connection)
    done: set[Any] = set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key not in done:
                done.add(key)
                yield from loader.disk_migrations[key].operations


def replay(sql: str, found: dict[str, set[str]]) -> None:
    for verb, kind, name in re.findall(STATEMENT, sql):
        names = found[kind.lower().split()[-1]]
        names.discard(name) if verb.upper() == "DROP" else names.add(name)


def presence(kind: str, names: set[str]) -> Finding:
    with connection.cursor() as cursor:
        cursor.execute(PRESENT[kind])
        present = {name.strip('"') for (name,) in cursor.fetchall()}
    label = f"{kind.title()}s"
    if missing := sorted(names - present):
        todo = "Somebody removed or disabled them: make them anew as the migrations do, or load a backup."
        return Finding(label, f"missing: {', '.join(missing)}", todo)
    return Finding(label, f"all {len(names)} present")


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
