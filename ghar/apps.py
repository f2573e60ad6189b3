from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GharConfig(AppConfig):
    name = "ghar"
    verbose_name = _("Ghar visits")

    def ready(self) -> None:
        from ghar import checks, text_keys  # noqa: F401
