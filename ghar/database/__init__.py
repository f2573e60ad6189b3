"""Which PostgreSQL the project talks to: DATABASE_URL, or a private one that starts by itself."""

from pathlib import Path
from typing import Any

import dj_database_url


def configured(url: str, data_dir: Path) -> dict[str, Any]:
    """Django's settings for the database; nothing is started here."""
    shared = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    if url:
        return {**dj_database_url.parse(url), **shared}
    raise NotImplementedError
