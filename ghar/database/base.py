"""Django's PostgreSQL backend on the embedded server, which the first connection starts."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, client

from ghar.database import CLUSTER_DIRECTORY, binaries, cluster


class DatabaseClient(client.DatabaseClient):
    """`manage.py dbshell` with the psql that belongs to the server."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        embedded_cluster().ensure_running()
        (_, *arguments), env = super().settings_to_cmd_args_env(settings_dict, list(parameters))
        psql = binaries.find_binaries(settings.PG_BIN) / "psql"
        return [str(psql), *arguments], env


class DatabaseWrapper(base.DatabaseWrapper):
    client_class = DatabaseClient

    def get_connection_params(self) -> dict[str, Any]:
        # Called right before a connection is made, so `check` and `--help` start no server.
        embedded_cluster().ensure_running()
        return super().get_connection_params()


def embedded_cluster() -> cluster.Cluster:
    """Return this process's handle on the embedded server; nothing is started."""
    return cluster.get_cluster(settings.DATA_DIR / CLUSTER_DIRECTORY, settings.PG_BIN)
