"""Which PostgreSQL the project talks to: DATABASE_URL, or a private one that starts by itself."""

from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from ghar.database import cluster

# Below the data directory.
DIRECTORY = "postgres"


def configured(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's settings for the database; nothing is started here."""
    shared = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    return {**(_server(url) if url else _embedded(data_dir)), **shared}


def _server(url: str) -> dict[str, Any]:
    options = parsed(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        # A server that is gone must not hold a thread for the minutes that TCP would wait.
        "OPTIONS": {"connect_timeout": 10, **options},
    }


def parsed(url: str, name: str = "DATABASE_URL") -> dict[str, Any]:
    """What libpq is to know, from the variable of that name."""
    # What libpq says about a broken URL repeats it, password and all.
    broken = ImproperlyConfigured(f"{name} must be like postgresql://user:password@host:5432/name")
    if not url.startswith(("postgresql://", "postgres://")):
        raise broken
    try:
        options = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise broken from None
    ports = str(options.get("port", cluster.PORT)).split(",")
    if not options.get("dbname") or not all(port.isascii() and port.isdigit() for port in ports):
        raise broken
    return options


def _embedded(data_dir: Path) -> dict[str, Any]:
    return {
        "ENGINE": "ghar.database",
        "NAME": cluster.NAME,
        "USER": cluster.USER,
        "HOST": str(cluster.socket_directory(data_dir / DIRECTORY)),
        "PORT": str(cluster.PORT),
    }
