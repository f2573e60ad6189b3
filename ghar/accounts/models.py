from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ghar import clock
from ghar.accounts.passwords import accepted_forms, normalize_password
from ghar.fields import NameField
from ghar.text import visible_or
from ghar.validators import validate_language


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this email or phone, as a person types it. Raises User.DoesNotExist."""
        from ghar.accounts.identifiers import lookup

        return self.get(**lookup(username or ""))

    def create_user(self, password: str | None = None, **fields: Any) -> "User":
        """Create a user with a validated profile. Without a password nobody can log in as them."""
        user = self.model(**fields)
        user.email = self.checked_email(user.email)
        user.set_password(password)
        user.full_clean(validate_constraints=False)
        user.save(using=self._db)
        return user

    @staticmethod
    def checked_email(email: str | None) -> str | None:
        """Return an email as log-ins look it up. Raises ValidationError for what is none."""
        from ghar.accounts.identifiers import normalise_email

        if not email:
            return None
        if not (normal := normalise_email(email)):
            raise ValidationError({"email": gettext("Enter an email address such as asha@example.com.")})
        return normal

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a superuser. `createsuperuser` asks for no name, so it comes from the email."""
        fields.setdefault("full_name", email.partition("@")[0])
        return self.create_user(password, email=email, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person: a seeker, owner, flatmate, member of staff, or agent, for whom `user.agent` exists.

    There is no column for roles, because one person can have several. Staff are users with `is_staff` and
    the model permission for the act (see ghar.staff).
    """

    full_name = NameField(max_length=120)
    email = models.EmailField(unique=True, null=True, blank=True, help_text=_("Lower case."))
    phone = models.CharField(
        max_length=16, unique=True, null=True, blank=True, help_text=_("E.164: +919812345678.")
    )
    profile_image_url = models.URLField(max_length=500, blank=True)
    preferred_languages = ArrayField(
        models.CharField(max_length=2, validators=[validate_language]),
        default=list,
        blank=True,
        size=10,
        help_text=_("ISO 639-1 codes, such as en, hi, mr."),
    )
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May log in to this admin site."))
    is_active = models.BooleanField(_("active"), default=True)
    session_generation = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["full_name", "id"]
        constraints = [
            models.CheckConstraint(
                name="user_has_email_or_phone",
                condition=models.Q(email__isnull=False) | models.Q(phone__isnull=False),
            ),
            models.CheckConstraint(name="user_email_lower_case", condition=models.Q(email=Lower("email"))),
            models.CheckConstraint(
                name="user_no_empty_identifier", condition=~models.Q(email="") & ~models.Q(phone="")
            ),
        ]

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(None if raw_password is None else normalize_password(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """Tell whether this is the password, in whichever Unicode form. An old hash is replaced."""
        if raw_password is None:
            return False
        normal, *others = accepted_forms(raw_password)
        if super().check_password(normal):
            return True
        if not any(super(User, self).check_password(form) for form in others):
            return False
        old = self.password
        self.set_password(normal)
        # A new password that was set meanwhile stays: then this was the old one, and opens nothing.
        replaced = User.objects.filter(pk=self.pk, password=old).update(password=self.password)
        return bool(replaced)

    def __str__(self) -> str:
        return visible_or(self.full_name, f"User {self.pk}")

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what a session has to hold to log the user in.

        Sessions are stored encoded, so those of one user can't be found and deleted: a new generation ends
        all of them, as a new password does. Generation 0 is Django's own hash.
        """
        own: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]  # the stubs leave it out
        return f"{own}:{self.session_generation}" if self.session_generation else own
