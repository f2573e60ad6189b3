"""Conditions of writes: If-Match with the versions that a client has read."""

import re

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from ghar.validators import is_id

# RFC 9110: an opaque text in quotes, and W/ before one that a proxy has compressed or a cache has made weak.
TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
TAGS = re.compile(rf"[ \t,]*{TAG}(?:[ \t]*,[ \t,]*{TAG})*[ \t,]*")


def read_if_match(request: Request) -> set[int] | None:
    """Return the versions that If-Match names; None when it is absent or `*`, which any version matches.

    A weak tag counts as a strong one: the body may be packed differently, but the version is the same. A tag
    that is none of ours matches no version. Raises ValidationError for a header that is no list of tags.
    """
    value = request.headers.get("If-Match")
    if value is None or value.strip() == "*":
        return None
    if not TAGS.fullmatch(value):
        raise ValidationError(
            _('If-Match is not a list of versions. Send the ETag that you have read, such as "3", or *.')
        )
    texts = re.findall('"([^"]*)"', value)
    return {int(text) for text in texts if is_id(text)}
