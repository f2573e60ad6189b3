from collections.abc import Callable

from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from ghar.accounts import services
from ghar.accounts.forms import LoginForm, NewUserForm, PasswordForm, UserForm
from ghar.accounts.models import User
from ghar.admin import BaseAdmin
from ghar.errors import DomainError

PRIVILEGES = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.login_form = LoginForm
admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(BaseAdmin, auth_admin.GroupAdmin):
    """Django's own, with what all pages share."""


@admin.register(User)
class UserAdmin(BaseAdmin, auth_admin.UserAdmin):
    """People. Nobody is deleted; only superusers give rights, or change those who have some."""

    form = UserForm
    add_form = NewUserForm
    change_password_form = PasswordForm
    list_display = ("full_name", "email", "phone", "is_staff", "is_active", "created_at")
    list_filter = ("is_staff", "is_active", "groups")
    search_fields = ("=id", "full_name", "email", "phone")
    search_help_text = "Name, email, phone or id"
    ordering = ("full_name", "id")
    readonly_fields = ("is_active", "last_login", "created_at")
    actions = ("deactivate", "reactivate")
    fieldsets = (
        (None, {"fields": ("full_name", "email", "phone", "password")}),
        ("Profile", {"fields": ("profile_image_url", "preferred_languages")}),
        ("Rights", {"fields": ("is_active", *PRIVILEGES)}),
        ("Dates", {"fields": ("created_at", "last_login")}),
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

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.for_each(request, queryset.filter(is_active=True), services.deactivate, "Deactivated")

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.for_each(request, queryset.filter(is_active=False), services.reactivate, "Reactivated")

    def for_each(
        self, request: HttpRequest, users: QuerySet[User], act: Callable[..., None], done: str
    ) -> None:
        """One service call a user; what one refuses does not keep the others."""
        count = 0
        for user in users:
            if refusal := self.refusal(request, user, act):
                self.message_user(request, f"{user}: {refusal}", messages.ERROR)
            else:
                self.log_change(request, user, done)
                count += 1
        self.message_user(request, f"{done}: {count}.", messages.SUCCESS if count else messages.WARNING)

    def refusal(self, request: HttpRequest, user: User, act: Callable[..., None]) -> str:
        if not self.has_change_permission(request, user):
            return "Only a superuser may do this to staff."
        try:
            act(user=user, by=request.user)
        except DomainError as error:
            return error.detail
        return ""
