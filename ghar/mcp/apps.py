from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AssistantsConfig(AppConfig):
    name = "ghar.mcp"
    label = "mcp"
    verbose_name = _("Assistants")
    default_auto_field = "django.db.models.BigAutoField"
