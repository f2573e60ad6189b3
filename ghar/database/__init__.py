"""The database that the project uses: DATABASE_URL, or an embedded PostgreSQL that starts by itself."""

from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

from ghar.database import cluster

# The embedded server's directory below the data directory.
CLUSTER_DIRECTORY = "postgres"


def database_settings(url: str, data_dir: Path) -> dict[str, Any]:
    """Return Django's settings for the database at `url`, or for the embedded one without a URL.

    Nothing is started here. Raises ImproperlyConfigured for a URL that is malformed.
    """
    shared = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    return {**(_external(url) if url else _embedded(data_dir)), **shared}


def _external(url: str) -> dict[str, Any]:
    options = parse_url(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": options.pop("dbname"),
        "USER": options.pop("user", ""),
        "PASSWORD": options.pop("password", ""),
        "HOST": options.pop("host", ""),
        "PORT": options.pop("port", ""),
        # When the server's machine is gone, TCP would hold the thread for minutes.
        "OPTIONS": {"connect_timeout": 10, **options},
    }


def _embedded(data_dir: Path) -> dict[str, Any]:
    return {
        "ENGINE": "ghar.database",
        "NAME": cluster.NAME,
        "USER": cluster.USER,
        "HOST": str(cluster.socket_directory(data_dir / CLUSTER_DIRECTORY)),
        "PORT": str(cluster.POSTGRES_PORT),
    }


def parse_url(url: str, variable: str = "DATABASE_URL") -> dict[str, Any]:
    """Return libpq's parameters from a URL, such as {"host": …, "dbname": …}.

    Raises ImproperlyConfigured, which names `variable`, for a URL that is malformed or names no database.
    """
    # libpq's own message repeats the URL with its password, so it is not passed on.
    malformed = ImproperlyConfigured(f"{variable} must be like postgresql://user:password@host:5432/name")
    if not url.startswith(("postgresql://", "postgres://")):
        raise malformed
    try:
        options = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise malformed from None
    ports = str(options.get("port", cluster.POSTGRES_PORT)).split(",")
    if not options.get("dbname") or not all(port.isascii() and port.isdigit() for port in ports):
        raise malformed
    return options
