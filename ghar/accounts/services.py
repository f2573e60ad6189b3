"""Every change of a user, of the tokens of their devices, and of what they granted to assistants."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from knox.models import AuthToken

from ghar import clock
from ghar.accounts.models import User
from ghar.accounts.passwords import normalize_password
from ghar.accounts.signals import user_deactivated
from ghar.errors import DomainError, Invalid
from ghar.mcp.grants import revoke_assistant_access
from ghar.transactions import retrying_atomic, violated

# Devices that a user can be logged in on. The oldest log-ins end beyond this number.
MAX_TOKENS = 20
PROFILE_FIELDS = ("full_name", "email", "phone", "profile_image_url", "preferred_languages")
# The field and the error by the constraint that refuses a second user.
UNIQUE_ERRORS = {
    "accounts_user_email_key": (
        "email",
        gettext_lazy("Another account has this email. Log in to that account, or use another email."),
    ),
    "accounts_user_phone_key": (
        "phone",
        gettext_lazy("Another account has this phone number. Log in to that account, or use another number."),
    ),
}


class WrongCredentials(DomainError):
    """The identifier is unknown, the password wrong or the account inactive. The error doesn't say which."""

    code = "not_authenticated"

    def __init__(self) -> None:
        super().__init__(_("Identifier and password do not match. Check both."))


@dataclass(frozen=True)
class LoginSession:
    """A log-in on one device. This is the only place where the token is seen: its digest is stored."""

    user: User
    token: str
    expiry: datetime


def sign_up(
    *, full_name: str, password: str, email: str | None = None, phone: str | None = None
) -> LoginSession:
    """Create a user and log them in. `email` and `phone` are normalised already; one of them is needed.

    Raises Invalid for missing or taken identifiers and weak passwords, ValidationError for other fields.
    """
    user = User(full_name=full_name, email=email or None, phone=phone or None)
    require_identifier(user)
    check_password_rules(password, user, "password")
    user.set_password(password)
    with transaction.atomic():
        save_unique(user)
        return start_session(user)


def log_in(*, identifier: str, password: str) -> LoginSession:
    """Log a user in on one more device. Raises WrongCredentials."""
    user = authenticate(username=identifier, password=password)
    if not isinstance(user, User):
        raise WrongCredentials
    with transaction.atomic():
        # A deactivation or a new password may have come since the password was checked. Either deletes the
        # tokens before it, and would miss this one. The update waits for it, and then finds no row.
        unchanged = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
        if not unchanged.update(last_login=clock.now()):
            raise WrongCredentials
        return start_session(user)


def log_out(*, by: User, token: AuthToken) -> None:
    """Log the user out on the device that has this token."""
    AuthToken.objects.filter(user=by, pk=token.pk).delete()


def log_out_everywhere(*, by: User) -> None:
    """Log the user out on all devices and in all browsers, and end the access of all assistants."""
    with transaction.atomic():
        end_access(by)


def change_password(*, by: User, current: str, new: str, keep: AuthToken | None = None) -> None:
    """Set a new password. All devices but the one with the token `keep` have to log in again.

    Raises Invalid for a wrong current password and a weak new one.
    """
    if not by.check_password(current):
        raise Invalid(current_password=_("This is not your password."))
    check_password_rules(new, by, "new_password")
    set_password(user=by, password=new, keep=keep)


def set_password(*, user: User, password: str | None, keep: AuthToken | None = None) -> None:
    """Set a password, or None for no log-in by password, and end every access but that of `keep`.

    The caller has checked the permission and the rules of passwords.
    """
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        AuthToken.objects.filter(user=user).exclude(pk=keep.pk if keep else None).delete()
        revoke_assistant_access(user)


def update_profile(*, by: User, **changes: Any) -> User:
    """Change the user's own PROFILE_FIELDS. An empty email or phone removes it.

    Raises Invalid when neither stays, or one is taken; ValidationError for other fields.
    """
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=by.pk)
        for name in changes:
            setattr(user, name, changes[name] or None if name in {"email", "phone"} else changes[name])
        require_identifier(user)
        save_unique(user, update_fields=list(changes))
    return user


@retrying_atomic
def deactivate(*, user: User, by: User | None) -> None:
    """Close an account: the user can no longer log in, and every access ends.

    Receivers of `user_deactivated` end what the user has open, in the same transaction. A second call does
    nothing. Raises Invalid when users deactivate themselves.
    """
    if user == by:
        raise Invalid(_("You can't deactivate yourself. Ask a colleague."))
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        end_access(user)
        user_deactivated.send(sender=User, user=user, by=by)
    user.is_active = False


def reactivate(*, user: User, by: User) -> None:
    """Let the user log in again. What has ended with the account does not come back."""
    user.is_active = True
    user.save(update_fields=["is_active"])


def end_access(user: User) -> None:
    """End all tokens, browser sessions and grants of the user."""
    User.objects.filter(pk=user.pk).update(session_generation=F("session_generation") + 1)
    AuthToken.objects.filter(user=user).delete()
    revoke_assistant_access(user)


def start_session(user: User) -> LoginSession:
    """Issue a token for a device, and delete the oldest tokens beyond MAX_TOKENS."""
    record, token = AuthToken.objects.create(user)
    newest = AuthToken.objects.filter(user=user).order_by("-created", "pk").values("pk")
    AuthToken.objects.filter(pk__in=newest[MAX_TOKENS:]).exclude(pk=record.pk).delete()
    return LoginSession(user, token, record.expiry)


def require_identifier(user: User) -> None:
    """Raise Invalid for a user without email and phone: nobody could log in."""
    if not (user.email or user.phone):
        sentence = _("Give a phone number or an email.")
        raise Invalid(sentence, phone=sentence, email=sentence)


def check_password_rules(password: str, user: User, field: str) -> None:
    """Raise Invalid, which names `field`, for a password that AUTH_PASSWORD_VALIDATORS refuse."""
    try:
        validate_password(normalize_password(password), user)
    except ValidationError as error:
        raise Invalid(**{field: " ".join(error.messages)}) from None


def save_unique(user: User, update_fields: list[str] | None = None) -> None:
    """Validate and save a user. Raises Invalid when another user has the email or phone.

    The database decides, not a query before: it also refuses one of two sign-ups at the same moment.
    """
    unchanged = {field.name for field in User._meta.fields} - set(update_fields) if update_fields else None
    user.full_clean(unchanged, validate_unique=False, validate_constraints=False)
    try:
        # A savepoint: the caller's transaction can go on after the refusal.
        with transaction.atomic():
            user.save(update_fields=update_fields)
    except IntegrityError as error:
        if (name := violated(error)) not in UNIQUE_ERRORS:
            raise
        field, sentence = UNIQUE_ERRORS[name]
        raise Invalid(**{field: str(sentence)}) from None
