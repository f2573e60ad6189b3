"""Django's PostgreSQL backend on the embedded server, which is brought up by the first connection."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, client

from ghar.database import DIRECTORY, binaries, cluster


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` with the server's own psql."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        ensure_running()
        (_, *arguments), env = super().settings_to_cmd_args_env(settings_dict, list(parameters))
        return [str(binaries.find(settings.PG_BIN) / "psql"), *arguments], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        ensure_running()
        return super().get_connection_params()


def ensure_running() -> None:
    embedded().ensure_running()


def embedded() -> cluster.Cluster:
    return cluster.at(settings.DATA_DIR / DIRECTORY, settings.PG_BIN)
