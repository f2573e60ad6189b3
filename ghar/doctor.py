"""Finds what is wrong with an installation, and says what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.core import checks
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddConstraint, CreateModel
from django.db.models import Model

from ghar import clock
from ghar.fields import TimeZoneField
from ghar.migration_operations import InstallSQL
from ghar.migration_state import START_AGAIN, is_from_before_release, missing_migrations
from ghar.sql_files import SQLFile
from ghar.validators import timezones

VERSIONS = range(15, 19)
SKEW = timedelta(seconds=2)
# Name of a thing in the database, and the migration that makes it: ("visits", "0001_initial").
Origins = dict[str, tuple[str, str]]
EXTENSIONS = "SELECT extname FROM pg_extension"
# Also the indexes that stand for constraints.
CONSTRAINTS = """
SELECT conname FROM pg_constraint WHERE convalidated
UNION SELECT indexrelid::regclass::text FROM pg_index WHERE indisunique AND indisvalid
"""
FUNCTIONS = "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
TRIGGERS = "SELECT tgname, pg_get_triggerdef(oid, true), tgenabled FROM pg_trigger WHERE NOT tgisinternal"
# Also those that only a replica would fire.
DISABLED = {"D", "R"}
# How far each zone is from UTC, in seconds.
OFFSETS = """
SELECT zone, array_agg(extract(epoch FROM (at AT TIME ZONE zone) - (at AT TIME ZONE 'UTC'))::int ORDER BY at)
FROM unnest(%s::text[]) AS zone, unnest(%s::timestamptz[]) AS at
GROUP BY zone
"""
DAYS_AHEAD = 400
# So many rows of a kind are named in a finding.
MAX_NAMED = 5


OTHER_ZONES = (
    "Give what is there the zone of a city, or update tzdata and PostgreSQL: one of them does not know these,"
    " or takes them for abbreviations without summer time. Until then agents there get no visits, and"
    " listings there take none."
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
    id: str = ""

    @property
    def is_well(self) -> bool:
        return not self.todo


def examine() -> Iterator[Finding]:
    yield from settings_findings()
    yield from database_findings()


def settings_findings() -> Iterator[Finding]:
    """Return the warnings of `check --deploy`; with DEBUG, of which Django warns, the project's own alone."""
    found = checks.run_checks(include_deployment_checks=True)
    wrong = [each for each in found if each.level >= checks.WARNING and not each.is_silenced()]
    if settings.DEBUG:
        wrong = [each for each in wrong if str(each.id).startswith("ghar.")]
    for each in wrong:
        yield Finding("Settings", str(each.msg), str(each.hint or each.id), str(each.id))
    if not wrong:
        yield Finding("Settings", "DEBUG=1, for this machine only" if settings.DEBUG else "fit for strangers")


def database_findings() -> Iterator[Finding]:
    """Return the errors of `check --database default`; an unmigrated database has only that one."""
    yield version()
    yield skew()
    loader = MigrationLoader(connection)
    applied = migrations(loader)
    yield applied
    if applied.is_well:
        operations = list(all_operations(loader))
        yield presence("Extensions", "ghar.E005", EXTENSIONS, expected_extensions(operations))
        yield presence("Constraints", "ghar.E006", CONSTRAINTS, expected_constraints(operations))
        files = installed_files(operations)
        yield functions(files)
        yield triggers(files)
        yield from time_zones()


def version() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        seen = cursor.fetchone()[0]
    major = int(seen.split(".")[0].split()[0])
    todo = f"Use PostgreSQL {VERSIONS.start} to {VERSIONS.stop - 1}." if major not in VERSIONS else ""
    return Finding("PostgreSQL", seen, todo, "ghar.E002")


def migrations(loader: MigrationLoader) -> Finding:
    if is_from_before_release(connection):
        return Finding("Migrations", "from before release 0.1.0", START_AGAIN, "ghar.E004")
    if missing := missing_migrations(loader):
        seen = f"not applied: {', '.join(missing)}"
        return Finding("Migrations", seen, "Run: python manage.py migrate", "ghar.E004")
    return Finding("Migrations", "all applied")


def all_operations(loader: MigrationLoader) -> Iterator[tuple[tuple[str, str], Any]]:
    """Each operation of the migrations in the order in which they run, with its migration."""
    done: set[Any] = set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key not in done:
                done.add(key)
                yield from ((key, operation) for operation in loader.disk_migrations[key].operations)


def expected_extensions(operations: list[tuple[tuple[str, str], Any]]) -> Origins:
    return {each.name: key for key, each in operations if isinstance(each, CreateExtension)}


