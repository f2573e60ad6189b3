"""The Unicode form of passwords: the same keys give different characters on different devices."""

import unicodedata


def normalize_password(password: str) -> str:
    """Return the form (NFKC, as NIST SP 800-63B advises) in which passwords are hashed."""
    return password if password.isascii() else unicodedata.normalize("NFKC", password)


def accepted_forms(password: str) -> list[str]:
    """Return the forms under which a password may have been hashed, the present one first.

    Before there was a rule, passwords were hashed as they were typed: composed on most devices, decomposed
    on some. An ASCII password has one form.
    """
    composed, decomposed = (unicodedata.normalize(form, password) for form in ("NFC", "NFD"))
    return list(dict.fromkeys([normalize_password(password), password, composed, decomposed]))
