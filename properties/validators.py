from typing import Any

from django.core.exceptions import ValidationError

FEATURES = 50
FEATURE_NAME_LENGTH = 60
FEATURE_LENGTH = 500


def validate_features(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError("Give an object of texts by name.")
    if len(value) > FEATURES:
        raise ValidationError(f"Give at most {FEATURES} features.")
    for name, text in value.items():
        _validate_feature(name, text)


def _validate_feature(name: Any, text: Any) -> None:
    if not isinstance(name, str) or not 0 < len(name.strip()) <= FEATURE_NAME_LENGTH:
        raise ValidationError(f"A feature's name has 1 to {FEATURE_NAME_LENGTH} characters.")
    if not isinstance(text, str) or len(text) > FEATURE_LENGTH:
        raise ValidationError(f"A feature is a text of at most {FEATURE_LENGTH} characters.")
    if "\0" in name + text:
        raise ValidationError("Null characters are not allowed.")
