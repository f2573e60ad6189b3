from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ghar.text import clean, clean_words

MAX_FEATURES = 50
MAX_NAME_LENGTH = 60
MAX_TEXT_LENGTH = 500


def clean_features(value: Any) -> Any:
    """Return features with clean names and texts. What `validate_features` refuses is returned as it is."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return value
    return {clean_words(str(name)): clean(text) for name, text in value.items()}


def validate_features(value: Any) -> None:
    """Raise ValidationError unless the value is an object of short texts by name."""
    if not isinstance(value, dict):
        raise ValidationError(_("Enter an object with texts by name."))
    if len(value) > MAX_FEATURES:
        raise ValidationError(_("Enter at most %(limit)d features.") % {"limit": MAX_FEATURES})
    for name, text in value.items():
        if not isinstance(name, str) or not 0 < len(clean_words(name)) <= MAX_NAME_LENGTH:
            limit = {"limit": MAX_NAME_LENGTH}
            raise ValidationError(_("The name of a feature must have 1 to %(limit)d characters.") % limit)
        if not isinstance(text, str) or len(text) > MAX_TEXT_LENGTH:
            limit = {"limit": MAX_TEXT_LENGTH}
            raise ValidationError(_("A feature must be a text of at most %(limit)d characters.") % limit)
        if "\0" in name + text:
            raise ValidationError(_("Null characters are not allowed."))
