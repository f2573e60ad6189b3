"""The addresses to which a browser returns from the consent: of web pages, programs and apps (RFC 8252)."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponseRedirect
from django_mcpz.oauth import cimd, models, views
from django_mcpz.oauth.conf import LOCAL_HOSTS

# A browser shows these itself, or runs them: they lead to no app, and some would act in our name.
FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
# Browsers drop some of these characters and read \ as /: what is checked and shown must be what they open.
NOT_IN_URI = re.compile(r"[\x00-\x20\x7f\\]")
LOOPBACK = "localhost, 127.0.0.1 or [::1]"


def redirect_uri_error(uri: object) -> str:
    """Return why an assistant cannot have this redirect URI; empty when it can."""
    if not isinstance(uri, str):
        return "It is not a string."
    if len(uri) > models.URL_MAX_LENGTH:
        return f"It is longer than {models.URL_MAX_LENGTH} characters."
    if NOT_IN_URI.search(uri):
        return "It contains a blank, a control character or a backslash."
    try:
        parts = urlsplit(uri)
    except ValueError:
        return "It is not a URI."
    if not parts.scheme:
        return "It has no scheme, such as https: or com.example.app:."
    if parts.scheme in FORBIDDEN_SCHEMES:
        return f"The scheme {parts.scheme}: leads to no application."
    if parts.scheme in {"http", "https"} and not parts.hostname:
        return "It has no host."
    if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
        return f"Plain http is only for programs on the user's computer: {LOOPBACK}. Use https."
    if "#" in uri:
        return "It has a fragment (#)."
    return ""


def opens_app(uri: str) -> bool:
    """Return whether the URI has a scheme of an app's own (RFC 8252, section 7.1)."""
    return urlsplit(uri).scheme not in {"http", "https"}


class ClientRedirect(HttpResponseRedirect):
    """A redirect to an assistant. Django's own one knows the web's schemes only."""

    def __init__(self, redirect_to: str, *args: Any, **kwargs: Any) -> None:
        if (scheme := urlsplit(redirect_to).scheme) not in FORBIDDEN_SCHEMES:
            self.allowed_schemes = [*self.allowed_schemes, scheme]
        super().__init__(redirect_to, *args, **kwargs)


def is_allowed(uri: str) -> bool:
    return not redirect_uri_error(uri)


def is_allowed_in_document(uri: str) -> bool:
    """The same for a client's metadata document. Raises MetadataError, which says what is wrong."""
    if error := redirect_uri_error(uri):
        raise cimd.MetadataError(f"Client metadata redirect_uris: {uri!r}: {error}")
    return True


loopback_match = models._loopback_match


def differs_by_loopback_port(uri: str, registered: str) -> bool:
    """Return whether only the port differs, of a program's own server; an app's URI has to match exactly."""
    return loopback_match(uri, registered) and not opens_app(uri)


def replace_rules() -> None:
    """Put these rules in the place of the library's, which has no setting for them.

    The library is pinned; tests for each rule fail when a new version looks for it elsewhere.
    """
    replacements: list[tuple[Any, str, object]] = [
        (views, "is_secure_url", is_allowed),
        (views, "HttpResponseRedirect", ClientRedirect),
        (cimd, "is_secure_url", is_allowed_in_document),
        (models, "_loopback_match", differs_by_loopback_port),
    ]
    for module, name, rule in replacements:
        setattr(module, name, rule)
