from django.apps import AppConfig


class AssistantsConfig(AppConfig):
    name = "ghar.mcp"
    label = "mcp"
    verbose_name = "Assistants"
    default_auto_field = "django.db.models.BigAutoField"
