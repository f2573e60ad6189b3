from django.apps import AppConfig


class FlatmatesConfig(AppConfig):
    name = "flatmates"
