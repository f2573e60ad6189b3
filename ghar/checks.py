"""Checks of an installation, registered with Django's own framework.

`manage.py check --deploy` tells of the settings, `check --database default` of the database, and
`manage.py doctor` of both, with what was looked at and found well.
"""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, OperationalError

from ghar import doctor

LOCAL = {"127.0.0.1", "localhost", "::1"}


@register(Tags.security, deploy=True)
def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: object) -> list[CheckMessage]:
    """Warn of settings that are no error, and yet hardly meant."""
    return [Warning(seen, hint=todo, id=id_) for id_, seen, todo in _pitfalls()]


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: object
) -> list[CheckMessage]:
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    try:
        wrong = [finding for finding in doctor.database_findings() if not finding.is_well]
    except OperationalError as error:
        return [Error(f"The database does not answer: {error}".strip(), id="ghar.E001")]
    return [Error(f"{each.name}: {each.seen}", hint=each.todo, id=each.id) for each in wrong]


def _pitfalls() -> Iterator[tuple[str, str, str]]:
    is_local = urlsplit(settings.PUBLIC_URL).hostname in LOCAL
    if settings.DEBUG and not is_local:
        seen = f"DEBUG=1 at {settings.PUBLIC_URL}"
        yield "ghar.W001", seen, "Set DEBUG=0: errors show the code and its data to anyone."
    if not settings.HTTPS and not is_local:
        seen = f"PUBLIC_URL={settings.PUBLIC_URL}"
        yield "ghar.W002", seen, "Put TLS in front and set PUBLIC_URL to https://…"
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        seen = "https without GHAR_TRUSTED_PROXIES"
        yield "ghar.W003", seen, "Name the proxy's address: it tells who the client is."
    if "*" in settings.ALLOWED_HOSTS:
        seen = "ALLOWED_HOSTS=*"
        yield "ghar.W004", seen, "Name the hosts: links in answers are made from what clients claim."
    if not settings.THROTTLE:
        seen = "GHAR_THROTTLE=off"
        yield "ghar.W005", seen, "Remove it: it is for load tests, and lets passwords be guessed."
