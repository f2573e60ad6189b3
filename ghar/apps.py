from django.apps import AppConfig


class GharConfig(AppConfig):
    name = "ghar"
    verbose_name = "Ghar visits"
