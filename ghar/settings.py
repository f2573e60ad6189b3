"""The settings. Only this module reads the environment; docs/operations.md lists the variables."""

import json
import math
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured

from ghar import database, zones
from ghar.database import binaries

BASE_DIR = Path(__file__).resolve().parent.parent
# The same as agents.models.Agent.Type, which cannot be imported before the settings are. A test compares.
AGENT_TYPES = ("general", "specialist", "senior")


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    value = env_str(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def env_int(name: str, default: int, minimum: int = 0) -> int:
    value = env_str(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number from {minimum}, not {value!r}")
    return int(value)


def env_zone(name: str, default: str) -> ZoneInfo:
    try:
        return ZoneInfo(zones.present_name(env_str(name, default)))
    except (KeyError, ValueError, OSError):
        raise ImproperlyConfigured(f"{name} must be a time zone such as {default}") from None


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_str(name, default).split(",") if part.strip()]


def env_json(name: str, default: Any) -> Any:
    try:
        return json.loads(env_str(name, json.dumps(default)))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be JSON: {error}") from None


def env_bands(name: str) -> list[dict[str, Any]]:
    """Read a list of bands: each gives the order of agent types for listings from a price on."""
    bands = env_json(name, [])
    if isinstance(bands, list) and all(map(is_band, bands)):
        return bands
    raise ImproperlyConfigured(
        f'{name} must be a list such as [{{"price_from": 100000, "order": ["senior", "general"]}}]:'
        f" price_from is at least 0, and order names each of {', '.join(AGENT_TYPES)} at most once"
    )


def is_band(band: Any) -> bool:
    """Return whether decoded JSON is one band."""
    if not isinstance(band, dict) or band.keys() != {"price_from", "order"}:
        return False
    price, order = band["price_from"], band["order"]
    # Not isinstance: True is an int. NaN fails the comparison.
    is_price = type(price) in {int, float} and 0 <= price < math.inf
    is_order = isinstance(order, list) and all(kind in AGENT_TYPES for kind in order)
    return is_price and is_order and len(set(order)) == len(order)


def env_log_level(name: str, default: str) -> str:
    level = env_str(name, default).upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ImproperlyConfigured(f"{name} must be DEBUG, INFO, WARNING or ERROR, not {level!r}")
    return level


def is_origin(text: str) -> bool:
    """Return whether the text is a scheme and a host, as browsers send it in Origin, and nothing else.

    The scheme may be the one of an app's web view: capacitor://localhost, tauri://localhost.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and text == f"{parts.scheme}://{parts.netloc}"


DEBUG = env_bool("DEBUG", True)
PORT = env_int("PORT", 8000, minimum=1)
PUBLIC_URL = env_str("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
DATABASE_URL = env_str("DATABASE_URL")
PG_BIN = env_str("GHAR_PG_BIN")
# Before the first ZoneInfo, which keeps its rules. Where another server's table is, nobody here knows.
if not DATABASE_URL and (zone_directory := binaries.find_time_zones(PG_BIN)):
    zones.use_table(zone_directory)
DATA_DIR = Path(env_str("GHAR_DATA_DIR", str(BASE_DIR / ".data"))).resolve()


def secret_key() -> str:
    """Return SECRET_KEY. With DEBUG one is made on first use and kept in the data directory."""
    if key := env_str("SECRET_KEY"):
        return key
    if not DEBUG:
        raise ImproperlyConfigured("SECRET_KEY must be set when DEBUG=0")
    path = DATA_DIR / "secret_key"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    # O_EXCL: of several processes that start together one writes the file, and all read the same key.
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


SECRET_KEY = secret_key()
if not (urlsplit(PUBLIC_URL).hostname and urlsplit(PUBLIC_URL).scheme in {"http", "https"}):
    raise ImproperlyConfigured(f"PUBLIC_URL must be a URL with http or https, not {PUBLIC_URL!r}")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", f"{urlsplit(PUBLIC_URL).hostname},127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
# Addresses of proxies whose X-Forwarded-For and X-Forwarded-Proto count. From others they are dropped.
TRUSTED_PROXIES = env_list("GHAR_TRUSTED_PROXIES")

HTTPS = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "ghar.pages.csrf_failure"
SECURE_HSTS_SECONDS = env_int("GHAR_HSTS_SECONDS", 365 * 24 * 3600 if HTTPS else 0)
# Without a trusted proxy every request looks like http, and the redirect would loop.
SECURE_SSL_REDIRECT = env_bool("GHAR_SSL_REDIRECT", HTTPS and bool(TRUSTED_PROXIES))
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
# HSTS for subdomains and preloading: whether other hosts of the domain have TLS is not ours to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

CORS_ALLOWED_ORIGINS = env_list("GHAR_CORS_ORIGINS")
if bad_origins := [origin for origin in CORS_ALLOWED_ORIGINS if not is_origin(origin)]:
    raise ImproperlyConfigured(
        "GHAR_CORS_ORIGINS must be origins such as https://app.example or capacitor://localhost,"
        f" not {bad_origins}"
    )
CORS_URLS_REGEX = "^/api/"
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "if-match",
    "idempotency-key",
    "last-event-id",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = ["ETag", "Idempotency-Replayed", "Retry-After", "WWW-Authenticate", "X-Request-ID"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "ghar.logs.JSONFormatter"}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["lines"], "level": env_log_level("GHAR_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # The access log has a line for each refusal already. Errors come with their traceback.
        "django.request": {"level": "ERROR"},
        # runserver would log query strings, and tickets in them.
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
    },
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "django_mcpz",
    "django_mcpz.oauth",
    "ghar",
    "ghar.mcp",
    "ghar.accounts",
    "properties",
    "agents",
    "flatmates",
    "visits",
]

MIDDLEWARE = [
    "ghar.api.middleware.RequestID",
    "ghar.logs.AccessLog",
    "ghar.csp.ContentSecurityPolicy",
    "corsheaders.middleware.CorsMiddleware",
    "ghar.mcp.cors.OpenToEveryOrigin",
    "ghar.api.middleware.Problems",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ghar.admin.OfficeTimeMiddleware",
]

ROOT_URLCONF = "ghar.urls"
WSGI_APPLICATION = "ghar.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": database.database_settings(DATABASE_URL, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL, LOGIN_REDIRECT_URL = "login", "home"
AUTHENTICATION_BACKENDS = ["ghar.accounts.backends.PhoneOrEmailBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
PHONE_REGION = env_str("PHONE_REGION", "IN")
# The time zone of the admin's pages. Times of visits are local to the listing.
OFFICE_TIME_ZONE = env_zone("GHAR_OFFICE_TIME_ZONE", "Asia/Kolkata")

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
REQUEST_BODY_SECONDS = env_int("GHAR_REQUEST_BODY_SECONDS", 15, minimum=1)
THREADS = env_int("GHAR_THREADS", 16, minimum=1)

THROTTLE = env_bool("GHAR_THROTTLE", True)
# Failed log-ins are counted by address and identifier; sign-ups and registrations of assistants by address;
# writes, stream tickets and calls of assistants by user.
THROTTLE_RATES = {
    "login": f"{env_int('GHAR_LOGINS_PER_MINUTE', 10, minimum=1)}/min",
    "signup": f"{env_int('GHAR_SIGNUPS_PER_MINUTE', 100, minimum=1)}/min",
    "writes": f"{env_int('GHAR_WRITES_PER_MINUTE', 600, minimum=1)}/min",
    "tickets": f"{env_int('GHAR_TICKETS_PER_MINUTE', 60, minimum=1)}/min",
    "mcp": f"{env_int('GHAR_MCP_CALLS_PER_MINUTE', 120, minimum=1)}/min",
    "mcp_registration": f"{env_int('GHAR_MCP_REGISTRATIONS_PER_HOUR', 60, minimum=1)}/hour",
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ghar.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["ghar.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["ghar.api.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "ghar.api.renderers.Negotiation",
    "DEFAULT_METADATA_CLASS": "ghar.api.metadata.Metadata",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "ghar.api.openapi.Document",
    "DEFAULT_PAGINATION_CLASS": "ghar.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["ghar.api.filters.FilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["ghar.api.throttling.WriteThrottle"],
    # The server has put the client's address into REMOTE_ADDR by now: see TRUSTED_PROXIES.
    "NUM_PROXIES": 0,
    "EXCEPTION_HANDLER": "ghar.api.errors.exception_handler",
    "COERCE_DECIMAL_TO_STRING": False,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ghar visits",
    "VERSION": "1",
    "DESCRIPTION": """Book visits to homes, and follow them.

Every path works with and without a trailing slash. Responses give times in UTC, such as
`2026-11-25T05:30:00Z`; requests give them with `Z` or an offset, and a time without either is UTC. A time
zone in brackets may follow (RFC 9557): `2026-11-25T11:00+05:30[Asia/Kolkata]`. Every
refusal is a `Problem` with a `code`: 404 for what you may not see, 403 for what you may not do, and 405
(`method_not_allowed`, with `Allow`) for a method that a path does not have. Lists come in pages: pass
`next_cursor` as `cursor` to get the next one, or ask for `page=1` and on. A blank parameter in a URL counts
as absent, and a parameter that a route does not know is refused. A read that anybody may make is answered to
an old token as to nobody, with `WWW-Authenticate: Bearer error="invalid_token"`.""",
    "OAS_VERSION": "3.1.1",
    "SERVERS": [{"url": "/", "description": "The server of this document"}, {"url": PUBLIC_URL}],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "DEFAULT_GENERATOR_CLASS": "ghar.api.openapi.Generator",
    "GET_MOCK_REQUEST": "ghar.api.openapi.mock_request",
    "PREPROCESSING_HOOKS": ["ghar.api.openapi.without_slashes"],
    "COMPONENT_SPLIT_REQUEST": True,
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,
    "ENUM_NAME_OVERRIDES": {
        "VisitStatus": "visits.models.VisitStatus",
        "PropertyStatus": "properties.models.Property.Status",
    },
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_INCLUDE_SCHEMA": False,
    # The check would generate the whole document at every start. Tests do that.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": timedelta(days=env_int("GHAR_TOKEN_DAYS", 90, 1))}

# For so long a refresh token that an assistant has used gets it another pair. Long enough for the retry of a
# lost answer and for the processes of one assistant, which wake up together; short for a thief.
MCP_REFRESH_GRACE = timedelta(seconds=env_int("GHAR_MCP_REFRESH_GRACE_SECONDS", 60))

EVENTSTREAM_STORAGE_CLASS = "ghar.streams.outbox.Outbox"
EVENTSTREAM_CHANNELMANAGER_CLASS = "ghar.streams.outbox.PersonalChannels"
# A direct connection for LISTEN, when DATABASE_URL leads to a pooler that assigns connections by transaction.
EVENTS_DATABASE_URL = env_str("GHAR_EVENTS_DATABASE_URL")
EVENTS_DATABASE = (
    database.parse_url(EVENTS_DATABASE_URL, "GHAR_EVENTS_DATABASE_URL") if EVENTS_DATABASE_URL else {}
)
EVENTS_KEPT_DAYS = env_int("GHAR_EVENTS_KEPT_DAYS", 7, minimum=1)
# Event streams that may be open at a time in one process.
STREAMS = env_int("GHAR_STREAMS", 10_000, minimum=1)
STREAMS_PER_USER = env_int("GHAR_STREAMS_PER_USER", 20, minimum=1)
# How often open streams are checked: a stream ends at most so many seconds after its log-in.
STREAM_CHECK_SECONDS = env_int("GHAR_STREAM_CHECK_SECONDS", 20, minimum=1)

TOUR_MINUTES = env_int("VISIT_TOUR_MINUTES", 30, minimum=15)
MEET_MINUTES = env_int("VISIT_MEET_MINUTES", 60, minimum=15)
# Travel between two listings: the great-circle distance at TRAVEL_KMH, but at least TRAVEL_MINUTES.
TRAVEL_MINUTES = env_int("VISIT_TRAVEL_MINUTES", 15)
TRAVEL_KMH = env_int("VISIT_TRAVEL_KMH", 20, minimum=1)
# A tour without an agent is urgent when it begins within so many hours.
URGENT_HOURS = env_int("VISIT_URGENT_HOURS", 4)
# The engagement of a seeker ends after so many days without visits and interactions.
ENGAGEMENT_IDLE_DAYS = env_int("ENGAGEMENT_IDLE_DAYS", 60, minimum=1)
HORIZON_DAYS = env_int("VISIT_HORIZON_DAYS", 90, minimum=1)
# The order of agent types by the listing's price: see env_bands. Types that a band leaves out rank last.
AGENT_TYPE_BANDS = env_bands("VISIT_AGENT_TYPE_BANDS")
