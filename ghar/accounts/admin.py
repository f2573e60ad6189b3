"""The admin of users and groups."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghar.accounts import services
from ghar.accounts.forms import LoginForm, NewUserForm, PasswordForm, UserForm
from ghar.accounts.models import User
from ghar.admin import BaseAdmin, Text, error_message, name_column
from ghar.errors import DomainError

# The type stubs declare it as generic; at runtime it takes no parameter.
if TYPE_CHECKING:
    DjangoUserAdmin = auth_admin.UserAdmin[User]
else:
    DjangoUserAdmin = auth_admin.UserAdmin

PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.login_form = LoginForm
# Django registers its own admin of groups, which lacks what BaseAdmin adds.
admin.site.unregister(Group)


def staff_user(request: HttpRequest) -> User:
    """Return the user of a request to the admin, which lets in nobody who is not logged in."""
    return cast(User, request.user)


@admin.register(Group)
class GroupAdmin(BaseAdmin[Group], auth_admin.GroupAdmin):
    pass


@admin.register(User)
class UserAdmin(BaseAdmin[User], DjangoUserAdmin):
    """Users are never deleted. Only superusers give permissions, or change users who have some."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = (
        name_column("full_name", gettext_lazy("full name")),
        "email",
        "phone",
        "is_staff",
        "is_active",
        "created_at",
    )
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("=id", "full_name", "email", "phone")
    search_help_text = gettext_lazy("Name, email, phone or id")
    ordering = ("full_name", "id")
    readonly_fields = ("is_active", "last_login", "created_at")
    actions = ("deactivate", "reactivate")
    fieldsets = (
        (None, {"fields": ("full_name", "email", "phone", "password")}),
        (gettext_lazy("Profile"), {"fields": ("profile_image_url", "preferred_languages")}),
        (gettext_lazy("Permissions"), {"fields": ("is_active", *PRIVILEGES)}),
        (gettext_lazy("Dates"), {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("full_name", "email", "phone", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *PRIVILEGES)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        ordinary = obj is None or not (obj.is_staff or obj.is_superuser)
        return super().has_change_permission(request, obj) and (request.user.is_superuser or ordinary)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    @admin.action(description=gettext_lazy("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = queryset.filter(is_active=True)
        self.call_for_each(request, users, services.deactivate, gettext_lazy("Deactivated"))

    @admin.action(description=gettext_lazy("Reactivate"), permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        users = queryset.filter(is_active=False)
        self.call_for_each(request, users, services.reactivate, gettext_lazy("Reactivated"))

    def call_for_each(
        self, request: HttpRequest, users: QuerySet[User], service: Callable[..., None], done: Text
    ) -> None:
        """Call the service once for each user. If it refuses one, the others are changed all the same."""
        count = 0
        for user in users:
            problem = ""
            if not self.has_change_permission(request, user):
                problem = _("Only superusers can do this to staff.")
            else:
                try:
                    service(user=user, by=staff_user(request))
                except DomainError as error:
                    problem = error_message(error)
            if problem:
                self.message_user(request, f"{user}: {problem}", messages.ERROR)
            else:
                self.log_change(request, user, str(done))
                count += 1
        self.message_user(request, f"{done}: {count}.", messages.SUCCESS if count else messages.WARNING)
