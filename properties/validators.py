from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ghar.text import clean, clean_words

MAX_FEATURES = 50
MAX_FEATURE_LENGTH = 200
MAX_ATTRIBUTES = 50
MAX_NAME_LENGTH = 60
MAX_TEXT_LENGTH = 500


def clean_features(value: Any) -> Any:
    """Return features as clean texts. What `validate_features` refuses is returned as it is."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return value
    return [clean_words(text) for text in value]


def clean_attributes(value: Any) -> Any:
    """Return clean names and texts. What `validate_attributes` refuses is returned as it is."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        return value
    return {clean_words(str(name)): clean(text) for name, text in value.items()}


def validate_features(value: Any) -> None:
    """Raise ValidationError unless the value is a list of short texts that are not blank."""
    if not isinstance(value, list):
        raise ValidationError(_("Enter a list of texts."))
    if len(value) > MAX_FEATURES:
        raise ValidationError(_("Enter at most %(limit)d features.") % {"limit": MAX_FEATURES})
    for text in value:
        if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_FEATURE_LENGTH:
            limit = {"limit": MAX_FEATURE_LENGTH}
            raise ValidationError(_("A feature must be a text of 1 to %(limit)d characters.") % limit)
        if "\0" in text:
            raise ValidationError(_("Null characters are not allowed."))


def validate_attributes(value: Any) -> None:
    """Raise ValidationError unless the value is an object of short texts by name."""
    if not isinstance(value, dict):
        raise ValidationError(_("Enter an object with texts by name."))
    if len(value) > MAX_ATTRIBUTES:
        raise ValidationError(_("Enter at most %(limit)d attributes.") % {"limit": MAX_ATTRIBUTES})
    for name, text in value.items():
        if not isinstance(name, str) or not 0 < len(clean_words(name)) <= MAX_NAME_LENGTH:
            limit = {"limit": MAX_NAME_LENGTH}
            raise ValidationError(_("The name of an attribute must have 1 to %(limit)d characters.") % limit)
        if not isinstance(text, str) or len(text) > MAX_TEXT_LENGTH:
            limit = {"limit": MAX_TEXT_LENGTH}
            raise ValidationError(_("An attribute must be a text of at most %(limit)d characters.") % limit)
        if "\0" in name + text:
            raise ValidationError(_("Null characters are not allowed."))
