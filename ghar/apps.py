from django.apps import AppConfig


class GharConfig(AppConfig):
    name = "ghar"
    verbose_name = "Ghar visits"

    def ready(self) -> None:
        from ghar import checks  # noqa: F401