def expected_constraints(operations: list[tuple[tuple[str, str], Any]]) -> Origins:
    """Return the constraints of our models, each with the last migration that adds it."""
    added: Origins = {}
    for key, operation in operations:
        if isinstance(operation, AddConstraint):
            added[operation.constraint.name] = key
        elif isinstance(operation, CreateModel):
            added |= {each.name: key for each in operation.options.get("constraints", ())}
    ours = (model for model in apps.get_models() if model._meta.managed)
    return {each.name: added[each.name] for model in ours for each in model._meta.constraints}


def installed_files(operations: list[tuple[tuple[str, str], Any]]) -> list[SQLFile]:
    paths = dict.fromkeys(each.path for _, each in operations if isinstance(each, InstallSQL))
    return [SQLFile(path) for path in paths]


def rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def presence(label: str, id_: str, sql: str, origins: Origins) -> Finding:
    present = {name.strip('"') for (name,) in rows(sql)}
    if missing := sorted(origins.keys() - present):
        todo = f"Somebody removed them. Make them anew, or load a backup: {how_to_make(missing, origins)}."
        return Finding(label, f"missing: {', '.join(missing)}", todo, id_)
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


def functions(files: list[SQLFile]) -> Finding:
    present: dict[str, list[str]] = {}
    for name, body in rows(FUNCTIONS):
        present.setdefault(name, []).append(body)
    missing = {each.function: each for each in files if each.function not in present}
    changed = {
        each.function: each
        for each in files
        if each.function in present and present[each.function] != [each.body]
    }
    return compared("Functions", "ghar.E007", len(files), missing=missing, changed=changed)


def triggers(files: list[SQLFile]) -> Finding:
    present = {name: (definition, enabled) for name, definition, enabled in rows(TRIGGERS)}
    expected = {trigger.name: (trigger.definition, file) for file in files for trigger in file.triggers}
    missing, changed, disabled = {}, {}, {}
    for name, (definition, file) in expected.items():
        if name not in present:
            missing[name] = file
        elif present[name][0] != definition:
            changed[name] = file
        elif present[name][1] in DISABLED:
            disabled[name] = file
    return compared(
        "Triggers", "ghar.E008", len(expected), missing=missing, changed=changed, disabled=disabled
    )


def compared(label: str, id_: str, number: int, **differing: dict[str, SQLFile]) -> Finding:
    """Return what differs from the files, in which way, and how to run those files again."""
    if not any(differing.values()):
        return Finding(label, f"all {number} as in their files")
    seen = [f"{way}: {', '.join(sorted(names))}" for way, names in differing.items() if names]
    paths = sorted({file.path for names in differing.values() for file in names.values()})
    todo = "Put back what their files say: " + "; ".join(
        f"python manage.py dbshell < {path}" for path in paths
    )
    return Finding(label, "; ".join(seen), todo, id_)


def time_zones() -> Iterator[Finding]:
    """Working hours are judged by the database, and shown by Python: both have tables of their own."""
    used = zones_in_use()
    zones = sorted(used & timezones())
    if strange := sorted(used - timezones()):
        rows = "".join(f"; {row._meta.verbose_name} {row.pk}" for row in rows_in_unknown_zones(MAX_NAMED))
        seen = f"not to be used: {', '.join(strange)}{rows}"
        yield Finding("Time zones", seen, OTHER_ZONES, "ghar.E009")
    if differ := sorted(differing(zones)):
        seen = f"Python and PostgreSQL differ in {', '.join(differ)}"
        yield Finding("Time zones", seen, UPDATE_ZONES, "ghar.E010")
    if not strange and not differ:
        yield Finding("Time zones", f"Python and PostgreSQL agree on all {len(zones)} in use")


def differing(zones: list[str]) -> Iterator[str]:
    start = clock.now().replace(minute=0, second=0, microsecond=0)
    moments = [start + timedelta(hours=hour) for hour in range(24 * DAYS_AHEAD)]
    with connection.cursor() as cursor:
        cursor.execute(OFFSETS, [zones, moments])
        yield from (zone for zone, there in cursor.fetchall() if there != offsets(zone, moments))


def time_findings() -> list[Finding]:
    """Return what is wrong with clocks and time zones. `serve` and /readyz report that by themselves."""
    return [finding for finding in (skew(), *time_zones()) if not finding.is_well]


def rows_in_unknown_zones(limit: int) -> list[Model]:
    """Return up to `limit` rows of each kind, by id, whose time zone is none that can be used."""
    return [
        row
        for model, field in zone_fields()
        for row in model._base_manager.exclude(**{f"{field}__in": timezones()}).order_by("pk")[:limit]
    ]


def zone_fields() -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, TimeZoneField):
                yield model, field.attname


def zones_in_use() -> set[str]:
    """Return the zones of every field that holds one, and of the office."""
    used = {settings.OFFICE_TIME_ZONE.key}
    for model, field in zone_fields():
        used |= set(model._base_manager.values_list(field, flat=True).distinct())
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
    return Finding("Clocks", f"{apart.total_seconds():.1f} s apart from the database", todo, "ghar.E003")
