"""Every change of a user, of the tokens of his devices and of what he granted to assistants."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from knox.models import AuthToken

from ghar import clock
from ghar.accounts.models import User
from ghar.accounts.signals import user_deactivated
from ghar.errors import DomainError, Invalid
from ghar.mcp.grants import revoke_all
from ghar.transactions import retrying_atomic, violated

KEPT_TOKENS = 20
PROFILE_FIELDS = ("full_name", "email", "phone", "profile_image_url", "preferred_languages")
TAKEN = {
    "accounts_user_email_key": ("email", "Somebody has this email already: log in instead."),
    "accounts_user_phone_key": ("phone", "Somebody has this phone number already: log in instead."),
}


class WrongCredentials(DomainError):
    """Unknown, wrong or inactive: nobody is told which."""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__("Identifier and password do not belong together: check both.")


@dataclass(frozen=True)
class Session:
    """A log-in of one device. The token is shown once; only its digest is kept."""

    user: User
    token: str
    expiry: datetime


def sign_up(*, full_name: str, password: str, email: str | None = None, phone: str | None = None) -> Session:
    user = User(full_name=full_name, email=email or None, phone=phone or None)
    require_identifier(user)
    check_password_rules(password, user, "password")
    user.set_password(password)
    with transaction.atomic():
        store(user)
        return new_session(user)


def log_in(*, identifier: str, password: str) -> Session:
    user = authenticate(username=identifier, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    with transaction.atomic():
        # Against a deactivation or a new password that came since: either undoes the tokens before it.
        unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
        if not unchanged.update(last_login=clock.now()):
            raise WrongCredentials
        return new_session(user)


def log_out(*, by: User, token: AuthToken) -> None:
    """This device only."""
    AuthToken.objects.filter(user=by, pk=token.pk).delete()


def log_out_everywhere(*, by: User) -> None:
    AuthToken.objects.filter(user=by).delete()
    revoke_all(by)


def change_password(*, by: User, current: str, new: str, keep: AuthToken | None = None) -> None:
    """All devices but the one of `keep` must log in again."""
    if not by.check_password(current):
        raise Invalid(current_password="This is not your password.")
    check_password_rules(new, by, "new_password")
    set_password(user=by, password=new, keep=keep)


def set_password(*, user: User, password: str | None, keep: AuthToken | None = None) -> None:
    """A new one, or none at all. Whoever calls has seen to it that this may be done."""
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        AuthToken.objects.filter(user=user).exclude(pk=keep.pk if keep else None).delete()
        revoke_all(user)


def update_profile(*, by: User, **changes: Any) -> User:
    """His own; fields are those of PROFILE_FIELDS. Empty emails and phones are none."""
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=by.pk)
        for name in changes:
            setattr(user, name, changes[name] or None if name in {"email", "phone"} else changes[name])
        require_identifier(user)
        store(user, update_fields=list(changes))
    return user


@retrying_atomic
def deactivate(*, user: User, by: User | None) -> None:
    """He can no longer log in; whoever listens to user_deactivated winds up what he has open."""
    if user == by:
        raise Invalid("You cannot deactivate yourself: ask a colleague.")
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        AuthToken.objects.filter(user=user).delete()
        revoke_all(user)
        user_deactivated.send(sender=User, user=user, by=by)
    user.is_active = False


def reactivate(*, user: User, by: User) -> None:
    """He can log in again; what ended with his deactivation stays ended."""
    user.is_active = True
    user.save(update_fields=["is_active"])


def new_session(user: User) -> Session:
    record, token = AuthToken.objects.create(user)
    newest = AuthToken.objects.filter(user=user).order_by("-created", "pk").values("pk")
    AuthToken.objects.filter(pk__in=newest[KEPT_TOKENS:]).exclude(pk=record.pk).delete()
    return Session(user, token, record.expiry)


def require_identifier(user: User) -> None:
    if not (user.email or user.phone):
        sentence = "Give a phone number or an email."
        raise Invalid(sentence, phone=sentence, email=sentence)


def check_password_rules(password: str, user: User, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(**{field: " ".join(error.messages)}) from None


def store(user: User, **options: Any) -> None:
    """Save; an email or phone that somebody has is his alone, of two at the same instant too."""
    user.full_clean(validate_unique=False, validate_constraints=False)
    try:
        with transaction.atomic():
            user.save(**options)
    except IntegrityError as error:
        if (name := violated(error)) not in TAKEN:
            raise
        field, sentence = TAKEN[name]
        raise Invalid(**{field: sentence}) from None
